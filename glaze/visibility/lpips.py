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

_TAPS: Final = (1, 4, 7, 9, 10, 11, 12)  # the ReLU outputs of torchvision's squeezenet1_1().features
_POOLS: Final = (2, 5, 8)


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

    def features(self, picture: Tensor) -> list[Tensor]:
        """Unit-normalised features of the seven taps. One picture's can be kept and compared with many."""
        x = (2 * picture - 1 - self.get_buffer("shift")) / self.get_buffer("scale")
        out: list[Tensor] = []
        for layer in range(13):
            if layer == 0:
                x = self._convolve(x, "0", stride=2)
            elif layer in _POOLS:
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
            elif layer > 1:
                squeezed = self._convolve(x, f"{layer}_squeeze")
                x = torch.cat(
                    [
                        self._convolve(squeezed, f"{layer}_expand1x1"),
                        self._convolve(squeezed, f"{layer}_expand3x3", padding=1),
                    ],
                    1,
                )
            if layer in _TAPS:
                out.append(x / (x.norm(dim=1, keepdim=True) + 1e-10))
        return out

    def levels(self, a: list[Tensor], b: list[Tensor], grid: int = 1) -> Tensor:
        """The distance by resolution, (N, 4, grid, grid): at 1/2, 1/4, 1/8 and 1/16 of the picture's."""
        maps = []
        for index, (fa, fb) in enumerate(zip(a, b, strict=True)):
            weight = self.get_buffer(f"lin{index}").view(1, -1, 1, 1)
            maps.append(F.adaptive_avg_pool2d(((fa - fb).square() * weight).sum(1), grid))
        return torch.stack([maps[0], maps[1], maps[2], maps[3] + maps[4] + maps[5] + maps[6]], 1)

    def distance(self, a: list[Tensor], b: list[Tensor]) -> Tensor:
        """Distance (N,) between two lists of features."""
        return self.levels(a, b).sum((1, 2, 3))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.distance(self.features(a), self.features(b))
