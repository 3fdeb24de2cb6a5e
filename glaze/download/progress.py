"""How far a download is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What is being done."""

    LOADING = "loading"
    WAITING = "waiting"
    CHECKING = "checking"


@dataclass(frozen=True)
class Progress:
    """file: which one, the `number`-th of `count`. done, total: bytes of all files; total None where nobody said."""

    phase: Phase
    file: str
    number: int
    count: int
    done: int
    total: int | None


OnProgress = Callable[[Progress], None]
Cancelled = Callable[[], bool]
