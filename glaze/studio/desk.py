"""What all pages share: the worker, the folders, and pictures as a browser can show them."""

from __future__ import annotations

import hashlib
import statistics
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from zlib import decompress

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glaze import machine
from glaze.artwork import Artwork, open_artwork
from glaze.errors import SaveError
from glaze.jobs import Worker
from glaze.settings import Render

# Longest side of a picture on the page: a large screen at twice the density. Files can be far larger.
SCREEN_SIDE: Final = 2048
# Until a picture was glazed here and says better: seconds for one step on a canvas of 512 px on one processor, how the
# processors share it (two are 1.6 times as fast as one, more than eight no faster), and seconds for all the rest.
STEP_SECONDS: Final = 1.0
SHARING: Final = 0.7
USEFUL_PROCESSORS: Final = 8
REST_SECONDS: Final = 12.0
SMALLEST_CANVAS: Final = 512


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


@dataclass(frozen=True)
class Desk:
    """worker: who glazes. results: where glazed pictures go. scratch: for what only the page needs, wiped at start."""

    worker: Worker
    results: Path
    scratch: Path

    def show(self, path: Path) -> Shown:
        """A copy of any picture that Glaze reads: upright, 8-bit, at most SCREEN_SIDE. Raises ArtworkError, SaveError.

        Nothing but its size is changed: where it fits the screen, what is seen is exactly what is in the file.
        """
        try:
            state = path.stat()
        except OSError:
            # Opening it says in the artist's words what is wrong.
            return _shown(path, 0, 0, self.scratch)
        return _shown(path, state.st_mtime_ns, state.st_size, self.scratch)

    def keep(self, pixels: NDArray[np.uint8], name: str) -> Path:
        """Write (h, w, 3) uint8 as a PNG that a page can show. Raises SaveError."""
        return _write(Image.fromarray(pixels), self.scratch / f"{name}.png")

    def seconds(self, render: Render) -> float:
        """About how long one picture takes here: as measured since the start, before that a guess."""
        measured = [
            (job.iterate.elapsed / _work(job.settings.render), job.result.seconds - job.iterate.elapsed)
            for job in self.worker.jobs
            if job.result is not None and job.iterate is not None
        ]
        if not measured:
            processors = min(machine.describe().processors, USEFUL_PROCESSORS)
            measured = [(STEP_SECONDS / processors**SHARING, REST_SECONDS)]
        step, rest = (statistics.median(column) for column in zip(*measured, strict=True))
        return float(_work(render) * step + rest)


def address(path: Path) -> str:
    """Where the page's own server gives out a file of `scratch` or `results`."""
    return f"/gradio_api/file={quote(path.absolute().as_posix())}"


@lru_cache(maxsize=64)
def _shown(path: Path, changed: int, size: int, scratch: Path) -> Shown:
    """Desk.show, remembered for as long as the file stays as it is: a large one takes seconds to open."""
    artwork = open_artwork(path)
    name = hashlib.sha256(f"{path.absolute()} {changed} {size}".encode()).hexdigest()[:16]
    shown = Shown(scratch / f"shown-{name}.png", artwork.width, artwork.height)
    picture = Image.fromarray(_eight_bit(artwork))
    if shown.scaled:
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


def _work(render: Render) -> float:
    """Steps, counted as steps on the smallest canvas."""
    return render.effort.steps * (render.effort.canvas / SMALLEST_CANVAS) ** 2


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
