"""XMP packets (ISO 16684-1): what must not go along is cut out, the rest stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from xml.dom import minidom
from xml.parsers.expat import ExpatError

_MOST: Final = 2**24
_PADDING: Final = b"\0 \t\r\n"

_XMLNS: Final = "http://www.w3.org/2000/xmlns/"
_TIFF: Final = "http://ns.adobe.com/tiff/1.0/"
_BASIC: Final = "http://ns.adobe.com/xap/1.0/"
_STALE: Final = (
    "http://ns.google.com/photos/1.0/",
    "http://ns.adobe.com/hdr-gain-map/1.0/",
    "http://ns.adobe.com/xap/1.0/g/img/",
    "http://ns.adobe.com/xmp/note/",
)
"""Namespaces of previews, depth and gain maps, which hold or describe the unglazed picture, and of pointers to parts of
the file that do not go along."""

_Node = minidom.Element | minidom.Attr


def clean(packet: bytes, *, keep_gps: bool) -> tuple[bytes, bool]:
    """The packet as it goes into the result, and whether it names a place.

    Without orientation and previews, and without the place unless `keep_gps`. Empty where it cannot be read, since what
    it says cannot be told then.
    """
    packet = packet.strip(_PADDING)
    # Entities can make a small packet huge, and XMP has no use for them. A zero byte means UTF-16 or -32, which a PNG
    # may not hold and in which entities would not be found.
    if not packet or len(packet) > _MOST or any(sign in packet for sign in (b"<!DOCTYPE", b"<!ENTITY", b"\0")):
        return b"", False
    try:
        packet.decode()
        document = minidom.parseString(packet)  # noqa: S318 (there are no entities, see above)
        names_place = _cut(document, _is_place, keep=keep_gps)
        if _cut(document, _is_stale) or (names_place and not keep_gps):
            packet = "".join(node.toxml() for node in document.childNodes).encode()
    except (ExpatError, ValueError, LookupError, RecursionError):
        return b"", False
    return packet, names_place


def _cut(document: minidom.Document, unwanted: Callable[[_Node], bool], *, keep: bool = False) -> bool:
    """Remove the unwanted elements and attributes, unless `keep`. Whether there were any."""
    found = False
    waiting: list[minidom.Document | minidom.Element] = [document]
    while waiting:
        parent = waiting.pop()
        for child in [node for node in parent.childNodes if isinstance(node, minidom.Element)]:
            attributes = [attribute for attribute in child.attributes.values() if unwanted(attribute)]
            found |= bool(attributes) or unwanted(child)
            if unwanted(child) and not keep:
                parent.removeChild(child)
                continue
            for attribute in () if keep else attributes:
                child.removeAttributeNode(attribute)
            waiting.append(child)
    return found


def _is_place(node: _Node) -> bool:
    return node.namespaceURI != _XMLNS and (node.localName or "").lower().startswith("gps")


def _is_stale(node: _Node) -> bool:
    namespace = node.namespaceURI or ""
    return (
        (namespace == _TIFF and node.localName == "Orientation")
        or (namespace == _BASIC and node.localName == "Thumbnails")
        or namespace.startswith(_STALE)
    )
