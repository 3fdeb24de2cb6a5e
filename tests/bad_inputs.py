"""Files that are no pictures to glaze, each with the error that it must give. For the tests of every way in.

Each is made by a function that gets the path to make it at. They are small: what is large about a bomb is what its
header claims.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, features

from glaze.errors import (
    ArtworkError,
    ArtworkNotFound,
    ArtworkTooLarge,
    ArtworkTooSmall,
    ArtworkUnreadable,
    ArtworkUnsupported,
)

Maker = Callable[[Path], object]


class Bad(NamedTuple):
    """A file name, how to make that file, and the error and key that opening it must give."""

    name: str
    make: Maker
    error: type[ArtworkError]
    key: str


def painting(width: int = 96, height: int = 80, seed: int = 0) -> NDArray[np.uint8]:
    """(height, width, 3) of smooth shades and grain."""
    rows, columns = np.mgrid[0:height, 0:width]
    shades = np.stack([rows * 2 % 256, columns * 2 % 256, (rows + columns) % 256], axis=-1)
    return (shades + np.random.default_rng(seed).integers(0, 24, shades.shape)).clip(0, 255).astype(np.uint8)


def encoded(kind: str, **options: object) -> bytes:
    """The painting as a file of one of Pillow's formats."""
    stream = io.BytesIO()
    Image.fromarray(painting()).save(stream, kind, **options)
    return stream.getvalue()


def png_chunk(name: bytes, data: bytes) -> bytes:
    """One chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_header(width: int, height: int, depth: int = 8, colour_type: int = 2) -> bytes:
    """The signature and first chunk of a PNG."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)


def with_chunk(png: bytes, chunk: bytes) -> bytes:
    """The PNG with another chunk before its pixels."""
    at = png.index(b"IDAT") - 4
    return png[:at] + chunk + png[at:]


def holding(data: bytes | str) -> Maker:
    """A file with this content."""
    return lambda path: path.write_bytes(data.encode() if isinstance(data, str) else data)


def _cut(kind: str, part: float, **options: object) -> Maker:
    def make(path: Path) -> None:
        whole = encoded(kind, **options)
        path.write_bytes(whole[: int(len(whole) * part)])

    return make


def _sized(width: int, height: int, kind: str = "PNG") -> Maker:
    return lambda path: Image.new("RGB", (width, height), "teal").save(path, kind)


def _animated(kind: str) -> Maker:
    def make(path: Path) -> None:
        frames = [Image.fromarray(painting(seed=seed)) for seed in range(3)]
        frames[0].save(path, kind, save_all=True, append_images=frames[1:])

    return make


def _floats(wrong: float, channels: int) -> Maker:
    def make(path: Path) -> None:
        values = np.full((70, 90, 3)[: 2 + (channels > 1)], 0.5, np.float32)
        values[5, 5] = wrong
        tifffile.imwrite(path, values, photometric="rgb" if channels > 1 else "minisblack")

    return make


def _flipped_in_pixels(path: Path) -> None:
    data = bytearray(encoded("PNG"))
    data[data.index(b"IDAT") + 2000] ^= 0x10
    path.write_bytes(data)


def _wrong_checksum(path: Path) -> None:
    data = bytearray(encoded("PNG"))
    data[data.index(b"IHDR") + 17 + 2] ^= 0xFF
    path.write_bytes(data)


def _wrong_checksum_of_pixels(path: Path) -> None:
    data = bytearray(encoded("PNG"))
    data[-16] ^= 1  # the last byte before the end chunk
    path.write_bytes(data)


def _png_bomb(path: Path) -> None:
    squeezer = zlib.compressobj(9)
    rows = b"".join(squeezer.compress(bytes(60001)) for _ in range(60)) + squeezer.flush()
    path.write_bytes(png_header(20000, 20000) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b""))


def _text_bomb(path: Path) -> None:
    text = b"Comment\0\1\0\0\0" + zlib.compress(bytes(64 * 2**20), 9)
    path.write_bytes(with_chunk(encoded("PNG"), png_chunk(b"iTXt", text)))


def _gif_bomb(path: Path) -> None:
    data = bytearray(encoded("GIF"))
    data[6:10] = struct.pack("<HH", 65535, 65535)
    path.write_bytes(data)


def _webp_bomb(path: Path) -> None:
    canvas = bytes([0, 0, 0, 0]) + (16382).to_bytes(3, "little") * 2
    picture = encoded("WEBP", lossless=True)[12:]
    body = b"WEBPVP8X" + struct.pack("<I", len(canvas)) + canvas + picture
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)


def _bmp_bomb(path: Path) -> None:
    data = bytearray(encoded("BMP"))
    data[18:26] = struct.pack("<ii", 30000, 30000)
    path.write_bytes(data)


def _tiff(**tags: int) -> bytes:
    """A TIFF header whose first directory has only whole numbers in it."""
    entries = sorted((int(tag.removeprefix("t")), value) for tag, value in tags.items())
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4) + bytes(4096)


def _raw_preview(path: Path) -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, painting(), photometric="rgb", subfiletype=1, extratags=[(50706, 1, 4, b"\1\4\0\0", True)])
    path.write_bytes(stream.getvalue())


def _pages(path: Path) -> None:
    tifffile.imwrite(path, np.stack([painting(seed=seed) for seed in range(2)]), photometric="rgb")


def _loop_of_links(path: Path) -> None:
    other = path.with_name("other-end.png")
    other.symlink_to(path.name)
    path.symlink_to(other.name)


def _pipe(path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(path)


def _svg() -> str:
    return '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"/>'


def _damaged() -> Iterator[Bad]:
    damaged = (ArtworkUnreadable, "damaged")
    for kind, ending in (
        ("PNG", "png"),
        ("JPEG", "jpg"),
        ("WEBP", "webp"),
        ("TIFF", "tif"),
        ("BMP", "bmp"),
        ("GIF", "gif"),
    ):
        for percent in (30, 60, 90):
            yield Bad(f"cut at {percent}%.{ending}", _cut(kind, percent / 100), *damaged)
    if features.check("avif"):
        for percent in (30, 90):
            yield Bad(f"cut at {percent}%.avif", _cut("AVIF", percent / 100), *damaged)
        yield Bad("flip book.avif", _animated("AVIF"), ArtworkUnsupported, "animated")
    yield Bad("cut at 60%, LZW.tif", _cut("TIFF", 0.6, compression="tiff_lzw"), *damaged)
    yield Bad("cut at 60%, progressive.jpg", _cut("JPEG", 0.6, progressive=True), *damaged)
    yield Bad("cut at 60%, lossless.webp", _cut("WEBP", 0.6, lossless=True), *damaged)
    yield Bad("signature alone.png", holding(b"\x89PNG\r\n\x1a\n"), *damaged)
    yield Bad("header alone.png", holding(png_header(90, 90)), *damaged)
    yield Bad("no pixels.png", holding(png_header(90, 90) + png_chunk(b"IEND", b"")), *damaged)
    yield Bad("unknown kind of pixels.png", holding(png_header(90, 90, depth=3) + png_chunk(b"IDAT", b"")), *damaged)
    yield Bad("one bit flipped.png", _flipped_in_pixels, *damaged)
    yield Bad("wrong checksum.png", _wrong_checksum, *damaged)
    yield Bad("wrong checksum of pixels.png", _wrong_checksum_of_pixels, *damaged)
    yield Bad("bomb in text.png", _text_bomb, *damaged)
    yield Bad("markers alone.jpg", holding(b"\xff\xd8\xff\xe0"), *damaged)
    yield Bad("no tables.jpg", holding(b"\xff\xd8\xff\xdb" + bytes(2000) + b"\xff\xd9"), *damaged)
    yield Bad("broken header.jpg", holding(encoded("JPEG")[:20] + b"\xff\xc0\0\1" + encoded("JPEG")[24:]), *damaged)
    yield Bad("no directory.tif", holding(b"II*\0\xff\xff\xff\x7f"), *damaged)
    yield Bad("header alone.gif", holding(encoded("GIF")[:40]), *damaged)


def _no_pictures() -> Iterator[Bad]:
    picture = (ArtworkUnreadable, "not_a_picture")
    yield Bad("a note.png", holding("Dear diary, today I painted nothing.\n"), *picture)
    yield Bad("saved page.jpg", holding("<!DOCTYPE html><html><body>404 Not Found</body></html>"), *picture)
    yield Bad("BMW.bmp", holding("BMW is a car maker, and this is a text that starts like a bitmap."), *picture)
    yield Bad("zeros.png", holding(bytes(4096)), *picture)
    yield Bad("two bytes.jpg", holding(b"\xff\xd8"), *picture)
    yield Bad("archive.webp", holding(b"PK\3\4" + bytes(200)), *picture)
    yield Bad("sound.webp", holding(b"RIFF\x24\0\0\0WAVEfmt "), *picture)
    yield Bad("a pipe.png", _pipe, *picture)
    yield Bad("nothing.png", holding(b""), ArtworkUnreadable, "empty")


def _other_formats() -> Iterator[Bad]:
    other = (ArtworkUnsupported, "format")
    yield Bad("drawing.svg", holding(_svg()), *other)
    yield Bad("drawing.png", holding(_svg()), *other)
    yield Bad("portfolio.pdf", holding("%PDF-1.7\n%\n1 0 obj\n<<>>\nendobj\n"), *other)
    yield Bad("layers.psd", holding(b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 90, 90, 8, 3)), *other)
    yield Bad("postscript.eps", holding("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\nshowpage\n"), *other)
    yield Bad("postscript.png", holding("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\nshowpage\n"), *other)
    yield Bad("phone.heic", holding(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)), *other)
    yield Bad("clip.mp4", holding(b"\0\0\0\x18ftypisom\0\0\0\0isommp41" + bytes(200)), *other)
    yield Bad("layers.kra", holding(b"PK\3\4" + bytes(26) + b"mimetypeapplication/x-krita" + bytes(99)), *other)
    yield Bad("new.jxl", holding(b"\xff\x0a" + bytes(99)), *other)
    yield Bad("canon.cr2", holding(b"II*\0\x10\0\0\0CR\2\0" + bytes(99)), *other)
    yield Bad("fuji.raf", holding(b"FUJIFILMCCD-RAW 0201" + bytes(99)), *other)
    yield Bad("digital negative.dng", _raw_preview, *other)


def _beyond_a_still_picture() -> Iterator[Bad]:
    yield Bad("flip book.gif", _animated("GIF"), ArtworkUnsupported, "animated")
    yield Bad("flip book.webp", _animated("WEBP"), ArtworkUnsupported, "animated")
    yield Bad("flip book.png", _animated("PNG"), ArtworkUnsupported, "animated")
    yield Bad("two pages.tif", _pages, ArtworkUnsupported, "animated")

    yield Bad("not a number.tif", _floats(float("nan"), 1), ArtworkUnreadable, "not_numbers")
    yield Bad("not a number in colour.tif", _floats(float("nan"), 3), ArtworkUnreadable, "not_numbers")
    yield Bad("infinity.tif", _floats(float("inf"), 3), ArtworkUnreadable, "not_numbers")
    yield Bad("brighter than white.tif", _floats(7.5, 3), ArtworkUnsupported, "mode")
    yield Bad(
        "32-bit.tif",
        lambda path: tifffile.imwrite(path, painting()[..., 0].astype(np.uint32)),
        ArtworkUnsupported,
        "mode",
    )


def _sizes() -> Iterator[Bad]:
    small, large = (ArtworkTooSmall, "size"), (ArtworkTooLarge, "size")
    yield Bad("1x1.png", _sized(1, 1), *small)
    yield Bad("1x1.gif", _sized(1, 1, "GIF"), *small)
    yield Bad("63x100.png", _sized(63, 100), *small)
    yield Bad("100x63.jpg", _sized(100, 63, "JPEG"), *small)
    yield Bad("5000x2.webp", _sized(5000, 2, "WEBP"), *small)
    yield Bad("20000x20000.png", _png_bomb, *large)
    yield Bad("65535x65535.gif", _gif_bomb, *large)
    yield Bad("16383x16383.webp", _webp_bomb, *large)
    yield Bad("30000x30000.bmp", _bmp_bomb, *large)
    yield Bad(
        "50000x50000.tif", holding(_tiff(t256=50000, t257=50000, t258=8, t262=1, t273=256, t277=1, t278=50000)), *large
    )


def _no_files() -> Iterator[Bad]:
    yield Bad("a folder.png", lambda path: path.mkdir(), ArtworkNotFound, "folder")
    yield Bad("missing.png", lambda _path: None, ArtworkNotFound, "missing")
    yield Bad("broken link.png", lambda path: path.symlink_to("nowhere.png"), ArtworkNotFound, "missing")
    yield Bad("loop.png", _loop_of_links, ArtworkNotFound, "missing")


BAD_INPUTS: tuple[Bad, ...] = (
    *_damaged(),
    *_no_pictures(),
    *_other_formats(),
    *_beyond_a_still_picture(),
    *_sizes(),
    *_no_files(),
)
