"""What a command answers with, and whether Glaze can run here at all."""

from __future__ import annotations

import sys
from typing import Final

from glaze.errors import GlazeError

ALL_DONE: Final = 0
SOME_FAILED: Final = 1
# 2 is argparse's own, for a command that cannot be understood.
USAGE: Final = 2
NONE_DONE: Final = 3
CANNOT_RUN: Final = 4
STOPPED: Final = 130

EXIT_CODES: Final = """\
exit codes:
  0    every picture was glazed
  1    some pictures failed, the others were glazed
  2    the command could not be understood, or the decoy picture or an encoder cannot be read
  3    no picture was glazed
  4    Glaze cannot run on this computer
  130  stopped with Ctrl-C; pictures finished before are kept, nothing is half-written
"""


def say(text: str) -> None:
    """A line for the person at the terminal; standard output is for results."""
    print(text, file=sys.stderr)


def can_run() -> bool:
    """Whether Glaze can run on this computer; if not, why is said."""
    from glaze import machine

    try:
        machine.check()
    except GlazeError as error:
        say(str(error))
        return False
    machine.share_processors()
    return True
