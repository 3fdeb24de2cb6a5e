"""CUDA graphs: what an encoder does in each step of the loop, recorded once and replayed without asking torch again.

A look is hundreds of small kernels, and launching them one by one can take longer than they do. Written where there was
no card: it was never run on one, and what it gains is not known. So a recording is used only where it gave, of another
picture than the one it was recorded with, what the encoder itself gives, and the same slope; else the encoder is used.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, cast

import torch
from torch import Tensor

from glaze.device import alone
from glaze.encoders import Encoder, Ensemble, Latents

Look = Callable[[Tensor], Latents]

# The error, RMS, as a share of the numbers: a replay is the same kernels, but sums may come in another order.
SAME: Final = 0.02

_log = logging.getLogger(__name__)


class Graphed:
    """An encoder whose looks with gradients, all of one size, are replayed; whatever else is asked, it answers itself.

    What a look gives is overwritten by the next one: the loop is done with it by then.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.families: tuple[str, ...] = encoder.families
        self.encode, self.decode = encoder.encode, encoder.decode
        self._recorded: Look | None = None

    @property
    def members(self) -> tuple[Encoder, ...]:
        return (self,)

    def look(self, pictures: Tensor) -> Latents:
        if not (torch.is_grad_enabled() and pictures.requires_grad):
            return self.encoder.look(pictures)
        self._recorded = self._recorded or recorded(self.encoder.look, pictures)
        return self._recorded(pictures)


def graphed(encoder: Encoder) -> Encoder:
    """The encoder with each of its members `Graphed`; for one run of the loop, with which the recordings end."""
    return Ensemble([Graphed(member) for member in encoder.members])


def recorded(look: Look, sample: Tensor) -> Look:
    """The look as a graph, for pictures of the sample's size; where that cannot be had or is wrong, the look itself.

    While CUDA records, no other thread may ask it for memory, so it is not tried beside other work on a card.
    """
    try:
        with alone() as undisturbed, torch.cuda.device(sample.device):
            if not undisturbed:
                return look
            still = sample.detach().clone().requires_grad_()
            replay = cast("Look", torch.cuda.make_graphed_callables(look, (still,)))
            other = sample.detach().flip(3)
            right = all(
                bool((a - b).square().mean() <= SAME**2 * a.square().mean())
                for a, b in zip(_seen(look, other), _seen(replay, other), strict=True)
            )
    # A recording fails in every way; the look itself then says whether the card can go on.
    except Exception as error:  # noqa: BLE001
        _log.warning("no CUDA graph: %s", error)
        return look
    if not right:
        _log.warning("no CUDA graph: it gives other numbers")
    return replay if right else look


def _seen(look: Look, picture: Tensor) -> list[Tensor]:
    """What a look gives, and the slope back through it."""
    picture = picture.clone().requires_grad_()
    seen = look(picture)
    torch.stack([part.float().square().mean() for part in seen.values()]).sum().backward()
    assert picture.grad is not None
    return [part.detach().float().clone() for part in (*seen.values(), picture.grad)]
