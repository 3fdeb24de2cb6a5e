"""Two judges that nobody attacked, and what they see in a window of a picture.

MobileNetV2, which no loop looks through, tells artists apart and describes windows; LPIPS's SqueezeNet, which loops
press on to stay unseen but never to mislead, gives the Gram statistics (Gatys et al. 2016, doi:10.1109/CVPR.2016.265).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from benchmarks.mimicry.mobilenet import MobileNet
from glaze.visibility.lpips import Lpips

DEPTHS: Final = (1, 3, 6, 10, 13)  # of MobileNet's bottlenecks: texture first, things last
GRAMS: Final = (1, 3)  # of SqueezeNet's layers: the squeezed ones, whose Gram matrices are small
BATCH: Final = 32


@dataclass(frozen=True)
class Seen:
    """What the judges see in N windows.

    style  (N, S): mean and deviation of every channel at DEPTHS and the last layer's means; tells artists apart.
    deep   (N, 1280): the last layer's means, as the Frechet Inception distance takes Inception's.
    gram   (N, G): roots of the entries of the Gram matrices.
    """

    style: Tensor
    deep: Tensor
    gram: Tensor

    def __len__(self) -> int:
        return len(self.style)

    def pick(self, which: Tensor) -> Seen:
        """Some of the windows, by index or by a mask."""
        return Seen(self.style[which], self.deep[which], self.gram[which])


def together(parts: list[Seen]) -> Seen:
    """Several lots of windows as one."""
    return Seen(*(torch.cat([getattr(part, name) for part in parts]) for name in ("style", "deep", "gram")))


class Judges:
    """Both networks. `mobilenet`, `squeezenet`: their files."""

    def __init__(self, mobilenet: Path, squeezenet: Path, device: torch.device) -> None:
        self.device = device
        self.mobilenet = MobileNet(mobilenet).to(device).eval()
        self.squeezenet = Lpips(squeezenet).to(device).eval()

    @torch.no_grad()
    def see(self, windows: Tensor) -> Seen:
        """Windows (N, 3, H, W) in [0, 1], at least 64 px a side."""
        return together([self._see(part.to(self.device)) for part in windows.split(BATCH)])

    def _see(self, windows: Tensor) -> Seen:
        layers = self.mobilenet(windows)
        deep = layers[-1].mean((2, 3))
        parts = [part for at in DEPTHS for part in (layers[at].mean((2, 3)), layers[at].std((2, 3)))]
        grams = [_gram(layer) for at, layer in enumerate(self.squeezenet.layers(windows)) if at in GRAMS]
        return Seen(torch.cat([*parts, deep], 1).cpu(), deep.cpu(), torch.cat(grams, 1).cpu())


def _gram(layer: Tensor) -> Tensor:
    """(N, C, h, w) of values not below 0 -> roots of the upper half of the Gram matrix, (N, C (C + 1) / 2)."""
    flat = layer.flatten(2)
    gram = flat @ flat.mT / flat.shape[2]
    rows, columns = torch.triu_indices(gram.shape[1], gram.shape[1], device=gram.device)
    return gram[:, rows, columns].clamp(min=0).sqrt()
