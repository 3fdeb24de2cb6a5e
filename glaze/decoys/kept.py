"""Redrawn pictures in a folder: to redraw one takes minutes, and the next glaze of a picture may want the same.

They show the artist's pictures, so they are this user's alone; the folder may be deleted at any time.
"""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image
from platformdirs import user_cache_path
from torch import Tensor

from glaze.files import write_whole

MOST_BYTES: Final = 256_000_000  # some hundred pictures; the ones not asked for longest go first
_DIGEST: Final = 32  # bytes of the sha256 before each picture


def redrawn_folder() -> Path:
    """Where they are kept; GLAZE_REDRAWN names another folder."""
    named = os.environ.get("GLAZE_REDRAWN")
    return Path(named) if named else user_cache_path("glaze", appauthor=False) / "redrawn"


def recall(key: str, size: tuple[int, int]) -> Tensor | None:
    """A picture that `keep` was given, (1, 3, h, w) of `size` (h, w) in [0, 1]; None where it is not whole."""
    path = redrawn_folder() / key
    try:
        written = path.read_bytes()
        if sha256(written[_DIGEST:]).digest() != written[:_DIGEST]:
            return None
        with Image.open(BytesIO(written[_DIGEST:]), formats=("PNG",)) as picture:
            pixels = np.array(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError):
        return None
    with suppress(OSError):
        os.utime(path)
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255 if pixels.shape[:2] == size else None


def keep(key: str, drawn: Tensor) -> None:
    """Keep a picture (1, 3, h, w) in whole 8-bit levels. Where the disk does not let it, it is made again next time."""
    png = BytesIO()
    Image.fromarray((drawn[0] * 255).round().byte().permute(1, 2, 0).numpy()).save(png, "PNG")
    with suppress(OSError):
        write_whole(redrawn_folder() / key, sha256(png.getvalue()).digest() + png.getvalue())
        _bound()


def note(key: str, request: str) -> None:
    """Remember that a kept picture is what came of a request: whatever names one, as letters and digits."""
    with suppress(OSError):
        (redrawn_folder() / f"{key}.{request}").touch()


def answers(request: str) -> bool:
    """Whether what came of a request is kept. Takes no time."""
    return any(file.with_suffix("").is_file() for file in redrawn_folder().glob(f"*.{request}"))


def _bound() -> None:
    """Delete the oldest, and what a power cut left, until the rest fits; never the newest."""
    states = [(file.stat(), file) for file in redrawn_folder().iterdir()]
    states.sort(key=lambda found: found[0].st_mtime_ns)
    total = sum(state.st_size for state, _ in states)
    for state, file in states[:-1]:
        if total <= MOST_BYTES:
            break
        file.unlink(missing_ok=True)
        total -= state.st_size
