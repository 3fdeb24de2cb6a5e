"""Which program owns a job, and whether it still lives. A process id alone is given anew to others."""

from __future__ import annotations

import os
import uuid
from functools import cache
from typing import Final

import psutil

# Where the clock is set, Linux reports another start time for the same process. No process id comes round so soon.
CLOCK_SET: Final = 60.0


def new_owner() -> str:
    """A name for one ledger opened by this program: process id, start time, and something unique."""
    return f"{os.getpid()} {_own_birth()!r} {uuid.uuid4().hex}"


def process_of(owner: str) -> int:
    """The process id in an owner's name; -1 where there is none."""
    first = owner.partition(" ")[0]
    return int(first) if first.isdecimal() else -1


def lives(owner: str) -> bool:
    """Whether the program of that name still runs."""
    try:
        process, birth = int(owner.split(maxsplit=1)[0]), float(owner.split()[1])
    except (IndexError, ValueError):
        return False
    if process == os.getpid():
        return birth == _own_birth()
    try:
        found = psutil.Process(process)
        return found.status() != psutil.STATUS_ZOMBIE and abs(found.create_time() - birth) < CLOCK_SET
    # One that may not be asked belongs to somebody else, and is none of ours.
    except (psutil.Error, OSError, OverflowError, ValueError):
        return False


@cache
def _own_birth() -> float:
    return float(psutil.Process().create_time())
