"""Uploads in pieces, which go on where they broke off: files among what the pages show an artist.

They are removed like everything there once they are old (retention.py).
"""

from __future__ import annotations

import json
import os
import re
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from glaze.errors import ServiceError
from glaze.service import codes, queue, storage
from glaze.service.settings import MEGA

if TYPE_CHECKING:
    from glaze.service.house import House

# Of one artist, at once.
MOST: Final = 10
_ID: Final = re.compile(r"[0-9a-f]{32}")
_writing: Final = threading.Lock()


@dataclass(frozen=True)
class Upload:
    """One upload as far as it is. received: bytes that are there, of `size`."""

    id: str
    name: str
    size: int
    path: Path

    @property
    def received(self) -> int:
        return self.path.stat().st_size


def begin(house: House, artist_id: str, *, name: str, size: int) -> Upload:
    """A new upload. Raises ServiceError where it is too large, or nothing may be handed in."""
    most = house.settings.limits.upload_megabytes
    if size > most * MEGA:
        raise ServiceError("upload_size", most=most)
    if size <= 0:
        raise ServiceError("upload_empty")
    queue.check_room(house, artist_id)
    folder = _folder(house, artist_id)
    # Whoever begins one more gives up the oldest.
    for old in sorted(folder.glob("*.json"), key=_age)[: -(MOST - 1)]:
        _drop(folder, old.stem)
    upload_id = codes.new_id()
    (folder / f"{upload_id}.part").touch(mode=0o600)
    about = {"name": queue.shown_name(name), "size": size}
    (folder / f"{upload_id}.json").write_text(json.dumps(about), encoding="utf-8")
    return find(house, artist_id, upload_id)


def find(house: House, artist_id: str, upload_id: str) -> Upload:
    """One of the artist's uploads. Raises ServiceError where it is none of them."""
    if not _ID.fullmatch(upload_id):
        raise ServiceError("no_job")
    folder = _folder(house, artist_id)
    try:
        about = json.loads((folder / f"{upload_id}.json").read_text(encoding="utf-8"))
        path = folder / f"{upload_id}.part"
        path.stat()
    except (OSError, ValueError) as fault:
        raise ServiceError("no_job") from fault
    return Upload(upload_id, about["name"], about["size"], path)


def take(upload: Upload, at: int, piece: bytes) -> bool:
    """Put a piece where it belongs. False where that is not the end of what is there. Raises ServiceError, OSError."""
    # Two pieces that arrive at once, as when the answer to the first was lost, are not both written.
    with _writing:
        if at != upload.received:
            return False
        if at + len(piece) > upload.size:
            raise ServiceError("upload_size", most=-(-upload.size // MEGA))
        with upload.path.open("ab") as file:
            try:
                file.write(piece)
                file.flush()
            except OSError:
                os.truncate(upload.path, at)
                raise
    return True


def close(upload: Upload) -> Upload:
    """It is whole, and takes no more pieces: nobody finds it again. Raises ServiceError where somebody closed it."""
    whole = upload.path.with_suffix(".whole")
    try:
        upload.path.rename(whole)
    except FileNotFoundError as fault:
        raise ServiceError("no_job") from fault
    return replace(upload, path=whole)


def reopen(upload: Upload) -> None:
    """Let it be found again."""
    upload.path.rename(upload.path.with_suffix(".part"))


def drop(upload: Upload) -> None:
    """Away with it, unless it was reopened."""
    upload.path.unlink(missing_ok=True)
    if not upload.path.with_suffix(".part").exists():
        _drop(upload.path.parent, upload.id)


def _folder(house: House, artist_id: str) -> Path:
    folder = storage.pages_folder(house, queue.folder_of(house, artist_id)) / "sending"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _drop(folder: Path, upload_id: str) -> None:
    for ending in ("part", "json"):
        (folder / f"{upload_id}.{ending}").unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
