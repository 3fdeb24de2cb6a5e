"""What a model sees: a picture in, the latents of one or several families out.

An encoder is anything with `families` and `encode`. Packs bring more of them; the loop, the decoys and the report
know only this.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from glaze.network import FAMILY_CHANNELS, STRIDE, BundledNetwork, channels_last, split_families

Latents = dict[str, Tensor]

# RMS distance between the latents of unrelated pictures at 512 px: the unit in which each family's moves are counted,
# so that no family outweighs the others because its numbers are larger (training/README.md says how it was measured).
SPREAD: Final[Mapping[str, float]] = MappingProxyType({"sd1": 1.114, "sdxl": 1.258, "flux1": 1.155, "flux2": 1.154})


class Encoder(Protocol):
    """What the engine asks of an encoder."""

    families: tuple[str, ...]

    def encode(self, pictures: Tensor) -> Latents:
        """(N, 3, H, W) in [0, 1] -> per family (N, C, ceil(H/8), ceil(W/8)) float32, in units of its SPREAD."""

    def decode(self, latents: Latents) -> Tensor:
        """Latents as `encode` gives them -> (N, 3, 8h, 8w) in [0, 1]: what the model sees, made visible."""


@cache
def fastest_precision(device: str) -> torch.dtype:
    """bfloat16 where this machine computes it clearly faster than float32, else float32.

    Measured, not looked up: processors without bfloat16 units run it correctly but many times slower.
    """
    convolution = channels_last(torch.nn.Conv2d(64, 64, 3, padding=1).to(device))
    picture = torch.zeros(1, 64, 96, 96, device=device).contiguous(memory_format=torch.channels_last)

    def seconds(dtype: torch.dtype) -> float:
        net, x = convolution.to(dtype), picture.to(dtype)
        best = float("inf")
        with torch.inference_mode():
            for _ in range(4):
                start = time.perf_counter()
                net(x).sum().item()
                best = min(best, time.perf_counter() - start)
        return best

    return torch.bfloat16 if seconds(torch.bfloat16) < 0.75 * seconds(torch.float32) else torch.float32


class BundledEncoder:
    """The bundled network as an encoder of all its families at once."""

    families: tuple[str, ...] = tuple(FAMILY_CHANNELS)

    def __init__(self, network: BundledNetwork) -> None:
        self.network = network
        self.device = next(network.parameters()).device
        self.precision = fastest_precision(str(self.device))
        spreads = [torch.full((c,), SPREAD[f]) for f, c in FAMILY_CHANNELS.items()]
        self.spread = torch.cat(spreads).view(1, -1, 1, 1).to(self.device)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == torch.bfloat16)

    def encode(self, pictures: Tensor) -> Latents:
        height, width = pictures.shape[2:]
        padding = (0, -width % STRIDE, 0, -height % STRIDE)
        if any(padding):
            pictures = F.pad(pictures, padding, mode="replicate")
        with self._autocast():
            latents = self.network.encoder(pictures.contiguous(memory_format=torch.channels_last))
        return split_families(latents.float() / self.spread)

    def decode(self, latents: Latents) -> Tensor:
        together = torch.cat([latents[f] for f in self.families], 1) * self.spread
        with self._autocast():
            picture: Tensor = self.network.decoder(together.contiguous(memory_format=torch.channels_last))
        return picture.float().clamp(0, 1)
