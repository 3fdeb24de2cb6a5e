"""The bundled network as an encoder."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from glaze.encoders.encoder import SPREAD, Encoder, Latents, overheard, padded
from glaze.network import FAMILY_CHANNELS, STRIDE, BundledNetwork, split_families
from glaze.precision import autocast


class BundledEncoder:
    """The bundled network as an encoder of all its families at once, or of those in `families`.

    Fewer are asked of it where a real encoder speaks for the others. It can then not `decode`: its decoder takes all.
    """

    def __init__(self, network: BundledNetwork, families: Sequence[str] = tuple(FAMILY_CHANNELS)) -> None:
        self.network = network
        self.families: tuple[str, ...] = tuple(families)
        self.device = next(network.parameters()).device
        spreads = [torch.full((c,), SPREAD[f]) for f, c in FAMILY_CHANNELS.items()]
        self.spread = torch.cat(spreads).view(1, -1, 1, 1).to(self.device)

    @property
    def members(self) -> tuple[Encoder, ...]:
        return (self,)

    def encode(self, pictures: Tensor) -> Latents:
        pictures = padded(pictures.to(self.device), STRIDE)
        with autocast(self.device):
            latents = self.network.encoder(pictures.contiguous(memory_format=torch.channels_last))
        seen = split_families(latents.float() / self.spread)
        return {family: seen[family] for family in self.families}

    def look(self, pictures: Tensor) -> Latents:
        with overheard(self.network.encoder.stages) as layers:
            latents = self.encode(pictures)
        return latents | layers

    def decode(self, latents: Latents) -> Tensor:
        together = torch.cat([latents[f] for f in FAMILY_CHANNELS], 1) * self.spread
        with autocast(self.device):
            picture: Tensor = self.network.decoder(together.contiguous(memory_format=torch.channels_last))
        return picture.float().clamp(0, 1)
