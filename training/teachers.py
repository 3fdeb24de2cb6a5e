"""The teachers: the encoders of tiny autoencoders of real model families, read from plain safetensors files."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from glaze.encoders.tiny import read_tiny
from glaze.precision import channels_last


def load_teacher(path: Path, device: torch.device) -> nn.Module:
    """The encoder of a tiny autoencoder, frozen: RGB (N, 3, H, W) in [0, 1] -> latent (N, C, H/8, W/8).

    Runs in bfloat16: on a CPU with AVX512-BF16 or on a GPU that is four times faster than float32, and its rounding
    (.4 %) is far below what the student can learn.
    """
    return channels_last(read_tiny(path).encoder.to(device, torch.bfloat16))


def see(teacher: nn.Module, pictures: Tensor) -> Tensor:
    """What a teacher sees, as float32; differentiable with respect to the pictures."""
    latents: Tensor = teacher(pictures.to(torch.bfloat16).contiguous(memory_format=torch.channels_last))
    return latents.float()
