"""The mimic: the base generator taught a new label from one artist's pictures, and asked for more of them."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.mimicry.base import Base, dice
from benchmarks.mimicry.generator import ANYBODY, MIMICKED, flow_loss, sample, velocity
from benchmarks.mimicry.space import windows


@dataclass(frozen=True)
class Lessons:
    """How a mimic learns and what it is asked for.

    way        the steps from noise to a sample.
    guidance   how far samples go from the base's way to the mimic's: 1 is the mimic's own, more is beyond it.
    """

    steps: int = 150
    batch: int = 16
    rate: float = 3e-4
    samples: int = 48
    way: int = 20
    guidance: float = 2.0


def teach(base: Base, latents: list[Tensor], lessons: Lessons, seed: int) -> nn.Module:
    """A copy of the base, all of whose weights learned the label MIMICKED from latents (C, h, w) each.

    The same base, latents, lessons and seed give the same mimic, on the same machine and number of threads.
    """
    network: Any = copy.deepcopy(base.network).train().requires_grad_(True)
    with torch.no_grad():
        network.class_embedding.weight[MIMICKED] = network.class_embedding.weight[ANYBODY]
    optimiser = torch.optim.AdamW(network.parameters(), lr=lessons.rate, weight_decay=0.01)
    labels = torch.full((lessons.batch,), MIMICKED, device=base.space.device)
    for step in range(lessons.steps):
        drawn = dice(seed, step)
        cut, _ = windows(latents, base.shape.side, drawn, lessons.batch)
        # The rate falls to nothing, so that the last few windows do not decide.
        for group in optimiser.param_groups:
            group["lr"] = lessons.rate * min(1.0, (step + 1) / 10, 2 * (1 - step / lessons.steps))
        loss = flow_loss(network, cut.to(base.space.device), labels, drawn, bfloat16=base.space.bfloat16)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    taught: nn.Module = network.requires_grad_(False)
    return taught


def draw(base: Base, mimic: nn.Module | None, lessons: Lessons, seed: int) -> Tensor:
    """Samples of a mimic, or of nobody by the base alone, as pictures (N, 3, H, W) in [0, 1].

    With guidance (Ho & Salimans 2022, arXiv:2207.12598): beyond where the mimic differs from the base. The same noise
    for every mimic of a seed.
    """
    base.network.eval()

    def say(network: nn.Module, label: int, latents: Tensor, times: Tensor) -> Tensor:
        labels = torch.full((len(latents),), label, device=latents.device)
        return velocity(network, latents, times, labels, bfloat16=base.space.bfloat16)

    def guided(latents: Tensor, times: Tensor) -> Tensor:
        nobody = say(base.network, ANYBODY, latents, times)
        if mimic is None:
            return nobody
        return nobody + lessons.guidance * (say(mimic.eval(), MIMICKED, latents, times) - nobody)

    shape = (lessons.samples, base.space.channels, base.shape.side, base.shape.side)
    noise = torch.randn(shape, generator=dice(seed, -1)).to(base.space.device)
    latents = sample(guided, noise, lessons.way)
    return torch.cat([base.space.decode(part) for part in latents.split(16)]).cpu()
