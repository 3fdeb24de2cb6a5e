"""What the engine asks of anything that sees as a model does, and the unit in which it sees."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import combinations
from statistics import median
from types import MappingProxyType
from typing import Final, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Latents = dict[str, Tensor]

# RMS distance between the latents of unrelated pictures at 512 px: the unit in which each family's moves are counted,
# so that no family outweighs the others because its numbers are larger (training/README.md says how it was measured).
SPREAD: Final[Mapping[str, float]] = MappingProxyType(
    {"sd1": 1.114, "sdxl": 1.258, "sd3": 0.991, "flux1": 1.155, "flux2": 1.154, "sana": 1.231}
)


class Encoder(Protocol):
    """What the engine asks of an encoder."""

    families: tuple[str, ...]

    @property
    def members(self) -> tuple[Encoder, ...]:
        """What one step of the loop looks through: itself for a single network, each of its encoders for an ensemble.

        The loop draws one of them a step, so that its cost does not grow with their number.
        """

    def encode(self, pictures: Tensor) -> Latents:
        """(N, 3, H, W) in [0, 1] -> per family (N, C, ceil(H/s), ceil(W/s)) float32, in units of its SPREAD.

        s is the family's stride, 8 for most. Gradients come back through it. Pictures may lie on any device, what is
        seen lies on the encoder's.
        """

    def look(self, pictures: Tensor) -> Latents:
        """What the loop presses on: what `encode` gives and, under names that are no family's, layers before it.

        A layer is (N, C, h, w) of any size, unit and precision.
        """

    def decode(self, latents: Latents) -> Tensor:
        """Latents as `encode` gives them -> (N, 3, s h, s w) in [0, 1]: what the model sees, made visible.

        Raises KeyError where a family it needs is missing.
        """


def padded(pictures: Tensor, multiple: int) -> Tensor:
    """(N, C, H, W) with its right and lower border repeated until H and W are multiples of `multiple`."""
    height, width = pictures.shape[2:]
    padding = (0, -width % multiple, 0, -height % multiple)
    return F.pad(pictures, padding, mode="replicate") if any(padding) else pictures


@contextmanager
def overheard(layers: Sequence[nn.Module]) -> Iterator[Latents]:
    """What `layers` of a network give while it is looked through in this context, under "layer 1", "layer 2", ...

    Only to this thread: others look through the same network at the same time, at pictures of other sizes.
    """
    heard: Latents = {}
    own = threading.get_ident()

    def listen(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def hear(_layer: nn.Module, _taken: object, given: Tensor) -> None:
            if threading.get_ident() == own:
                heard[name] = given

        return hear

    hooks = [layer.register_forward_hook(listen(f"layer {number}")) for number, layer in enumerate(layers, 1)]
    try:
        yield heard
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def measure_spread(see: Callable[[Tensor], Tensor], pictures: Sequence[Tensor]) -> float:
    """The SPREAD of a family that has none yet: median RMS distance between its latents of unrelated pictures.

    `see` gives the latents of a picture (1, 3, H, W) in [0, 1]; at least two pictures, all of one size. Over the styles
    that Glaze draws it comes out at .64 to .95 of what photographs and paintings gave: near enough for a unit.
    """
    latents = [see(picture) for picture in pictures]
    return median((a - b).square().mean().sqrt().item() for a, b in combinations(latents, 2))
