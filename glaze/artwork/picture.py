"""What a picture is to the rest of Glaze."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
"""uint8 or uint16; numpy's types cannot say so."""

_BAND_VALUES = 2**20
_GREY_LEVELS = 2


@dataclass(frozen=True)
class Note:
    """Something that was done to a picture on its way and that its artist should know.

    `key` names the text and `fields` fill it, as in GlazeError, so that a page can translate it. Raises KeyError where
    there is no such text or a field is missing.
    """

    key: str
    fields: Mapping[str, object] = field(default_factory=dict)

    templates: ClassVar[dict[str, str]] = {
        "cmyk_converted": "CMYK colours were converted to sRGB through the picture's own profile, at 8 bits.",
        "cmyk_guessed": "CMYK colours were converted to sRGB by a rule of thumb, as the picture has no usable profile. "
        "Compare the colours, or export it as RGB.",
        "lab_converted": "Lab colours were converted to sRGB, at 8 bits.",
        "profile_converted": "The colour profile is too large for a PNG; the colours were converted to sRGB.",
        "profile_dropped": "The colour profile is damaged or does not fit the picture and was left out.",
        "palette_expanded": "The picture has a palette of colours; the result is stored in full colour.",
        "float_converted": "Floating-point colours were stored as 16-bit.",
        "gps_dropped": "The place where the picture was taken was left out of the result.",
        "metadata_dropped": "Some of the picture's metadata could not be read and was left out. Check your rights "
        "information in the result.",
    }

    def __post_init__(self) -> None:
        self.templates[self.key].format(**self.fields)

    def __str__(self) -> str:
        return self.templates[self.key].format(**self.fields)


@dataclass(frozen=True)
class Metadata:
    """What the result must say besides its pixels.

    one_channel   the file stores grey, so the result does too.
    chunks        the PNG chunks (name, data) that stand before the pixels, in their order.
    """

    one_channel: bool = False
    chunks: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, eq=False)
class Artwork:
    """One picture, upright, in full.

    pixels     (H, W, 3), uint8 0..255 or uint16 0..65535, in the picture's own RGB profile; the colours under
               transparent pixels are those of the file.
    alpha      (H, W) of the same type, or None where the picture has no transparency.
    grey       the file stores one grey channel, or the channels of every pixel lie within 2 8-bit levels.
    metadata   for save_artwork alone.
    notes      what the artist should know.
    """

    path: Path
    pixels: Pixels
    alpha: Pixels | None
    grey: bool
    metadata: Metadata
    notes: tuple[Note, ...]

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])

    @property
    def depth(self) -> int:
        """Bits a channel: 8 or 16."""
        return int(self.pixels.dtype.itemsize) * 8

    @property
    def profile(self) -> bytes:
        """The ICC profile that its colours are in; empty where they are sRGB or nothing is said."""
        for name, data in self.metadata.chunks:
            if name == b"iCCP":
                return zlib.decompress(data.partition(b"\0")[2][1:])  # a name, 0, the method, the profile
        return b""


def bands(height: int, values_per_row: int) -> Iterator[slice]:
    """Rows from top to bottom in slices of about a million values, so that work on a picture needs little memory."""
    rows = max(1, _BAND_VALUES // max(1, values_per_row))
    for top in range(0, height, rows):
        yield slice(top, min(height, top + rows))


def nearly_grey(pixels: Pixels) -> bool:
    """Whether the channels of every pixel of (H, W, 3) uint8 or uint16 lie within 2 8-bit levels of each other."""
    tolerance = _GREY_LEVELS * (257 if pixels.dtype == np.uint16 else 1)
    return _widest_spread(pixels, tolerance) <= tolerance


def exactly_grey(pixels: Pixels) -> bool:
    """Whether the channels of every pixel of (H, W, 3) uint8 or uint16 are equal."""
    return _widest_spread(pixels, 0) == 0


def _widest_spread(pixels: Pixels, enough: int) -> int:
    """The largest difference between channels, or the first one above `enough` that is met."""
    widest = 0
    for rows in bands(pixels.shape[0], pixels.shape[1] * 3):
        red, green, blue = (pixels[rows, :, channel] for channel in range(3))
        highest = np.maximum(np.maximum(red, green), blue)
        lowest = np.minimum(np.minimum(red, green), blue)
        widest = max(widest, int((highest - lowest).max()))
        if widest > enough:
            break
    return widest


def shown(path: Path) -> str:
    """The path as text that every terminal and page can show: undecodable and control characters become U+FFFD."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
