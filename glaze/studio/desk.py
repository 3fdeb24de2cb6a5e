"""What all pages share: the worker, the folders, and pictures as a browser can show them."""

from __future__ import annotations

import hashlib
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from urllib.parse import quote
from zlib import decompress

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glaze import machine
from glaze.artwork import Artwork, open_artwork
from glaze.errors import LedgerError, SaveError
from glaze.jobs import Job, State
from glaze.ledger import Ledger
from glaze.packs.manifest import STANDARD, STUDIO
from glaze.preferences import Preferences, load
from glaze.settings import GlazeSettings, Render
from glaze.studio import originals
from glaze.studio.fetching import Fetcher
from glaze.studio.inspector import Inspector
from glaze.studio.looks import Looks
from glaze.studio.places import results_folder
from glaze.studio.previewing import Previewer

if TYPE_CHECKING:
    from glaze.studio.glazier import Glazier

# Longest side of a picture on the page: a large screen at twice the density. Files can be far larger.
SCREEN_SIDE: Final = 2048
# And of one in a list, at twice the density as well.
LIST_SIDE: Final = 192
# Width and height of the picture for which it is told how long redrawing takes.
REDRAWN: Final = (1500, 1000)

T = TypeVar("T")


@dataclass(frozen=True)
class Shown:
    """A picture as the page shows it: a PNG at `path`, and the size of the file it was made from."""

    path: Path
    width: int
    height: int

    @property
    def scaled(self) -> bool:
        """Whether the page shows fewer pixels than the file has."""
        return max(self.width, self.height) > SCREEN_SIDE

    @property
    def frame(self) -> tuple[int, int]:
        """Width and height on the page, at most."""
        scale = min(1.0, SCREEN_SIDE / max(self.width, self.height))
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))


class Desks(Protocol):
    """Whose desk a page works at. On one's own computer there is one, and it is its own answer."""

    @property
    def mine(self) -> Desk:
        """The desk of whoever an event comes from: asked anew in each."""

    @property
    def hosted(self) -> bool:
        """Whether the artists sit elsewhere: then no page shows or asks what concerns this computer."""


@dataclass(frozen=True)
class Desk:
    """What the pages work with.

    worker      who glazes.
    named       where glazed pictures go in this run, whatever the settings page says; None leaves it to that page.
    scratch     for what only the pages need, wiped at start.
    ledger      what the worker's queue is kept in, where it is.
    originals   for uploads that wait for their glaze; they outlive the program.
    began       when this run did, in seconds since the epoch.
    portfolio   the ids of jobs that were handed in many at once, and so are no matter of the page of one picture.
    looks       how the pictures of the worker's list look in small.
    previewer   who makes previews while the worker rests.
    inspector   who looks at pictures afterwards.
    fetcher, studio_fetcher  who downloads the packs.
    """

    worker: Glazier
    named: Path | None
    scratch: Path
    ledger: Ledger | None = None
    originals: Path = field(default_factory=originals.originals_folder)
    began: float = field(default_factory=time.time)
    portfolio: set[str] = field(default_factory=set)
    _told: list[LedgerError] = field(default_factory=list)
    _handing: threading.Lock = field(default_factory=threading.Lock)
    looks: Looks = field(init=False)
    inspector: Inspector = field(init=False)
    previewer: Previewer = field(init=False)
    fetcher: Fetcher = field(init=False, default_factory=lambda: Fetcher(STANDARD))
    studio_fetcher: Fetcher = field(init=False, default_factory=lambda: Fetcher(STUDIO))

    def __post_init__(self) -> None:
        object.__setattr__(self, "looks", Looks(self))
        object.__setattr__(self, "inspector", Inspector(self.worker.record, self.compute))
        object.__setattr__(self, "previewer", Previewer(self.worker, self.keep))
        left = [job.id for job in self.worker.jobs if not job.state.finished]
        if len(left) > 1:
            self.portfolio.update(left)

    @property
    def mine(self) -> Desk:
        """As `Desks` has it."""
        return self

    @property
    def hosted(self) -> bool:
        """As `Desks` has it."""
        return False

    @property
    def kept_hours(self) -> float | None:
        """How long pictures are kept before they are removed; None where they stay."""
        return None

    @property
    def results(self) -> Path:
        """Where glazed pictures go now."""
        return results_folder(self.named)

    @property
    def samples(self) -> Path:
        """For pictures of how the styles of decoys look."""
        return self.scratch

    @property
    def preferences(self) -> Preferences:
        """What was chosen once and for all, as it is now: another tab may have changed it."""
        return load()

    @property
    def private(self) -> tuple[Path, ...]:
        """Folders that mean nothing to the artist: of what lies there, only the name is told."""
        return (self.scratch, self.originals)

    @property
    def notice(self) -> LedgerError | None:
        """What is the matter with the ledger's file, if anything; said on the console as well, once."""
        trouble = None if self.ledger is None else self.ledger.tell()
        if trouble is not None:
            self._told.append(trouble)
            sys.stderr.write(f"{trouble}\n")
        return self._told[-1] if self._told else None

    @property
    def latest(self) -> Job | None:
        """The job that the page of one picture looks at: the last one of those that is unfinished, or of this run."""
        mine = [job for job in self.worker.jobs if job.id not in self.portfolio]
        return next((job for job in reversed(mine) if not job.state.finished or self._is_news(job)), None)

    def hand_in(
        self, paths: Iterable[Path], settings: GlazeSettings, *, portfolio: bool = False, again: bool = False
    ) -> list[Job]:
        """Put pictures into the queue, all or none. What was uploaded is copied to where it lasts first.

        portfolio: they are no matter of the page of one picture. again: even if they were glazed here already.
        Raises ArtworkNotFound, SaveError.
        """
        with self._handing:
            jobs = self.worker.submit_all(
                [self._lasting(path) for path in paths],
                replace(settings, decoy=self._lasting(settings.decoy) if settings.decoy else None),
                folder=self.results,
                again=again,
            )
            if portfolio:
                self.portfolio.update(job.id for job in jobs)
        return jobs

    def change(self, jobs: Iterable[Job], chosen: GlazeSettings) -> None:
        """Give jobs that wait the intensity, the render quality and the decoy of `chosen`, and leave them the rest.

        Those that failed or were stopped are put into the queue again with them. What runs, is done or is gone
        meanwhile stays as it is. Raises ArtworkNotFound, SaveError where the decoy cannot be copied to where it lasts.
        """
        with self._handing:
            decoy = self._lasting(chosen.decoy) if chosen.decoy else None
            for job in jobs:
                settings = replace(
                    job.settings,
                    intensity=chosen.intensity,
                    render=chosen.render,
                    decoy=decoy,
                    decoy_style=chosen.decoy_style,
                )
                with suppress(KeyError):
                    (self.worker.again if job.state.finished else self.worker.change)(job.id, settings)

    def tidy(self) -> None:
        """Remove copies of uploads that no job needs any more.

        One that failed, was stopped or skipped may be glazed again; of one that is done, the page of this run shows the
        picture before and after. Where the ledger's file cannot be used, nobody knows what it has waiting: all stays.
        """
        if not self._lasts:
            return
        with self._handing:
            needed = [job for job in self.worker.jobs if job.state is not State.DONE or self._is_news(job)]
            pictures = [job.path for job in needed]
            decoys = [job.settings.decoy for job in needed if job.settings.decoy is not None]
            originals.tidy(self.originals, [*pictures, *decoys])

    def _is_news(self, job: Job) -> bool:
        return job.ended is None or job.ended >= self.began

    @property
    def _lasts(self) -> bool:
        """Whether the queue outlives the program, and so may the uploads in it."""
        return self.ledger is not None and self.ledger.durable

    def gives(self, path: Path) -> bool:
        """Whether the page's own server gives this file out."""
        return path.is_relative_to(self.results)

    def _lasting(self, path: Path) -> Path:
        uploaded = path.is_relative_to(self.scratch)
        return originals.keep(path, self.originals) if uploaded and self._lasts else path

    def compute(self, does: Callable[..., T], *takes: Any) -> T:
        """Carry out what takes long. Where many artists share a computer, it is done beside their pages."""
        return does(*takes)

    def show(self, path: Path) -> Shown:
        """A copy of any picture that Glaze reads: upright, 8-bit, at most SCREEN_SIDE. Raises ArtworkError, SaveError.

        Nothing but its size is changed: where it fits the screen, what is seen is exactly what is in the file.
        """
        return _shown(path, *looks(path), self.scratch)

    def small(self, path: Path) -> Shown:
        """The same for a list, at most LIST_SIDE; not remembered. Raises ArtworkError, SaveError."""
        return draw(path, *looks(path), self.scratch, LIST_SIDE)

    def keep(self, pixels: NDArray[np.uint8], name: str, folder: Path | None = None) -> Path:
        """Write (h, w, 3) uint8 as a PNG that a page can show, in `scratch` or a `folder`. Raises SaveError."""
        return _write(Image.fromarray(pixels), (folder or self.scratch) / f"{name}.png")

    def warm(self) -> None:
        """Do beforehand what the first picture of this run would wait for. Returns at once."""
        self.previewer.warm(self.preferences.settings)

    def seconds(self, picture: Path) -> dict[Render, float] | None:
        """About how long each level takes on this computer for a picture; None where that is not known.

        The first time of all it takes some seconds itself: this computer is tried out.
        """
        shown = self.show(picture)
        # Imported here, as in the worker: torch takes seconds to load, and a page must not wait for it.
        machine.share_processors()
        from glaze import glazing

        size, settings = (shown.width, shown.height), self.preferences.settings
        # Beside a preview, both would take longer, and a trial would find this computer slower than it is.
        with self.previewer.turn:
            return {render: glazing.estimate(size, replace(settings, render=render), picture) for render in Render}

    def redrawing(self) -> float:
        """About how many seconds redrawing by Stable Diffusion takes here, the first time. Raises GlazeError."""
        machine.share_processors()
        from glaze import glazing

        with self.previewer.turn:
            return glazing.redrawing_time(REDRAWN, self.preferences.render.effort)


def address(path: Path) -> str:
    """Where the page's own server gives out a file of `scratch` or `results`, relative to the page's address."""
    return f"gradio_api/file={quote(path.absolute().as_posix())}"


def looks(path: Path) -> tuple[int, int]:
    """When a file was changed, and how large it is; noughts where opening it will say what is wrong."""
    try:
        state = path.stat()
    except (OSError, ValueError):
        return 0, 0
    return state.st_mtime_ns, state.st_size


@lru_cache(maxsize=64)
def _shown(path: Path, changed: int, size: int, scratch: Path) -> Shown:
    """Desk.show, remembered for as long as the file stays as it is: a large one takes seconds to open."""
    return draw(path, changed, size, scratch, SCREEN_SIDE)


def draw(path: Path, changed: int, size: int, scratch: Path, side: int) -> Shown:
    """A copy of a picture, at most `side`, in `scratch`, named after the file as it `looks` now. Raises as `show`."""
    artwork = open_artwork(path)
    name = hashlib.sha256(f"{path.absolute()} {changed} {size} {side}".encode(errors="replace")).hexdigest()[:16]
    shown = Shown(scratch / f"shown-{name}.png", artwork.width, artwork.height)
    picture = Image.fromarray(_eight_bit(artwork))
    if side < SCREEN_SIDE:
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    elif shown.scaled:
        picture = picture.resize(shown.frame, Image.Resampling.LANCZOS)
    _write(picture, shown.path, _profile(artwork))
    return shown


def _write(picture: Image.Image, path: Path, profile: bytes | None = None) -> Path:
    """As a PNG, whole or not at all: another tab may be asking for it. Raises SaveError (not_written)."""
    unfinished = path.with_suffix(f".{uuid.uuid4().hex}")
    try:
        picture.save(unfinished, "PNG", compress_level=1, icc_profile=profile)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise SaveError("not_written", path=path, reason=error.strerror or error) from error
    return path


def _eight_bit(artwork: Artwork) -> NDArray[np.uint8]:
    planes: list[NDArray[Any]] = [artwork.pixels]
    if artwork.alpha is not None:
        planes.append(artwork.alpha[..., None])
    pixels = np.concatenate(planes, axis=2) if len(planes) > 1 else artwork.pixels
    if artwork.depth > 8:
        pixels = (pixels >> 8).astype(np.uint8)
    return np.ascontiguousarray(pixels)


def _profile(artwork: Artwork) -> bytes | None:
    """The artwork's colour profile, so that the screen shows its colours as they are meant."""
    chunk = dict(artwork.metadata.chunks).get(b"iCCP")
    # A name, a zero, the number of the compression (there is only one), then the compressed profile.
    return decompress(chunk[chunk.index(b"\0") + 2 :]) if chunk else None
