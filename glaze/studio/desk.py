"""What all pages share: the worker, the folders, and pictures as a browser can show them."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
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
from glaze.settings import GlazeSettings, Render
from glaze.studio.inspector import Inspector

# Longest side of a picture on the page: a large screen at twice the density. Files can be far larger.
SCREEN_SIDE: Final = 2048


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
    """worker: who glazes. results: where glazed pictures go. scratch: for what only the page needs, wiped at start.

    inspector: who looks at pictures afterwards.
    """

    worker: Worker
    results: Path
    scratch: Path
    inspector: Inspector = field(default_factory=Inspector)

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

    def seconds(self, picture: Path) -> dict[Render, float]:
        """About how long each level takes on this computer for a picture. Raises GlazeError.

        The first time of all it takes some seconds itself: this computer is tried out.
        """
        shown = self.show(picture)
        # Imported here, as in the worker: torch takes seconds to load, and a page must not wait for it.
        machine.share_processors()
        from glaze import glazing

        size = (shown.width, shown.height)
        return {render: glazing.estimate(size, GlazeSettings(render=render)) for render in Render}


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
