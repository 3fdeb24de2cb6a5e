"""JPEG (ITU-T T.81 with JFIF's colours) as a differentiable function: 8x8 cosine transform, tables, rounding, and back.

Written for the loop, which goes through it every third step: as matrix products it takes a quarter of the time of the
library codec that was here before (benchmarks/speed.py tells what a step takes).
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

SIDE: Final = 8
BLOCK: Final = 16  # pixels a side of a unit of the file: the colour planes have half the resolution

# T.81, tables K.1 and K.2: the steps of quality 50, row by row, for luminance and for both colours.
_LUMINANCE: Final = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_COLOUR: Final = tuple(
    tuple(step for step in row) + (99,) * (SIDE - len(row))
    for row in ((17, 18, 24, 47), (18, 21, 26, 66), (24, 26, 56), (47, 66), (), (), (), ())
)
# JFIF 1.02: Y, Cb, Cr of RGB, and back.
_YCC: Final = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
_RGB: Final = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))


def jpeg(pictures: Tensor, quality: float) -> Tensor:
    """What is left of pictures (N, 3, H, W) in [0, 1] saved at a quality of 1 to 100, colours at half resolution.

    Rounding has no slope; x is rounded to r + (x - r)^3, r the nearest integer, which has one (Shin and Song,
    "JPEG-resistant adversarial images", NIPS workshop 2017). That is off r by an eighth at most.
    """
    height, width = pictures.shape[2:]
    padded = F.pad(pictures, (0, -width % BLOCK, 0, -height % BLOCK), mode="replicate")
    colours = _combine(_YCC, 255 * padded)
    # Y is stored about its middle; Cb and Cr are there by themselves.
    light = _coded(colours[:, :1] - 128, _LUMINANCE, quality) + 128
    tint = F.interpolate(_coded(F.avg_pool2d(colours[:, 1:], 2), _COLOUR, quality), scale_factor=2, mode="bilinear")
    decoded = _combine(_RGB, torch.cat([light, tint], 1)) / 255
    return decoded[:, :, :height, :width].clamp(0, 1)


def _combine(matrix: tuple[tuple[float, ...], ...], planes: Tensor) -> Tensor:
    return torch.einsum("ij,njhw->nihw", torch.tensor(matrix, dtype=planes.dtype, device=planes.device), planes)


@cache
def _transform(dtype: torch.dtype, device: torch.device) -> Tensor:
    """(64, 64): the orthonormal two-dimensional cosine transform (DCT-II) of an 8x8 block laid out in a row."""
    place = torch.arange(SIDE, dtype=torch.float64)
    waves = torch.cos(math.pi / SIDE * (place + 0.5) * place[:, None]) * math.sqrt(2 / SIDE)
    waves[0] /= math.sqrt(2)
    return torch.kron(waves, waves).to(device, dtype)


def _coded(planes: Tensor, table: tuple[tuple[int, ...], ...], quality: float) -> Tensor:
    """Planes (N, C, H, W) in levels, H and W multiples of 8, to what is read back of them."""
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    steps = ((torch.tensor(table).flatten() * scale + 50) / 100).floor().clamp(1, 255).to(planes)
    waves = _transform(planes.dtype, planes.device)
    count, channels, height, width = planes.shape
    blocks = planes.view(count, channels, height // SIDE, SIDE, width // SIDE, SIDE).transpose(3, 4)
    ratio = blocks.reshape(-1, SIDE * SIDE) @ (waves.T / steps)
    nearest = ratio.round().detach()
    kept = nearest + (ratio - nearest) ** 3
    back = (kept @ (waves * steps[:, None])).view(count, channels, height // SIDE, width // SIDE, SIDE, SIDE)
    return back.transpose(3, 4).reshape(count, channels, height, width)
