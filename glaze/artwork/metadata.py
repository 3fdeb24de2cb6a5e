"""What goes along from the original to the result, and what must not.

Kept: who made it and what it says (EXIF, XMP, IPTC, comments, PNG text), resolution, PNG's own colour chunks.
Left out: orientation (the result is upright), the place unless asked for, and every preview, since those show the
unglazed picture: EXIF thumbnails, maker notes, Photoshop resources, XMP thumbnails, gain and depth maps.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from glaze.artwork import exif, iptc, xmp
from glaze.artwork.picture import Note

Chunk = tuple[bytes, bytes]

_XMP_KEY: Final = "XML:com.adobe.xmp"
_RAW_PROFILE: Final = "Raw profile type "
_MOST_IN_A_KEY: Final = 79
_WORTH_PACKING: Final = range(2**10, 2**18)
_METRES_IN_AN_INCH: Final = 0.0254
_MOST_PIXELS_A_METRE: Final = 2**31 - 1

_TIFF_XMP, _TIFF_IPTC, _TIFF_PHOTOSHOP, _TIFF_ICC = 700, 33723, 34377, 34675
_TIFF_ACROSS, _TIFF_DOWN, _TIFF_UNIT = 282, 283, 296
_INCHES_IN_A_UNIT: Final = {2: 1.0, 3: 2.54}
_MOST_IN_A_TIFF_VALUE: Final = 2**24


@dataclass
class Found:
    """What a file says besides its pixels, as it stands there.

    exif      its EXIF block.
    xmp       its XMP packet.
    iptc      its IPTC datasets (IIM).
    icc       its colour profile.
    dpi       pixels an inch, across and down.
    texts     comments and the text of a PNG.
    colour    PNG chunks that say what its colours mean.
    damaged   some of it could not be read.
    """

    exif: exif.Directory | None = None
    xmp: bytes = b""
    iptc: bytes = b""
    icc: bytes = b""
    dpi: tuple[float, float] | None = None
    texts: dict[str, str] = field(default_factory=dict)
    colour: tuple[Chunk, ...] = ()
    damaged: bool = False


def found_in(image: Image.Image, colour: tuple[Chunk, ...] = ()) -> Found:
    """What Pillow found in a decoded file of any format but TIFF. `colour` as in Found."""
    found = Found(colour=colour)
    texts: Mapping[str, str] = getattr(image, "text", {})
    profiles: dict[str, bytes] = {}
    for key, text in texts.items():
        if key.startswith(_RAW_PROFILE):
            profiles[key.removeprefix(_RAW_PROFILE).lower()] = _unpacked(text)
        elif key != _XMP_KEY:
            found.texts[key] = text
    if comment := _decoded(_bytes_in(image.info, "comment")):
        found.texts["Comment"] = comment

    block = _bytes_in(image.info, "exif") or profiles.get("exif") or profiles.get("app1", b"")
    block = block.removeprefix(b"Exif\0\0")
    if block:
        try:
            found.exif = exif.first_directory(io.BytesIO(block))
        except (struct.error, ValueError, OverflowError):
            found.damaged = True
    found.xmp = _bytes_in(image.info, "xmp") or profiles.get("xmp", b"")
    found.iptc = _bytes_in(image.info.get("photoshop"), iptc.PHOTOSHOP_RESOURCE) or iptc.in_photoshop(
        profiles.get("iptc", b"")
    )
    found.icc = _bytes_in(image.info, "icc_profile")
    dpi = image.info.get("dpi")
    if isinstance(dpi, tuple) and len(dpi) == 2:
        found.dpi = (float(dpi[0]), float(dpi[1]))
    return found


def found_in_tiff(directory: exif.Directory) -> Found:
    """What the first directory of a TIFF file says."""

    def read(tag: int) -> bytes:
        value = directory.value(tag, _MOST_IN_A_TIFF_VALUE)
        return value.data if value else b""

    found = Found(exif=directory, xmp=read(_TIFF_XMP), icc=read(_TIFF_ICC))
    found.iptc = read(_TIFF_IPTC) or iptc.in_photoshop(read(_TIFF_PHOTOSHOP))
    across, down = directory.numbers(_TIFF_ACROSS), directory.numbers(_TIFF_DOWN)
    inches = _INCHES_IN_A_UNIT.get(directory.number(_TIFF_UNIT, 2))
    if across and down and inches:
        found.dpi = (float(across[0]) * inches, float(down[0]) * inches)
    return found


def chunks(found: Found, profile: bytes, *, sideways: bool, keep_gps: bool) -> tuple[tuple[Chunk, ...], list[Note]]:
    """The chunks of the result that stand before its pixels, and what its artist should know about them.

    `profile` goes into the result, empty for none. `sideways` says that width and height changed places.
    """
    packet, place_in_packet = xmp.clean(found.xmp, keep_gps=keep_gps)
    datasets = iptc.clean(found.iptc)
    places = [key for key in found.texts if "gps" in key.lower()]
    block = exif.kept_block(found.exif, keep_gps=keep_gps) if found.exif else b""
    info = PngInfo()
    if packet:
        info.add_itxt(_XMP_KEY, packet)
    if datasets:
        info.add_text(_RAW_PROFILE + "iptc", iptc.as_text(datasets), zip=True)
    for key, text in found.texts.items():
        if 0 < len(key) <= _MOST_IN_A_KEY and (keep_gps or key not in places):
            info.add_text(key, text, zip=len(text) in _WORTH_PACKING)
    made = (
        # A profile and an sRGB chunk exclude each other.
        *(chunk for chunk in found.colour if not (profile and chunk[0] == b"sRGB")),
        *([(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile))] if profile else []),
        *_resolution(found.dpi, sideways=sideways),
        *([(b"eXIf", block)] if block else []),
        *((name, data) for name, data, *_ in info.chunks),
    )

    notes = []
    if not keep_gps and (places or place_in_packet or (found.exif and exif.has_gps(found.exif))):
        notes.append(Note("gps_dropped"))
    if found.damaged or (found.xmp.strip(b"\0 \r\n") and not packet) or (found.iptc and not datasets):
        notes.append(Note("metadata_dropped"))
    return made, notes


def _resolution(dpi: tuple[float, float] | None, *, sideways: bool) -> list[Chunk]:
    per_metre = [inch / _METRES_IN_AN_INCH for inch in dpi or ()]
    if not per_metre or not all(1 <= pixels <= _MOST_PIXELS_A_METRE for pixels in per_metre):
        return []
    across, down = (round(pixels) for pixels in (reversed(per_metre) if sideways else per_metre))
    return [(b"pHYs", struct.pack(">IIB", across, down, 1))]


def _unpacked(text: str) -> bytes:
    """The bytes of a profile that ImageMagick wrote as PNG text; empty where it is none."""
    try:
        return bytes.fromhex("".join(text.split("\n")[3:]))
    except ValueError:
        return b""


def _bytes_in(mapping: object, key: object) -> bytes:
    value = mapping.get(key) if isinstance(mapping, Mapping) else None
    return value if isinstance(value, bytes) else b""


def _decoded(text: bytes) -> str:
    try:
        return text.decode().strip("\0 ")
    except UnicodeDecodeError:
        return text.decode("latin-1").strip("\0 ")
