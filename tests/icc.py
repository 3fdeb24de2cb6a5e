"""Colour profiles (ICC.1:2001-04), as small as they come, for tests. Little CMS makes none for CMYK or grey."""

from __future__ import annotations

import functools
import struct

from PIL import ImageCms

_D50 = struct.pack(">iii", 63190, 65536, 54061)  # s15Fixed16


@functools.cache
def srgb() -> bytes:
    """Little CMS's own sRGB; always the same, though it has the time in it."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def grey(gamma: float = 1.8) -> bytes:
    """One grey channel with a gamma curve."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": curve})


def rgb(gamma: float = 1.4) -> bytes:
    """sRGB's primaries with a gamma curve of another height."""
    primaries = {b"rXYZ": (28577, 14581, 912), b"gXYZ": (25241, 46981, 6362), b"bXYZ": (9376, 3972, 46799)}
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    tags = {name: b"XYZ " + bytes(4) + struct.pack(">iii", *place) for name, place in primaries.items()}
    return _profile(b"mntr", b"RGB ", b"XYZ ", {**tags, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)})


def cmyk(inks: dict[tuple[int, int, int, int], tuple[int, int, int]]) -> bytes:
    """Inks (each 0 or 1) to Lab as 8-bit numbers (L 0..255, a and b around 128); white where nothing is said."""
    identity = bytes(range(256))
    corners = b"".join(
        bytes(inks.get((c, m, y, k), (255, 128, 128))) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)
    )
    unit = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + unit + identity * 4 + corners + identity * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table, b"A2B1": table})


def _profile(kind: bytes, space: bytes, between: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {
        **tags,
        b"wtpt": b"XYZ " + bytes(4) + _D50,
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78),
    }
    at = 128 + 4 + 12 * len(tags)
    index, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        index += struct.pack(">4sII", name, at + len(data), len(content))
        data += padded
    head = struct.pack(
        ">I4sI4s4s4s12s4s28x12s48x", at + len(data), b"", 0x02400000, kind, space, between, bytes(12), b"acsp", _D50
    )
    return head + index + data
