"""Several encoders on a card that has room for one: each is there while it looks, else in the computer's memory."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from glaze.encoders.autoencoder import Autoencoder
from glaze.encoders.encoder import Encoder, Latents


class Turn:
    """Whose turn it is on a device."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._present: nn.Module | None = None

    def take(self, network: nn.Module) -> None:
        """Bring a network in. The one before goes: by now nobody walks back through it."""
        if self._present is not network:
            if self._present is not None:
                self._present.to("cpu")
            network.to(self.device)
            self._present = network


class InTurn:
    """An encoder that takes its turn before it looks. For one thread: two would take the device from each other."""

    def __init__(self, encoder: Autoencoder, turn: Turn) -> None:
        encoder.sight.network.to("cpu")  # it came in by loading
        self.encoder, self.turn = encoder, turn
        self.families: tuple[str, ...] = encoder.families

    @property
    def members(self) -> tuple[Encoder, ...]:
        return (self,)

    def encode(self, pictures: Tensor) -> Latents:
        self.turn.take(self.encoder.sight.network)
        return self.encoder.encode(pictures)

    def look(self, pictures: Tensor) -> Latents:
        self.turn.take(self.encoder.sight.network)
        return self.encoder.look(pictures)

    def decode(self, latents: Latents) -> Tensor:
        self.turn.take(self.encoder.sight.network)
        return self.encoder.decode(latents)
