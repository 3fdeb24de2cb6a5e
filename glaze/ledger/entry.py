"""What the ledger keeps of a job."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from glaze.errors import GlazeError
from glaze.outcome import Glaze
from glaze.settings import GlazeSettings


class State(StrEnum):
    """Where a job is on its way."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        return self not in {State.QUEUED, State.RUNNING}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One picture and its glaze to be.

    folder    where the result goes; None is next to the original.
    again     glaze it even where it was glazed before, or is a glaze itself.
    result    set when done; when skipped, the glaze that was there already. error: set when failed.
    queued, started, ended: seconds since the epoch.
    """

    id: str
    path: Path
    settings: GlazeSettings
    folder: Path | None
    again: bool = False
    state: State = State.QUEUED
    result: Glaze | None = None
    error: GlazeError | None = None
    queued: float = 0.0
    started: float | None = None
    ended: float | None = None
