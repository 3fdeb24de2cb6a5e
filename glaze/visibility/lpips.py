"""LPIPS v0.1 with the SqueezeNet 1.1 backbone (Zhang et al. 2018, arXiv:1801.03924).

A distance between two pictures that follows what people find similar. Used where its weights are present (they are
part of a downloaded pack); elsewhere the bundled network's `Eye` stands in for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

_POOLS: Final = (2, 5, 8)  # as numbered in torchvision's squeezenet1_1().features
_TAPPED: Final = (0, 4, 8, 10, 12, 14, 16)  # of the answers in `layers`


class Lpips(nn.Module):
    """Two pictures (N, 3, H, W) in [0, 1], at least 32 px a side -> distance (N,), 0 for identical ones.

    `path`: a safetensors file with `features.*` of SqueezeNet 1.1 and the linear heads `lin0` to `lin6`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        for name, value in load_file(path).items():
            self.register_buffer(name.replace(".", "_"), value.float())
        self.register_buffer("shift", torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1))

    def _convolve(self, x: Tensor, name: str, *, stride: int = 1, padding: int = 0) -> Tensor:
        weight = self.get_buffer(f"features_{name}_weight")
        bias = self.get_buffer(f"features_{name}_bias")
        return F.relu(F.conv2d(x, weight, bias, stride, padding))

    def layers(self, picture: Tensor) -> list[Tensor]:
        """Each convolution's answer after its ReLU: the first one's, then squeeze and expand of the eight modules."""
        x = (2 * picture - 1 - self.get_buffer("shift")) / self.get_buffer("scale")
        out = [self._convolve(x, "0", stride=2)]
        for layer in range(2, 13):
            if layer in _POOLS:
                pooled = F.max_pool2d(out[-1], 3, 2, ceil_mode=True)
                continue
            squeezed = self._convolve(pooled if layer - 1 in _POOLS else out[-1], f"{layer}_squeeze")
            expanded = (
                self._convolve(squeezed, f"{layer}_expand1x1"),
                self._convolve(squeezed, f"{layer}_expand3x3", padding=1),
            )
            out += [squeezed, torch.cat(expanded, 1)]
        return out

    def features(self, picture: Tensor) -> list[Tensor]:
        """Weighted, unit-normalised features of the seven taps. One picture's can be kept and compared with many."""
        layers, out = self.layers(picture), list[Tensor]()
        for tap, layer in enumerate(_TAPPED):
            x = layers[layer]
            unit = x / (x.norm(dim=1, keepdim=True) + 1e-10)
            # With the roots of the learned weights on the features, plain squares sum up to the distance.
            out.append(unit * self.get_buffer(f"lin{tap}").sqrt().view(1, -1, 1, 1))
        return out

    def distance(self, a: list[Tensor], b: list[Tensor]) -> Tensor:
        """Distance (N,) between two lists of features."""
        return torch.stack(
            [(fa.float() - fb.float()).square().sum(1).mean((1, 2)) for fa, fb in zip(a, b, strict=True)]
        ).sum(0)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.distance(self.features(a), self.features(b))
