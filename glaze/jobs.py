"""One worker and its queue. Whoever hands in a picture only watches: closing a page ends nothing.

A `Job` is a snapshot that never changes; ask the worker again for a newer one. So any thread may read at any time.
With a ledger the queue outlives the program, however that ends: nothing is lost, and nothing is done twice.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from platformdirs import user_log_path

from glaze import machine
from glaze.errors import Cancelled, GlazeError, Unexpected
from glaze.ledger import Entry, Ledger, Recognised, State
from glaze.settings import GlazeSettings

if TYPE_CHECKING:
    from glaze.cloak import Iterate
    from glaze.glazing import OnSaving
    from glaze.outcome import Glaze

# A page may still be loading a preview when newer ones are there already.
PREVIEWS_KEPT: Final = 12
LOG_BYTES: Final = 1_000_000
# Seconds between looks at the ledger, by a worker that has nothing to do, for jobs that another program left behind.
LOOK_AROUND: Final = 2.0

Pixels = NDArray[np.uint8]

_log = logging.getLogger("glaze")


@dataclass(frozen=True, kw_only=True)
class Job(Entry):
    """One picture on its way, as it stood when it was asked for.

    stopping  it was told to stop and will, at its next step.
    iterate   the latest step of the loop; None before the first.
    preview   a PNG of how the glaze looks so far, on the canvas; None where previews are not kept.
    title     what the artist calls the picture, where its file is called otherwise.
    ahead     how many jobs come before it, where others have theirs in the same queue and it waits.
    """

    stopping: bool = False
    iterate: Iterate | None = None
    preview: Path | None = None
    title: str = ""
    ahead: int | None = None

    @property
    def name(self) -> str:
        """What the picture is called."""
        return self.title or self.path.name

    @property
    def result_name(self) -> str:
        """What the glaze is to be called where it is downloaded. Only of a job that has one."""
        assert self.result is not None
        return f"{Path(self.title).stem}-glazed.png" if self.title else self.result.result.name


# What a job that starts over begins with.
_AFRESH: Final = {
    "state": State.QUEUED,
    "stopping": False,
    "iterate": None,
    "preview": None,
    "result": None,
    "error": None,
    "started": None,
    "ended": None,
}


def _job(entry: Entry, **news: Any) -> Job:
    """The job of an entry, with some fields changed."""
    return Job(**{field.name: getattr(entry, field.name) for field in fields(entry)} | news)


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
        on_saving: OnSaving,
    ) -> Glaze:
        """Glaze one artwork. Raises GlazeError only."""


def log_path() -> Path:
    """Where mistakes in Glaze are written down; the log before this one, glaze.log.1, lies beside it."""
    return user_log_path("glaze", appauthor=False) / "glaze.log"


def _glazing(path: Path, settings: GlazeSettings, **how: Any) -> Glaze:
    # Imported here, in the worker's thread: torch takes seconds to load, and a page must not wait for it.
    machine.share_processors()
    from glaze import glazing

    return glazing.glaze(path, settings, **how)


def _devices() -> list[Callable[[], None]]:
    machine.share_processors()
    from glaze import device

    return [partial(device.assign, found) for found in device.devices()]


class Worker:
    """Glazes what it is given, one picture after the other, in a thread of its own; on several devices, one on each.

    previews  folder for the pictures of how a glaze grows; None keeps none.
    log       file that takes what must be known to repair a mistake in Glaze; by default in the user's log folder.
    engine    what glazes one artwork; by default glazing.glaze.
    ledger    keeps the queue, this worker's alone as long as it is open. The worker begins with what programs that have
              ended left there: finished jobs to be seen, the others to be done. A picture that the ledger recognises
              is skipped. None: the queue ends with the worker, and nothing is skipped.
    behind    a page is waited for: where the system can, the worker's threads give way to the others of this program.
    devices   asked in the worker's thread, when there is something to do: gives for each device that can glaze what a
              thread has to call to work on that one. By default those of this computer, with the default engine.
    """

    def __init__(
        self,
        *,
        previews: Path | None = None,
        log: Path | None = None,
        engine: Engine = _glazing,
        ledger: Ledger | None = None,
        behind: bool = False,
        devices: Callable[[], Sequence[Callable[[], None]]] | None = None,
    ) -> None:
        self._previews = previews
        self._behind = behind
        self._log_path = log or log_path()
        self._engine = engine
        self._devices = devices or (_devices if engine is _glazing else list)
        self._ledger = ledger
        self._changed = threading.Condition()
        self._jobs: dict[str, Job] = {}
        self._queue: deque[str] = deque()
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._paused = False
        if ledger is not None:
            self._renewed = ledger.queue.renewed
            self._paused = ledger.queue.paused
            self._jobs.update((entry.id, _job(entry)) for entry in ledger.queue.finished())
            self._take_over()
            self._begin()

    def submit(
        self,
        path: Path,
        settings: GlazeSettings | None = None,
        *,
        folder: Path | None = None,
        again: bool = False,
    ) -> Job:
        """Put a picture at the end of the queue. Raises RuntimeError once the worker is closed."""
        return self.submit_all([path], settings, folder=folder, again=again)[0]

    def submit_all(
        self,
        paths: Iterable[Path],
        settings: GlazeSettings | None = None,
        *,
        folder: Path | None = None,
        again: bool = False,
    ) -> list[Job]:
        """Put pictures at the end of the queue, all or none. `again`: even those that were glazed here already.

        Raises RuntimeError once the worker is closed.
        """
        jobs = [
            Job(
                id=uuid.uuid4().hex,
                path=path,
                settings=settings or GlazeSettings(),
                folder=folder,
                again=again,
                queued=time.time(),
            )
            for path in paths
        ]
        with self._changed:
            self._must_be_open()
            if self._ledger is not None:
                self._ledger.queue.keep(jobs)
            self._jobs.update((job.id, job) for job in jobs)
            self._queue.extend(job.id for job in jobs)
            self._begin()
            self._changed.notify_all()
        return jobs

    def change(self, job_id: str, settings: GlazeSettings) -> Job:
        """Give a job that waits other settings; one that runs or has finished stays as it is. Raises KeyError."""
        with self._changed:
            if self._jobs[job_id].state is not State.QUEUED:
                return self._jobs[job_id]
            return self._change(job_id, settings=settings)

    def cancel(self, job_id: str) -> Job:
        """Ask a job to stop: at once while it waits, at its next step while it runs. Raises KeyError."""
        with self._changed:
            job = self._jobs[job_id]
            if job.state is State.QUEUED:
                self._queue.remove(job_id)
                return self._change(job_id, state=State.CANCELLED, ended=time.time())
            if job.state is State.RUNNING:
                return self._note(job_id, stopping=True)
            return job

    def cancel_all(self) -> None:
        """Ask every job to stop that has not finished."""
        with self._changed:
            for job_id in list(self._jobs):
                self.cancel(job_id)

    def again(self, job_id: str, settings: GlazeSettings | None = None) -> Job:
        """Put a job that failed, was cancelled or was skipped at the end of the queue; others stay as they are.

        settings: other ones than it had. One that was skipped is then glazed anew. Raises KeyError, and RuntimeError
        once the worker is closed.
        """
        with self._changed:
            self._must_be_open()
            job = self._jobs[job_id]
            if job.state not in {State.FAILED, State.CANCELLED, State.SKIPPED}:
                return job
            anew = job.again or job.state is State.SKIPPED
            news = _job(job, again=anew, settings=settings or job.settings, **_AFRESH)
            if self._ledger is not None and not self._ledger.queue.keep([news], last=True):
                return job  # another program has just put it into its own queue
            self._jobs[job_id] = news
            self._queue.append(job_id)
            self._begin()
            self._changed.notify_all()
            return news

    def remove(self, job_id: str) -> bool:
        """Take a finished job off the list; its files stay, and are still recognised. False where it has not finished.

        Raises KeyError.
        """
        with self._changed:
            if not self._jobs[job_id].state.finished:
                return False
            if self._ledger is not None:
                self._ledger.queue.forget(job_id)
            del self._jobs[job_id]
            self._changed.notify_all()
            return True

    @property
    def paused(self) -> bool:
        """Whether the queue rests; with a ledger, also when the program is started again."""
        return self._paused

    def pause(self) -> None:
        """Let the computer rest now: what runs stops at its next step, and starts over as the first after `go_on`."""
        self._set_paused(paused=True)

    def go_on(self) -> None:
        """End a pause."""
        self._set_paused(paused=False)

    def get(self, job_id: str) -> Job:
        """The job as it stands. Raises KeyError."""
        with self._changed:
            return self._jobs[job_id]

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs there are, those that the ledger brought included, oldest first."""
        with self._changed:
            return tuple(self._jobs.values())

    @property
    def waiting(self) -> tuple[Job, ...]:
        """The jobs that wait for their turn, the next one first."""
        with self._changed:
            return tuple(self._jobs[job_id] for job_id in self._queue)

    @property
    def latest(self) -> Job | None:
        """The job that was handed in last."""
        return next(reversed(self.jobs), None)

    def wait(self, job_id: str, timeout: float | None = None) -> Job:
        """The job when it has finished, or as it stands after `timeout` seconds or once it is left to the ledger.

        Raises KeyError.
        """

        def over() -> bool:
            job = self._jobs[job_id]
            return job.state.finished or (self._closed and job.state is State.QUEUED)

        with self._changed:
            self._changed.wait_for(over, timeout)
            return self._jobs[job_id]

    def close(self, timeout: float | None = 10.0) -> None:
        """Take nothing more, stop what runs, and wait up to `timeout` seconds for it to end cleanly.

        What has not finished is cancelled, or with a ledger left to the next program.
        """
        with self._changed:
            self._closed = True
            if self._ledger is None:
                self.cancel_all()
            self._changed.notify_all()
            threads = list(self._threads)
        last = None if timeout is None else time.monotonic() + timeout
        for thread in threads:
            thread.join(None if last is None else max(0.0, last - time.monotonic()))
        if self._ledger is not None:
            self._ledger.queue.release()

    def _must_be_open(self) -> None:
        if self._closed:
            message = "the worker is closed"
            raise RuntimeError(message)

    def _begin(self) -> None:
        if not self._threads:
            self._start(self._work_first)

    def _start(self, work: Callable[[], None]) -> None:
        # A daemon, so that a program that ends without close() still ends.
        self._threads.append(threading.Thread(target=work, name="glaze-worker", daemon=True))
        self._threads[-1].start()

    def _set_paused(self, *, paused: bool) -> None:
        with self._changed:
            self._paused = paused
            if self._ledger is not None:
                self._ledger.queue.paused = paused
            self._changed.notify_all()

    def _note(self, job_id: str, **news: object) -> Job:
        """Change what only this run of the program knows of a job."""
        with self._changed:
            job = replace(self._jobs[job_id], **news)  # type: ignore[arg-type]
            self._jobs[job_id] = job
            self._changed.notify_all()
            return job

    def _change(self, job_id: str, **news: object) -> Job:
        """Change a job, in the ledger first."""
        with self._changed:
            if self._ledger is not None:
                self._ledger.queue.keep([_job(self._jobs[job_id], **news)])
            return self._note(job_id, **news)

    def _work_first(self) -> None:
        """The first thread: with something to do, it also starts the others, where there is more than one device."""
        if self._behind:
            machine.give_way()
        if (job := self._next()) is None:
            return
        devices: Sequence[Callable[[], None]] = ()
        # Where torch itself is broken, the engine will say so.
        with suppress(Exception):
            devices = self._devices()
        if len(devices) > 1:
            devices[0]()
            with self._changed:
                for use in () if self._closed else devices[1:]:
                    self._start(partial(self._work_on, use))
        self._glaze(job)
        self._work()

    def _work_on(self, use: Callable[[], None]) -> None:
        """A further thread, on its own device."""
        if self._behind:
            machine.give_way()
        use()
        self._work()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._glaze(job)

    def _next(self) -> Job | None:
        """The job whose turn it is, running from now on; None once the worker is closed."""
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._closed or self._first() is not None,
                    None if self._ledger is None else LOOK_AROUND,
                )
                if self._closed:
                    return None
                self._mend()
                if (first := self._first()) is not None:
                    self._queue.remove(first)
                    job = self._note(first, state=State.RUNNING, started=time.time())
                    if self._ledger is None or self._ledger.queue.start(job):
                        return job
                    del self._jobs[job.id]  # another program has it
                    continue
            self._take_over()

    def _first(self) -> str | None:
        """The job that may start now. Not one of a picture that is on another device: once done, it is recognised."""
        if self._paused or not self._queue:
            return None
        busy = {job.path for job in self._jobs.values() if job.state is State.RUNNING}
        return next((job_id for job_id in self._queue if self._jobs[job_id].path not in busy), None)

    def _take_over(self) -> None:
        """Go on with what programs left that have ended."""
        if self._ledger is None:
            return
        with self._changed:
            for entry in self._ledger.queue.take_over():
                self._jobs[entry.id] = _job(entry)
                if not entry.state.finished:
                    self._queue.append(entry.id)
            self._changed.notify_all()

    def _mend(self) -> None:
        """Write the queue into a ledger that had to begin anew."""
        if self._ledger is not None and self._renewed != self._ledger.queue.renewed:
            self._renewed = self._ledger.queue.renewed
            self._ledger.queue.paused = self._paused
            self._ledger.queue.keep([self._jobs[job_id] for job_id in self._queue])

    def _glaze(self, job: Job) -> None:
        """Bring a running job to its end, or back to the front of the queue where only the queue was stopped."""
        original_sha256 = None
        try:
            if self._ledger is not None:
                known = None if job.again else self._ledger.recognise(job.path, job.settings)
                if known is not None:
                    self._skip(self._ledger, job, known)
                    return
                original_sha256 = self._ledger.digest(job.path)
            result = self._engine(
                job.path,
                job.settings,
                folder=job.folder,
                on_iterate=lambda iterate: self._on_iterate(job.id, iterate),
                cancelled=lambda: self._paused or self._closed or self.get(job.id).stopping,
                on_saving=lambda path, sha256, glaze: self._on_saving(job.id, original_sha256, path, sha256, glaze),
            )
        except Cancelled:
            self._stop(job.id)
        except GlazeError as error:
            self._change(job.id, state=State.FAILED, error=error, ended=time.time())
        # Whatever it was: the next picture in the queue must still have its turn, and the artist an answer.
        except Exception as error:  # noqa: BLE001
            self._change(
                job.id, state=State.FAILED, error=self.record(job.path, job.settings, error), ended=time.time()
            )
        else:
            self._finish(job.id, original_sha256, result)

    def _skip(self, ledger: Ledger, job: Job, known: Recognised) -> None:
        news = {"state": State.SKIPPED, "result": known.glaze, "ended": time.time()}
        with self._changed:
            ledger.queue.skip(_job(job, **news), known.number)
            self._note(job.id, **news)

    def _finish(self, job_id: str, original_sha256: str | None, result: Glaze) -> None:
        with self._changed:
            job = _job(self._jobs[job_id], state=State.DONE, result=result, ended=time.time())
            if self._ledger is not None:
                result = self._ledger.queue.done(job, original_sha256)
            self._note(job_id, state=State.DONE, result=result, ended=job.ended)

    def _stop(self, job_id: str) -> None:
        with self._changed:
            if self._jobs[job_id].stopping:
                self._change(job_id, state=State.CANCELLED, ended=time.time())
                return
            job = _job(self._jobs[job_id], **_AFRESH)
            if self._ledger is not None:
                self._ledger.queue.keep([job], first=True)
            self._jobs[job_id] = job
            self._queue.appendleft(job_id)
            self._changed.notify_all()

    def _on_saving(
        self, job_id: str, original_sha256: str | None, path: Path, sha256: str, glaze: Glaze | None
    ) -> None:
        if self._ledger is not None:
            self._ledger.queue.announce(job_id, original_sha256, path, sha256, glaze)

    def _on_iterate(self, job_id: str, iterate: Iterate) -> None:
        news: dict[str, object] = {"iterate": iterate}
        if iterate.preview is not None and self._previews is not None:
            # A preview that cannot be written is no reason to lose the glaze.
            with suppress(OSError):
                news["preview"] = self._keep_preview(self._previews, f"{job_id}-{iterate.step:05}.png", iterate.preview)
        self._note(job_id, **news)

    @staticmethod
    def _keep_preview(folder: Path, name: str, preview: Pixels) -> Path:
        """Write a preview under a name of its own (a browser would show the old picture under an old name)."""
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(preview).save(folder / name, compress_level=1)
        job_id = name.partition("-")[0]
        for old in sorted(folder.glob(f"{job_id}-*.png"))[:-PREVIEWS_KEPT]:
            old.unlink(missing_ok=True)
        return folder / name

    def record(self, path: Path, settings: GlazeSettings, error: Exception) -> Unexpected:
        """Write a mistake of Glaze down with its traceback, and say where."""
        reason = f"{type(error).__name__}: {error}"
        try:
            self.write_down(f"{path} with {settings} failed", error)
        except OSError as unwritable:
            return Unexpected("mistake", path=path, reason=reason, log=f"{self._log_path} ({unwritable.strerror})")
        return Unexpected("mistake", path=path, reason=reason, log=self._log_path)

    def write_down(self, message: str, error: Exception | None = None) -> None:
        """One entry of the error log, with the traceback of `error`. Raises OSError where it cannot be written."""
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(self._log_path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        _log.addHandler(handler)
        try:
            _log.error("%s", message, exc_info=error)
        finally:
            _log.removeHandler(handler)
            handler.close()


__all__ = ["Engine", "Job", "State", "Worker"]
