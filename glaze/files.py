"""Small files that Glaze keeps for itself, whole or not at all; and names that survive a power cut."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

_ONLY_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_OWNER_ALONE: Final = 0o600


def write_whole(path: Path, content: bytes) -> None:
    """Write a file for this user alone, in the place of the one that may be there; its folder is made if missing.

    After a power cut there is the old content or the new. Raises OSError, and nothing half-written is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(unfinished, _ONLY_NEW, _OWNER_ALONE), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        with suppress(OSError):
            unfinished.unlink()


def sync_folder(folder: Path) -> None:
    """Make new names in a folder survive a power cut, where the system can; Windows opens no folders."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
