#!/bin/sh
# Starts Glaze: the studio, or with arguments the command line (./launch.sh apply picture.jpg).
# The first start sets Glaze up in .venv, in this folder; scripts/install.py does that.

stop() {
    # Started by a double-click, the window would close over the words above.
    if [ "$arguments" -eq 0 ] && [ -t 0 ]; then
        printf 'Press Enter to close this window. ' >&2
        read -r _
    fi
    exit "$1"
}
arguments=$#

# Started through a link, the folder is where the link leads.
self=$0
while [ -L "$self" ]; do
    target=$(readlink "$self")
    case $target in
        /*) self=$target ;;
        *) self=$(dirname "$self")/$target ;;
    esac
done
# The current folder stays the caller's: the names of pictures are relative to it.
home=$(CDPATH='' cd -P "$(dirname "$self")" && pwd)

if [ ! -r "$home/scripts/python.sh" ]; then
    echo "This folder is not complete: $home. Download all of Glaze again." >&2
    stop 1
fi
. "$home/scripts/python.sh"
python=$(glaze_python "$home") || stop 1

if [ "$(uname -s)" = Linux ]; then
    # glibc hands large buffers back to the system after each step and fetches them again for the next: half of the
    # time of a glaze went there. These keep them.
    export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=-1 MALLOC_TOP_PAD_=268435456
fi

[ "$arguments" -eq 0 ] || exec "$python" "$home/app.py" "$@"
"$python" "$home/app.py" || stop $?
