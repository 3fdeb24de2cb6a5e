"""The desk of one of many artists: what it gives out is theirs alone, and what takes long is done beside the pages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from glaze import machine
from glaze.errors import ArtworkNotFound, BenchError
from glaze.jobs import Job
from glaze.preferences import Preferences
from glaze.settings import GlazeSettings, Render
from glaze.studio.bench import Bench
from glaze.studio.desk import LIST_SIDE, SCREEN_SIDE, Desk, Shown, draw, looks
from glaze.studio.inspector import Inspector, Look, Stage
from glaze.studio.previewing import Previewer, Trial

if TYPE_CHECKING:
    from glaze.preview import Preview

T = TypeVar("T")

_LOOKS_WAITING = 2
_SHOWN_KEPT = 256


@dataclass(frozen=True, kw_only=True)
class Benches:
    """Where the work of all desks is done.

    opening   opens pictures, with little memory and time; looking: previews, inspections and what networks take.
    """

    opening: Bench
    looking: Bench

    def close(self) -> None:
        """End both."""
        self.opening.close()
        self.looking.close()


@dataclass(frozen=True, kw_only=True)
class GuestDesk(Desk):
    """As `Desk`, for an artist who sits elsewhere.

    own       the folders of what is the artist's: scratch is one of them, another has the pictures of the jobs.
    common    a folder of what is the same for all.
    benches   shared by all desks.
    hours     after which pictures are removed.
    language  which the artist has chosen.
    """

    own: tuple[Path, ...]
    common: Path
    benches: Benches
    hours: float
    language: str
    _drawn: dict[tuple[Path, int, int, int], Shown] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "previewer", GuestPreviewer(self))
        object.__setattr__(self, "inspector", GuestInspector(self))

    @property
    def hosted(self) -> bool:
        return True

    @property
    def kept_hours(self) -> float:
        return self.hours

    @property
    def preferences(self) -> Preferences:
        # The host's own are no guest's.
        return Preferences()

    @property
    def samples(self) -> Path:
        return self.common

    @property
    def private(self) -> tuple[Path, ...]:
        return self.own

    @property
    def latest(self) -> Job | None:
        """As in `Desk`, whenever it was made: a service may be started anew at any time, and keeps nothing for long."""
        return next((job for job in reversed(self.worker.jobs) if job.id not in self.portfolio), None)

    def gives(self, path: Path) -> bool:
        return any(path.is_relative_to(folder.resolve()) for folder in (*self.own, self.common))

    def hand_in(
        self, paths: Iterable[Path], settings: GlazeSettings, *, portfolio: bool = False, again: bool = False
    ) -> list[Job]:
        return super().hand_in([self._own(path) for path in paths], settings, portfolio=portfolio, again=again)

    def tidy(self) -> None:
        """The host removes what is old."""

    def compute(self, does: Callable[..., T], *takes: Any) -> T:
        return self.benches.looking(does, *takes)

    def show(self, path: Path) -> Shown:
        return self._small_or_large(path, SCREEN_SIDE)

    def small(self, path: Path) -> Shown:
        return self._small_or_large(path, LIST_SIDE)

    def warm(self) -> None:
        """Nothing is done for one artist before it is asked for."""

    def seconds(self, picture: Path) -> dict[Render, float] | None:
        """How long it takes here depends on the others."""
        del picture
        return None

    def _own(self, path: Path) -> Path:
        """Raises ArtworkNotFound for what is not the artist's, as for what is not there."""
        try:
            own = any(path.resolve().is_relative_to(folder.resolve()) for folder in self.own)
        except (OSError, ValueError):
            own = False
        if not own:
            raise ArtworkNotFound("missing", path=path.name)
        return path

    def _small_or_large(self, path: Path, side: int) -> Shown:
        key = (self._own(path), *looks(path), side)
        known = self._drawn.get(key)
        if known is None or not known.path.exists():
            while len(self._drawn) >= _SHOWN_KEPT:
                del self._drawn[next(iter(self._drawn))]
            known = self._drawn[key] = self.benches.opening(draw, *key[:3], self.scratch, side)
        return known


class GuestPreviewer(Previewer):
    """One preview at a time for each artist, and one after the other for all; the queue goes on beside it."""

    def __init__(self, desk: GuestDesk) -> None:
        super().__init__(desk.worker, desk.keep)
        self._desk = desk
        self._waiting: tuple[Trial, GlazeSettings] | None = None
        self._runs = False

    @property
    def busy(self) -> bool:
        return False

    def start(self, path: Path, settings: GlazeSettings) -> Trial:
        trial = self._begin(path)
        with self._changed:
            self._waiting = (trial, settings)
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._work_on, name="glaze-preview", daemon=True).start()
        return trial

    def wait(self, trial_id: str) -> None:
        """Returns at once: whoever waits here keeps others from the page. It looks again by itself."""

    def _work_on(self) -> None:
        """The preview that was asked for last, until there is none. However often one is asked for, one waits."""
        while True:
            with self._changed:
                asked, self._waiting = self._waiting, None
                self._runs = asked is not None
            if asked is None:
                return
            self._work(*asked)

    def _see(self, trial: Trial, settings: GlazeSettings, cancelled: Callable[[], bool]) -> Preview:
        del cancelled
        return self._desk.compute(_preview, trial.path, settings)


class GuestInspector(Inspector):
    """Beside the pages. What others glazed here is nobody's to recognise."""

    def __init__(self, desk: GuestDesk) -> None:
        super().__init__(desk.worker.record, desk.compute, lambda _: None)

    def start(self, look: Look) -> Look:
        if sum(not each.finished for each in list(self._looks.values())) < _LOOKS_WAITING:
            return super().start(look)
        refused = replace(look, stage=Stage.FINISHED, error=BenchError("busy"))
        with self._lock:
            self._looks[refused.id] = refused
        return refused


def _preview(path: Path, settings: GlazeSettings) -> Preview:
    machine.share_processors()
    from glaze import preview

    return preview.preview(path, settings)
