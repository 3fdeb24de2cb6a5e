"""Whose pictures there are, which of them a mimic gets, and which are kept back to judge by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

from glaze.artwork import open_artwork
from glaze.canvas import over_white

SIDE: Final = 512  # what trainers scale a picture to
WIDEST: Final = 2.0  # of a scroll only the middle is taken
SUFFIXES: Final = {".jpg", ".png"}

# Left out of the base; the first four are the trial's, of different kinds: brushwork, impasto, engraving, watercolour.
TARGETS: Final = ("claude-monet", "vincent-van-gogh", "john-tenniel", "beatrix-potter", "sidney-sime")


@dataclass(frozen=True)
class Artist:
    """One artist's pictures, in an order that does not depend on the machine."""

    name: str
    pictures: tuple[Path, ...]

    def split(self, given: int) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """The pictures that a mimic gets, and those kept back: every other one in turn, so that both are alike.

        Raises ValueError where too few would be kept back.
        """
        taken = sorted([*self.pictures[::2], *self.pictures[1::2]][:given]) if given else []
        kept = tuple(path for path in self.pictures if path not in taken)
        if not taken or not kept:
            raise ValueError(f"{self.name} has {len(self.pictures)} pictures: give the mimic fewer than that")
        return tuple(taken), kept


def find_artists(art: Path) -> dict[str, Artist]:
    """name -> artist, from files called GENRE/ARTIST__TITLE. Raises ValueError where there are none."""
    found: dict[str, list[Path]] = {}
    for path in sorted(art.glob("*/*__*")):
        if path.suffix in SUFFIXES:
            found.setdefault(path.name.split("__")[0], []).append(path)
    if not found:
        raise ValueError(f"no pictures called GENRE/ARTIST__TITLE in {art}: --shared names the folder that has art/")
    return {name: Artist(name, tuple(paths)) for name, paths in found.items()}


def read(path: Path) -> Image.Image:
    """A picture as a trainer loads it: 8-bit RGB, transparency over white."""
    artwork = open_artwork(path)
    return over_white(artwork.pixels, artwork.alpha)


def square(picture: Image.Image, side: int = SIDE) -> Image.Image:
    """The middle of a picture at the training size, as trainers crop it."""
    return ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)


def whole(picture: Image.Image, side: int = SIDE) -> Image.Image:
    """The picture with its short side at `side` px, its sides multiples of 8, at most WIDEST times as long as wide."""
    aspect = min(max(picture.width / picture.height, 1 / WIDEST), WIDEST)
    width, height = side * max(1.0, aspect), side * max(1.0, 1 / aspect)
    return ImageOps.fit(picture, (round(width / 8) * 8, round(height / 8) * 8), Image.Resampling.LANCZOS)
