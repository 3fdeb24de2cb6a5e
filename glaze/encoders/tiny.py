"""The tiny autoencoder: small stand-ins for full ones by Ollin Boer Bohan (TAESD, github.com/madebyollin/taesd, MIT).

All families' have the same layers but for FLUX.2's: the blocks at an eighth of the picture's size have a branch there
that is normalised over the whole picture, which diffusers' AutoencoderTiny lacks. This module knows both, and reads
them from one file, named as TAESD names its weights (encoder.N, decoder.N) or as diffusers does (encoder.layers.N).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from glaze.errors import WeightsError
from glaze.memory import ran_out
from glaze.precision import channels_last

WIDTH: Final = 64


class _Block(nn.Module):
    """Three 3x3 convolutions and a skip; `pooled` adds FLUX.2's branch."""

    def __init__(self, *, pooled: bool) -> None:
        super().__init__()
        self.pool = (
            nn.Sequential(
                nn.Conv2d(WIDTH, 4 * WIDTH, 1, bias=False),
                nn.GroupNorm(4, 4 * WIDTH),
                nn.ReLU(),
                nn.Conv2d(4 * WIDTH, WIDTH, 1, bias=False),
            )
            if pooled
            else None
        )
        convs = [nn.Conv2d(WIDTH, WIDTH, 3, padding=1) for _ in range(3)]
        self.conv = nn.Sequential(convs[0], nn.ReLU(), convs[1], nn.ReLU(), convs[2])

    def forward(self, x: Tensor) -> Tensor:
        if self.pool is not None:
            x = x + self.pool(x)
        return F.relu(x + self.conv(x))


class _Clamp(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 3 * torch.tanh(x / 3)


class TinyNetwork(nn.Module):
    """One family's tiny autoencoder.

    encoder  RGB (N, 3, H, W) in [0, 1], H and W multiples of 8 -> (N, channels, H/8, W/8), the latent as the family's
             diffusion model gets it.
    decoder  that latent -> RGB (N, 3, H, W), roughly in [0, 1].
    """

    STRIDE: Final = 8

    def __init__(self, channels: int, *, pooled: bool) -> None:
        super().__init__()
        into: list[nn.Module] = [nn.Conv2d(3, WIDTH, 3, padding=1), _Block(pooled=False)]
        out: list[nn.Module] = [_Clamp(), nn.Conv2d(channels, WIDTH, 3, padding=1), nn.ReLU()]
        for stage in range(3):
            into.append(nn.Conv2d(WIDTH, WIDTH, 3, padding=1, stride=2, bias=False))
            into += [_Block(pooled=pooled and stage == 2) for _ in range(3)]
            out += [_Block(pooled=pooled and stage == 0) for _ in range(3)]
            out += [nn.Upsample(scale_factor=2), nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False)]
        self.encoder = nn.Sequential(*into, nn.Conv2d(WIDTH, channels, 3, padding=1))
        self.decoder = nn.Sequential(*out, _Block(pooled=False), nn.Conv2d(WIDTH, 3, 3, padding=1))


def _taesd_name(key: str) -> str:
    """A weight's name as TAESD has it; diffusers counts the decoder's layers without the clamp before them."""
    key = re.sub(r"^decoder\.layers\.(\d+)", lambda found: f"decoder.{int(found[1]) + 1}", key)
    return key.replace("encoder.layers.", "encoder.")


def read_tiny(path: Path) -> TinyNetwork:
    """The network in a file, frozen, float32, channels last. Raises WeightsError (no_encoder, not_tiny)."""
    if not path.is_file():
        raise WeightsError("no_encoder", path=path)
    try:
        weights = {_taesd_name(key): value.float() for key, value in load_file(path).items()}
        channels = weights["decoder.1.weight"].shape[1]
        network = TinyNetwork(channels, pooled=any(".pool." in key for key in weights))
        network.load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError, KeyError, IndexError) as error:
        if ran_out(error):
            raise
        raise WeightsError("not_tiny", path=path) from error
    return channels_last(network).eval().requires_grad_(False)
