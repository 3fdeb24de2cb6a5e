"""Where the networks' files are, and loading them: whole, as expected, or not at all."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from platformdirs import user_data_path
from safetensors import SafetensorError
from safetensors.torch import load_file

from glaze.errors import WeightsError
from glaze.network import BundledNetwork
from glaze.precision import channels_last
from glaze.visibility.lpips import Lpips


def weights_folder() -> Path:
    """weights/ beside the program, or the folder that GLAZE_WEIGHTS names."""
    named = os.environ.get("GLAZE_WEIGHTS")
    return Path(named) if named else Path(__file__).resolve().parents[1] / "weights"


def bundled_path() -> Path:
    """Where the bundled network lies."""
    return weights_folder() / "bundled.safetensors"


def lpips_path() -> Path:
    """Where the LPIPS weights lie once a pack brought them; GLAZE_LPIPS names another file."""
    named = os.environ.get("GLAZE_LPIPS")
    return Path(named) if named else user_data_path("glaze", appauthor=False) / "packs" / "lpips-squeezenet.safetensors"


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


@cache
def load_lpips(device: str = "cpu") -> Lpips | None:
    """LPIPS itself where its weights are present, else None (the bundled network's eye then stands in for it)."""
    path = lpips_path()
    if not path.is_file():
        return None
    try:
        return Lpips(path).to(device).eval()
    except (OSError, SafetensorError, RuntimeError, AttributeError) as error:
        raise WeightsError("damaged", path=path) from error
