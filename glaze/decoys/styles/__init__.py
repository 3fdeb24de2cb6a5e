"""The decoy styles that Glaze draws itself: media, not artists. One file a style; add yours to the tuple below."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

import numpy as np

from glaze.decoys.styles import (
    batik,
    charcoal,
    collage,
    drip,
    embroidery,
    engraving,
    facets,
    halftone,
    impasto,
    ink_wash,
    knife,
    marbling,
    mosaic,
    pastel,
    pointillism,
    stained_glass,
    tapestry,
    waves,
    woodcut,
)
from glaze.decoys.styles.paint import Picture, Style
from glaze.errors import DecoyError

__all__ = ["LEAST_SIDE", "SAMPLE_SIDE", "STYLES", "Style", "draw_style", "sample"]

LEAST_SIDE: Final = 64
SAMPLE_SIDE: Final = 192
_SAMPLING: Final = threading.Lock()
_MODULES: Final = (
    drip,
    pointillism,
    woodcut,
    impasto,
    engraving,
    facets,
    ink_wash,
    mosaic,
    stained_glass,
    waves,
    charcoal,
    tapestry,
    marbling,
    batik,
    knife,
    halftone,
    embroidery,
    collage,
    pastel,
)
STYLES: Final[Mapping[str, Style]] = MappingProxyType({m.STYLE.name: m.STYLE for m in _MODULES})


def draw_style(name: str, seed: int, width: int, height: int) -> Picture:
    """A picture in the style: (height, width, 3) uint8. The same arguments give the same picture.

    The marks grow with the short side, so the texture looks the same at any size. Raises DecoyError for a name that
    is not in STYLES, ValueError for a side below LEAST_SIDE.
    """
    if name not in STYLES:
        raise DecoyError("unknown_style", name=name, choices=", ".join(STYLES))
    if min(width, height) < LEAST_SIDE:
        raise ValueError(f"a decoy is at least {LEAST_SIDE} px wide and high, not {width}x{height}")
    # The name is part of the seed: otherwise all styles of one seed would share their forms.
    return STYLES[name].draw(np.random.default_rng([seed, *name.encode()]), width, height)


def sample(name: str) -> Picture:
    """What a style looks like, to compare and to choose by: (SAMPLE_SIDE, SAMPLE_SIDE, 3) uint8, not to be changed.

    A style is where it is whatever the seed, so each is drawn once a run, which takes a twelfth of a second.
    """
    # The page shows them at the same time as the first preview compares them: the later one waits for the earlier.
    with _SAMPLING:
        return _sample(name)


@cache
def _sample(name: str) -> Picture:
    picture = draw_style(name, 0, SAMPLE_SIDE, SAMPLE_SIDE)
    picture.setflags(write=False)
    return picture
