"""The generator: a small U-Net that learns to lead noise to latents along straight lines (flow matching).

Lipman et al. 2023, arXiv:2210.02747, in the form of rectified flow (Liu et al. 2023, arXiv:2209.03003), with times
drawn as for Stable Diffusion 3 (Esser et al. 2024, arXiv:2403.03206, section 3.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

from benchmarks.mimicry.space import half
from glaze.encoders.saved import quiet
from glaze.precision import channels_last

ANYBODY: Final = 0  # the label of no artist
MIMICKED: Final = 1  # the label that a mimic teaches; those of the base's artists follow
Velocity = Callable[[Tensor, Tensor], Tensor]

TIME: Final = 1000.0  # the network was made for times up to here


@dataclass(frozen=True)
class Shape:
    """How large the generator is. The default has 10.9 million weights."""

    side: int = 16
    widths: tuple[int, ...] = (64, 128, 256)
    layers: int = 1
    groups: int = 16


def make_generator(shape: Shape, channels: int, labels: int) -> nn.Module:
    """(N, channels, side, side), a time and a label each -> the velocity, of the same shape."""
    plain = len(shape.widths) - 1
    with quiet("diffusers"):
        from diffusers import UNet2DModel

        network: nn.Module = UNet2DModel(
            sample_size=shape.side,
            in_channels=channels,
            out_channels=channels,
            layers_per_block=shape.layers,
            block_out_channels=shape.widths,
            down_block_types=("DownBlock2D",) * plain + ("AttnDownBlock2D",),
            up_block_types=("AttnUpBlock2D",) + ("UpBlock2D",) * plain,
            attention_head_dim=shape.widths[-1] // 8,
            norm_num_groups=shape.groups,
            num_class_embeds=labels,
        )
    return channels_last(network)


def velocity(network: Any, latents: Tensor, times: Tensor, labels: Tensor, *, bfloat16: bool) -> Tensor:
    """What the generator says, in float32. `times` (N) from 0, the latent, to 1, noise."""
    with half(latents.device, on=bfloat16):
        said: Tensor = network(
            latents.contiguous(memory_format=torch.channels_last), times * TIME, class_labels=labels
        ).sample
    return said.float()


def flow_loss(network: nn.Module, latents: Tensor, labels: Tensor, dice: torch.Generator, *, bfloat16: bool) -> Tensor:
    """Mean squared error of the velocity, at times drawn from a logit-normal distribution. `dice` is the CPU's."""
    noise = torch.randn(latents.shape, generator=dice).to(latents.device)
    times = torch.randn(len(latents), generator=dice).sigmoid().to(latents.device)
    part = times.view(-1, 1, 1, 1)
    said = velocity(network, (1 - part) * latents + part * noise, times, labels, bfloat16=bfloat16)
    return (said - (noise - latents)).square().mean()


@torch.no_grad()
def sample(say: Velocity, noise: Tensor, steps: int, batch: int = 32) -> Tensor:
    """Noise (N, C, h, w) -> latents, by Euler's method in `steps` even steps, `batch` at a time.

    say   the velocity of latents (N, C, h, w) at times (N).
    """
    return torch.cat([_way(say, part, steps) for part in noise.split(batch)])


def _way(say: Velocity, latents: Tensor, steps: int) -> Tensor:
    for step in range(steps):
        times = torch.full((len(latents),), 1 - step / steps, device=latents.device)
        latents = latents - say(latents, times) / steps
    return latents
