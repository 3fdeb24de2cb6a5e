"""Where the networks' files are, and loading them: whole, as expected, or not at all."""

from __future__ import annotations

import os
from functools import cache, lru_cache
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file

from glaze.errors import WeightsError
from glaze.network import BundledNetwork
from glaze.packs.manifest import STANDARD
from glaze.packs.place import packs_folder, weights_folder
from glaze.precision import channels_last
from glaze.visibility.lpips import Lpips


def bundled_path() -> Path:
    """Where the bundled network lies."""
    return weights_folder() / "bundled.safetensors"


def lpips_path() -> Path:
    """Where the LPIPS weights lie once a pack brought them; GLAZE_LPIPS names another file."""
    named = os.environ.get("GLAZE_LPIPS")
    return Path(named) if named else packs_folder() / "lpips-squeezenet.safetensors"


@cache
def load_bundled(device: str = "cpu") -> BundledNetwork:
    """The bundled network, frozen, float32, channels last. Raises WeightsError (missing, damaged)."""
    path = bundled_path()
    if not path.is_file():
        raise WeightsError("missing", path=path)
    network = BundledNetwork()
    try:
        network.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        raise WeightsError("damaged", path=path) from error
    return channels_last(network.to(device)).eval().requires_grad_(False)


def load_lpips(device: str = "cpu") -> Lpips | None:
    """LPIPS itself where its weights are present, else None (the bundled network's eye then stands in for it).

    Loaded once; the file may come and go while the program runs. Raises WeightsError (pack_damaged).
    """
    path = lpips_path()
    try:
        changed = path.stat().st_mtime_ns if path.is_file() else None
    except OSError:
        changed = None
    return None if changed is None else _lpips(path, changed, device)


@lru_cache(maxsize=4)
def _lpips(path: Path, _changed: int, device: str) -> Lpips:
    try:
        return Lpips(path).to(device).eval()
    except (OSError, SafetensorError, RuntimeError, AttributeError) as error:
        raise WeightsError("pack_damaged", path=path, pack=STANDARD) from error
