"""One artist's part of the service's queue, as the studio's pages ask for it (glaze.studio.glazier)."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from anyio import from_thread
from numpy.typing import NDArray
from sqlalchemy import select

from glaze.errors import GlazeError, Unexpected
from glaze.jobs import Job, State
from glaze.ledger.plain import glaze_of
from glaze.service import queue, storage
from glaze.service.models import Job as Row
from glaze.service.submit import submit_soon
from glaze.settings import GlazeSettings

if TYPE_CHECKING:
    from glaze.outcome import Glaze
    from glaze.service.accounts import Member
    from glaze.service.house import House

# Seconds for which an answer is good: one look of a page asks several times.
_FRESH: Final = 0.5

_log = logging.getLogger("glaze.service")


@dataclass(frozen=True)
class _Pace:
    """How far a job is, as `glaze.cloak.Iterate` tells it."""

    step: int
    steps: int
    left: float
    style_distance: float = 0.0
    preview: NDArray[np.uint8] | None = None


class ArtistQueue:
    """For all threads. folder: Artist.folder."""

    def __init__(self, house: House, member: Member, folder: str) -> None:
        self._house = house
        self._member = member
        self._folder = folder
        self._lock = threading.Lock()
        self._known: tuple[float, tuple[Job, ...]] = (0.0, ())
        self._glazes: dict[str, Glaze] = {}

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The artist's, oldest first."""
        with self._lock:
            asked, found = self._known
            if time.monotonic() - asked > _FRESH:
                found = tuple(self._look())
                self._known = (time.monotonic(), found)
            return found

    @property
    def waiting(self) -> tuple[Job, ...]:
        """Those of the artist's that wait, oldest first."""
        return tuple(job for job in self.jobs if job.state is State.QUEUED)

    @property
    def paused(self) -> bool:
        """The queue is everybody's, and rests for nobody."""
        return False

    def pause(self) -> None:
        """Nothing."""

    def go_on(self) -> None:
        """Nothing."""

    def submit_all(
        self,
        paths: Iterable[Path],
        settings: GlazeSettings | None = None,
        *,
        folder: Path | None = None,
        again: bool = False,
    ) -> list[Job]:
        """Put pictures into the queue, each that may be; a picture is glazed anew in any case.

        Raises the first GlazeError, once all have been tried. To be called in a thread of the event loop's.
        """
        del folder, again
        made, troubles = [], []
        for path in paths:
            try:
                made.append(from_thread.run(self._submit, path, settings or GlazeSettings()).id)
            except GlazeError as error:
                troubles.append(error)
        self._forget()
        if troubles:
            raise troubles[0]
        return [self.get(job_id) for job_id in made]

    async def _submit(self, path: Path, settings: GlazeSettings) -> queue.Job:
        return await submit_soon(self._house, self._member, path, name=path.name, settings=settings)

    def get(self, job_id: str) -> Job:
        """The job as it stands. Raises KeyError."""
        found = next((job for job in self.jobs if job.id == job_id), None)
        if found is None:
            raise KeyError(job_id)
        return found

    def change(self, job_id: str, settings: GlazeSettings) -> Job:
        """What was handed in stays as it is. Raises KeyError."""
        del settings
        return self.get(job_id)

    def again(self, job_id: str, settings: GlazeSettings | None = None) -> Job:
        """What has ended stays as it is: the picture is handed in anew. Raises KeyError."""
        del settings
        return self.get(job_id)

    def cancel(self, job_id: str) -> Job:
        """Take an unfinished job away; one that runs stops at its next step. Raises KeyError."""
        job = self.get(job_id)
        if not job.state.finished:
            self._remove(job_id)
        return job

    def cancel_all(self) -> None:
        """Take all unfinished jobs away."""
        for job in self.jobs:
            if not job.state.finished:
                self._remove(job.id)

    def remove(self, job_id: str) -> bool:
        """Delete a finished job with its pictures. Raises KeyError."""
        if not self.get(job_id).state.finished:
            return False
        self._remove(job_id)
        return True

    def record(self, path: Path, settings: GlazeSettings, error: Exception) -> GlazeError:
        """For the host's log, which names no picture."""
        del settings
        _log.error("a page failed: %s", type(error).__name__, exc_info=_bare(error))
        return Unexpected("hosted", path=path.name)

    def _remove(self, job_id: str) -> None:
        try:
            queue.remove(self._house, self._member.id, job_id)
        except GlazeError as gone:
            raise KeyError(job_id) from gone
        finally:
            self._forget()

    def _forget(self) -> None:
        with self._lock:
            self._known = (0.0, ())

    def _look(self) -> list[Job]:
        found = queue.of_artist(self._house, self._member.id)
        asked = select(Row.id, Row.original, Row.result, Row.glaze).where(Row.artist_id == self._member.id)
        with self._house.database.read() as session:
            files = {row.id: row for row in session.execute(asked)}
        self._glazes = {job_id: glaze for job_id, glaze in self._glazes.items() if job_id in files}
        return [self._job(job, files[job.id]) for job in reversed(found) if job.id in files]

    def _job(self, job: queue.Job, row: Any) -> Job:
        original = storage.file_in(self._house, self._folder, row.original)
        if row.result is not None and job.id not in self._glazes:
            self._glazes[job.id] = glaze_of(
                json.dumps(json.loads(row.glaze)["glaze"]),
                original=original,
                result=storage.file_in(self._house, self._folder, row.result),
                decoy=None,
                settings=job.settings,
                look=_unseen,
            )
        return Job(
            id=job.id,
            path=original,
            settings=job.settings,
            folder=None,
            state=job.state,
            result=self._glazes.get(job.id),
            error=job.error,
            queued=job.queued,
            started=job.started,
            ended=job.ended,
            title=job.name,
            ahead=job.ahead,
            iterate=_pace(job, self._house.now),  # type: ignore[arg-type]
        )


def _pace(job: queue.Job, now: Callable[[], float]) -> _Pace | None:
    if job.state is not State.RUNNING or not job.progress or job.started is None:
        return None
    steps = job.settings.render.effort.steps
    left = (now() - job.started) * (1 - job.progress) / job.progress
    return _Pace(round(job.progress * steps), steps, left)


def _unseen(which: str) -> NDArray[np.uint8]:
    """What networks saw of a glaze is not kept here."""
    raise LookupError(which)


def _bare(error: Exception) -> Exception:
    """The error with its traceback and without its message, in which a path may stand."""
    bare = type(error).__new__(type(error))
    bare.args = ()
    return bare.with_traceback(error.__traceback__)
