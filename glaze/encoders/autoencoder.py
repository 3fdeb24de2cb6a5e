"""One autoencoder, whatever its kind, as an encoder of one family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from glaze.encoders.encoder import Encoder, Latents, overheard, padded


@dataclass(frozen=True)
class Sight:
    """A loaded network as it is looked through.

    see       (N, 3, H, W) in [0, 1], H and W multiples of `multiple` -> (N, C, H/stride, W/stride) float32: the latent
              as the family's diffusion model gets it, the posterior's mean where there is a posterior.
    show      such a latent -> (N, 3, H, W) float32, roughly in [0, 1].
    network   all that has to lie on the device for it.
    layers    the parts of the network that end its stages: what they give is pressed on as well.
    """

    see: Callable[[Tensor], Tensor]
    show: Callable[[Tensor], Tensor]
    network: nn.Module
    stride: int
    multiple: int
    layers: Sequence[nn.Module] = ()


class Autoencoder:
    """What the models of one family see, through their real autoencoder or its tiny stand-in.

    spread  the family's SPREAD.
    """

    def __init__(self, family: str, sight: Sight, spread: float) -> None:
        self.families: tuple[str, ...] = (family,)
        self.sight = sight
        self.spread = spread

    @property
    def members(self) -> tuple[Encoder, ...]:
        return (self,)

    def encode(self, pictures: Tensor) -> Latents:
        height, width = (-(-side // self.sight.stride) for side in pictures.shape[2:])
        # What lies in the padding alone is cut off, so that a family's latents have one size whatever its multiple.
        latents = self.sight.see(padded(pictures, self.sight.multiple))[:, :, :height, :width]
        return {self.families[0]: latents / self.spread}

    def look(self, pictures: Tensor) -> Latents:
        with overheard(self.sight.layers) as layers:
            latents = self.encode(pictures)
        return latents | layers

    def decode(self, latents: Latents) -> Tensor:
        latent = latents[self.families[0]] * self.spread
        height, width = (side * self.sight.stride for side in latent.shape[2:])
        shown = self.sight.show(padded(latent, self.sight.multiple // self.sight.stride))
        return shown[:, :, :height, :width].clamp(0, 1)
