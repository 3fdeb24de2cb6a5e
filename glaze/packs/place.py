"""Where networks lie: those that came with the program, and those that packs brought."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path


def weights_folder() -> Path:
    """weights/ beside the program, or the folder that GLAZE_WEIGHTS names."""
    named = os.environ.get("GLAZE_WEIGHTS")
    return Path(named) if named else Path(__file__).resolve().parents[2] / "weights"


def packs_folder() -> Path:
    """The folder that packs are put into, a file at the place that the manifest gives it; GLAZE_PACKS names another."""
    named = os.environ.get("GLAZE_PACKS")
    return Path(named) if named else user_data_path("glaze", appauthor=False) / "packs"


def unfinished_folder() -> Path:
    """Where a download grows before it is whole: within the packs' folder, so that it is moved and never copied."""
    return packs_folder() / ".unfinished"
