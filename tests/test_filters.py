"""The filters do what torch's convolutions do, and their gradients are right."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from glaze.filters import box, gaussian, separable


def convolved(pictures: torch.Tensor, down: np.ndarray, along: np.ndarray) -> torch.Tensor:
    kernel = torch.from_numpy(np.outer(down, along)).to(pictures)[None, None]
    padding = (len(along) // 2, len(along) // 2, len(down) // 2, len(down) // 2)
    planes = F.pad(pictures.flatten(0, 1)[:, None], padding, mode="replicate")
    return F.conv2d(planes, kernel).view(pictures.shape)


@pytest.mark.parametrize("size", [(5, 7), (64, 33), (100, 129)])
@pytest.mark.parametrize("taps", [box(7), gaussian(0.8), np.array([-0.4, -0.2, 0, 0.2, 0.4])])
def test_they_equal_a_convolution_with_a_repeated_border(size: tuple[int, int], taps: np.ndarray) -> None:
    pictures = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(separable(pictures, taps), convolved(pictures, taps, taps))
    torch.testing.assert_close(separable(pictures, taps, box(3)), convolved(pictures, taps, box(3)))


def test_the_gradient_is_the_convolutions() -> None:
    pictures = torch.rand(1, 2, 40, 37, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(1, 2, 40, 37, dtype=torch.float64)
    ours, theirs = (
        torch.autograd.grad((filtered * weights).sum(), pictures)[0]
        for filtered in (separable(pictures, gaussian(1.2), box(5)), convolved(pictures, gaussian(1.2), box(5)))
    )
    torch.testing.assert_close(ours, theirs)


def test_taps_of_a_mean_and_of_a_blur_sum_to_one() -> None:
    for taps in (box(5), gaussian(0.4), gaussian(2.0)):
        assert len(taps) % 2 == 1
        assert taps.sum() == pytest.approx(1)
