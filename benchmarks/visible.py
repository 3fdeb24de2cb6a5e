"""Changes made equally visible: scaled until the finished 8-bit picture just keeps every bound."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from glaze.settings import Budget
from glaze.visibility import Original, Visibility

Picture = NDArray[np.uint8]

MOST_SCALE: Final = 4.0
HALVINGS: Final = 9


def scaled(picture: Picture, change: Tensor, original: Original, budget: Budget) -> tuple[Picture, float, Visibility]:
    """The change (1, 3, h, w) laid onto a picture (h, w, 3) in 8 bits, as strong as `budget` lets it be.

    Returns the result, the scale (at most MOST_SCALE) and the figures. On grey art the change's grey part is laid on.
    """
    if original.grey:
        change = change.mean(1, keepdim=True).expand_as(change)
    low, high, best = 0.0, MOST_SCALE, picture
    seen = original.compare(Image.fromarray(best))
    for _ in range(HALVINGS):
        scale = (low + high) / 2
        moved = torch.tensor(picture).permute(2, 0, 1)[None].float() + 255 * scale * change
        laid = moved.round().clamp(0, 255).byte()[0].permute(1, 2, 0).numpy()
        figures = original.compare(Image.fromarray(laid))
        if figures.within(budget):
            low, best, seen = scale, laid, figures
        else:
            high = scale
    return best, low, seen


def grain(picture: Picture, sigma: float, seed: int = 0) -> Picture:
    """The picture with Gaussian noise of `sigma` levels."""
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)
