"""MobileNetV2 1.0 without its classifier, the judge that no loop looked through.

Sandler et al. 2018, arXiv:1801.04381; weights of ImageNet from the ONNX model zoo, names and strides as there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

STRIDES: Final = (1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1)
MEAN: Final = (0.485, 0.456, 0.406)
DEVIATION: Final = (0.229, 0.224, 0.225)
NAMES: Final = "mobilenetv20_features_"


class MobileNet(nn.Module):
    """Pictures (N, 3, H, W) in [0, 1] -> what each bottleneck gives, and the last convolution, (N, C, h, w) each."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        for name, value in load_file(path).items():
            self.register_buffer(name.removeprefix(NAMES), value.float())
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1))

    def _layer(self, x: Tensor, name: str, number: int, stride: int = 1, *, deep: bool = False) -> Tensor:
        """Convolution and its normalisation; `deep`: every channel by itself, as depthwise convolutions do."""
        weight = self.get_buffer(f"{name}conv{number}_weight")
        padding = weight.shape[-1] // 2
        x = F.conv2d(x, weight, None, stride, padding, groups=x.shape[1] if deep else 1)
        mean, variance, scale, shift = (
            self.get_buffer(f"{name}batchnorm{number}_{part}")
            for part in ("running_mean", "running_var", "gamma", "beta")
        )
        return F.batch_norm(x, mean, variance, scale, shift)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        x = (pictures - self.get_buffer("mean")) / self.get_buffer("deviation")
        x, given = F.relu6(self._layer(x, "", 0, 2)), list[Tensor]()
        for number, stride in enumerate(STRIDES):
            name = f"linearbottleneck{number}_"
            wide = F.relu6(self._layer(x, name, 0))
            wide = F.relu6(self._layer(wide, name, 1, stride, deep=True))
            narrow = self._layer(wide, name, 2)
            x = x + narrow if stride == 1 and x.shape == narrow.shape else narrow
            given.append(x)
        return [*given, F.relu6(self._layer(x, "", 1))]
