"""A folder as benchmarks.mimicry gets it, of random networks and drawn pictures, where the real one is not at hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from benchmarks.mimicry.mobilenet import NAMES, STRIDES
from glaze.decoys.styles import draw_style
from glaze.encoders.tiny import TinyNetwork

# What MobileNetV2's bottlenecks get, and the last of them gives.
WIDTHS: Final = (32, 16, 24, 24, 32, 32, 32, 64, 64, 64, 64, 96, 96, 96, 160, 160, 160, 320)
SQUEEZED: Final = {3: (64, 16, 64), 4: (128, 16, 64), 6: (128, 32, 128), 7: (256, 32, 128)} | {
    9: (256, 48, 192),
    10: (384, 48, 192),
    11: (384, 64, 256),
    12: (512, 64, 256),
}
TAPS: Final = (64, 128, 256, 384, 384, 512, 512)
# Two targets and three others, each in a style of its own.
ART: Final = {
    "paintings/claude-monet": "pointillism",
    "ink_lineart/john-tenniel": "engraving",
    "paintings/a": "waves",
    "paintings/b": "mosaic",
    "photo/c": "batik",
}


def put_shared(folder: Path, pictures: int = 4, side: int = 96) -> Path:
    """art/, teachers/, judges/ and lpips/ in a folder, which is returned."""
    for name, style in ART.items():
        for number in range(pictures):
            path = folder / "art" / f"{name}__{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(draw_style(style, number, side, side)).save(path)
    for part in ("teachers", "judges", "lpips"):
        (folder / part).mkdir()
    torch.manual_seed(0)
    for family in ("sd1", "sdxl"):
        network = TinyNetwork(4, pooled=False).state_dict()
        save_file(
            {name: value.contiguous() for name, value in network.items()}, folder / "teachers" / f"{family}.safetensors"
        )
    save_file(_mobilenet(), folder / "judges" / "mobilenetv2.safetensors")
    save_file(_squeezenet(), folder / "lpips" / "squeezenet.safetensors")
    return folder


def _kernel(out: int, into: int, side: int) -> Tensor:
    return torch.randn(out, into, side, side) * math.sqrt(2 / (into * side * side))


def _mobilenet() -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}

    def put(name: str, number: int, weight: Tensor) -> None:
        found[f"{NAMES}{name}conv{number}_weight"] = weight
        for part, value in (("gamma", 1.0), ("beta", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            found[f"{NAMES}{name}batchnorm{number}_{part}"] = torch.full((len(weight),), value)

    put("", 0, _kernel(32, 3, 3))
    for number in range(len(STRIDES)):
        into, out = WIDTHS[number : number + 2]
        wide = into * (6 if number else 1)
        put(f"linearbottleneck{number}_", 0, _kernel(wide, into, 1))
        put(f"linearbottleneck{number}_", 1, _kernel(wide, 1, 3))
        put(f"linearbottleneck{number}_", 2, _kernel(out, wide, 1))
    put("", 1, _kernel(1280, 320, 1))
    return found


def _squeezenet() -> dict[str, Tensor]:
    found = {f"lin{number}": torch.rand(width) / 10 for number, width in enumerate(TAPS)}

    def put(name: str, weight: Tensor) -> None:
        found[f"features.{name}.weight"], found[f"features.{name}.bias"] = weight, torch.zeros(len(weight))

    put("0", _kernel(64, 3, 3))
    for layer, (into, squeezed, expanded) in SQUEEZED.items():
        put(f"{layer}.squeeze", _kernel(squeezed, into, 1))
        put(f"{layer}.expand1x1", _kernel(expanded, squeezed, 1))
        put(f"{layer}.expand3x3", _kernel(expanded, squeezed, 3))
    return found
