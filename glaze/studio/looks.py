"""How the pictures of a list look and how long each takes: found out a few at a time, as a list can be long."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from glaze import machine
from glaze.errors import GlazeError
from glaze.jobs import Job, State
from glaze.settings import GlazeSettings

if TYPE_CHECKING:
    from glaze.studio.desk import Desk, Shown

# Seconds that one call of `go_on` may take, but for the picture it is at.
_AT_A_TIME: Final = 0.5

_Question = tuple[int, int, GlazeSettings, int]


class Looks:
    """Asked by any thread, at once; what is not known yet is None."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._busy = threading.Lock()
        self._small: dict[Path, Shown | None] = {}
        self._seconds: dict[_Question, float | None] = {}

    def picture(self, job: Job) -> Shown | None:
        """The job's picture as it is shown in a list; None where it cannot be shown, too."""
        return self._small.get(_path(job))

    def seconds(self, job: Job) -> float | None:
        """About how long the job takes from beginning to end on this computer."""
        question = self._question(job)
        return None if question is None else self._seconds.get(question)

    def go_on(self, jobs: Sequence[Job]) -> None:
        """Find out some more. Another thread that is at it already suffices."""
        if not self._busy.acquire(blocking=False):
            return
        try:
            until = time.monotonic() + _AT_A_TIME
            for job in jobs:
                if _path(job) not in self._small:
                    self._small[_path(job)] = self._draw(_path(job))
                question = None if job.state.finished else self._question(job)
                if question is not None and question not in self._seconds:
                    self._seconds[question] = _estimate(question)
                if time.monotonic() > until:
                    return
        finally:
            self._busy.release()

    def _draw(self, path: Path) -> Shown | None:
        try:
            return self._desk.small(path)
        except GlazeError:
            # The job itself will say what is wrong.
            return None

    def _question(self, job: Job) -> _Question | None:
        shown = self._small.get(job.path)
        # With a host, it depends on the others.
        if shown is None or self._desk.hosted:
            return None
        # With each glaze this computer learns how fast it is.
        learnt = sum(other.state is State.DONE for other in self._desk.worker.jobs)
        return shown.width, shown.height, job.settings, learnt


def _path(job: Job) -> Path:
    """The glaze where there is one: the original may be gone, and nobody sees the difference so small."""
    return job.path if job.result is None else job.result.result


def _estimate(question: _Question) -> float | None:
    width, height, settings, _ = question
    # Imported here, as in the worker: torch takes seconds to load.
    machine.share_processors()
    from glaze import glazing

    try:
        return glazing.estimate((width, height), settings)
    except GlazeError:
        return None
