"""The teachers: tiny autoencoders of real model families, read from plain safetensors files."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from glaze.network import channels_last

_WIDTH = 64


class _Block(nn.Module):
    """Three 3x3 convolutions and a skip; FLUX.2's deepest stage adds a branch normalised over the picture."""

    def __init__(self, *, pooled: bool) -> None:
        super().__init__()
        self.pool = (
            nn.Sequential(
                nn.Conv2d(_WIDTH, 4 * _WIDTH, 1, bias=False),
                nn.GroupNorm(4, 4 * _WIDTH),
                nn.ReLU(),
                nn.Conv2d(4 * _WIDTH, _WIDTH, 1, bias=False),
            )
            if pooled
            else None
        )
        convs = [nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1) for _ in range(3)]
        self.conv = nn.Sequential(convs[0], nn.ReLU(), convs[1], nn.ReLU(), convs[2])

    def forward(self, x: Tensor) -> Tensor:
        if self.pool is not None:
            x = x + self.pool(x)
        return F.relu(x + self.conv(x))


def load_teacher(path: Path, device: torch.device) -> nn.Module:
    """The encoder of a tiny autoencoder, frozen: RGB (N, 3, H, W) in [0, 1] -> latent (N, C, H/8, W/8).

    `path`: keys `encoder.N...` as in madebyollin's TAESD family. Runs in bfloat16: on a CPU with AVX512-BF16 or on a
    GPU that is four times faster than float32, and its rounding (.4 %) is far below what the student can learn.
    """
    weights = {k.removeprefix("encoder."): v for k, v in load_file(path).items() if k.startswith("encoder.")}
    pooled = any(".pool." in key for key in weights)
    last = max(int(key.split(".")[0]) for key in weights)
    layers: list[nn.Module] = [nn.Conv2d(3, _WIDTH, 3, padding=1), _Block(pooled=False)]
    for stage in range(3):
        layers.append(nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1, stride=2, bias=False))
        layers += [_Block(pooled=pooled and stage == 2) for _ in range(3)]
    layers.append(nn.Conv2d(_WIDTH, weights[f"{last}.weight"].shape[0], 3, padding=1))
    net = nn.Sequential(*layers)
    net.load_state_dict({k: v.float() for k, v in weights.items()})
    return channels_last(net.to(device, torch.bfloat16)).eval().requires_grad_(False)


def see(teacher: nn.Module, pictures: Tensor) -> Tensor:
    """What a teacher sees, as float32; differentiable with respect to the pictures."""
    latents: Tensor = teacher(pictures.to(torch.bfloat16).contiguous(memory_format=torch.channels_last))
    return latents.float()
