"""The optimiser of the loop."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim.adam import adam


class Adam:
    """torch's Adam for one tensor (Kingma and Ba, ICLR 2015, arXiv:1412.6980, algorithm 1), its rate given each step.

    Through the function and not through torch.optim.Adam: with its first optimiser torch imports its compiler, eight
    hundred modules, nearly a second that the first preview would wait for.
    """

    def __init__(self, like: Tensor, betas: tuple[float, float]) -> None:
        self._betas = betas
        self._mean, self._square = torch.zeros_like(like), torch.zeros_like(like)
        self._steps = torch.zeros(())

    @torch.no_grad()
    def step(self, tensor: Tensor, gradient: Tensor, rate: float) -> None:
        """Move `tensor`, in place, against its gradient (both of the shape of `like`), each number by about `rate`."""
        adam(
            [tensor],
            [gradient],
            [self._mean],
            [self._square],
            [],
            [self._steps],
            foreach=False,
            amsgrad=False,
            beta1=self._betas[0],
            beta2=self._betas[1],
            lr=rate,
            weight_decay=0,
            eps=1e-8,
            maximize=False,
        )
