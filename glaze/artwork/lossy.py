"""A picture saved as another file was: what lossy formats leave of it."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any, Final

from PIL import Image, JpegImagePlugin

from glaze.artwork.picture import shown
from glaze.errors import ArtworkNotFound

QUALITIES: Final = range(1, 101)
LOSSLESS: Final = b"VP8L"  # of WebP
HEAD: Final = 32  # bytes


def saved_like(picture: Image.Image, path: Path) -> Image.Image:
    """An RGB picture as it came back had it been saved as the file at `path` was; itself where that loses nothing.

    A JPEG says how coarsely it was saved. A WebP does not: the quality is the one at which the picture takes as many
    bytes. AVIF is passed over, since it takes seconds to write. Raises ArtworkNotFound for a file that is gone since.
    """
    try:
        kind, mode, tables, sampling, size = _told(path)
    except OSError as fault:
        raise ArtworkNotFound("missing", path=shown(path)) from fault
    if tables:
        flat = picture.convert("L") if mode == "L" else picture
        known = {} if sampling < 0 or mode == "L" else {"subsampling": sampling}
        return _again(flat, "JPEG", qtables=tables, **known)
    return _again(picture, "WEBP", quality=_quality(picture, size)) if kind == "WEBP" else picture


def _told(path: Path) -> tuple[str | None, str, Any, int, int]:
    """What a file says of how it was saved: format, mode, a JPEG's tables and sampling, bytes. None for lossless."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd files: whoever opened the artwork has judged them
        with Image.open(path) as file:
            tables = getattr(file, "quantization", None)
            sampling = JpegImagePlugin.get_sampling(file) if tables else -1
            kind, mode = file.format, file.mode
    with path.open("rb") as raw:
        lossless = LOSSLESS in raw.read(HEAD)
    return None if lossless else kind, mode, tables, sampling, path.stat().st_size


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
