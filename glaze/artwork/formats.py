"""Which files Glaze reads. The first bytes decide, never the name.

Pillow's plugins are called one by one instead of through Image.open: Image.open tries every format that is installed,
and one of those (EPS) starts Ghostscript on what it is given. It also refuses a large picture without saying its size.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import IO, Final, NamedTuple

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

HEAD: Final = 1024
"""Bytes from the start of a file that recognise() and foreign() want."""


class Format(NamedTuple):
    """A kind of file that Glaze reads: its name, the endings of its names, and Pillow's class for it."""

    name: str
    suffixes: tuple[str, ...]
    open: Callable[[IO[bytes]], ImageFile.ImageFile]


PNG = Format("PNG", (".png", ".apng"), PngImagePlugin.PngImageFile)
# A JPEG with further pictures behind the first (MPO, gain maps: many phones) is read as the first one.
JPEG = Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"), JpegImagePlugin.JpegImageFile)
WEBP = Format("WebP", (".webp",), WebPImagePlugin.WebPImageFile)
TIFF = Format("TIFF", (".tif", ".tiff"), TiffImagePlugin.TiffImageFile)
BMP = Format("BMP", (".bmp",), BmpImagePlugin.BmpImageFile)
GIF = Format("GIF", (".gif",), GifImagePlugin.GifImageFile)
AVIF = Format("AVIF", (".avif",), AvifImagePlugin.AvifImageFile)

_READABLE: Final = (
    PNG,
    JPEG,
    *((WEBP,) if WebPImagePlugin.SUPPORTED else ()),
    TIFF,
    BMP,
    GIF,
    *((AVIF,) if AvifImagePlugin.SUPPORTED else ()),
)

FORMATS: Final[tuple[str, ...]] = tuple(readable.name for readable in _READABLE)
"""The formats that Glaze reads here, for messages. Pillow cannot read HEIC."""

SUFFIXES: Final[frozenset[str]] = frozenset(suffix for readable in _READABLE for suffix in readable.suffixes)
"""Endings of file names, in lower case, that find_artworks looks for in a folder."""

_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BMP_HEADER_SIZES = {12, 16, 40, 52, 56, 64, 108, 124}

_FOREIGN: Final = (
    ("PDF", b"%PDF"),
    ("PSD", b"8BPS"),
    ("EPS", b"%!PS"),
    ("EPS", b"\xc5\xd0\xd3\xc6"),
    ("JPEG XL", b"\xff\x0a"),
    ("JPEG XL", b"\0\0\0\x0cJXL "),
    ("JPEG 2000", b"\0\0\0\x0cjP  "),
    ("JPEG 2000", b"\xff\x4f\xff\x51"),
    ("XCF", b"gimp xcf"),
    ("Clip Studio", b"CSFCHUNK"),
    ("OpenEXR", b"v/1\x01"),
    ("RAW", b"FUJIFILMCCD-RAW"),
    ("RAW", b"IIRO"),
    ("RAW", b"IIRS"),
    ("RAW", b"MMOR"),
    ("RAW", b"IIU\0"),
    ("RAW", b"FOVb"),
)
"""Files that artists have and Glaze does not read, to tell them by name: (name, first bytes)."""

_FOREIGN_ZIPS: Final = (("Krita", b"application/x-krita"), ("OpenRaster", b"image/openraster"))


def recognise(head: bytes) -> Format | None:
    """The format of a file that starts with `head` (its first HEAD bytes), or None where Glaze cannot read it."""
    found: Format | None = None
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        found = PNG
    elif head.startswith(b"\xff\xd8\xff"):
        found = JPEG
    elif head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        found = WEBP
    elif head.startswith(_TIFF_STARTS) and head[8:10] != b"CR":
        found = TIFF
    elif head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        found = BMP
    elif head.startswith((b"GIF87a", b"GIF89a")):
        found = GIF
    elif _brands(head) & {b"avif", b"avis"}:
        found = AVIF
    return found if found in _READABLE else None


def foreign(head: bytes) -> str | None:
    """The name of a known format that Glaze does not read, for a file that starts with `head`; None if unknown."""
    for name, start in _FOREIGN:
        if head.startswith(start):
            return name
    if head.startswith(b"PK\x03\x04"):
        return next((name for name, kind in _FOREIGN_ZIPS if kind in head), None)
    if head.startswith(_TIFF_STARTS) or b"crx " in _brands(head):
        return "RAW"
    if brands := _brands(head):
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        return "HEIC" if brands & {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1"} else "MP4"
    return "SVG" if b"<svg" in head else None


def size_in_head(kind: Format, head: bytes) -> tuple[int, int] | None:
    """Width and height, for the formats whose Pillow class takes memory for the whole picture on opening it already."""
    try:
        if kind is GIF:
            width, height = struct.unpack_from("<HH", head, 6)
            return width, height
        if kind is WEBP and head[12:16] == b"VP8X":
            return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
        if kind is WEBP and head[12:16] == b"VP8L":
            (packed,) = struct.unpack_from("<I", head, 21)
            return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
        if kind is WEBP and head[12:16] == b"VP8 ":
            width, height = struct.unpack_from("<HH", head, 26)
            return width & 0x3FFF, height & 0x3FFF
    except struct.error:
        return None
    return None


def _brands(head: bytes) -> set[bytes]:
    """The brands of an ISO media file (AVIF, HEIC, MP4), empty for others."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}
