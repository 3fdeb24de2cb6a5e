"""The process that opens one upload (decode.py): it limits itself before it looks at the file, and answers in JSON.

Windows has no such limits; there the pixels are counted before they are decoded, and the time is kept from outside.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Final

_FILES: Final = 64  # that may be open at once
_NICE: Final = 5


def limit(most_bytes: int, seconds: int) -> None:
    """No more memory, processor time or open files than this, and no other process; for good."""
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
    """Open the upload and write its PNG. Raises GlazeError."""
    from pathlib import Path

    from glaze.artwork import open_artwork, save_artwork
    from glaze.errors import ServiceError

    upload = Path(order["upload"])
    artwork = open_artwork(upload, keep_gps=order["keep_gps"])
    if artwork.width * artwork.height > order["megapixels"] * 1_000_000:
        megapixels = -(-artwork.width * artwork.height // 1_000_000)
        raise ServiceError("upload_pixels", megapixels=megapixels, most=order["megapixels"])
    save_artwork(artwork, artwork.pixels, upload.parent, suffix="")
    return {"width": artwork.width, "height": artwork.height}


def main() -> int:
    """Returns the exit code: 0 where there is an answer, be it an error."""
    order = json.load(sys.stdin)
    limit(order["bytes"], order["seconds"])
    from glaze.errors import GlazeError
    from glaze.ledger.plain import error_json

    try:
        answer = work(order)
    except GlazeError as error:
        answer = {"error": error_json(error)}
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
