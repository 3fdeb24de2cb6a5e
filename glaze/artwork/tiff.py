"""TIFF: the format in which one file can be nearly anything."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from glaze.artwork import colours, exif, formats, metadata
from glaze.artwork.decode import Canvas, Decoded, decode
from glaze.artwork.limits import check_frames, check_size
from glaze.artwork.picture import Note, bands, shown
from glaze.errors import ArtworkUnreadable, ArtworkUnsupported

_KIND_OF_PAGE, _OLD_KIND_OF_PAGE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC = 254, 255, 256, 257, 258, 262
_SAMPLES, _PLANES, _EXTRA_SAMPLES, _SAMPLE_FORMAT, _DNG = 277, 284, 338, 339, 50706

_REDUCED, _MASK, _OLD_REDUCED = 1, 4, 2
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_RAW_PHOTOMETRICS: Final = (32803, 34892)
_FLOAT: Final = 3
_SEPARATE: Final = 2
_PREMULTIPLIED: Final = 1
_ALPHAS: Final = (1, 2)
_COLOURS: Final = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3}
_READABLE: Final = ("u1", "u2", "f2", "f4", "f8")
_HALF_A_STEP: Final = 0.5 / 65535


def decode_tiff(path: Path, file: IO[bytes]) -> Decoded:
    """Decode by Pillow, or by tifffile where Pillow cannot hold the pixels: floats, and deep planes one by one.

    tifffile comes second because it needs a library ten times its size for LZW. Raises ArtworkError, and whatever
    Pillow and tifffile raise on a damaged file.
    """
    first = exif.first_directory(file)
    if _DNG in first or first.number(_KIND_OF_PAGE, 0) & _REDUCED or first.number(_PHOTOMETRIC, 0) in _RAW_PHOTOMETRICS:
        # The first picture in a camera's raw file is a small preview, which nobody wants to glaze.
        raise ArtworkUnsupported("format", path=shown(path), format="RAW")
    check_size(path, first.number(_WIDTH, 0), first.number(_HEIGHT, 0))
    # Small copies and masks of the first picture, as Photoshop and scanners add them, are no further pages.
    check_frames(path, sum(_is_page(directory) for directory in first.pages()))

    deep = first.number(_BITS, 1) > 8
    in_planes = first.number(_PLANES, 1) == _SEPARATE and first.number(_SAMPLES, 1) > 1
    if first.number(_SAMPLE_FORMAT, 1) != _FLOAT and not (deep and in_planes):
        file.seek(0)
        try:
            formats.TIFF.open(file)
        except SyntaxError:
            pass
        else:
            return decode(path, file, formats.TIFF, first)
    return _decode_odd(path, file, first)


def _is_page(directory: exif.Directory) -> bool:
    reduced_or_mask = directory.number(_KIND_OF_PAGE, 0) & (_REDUCED | _MASK)
    return not reduced_or_mask and directory.number(_OLD_KIND_OF_PAGE, 1) != _OLD_REDUCED


def _decode_odd(path: Path, file: IO[bytes], first: exif.Directory) -> Decoded:
    colour_samples = _COLOURS.get(first.number(_PHOTOMETRIC, _BLACK_IS_ZERO), 0)
    values = _by_tifffile(path, file, colour_samples)
    kind_of_alpha = first.number(_EXTRA_SAMPLES, 0) if values.shape[2] > colour_samples else 0
    has_alpha = kind_of_alpha in _ALPHAS
    values = values[..., : colour_samples + has_alpha]
    notes = []
    if values.dtype.kind == "f":
        _check_floats(path, values)
        notes.append(Note("float_converted"))

    turned = first.number(exif.ORIENTATION, 1)
    height, width, _ = values.shape
    dtype = np.uint8 if values.dtype == np.uint8 else np.uint16
    canvas = Canvas((width, height), turned if turned in range(1, 9) else 1, dtype, alpha=has_alpha)
    for rows in bands(height, width * 4):
        band = values[rows]
        if band.dtype.kind == "f":
            band = np.rint(np.clip(band.astype(np.float64), 0, 1) * 65535).astype(np.uint16)
        if first.number(_PHOTOMETRIC, _BLACK_IS_ZERO) == _WHITE_IS_ZERO:
            band = np.concatenate([~band[..., :1], band[..., 1:]], axis=-1)
        canvas.put(rows, band)
    if kind_of_alpha == _PREMULTIPLIED:
        canvas.unpremultiply()
    found = metadata.found_in_tiff(first)
    plan = colours.plan("L" if colour_samples == 1 else "RGB", found.icc, deep=True)
    return Decoded(canvas, found, plan, turned in range(5, 9), notes)


def _by_tifffile(path: Path, file: IO[bytes], colour_samples: int) -> NDArray[Any]:
    """(H, W, samples) as the file has them. Raises ArtworkUnsupported."""
    import tifffile

    file.seek(0)
    page = tifffile.TiffFile(file).pages.first
    photometric, compression = tifffile.PHOTOMETRIC(page.photometric), tifffile.COMPRESSION(page.compression)
    described = f"{page.bitspersample}-bit {photometric.name}, {compression.name}"
    kind = "" if page.dtype is None else f"{page.dtype.kind}{page.dtype.itemsize}"
    if kind not in _READABLE or not 0 < colour_samples <= page.samplesperpixel:
        raise ArtworkUnsupported("mode", path=shown(path), mode=described)
    try:
        values: NDArray[Any] = page.asarray()
    except ValueError as fault:
        if "imagecodecs" not in str(fault):
            raise
        raise ArtworkUnsupported("mode", path=shown(path), mode=described) from fault
    if values.ndim == 2:
        return values[..., None]
    return np.moveaxis(values, 0, -1) if page.axes == "SYX" else values


def _check_floats(path: Path, values: NDArray[Any]) -> None:
    """Raises where a value is no number, or beyond 0 and 1 by more than rounding mends."""
    for rows in bands(len(values), values[0].size):
        if not np.isfinite(values[rows]).all():
            raise ArtworkUnreadable("not_numbers", path=shown(path))
        if values[rows].min() < -_HALF_A_STEP or values[rows].max() > 1 + _HALF_A_STEP:
            mode = "floating-point numbers outside 0 to 1"
            raise ArtworkUnsupported("mode", path=shown(path), mode=mode)
