"""Uploads are opened in a process of their own, with little memory and time, and leave it as a PNG of Glaze's.

Whatever a file does to the program that reads it, it does it there: without the database, the settings or another's
pictures open, and unable to go on. The workers and pages read only PNGs that came out of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from glaze.errors import GlazeError, ServiceError
from glaze.ledger.plain import error_of
from glaze.service.settings import MEGA, Limits

ROOT: Final = Path(__file__).resolve().parents[2]
_ANSWER: Final = 64 * 1024  # characters of the answer that are read


@dataclass(frozen=True)
class Picture:
    """A picture that was opened: its size in pixels, and the PNG that was made of it."""

    width: int
    height: int
    path: Path


def decode(upload: Path, name: str, limits: Limits, *, keep_gps: bool = False) -> Picture:
    """Open an upload, which lies in a folder of its own, and write it as a PNG beside it, whose name is longer by .png.

    name: what the artist calls it, for messages. Raises GlazeError, and then leaves nothing: ArtworkError for what
    cannot be glazed, ServiceError where it takes too much.
    """
    picture = upload.with_name(f"{upload.name}.png")
    order = {
        "upload": str(upload),
        "keep_gps": keep_gps,
        "megapixels": limits.megapixels,
        "bytes": limits.decode_megabytes * MEGA,
        "seconds": limits.decode_seconds,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "glaze.service.decoding"],
            input=json.dumps(order).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=_environment(),
            # The limit of processor time comes first where there is one.
            timeout=limits.decode_seconds * 2 + 10,
            check=False,
        )
        answer = json.loads(done.stdout[:_ANSWER]) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, ValueError):
        answer = None
    try:
        return _read(answer, upload, picture, name)
    except GlazeError:
        # Also what a process left that was stopped in the middle.
        for left in upload.parent.iterdir():
            if left != upload:
                left.unlink(missing_ok=True)
        raise


def _read(answer: object, upload: Path, picture: Path, name: str) -> Picture:
    """Believe nothing but what was agreed: the process that answers has read somebody's file."""
    if not isinstance(answer, dict):
        raise ServiceError("upload_hard")
    if "error" in answer:
        error = error_of(str(answer["error"]), Path(name))
        fields = {key: _without(value, upload, name) for key, value in error.fields.items()}
        raise type(error)(error.key, **fields)
    width, height = answer.get("width"), answer.get("height")
    if not (isinstance(width, int) and isinstance(height, int) and picture.is_file()):
        raise ServiceError("upload_hard")
    return Picture(width, height, picture)


def _without(value: object, upload: Path, name: str) -> object:
    """The artist's name of a picture in the place of the service's."""
    return value.replace(str(upload), name).replace(upload.name, name) if isinstance(value, str) else value


def _environment() -> dict[str, str]:
    """Nothing of the service's own but what Python and the libraries need to start."""
    kept = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
    one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM")}
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        **one_thread,
        "PYTHONUTF8": "1",
        "PYTHONNOUSERSITE": "1",
    }
