"""The process that opens uploads (decode.py): each in a child of its own, which limits itself before it looks at it.

It reads an order a line and answers a line, in JSON, until its input ends; it brings what reading pictures needs along
once, so that a child costs a moment. Windows has neither children of this kind nor such limits; there the process opens
one upload and is done with, pixels are counted before they are decoded, and the time is kept from outside.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from glaze.artwork import open_artwork, save_artwork
from glaze.errors import GlazeError, ServiceError
from glaze.ledger.plain import error_json

_FILES: Final = 64  # that may be open at once
_NICE: Final = 5
_ANSWER: Final = 64 * 1024  # bytes of an answer that are read


def limit(most_bytes: int, seconds: int) -> None:
    """No more memory, processor time or open files than this; for good."""
    try:
        import resource
    except ImportError:
        return
    wanted = {
        resource.RLIMIT_AS: most_bytes,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_NOFILE: _FILES,
        resource.RLIMIT_CORE: 0,
        # A PNG with nothing to compress is hardly larger than its pixels.
        resource.RLIMIT_FSIZE: most_bytes,
    }
    for what, most in wanted.items():
        _, hard = resource.getrlimit(what)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # macOS refuses some; the others still hold.
        try:
            resource.setrlimit(what, (allowed, allowed))
        except (OSError, ValueError):
            continue
    os.nice(_NICE)


def work(order: dict[str, Any]) -> dict[str, Any]:
    """Open the upload and write its PNG; the answer to that, be it an error."""
    upload = Path(order["upload"])
    try:
        artwork = open_artwork(upload, keep_gps=order["keep_gps"])
        if artwork.width * artwork.height > order["megapixels"] * 1_000_000:
            megapixels = -(-artwork.width * artwork.height // 1_000_000)
            raise ServiceError("upload_pixels", megapixels=megapixels, most=order["megapixels"])
        save_artwork(artwork, artwork.pixels, upload.parent, suffix="")
    except GlazeError as error:
        return {"error": error_json(error)}
    return {"width": artwork.width, "height": artwork.height}


def apart(order: dict[str, Any]) -> dict[str, Any]:
    """`work`, in a child under its limits; what makes no sense is an empty answer."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _in_child(order, reading, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read(_ANSWER)
    os.waitpid(child, 0)
    try:
        answer = json.loads(said)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _in_child(order: dict[str, Any], reading: int, writing: int) -> None:
    """Never returns. What it inherited of orders and answers, and of where to complain, it cannot reach."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2, reading):
            os.dup2(nothing, descriptor)
        limit(order["bytes"], order["seconds"])
        os.write(writing, json.dumps(work(order)).encode())
    finally:
        os._exit(0)


def main() -> int:
    """Answer until the input ends. Returns the exit code."""
    for line in sys.stdin:
        order = json.loads(line)
        answer = apart(order) if hasattr(os, "fork") else work(order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
