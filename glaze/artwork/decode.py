"""Pillow's pixels to upright arrays, band by band.

16-bit colour: Pillow 12.3 holds 8 bits a channel and drops the low bytes of 16-bit RGB and RGBA (grey it keeps). But it
can unpack either byte order, so unpacking a file once more in the other order gives the low bytes. That works for
interlaced files and every compression, and needs no further library. A 4000x3000 16-bit RGB PNG takes 1.5 s; pypng
takes 18 s; kornia_rs 0.5 s, but it reads no grey with alpha, no transparent colour and no metadata.
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glaze.artwork import colours, exif, metadata, png
from glaze.artwork.formats import Format
from glaze.artwork.picture import Note, Pixels, bands, shown
from glaze.errors import ArtworkUnsupported

_COLOURS: Final = {
    "1": "L",
    "L": "L",
    "LA": "L",
    "I;16": "L",
    "I;16L": "L",
    "I;16B": "L",
    "P": "RGB",
    "PA": "RGB",
    "RGB": "RGB",
    "RGBA": "RGB",
    "CMYK": "CMYK",
    "LAB": "LAB",
}
"""Pillow's modes that are read, and what their colours are."""

_PALETTES: Final = ("P", "PA")
_MODE_NAMES: Final = {"I": "32-bit whole numbers", "I;12": "12-bit grey"}
_GREY_ALPHA_16: Final = "LA;16B"
_WHITE_IS_ZERO: Final = 0
_PHOTOMETRIC: Final = 262

_SIDEWAYS: Final = 5
_STEPS: Final = {1: (1, 1), 2: (1, -1), 3: (-1, -1), 4: (-1, 1), 5: (1, 1), 6: (-1, 1), 7: (-1, -1), 8: (1, -1)}
"""By EXIF orientation (CIPA DC-008, 4.6.4): the direction along the upright picture's rows and columns, exchanged from
5 on, in which the stored picture's rows and columns run."""


class Canvas:
    """The upright picture, written in the order in which the file stores it.

    stored_pixels and stored_alpha are views of pixels and alpha, so that turning a picture takes no copy of it.
    """

    def __init__(self, size: tuple[int, int], orientation: int, dtype: type[Any], *, alpha: bool) -> None:
        shape = size if orientation >= _SIDEWAYS else size[::-1]
        self.pixels: Pixels = np.empty((*shape, 3), dtype)
        self.alpha: Pixels | None = np.empty(shape, dtype) if alpha else None
        self.stored_pixels = _as_stored(self.pixels, orientation)
        self.stored_alpha = None if self.alpha is None else _as_stored(self.alpha, orientation)

    def put(self, rows: slice, values: NDArray[Any]) -> None:
        """Store rows of (h, W), (h, W, 1), (h, W, 2), (h, W, 3) or (h, W, 4): grey or colour, then alpha."""
        if values.ndim == 2:
            values = values[..., None]
        samples = values.shape[2]
        self.stored_pixels[rows] = values[..., : 1 if samples in (1, 2) else 3]
        if self.stored_alpha is not None and samples in (2, 4):
            self.stored_alpha[rows] = values[..., -1]

    def clear(self, key: tuple[int, ...]) -> None:
        """Make the one colour `key` (1 or 3 values) transparent and the rest opaque."""
        if self.alpha is None:
            return
        opaque = np.iinfo(self.alpha.dtype).max
        for rows in bands(len(self.pixels), self.pixels.shape[1] * 3):
            self.alpha[rows] = np.where((self.pixels[rows] == key).all(-1), 0, opaque)

    def unpremultiply(self) -> None:
        """From colours that were multiplied by alpha, which a PNG cannot hold, to plain ones; 16-bit."""
        if self.alpha is None:
            return
        for rows in bands(len(self.pixels), self.pixels.shape[1] * 12):
            alpha = np.maximum(self.alpha[rows, :, None], 1).astype(np.uint64)
            plain = (self.pixels[rows].astype(np.uint64) * 65535 + alpha // 2) // alpha
            self.pixels[rows] = np.minimum(plain, 65535)


@dataclass
class Decoded:
    """A picture, what else its file says, what becomes of its colours, and what to tell the artist.

    sideways   width and height changed places on turning it upright.
    """

    canvas: Canvas
    found: metadata.Found
    plan: colours.Plan
    sideways: bool
    notes: list[Note]


def decode(path: Path, file: IO[bytes], kind: Format, extra: png.Survey | exif.Directory | None) -> Decoded:
    """Decode a file by Pillow. `extra` is what else was learned about a PNG or TIFF file.

    Raises ArtworkUnsupported, and whatever Pillow raises on a damaged file.
    """
    image, raw, parts = _load(file, kind)
    if image.mode not in _COLOURS or raw in _MODE_NAMES:
        mode = _MODE_NAMES.get(raw) or _MODE_NAMES.get(image.mode, image.mode)
        raise ArtworkUnsupported("mode", path=shown(path), mode=mode)
    directory = extra if isinstance(extra, exif.Directory) else None
    survey = extra if isinstance(extra, png.Survey) else None
    if directory:
        found = metadata.found_in_tiff(directory)
        # Pillow has turned the picture already; the directory still says how it lies in the file.
        orientation, sideways = 1, directory.number(exif.ORIENTATION, 1) in range(_SIDEWAYS, 9)
    else:
        found = metadata.found_in(image, survey.colour if survey else ())
        orientation = _orientation(image, found)
        sideways = orientation >= _SIDEWAYS

    deep = bool(parts) or image.mode.startswith("I;16")
    one_channel = raw == _GREY_ALPHA_16 or _COLOURS[image.mode] == "L"
    plan = colours.plan("L" if one_channel else _COLOURS[image.mode], found.icc, deep=deep)
    key = _transparent_colour(image, survey.depth if survey else 8)
    transparent = image.mode in ("LA", "RGBA") or (image.mode in _PALETTES and image.has_transparency_data)
    notes = [Note("palette_expanded")] if image.mode in _PALETTES else []

    canvas = Canvas(image.size, orientation, np.uint16 if deep else np.uint8, alpha=transparent or key is not None)
    inverted = directory is not None and deep and directory.number(_PHOTOMETRIC, 1) == _WHITE_IS_ZERO
    _fill(canvas, image, raw, plan, inverted=inverted)
    if len(parts) > 1:
        # The first image goes before the second comes: each takes 4 bytes a pixel.
        del image
        image, _, _ = _load(file, kind, part=1)
        _add_low_bytes(canvas, image)
        if raw.startswith("RGBa"):
            canvas.unpremultiply()
    if key is not None:
        canvas.clear(key)
    return Decoded(canvas, found, plan, sideways, notes)


def _load(file: IO[bytes], kind: Format, part: int = 0) -> tuple[Image.Image, str, tuple[str, ...]]:
    """The decoded file, Pillow's name for how its pixels are packed, and the names to unpack 16-bit colour by.

    `part` says which of those names to unpack by: 0 gives the high bytes (and both of grey with alpha), 1 the low ones.
    """
    file.seek(0)
    image = kind.open(file)
    arguments = image.tile[0].args if image.tile else ""
    raw = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    raw = raw if isinstance(raw, str) else ""
    parts = _parts(raw) if image.mode in ("RGB", "RGBA") else ()
    if parts:
        image.tile = [
            tile._replace(args=(parts[part], *tile.args[1:]) if isinstance(tile.args, tuple) else parts[part])
            for tile in image.tile
        ]
    image.load()
    return image, raw, parts


def _parts(raw: str) -> tuple[str, ...]:
    if raw == _GREY_ALPHA_16:
        # Two samples of 16 bits are four of 8 to Pillow: high and low byte of grey, then of alpha.
        return ("RGBA",)
    if not raw.startswith("RGB") or raw[-4:-1] != ";16":
        return ()
    # Premultiplied colour (RGBa) is unpacked as it is, since it cannot be divided byte by byte.
    name, order = raw[:-1].replace("a", "A"), raw[-1]
    native, other = ("L", "B") if sys.byteorder == "little" else ("B", "L")
    return name + order, name + {"L": "B", "B": "L", "N": other}.get(order, native)


def _fill(canvas: Canvas, image: Image.Image, raw: str, plan: colours.Plan, *, inverted: bool) -> None:
    """Copy a whole decoded picture; of 16-bit RGB its high bytes."""
    width, height = image.size
    high_bytes = canvas.pixels.dtype == np.uint16 and not image.mode.startswith("I;16")
    for rows in bands(height, width * 4):
        band = image.crop((0, rows.start, width, rows.stop))
        if plan.convert:
            if canvas.stored_alpha is not None:
                canvas.stored_alpha[rows] = np.asarray(band.getchannel("A"))
            band = colours.to_rgb(band, plan.transform)
        elif image.mode == "1":
            band = band.convert("L")
        elif image.mode in _PALETTES:
            band = band.convert("RGB" if canvas.alpha is None else "RGBA")
        values = np.asarray(band)
        if raw == _GREY_ALPHA_16:
            values = values[..., 0::2].astype(np.uint16) << 8 | values[..., 1::2]
        elif high_bytes:
            values = values.astype(np.uint16) << 8
        canvas.put(rows, ~values if inverted else values)


def _add_low_bytes(canvas: Canvas, image: Image.Image) -> None:
    width, height = image.size
    for rows in bands(height, width * 4):
        values = np.asarray(image.crop((0, rows.start, width, rows.stop)))
        canvas.stored_pixels[rows] |= values[..., :3]
        if canvas.stored_alpha is not None and values.shape[2] == 4:
            canvas.stored_alpha[rows] |= values[..., 3]


def _as_stored(upright: NDArray[Any], orientation: int) -> NDArray[Any]:
    down, right = _STEPS[orientation]
    return (upright.swapaxes(0, 1) if orientation >= _SIDEWAYS else upright)[::down, ::right]


def _orientation(image: Image.Image, found: metadata.Found) -> int:
    """1 to 8, from EXIF or else XMP, as Pillow and so most training pipelines read it."""
    try:
        orientation = image.getexif().get(exif.ORIENTATION, 1)
    except (ArithmeticError, AttributeError, LookupError, OSError, SyntaxError, TypeError, ValueError, struct.error):
        found.damaged = True
        return 1
    return orientation if isinstance(orientation, int) and orientation in _STEPS else 1


def _transparent_colour(image: Image.Image, depth: int) -> tuple[int, ...] | None:
    """The one colour that a PNG or GIF without alpha calls transparent, in the values that its pixels have here."""
    key = image.info.get("transparency")
    if image.mode == "RGB" and isinstance(key, tuple):
        return tuple(key) if depth > 8 else tuple(value & 0xFF for value in key)
    if isinstance(key, int) and image.mode in ("1", "L", "I;16"):
        # Pillow widens grey of 2 and 4 bits to 8, but not this value.
        return (key * 255 // (2**depth - 1) if depth in (2, 4) else key,)
    return None
