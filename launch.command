#!/bin/sh
# What the Finder starts on a double-click.
exec /bin/sh "$(dirname "$0")/launch.sh" "$@"
