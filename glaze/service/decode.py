"""Uploads are opened in a process of their own, with little memory and time, and leave it as a PNG of Glaze's.

Whatever a file does to the program that reads it, it does it there: without the database or the settings open, and
unable to go on. The workers and pages read only PNGs that came out of it.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from glaze.errors import GlazeError, ServiceError
from glaze.ledger.plain import error_of
from glaze.service.settings import MEGA, Limits

ROOT: Final = Path(__file__).resolve().parents[2]
COMMAND: Final = (sys.executable, "-m", "glaze.service.decoding")
# Seconds beyond twice the processor's time, after which whatever it is has stopped for good: another program may have
# had the processor in the meantime.
SLACK: Final = 20.0
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
    answer = _ask(order, 2 * limits.decode_seconds + SLACK)
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


class _Reader:
    """The process of decoding.py, which answers one order at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=_environment(),
            text=True,
            # With whatever it starts, it can be ended as a whole.
            start_new_session=True,
        )

    def ask(self, order: dict[str, Any], seconds: float) -> object:
        """The answer; None where there was none in time, and then it is of no more use."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        timer = threading.Timer(seconds, self.end)
        timer.start()
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline(_ANSWER))
        except (OSError, ValueError):
            return None
        finally:
            timer.cancel()

    def end(self) -> None:
        """End it at once."""
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, 9)
            else:
                self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it, and let go of it."""
        self.end()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()


# Started when they are needed, and kept: bringing up what reads pictures takes longer than reading one.
_idle: Final[list[_Reader]] = []
_lock: Final = threading.Lock()


def _ask(order: dict[str, Any], seconds: float) -> object:
    """What the process answers; None where it died, or took more than so many seconds."""
    with _lock:
        reader = _idle.pop() if _idle else None
    if reader is None:
        reader = _Reader()
    answer = reader.ask(order, seconds)
    if answer is None or not hasattr(os, "fork"):
        reader.close()
    else:
        with _lock:
            _idle.append(reader)
    return answer


@atexit.register
def close_readers() -> None:
    """End those that wait for an order."""
    with _lock:
        while _idle:
            _idle.pop().close()


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
