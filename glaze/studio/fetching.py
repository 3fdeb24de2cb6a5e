"""A pack on its way, for the page: one download at a time, in a thread of its own that outlives a reload."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from glaze.errors import Cancelled, DownloadError, GlazeError
from glaze.packs import load_pack

if TYPE_CHECKING:
    from glaze.download import Plan, Progress


class Step(StrEnum):
    """Where a download is.

    IDLE     nothing is asked for. ASKING: how much it is. PLANNED: that is known, and the artist may decide.
    LOADING  it comes. DONE: all is here. FAILED: `error` says why. STOPPED: the artist stopped it.
    """

    IDLE = "idle"
    ASKING = "asking"
    PLANNED = "planned"
    LOADING = "loading"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Fetch:
    """A download as it stands.

    free: bytes that the disk had left when it was planned. stopping: it was told to stop and has not yet.
    """

    step: Step = Step.IDLE
    plan: Plan | None = None
    free: int = 0
    progress: Progress | None = None
    error: GlazeError | None = None
    stopping: bool = False

    @property
    def busy(self) -> bool:
        """Whether a thread works on it."""
        return self.step in {Step.ASKING, Step.LOADING}


class Fetcher:
    """Downloads one pack when it is told to, and nothing otherwise."""

    def __init__(self, pack: str) -> None:
        self.pack = pack
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._now = Fetch()

    @property
    def now(self) -> Fetch:
        """How it stands."""
        return self._now

    def ask(self) -> None:
        """Find out what is missing and how much that is. Nothing where it works already."""
        self._begin(Step.ASKING, None, self._ask)

    def go(self) -> None:
        """Download what was planned. Nothing where it works already, or where nothing is planned."""
        if self._now.step is Step.PLANNED:
            self._begin(Step.LOADING, self._now.plan, self._load)

    def stop(self) -> None:
        """Stop what it does, within seconds; a plan is forgotten."""
        with self._lock:
            if self._now.busy:
                self._stop.set()
                self._now = replace(self._now, stopping=True)
            else:
                self._now = Fetch()

    def wait(self, timeout: float | None = None) -> None:
        """Until no thread works any more."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def _begin(self, step: Step, plan: Plan | None, work: Callable[[], None]) -> None:
        with self._lock:
            if self._now.busy:
                return
            self._stop.clear()
            self._now = Fetch(step, plan)
            self._thread = threading.Thread(target=self._work, args=(work,), name="glaze-fetch", daemon=True)
            self._thread.start()

    def _work(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Cancelled:
            self._note(Fetch(Step.STOPPED))
        except GlazeError as error:
            self._note(Fetch(Step.FAILED, error=error))
        # As in the worker: the artist must get an answer.
        except Exception as error:
            logging.getLogger(__name__).exception("downloading %s failed", self.pack)
            self._note(Fetch(Step.FAILED, error=DownloadError("mistake", reason=error)))

    def _ask(self) -> None:
        # Imported here: it brings the hub's library along, which takes a second.
        from glaze.download import look_up

        plan = look_up(load_pack(self.pack), cancelled=self._stop.is_set)
        self._note(Fetch(Step.PLANNED, plan, plan.free) if plan.wanted else Fetch(Step.DONE))

    def _load(self) -> None:
        from glaze.download import get

        plan = self._now.plan
        assert plan is not None
        get(plan, on_progress=self._on_progress, cancelled=self._stop.is_set)
        self._note(Fetch(Step.DONE))

    def _on_progress(self, progress: Progress) -> None:
        with self._lock:
            self._now = replace(self._now, progress=progress)

    def _note(self, fetch: Fetch) -> None:
        with self._lock:
            self._now = fetch
