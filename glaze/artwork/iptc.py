"""IPTC datasets (IIM 4.2), the older home of captions and credits."""

from __future__ import annotations

import re
import struct
from typing import Final

PHOTOSHOP_RESOURCE: Final = 0x0404
"""The number of the image resource in which Photoshop, and so every JPEG, keeps them."""

_MARK: Final = 0x1C
_ENVELOPE, _APPLICATION = 1, 2
_PREVIEWS: Final = range(200, 203)
_EXTENDED: Final = 0x8000


def clean(data: bytes) -> bytes:
    """The datasets that hold words, up to the first that is damaged: previews and embedded objects stay behind."""
    kept = b""
    at = 0
    while at + 5 <= len(data) and data[at] == _MARK:
        record, dataset, size = struct.unpack_from(">BBH", data, at + 1)
        start = at + 5
        if size & _EXTENDED:
            digits = size - _EXTENDED
            size = int.from_bytes(data[start : start + digits], "big")
            start += digits
        if start + size > len(data):
            break
        if record == _ENVELOPE or (record == _APPLICATION and dataset not in _PREVIEWS):
            kept += data[at : start + size]
        at = start + size
    return kept


def in_photoshop(data: bytes) -> bytes:
    """The datasets in Photoshop's image resources, or `data` itself where it is none of those."""
    if not data.startswith(b"8BIM"):
        return data
    at = 0
    while data[at : at + 4] == b"8BIM" and at + 12 <= len(data):
        (resource,) = struct.unpack_from(">H", data, at + 4)
        # A name of even length with its own length in front, then the size.
        at += 6 + (data[at + 6] + 2) // 2 * 2
        size = int.from_bytes(data[at : at + 4], "big")
        if resource == PHOTOSHOP_RESOURCE:
            return data[at + 4 : at + 4 + size]
        at += 4 + (size + 1) // 2 * 2
    return b""


def as_text(data: bytes) -> str:
    """The datasets as PNG text in the way of ImageMagick, which other programs read: PNG has no chunk for them."""
    block = b"8BIM" + struct.pack(">HHI", PHOTOSHOP_RESOURCE, 0, len(data)) + data + bytes(len(data) % 2)
    return "\n".join(["", "iptc", f"{len(block):8d}", *re.findall(".{1,72}", block.hex()), ""])
