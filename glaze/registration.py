"""Whether one picture is a copy of another, whole or in part: correlation of small grey versions.

Levels do not matter to a correlation, so other profiles, contrast and a glaze change it little, and neither do a
website's scaling and compression.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

# Parts of the original, by their width, are looked for where its long side has so many pixels.
COARSE: Final = 96
PARTS: Final = np.arange(0.3, 1.0, 0.025)
FINE: Final = 256
NEARLY_ALL: Final = np.arange(0.94, 1.0005, 0.004)
AROUND: Final = np.arange(-0.02, 0.0205, 0.004)  # the best of the coarse parts
LOOKED_AT: Final = 512  # pixels; the long side of what is scaled again and again
LEAST_SIDE: Final = 8  # pixels
LEAST_VARIATION: Final = 0.5  # levels; a picture of less is plain, and like no other

# 32 pictures of all genres: copies of 300 px to half the size, JPEG and WebP of quality 50 to 60, came to .971 and
# more, unrelated and mirrored pictures to .886 and less.
SAME: Final = 0.93
# Their parts, down to a quarter, came to .91 and more; the best part of an unrelated picture to .764.
PART: Final = 0.85
# What the best part leaves unexplained of what the whole does: of copies 1 and more, of copies that lack 1 % of their
# width .57 and less.
BETTER: Final = 0.75
ROUNDING: Final = 1e-4


@dataclass(frozen=True)
class Match:
    """How well a copy fits an original. Correlations from -1 to 1; share, 0 to 1, of the original's area.

    whole        of the copy with the whole original, whatever the shape of either.
    part, share  of the copy with the part of the original that it fits best, and how large that is.
    """

    whole: float
    part: float
    share: float

    @property
    def cropped(self) -> bool:
        """The copy shows a part of the original: at least a third of its width, and 1 % less than all."""
        return self.part >= PART and 1 - self.part + ROUNDING < BETTER * (1 - self.whole)

    @property
    def same(self) -> bool:
        """The copy shows all of the original and nothing else."""
        return self.whole >= SAME and not self.cropped


def match(original: Image.Image, copy: Image.Image) -> Match:
    """How well `copy` fits `original`, both RGB and upright, of any size."""
    original, copy = (_at_most(picture, LOOKED_AT) for picture in (original, copy))
    size = _fitted(original.size, FINE)
    whole = _slide(_grey(original, size), _grey(copy, size)).item()
    _, coarse, _ = _best_part(original, copy, COARSE, PARTS)
    part, _, share = _best_part(original, copy, FINE, (*(coarse + AROUND), *NEARLY_ALL))
    return Match(whole, part, share)


def _best_part(
    original: Image.Image, copy: Image.Image, side: int, parts: Iterable[float]
) -> tuple[float, float, float]:
    """The best correlation, and how large the part is that has it: by its width, and by its area."""
    width, height = _fitted(original.size, side)
    picture = _grey(original, (width, height))
    aspect = copy.width / copy.height
    widest = min(float(width), height * aspect)
    found = [(-1.0, 1.0, 1.0)]
    for part in parts:
        size = (max(LEAST_SIDE, round(widest * part)), max(LEAST_SIDE, round(widest * part / aspect)))
        if size[0] <= width and size[1] <= height:
            best = _slide(picture, _grey(copy, size)).max().item()
            found.append((best, float(part), size[0] * size[1] / (width * height)))
    return max(found)


def _at_most(picture: Image.Image, side: int) -> Image.Image:
    size = _fitted(picture.size, min(side, max(picture.size)))
    return picture.convert("L").resize(size, Image.Resampling.LANCZOS)


def _fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    scale = side / max(size)
    return max(LEAST_SIDE, round(size[0] * scale)), max(LEAST_SIDE, round(size[1] * scale))


def _grey(picture: Image.Image, size: tuple[int, int]) -> Tensor:
    return torch.from_numpy(np.array(picture.resize(size, Image.Resampling.LANCZOS), np.float64))


def _slide(picture: Tensor, part: Tensor) -> Tensor:
    """Correlation (any, any) of the part (h, w) with the picture (H, W) at every place where it lies inside."""
    picture, part = picture - picture.mean(), part - part.mean()
    size = picture.shape
    height, width = part.shape
    spectrum = torch.fft.rfft2(picture) * torch.fft.rfft2(part, s=size).conj()
    products = torch.fft.irfft2(spectrum, s=size)[: size[0] - height + 1, : size[1] - width + 1]
    total, squares = (_windows(values, height, width) for values in (picture, picture.square()))
    lengths = (squares - total.square() / part.numel()).clamp(min=0).sqrt() * part.norm()
    correlation: Tensor = products / lengths.clamp(min=LEAST_VARIATION**2 * part.numel())
    return correlation


def _windows(values: Tensor, height: int, width: int) -> Tensor:
    """The sum in every window of (H, W)."""
    sums = F.pad(values.cumsum(0).cumsum(1), (1, 0, 1, 0))
    return sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
