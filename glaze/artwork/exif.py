"""Tag directories: the tables that a TIFF file is made of, and that an EXIF block is one of.

They are read and written here, value by value as bytes, rather than through Pillow's Exif class: that one turns text
that is not ASCII ("©" in a copyright line) into question marks, and fails as a whole on one odd value.
Layout: TIFF 6.0, section 2, and the BigTIFF design; EXIF: CIPA DC-008.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from fractions import Fraction
from typing import IO, Final, NamedTuple

ORIENTATION: Final = 0x0112
EXIF_POINTER: Final = 0x8769
GPS_POINTER: Final = 0x8825

_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WHOLE_NUMBERS: Final = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_RATIONALS: Final = {5: "I", 10: "i"}
_LAST_KIND_IN_EXIF: Final = 12

_MOST_IN_A_VALUE: Final = 2**16
_MOST_IN_A_BLOCK: Final = 2**20
_MOST_PAGES: Final = 10_000
_MOST_TAGS: Final = 2**16

# What an EXIF block keeps of its first directory: the words about the picture, who made it and with what. The rest
# describes how the original file is laid out, or is a preview of the unglazed picture.
_KEPT_IN_FIRST: Final = frozenset(
    {
        0x010D,  # DocumentName
        0x010E,  # ImageDescription
        0x010F,  # Make
        0x0110,  # Model
        0x0131,  # Software
        0x0132,  # DateTime
        0x013B,  # Artist
        0x013C,  # HostComputer
        0x4746,  # Rating
        0x4749,  # RatingPercent
        0x8298,  # Copyright
        *range(0x9C9B, 0x9CA0),  # XPTitle, XPComment, XPAuthor, XPKeywords, XPSubject
    }
)
_LEFT_OUT_OF_EXIF: Final = frozenset(
    {
        0x9101,  # ComponentsConfiguration: of the JPEG
        0x9102,  # CompressedBitsPerPixel: of the JPEG
        0x927C,  # MakerNote: may hold a preview of the unglazed picture, and the place
        0xA001,  # ColorSpace: the profile says it
        0xA002,  # PixelXDimension: other after turning
        0xA003,  # PixelYDimension
        0xA005,  # Interoperability pointer
        0xEA1C,  # Padding
        0xEA1D,  # OffsetSchema
    }
)


class Value(NamedTuple):
    """A tag's value as it lies in the file: TIFF's number for its type, how many of it there are, and the bytes."""

    kind: int
    values: int
    data: bytes


class Directory:
    """One table of tags. Values are read from the file when asked for.

    Raises struct.error where `file` (seekable) has no whole table at `at`.
    """

    def __init__(self, file: IO[bytes], at: int, order: str, *, big: bool = False) -> None:
        self.order = order
        self._file = file
        self._big = big
        # A value of at most this many bytes stands in the table itself, a longer one where the table says.
        self._inline = 8 if big else 4
        self._offset = "Q" if big else "I"
        number, entry = ("Q", "HHQ") if big else ("H", "HHI")
        (count,) = self._unpack(number, at)
        at += struct.calcsize("=" + number)
        self._entries: dict[int, tuple[int, int, int]] = {}
        for _ in range(min(count, _MOST_TAGS)):
            tag, kind, values = self._unpack(entry, at)
            at += struct.calcsize("=" + entry)
            self._entries[tag] = (kind, values, at)
            at += self._inline
        (self.next,) = self._unpack(self._offset, at)

    def __contains__(self, tag: int) -> bool:
        return tag in self._entries

    def tags(self) -> list[int]:
        """Every tag that the table has, in its order."""
        return list(self._entries)

    def value(self, tag: int, most: int = _MOST_IN_A_VALUE) -> Value | None:
        """The value of a tag; None where there is none, its type is unknown, it exceeds `most` bytes or is cut off."""
        kind, count, at = self._entries.get(tag, (0, 0, 0))
        size = _SIZES.get(kind, 0) * count
        if not 0 < size <= most:
            return None
        try:
            if size > self._inline:
                (at,) = self._unpack(self._offset, at)
            self._file.seek(at)
            data = self._file.read(size)
        except (struct.error, OverflowError, ValueError):
            return None
        return Value(kind, count, data) if len(data) == size else None

    def numbers(self, tag: int) -> tuple[int | Fraction, ...]:
        """The value of a tag as numbers; empty where it has none. Rationals without a denominator are left out."""
        value = self.value(tag)
        if value is None:
            return ()
        if letter := _WHOLE_NUMBERS.get(value.kind):
            return struct.unpack(f"{self.order}{value.values}{letter}", value.data)
        if letter := _RATIONALS.get(value.kind):
            pairs = struct.iter_unpack(f"{self.order}2{letter}", value.data)
            return tuple(Fraction(above, below) for above, below in pairs if below)
        return ()

    def number(self, tag: int, otherwise: int) -> int:
        """The first number of a tag, or `otherwise`."""
        return int(next(iter(self.numbers(tag)), otherwise))

    def child(self, tag: int) -> Directory | None:
        """The directory that a tag points to; None where there is none that can be read."""
        at = self.number(tag, 0)
        if at <= 0:
            return None
        try:
            return Directory(self._file, at, self.order, big=self._big)
        except (struct.error, OverflowError, ValueError):
            return None

    def pages(self) -> list[Directory]:
        """The directory itself and those that follow it in the file; as far as they can be read."""
        found: list[Directory] = [self]
        seen: set[int] = set()
        while (at := found[-1].next) and at not in seen and len(found) < _MOST_PAGES:
            seen.add(at)
            try:
                found.append(Directory(self._file, at, self.order, big=self._big))
            except (struct.error, OverflowError, ValueError):
                break
        return found

    def _unpack(self, layout: str, at: int) -> tuple[int, ...]:
        self._file.seek(at)
        layout = self.order + layout
        return struct.unpack(layout, self._file.read(struct.calcsize(layout)))


def first_directory(file: IO[bytes]) -> Directory:
    """The first directory of a TIFF file or EXIF block. Raises struct.error, ValueError or OverflowError on others."""
    file.seek(0)
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
    if not order:
        msg = "neither II nor MM at the start"
        raise ValueError(msg)
    big = head[3 if order == ">" else 2] == ord("+") if len(head) > 3 else False
    (at,) = struct.unpack_from(order + ("Q" if big else "I"), head, 8 if big else 4)
    return Directory(file, at, order, big=big)


def has_gps(directory: Directory) -> bool:
    """Whether the block says where the picture was taken."""
    place = directory.child(GPS_POINTER)
    return place is not None and bool(place.tags())


def kept_block(directory: Directory, *, keep_gps: bool) -> bytes:
    """The part of an EXIF block that goes into the result, as a block of its own without the leading "Exif".

    Orientation, thumbnail, maker notes and everything about the original's layout are left out, and the place unless
    `keep_gps`. Empty where nothing is left.
    """
    room = _MOST_IN_A_BLOCK

    def take(source: Directory | None, tags: frozenset[int] | None = None) -> dict[int, Value]:
        nonlocal room
        taken: dict[int, Value] = {}
        for tag in source.tags() if source else ():
            value = source.value(tag) if source and (tags is None or tag in tags) else None
            if value and value.kind <= _LAST_KIND_IN_EXIF and len(value.data) <= room:
                room -= len(value.data) + 12
                taken[tag] = value
        return taken

    words = take(directory, _KEPT_IN_FIRST)
    taking = {tag: v for tag, v in take(directory.child(EXIF_POINTER)).items() if tag not in _LEFT_OUT_OF_EXIF}
    place = take(directory.child(GPS_POINTER)) if keep_gps else {}
    children = {EXIF_POINTER: taking, GPS_POINTER: place}
    return _block(directory.order, words, {tag: child for tag, child in children.items() if child})


def _block(order: str, first: Mapping[int, Value], children: Mapping[int, Mapping[int, Value]]) -> bytes:
    if not first and not children:
        return b""
    start = 8
    pointers = dict.fromkeys(children, Value(4, 1, bytes(4)))
    end = start + len(_table(order, {**first, **pointers}, start))
    tables = b""
    for tag, child in children.items():
        pointers[tag] = Value(4, 1, struct.pack(order + "I", end + len(tables)))
        tables += _table(order, child, end + len(tables))
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, start)
    return head + _table(order, {**first, **pointers}, start) + tables


def _table(order: str, values: Mapping[int, Value], at: int) -> bytes:
    """One directory and its values, for the place `at` in its block; always of even length."""
    behind = at + 2 + 12 * len(values) + 4
    table = io.BytesIO()
    data = b""
    table.write(struct.pack(order + "H", len(values)))
    for tag, value in sorted(values.items()):
        table.write(struct.pack(order + "HHI", tag, value.kind, value.values))
        if len(value.data) <= 4:
            table.write(value.data.ljust(4, b"\0"))
        else:
            table.write(struct.pack(order + "I", behind + len(data)))
            data += value.data + bytes(len(value.data) % 2)
    table.write(bytes(4))
    return table.getvalue() + data
