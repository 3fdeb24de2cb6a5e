"""A picture in, a picture out: pixels, alpha, depth, colours and metadata; and a file whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import random
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.dom import minidom

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, PngImagePlugin, features

from glaze.artwork import FORMATS, SUFFIXES, Artwork, Note, find_artworks, open_artwork, png, save_artwork
from glaze.errors import ArtworkNotFound, GlazeError, OutOfMemory, SaveError
from tests import icc
from tests.bad_inputs import encoded, painting, png_chunk, png_header, with_chunk

Pixels = NDArray[Any]

LEFT_OUT = b"\xff\xd8\xff\xdb the unglazed picture, small"
COPYRIGHT, DESCRIPTION = "© 2024 Ana Müller", "A picture of été"
XMP_HEAD = (
    '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    'xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" '
)
XMP_TAIL = "</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
RIGHTS = "<dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>© Ana Müller</rdf:li></rdf:Alt></dc:rights>"


def deep(pixels: Pixels, seed: int = 1) -> Pixels:
    """8-bit pixels as uint16, with a low byte of their own."""
    low: Pixels = np.random.default_rng(seed).integers(0, 256, pixels.shape, np.uint16)
    low |= pixels.astype(np.uint16) << 8
    return low


def soft_alpha(height: int = 80, width: int = 96) -> NDArray[np.uint8]:
    """From clear at the left to opaque at the right."""
    return np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))


def read_png(path: Path) -> Pixels:
    """What Pillow reads from a written file."""
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image)


def through(path: Path, folder: Path, **options: bool) -> tuple[Artwork, Path]:
    """Open a picture and save it unchanged."""
    artwork = open_artwork(path, **options)
    return artwork, save_artwork(artwork, artwork.pixels, folder)


def clearness(artwork: Artwork) -> Pixels:
    """An artwork's alpha, where it must have one."""
    assert artwork.alpha is not None
    return artwork.alpha


def keys(artwork: Artwork) -> list[str]:
    """The keys of an artwork's notes."""
    return [note.key for note in artwork.notes]


def one_file(tmp_path: Path, name: str = "art.png") -> Artwork:
    """An artwork from a small PNG in tmp_path."""
    path = tmp_path / name
    Image.fromarray(painting()).save(path)
    return open_artwork(path)


def names(folder: Path) -> set[str]:
    """What a folder holds."""
    return {child.name for child in folder.iterdir()}


# ---- formats and modes


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "quality": 60}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "jpeg"}),
        ("BMP", {}),
        ("GIF", {}),
        ("AVIF", {}),
    ],
)
def test_pixels_are_those_of_the_file(tmp_path: Path, kind: str, options: dict[str, Any]) -> None:
    if kind in ("AVIF", "WEBP") and not features.check(kind.lower()):
        pytest.skip(f"this Pillow reads no {kind}")
    path = tmp_path / "art.jpg"  # the content decides, not the name
    path.write_bytes(encoded(kind, **options))
    with Image.open(path) as image:
        expected = np.asarray(image.convert("RGB"))
    artwork, saved = through(path, tmp_path)
    assert np.array_equal(artwork.pixels, expected)
    assert artwork.pixels.flags.writeable
    assert (artwork.width, artwork.height, artwork.depth) == (96, 80, 8)
    assert artwork.alpha is None
    assert not artwork.grey
    assert np.array_equal(read_png(saved), expected)


def test_the_names_of_formats_have_their_suffixes() -> None:
    assert {"PNG", "JPEG", "TIFF", "BMP", "GIF"} <= set(FORMATS)
    assert {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif"} <= SUFFIXES
    assert ("AVIF" in FORMATS) == (".avif" in SUFFIXES) == features.check("avif")


def test_first_picture_of_a_phone_jpeg(tmp_path: Path) -> None:
    first, second = (Image.fromarray(painting(seed=seed)) for seed in (0, 5))
    path = tmp_path / "phone.jpg"
    first.save(path, "MPO", save_all=True, append_images=[second], quality=95)
    artwork = open_artwork(path)
    assert np.abs(artwork.pixels.astype(int) - painting()).mean() < 6


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_modes(tmp_path: Path, mode: str, kind: str) -> None:
    if (mode, kind) == ("PA", "PNG"):
        pytest.skip("PNG has no palette with an alpha channel")
    image = Image.fromarray(np.dstack([painting(), soft_alpha()]))
    image = (image.convert("RGB") if mode == "P" else image).convert(mode)
    path = tmp_path / "art"
    image.save(path, kind)
    with Image.open(path) as again:
        expected = np.asarray(again.convert("RGBA"))
    artwork, saved = through(path, tmp_path)
    assert np.array_equal(artwork.pixels, expected[..., :3])
    assert (artwork.alpha is None) == (mode in ("1", "L", "P"))
    if artwork.alpha is not None:
        assert np.array_equal(clearness(artwork), expected[..., 3])
    grey = mode in ("1", "L", "LA")
    assert artwork.grey == grey
    assert ("palette_expanded" in keys(artwork)) == (mode in ("P", "PA"))
    with Image.open(saved) as written:
        assert (
            written.mode
            == {(True, False): "L", (True, True): "LA", (False, False): "RGB", (False, True): "RGBA"}[
                grey, artwork.alpha is not None
            ]
        )
        assert np.array_equal(np.asarray(written.convert("RGBA")), expected)


def test_palette_with_transparency(tmp_path: Path) -> None:
    path = tmp_path / "art.png"
    image = Image.fromarray(painting()).quantize(16)
    image.save(path, transparency=bytes([0, 40, 255]))
    with Image.open(path) as again:
        expected = np.asarray(again.convert("RGBA"))
    artwork, saved = through(path, tmp_path)
    assert set(np.unique(clearness(artwork))) == {0, 40, 255}
    assert np.array_equal(read_png(saved), expected)


@pytest.mark.parametrize(("depth", "levels"), [(1, 2), (2, 4), (4, 16), (8, 256)])
def test_one_grey_that_is_transparent(tmp_path: Path, depth: int, levels: int) -> None:
    values = np.random.default_rng(0).integers(0, levels, (64, 64), np.uint8)
    packed = np.packbits(np.unpackbits(values[..., None], axis=-1)[..., 8 - depth :].reshape(64, -1), axis=-1)
    rows = b"".join(b"\0" + row.tobytes() for row in packed)
    path = tmp_path / "art.png"
    path.write_bytes(
        png_header(64, 64, depth, colour_type=0)
        + png_chunk(b"tRNS", struct.pack(">H", 1))
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )
    artwork, saved = through(path, tmp_path)
    assert np.array_equal(artwork.pixels[..., 0], values * (255 // (levels - 1)))
    assert np.array_equal(artwork.alpha == 0, values == 1)
    assert np.array_equal(read_png(saved)[..., 1], clearness(artwork))


@pytest.mark.parametrize("bits", [8, 16])
def test_one_colour_that_is_transparent(tmp_path: Path, bits: int) -> None:
    pixels = painting() if bits == 8 else deep(painting())
    pixels[10:20, 30:50] = key = pixels[0, 0].copy()
    stream = io.BytesIO()
    png.write(stream, pixels, None, [(b"tRNS", struct.pack(">3H", *(int(value) for value in key)))], grey=False)
    path = tmp_path / "art.png"
    path.write_bytes(stream.getvalue())
    artwork = open_artwork(path)
    assert np.array_equal(artwork.pixels, pixels)
    assert np.array_equal(artwork.alpha == 0, (pixels == key).all(-1))
    assert artwork.alpha is not None
    assert artwork.alpha.max() == (255 if bits == 8 else 65535)


def test_colours_under_transparent_pixels_are_kept(tmp_path: Path) -> None:
    pixels, alpha = painting(), soft_alpha()
    alpha[:, :40] = 0
    path = tmp_path / "art.png"
    Image.fromarray(np.dstack([pixels, alpha])).save(path)
    artwork = open_artwork(path)
    glazed = artwork.pixels.copy()
    glazed[:, 40:] ^= 1
    assert np.array_equal(read_png(save_artwork(artwork, glazed, tmp_path)), np.dstack([glazed, alpha]))


@pytest.mark.parametrize(("spread", "grey"), [(0, True), (2, True), (3, False)])
@pytest.mark.parametrize("bits", [8, 16])
def test_grey_that_is_stored_as_colour(tmp_path: Path, spread: int, grey: bool, bits: int) -> None:
    pixels = np.repeat(painting()[..., :1] // 2, 3, axis=-1).astype(np.uint16)
    pixels[-1, -1, 2] += spread
    stored = pixels.astype(np.uint8) if bits == 8 else pixels * 257
    tifffile.imwrite(tmp_path / "art.tif", stored, photometric="rgb")
    artwork, saved = through(tmp_path / "art.tif", tmp_path)
    assert artwork.grey == grey
    assert saved.read_bytes()[25] == 2  # it came as colour and goes as colour


# ---- orientation


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_orientation_is_applied_once(tmp_path: Path, kind: str, orientation: int) -> None:
    tags = Image.Exif()
    tags[0x0112] = orientation
    path = tmp_path / "art"
    Image.fromarray(painting()).save(path, kind, exif=tags, dpi=(100, 200), lossless=True)
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
        told_dpi = "dpi" in image.info
    artwork, saved = through(path, tmp_path)
    assert np.array_equal(artwork.pixels, expected)
    with Image.open(saved) as written:
        assert np.array_equal(np.asarray(ImageOps.exif_transpose(written)), expected)
        assert 0x0112 not in written.getexif()
        if told_dpi:
            assert written.info["dpi"] == pytest.approx((200, 100) if orientation > 4 else (100, 200), abs=0.1)


@pytest.mark.parametrize("orientation", [3, 6, 7])
def test_orientation_of_16_bit_with_alpha(tmp_path: Path, orientation: int) -> None:
    pixels = deep(np.dstack([painting(), soft_alpha()]))
    tags = Image.Exif()
    tags[0x0112] = orientation
    block = tags.tobytes().removeprefix(b"Exif\0\0")
    with (tmp_path / "art.png").open("wb") as file:
        png.write(file, pixels[..., :3], pixels[..., 3], [(b"eXIf", block)], grey=False)
    turned = {3: np.rot90(pixels, 2), 6: np.rot90(pixels, -1), 7: np.rot90(pixels.swapaxes(0, 1), 2)}[orientation]
    artwork, _ = through(tmp_path / "art.png", tmp_path)
    assert np.array_equal(artwork.pixels, turned[..., :3])
    assert np.array_equal(clearness(artwork), turned[..., 3])


@pytest.mark.parametrize("value", [0, 9, 77])
def test_orientation_that_does_not_exist(tmp_path: Path, value: int) -> None:
    tags = Image.Exif()
    tags[0x0112] = value
    Image.fromarray(painting()).save(tmp_path / "art.png", exif=tags)
    assert np.array_equal(open_artwork(tmp_path / "art.png").pixels, painting())


# ---- 16 bit


def interlaced_png(pixels: NDArray[np.uint16]) -> bytes:
    """A 16-bit RGB PNG in Adam7's seven passes."""
    rows = b""
    for top, left, down, right in (
        (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1),
    ):  # fmt: skip
        for row in pixels[top::down, left::right].astype(">u2"):
            rows += b"\0" + row.tobytes()
    height, width, _ = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 1)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bit_png_in_and_out(tmp_path: Path, channels: int) -> None:
    pixels = deep(np.dstack([painting(), soft_alpha()]))
    colour = np.repeat(pixels[..., :1], 3, axis=-1) if channels < 3 else pixels[..., :3]
    alpha = pixels[..., 3] if channels in (2, 4) else None
    with (tmp_path / "art.png").open("wb") as file:
        png.write(file, colour, alpha, [], grey=channels < 3)
    artwork, saved = through(tmp_path / "art.png", tmp_path)
    assert artwork.depth == 16
    assert np.array_equal(artwork.pixels, colour)
    assert (artwork.alpha is None) == (alpha is None)
    assert alpha is None or np.array_equal(clearness(artwork), alpha)
    assert artwork.grey == (channels < 3)
    assert tuple(saved.read_bytes()[24:26]) == (16, {1: 0, 2: 4, 3: 2, 4: 6}[channels])
    assert saved.read_bytes() == (tmp_path / "art.png").read_bytes()


def test_16_bit_grey_png_as_pillow_writes_it(tmp_path: Path) -> None:
    values = deep(painting()[..., 0])
    Image.fromarray(values).save(tmp_path / "art.png")
    artwork, saved = through(tmp_path / "art.png", tmp_path)
    assert np.array_equal(artwork.pixels, np.repeat(values[..., None], 3, axis=-1))
    assert np.array_equal(read_png(saved), values)


def test_16_bit_interlaced_png(tmp_path: Path) -> None:
    pixels = deep(painting(71, 65))
    (tmp_path / "art.png").write_bytes(interlaced_png(pixels))
    assert np.array_equal(open_artwork(tmp_path / "art.png").pixels, pixels)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zlib"},
        {"compression": "zlib", "predictor": 2},
        {"compression": "zlib", "tile": (32, 48)},
        {"planarconfig": "separate"},
        {"planarconfig": "separate", "compression": "zlib"},
        {"bigtiff": True},
        {"rowsperstrip": 7},
    ],
    ids=str,
)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bit_tiff(tmp_path: Path, channels: int, options: dict[str, Any], order: Any) -> None:
    pixels = deep(np.dstack([painting(), soft_alpha()]))
    stored = {1: pixels[..., 0], 2: pixels[..., ::3], 3: pixels[..., :3], 4: pixels}[channels]
    if options.get("planarconfig") and channels > 1:
        stored = np.moveaxis(stored, -1, 0)
    elif channels == 1:
        options = {name: value for name, value in options.items() if name != "planarconfig"}
    alpha: dict[str, Any] = {"extrasamples": ["unassalpha"]} if channels in (2, 4) else {}
    photometric = "rgb" if channels > 2 else "minisblack"
    path = tmp_path / "art.tif"
    tifffile.imwrite(path, stored, photometric=photometric, byteorder=order, **alpha, **options)
    artwork, saved = through(path, tmp_path)
    assert artwork.depth == 16
    assert np.array_equal(artwork.pixels[..., 0], pixels[..., 0])
    assert np.array_equal(artwork.pixels[..., 2], pixels[..., 2 if channels > 2 else 0])
    assert (artwork.alpha is None) == (channels in (1, 3))
    assert artwork.alpha is None or np.array_equal(clearness(artwork), pixels[..., 3])
    assert np.array_equal(open_artwork(saved).pixels, artwork.pixels)


def test_16_bit_tiff_that_pillow_wrote_with_lzw(tmp_path: Path) -> None:
    values = deep(painting()[..., 0])
    Image.fromarray(values).save(tmp_path / "art.tif", compression="tiff_lzw")
    assert np.array_equal(open_artwork(tmp_path / "art.tif").pixels[..., 0], values)


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}], ids=str)
def test_16_bit_tiff_with_a_channel_that_is_no_alpha(tmp_path: Path, options: dict[str, Any]) -> None:
    pixels = deep(np.dstack([painting(), soft_alpha()]))
    tifffile.imwrite(tmp_path / "art.tif", pixels, photometric="rgb", extrasamples=["unspecified"], **options)
    artwork = open_artwork(tmp_path / "art.tif")
    assert np.array_equal(artwork.pixels, pixels[..., :3])
    assert artwork.alpha is None


def test_16_bit_cmyk_is_converted_at_8_bits(tmp_path: Path) -> None:
    inks = np.asarray(Image.fromarray(painting()).convert("CMYK"))
    tifffile.imwrite(tmp_path / "art.tif", deep(inks), photometric="separated")
    artwork = open_artwork(tmp_path / "art.tif")
    assert keys(artwork) == ["cmyk_guessed"]
    assert np.array_equal(artwork.pixels, np.asarray(Image.fromarray(inks, "CMYK").convert("RGB")))


@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_16_bit_tiff_with_colours_multiplied_by_alpha(tmp_path: Path, planes: Any) -> None:
    pixels, alpha = deep(painting()), deep(soft_alpha())
    multiplied = np.rint(pixels * (alpha[..., None] / 65535)).astype(np.uint16)
    stored = np.dstack([multiplied, alpha])
    if planes == "separate":
        stored = np.moveaxis(stored, -1, 0)
    tifffile.imwrite(tmp_path / "art.tif", stored, photometric="rgb", extrasamples=["assocalpha"], planarconfig=planes)
    artwork = open_artwork(tmp_path / "art.tif")
    assert np.array_equal(clearness(artwork), alpha)
    clear = alpha > 2000
    assert np.abs(artwork.pixels[clear].astype(int) - pixels[clear]).max() <= 17  # half a step of 65535 / 2000


@pytest.mark.parametrize(("dtype", "options"), [(np.uint8, {}), (np.uint16, {}), (np.uint16, {"compression": "zlib"})])
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_whose_zero_is_white(tmp_path: Path, dtype: Any, options: dict[str, Any], order: Any) -> None:
    values = painting()[..., 0] if dtype is np.uint8 else deep(painting()[..., 0])
    tifffile.imwrite(tmp_path / "art.tif", values, photometric="miniswhite", byteorder=order, **options)
    assert np.array_equal(open_artwork(tmp_path / "art.tif").pixels[..., 1], np.iinfo(dtype).max - values)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_float_tiff_becomes_16_bit(tmp_path: Path, dtype: Any, channels: int) -> None:
    values = (np.dstack([painting(), soft_alpha()]) / 255).astype(dtype)
    stored = {1: values[..., 0], 3: values[..., :3], 4: values}[channels]
    extra: dict[str, Any] = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    tifffile.imwrite(tmp_path / "art.tif", stored, photometric="rgb" if channels > 1 else "minisblack", **extra)
    artwork = open_artwork(tmp_path / "art.tif")
    assert np.array_equal(artwork.pixels[..., 0], np.rint(values[..., 0].astype(np.float64) * 65535))
    assert "float_converted" in keys(artwork)
    assert artwork.grey == (channels == 1)
    assert (artwork.alpha is not None) == (channels == 4)


def test_float_tiff_that_only_a_large_library_unpacks(tmp_path: Path) -> None:
    Image.fromarray((painting()[..., 0] / 255).astype(np.float32)).save(tmp_path / "a.tif", compression="tiff_lzw")
    with pytest.raises(GlazeError, match="32-bit MINISBLACK, LZW") as caught:
        open_artwork(tmp_path / "a.tif")
    assert caught.value.key == "mode"


def test_small_copies_in_a_tiff_are_no_pages(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "art.tif") as file:
        file.write(painting(), photometric="rgb")
        file.write(painting()[::2, ::2], photometric="rgb", subfiletype=1)
    assert np.array_equal(open_artwork(tmp_path / "art.tif").pixels, painting())


# ---- colours


def test_rgb_profile_goes_along_and_pixels_stay(tmp_path: Path) -> None:
    for kind in ("PNG", "JPEG", "TIFF", "WEBP"):
        path = tmp_path / f"art.{kind}"
        Image.fromarray(painting()).save(path, kind, icc_profile=icc.srgb(), lossless=True)
        with Image.open(path) as image:
            expected = np.asarray(image)
        artwork, saved = through(path, tmp_path)
        assert artwork.notes == ()
        assert np.array_equal(artwork.pixels, expected)
        with Image.open(saved) as written:
            assert written.info["icc_profile"] == icc.srgb()


def test_grey_profile_goes_along(tmp_path: Path) -> None:
    path = tmp_path / "art.tif"
    Image.fromarray(painting()[..., 0]).save(path, icc_profile=icc.grey())
    artwork, saved = through(path, tmp_path)
    assert artwork.notes == ()
    with Image.open(saved) as written:
        assert (written.mode, written.info["icc_profile"]) == ("L", icc.grey())


def test_grey_with_an_rgb_profile_becomes_colour(tmp_path: Path) -> None:
    path = tmp_path / "art.jpg"
    Image.fromarray(painting()[..., 0]).save(path, icc_profile=icc.srgb())
    artwork, saved = through(path, tmp_path)
    assert artwork.grey
    with Image.open(saved) as written:
        assert (written.mode, written.info["icc_profile"]) == ("RGB", icc.srgb())


@pytest.mark.parametrize(
    "profile", [b"not a profile", icc.grey(), icc.cmyk({}), icc.srgb()[:200]], ids=["nonsense", "grey", "CMYK", "cut"]
)
def test_profile_that_does_not_fit_is_dropped_with_a_note(tmp_path: Path, profile: bytes) -> None:
    path = tmp_path / "art.jpg"
    Image.fromarray(painting()).save(path, icc_profile=profile, quality=95)
    artwork, saved = through(path, tmp_path)
    assert keys(artwork) == ["profile_dropped"]
    with Image.open(saved) as written:
        assert "icc_profile" not in written.info


def large_profile() -> bytes:
    """A profile that Pillow would refuse in a PNG."""
    padded = icc.srgb() + bytes(2**20)
    return struct.pack(">I", len(padded)) + padded[4:]


def test_profile_too_large_for_a_16_bit_png(tmp_path: Path) -> None:
    tags = [(34675, 7, None, large_profile(), True)]
    tifffile.imwrite(tmp_path / "art.tif", deep(painting()), photometric="rgb", extratags=tags)
    artwork, saved = through(tmp_path / "art.tif", tmp_path)
    assert keys(artwork) == ["profile_dropped"]
    assert b"iCCP" not in saved.read_bytes()


def test_profile_too_large_for_a_png(tmp_path: Path) -> None:
    path = tmp_path / "art.jpg"
    Image.fromarray(painting()).save(path, icc_profile=large_profile(), quality=95)
    artwork, saved = through(path, tmp_path)
    assert keys(artwork) == ["profile_converted"]
    with Image.open(path) as image, Image.open(saved) as written:
        assert np.abs(np.asarray(image).astype(int) - np.asarray(written)).max() <= 1  # it was sRGB all along
        assert written.info["srgb"] == 0


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_through_its_profile(tmp_path: Path, kind: str) -> None:
    image = Image.new("CMYK", (70, 80), (0, 0, 0, 0))
    image.paste((255, 0, 0, 0), (0, 0, 70, 40))
    image.save(tmp_path / "art", kind, icc_profile=icc.cmyk({(1, 0, 0, 0): (136, 208, 195)}), quality=95)
    artwork, saved = through(tmp_path / "art", tmp_path)
    assert keys(artwork) == ["cmyk_converted"]
    assert np.abs(artwork.pixels[10, 10].astype(int) - (251, 0, 8)).max() < 6  # this printer's cyan ink is red
    assert artwork.pixels[70, 10].min() > 250
    with Image.open(saved) as written:
        assert (written.mode, written.info["srgb"]) == ("RGB", 0)
        assert "icc_profile" not in written.info


@pytest.mark.parametrize("profile", [None, b"nonsense", icc.srgb()])
def test_cmyk_without_a_usable_profile(tmp_path: Path, profile: bytes | None) -> None:
    image = Image.fromarray(painting()).convert("CMYK")
    image.save(tmp_path / "art.tif", icc_profile=profile)
    artwork = open_artwork(tmp_path / "art.tif")
    assert keys(artwork) == ["cmyk_guessed"]
    assert np.array_equal(artwork.pixels, np.asarray(image.convert("RGB")))


def test_lab(tmp_path: Path) -> None:
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    to_lab.apply(Image.fromarray(painting())).save(tmp_path / "art.tif")
    artwork = open_artwork(tmp_path / "art.tif")
    assert keys(artwork) == ["lab_converted"]
    assert np.abs(artwork.pixels.astype(int) - painting()).mean() < 3


def test_ycbcr_tiff(tmp_path: Path) -> None:
    Image.fromarray(painting()).convert("YCbCr").save(tmp_path / "art.tif", compression="jpeg", quality=95)
    assert np.abs(open_artwork(tmp_path / "art.tif").pixels.astype(int) - painting()).mean() < 8


def test_colour_chunks_of_a_png_go_along(tmp_path: Path) -> None:
    gamma, primaries = struct.pack(">I", 50000), struct.pack(">8I", *range(31270, 31278))
    chunks = png_chunk(b"gAMA", gamma) + png_chunk(b"cHRM", primaries)
    (tmp_path / "art.png").write_bytes(with_chunk(encoded("PNG"), chunks))
    _, saved = through(tmp_path / "art.png", tmp_path)
    with Image.open(saved) as written:
        assert written.info["gamma"] == 0.5
        assert written.info["chromaticity"][0] == 0.3127


# ---- metadata


def exif_block() -> bytes:
    """Rights, a date, maker notes and a place."""
    tags = Image.Exif()
    tags[0x010E] = DESCRIPTION.encode()
    tags[0x013B] = "Ana Muller"
    tags[0x8298] = COPYRIGHT.encode()
    tags[0x8769] = {0x9003: "2024:05:06 07:08:09", 0x829A: (1, 125), 0x927C: LEFT_OUT, 0xA002: 96}
    tags[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0)}
    return tags.tobytes()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "AVIF"])
@pytest.mark.parametrize("keep_gps", [False, True])
def test_exif(tmp_path: Path, kind: str, keep_gps: bool) -> None:
    if kind in ("AVIF", "WEBP") and not features.check(kind.lower()):
        pytest.skip(f"this Pillow reads no {kind}")
    path = tmp_path / "art"
    Image.fromarray(painting()).save(path, kind, exif=exif_block())
    for words in (COPYRIGHT, DESCRIPTION):
        # Pillow's TIFF writer makes question marks of what is not ASCII.
        asked = bytes(ord("?") if byte > 127 else byte for byte in words.encode())
        path.write_bytes(path.read_bytes().replace(asked, words.encode()))
    artwork, saved = through(path, tmp_path, keep_gps=keep_gps)
    assert ("gps_dropped" in keys(artwork)) != keep_gps
    with Image.open(saved) as written:
        tags = written.getexif()
        assert tags[0x013B] == "Ana Muller"
        assert tags[0x8298].encode("latin-1") == COPYRIGHT.encode()
        assert tags[0x010E].encode("latin-1") == DESCRIPTION.encode()
        taking = tags.get_ifd(0x8769)
        assert taking[0x9003] == "2024:05:06 07:08:09"
        assert 0x927C not in taking
        assert 0xA002 not in taking
        assert tags.get_ifd(0x8825).get(2) == ((52.0, 31.0, 12.0) if keep_gps else None)
    assert LEFT_OUT not in saved.read_bytes()


def test_exif_thumbnail_stays_behind(tmp_path: Path) -> None:
    second = struct.pack("<H", 2) + struct.pack("<HHII", 0x0201, 4, 1, 84) + struct.pack("<HHII", 0x0202, 4, 1, 40)
    artist = struct.pack("<HHI4s", 0x013B, 2, 4, b"Ana\0")
    block = b"II*\0" + struct.pack("<IH", 8, 1) + artist + struct.pack("<I", 26) + second + bytes(4)
    block = block.ljust(84, b"\0") + LEFT_OUT
    path = tmp_path / "art.jpg"
    Image.fromarray(painting()).save(path, exif=b"Exif\0\0" + block)
    assert LEFT_OUT in path.read_bytes()
    _, saved = through(path, tmp_path)
    assert LEFT_OUT not in saved.read_bytes()
    with Image.open(saved) as written:
        assert written.getexif()[0x013B] == "Ana"


@pytest.mark.parametrize(
    "block", [b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"]
)
def test_damaged_exif_is_no_reason_to_refuse(tmp_path: Path, block: bytes) -> None:
    Image.fromarray(painting()).save(tmp_path / "art.webp", exif=block, lossless=True)
    artwork, _ = through(tmp_path / "art.webp", tmp_path)
    assert np.array_equal(artwork.pixels, painting())
    assert "metadata_dropped" in keys(artwork)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("keep_gps", [False, True])
def test_xmp(tmp_path: Path, kind: str, keep_gps: bool) -> None:
    packet = (
        f'{XMP_HEAD} exif:GPSLatitude="52,31.2N" tiff:Orientation="1" xmp:CreatorTool="Krita">{RIGHTS}'
        f"<exif:GPSLongitude>13,24.3E</exif:GPSLongitude><xmp:Thumbnails>{'QUJD' * 9}</xmp:Thumbnails>{XMP_TAIL}"
    )
    path = tmp_path / "art"
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", packet)
    options: dict[str, Any] = {"tiffinfo": {700: packet.encode()}} if kind == "TIFF" else {"xmp": packet.encode()}
    Image.fromarray(painting()).save(path, kind, **options, pnginfo=info)
    artwork, saved = through(path, tmp_path, keep_gps=keep_gps)
    assert ("gps_dropped" in keys(artwork)) != keep_gps
    with Image.open(saved) as written:
        written.load()
        kept = written.info["xmp"].decode()
    assert 'xmp:CreatorTool="Krita"' in kept
    minidom.parseString(kept)  # noqa: S318 (our own)
    assert "© Ana Müller" in kept
    assert ("GPSLatitude" in kept) == ("GPSLongitude" in kept) == keep_gps
    assert "Thumbnails" not in kept.replace("xmlns", "")
    assert "Orientation" not in kept
    assert "xpacket" in kept


def test_xmp_with_nothing_to_hide_is_kept_to_the_byte(tmp_path: Path) -> None:
    packet = f"{XMP_HEAD}>{RIGHTS}{XMP_TAIL}".encode()
    Image.fromarray(painting()).save(tmp_path / "art.jpg", xmp=packet + b" \n" * 50)
    _, saved = through(tmp_path / "art.jpg", tmp_path)
    with Image.open(saved) as written:
        assert written.info["xmp"] == packet


@pytest.mark.parametrize(
    "packet",
    [
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>",
        b"<!DOCTYPE a [<!ENTITY b 'bbbb'>]><a>&b;</a>",
        f"{XMP_HEAD}>{XMP_TAIL}".encode("utf-16"),
        b"<a>" * 4000 + b"</a>" * 4000,
    ],
    ids=["cut", "entities", "UTF-16", "deep"],
)
def test_xmp_that_cannot_be_checked_is_dropped_with_a_note(tmp_path: Path, packet: bytes) -> None:
    packet = packet.replace(b"<a>", b"<a exif:GPSLatitude='1' xmlns:exif='e'>", 1)
    Image.fromarray(painting()).save(tmp_path / "art.jpg", xmp=packet)
    artwork, saved = through(tmp_path / "art.jpg", tmp_path)
    assert keys(artwork)[-1:] == ["metadata_dropped"]
    with Image.open(saved) as written:
        written.load()
        assert "xmp" not in written.info


def iptc_datasets() -> bytes:
    """A byline, a long caption, and a preview that must not go along."""
    caption = b"words " * 6000
    return (
        b"\x1c\x01\x5a\x00\x03\x1b%G\x1c\x02\x50\x00\x0aAna Muller\x1c\x02\x78\x80\x04"
        + struct.pack(">I", len(caption))
        + caption
        + b"\x1c\x02\xca"
        + struct.pack(">H", len(LEFT_OUT))
        + LEFT_OUT
        + b"\x1c\x02\x74\x00\x0c(c) A Muller"
    )


def photoshop_block() -> bytes:
    """Image resources as Photoshop writes them: a thumbnail, then IPTC."""
    data = iptc_datasets()
    thumbnail = b"8BIM\x04\x0c\0\0" + struct.pack(">I", len(LEFT_OUT)) + LEFT_OUT + bytes(len(LEFT_OUT) % 2)
    return thumbnail + b"8BIM\x04\x04\x03abc" + struct.pack(">I", len(data)) + data + bytes(len(data) % 2)


@pytest.mark.parametrize("source", ["JPEG", "TIFF", "TIFF of Photoshop", "PNG"])
def test_iptc(tmp_path: Path, source: str) -> None:
    path = tmp_path / "art"
    if source == "JPEG":
        block = b"Photoshop 3.0\0" + photoshop_block()
        plain = encoded("JPEG")
        path.write_bytes(plain[:2] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + plain[2:])
    elif source == "TIFF":
        tifffile.imwrite(path, painting(), photometric="rgb", extratags=[(33723, 7, None, iptc_datasets(), True)])
    elif source == "TIFF of Photoshop":
        tifffile.imwrite(path, painting(), photometric="rgb", extratags=[(34377, 1, None, photoshop_block(), True)])
    else:
        info = PngImagePlugin.PngInfo()
        info.add_text("Raw profile type iptc", f"\niptc\n {len(iptc_datasets())}\n{iptc_datasets().hex()}\n", zip=True)
        Image.fromarray(painting()).save(path, "PNG", pnginfo=info)
    assert LEFT_OUT in path.read_bytes() or source == "PNG"
    artwork, saved = through(path, tmp_path)
    assert keys(artwork) == []
    with Image.open(saved) as written:
        written.load()
        lines = written.info["Raw profile type iptc"].split("\n")
    block = bytes.fromhex("".join(lines[3:]))
    assert block.startswith(b"8BIM\x04\x04\0\0")
    assert b"Ana Muller" in block
    assert b"words words" in block
    assert b"(c) A Muller" in block
    assert LEFT_OUT not in block
    # and again, from the result
    _, again = through(saved, tmp_path)
    assert again.read_bytes() == saved.read_bytes()


def test_text_of_a_png(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Copyright", "© Ana")
    info.add_text("Author", "作者")
    info.add_itxt("Title", "Sommer", lang="de", tkey="Titel")
    info.add_text("Description", "long " * 2000)
    info.add_text("exif:GPSLatitude", "52/1")
    info.add_text("Raw profile type 8bim", "\n8bim\n 4\n00000000\n")
    Image.fromarray(painting()).save(tmp_path / "art.png", pnginfo=info, dpi=(300, 300))
    artwork, saved = through(tmp_path / "art.png", tmp_path)
    assert keys(artwork) == ["gps_dropped"]
    with Image.open(saved) as written:
        assert isinstance(written, PngImagePlugin.PngImageFile)
        assert written.text == {
            "Copyright": "© Ana", "Author": "作者", "Title": "Sommer", "Description": "long " * 2000,
        }  # fmt: skip
        title = written.text["Title"]
        assert isinstance(title, PngImagePlugin.iTXt)
        assert (title.lang, title.tkey) == ("de", "Titel")
        assert written.info["dpi"] == pytest.approx((300, 300), abs=0.01)


@pytest.mark.parametrize("kind", ["JPEG", "GIF"])
def test_comment(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "art"
    Image.fromarray(painting()).save(path, kind, comment="© Ana Müller".encode())
    _, saved = through(path, tmp_path)
    with Image.open(saved) as written:
        written.load()
        assert written.info["Comment"] == "© Ana Müller"


@pytest.mark.parametrize("unit", [2, 3])
def test_resolution_of_a_tiff(tmp_path: Path, unit: int) -> None:
    tifffile.imwrite(tmp_path / "a.tif", painting(), photometric="rgb", resolution=(120, 60), resolutionunit=unit)
    _, saved = through(tmp_path / "a.tif", tmp_path)
    with Image.open(saved) as written:
        assert written.info["dpi"] == pytest.approx((120, 60) if unit == 2 else (304.8, 152.4), abs=0.05)


def test_every_note_is_a_sentence() -> None:
    for key in Note.templates:
        assert str(Note(key)).endswith(".")
    with pytest.raises(KeyError):
        Note("no_such_note")


# ---- no surprise


def test_the_original_is_only_read(tmp_path: Path) -> None:
    path = tmp_path / "art.jpg"
    path.write_bytes(encoded("JPEG", exif=exif_block(), icc_profile=icc.srgb()))
    path.chmod(0o444)
    os.utime(path, ns=(10**18, 10**18))
    before = (hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mtime_ns, path.stat().st_ino)
    through(path, tmp_path)
    assert (hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mtime_ns, path.stat().st_ino) == before


def damaged_files() -> Iterator[bytes]:
    chance = random.Random(7)
    packet = f"{XMP_HEAD} exif:GPSLatitude='1'>{RIGHTS}{XMP_TAIL}".encode()
    originals = [
        encoded("PNG", exif=exif_block(), icc_profile=icc.srgb(), dpi=(72, 72)),
        encoded("JPEG", exif=exif_block(), icc_profile=icc.srgb(), xmp=packet),
        encoded("WEBP", exif=exif_block(), icc_profile=icc.srgb(), xmp=packet),
        encoded("TIFF", exif=exif_block(), icc_profile=icc.srgb()),
        encoded("TIFF", compression="tiff_lzw"),
        encoded("BMP"),
        encoded("GIF"),
        interlaced_png(deep(painting())),
    ]
    for kind in (np.uint16, np.float32):
        stream = io.BytesIO()
        tifffile.imwrite(stream, (painting() / 255).astype(kind), photometric="rgb", compression="zlib")
        originals.append(stream.getvalue())
    if features.check("avif"):
        originals.append(encoded("AVIF", exif=exif_block(), icc_profile=icc.srgb()))
    for original in originals:
        for _ in range(12):
            data = bytearray(original)
            for _ in range(chance.choice((1, 3, 30))):
                # Headers and tables stand at the two ends.
                at = chance.choice((chance.randrange(600), -1 - chance.randrange(400))) % len(data)
                data[at] = chance.choice((0, 1, 127, 128, 255, chance.randrange(256)))
            yield bytes(data)


def test_damaged_files_give_our_own_errors_alone(tmp_path: Path) -> None:
    path = tmp_path / "art.png"
    outcomes = {"opened": 0, "refused": 0}
    for data in damaged_files():
        path.write_bytes(data)
        try:
            artwork = open_artwork(path)
        except GlazeError:
            outcomes["refused"] += 1
        else:
            outcomes["opened"] += 1
            save_artwork(artwork, artwork.pixels, tmp_path / "out")
    assert min(outcomes.values()) > 20


def test_out_of_memory_has_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artwork = one_file(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("glaze.artwork.decode.Canvas", fail)
    with pytest.raises(OutOfMemory, match=r"art\.png"):
        open_artwork(artwork.path)
    with pytest.raises(OutOfMemory, match=r"art\.png"):
        save_artwork(artwork, artwork.pixels, tmp_path / "out")
    assert names(tmp_path / "out") == set()


# ---- the writer


@settings(max_examples=40, deadline=None)
@given(
    arrays.arrays(
        np.uint8, arrays.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=20).map(lambda s: (s[0], s[1], 4))
    ),
    st.sampled_from(["L", "LA", "RGB", "RGBA"]),
)
def test_written_png_is_what_pillow_reads(values: Pixels, mode: str) -> None:
    grey = mode in ("L", "LA")
    pixels = np.repeat(values[..., :1], 3, axis=-1) if grey else values[..., :3]
    stream = io.BytesIO()
    png.write(stream, pixels, values[..., 3] if mode.endswith("A") else None, [], grey=grey)
    with Image.open(stream) as image:
        assert image.mode == mode
        expected = {"L": values[..., 0], "LA": values[..., [0, 3]], "RGB": values[..., :3], "RGBA": values}[mode]
        assert np.array_equal(np.asarray(image), expected)
    png.survey(stream)


def test_paeth_predicts_as_the_standard_says() -> None:
    """Every combination of a few neighbours, ties included, against section 9.4 of the standard, word for word."""
    a, b, c = (axis.ravel().astype(np.uint8) for axis in np.meshgrid(*[[0, 1, 2, 3, 4, 128, 254, 255]] * 3))

    def predict(left: int, up: int, up_left: int) -> int:
        estimate = left + up - up_left
        return min((left, up, up_left), key=lambda neighbour: abs(estimate - neighbour))

    expected = [predict(*(int(value) for value in values)) for values in zip(a, b, c, strict=True)]
    assert png._paeth(a, b, c).tolist() == expected


def test_every_filter_of_the_writer_is_used_and_read_back() -> None:
    """Rows that are constant, smooth along, repeated and smooth in both directions."""
    rows, columns = np.mgrid[0:40, 0:64].astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (1, 64), np.uint8)
    parts = [np.zeros_like(rows), columns * 4, np.repeat(noise, 40, axis=0), painting(64, 40)[..., 0]]
    pixels = np.repeat(np.concatenate(parts)[..., None], 3, axis=-1)
    stream = io.BytesIO()
    png.write(stream, pixels, None, [], grey=False)
    data = stream.getvalue()
    at = data.index(b"IDAT")
    (length,) = struct.unpack_from(">I", data, at - 4)
    tail = data[at + 4 + length + 4 :]
    packed = data[at + 4 : at + 4 + length]
    if tail[4:8] == b"IDAT":
        packed += tail[8 : 8 + struct.unpack_from(">I", tail)[0]]
    assert set(zlib.decompress(packed)[:: 64 * 3 + 1]) == {0, 1, 2, 4}
    with Image.open(stream) as image:
        assert np.array_equal(np.asarray(image), pixels)


# ---- saving


def test_names_count_up_and_nothing_is_overwritten(tmp_path: Path) -> None:
    artwork = one_file(tmp_path)
    (tmp_path / "art-glazed-2.png").write_text("mine")
    (tmp_path / "art-glazed-3.png").symlink_to("nowhere.png")
    (tmp_path / "art-glazed-4.png").mkdir()
    saved = [save_artwork(artwork, artwork.pixels, tmp_path).name for _ in range(3)]
    assert saved == ["art-glazed.png", "art-glazed-5.png", "art-glazed-6.png"]
    assert (tmp_path / "art-glazed-2.png").read_text() == "mine"
    assert not (tmp_path / "nowhere.png").exists()
    assert save_artwork(artwork, artwork.pixels, tmp_path, "-decoy").name == "art-decoy.png"
    assert not [name for name in names(tmp_path) if name.endswith(".part")]


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("two words.png", "two words-glazed.png"),
        ("-rf.png", "-rf-glazed.png"),
        ("作品 é.jpeg", "作品 é-glazed.png"),
        ("v1.2.final.PNG", "v1.2.final-glazed.png"),
        ("v1.2", "v1.2-glazed.png"),
        ("no ending", "no ending-glazed.png"),
        (".hidden.png", ".hidden-glazed.png"),
        (".png", ".png-glazed.png"),
        ("...", "...-glazed.png"),
        ("%s {name}.png", "%s {name}-glazed.png"),
    ],
)
def test_names(tmp_path: Path, name: str, result: str) -> None:
    artwork = one_file(tmp_path, "art.png")
    named = Artwork(tmp_path / name, artwork.pixels, None, artwork.grey, artwork.metadata, ())
    assert save_artwork(named, artwork.pixels, tmp_path / "out").name == result
    assert names(tmp_path / "out") == {result}


@pytest.mark.parametrize("letter", ["a", "ä", "猫"])
def test_names_too_long_for_the_disk_are_shortened(tmp_path: Path, letter: str) -> None:
    path = tmp_path / (letter * (251 // len(letter.encode())) + ".png")
    Image.fromarray(painting()).save(path)
    artwork = open_artwork(path)
    first, second = (save_artwork(artwork, artwork.pixels, tmp_path) for _ in range(2))
    assert first.name.endswith(f"{letter}-glazed.png")
    assert second.name.endswith(f"{letter}-glazed-2.png")
    assert max(len(os.fsencode(saved.name)) for saved in (first, second)) <= 255


def test_name_that_is_no_text(tmp_path: Path) -> None:
    try:
        path = tmp_path / os.fsdecode(b"caf\xe9\x07.png")
        Image.fromarray(painting()).save(path)
    except (OSError, UnicodeError):
        pytest.skip("this disk takes no such name")
    _, saved = through(path, tmp_path)
    assert os.fsencode(saved.name) == b"caf\xe9\x07-glazed.png"
    path.write_bytes(b"text")
    with pytest.raises(GlazeError) as caught:
        open_artwork(path)
    str(caught.value).encode()
    assert str(caught.value).isprintable()


def test_folder_is_made_and_the_result_may_be_read_by_others(tmp_path: Path) -> None:
    artwork = one_file(tmp_path)
    saved = save_artwork(artwork, artwork.pixels, tmp_path / "new" / "deeper")
    plain = tmp_path / "plain"
    plain.touch()
    assert saved.stat().st_mode == plain.stat().st_mode


def test_pixels_that_do_not_fit_are_the_programs_mistake(tmp_path: Path) -> None:
    artwork = one_file(tmp_path)
    for wrong in (artwork.pixels[:-1], artwork.pixels.astype(np.uint16)):
        with pytest.raises(ValueError, match="does not fit"):
            save_artwork(artwork, wrong, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_coloured_pixels_for_grey_art_lose_the_grey_profile(tmp_path: Path) -> None:
    Image.fromarray(painting()[..., 0]).save(tmp_path / "art.tif", icc_profile=icc.grey())
    artwork = open_artwork(tmp_path / "art.tif")
    saved = save_artwork(artwork, painting(), tmp_path, "-decoy")
    with Image.open(saved) as written:
        assert np.array_equal(np.asarray(written), painting())
        assert "icc_profile" not in written.info


def test_check_sees_the_file_before_it_has_its_name(tmp_path: Path) -> None:
    artwork = one_file(tmp_path)
    seen: list[tuple[bool, set[str]]] = []

    def check(pixels: Pixels) -> None:
        seen.append((np.array_equal(pixels, artwork.pixels), names(tmp_path / "out")))

    save_artwork(artwork, artwork.pixels, tmp_path / "out", check=check)
    (same, files), *others = seen
    assert same
    assert not others
    assert all(name.endswith(".part") for name in files)


@pytest.mark.parametrize("fault", [SaveError("over_budget", path="a"), KeyboardInterrupt(), RuntimeError("x")])
def test_check_that_raises_leaves_nothing(tmp_path: Path, fault: BaseException) -> None:
    artwork = one_file(tmp_path)

    def check(_: Pixels) -> None:
        raise fault

    with pytest.raises(type(fault)):
        save_artwork(artwork, artwork.pixels, tmp_path / "out", check=check)
    assert names(tmp_path / "out") == set()


@pytest.mark.parametrize(
    "place", ["os.fsync", "glaze.artwork.png.write", "glaze.artwork.write.open_artwork", "os.link"]
)
@pytest.mark.parametrize(
    ("fault", "key"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (OSError(errno.EROFS, "Read-only file system"), "no_permission"),
        (OSError(errno.EIO, "Input/output error"), "not_written"),
        (KeyboardInterrupt(), ""),
        (RuntimeError("a mistake of ours"), ""),
    ],
    ids=["full", "read-only", "broken", "stopped", "mistake"],
)
def test_faults_while_saving_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, fault: BaseException, key: str
) -> None:
    artwork = one_file(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise fault

    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(place, fail)
        if place == "os.link":
            patched.setattr(Path, "replace", fail)  # what is tried where there are no hard links
        with pytest.raises(SaveError if key else type(fault)) as caught:
            save_artwork(artwork, artwork.pixels, out)
    if isinstance(caught.value, SaveError):
        assert caught.value.key == key
        assert "out" in str(caught.value)
    assert names(out) == set()


def test_disk_that_fills_up_in_mid_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artwork = one_file(tmp_path)
    write_chunk = png._write_chunk

    def fill(file: io.BufferedWriter, name: bytes, data: bytes) -> None:
        if name == b"IDAT":
            file.write(data[:100])
            file.flush()
            raise OSError(errno.ENOSPC, "No space left on device")
        write_chunk(file, name, data)

    monkeypatch.setattr(png, "_write_chunk", fill)
    with pytest.raises(SaveError) as caught:
        save_artwork(artwork, artwork.pixels, tmp_path / "out")
    assert caught.value.key == "disk_full"
    assert names(tmp_path / "out") == set()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artwork = one_file(tmp_path)
    real_open = os.open
    monkeypatch.setattr(os, "open", lambda *_: real_open("/dev/full", os.O_WRONLY))
    with pytest.raises(SaveError) as caught:
        save_artwork(artwork, artwork.pixels, tmp_path / "out")
    assert caught.value.key == "disk_full"
    assert names(tmp_path / "out") == set()


def test_file_that_reads_back_differently_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artwork = one_file(tmp_path)
    write = png.write

    def write_wrong(file: io.BufferedWriter, pixels: Pixels, *rest: Any, **options: Any) -> None:
        pixels = pixels.copy()
        pixels[-1, -1, 0] ^= 1
        write(file, pixels, *rest, **options)

    monkeypatch.setattr(png, "write", write_wrong)
    with pytest.raises(SaveError, match="read back differently"):
        save_artwork(artwork, artwork.pixels, tmp_path / "out")
    assert names(tmp_path / "out") == set()


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    artwork = one_file(tmp_path)
    (tmp_path / "taken").write_text("mine")
    for folder in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with pytest.raises(SaveError) as caught:
            save_artwork(artwork, artwork.pixels, folder)
        assert caught.value.key == "no_folder"
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_may_not_be_written(tmp_path: Path) -> None:
    artwork = one_file(tmp_path)
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(SaveError) as caught:
        save_artwork(artwork, artwork.pixels, tmp_path / "out")
    assert caught.value.key == "no_permission"


def test_disk_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artwork = one_file(tmp_path)

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    out = tmp_path / "out"
    saved = [save_artwork(artwork, artwork.pixels, out) for _ in range(3)]
    assert names(out) == {"art-glazed.png", "art-glazed-2.png", "art-glazed-3.png"}
    assert all(np.array_equal(read_png(path), artwork.pixels) for path in saved)


@pytest.mark.parametrize("links", [True, False])
def test_many_at_once_never_take_each_others_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    artwork = one_file(tmp_path)
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOTSUP, "no links")))
    saved: list[tuple[Path, int]] = []

    def save(level: int) -> None:
        saved.append((save_artwork(artwork, np.full_like(artwork.pixels, level), tmp_path / "out"), level))

    threads = [threading.Thread(target=save, args=(level,)) for level in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({path for path, _ in saved}) == 8
    assert all((read_png(path) == level).all() for path, level in saved)
    assert len(names(tmp_path / "out")) == 8


# ---- finding


def test_folders_give_their_pictures_and_not_what_glaze_wrote(tmp_path: Path) -> None:
    for name in (
        "b.PNG", "a.jpg", "c.tiff", "notes.txt", ".hidden.png", "a-glazed.png", "a-glazed-12.png", "a-decoy.png",
        "my-glazed-pots.png", "-glazed.jpg",
    ):  # fmt: skip
        (tmp_path / name).touch()
    (tmp_path / "below.png").mkdir()
    (tmp_path / "below.png" / "d.png").touch()
    found = [path.name for path in find_artworks([tmp_path])]
    assert found == ["-glazed.jpg", "a.jpg", "b.PNG", "c.tiff", "my-glazed-pots.png"]


def test_named_files_are_taken_as_they_are_and_once(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    named = [tmp_path / "a-glazed.png", tmp_path / "missing.xyz", tmp_path / "a.png"]
    assert find_artworks([*named, tmp_path, tmp_path / "a.png"]) == named


def test_folder_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ArtworkNotFound) as caught:
        find_artworks([tmp_path])
    assert caught.value.key == "empty_folder"
    assert "PNG, JPEG" in str(caught.value)


def test_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> Iterator[Path]:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ArtworkNotFound) as caught:
        find_artworks([tmp_path])
    assert caught.value.key == "no_permission"
