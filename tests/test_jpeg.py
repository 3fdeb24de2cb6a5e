"""The differentiable JPEG does what a real one does."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from glaze.canvas import to_tensor
from glaze.decoys.styles import draw_style
from glaze.jpeg import jpeg
from tests.doubles import picture_of_everything


@pytest.mark.parametrize("quality", [45, 75, 92])
@pytest.mark.parametrize("size", [(160, 128), (97, 65)])
def test_it_comes_near_what_a_real_program_saves(quality: int, size: tuple[int, int]) -> None:
    pixels = draw_style("impasto", 3, *size)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    real = to_tensor(Image.open(file).convert("RGB"))
    picture = to_tensor(pixels)
    ours = jpeg(picture, quality)
    assert ours.shape == picture.shape
    lost = (real - picture).abs().mean()
    assert (ours - real).abs().mean() < 0.25 * lost


def test_lower_quality_loses_more_and_all_pictures_of_a_batch_are_treated_alike() -> None:
    picture = picture_of_everything()
    losses = [(jpeg(picture, q) - picture).square().mean().item() for q in (95, 75, 50, 20)]
    assert losses == sorted(losses)
    both = jpeg(torch.cat([picture, picture]), 60)
    torch.testing.assert_close(both[0], both[1])
    torch.testing.assert_close(both[:1], jpeg(picture, 60))


def test_gradients_are_right() -> None:
    # Away from whole numbers, where the rounding jumps.
    picture = torch.from_numpy(np.random.default_rng(1).uniform(0.2, 0.8, (1, 3, 16, 16)))
    assert torch.autograd.gradcheck(lambda x: jpeg(x, 90), picture.requires_grad_(True), eps=1e-7, atol=1e-3)
