"""Folders for files that are soon to be gone, for this user alone; those of killed programs are deleted by the next."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil


def make(name: str, within: Path | None = None) -> Path:
    """A new folder, called NAME-PROCESS-something. within: where; by default the usual place. Raises OSError."""
    return Path(tempfile.mkdtemp(prefix=f"{name}-{os.getpid()}-", dir=within))


def sweep(name: str, within: Path | None = None) -> None:
    """Delete the folders of that name whose process has ended."""
    with suppress(OSError):
        for left in (within or Path(tempfile.gettempdir())).glob(f"{name}-*"):
            process = left.name.removeprefix(f"{name}-").partition("-")[0]
            if process.isdecimal() and not psutil.pid_exists(int(process)):
                shutil.rmtree(left, ignore_errors=True)
