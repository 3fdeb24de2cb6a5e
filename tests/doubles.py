"""Small stand-ins for the networks, so that tests of the loop, the masks and the report run in a moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from glaze.artwork import Artwork
from glaze.artwork.picture import Metadata, Pixels
from glaze.encoders import Encoder, Latents


class LinearEncoder:
    """Sees each 8x8 block as its mean colour and its two slopes: the simplest encoder that a change can move."""

    families: tuple[str, ...] = ("mean", "slope")

    @property
    def members(self) -> tuple[Encoder, ...]:
        return (self,)

    def encode(self, pictures: Tensor) -> Latents:
        padding = (0, -pictures.shape[3] % 8, 0, -pictures.shape[2] % 8)
        pictures = F.pad(pictures, padding, mode="replicate")
        ramp = torch.linspace(-1, 1, 8)
        kernels = torch.stack([ramp.view(1, 8).expand(8, 8), ramp.view(8, 1).expand(8, 8)])[:, None] / 64
        slope = F.conv2d(pictures.mean(1, keepdim=True), kernels, stride=8)
        return {"mean": F.avg_pool2d(pictures, 8) * 4, "slope": slope * 40}

    def look(self, pictures: Tensor) -> Latents:
        return self.encode(pictures)

    def decode(self, latents: Latents) -> Tensor:
        return F.interpolate(latents["mean"] / 4, scale_factor=8).clamp(0, 1)


class SquaredLikeness:
    """A distance that grows with the square of the change, as LPIPS does."""

    def features(self, picture: Tensor) -> list[Tensor]:
        return [picture]

    def distance(self, a: list[Tensor], b: list[Tensor]) -> Tensor:
        return (a[0] - b[0]).square().mean((1, 2, 3)) * 50


def picture_of_everything(width: int = 160, height: int = 128, seed: int = 0) -> Tensor:
    """(1, 3, h, w) in [0, 1]: a flat sky, a gradient, texture, white paper and a black block."""
    generator = torch.Generator().manual_seed(seed)
    picture = torch.empty(1, 3, height, width)
    picture[:] = torch.tensor([0.35, 0.55, 0.8]).view(1, 3, 1, 1)
    half, third = height // 2, width // 3
    picture[:, :, half:, :third] = torch.linspace(0.2, 0.8, third)
    grain = torch.rand(1, 3, height - half, third, generator=generator)
    picture[:, :, half:, third : 2 * third] = 0.3 + 0.4 * grain
    picture[:, :, half:, 2 * third :] = 1.0
    picture[:, :, -height // 4 :, -third // 2 :] = 0.0
    return picture


def artwork_of(pixels: Pixels, alpha: Pixels | None = None, *, grey: bool = False) -> Artwork:
    """An Artwork that never was a file."""
    return Artwork(path=Path("drawn.png"), pixels=pixels, alpha=alpha, grey=grey, metadata=Metadata(), notes=())


def as_pixels(picture: Tensor) -> Pixels:
    """(1, 3, h, w) in [0, 1] -> (h, w, 3) uint8."""
    return np.asarray((picture[0] * 255).round().byte().permute(1, 2, 0).numpy())
