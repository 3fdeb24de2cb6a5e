"""Maps of where a difference is seen, and figures of smaller copies."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from glaze.decoys.styles import draw_style
from glaze.visibility import Original, difference, seen_where
from glaze.visibility.flip import flip_mean_of_arrays
from tests.doubles import SquaredLikeness


def test_the_map_is_large_where_the_change_is_and_nothing_elsewhere() -> None:
    before = draw_style("knife", 0, 300, 200)
    assert not seen_where(before, before).any()
    after = before.copy()
    after[80:120, 60:100] = 255 - after[80:120, 60:100]
    seen = seen_where(before, after)
    assert seen.shape == (200, 300)
    assert seen.dtype == np.float32
    assert seen[80:120, 60:100].mean() > 0.3
    assert seen[:, 150:].max() == 0
    assert seen.max() <= 1
    assert seen.mean() == pytest.approx(flip_mean_of_arrays(before, after), rel=1e-4)


def test_the_map_of_a_large_picture_is_small_and_keeps_its_mean() -> None:
    before = draw_style("knife", 0, 1200, 300)
    after = before + (np.indices(before.shape[:2]).sum(0) // 9 % 2 * 6).astype(np.uint8)[..., None]
    seen = seen_where(before, np.maximum(after, before))
    assert seen.shape == (256, 1024)
    assert seen.mean() == pytest.approx(flip_mean_of_arrays(before, np.maximum(after, before)), rel=0.02)


def test_a_difference_is_drawn_around_grey_and_clipped() -> None:
    before = np.full((4, 5, 3), 100, np.uint8)
    after = before.copy()
    after[0, 0] = (101, 98, 140)
    after[1, 1] = (0, 255, 100)
    drawn = difference(before, after, 10)
    assert drawn.dtype == np.uint8
    assert drawn[0, 0].tolist() == [138, 108, 255]
    assert drawn[1, 1].tolist() == [0, 255, 128]
    assert (drawn[2:] == 128).all()
    assert difference(before, after, 0.5)[0, 0].tolist() == [128, 127, 148]


def test_pictures_of_two_sizes_cannot_be_compared() -> None:
    small, large = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 65, 3), np.uint8)
    for compare in (seen_where, lambda a, b: difference(a, b, 2)):
        with pytest.raises(ValueError, match="differ in shape"):
            compare(small, large)


def test_a_copy_of_half_the_size_has_about_the_figures_of_the_whole() -> None:
    size, half = (800, 600), (400, 300)
    before = Image.fromarray(draw_style("knife", 3, *size))
    change = np.random.default_rng(0).normal(0, 6, (100, 133, 3)).astype(np.float32)
    layers = [np.asarray(Image.fromarray(change[..., i]).resize(size, Image.Resampling.BICUBIC)) for i in range(3)]
    after = Image.fromarray((np.asarray(before) + np.stack(layers, -1)).clip(0, 255).astype(np.uint8))
    small = [picture.resize(half, Image.Resampling.LANCZOS) for picture in (before, after)]
    whole = Original(before, SquaredLikeness(), grey=False).compare(after)
    copy = Original(small[0], SquaredLikeness(), grey=False, screen_scale=2.0).compare(small[1])
    unscaled = Original(small[0], SquaredLikeness(), grey=False).compare(small[1])
    assert copy.flip == pytest.approx(whole.flip, rel=0.1)
    assert copy.colour == pytest.approx(whole.colour, rel=0.2)
    assert abs(copy.flip - whole.flip) < abs(unscaled.flip - whole.flip), "the viewer came nearer"
