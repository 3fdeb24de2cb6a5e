"""One worker thread and its queue. Whoever hands in a picture only watches: closing a page ends nothing.

A `Job` is a snapshot that never changes; ask the worker again for a newer one. So any thread may read at any time.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from platformdirs import user_log_path

from glaze import machine
from glaze.errors import Cancelled, GlazeError, Unexpected
from glaze.settings import GlazeSettings

if TYPE_CHECKING:
    from glaze.cloak import Iterate
    from glaze.outcome import Glaze

# A page may still be loading a preview when newer ones are there already.
PREVIEWS_KEPT: Final = 12
LOG_BYTES: Final = 1_000_000

Pixels = NDArray[np.uint8]

_log = logging.getLogger("glaze")


class State(StrEnum):
    """Where a job is on its way."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        return self in {State.DONE, State.FAILED, State.CANCELLED}


@dataclass(frozen=True, kw_only=True)
class Job:
    """One picture on its way, as it stood when it was asked for.

    folder    where the result goes; None is next to the original.
    stopping  it was told to stop and will, at its next step.
    iterate   the latest step of the loop; None before the first.
    preview   a PNG of how the glaze looks so far, on the canvas; None where previews are not kept.
    result    set when done. error: set when failed.
    queued, started, ended: seconds since the epoch.
    """

    id: str
    path: Path
    settings: GlazeSettings
    folder: Path | None
    state: State = State.QUEUED
    stopping: bool = False
    iterate: Iterate | None = None
    preview: Path | None = None
    result: Glaze | None = None
    error: GlazeError | None = None
    queued: float = 0.0
    started: float | None = None
    ended: float | None = None


class Engine(Protocol):
    """glazing.glaze, or what stands in for it."""

    def __call__(
        self,
        path: Path,
        settings: GlazeSettings,
        *,
        folder: Path | None,
        on_iterate: Callable[[Iterate], None],
        cancelled: Callable[[], bool],
    ) -> Glaze:
        """Glaze one artwork. Raises GlazeError only."""


def _glazing(
    path: Path,
    settings: GlazeSettings,
    *,
    folder: Path | None,
    on_iterate: Callable[[Iterate], None],
    cancelled: Callable[[], bool],
) -> Glaze:
    # Imported here, in the worker's thread: torch takes seconds to load, and a page must not wait for it.
    machine.share_processors()
    from glaze import glazing

    return glazing.glaze(path, settings, folder=folder, on_iterate=on_iterate, cancelled=cancelled)


class Worker:
    """Glazes what it is given, one picture after the other, in a thread of its own.

    previews  folder for the pictures of how a glaze grows; None keeps none.
    log       file that takes what must be known to repair a mistake in Glaze; by default in the user's log folder.
    engine    what glazes one artwork; by default glazing.glaze.
    """

    def __init__(self, *, previews: Path | None = None, log: Path | None = None, engine: Engine = _glazing) -> None:
        self._previews = previews
        self._log_path = log or user_log_path("glaze", appauthor=False) / "glaze.log"
        self._engine = engine
        self._changed = threading.Condition()
        self._jobs: dict[str, Job] = {}
        self._queue: deque[str] = deque()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, path: Path, settings: GlazeSettings | None = None, *, folder: Path | None = None) -> Job:
        """Put a picture at the end of the queue. Raises RuntimeError once the worker is closed."""
        job = Job(
            id=uuid.uuid4().hex,
            path=path,
            settings=settings or GlazeSettings(),
            folder=folder,
            queued=time.time(),
        )
        with self._changed:
            if self._closed:
                message = "the worker is closed"
                raise RuntimeError(message)
            self._jobs[job.id] = job
            self._queue.append(job.id)
            if self._thread is None:
                # A daemon, so that a program that ends without close() still ends.
                self._thread = threading.Thread(target=self._work, name="glaze-worker", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return job

    def cancel(self, job_id: str) -> Job:
        """Ask a job to stop: at once while it waits, at its next step while it runs. Raises KeyError."""
        with self._changed:
            job = self._jobs[job_id]
            if job.state is State.QUEUED:
                self._queue.remove(job_id)
                return self._change(job_id, state=State.CANCELLED, ended=time.time())
            if job.state is State.RUNNING:
                return self._change(job_id, stopping=True)
            return job

    def get(self, job_id: str) -> Job:
        """The job as it stands. Raises KeyError."""
        with self._changed:
            return self._jobs[job_id]

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs of this run of the program, oldest first."""
        with self._changed:
            return tuple(self._jobs.values())

    @property
    def latest(self) -> Job | None:
        """The job that was handed in last."""
        return next(reversed(self.jobs), None)

    def wait(self, job_id: str, timeout: float | None = None) -> Job:
        """The job when it has finished, or as it stands after `timeout` seconds. Raises KeyError."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs[job_id].state.finished, timeout)
            return self._jobs[job_id]

    def close(self, timeout: float | None = 10.0) -> None:
        """Take nothing more, stop what runs, and wait up to `timeout` seconds for it to end cleanly."""
        with self._changed:
            self._closed = True
            for job in self._jobs.values():
                self.cancel(job.id)
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def _change(self, job_id: str, **news: object) -> Job:
        with self._changed:
            job = replace(self._jobs[job_id], **news)  # type: ignore[arg-type]
            self._jobs[job_id] = job
            self._changed.notify_all()
            return job

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if not self._queue:
                    return
                job = self._change(self._queue.popleft(), state=State.RUNNING, started=time.time())
            outcome = self._glaze(job)
            self._change(job.id, ended=time.time(), **outcome)

    def _glaze(self, job: Job) -> dict[str, object]:
        """What became of the job: the fields that change."""
        try:
            result = self._engine(
                job.path,
                job.settings,
                folder=job.folder,
                on_iterate=lambda iterate: self._on_iterate(job.id, iterate),
                cancelled=lambda: self.get(job.id).stopping,
            )
        except Cancelled:
            return {"state": State.CANCELLED}
        except GlazeError as error:
            return {"state": State.FAILED, "error": error}
        # Whatever it was: the next picture in the queue must still have its turn, and the artist an answer.
        except Exception as error:  # noqa: BLE001
            return {"state": State.FAILED, "error": self._record(job, error)}
        return {"state": State.DONE, "result": result}

    def _on_iterate(self, job_id: str, iterate: Iterate) -> None:
        news: dict[str, object] = {"iterate": iterate}
        if iterate.preview is not None and self._previews is not None:
            # A preview that cannot be written is no reason to lose the glaze.
            with suppress(OSError):
                news["preview"] = self._keep_preview(self._previews, f"{job_id}-{iterate.step:05}.png", iterate.preview)
        self._change(job_id, **news)

    @staticmethod
    def _keep_preview(folder: Path, name: str, preview: Pixels) -> Path:
        """Write a preview under a name of its own (a browser would show the old picture under an old name)."""
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(preview).save(folder / name, compress_level=1)
        job_id = name.partition("-")[0]
        for old in sorted(folder.glob(f"{job_id}-*.png"))[:-PREVIEWS_KEPT]:
            old.unlink(missing_ok=True)
        return folder / name

    def _record(self, job: Job, error: Exception) -> Unexpected:
        """Write the mistake down with its traceback, and say where."""
        reason = f"{type(error).__name__}: {error}"
        try:
            self._log_path.parent.mkdir(parents=True, exist_ok=True)
            handler = RotatingFileHandler(self._log_path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
        except OSError as unwritable:
            return Unexpected("mistake", path=job.path, reason=reason, log=f"{self._log_path} ({unwritable.strerror})")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        _log.addHandler(handler)
        try:
            _log.error("%s with %s failed", job.path, job.settings, exc_info=error)
        finally:
            _log.removeHandler(handler)
            handler.close()
        return Unexpected("mistake", path=job.path, reason=reason, log=self._log_path)
