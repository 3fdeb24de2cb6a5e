"""`python -m glaze inspect`: what is left of a glaze."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from glaze.commands.answers import ALL_DONE, CANNOT_RUN, NONE_DONE, USAGE, can_run, say
from glaze.commands.options import aims
from glaze.commands.tell import Json, Text
from glaze.errors import GlazeError
from glaze.settings import Engine, GlazeSettings, Redraw

if TYPE_CHECKING:
    from glaze.inspection import Comparison, Inspection


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    look = commands.add_parser(
        "inspect",
        help="what is left of a glaze",
        description="Tell how much of a glaze is left in a copy of a picture, as it was written or downloaded again. "
        "Nothing is written.",
        epilog="The encoders, the decoy and the seed must be those that it was glazed with.",
    )
    look.add_argument("picture", type=Path, metavar="PICTURE", help="the original, or any picture")
    look.add_argument("glazed", nargs="?", type=Path, metavar="GLAZED", help="its glazed copy")
    aims(look)
    look.add_argument("--json", action="store_true", help="print one JSON object, and nothing else, to standard output")


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out. Returns the exit code."""
    if not can_run():
        return CANNOT_RUN
    from glaze.inspection import inspect, inspect_pair

    try:
        settings = GlazeSettings(
            encoders=tuple(arguments.encoder),
            engine=Engine(arguments.engine),
            redraw=Redraw(arguments.redraw),
            decoy=arguments.decoy,
            decoy_style=arguments.decoy_style,
            seed=arguments.seed,
        )
    except GlazeError as error:
        say(str(error))
        return USAGE
    tell = Json(sys.stdout) if arguments.json else Text(sys.stdout)
    try:
        # What a library prints must not end up in --json.
        with redirect_stdout(sys.stderr):
            if arguments.glazed is None:
                found: Inspection | Comparison = inspect(arguments.picture)
            else:
                found = inspect_pair(arguments.picture, arguments.glazed, settings=settings)
    except GlazeError as error:
        tell.failed(arguments.glazed or arguments.picture, error)
        return NONE_DONE
    tell.inspected(found)
    return ALL_DONE
