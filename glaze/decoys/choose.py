"""Which decoy an artwork gets: one whose style lies far from the artist's, but not farthest.

The paper's rule: among the candidate styles, those whose distance from the artist's style lies in the 50th to 75th
percentile, and one of them at random. Nearer ones protect little; the farthest cannot be reached within the budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from glaze.canvas import to_tensor
from glaze.decoys.styles import STYLES, sample
from glaze.encoders import Encoder

PERCENTILES: Final = (50, 75)
# Where each candidate lies as a network sees it, for as long as the network is there.
_CENTROIDS: Final[WeakKeyDictionary[Encoder, dict[str, Tensor]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Choice:
    """The decoy style of one artwork, and how far every candidate was (RMS, in units of the families' SPREAD)."""

    name: str
    distances: Mapping[str, float]


@torch.no_grad()
def style_centroid(pictures: Tensor, encoder: Encoder) -> Tensor:
    """Where a style lies: mean and deviation of every latent channel, families side by side: (N, 3, H, W) -> (D,)."""
    parts = []
    for latent in encoder.encode(pictures).values():
        flat = latent.transpose(0, 1).flatten(1)
        parts += [flat.mean(1), flat.std(1)]
    return torch.cat(parts)


def within_percentiles(distances: Mapping[str, float]) -> Sequence[str]:
    """The candidates between the 50th and 75th percentile of the distances, nearest first; never empty."""
    names = sorted(distances, key=lambda name: distances[name])
    low, high = np.percentile(list(distances.values()), PERCENTILES)
    return [n for n in names if low <= distances[n] <= high] or names[len(names) // 2 :][:1]


def _candidate(name: str, encoder: Encoder) -> Tensor:
    """`style_centroid` of a candidate, (D,)."""
    parts = []
    for member in encoder.members:
        known = _CENTROIDS.setdefault(member, {})
        if name not in known:
            known[name] = style_centroid(to_tensor(sample(name)), member)
        parts.append(known[name])
    return torch.cat(parts)


def choose(picture: Tensor, encoder: Encoder, seed: int) -> Choice:
    """Choose the decoy style of an artwork (1, 3, h, w) in [0, 1]. The same seed chooses the same."""
    own = style_centroid(picture, encoder)
    distances: dict[str, float] = {}
    for name in STYLES:
        distances[name] = (_candidate(name, encoder) - own).square().mean().sqrt().item()
    candidates = within_percentiles(distances)
    return Choice(candidates[int(np.random.default_rng(seed).integers(len(candidates)))], distances)
