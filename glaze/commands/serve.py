"""`python -m glaze serve`: the house service, the studio for many by invitation (docs/host.md)."""

from __future__ import annotations

import argparse

from glaze.commands.answers import CANNOT_RUN, can_run
from glaze.commands.host import add_config, settings_of, told


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    serve = commands.add_parser(
        "serve",
        help="lend this machine to invited artists (docs/host.md)",
        description="Serve the studio to artists whom you invite, for as long as this program runs. It listens on this "
        "computer alone unless the settings say otherwise.",
    )
    add_config(serve)


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out. Returns the exit code."""
    if not can_run():
        return CANNOT_RUN

    def do() -> None:
        from glaze.service.serve import serve

        serve(settings_of(arguments), arguments.config)

    return told(do)
