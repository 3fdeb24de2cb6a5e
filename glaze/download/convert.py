"""Weights that are published as .pth, made into safetensors once.

They are read as numbers alone: no program in them runs.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import torch
from safetensors.torch import save
from torch import Tensor

from glaze.errors import DownloadError


def lpips(backbone: Path, heads: Path) -> bytes:
    """torchvision's SqueezeNet 1.1 without its classifier, and the linear heads of LPIPS v0.1, as `Lpips` reads them.

    Raises DownloadError (not_weights).
    """
    features = {name: value for name, value in _read(backbone).items() if name.startswith("features.")}
    lins: dict[str, Tensor] = {}
    for name, value in _read(heads).items():
        found = re.fullmatch(r"(lin[0-6])\.model\.1\.weight", name)
        if found:
            lins[found[1]] = value.flatten().contiguous()
    if len(features) != 50:
        raise DownloadError("not_weights", file=backbone.name)
    if len(lins) != 7:
        raise DownloadError("not_weights", file=heads.name)
    return save({**features, **lins})


CONVERTERS: Final[Mapping[str, Callable[..., bytes]]] = MappingProxyType({"lpips": lpips})


def convert(name: str, sources: Sequence[Path]) -> bytes:
    """The content of the one file that a converter makes of these. Raises DownloadError (not_weights)."""
    return CONVERTERS[name](*sources)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        read = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise DownloadError("not_weights", file=path.name) from error
    if not isinstance(read, dict) or not all(isinstance(value, Tensor) for value in read.values()):
        raise DownloadError("not_weights", file=path.name)
    return read
