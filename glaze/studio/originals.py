"""Uploads whose jobs must outlive them: the browser's copies are wiped, so a job that waits has one of its own here."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from platformdirs import user_data_path

from glaze.artwork.picture import shown
from glaze.artwork.place import digest, make, told, unfinished
from glaze.errors import ArtworkNotFound

_KEPT_IN: Final = re.compile(r"[0-9a-f]{64}")


def originals_folder() -> Path:
    """Where these copies lie; GLAZE_ORIGINALS names another folder."""
    named = os.environ.get("GLAZE_ORIGINALS")
    return Path(named) if named else user_data_path("glaze", appauthor=False) / "originals"


def keep(path: Path, folder: Path) -> Path:
    """Copy a file into `folder` as SHA256/NAME, whole or not at all, and return that.

    Raises ArtworkNotFound, SaveError.
    """
    try:
        kept = folder / digest(path) / path.name
    except (OSError, ValueError) as fault:
        raise ArtworkNotFound("missing", path=shown(path)) from fault
    if kept.is_file():
        return kept
    make(kept.parent)
    with told(kept, path), unfinished(kept.parent) as temporary:
        shutil.copyfile(path, temporary)
        temporary.replace(kept)
    return kept


def tidy(folder: Path, needed: Iterable[Path]) -> None:
    """Remove every copy in `folder` but the `needed` ones; nothing that does not lie there as `keep` put it."""
    wanted = set(needed)
    with suppress(OSError):
        for inside in [child for child in folder.iterdir() if _KEPT_IN.fullmatch(child.name)]:
            if inside.is_symlink():
                continue
            with suppress(OSError):
                for file in list(inside.iterdir()):
                    if file not in wanted:
                        file.unlink()
                # Stays where something is still in it.
                inside.rmdir()
