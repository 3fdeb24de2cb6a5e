"""How large a picture may be, and that it is one. Checked before anything is decoded."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from glaze.artwork.picture import shown
from glaze.errors import ArtworkTooLarge, ArtworkTooSmall, ArtworkUnsupported

LEAST_SIDE: Final = 64
"""Pixels. A smaller picture has no style that a network could see."""

MOST_MEGAPIXELS: Final = 100
"""Millions of pixels. Opening and saving that many takes 1.3 GB of memory (glaze/artwork/__init__.py)."""


def check_size(path: Path, width: int, height: int) -> None:
    """Raises ArtworkTooLarge or ArtworkTooSmall."""
    if width * height > MOST_MEGAPIXELS * 1_000_000:
        raise ArtworkTooLarge(
            "size",
            path=shown(path),
            width=width,
            height=height,
            megapixels=-(-width * height // 1_000_000),
            most=MOST_MEGAPIXELS,
        )
    if min(width, height) < LEAST_SIDE:
        raise ArtworkTooSmall("size", path=shown(path), width=width, height=height, least=LEAST_SIDE)


def check_frames(path: Path, frames: int) -> None:
    """Raises ArtworkUnsupported where there are several."""
    if frames > 1:
        raise ArtworkUnsupported("animated", path=shown(path), frames=frames)
