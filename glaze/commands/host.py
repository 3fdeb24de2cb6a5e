"""What the commands of a host have in common: the settings, the house they open, and what goes wrong in words."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from glaze.commands.answers import say
from glaze.errors import GlazeError, HostError

if TYPE_CHECKING:
    from glaze.service.house import House
    from glaze.service.settings import ServiceSettings

DONE: Final = 0
FAILED: Final = 1
INSTALL: Final = f"{sys.executable} -m pip install -r requirements-service.txt -c constraints.txt"
_NEEDED: Final = {"sqlalchemy", "argon2", "pg8000", "fastapi", "uvicorn"}


def add_config(command: argparse.ArgumentParser) -> None:
    """The option that names the settings."""
    command.add_argument(
        "--config", type=Path, metavar="FILE", help="the settings of the service (docs/host.md); without, the defaults"
    )


def told(do: Callable[[], None]) -> int:
    """Do what a command is for. Returns the exit code; what goes wrong is said."""
    try:
        do()
    except GlazeError as error:
        say(str(error))
        return FAILED
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _NEEDED:
            raise
        say(str(HostError("not_installed", command=INSTALL)))
        return FAILED
    return DONE


def settings_of(arguments: argparse.Namespace) -> ServiceSettings:
    """What --config names. Raises HostError."""
    from glaze.service.settings import load

    return load(arguments.config)


@contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[House]:
    """The house that --config describes, for as long as the block. Raises HostError."""
    from glaze.service.house import open_house

    house = open_house(settings_of(arguments))
    try:
        yield house
    finally:
        house.close()


def day(seconds: float | None) -> str:
    """A time as a host reads it, on his own clock."""
    return "-" if seconds is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
