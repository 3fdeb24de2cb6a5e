"""The canvas and the way back to the full picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from glaze.canvas import lay_on, make_canvas, over_white
from glaze.visibility.masks import FLAT_LEVELS, ChangeMask
from tests.doubles import artwork_of, as_pixels, picture_of_everything


def open_mask(height: int, width: int) -> ChangeMask:
    return ChangeMask(torch.ones(1, 1, height, width), torch.ones(1, 1, height, width))


@pytest.mark.parametrize(
    ("width", "height", "canvas"),
    [
        (2000, 1000, (512, 1024)),
        (300, 200, (200, 300)),  # never scaled up
        (64, 64, (64, 64)),
        (12000, 600, (181, 3620)),  # a scroll gets a smaller canvas of the same area
    ],
)
def test_the_canvas_has_the_asked_short_side_within_its_area(width: int, height: int, canvas: tuple[int, int]) -> None:
    made = make_canvas(artwork_of(np.full((height, width, 3), 90, np.uint8)), 512)
    assert tuple(made.picture.shape[2:]) == pytest.approx(canvas, abs=1)
    assert made.mask.bound.shape[2:] == made.picture.shape[2:]


def test_screen_scale_counts_screen_pixels_for_each_canvas_pixel() -> None:
    large = make_canvas(artwork_of(np.full((3000, 4000, 3), 90, np.uint8)), 512)
    assert large.screen_scale == pytest.approx(1536 / 512, rel=0.01)  # shown 2048 px wide
    small = make_canvas(artwork_of(np.full((400, 500, 3), 90, np.uint8)), 512)
    assert small.screen_scale == pytest.approx(1)


def test_a_halftone_has_flat_colours_room_and_grain_of_the_same_size_has_textures() -> None:
    rows, columns = np.mgrid[:1024, :1024]
    dots = np.where((rows // 12 + columns // 12) % 2, 200, 60).astype(np.uint8)
    grain = np.clip(dots + np.random.default_rng(0).normal(0, 8, dots.shape), 0, 255).astype(np.uint8)
    halftone, grainy = (
        255 * make_canvas(artwork_of(np.repeat(plane[..., None], 3, 2)), 128).mask.bound for plane in (dots, grain)
    )
    assert halftone.mean() < 1.5 * FLAT_LEVELS
    assert grainy.mean() > 3 * halftone.mean()


def test_a_scan_in_black_and_white_alone_has_hardly_a_pixel_that_may_change() -> None:
    page = np.full((1024, 1024, 3), 255, np.uint8)
    page[:, ::16] = page[:, 1::16] = page[:, 2::16] = page[:, 3::16] = 0
    canvas = make_canvas(artwork_of(page, grey=True), 128)
    assert (canvas.mask.bound > 0).float().mean() > 0.9, "the canvas is grey"
    assert canvas.open_share < 0.35
    assert make_canvas(artwork_of(np.full((200, 200, 3), 90, np.uint8)), 128).open_share == 1


def test_transparency_lies_over_white() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    alpha = np.zeros((64, 64), np.uint8)
    alpha[:, 32:] = 255
    flat = np.asarray(over_white(pixels, alpha))
    assert (flat[:, :32] == 255).all()
    assert (flat[:, 32:] == 0).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_no_change_leaves_every_pixel_as_it_was(dtype: Any) -> None:
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (150, 210, 3)).astype(dtype)
    laid = lay_on(pixels, None, torch.zeros(1, 3, 50, 70), open_mask(50, 70), grey=False)
    assert laid.dtype == dtype
    np.testing.assert_array_equal(laid, pixels)


def test_a_change_is_rounded_to_the_nearest_level() -> None:
    pixels = np.full((64, 64, 3), 100, np.uint8)
    for levels, expected in ((0.4, 100), (0.6, 101), (-2.6, 97), (400.0, 255)):
        laid = lay_on(pixels, None, torch.full((1, 3, 64, 64), levels / 255), open_mask(64, 64), grey=False)
        assert (laid == expected).all()


def test_strips_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = as_pixels(picture_of_everything(320, 256))
    change = torch.randn(1, 3, 64, 80, generator=torch.Generator().manual_seed(1)) * 0.05
    whole = lay_on(pixels, None, change, open_mask(64, 80), grey=False)
    monkeypatch.setattr("glaze.canvas.STRIP_PIXELS", 320 * 37)
    np.testing.assert_array_equal(lay_on(pixels, None, change, open_mask(64, 80), grey=False), whole)


def test_transparent_and_closed_pixels_are_untouched() -> None:
    pixels = np.full((128, 128, 3), 120, np.uint8)
    alpha = np.full((128, 128), 255, np.uint8)
    alpha[:40] = 0
    mask = open_mask(32, 32)
    mask.bound[:, :, :, 20:] = 0
    laid = lay_on(pixels, alpha, torch.full((1, 3, 32, 32), 9 / 255), mask, grey=False)
    assert (laid[:40] == 120).all()
    assert (laid[:, 80:] == 120).all()
    assert (laid[44:, :76] == 129).all()


def test_grey_art_comes_out_exactly_grey_even_if_it_was_only_nearly_so() -> None:
    pixels = np.full((64, 64, 3), 120, np.uint8)
    pixels[..., 1] = 121
    change = torch.full((1, 3, 64, 64), 2.4 / 255)
    laid = lay_on(pixels, None, change, open_mask(64, 64), grey=True)
    assert (np.ptp(laid, axis=2) == 0).all()


def test_sixteen_bits_keep_changes_that_eight_would_round() -> None:
    pixels = np.full((64, 64, 3), 30000, np.uint16)
    laid = lay_on(pixels, None, torch.full((1, 3, 64, 64), 0.25 / 255), open_mask(64, 64), grey=False)
    assert np.unique(laid).tolist() == [30064]


def test_paper_and_solid_ink_at_full_size_stay_as_they_are_even_between_lines() -> None:
    page = np.full((1200, 1200, 3), 255, np.uint8)
    page[300:900:40] = page[301:900:40] = page[302:900:40] = (
        0  # lines so near that the canvas has no paper between them
    )
    page[1000:] = 0
    canvas = make_canvas(artwork_of(page), 100)
    assert (canvas.mask.bound[0, 0, 27:73, 5:95] > 0).all()
    laid = lay_on(
        page, None, torch.full_like(canvas.picture, 8 / 255) * (canvas.mask.bound > 0), canvas.mask, grey=False
    )
    darker = lay_on(page, None, -torch.ones_like(canvas.picture) * (canvas.mask.bound > 0), canvas.mask, grey=False)
    for out in (laid, darker):
        assert (out[304:339] == 255).all()
        assert (out[301:900:40] == 0).all()
        assert (out[1010:] == 0).all()
    assert (laid[300:900:40] != page[300:900:40]).any()
    assert (darker[303:900:40] != page[303:900:40]).any()
