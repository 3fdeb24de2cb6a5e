"""Low-rank adaptation: only a small product is learned, added to each weight of a network's attention.

Hu et al. 2021, arXiv:2106.09685.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

ADAPTED: Final = ("to_q", "to_k", "to_v", "to_out.0")


class LowRank(nn.Module):
    """A weight (out, in) -> the weight and a product of rank `rank`, which is nothing at first."""

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        out, into = weight.shape
        self.down = nn.Parameter(torch.randn(rank, into, device=weight.device) / rank)
        self.up = nn.Parameter(torch.zeros(out, rank, device=weight.device))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.up @ self.down


def adapt(network: nn.Module, rank: int) -> list[nn.Parameter]:
    """Freeze a network but for low-rank products at its attention's linear layers, which are returned.

    Raises ValueError where it has no such layers.
    """
    network.requires_grad_(False)
    layers = [
        module for name, module in network.named_modules() if isinstance(module, nn.Linear) and name.endswith(ADAPTED)
    ]
    if not layers:
        raise ValueError("this network has no attention to adapt")
    products = [LowRank(layer.weight, rank) for layer in layers]
    for layer, product in zip(layers, products, strict=True):
        parametrize.register_parametrization(layer, "weight", product)
    return [number for product in products for number in product.parameters()]
