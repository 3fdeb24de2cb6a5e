"""Whether a picture is a copy of another, and what saving it did to it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glaze.artwork.lossy import saved_like
from glaze.decoys.styles import draw_style
from glaze.errors import ArtworkNotFound
from glaze.registration import match

STYLES = ("knife", "collage")


def drawn(style: str, width: int = 420, height: int = 320, seed: int = 1) -> Image.Image:
    return Image.fromarray(draw_style(style, seed, width, height))


def saved(picture: Image.Image, kind: str, quality: int) -> Image.Image:
    target = io.BytesIO()
    picture.save(target, kind, quality=quality)
    return Image.open(target).convert("RGB")


@pytest.mark.parametrize("style", STYLES)
def test_copies_of_other_sizes_and_levels_are_the_same_picture(style: str) -> None:
    picture = drawn(style)
    darker = Image.fromarray((np.asarray(picture) * 0.8 + 10).astype(np.uint8))
    for copy in (
        picture,
        saved(picture.resize((300, 229), Image.Resampling.BICUBIC), "JPEG", 50),
        saved(picture.resize((640, 488), Image.Resampling.BICUBIC), "WEBP", 60),
        darker,
    ):
        assert match(picture, copy).same


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("box", [(0, 0, 410, 320), (8, 6, 420, 320), (20, 30, 400, 290), (90, 60, 330, 260)])
def test_parts_are_told_with_their_share(style: str, box: tuple[int, int, int, int]) -> None:
    picture = drawn(style)
    found = match(picture, saved(picture.crop(box), "JPEG", 85))
    assert found.cropped
    assert not found.same
    assert found.share == pytest.approx((box[2] - box[0]) * (box[3] - box[1]) / (420 * 320), abs=0.03)


@pytest.mark.parametrize("style", STYLES)
def test_other_pictures_are_neither(style: str) -> None:
    picture = drawn(style)
    turned = picture.rotate(180)
    for other in (drawn(style, seed=2), drawn("mosaic"), turned, Image.new("RGB", (420, 320), "grey")):
        found = match(picture, other)
        assert not found.same
        assert not found.cropped


def test_a_plain_original_is_like_nothing() -> None:
    plain = Image.new("RGB", (300, 200), "teal")
    assert not match(plain, plain).same


@pytest.mark.parametrize(("mode", "quality", "sampling"), [("RGB", 40, 0), ("RGB", 85, 2), ("L", 60, 0)])
def test_a_picture_is_saved_as_coarsely_as_a_jpeg_was(tmp_path: Path, mode: str, quality: int, sampling: int) -> None:
    picture, path = drawn("knife"), tmp_path / "a.jpg"
    picture.convert(mode).save(path, quality=quality, subsampling=sampling)
    with Image.open(path) as copy:
        assert np.array_equal(np.asarray(saved_like(picture, path)), np.asarray(copy.convert("RGB")))


@pytest.mark.parametrize("quality", [30, 80])
def test_of_a_webp_the_size_says_how_coarsely(tmp_path: Path, quality: int) -> None:
    picture, path = drawn("knife"), tmp_path / "a.webp"
    picture.save(path, quality=quality)
    with Image.open(path) as copy:
        assert np.array_equal(np.asarray(saved_like(picture, path)), np.asarray(copy.convert("RGB")))


def test_what_loses_nothing_is_left_alone(tmp_path: Path) -> None:
    picture = drawn("knife")
    for name, options in (("a.png", {}), ("a.webp", {"lossless": True})):
        picture.save(tmp_path / name, **options)  # type: ignore[arg-type]  # one option
        assert saved_like(picture, tmp_path / name) is picture


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArtworkNotFound, match=r"gone\.jpg"):
        saved_like(drawn("knife"), tmp_path / "gone.jpg")
