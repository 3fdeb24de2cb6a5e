"""Where, and how much, a picture may change: the just-noticeable-difference map of the canvas.

LPIPS hardly notices grain in a clear sky or coloured fringes on a pen line; people do. The map bounds every pixel by
texture masking (a change hides in texture, not in flat areas) and forbids what is seen at once: colour on grey, dirt
on paper white and on pure black, anything on transparent pixels. It departs from the usual JND maps (Chou & Li 1995)
in the dark, where they allow 20 levels that a modern screen shows plainly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from glaze.filters import box, separable

FLAT_LEVELS: Final = 2.5  # what a flat area may ever change by; the budget's `flat` figure is the real bound there
TEXTURE_GAIN: Final = 1.8  # levels more for each level of roughness
MOST_LEVELS: Final = 32.0
QUARTER: Final = 5  # pixels a side
PLAIN_LEVELS: Final = 1.5  # texture of fewer levels than this, at the artwork's own size, is flat colour
# Chroma (largest minus smallest channel, levels) below which a pixel counts as grey, and above which it is free.
GREY_CHROMA: Final = 6.0
FREE_CHROMA: Final = 28.0
PURE_LEVELS: Final = 2.5  # this near to white or black is paper or ink, not tone


def local_activity(pictures: Tensor, window: int = 9) -> Tensor:
    """Standard deviation of luma in a window: (N, 3, H, W) in [0, 1] -> (N, 1, H, W) in 8-bit levels."""
    luma = _luma(pictures)
    mean = separable(luma, box(window))
    return (separable(luma.square(), box(window)) - mean.square()).clamp(min=0).sqrt()


def _luma(pictures: Tensor) -> Tensor:
    """Luma in 8-bit levels about its mean, so that squares keep their digits: (N, 3, H, W) -> (N, 1, H, W)."""
    weights = torch.tensor([0.299, 0.587, 0.114], device=pictures.device, dtype=pictures.dtype).view(1, 3, 1, 1)
    luma = 255 * (pictures * weights).sum(1, keepdim=True)
    return luma - luma.mean()


def roughness(pictures: Tensor, window: int = QUARTER) -> Tensor:
    """Standard deviation of luma about the plane that fits it best in a window: (N, 3, H, W) -> (N, 1, H, W), levels.

    A shaded ball and a soft shadow are no texture, however much light changes across them: nothing hides there.
    """
    luma = _luma(pictures)
    reach = window // 2
    ramp = np.arange(-reach, reach + 1) / window
    variance = (reach * (reach + 1)) / 3  # of the positions -reach to reach
    mean = separable(luma, box(window))
    slopes = [separable(luma, *taps) for taps in ((ramp, box(window)), (box(window), ramp))]
    fitted = sum(slope.square() for slope in slopes) / variance
    return (separable(luma.square(), box(window)) - mean.square() - fitted).clamp(min=0).sqrt()


def texture(pictures: Tensor) -> Tensor:
    """How much of a change texture hides: (N, 3, H, W) in [0, 1] -> (N, 1, H, W) in 8-bit levels.

    The least roughness of the four QUARTER-sided windows that have the pixel in a corner (as in the filter of
    Kuwahara et al. 1976). Texture is active on all sides. Beside a line on flat colour one window is empty, and so is
    its room: a plain window would take the line for texture, and its echo beside it would be seen at once.
    """
    reach = QUARTER // 2
    activity = F.pad(roughness(pictures), (reach,) * 4, mode="reflect")
    height, width = pictures.shape[2:]
    corners = [(top, left) for top in (0, 2 * reach) for left in (0, 2 * reach)]
    windows = [activity[..., top : top + height, left : left + width] for top, left in corners]
    return torch.stack(windows).amin(0)


def plain(pictures: Tensor) -> Tensor:
    """How much each pixel lies in flat colour, 1, or texture, 0: (N, 3, H, W) in [0, 1] -> (N, 1, H, W)."""
    return (1 - texture(pictures) / PLAIN_LEVELS).clamp(min=0)


def _erode(mask: Tensor, radius: int) -> Tensor:
    return -F.max_pool2d(-mask, 2 * radius + 1, 1, radius)


def pure(pictures: Tensor) -> Tensor:
    """1 where a pixel and its neighbours are all paper white, or all pure black, else 0: (N, 3, H, W) -> (N, 1, H, W).

    The neighbours count because a scan in black and white alone has no other pixels: its hatching is texture, its paper
    and its solid ink are not.
    """
    white = pictures.amin(1, keepdim=True) >= 1 - PURE_LEVELS / 255
    black = pictures.amax(1, keepdim=True) <= PURE_LEVELS / 255
    return torch.maximum(_erode(white.to(pictures), 1), _erode(black.to(pictures), 1))


@dataclass(frozen=True)
class ChangeMask:
    """What a change must pass through.

    bound   (1, 1, h, w) the largest change of a pixel, in [0, 1]; 0 where nothing may change.
    chroma  (1, 1, h, w) the share of a change's colour that is let through, 0 on grey.
    """

    bound: Tensor
    chroma: Tensor

    def to(self, device: torch.device) -> ChangeMask:
        return ChangeMask(self.bound.to(device), self.chroma.to(device))

    def pass_colour(self, change: Tensor) -> Tensor:
        """Take the colour out of a change where the picture is grey: (1, 3, h, w) -> the same."""
        return change * self.chroma + change.mean(1, keepdim=True) * (1 - self.chroma)

    def clip(self, change: Tensor) -> Tensor:
        """Project a change onto the bound."""
        return torch.minimum(torch.maximum(change, -self.bound), self.bound)


def change_mask(
    picture: Tensor, open_share: Tensor, plain_share: Tensor | None = None, *, grey: bool, room: float = 1.0
) -> ChangeMask:
    """The mask of one canvas.

    picture     (1, 3, h, w) in [0, 1].
    open_share  (1, 1, h, w) in [0, 1]: how much of each canvas pixel is neither pure nor transparent.
    plain_share (1, 1, h, w) in [0, 1]: how much of each canvas pixel is flat colour at the artwork's own size. What is
                texture on the canvas may be dots of flat colour there, a halftone, where a change hides as little as
                on any other. None where the canvas is of that size.
    grey        the artwork is grey throughout: not the least colour may be added.
    room        how much wider than at the default intensity every bound is.
    """
    bound = (FLAT_LEVELS + TEXTURE_GAIN * texture(picture)).clamp(max=MOST_LEVELS) / 255
    if plain_share is not None:
        bound = torch.lerp(bound, bound.clamp(max=FLAT_LEVELS / 255), plain_share)
    bound = bound * room
    # A pixel keeps some freedom next to a line on paper, where the eye expects an edge; the paper itself has none.
    closed = _erode((open_share <= 0.02).to(picture), 1)
    bound = bound * (1 - closed)
    if grey:
        return ChangeMask(bound, torch.zeros_like(bound))
    spread = 255 * (picture.amax(1, keepdim=True) - picture.amin(1, keepdim=True))
    # Over a window, since one coloured pixel among grey ones is a compression artefact, not a colour.
    near = F.avg_pool2d(F.pad(spread, (3, 3, 3, 3), mode="reflect"), 7, 1)
    chroma = ((near - GREY_CHROMA) / (FREE_CHROMA - GREY_CHROMA)).clamp(0, 1)
    return ChangeMask(bound, chroma)
