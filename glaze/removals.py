"""The seven ways in which people hope to wash a glaze off, as differentiable functions.

The cloak is optimised through them (expectation over transformation, Athalye et al. 2018, arXiv:1707.07397), and the
report says what is left of it after each. They follow the list of what artists are told does not undo a glaze:
screenshot or photo, crop, denoise, resize or new format, compress, smooth, add noise.

A removal takes pictures (N, 3, H, W) in [0, 1], a strength from 0 (mild) to 1 (harsh), .5 being what people commonly
do, and a seed for what it leaves to chance. It gives pictures of the same shape in [0, 1]. All pictures of a batch get
the same chance, so that an original and its glaze can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from glaze.filters import box, gaussian, resample, separable
from glaze.jpeg import jpeg

Removal = Callable[[Tensor, float, int], Tensor]

TYPICAL: Final = 0.5


def _between(low: float, high: float, strength: float) -> float:
    return low + (high - low) * strength


def _resample(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    return resample(pictures, size).clamp(0, 1)


def _down_and_up(pictures: Tensor, scale: float) -> Tensor:
    height, width = pictures.shape[2:]
    small = _resample(pictures, (max(8, round(height * scale)), max(8, round(width * scale))))
    return _resample(small, (height, width))


def _blur(pictures: Tensor, sigma: float) -> Tensor:
    return separable(pictures, gaussian(sigma))


def _grain(pictures: Tensor, levels: float, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    grain = torch.randn(pictures.shape[1:], generator=generator).to(pictures)
    return (pictures + grain * (levels / 255)).clamp(0, 1)


def photo(pictures: Tensor, strength: float, seed: int) -> Tensor:
    """A screenshot or a photo of the screen: rescaled, a little darker, soft, grainy, then a phone's JPEG."""
    out = _down_and_up(pictures, _between(0.9, 0.5, strength))
    # A power, at half the time of torch's; the floor keeps its gradient finite at black.
    out = (out.clamp(min=1e-3).log() * _between(1.0, 1.16, strength)).exp()
    out = _blur(out, _between(0.4, 1.0, strength))
    out = _grain(out, _between(1.0, 3.0, strength), seed)
    return jpeg(out, _between(92.0, 78.0, strength))


def crop(pictures: Tensor, strength: float, seed: int) -> Tensor:
    """Some cut off each side, not the same everywhere and off any 8-pixel grid, and scaled back."""
    height, width = pictures.shape[2:]
    generator = torch.Generator().manual_seed(seed)
    shares = torch.rand(4, generator=generator) * 0.5 + 0.75
    top, bottom, left, right = (
        int(side * _between(0.02, 0.12, strength) * float(share))
        for side, share in zip((height, height, width, width), shares, strict=True)
    )
    return _resample(pictures[:, :, top : height - bottom, left : width - right], (height, width))


def denoise(pictures: Tensor, strength: float, seed: int) -> Tensor:
    """An edge-preserving filter guided by the picture's own lightness (He et al. 2013), radius 3."""
    del seed
    eps = (_between(8.0, 24.0, strength) / 255) ** 2
    guide = pictures.mean(1, keepdim=True)
    means = separable(torch.cat([guide, pictures, guide * guide, guide * pictures], 1), box(7))
    guide_mean, mean, guide_square, product = means.split((1, 3, 1, 3), 1)
    slope = (product - guide_mean * mean) / (guide_square - guide_mean.square() + eps)
    slope, offset = separable(torch.cat([slope, mean - slope * guide_mean], 1), box(7)).split(3, 1)
    filtered: Tensor = slope * guide + offset
    return filtered.clamp(0, 1)


def resize(pictures: Tensor, strength: float, seed: int) -> Tensor:
    """Scaled down and up again and, every second time, saved in a lossy format of good quality."""
    out = _down_and_up(pictures, _between(0.7, 0.35, strength))
    return jpeg(out, 88.0) if seed % 2 else out


def compress(pictures: Tensor, strength: float, seed: int) -> Tensor:
    """JPEG of quality 90 to 45. The colours at half resolution, as most programs have them."""
    del seed
    return jpeg(pictures, _between(90.0, 45.0, strength))


def smooth(pictures: Tensor, strength: float, seed: int) -> Tensor:
    """A Gaussian blur of .6 to 1.4 px."""
    del seed
    return _blur(pictures, _between(0.6, 1.4, strength))


def noise(pictures: Tensor, strength: float, seed: int) -> Tensor:
    """Gaussian grain of 4 to 12 levels."""
    return _grain(pictures, _between(4.0, 12.0, strength), seed)


REMOVALS: Final[Mapping[str, Removal]] = MappingProxyType(
    {
        "photo": photo,
        "crop": crop,
        "denoise": denoise,
        "resize": resize,
        "compress": compress,
        "smooth": smooth,
        "noise": noise,
    }
)

# Those after which a thing is in another place of the picture.
MOVING: Final = frozenset({"crop"})
