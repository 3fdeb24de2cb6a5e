"""Frechet distance between two lots of features, in the directions in which art differs most.

The distance of two normal distributions (Dowson & Landau 1982), as in the Frechet Inception distance (Heusel et al.
2017, arXiv:1706.08500). A few dozen samples do not fill a thousand dimensions, so features are first projected onto the
main directions of the reference windows of all artists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

DIRECTIONS: Final = 24


@dataclass(frozen=True)
class Directions:
    """Where the reference lies, and its main directions, each of unit deviation there."""

    middle: Tensor
    onto: Tensor

    def project(self, features: Tensor) -> Tensor:
        """(N, D) -> (N, directions), in float64."""
        return (features.double() - self.middle) @ self.onto


def main_directions(features: Tensor, count: int = DIRECTIONS) -> Directions:
    """The main directions of features (N, D), by principal components; at most N - 1 of them."""
    middle = features.double().mean(0)
    _, sizes, rows = torch.linalg.svd(features.double() - middle, full_matrices=False)
    count = min(count, len(features) - 1)
    deviation = (sizes[:count] / (len(features) - 1) ** 0.5).clamp(min=1e-9)
    return Directions(middle, rows[:count].T / deviation)


def frechet(a: Tensor, b: Tensor) -> float:
    """Squared Frechet distance of (N, D) and (M, D): 0 for the same lot, symmetric; both of at least two rows.

    |mean a - mean b|^2 + trace(A + B - 2 (A^1/2 B A^1/2)^1/2), A and B the covariances.
    """
    first, second = (torch.cov(x.double().T) for x in (a, b))
    root = _root(first)
    crossed = torch.linalg.eigvalsh(root @ second @ root).clamp(min=0).sqrt().sum()
    apart = (a.double().mean(0) - b.double().mean(0)).square().sum()
    return float(apart + first.trace() + second.trace() - 2 * crossed)


def _root(matrix: Tensor) -> Tensor:
    sizes, axes = torch.linalg.eigh(matrix)
    root: Tensor = (axes * sizes.clamp(min=0).sqrt()) @ axes.T
    return root
