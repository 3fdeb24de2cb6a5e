"""The latent space of a real family, in which the generator works, and windows cut from latents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, ImageOps
from torch import Tensor

from glaze.canvas import to_tensor
from glaze.encoders.tiny import TinyNetwork, read_tiny


def half(device: torch.device, *, on: bool) -> torch.autocast:
    """Networks in bfloat16 where `on`: said, not measured, so that two runs compute the same."""
    return torch.autocast(device.type, torch.bfloat16, enabled=on)


@dataclass
class Space:
    """One family's autoencoder, and how its latents are made of about unit size.

    mean, deviation  (1, C, 1, 1), of the base's latents.
    """

    family: str
    network: TinyNetwork
    device: torch.device
    bfloat16: bool
    mean: Tensor
    deviation: Tensor

    @property
    def channels(self) -> int:
        return int(self.mean.shape[1])

    @torch.no_grad()
    def raw(self, picture: Image.Image) -> Tensor:
        """A picture whose sides are multiples of 8 -> (C, H/8, W/8), as the family's diffusion model gets it."""
        with half(self.device, on=self.bfloat16):
            laid_out = to_tensor(picture).to(self.device).contiguous(memory_format=torch.channels_last)
            latents: Tensor = self.network.encoder(laid_out)
        return latents[0].float()

    def encode(self, pictures: Sequence[Image.Image]) -> list[Tensor]:
        """Pictures -> normalised latents, each picture's and its mirror image's."""
        both = [side for picture in pictures for side in (picture, ImageOps.mirror(picture))]
        return [((self.raw(picture) - self.mean[0]) / self.deviation[0]) for picture in both]

    def trip(self, pictures: Tensor) -> Tensor:
        """Pictures (N, 3, H, W) in [0, 1], sides multiples of 8, as the family's autoencoder gives them back."""
        with torch.no_grad(), half(self.device, on=self.bfloat16):
            laid_out = pictures.to(self.device).contiguous(memory_format=torch.channels_last)
            shown: Tensor = self.network.decoder(self.network.encoder(laid_out).float())
        return shown.float().clamp(0, 1).cpu()

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Normalised latents (N, C, h, w) -> pictures (N, 3, 8h, 8w) in [0, 1]."""
        with half(self.device, on=self.bfloat16):
            raw = latents * self.deviation + self.mean
            pictures: Tensor = self.network.decoder(raw.contiguous(memory_format=torch.channels_last))
        return pictures.float().clamp(0, 1)


def load_space(path: Path, device: torch.device, *, bfloat16: bool) -> Space:
    """A family's tiny autoencoder in a file, not yet normalised. Raises WeightsError (no_encoder, not_tiny)."""
    network = read_tiny(path).to(device)
    channels = int(network.get_parameter("decoder.1.weight").shape[1])
    mean = torch.zeros(1, channels, 1, 1, device=device)
    return Space(path.stem, network, device, bfloat16, mean, torch.ones_like(mean))


def windows(latents: Sequence[Tensor], side: int, dice: torch.Generator, count: int) -> tuple[Tensor, Tensor]:
    """`count` windows of `side` cells (count, C, side, side), and which of the latents each was cut from (count)."""
    drawn = torch.randint(len(latents), (count,), generator=dice)
    cut = []
    for index in drawn.tolist():
        height, width = latents[index].shape[1:]
        top = int(torch.randint(height - side + 1, (), generator=dice))
        left = int(torch.randint(width - side + 1, (), generator=dice))
        cut.append(latents[index][:, top : top + side, left : left + side])
    return torch.stack(cut), drawn
