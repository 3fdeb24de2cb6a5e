"""Files: a folder for each artist, and in it and in its name nothing that says whose it is or can be guessed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from glaze.service import codes
from glaze.service.house import House

_OWNER_ALONE: Final = 0o700
_ID: Final = re.compile(r"[0-9a-f]{32}")
_FILE: Final = re.compile(r"[0-9a-f]{32}(-glazed)?(-\d+)?\.png")


def artist_folder(house: House, folder: str) -> Path:
    """The artist's folder, made if missing. `folder`: Artist.folder. Raises OSError."""
    if not _ID.fullmatch(folder):
        raise ValueError("no name of a folder")
    path = house.artists_folder / folder
    path.mkdir(mode=_OWNER_ALONE, exist_ok=True)
    return path


def file_in(house: House, folder: str, name: str) -> Path:
    """Where a file of an artist is. Raises ValueError for names that the service does not give."""
    if not _ID.fullmatch(folder) or not _FILE.fullmatch(name):
        raise ValueError("no name of a file")
    return house.artists_folder / folder / name


def new_name() -> str:
    """A name for a picture."""
    return f"{codes.new_id()}.png"


def pages_folder(house: House, folder: str) -> Path:
    """What the studio's pages show one artist, made if missing. `folder`: Artist.folder. Raises OSError."""
    if not _ID.fullmatch(folder):
        raise ValueError("no name of a folder")
    path = house.pages_folder / folder
    path.mkdir(mode=_OWNER_ALONE, exist_ok=True)
    return path


def common_folder(house: House) -> Path:
    """What the studio's pages show everybody, made if missing. Raises OSError."""
    path = house.pages_folder / "common"
    path.mkdir(mode=_OWNER_ALONE, exist_ok=True)
    return path


def remove(house: House, folder: str, *names: str | None) -> None:
    """Delete files of an artist that may be there."""
    for name in names:
        if name is not None:
            file_in(house, folder, name).unlink(missing_ok=True)


def remove_artist(house: House, folder: str) -> None:
    """Delete all of an artist's files."""
    if _ID.fullmatch(folder):
        shutil.rmtree(house.artists_folder / folder, ignore_errors=True)
        shutil.rmtree(house.pages_folder / folder, ignore_errors=True)
