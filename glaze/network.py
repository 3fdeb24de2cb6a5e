"""The bundled network: one small net that imitates what four families of image models see.

The encoders of real image models are slow and have to be downloaded. This network is trained to give their latents
(training/distil.py), with the answer to *changes* of a picture weighing as much as the answer to the picture itself,
because a change is what a cloak is. It strides early: nine tenths of its work happens at a quarter of the picture's
resolution or below, which makes a step of the cloak several times cheaper than with a real tiny encoder
(benchmarks/speed.py).

Three parts, all fully convolutional:

- `Encoder`: one trunk and one head whose channels are the latents of all families side by side.
- `Decoder`: those latents back to a picture, to show "what a model sees".
- `Eye`: imitates LPIPS, so that the visibility budget holds on machines that never downloaded it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Latent channels of each family, in the order in which the head lays them side by side.
FAMILY_CHANNELS: Final[Mapping[str, int]] = MappingProxyType({"sd1": 4, "sdxl": 4, "flux1": 16, "flux2": 32})
STRIDE: Final = 8


class _Residual(nn.Module):
    """Two 3x3 convolutions and a skip; `with_context` adds a branch that normalises over the whole picture.

    FLUX.2's encoder has such a branch: its latent of a patch depends a little on the rest of the picture.
    """

    def __init__(self, width: int, *, with_context: bool = False) -> None:
        super().__init__()
        self.context = (
            nn.Sequential(
                nn.Conv2d(width, 2 * width, 1, bias=False),
                nn.GroupNorm(4, 2 * width),
                nn.ReLU(inplace=True),
                nn.Conv2d(2 * width, width, 1, bias=False),
            )
            if with_context
            else None
        )
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(width, width, 3, padding=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.context is not None:
            x = x + self.context(x)
        return F.relu(x + self.body(x), inplace=True)


class Encoder(nn.Module):
    """RGB (N, 3, H, W) in [0, 1], H and W multiples of 8 -> latents of all families (N, 56, H/8, W/8)."""

    def __init__(self, width: int = 160) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(3, 32, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 96, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            _Residual(96),
            _Residual(96),
            nn.Conv2d(96, width, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            *(_Residual(width, with_context=True) for _ in range(3)),
        )
        self.head = nn.Conv2d(width, sum(FAMILY_CHANNELS.values()), 3, padding=1)

    @property
    def stages(self) -> tuple[nn.Module, ...]:
        """Layers whose say is like that of real encoders' in the same place: at a quarter and an eighth of the size."""
        return self.trunk[5], self.trunk[9]

    def forward(self, picture: Tensor) -> Tensor:
        latents: Tensor = self.head(self.trunk(2 * picture - 1))
        return latents


class Decoder(nn.Module):
    """Latents of all families (N, 56, h, w) -> RGB (N, 3, 8h, 8w), roughly in [0, 1]."""

    def __init__(self, width: int = 96) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(sum(FAMILY_CHANNELS.values()), width, 3, padding=1),
            nn.ReLU(inplace=True),
            _Residual(width),
            _Residual(width),
            _Residual(width),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(width, 64, 3, padding=1),
            nn.ReLU(inplace=True),
            _Residual(64),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(64, 32, 3, padding=1),
            nn.ReLU(inplace=True),
            _Residual(32),
            nn.Conv2d(32, 12, 3, padding=1),
            nn.PixelShuffle(2),
        )

    def forward(self, latents: Tensor) -> Tensor:
        # A latent far out of range (a redrawn patch, a strong cloak) must not blow the picture up.
        picture: Tensor = self.net(3 * torch.tanh(latents / 3))
        return picture


class Fire(nn.Module):
    """SqueezeNet's module (Iandola et al. 2016, arXiv:1602.07360): few channels amid, 1x1 and 3x3 out of them."""

    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.one = nn.Conv2d(squeezed, expanded // 2, 1)
        self.three = nn.Conv2d(squeezed, expanded // 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.squeeze(x), inplace=True)
        return F.relu(torch.cat([self.one(x), self.three(x)], 1), inplace=True)


class Eye(nn.Module):
    """An imitation of LPIPS: two pictures (N, 3, H, W) in [0, 1], at least 32 px a side -> distance (N,), 0 for equal.

    LPIPS (Zhang et al. 2018, arXiv:1801.03924) is the weighted squared distance between unit-normalised features of a
    classifier, SqueezeNet 1.1. This net has that one's layers and has learned to give its features (training/eye.py) at
    the five depths where nearly all of the distance lies; the two fine ones before them, costly, are left out.
    """

    # Channels in, in the middle and out of each module, and whether the resolution is halved before it.
    MODULES: Final = (
        (64, 16, 128, True),
        (128, 16, 128, False),
        (128, 32, 256, True),
        (256, 32, 256, False),
        (256, 48, 384, True),
        (384, 48, 384, False),
        (384, 64, 512, False),
        (512, 64, 512, False),
    )
    LOOKED_AT: Final = (4, 5, 6, 7, 8)  # the modules, counted from 1, whose features count

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 64, 3, stride=2)
        self.fires = nn.ModuleList(Fire(i, squeezed, o) for i, squeezed, o, _ in self.MODULES)
        self.weights = nn.ParameterList(
            nn.Parameter(torch.full((self.MODULES[layer - 1][2],), 0.2)) for layer in self.LOOKED_AT
        )

    def features(self, picture: Tensor) -> list[Tensor]:
        """Weighted, normalised features: (N, C, H/8, W/8) and four times (N, C, H/16, W/16)."""
        x, out = self.stem(2 * picture - 1), list[Tensor]()
        for index, (fire, module) in enumerate(zip(self.fires, self.MODULES, strict=True), start=1):
            if module[3]:
                # The ReLU is the stem's: after pooling it does the same, on a quarter of the numbers.
                x = F.relu(F.max_pool2d(x, 3, 2, ceil_mode=True), inplace=True)
            x = fire(x)
            if index in self.LOOKED_AT:
                # The floor keeps the gradient finite where a flat patch leaves every feature at zero.
                unit = x / (x.square().sum(1, keepdim=True) + 1e-8).sqrt()
                out.append(unit * self.weights[len(out)].view(1, -1, 1, 1))
        return out

    def distance(self, a: list[Tensor], b: list[Tensor]) -> Tensor:
        """Distance (N,) between two lists of features."""
        return torch.stack(
            [(fa.float() - fb.float()).square().sum(1).mean((1, 2)) for fa, fb in zip(a, b, strict=True)]
        ).sum(0)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.distance(self.features(a), self.features(b))


class BundledNetwork(nn.Module):
    """Encoder, decoder and eye: everything that weights/bundled.safetensors holds."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()
        self.eye = Eye()


def split_families(latents: Tensor) -> dict[str, Tensor]:
    """(N, 56, h, w) -> one latent a family, views of the input."""
    parts = latents.split(list(FAMILY_CHANNELS.values()), dim=1)
    return dict(zip(FAMILY_CHANNELS, parts, strict=True))
