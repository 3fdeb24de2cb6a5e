"""The optimiser of the loop."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

EPSILON: Final = 1e-8


class Adam:
    """Adam for one tensor (Kingma and Ba, ICLR 2015, arXiv:1412.6980, algorithm 1), number for number torch's.

    Not torch's own, because with its first optimiser torch imports its compiler, eight hundred modules: nearly a second
    that the first preview would wait for.
    """

    def __init__(self, like: Tensor, betas: tuple[float, float]) -> None:
        self.betas = betas
        self.steps = 0
        self.mean, self.square = torch.zeros_like(like), torch.zeros_like(like)

    @torch.no_grad()
    def step(self, tensor: Tensor, gradient: Tensor, rate: float) -> None:
        """Move `tensor`, in place, against its gradient, each number by about `rate`."""
        first, second = self.betas
        self.steps += 1
        self.mean.lerp_(gradient, 1 - first)
        self.square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        # Both means begin at zero; these make up for it.
        spread = (self.square.sqrt() / math.sqrt(1 - second**self.steps)).add_(EPSILON)
        tensor.addcdiv_(self.mean, spread, value=-rate / (1 - first**self.steps))
