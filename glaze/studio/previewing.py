"""Previews for the page: one at a time, in a thread of its own, and never beside a picture that is being glazed."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from glaze import machine
from glaze.errors import Cancelled, GlazeError
from glaze.jobs import State
from glaze.settings import GlazeSettings

if TYPE_CHECKING:
    from glaze.cloak import Iterate
    from glaze.preview import Preview
    from glaze.studio.glazier import Glazier

Keep = Callable[[NDArray[np.uint8], str], Path]


@dataclass(frozen=True)
class Trial:
    """A preview on its way, as it stood when it was asked for.

    state          CANCELLED only where it made room for a picture that is being glazed.
    before, after  PNG files of `size` (width, height), once it is done.
    percent        of the way to the decoy, mean over families; decoy_style, the decoy's name.
    """

    id: str
    path: Path
    state: State = State.RUNNING
    iterate: Iterate | None = None
    error: GlazeError | None = None
    before: Path | None = None
    after: Path | None = None
    size: tuple[int, int] = (0, 0)
    percent: float = 0.0
    decoy_style: str = ""


class Previewer:
    """Makes previews while `worker` rests. `keep` writes a picture under a name, where the page can show it."""

    def __init__(self, worker: Glazier, keep: Keep) -> None:
        self._worker = worker
        self._keep = keep
        # Whoever computes for a page has it, so that nobody waits for two at once: a preview, also one that was told to
        # stop and still needs a moment; what is done beforehand; who tries out how fast this computer is.
        self.turn = threading.Lock()
        self._changed = threading.Condition()
        self._trial: Trial | None = None
        self._warmed = False

    @property
    def busy(self) -> bool:
        """Whether a picture is being glazed, or is about to be."""
        if self._worker.waiting and not self._worker.paused:
            return True
        return any(job.state is State.RUNNING for job in self._worker.jobs)

    def start(self, path: Path, settings: GlazeSettings) -> Trial:
        """Begin a preview in the place of the one before; while a picture is being glazed it is stopped at once."""
        trial = self._begin(path)
        threading.Thread(target=self._work, args=(trial, settings), name="glaze-preview", daemon=True).start()
        return trial

    def _begin(self, path: Path) -> Trial:
        trial = Trial(uuid.uuid4().hex, path)
        with self._changed:
            self._trial = trial
            self._changed.notify_all()
        return trial

    def get(self, trial_id: str) -> Trial | None:
        """A preview as it stands; None for one whose place another has taken, or that was stopped."""
        trial = self._trial
        return trial if trial is not None and trial.id == trial_id else None

    def cancel(self, trial_id: str) -> None:
        """Stop and forget a preview. One that is not there any more is no trouble."""
        with self._changed:
            if self._trial is not None and self._trial.id == trial_id:
                self._trial = None
                self._changed.notify_all()

    def wait(self, trial_id: str) -> None:
        """Until a preview is no longer on its way, whatever became of it."""
        with self._changed:
            self._changed.wait_for(lambda: (trial := self.get(trial_id)) is None or trial.state is not State.RUNNING)

    def warm(self, settings: GlazeSettings) -> None:
        """Do in a thread, once, what the first picture would wait for; not while a picture is being glazed."""
        with self._changed:
            if self._warmed or self.busy:
                return
            self._warmed = True
        threading.Thread(target=self._warm, args=(settings,), name="glaze-preview-warm", daemon=True).start()

    def _warm(self, settings: GlazeSettings) -> None:
        try:
            with self.turn:
                machine.share_processors()
                from glaze import glazing, preview

                preview.get_ready(settings)
            if self._trial is None:  # who asks for a preview is not to wait for this, too
                with self.turn:
                    glazing.estimate((1, 1), settings)
        # Only a favour: whatever is wrong is told when a preview is asked for.
        except Exception:  # noqa: BLE001
            return

    def _work(self, trial: Trial, settings: GlazeSettings) -> None:
        with self.turn:
            try:
                self._preview(trial, settings)
            except Cancelled:
                self._note(trial.id, state=State.CANCELLED)
            except GlazeError as error:
                self._note(trial.id, state=State.FAILED, error=error)
            # As in the worker: the artist must get an answer.
            except Exception as error:  # noqa: BLE001
                told = self._worker.record(trial.path, settings, error)
                self._note(trial.id, state=State.FAILED, error=told)

    def _preview(self, trial: Trial, settings: GlazeSettings) -> None:
        def cancelled() -> bool:
            return self.get(trial.id) is None or self.busy

        if cancelled():
            raise Cancelled("cancelled")
        seen = self._see(trial, settings, cancelled)
        names = (f"preview-{trial.id}-before", f"preview-{trial.id}-after")
        with ThreadPoolExecutor() as both:
            before, after = both.map(self._keep, (seen.before, seen.after), names)
        self._note(
            trial.id,
            state=State.DONE,
            before=before,
            after=after,
            size=(seen.after.shape[1], seen.after.shape[0]),
            percent=seen.mean_style_distance,
            decoy_style=seen.decoy_style,
        )

    def _see(self, trial: Trial, settings: GlazeSettings, cancelled: Callable[[], bool]) -> Preview:
        # Imported here, as in the worker: torch takes seconds to load, and a page must not wait for it.
        machine.share_processors()
        from glaze import preview

        return preview.preview(
            trial.path,
            settings,
            on_iterate=lambda iterate: self._note(trial.id, iterate=iterate),
            cancelled=cancelled,
        )

    def _note(self, trial_id: str, **news: object) -> None:
        with self._changed:
            if self._trial is not None and self._trial.id == trial_id:
                self._trial = replace(self._trial, **news)  # type: ignore[arg-type]
                self._changed.notify_all()
