"""Filters over whole pictures, one side after the other, several times as fast on a processor as torch's own.

Every one is a linear map of lines of pixels in which an output depends on a few neighbours only, so some outputs at a
time are one product with a narrow matrix; its adjoint, which is its derivative, is the product with the transposed one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

QUARTERS: Final = 4
_BLOCK: Final = 32  # outputs of one matrix product: measured fastest of 16, 32, 64, 128 for 7 to 43 taps


def _block(outputs: int, device: torch.device) -> int:
    """How many outputs to work out in one product. All on a card, which minds zeros less than many small products."""
    return _BLOCK if device.type == "cpu" else outputs


class Lines:
    """A linear map of lines of `before` pixels to lines of `after`, down the columns or along the rows of planes.

    blocks: which outputs, which inputs these depend on, and the matrix (outputs, inputs) between them.
    """

    def __init__(self, before: int, after: int, blocks: list[tuple[slice, slice, Tensor]]) -> None:
        self.before, self.after, self.blocks = before, after, blocks

    def down(self, planes: Tensor) -> Tensor:
        """(P, before, W) -> (P, after, W)."""
        out = planes.new_empty(len(planes), self.after, planes.shape[2])
        for plane, target, (outputs, inputs, matrix) in self._each(planes, out):
            torch.mm(matrix, plane[inputs], out=target[outputs])
        return out

    def along(self, planes: Tensor) -> Tensor:
        """(P, H, before) -> (P, H, after)."""
        out = planes.new_empty(len(planes), planes.shape[1], self.after)
        for plane, target, (outputs, inputs, matrix) in self._each(planes, out):
            torch.mm(plane[:, inputs], matrix.t(), out=target[:, outputs])
        return out

    def down_adjoint(self, slopes: Tensor) -> Tensor:
        """(P, after, W) -> (P, before, W): the gradient by what `down` took, given that by what it gave."""
        out = slopes.new_zeros(len(slopes), self.before, slopes.shape[2])
        for plane, target, (outputs, inputs, matrix) in self._each(slopes, out):
            target[inputs].addmm_(matrix.t(), plane[outputs])
        return out

    def along_adjoint(self, slopes: Tensor) -> Tensor:
        """(P, H, after) -> (P, H, before): the same for `along`."""
        out = slopes.new_zeros(len(slopes), slopes.shape[1], self.before)
        for plane, target, (outputs, inputs, matrix) in self._each(slopes, out):
            target[:, inputs].addmm_(plane[:, outputs], matrix)
        return out

    def _each(self, planes: Tensor, out: Tensor) -> Iterator[tuple[Tensor, Tensor, tuple[slice, slice, Tensor]]]:
        for plane, target in zip(planes, out, strict=True):
            for block in self.blocks:
                yield plane, target, block


def convolution(taps: NDArray[np.float64], length: int, like: Tensor, start: int = 0, step: int = 1) -> Lines:
    """A convolution with an odd number of taps, at every `step`-th pixel from `start` on.

    Beyond its border a line goes on with the border's value.
    """
    return _convolution(tuple(taps.tolist()), length, start, step, like.dtype, like.device)


@lru_cache(maxsize=256)
def _convolution(
    taps: tuple[float, ...], length: int, start: int, step: int, dtype: torch.dtype, device: torch.device
) -> Lines:
    middles = np.arange(start, length, step)
    reach, blocks = np.arange(len(taps)) - len(taps) // 2, []
    # All blocks but those at the border do the same: one matrix serves them.
    matrices: dict[bytes, Tensor] = {}
    block = _block(len(middles), device)
    for first in range(0, len(middles), block):
        reached = (middles[first : first + block, None] + reach).clip(0, length - 1)
        lowest, rows = int(reached.min()), len(reached)
        places = reached - lowest
        if places.tobytes() not in matrices:
            matrix = np.zeros((rows, int(places.max()) + 1))
            np.add.at(matrix, (np.arange(rows)[:, None], places), np.array(taps))
            matrices[places.tobytes()] = torch.from_numpy(matrix).to(device, dtype)
        weights = matrices[places.tobytes()]
        blocks.append((slice(first, first + rows), slice(lowest, lowest + weights.shape[1]), weights))
    return Lines(length, len(middles), blocks)


@lru_cache(maxsize=256)
def _resampling(before: int, after: int, dtype: torch.dtype, device: torch.device) -> Lines:
    # torch's own weights: what it makes of each unit vector.
    unit = torch.eye(before, dtype=torch.float64)[None, None]
    weights = F.interpolate(unit, (after, before), mode="bicubic", antialias=True, align_corners=False)[0, 0]
    blocks, block = [], _block(after, device)
    for first in range(0, after, block):
        outputs = slice(first, min(first + block, after))
        reached = weights[outputs].abs().sum(0).nonzero()
        inputs = slice(int(reached[0]), int(reached[-1]) + 1)
        blocks.append((outputs, inputs, weights[outputs, inputs].to(device, dtype)))
    return Lines(before, after, blocks)


def box(side: int) -> NDArray[np.float64]:
    """The taps of a mean of `side`, an odd number."""
    return np.full(side, 1 / side)


def gaussian(sigma: float) -> NDArray[np.float64]:
    """The taps of a Gaussian blur of `sigma` > 0 pixels, cut off at three sigma."""
    reach = round(3 * sigma)
    taps: NDArray[np.float64] = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / sigma))
    taps /= taps.sum()
    return taps


def quarter(phase: int) -> tuple[int, int]:
    """The first row and column of those pixels, in every second row every second one, that have their turn.

    phase: any number; QUARTERS in a row name every pixel once.
    """
    return phase % 2, phase // 2 % 2


def separable(pictures: Tensor, down: NDArray[np.float64], along: NDArray[np.float64] | None = None) -> Tensor:
    """(N, C, H, W) -> the same, filtered down its columns and along its rows, by the same taps unless given.

    Beyond its border a picture goes on with the border's values.
    """
    height, width = pictures.shape[2:]
    along = down if along is None else along
    return mapped(pictures, convolution(down, height, pictures), convolution(along, width, pictures))


def resample(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    """(N, C, H, W) -> (N, C, *size), bicubic with antialiasing: what F.interpolate does, at a quarter of its time."""
    sides = zip(pictures.shape[2:], size, strict=True)
    return mapped(pictures, *(_resampling(a, b, pictures.dtype, pictures.device) for a, b in sides))


def mapped(pictures: Tensor, down: Lines, along: Lines) -> Tensor:
    """(N, C, H, W) -> (N, C, h, w), with a gradient."""
    return _Mapped.apply(pictures, down, along)  # type: ignore[no-any-return, no-untyped-call]


class _Mapped(torch.autograd.Function):
    """`mapped` with its adjoint as derivative."""

    @staticmethod
    def forward(ctx: Any, pictures: Tensor, down: Lines, along: Lines) -> Tensor:
        ctx.sides = down, along
        return _flatly(lambda planes: along.along(down.down(planes)), pictures)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor, None, None]:
        down, along = ctx.sides
        return _flatly(lambda planes: down.down_adjoint(along.along_adjoint(planes)), above), None, None


def _flatly(work: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
    # A gradient can come spread out from one number (that of a sum), and a matrix product does not take it so.
    out = work(pictures.contiguous().flatten(0, 1))
    return out.view(*pictures.shape[:2], *out.shape[1:])
