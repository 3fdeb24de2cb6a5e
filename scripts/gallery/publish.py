"""Files that a site gives out."""

from __future__ import annotations

from pathlib import Path

from glaze.files import write_whole


def publish(path: Path, content: bytes) -> None:
    """Write a file whole, for everybody to read. Raises OSError."""
    write_whole(path, content)
    path.chmod(0o644)
