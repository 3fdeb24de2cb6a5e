"""A picture saved as another file was: what lossy formats leave of it."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any, Final

from PIL import Image, JpegImagePlugin

QUALITIES: Final = range(1, 101)
LOSSLESS: Final = b"VP8L"  # of WebP


def saved_like(picture: Image.Image, path: Path) -> Image.Image:
    """An RGB picture as it came back had it been saved as the file at `path` was; itself where that loses nothing.

    A JPEG says how coarsely it was saved. A WebP does not: the quality is the one at which the picture takes as many
    bytes. AVIF is passed over, since it takes seconds to write. Raises OSError for a file that cannot be read any more.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # large files, odd files: whoever opened the artwork has judged them
        with Image.open(path) as file:
            kind, mode, tables = file.format, file.mode, getattr(file, "quantization", None)
            sampling = JpegImagePlugin.get_sampling(file) if tables else -1
    if tables:
        shown = picture.convert("L") if mode == "L" else picture
        known = {} if sampling < 0 or mode == "L" else {"subsampling": sampling}
        return _again(shown, "JPEG", qtables=tables, **known)
    if kind == "WEBP" and LOSSLESS not in path.read_bytes()[:32]:
        return _again(picture, "WEBP", quality=_quality(picture, path.stat().st_size))
    return picture


def _quality(picture: Image.Image, size: int) -> int:
    """At which the WebP of a picture has about `size` bytes."""
    low, high = QUALITIES[0], QUALITIES[-1]
    while low < high:
        tried = (low + high) // 2
        low, high = (tried + 1, high) if len(_saved(picture, "WEBP", quality=tried)) < size else (low, tried)
    return low


def _saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def _again(picture: Image.Image, kind: str, **options: Any) -> Image.Image:
    with Image.open(io.BytesIO(_saved(picture, kind, **options))) as file:
        return file.convert("RGB")
