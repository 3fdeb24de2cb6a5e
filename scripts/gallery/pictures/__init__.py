"""The pictures of the gallery, one of every genre, each drawn by a file of its own: draw(width, height) -> picture.

A picture is (height, width, 3) uint8, and the same each time; it is composed for three quarters as high as wide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from glaze.decoys.styles.paint import Picture
from scripts.gallery.pictures import charcoal, comic, flat, oil, photograph, pixels, render, watercolour

SIZE: Final = (1200, 900)
PICTURES: Final[dict[str, Callable[[int, int], Picture]]] = {
    "oil": oil.draw,
    "comic": comic.draw,
    "watercolour": watercolour.draw,
    "flat": flat.draw,
    "charcoal": charcoal.draw,
    "photograph": photograph.draw,
    "pixels": pixels.draw,
    "render": render.draw,
}
