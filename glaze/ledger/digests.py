"""What is in a file, told by its sha256, and remembered for as long as the file looks the same."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Final

from glaze.artwork.place import digest

# A file that changed this short a time ago may change once more and bear the same time afterwards.
FRESH: Final = 2_000_000_000


class Digests:
    """Called with a path: its sha256, None where it cannot be read. For any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[int, int, str]] = {}

    def __call__(self, path: Path) -> str | None:
        try:
            state = path.stat()
            looks = (state.st_mtime_ns, state.st_size)
            with self._lock:
                known = self._known.get(path)
            if known is not None and known[:2] == looks:
                return known[2]
            found = digest(path)
        except (OSError, ValueError):
            return None
        if time.time_ns() - state.st_mtime_ns > FRESH:
            with self._lock:
                self._known[path] = (*looks, found)
        return found
