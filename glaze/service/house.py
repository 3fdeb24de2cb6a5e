"""What every part of the service shares."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from glaze.errors import HostError
from glaze.files import write_whole
from glaze.service.database import Database
from glaze.service.settings import ServiceSettings

_OWNER_ALONE: Final = 0o700
_KEY_BYTES: Final = 32


@dataclass(frozen=True)
class House:
    """The settings, the database and the folders of one service.

    key   of this service alone: what is hashed with it cannot be guessed from the database by itself.
    now   seconds since the epoch; tests bring another clock.
    """

    settings: ServiceSettings
    database: Database
    key: bytes = field(repr=False)
    now: Callable[[], float] = time.time

    @property
    def artists_folder(self) -> Path:
        """A folder for each artist is in it, and in that the artist's pictures."""
        return self.settings.storage.data / "artists"

    @property
    def pages_folder(self) -> Path:
        """What the studio's pages show: a folder for each artist, of the same name as above, and one for all."""
        return self.settings.storage.data / "pages"

    @property
    def uploads_folder(self) -> Path:
        """What is on its way in."""
        return self.settings.storage.data / "uploads"

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()


def open_house(settings: ServiceSettings, now: Callable[[], float] = time.time) -> House:
    """Make the folders that are missing, for this user alone, and open the database. Raises HostError."""
    data = settings.storage.data
    try:
        for folder in (data, data / "artists", data / "pages", data / "uploads"):
            folder.mkdir(mode=_OWNER_ALONE, parents=True, exist_ok=True)
        # An older folder may have been made by hand, for everybody. Where it is another's, that one decides.
        with suppress(PermissionError):
            data.chmod(_OWNER_ALONE)
        key = _key(data / "key")
    except OSError as fault:
        raise HostError("no_data_folder", path=data, reason=fault.strerror or str(fault)) from fault
    return House(settings, Database(settings.database), key, now)


def _key(path: Path) -> bytes:
    """The service's key, made at its first start. Raises OSError."""
    with suppress(FileNotFoundError):
        return path.read_bytes()
    made = path.with_name(f"{path.name}.{os.getpid()}")
    write_whole(made, secrets.token_bytes(_KEY_BYTES))
    try:
        # Whoever comes first gives the key, where several programs start at once.
        with suppress(FileExistsError):
            os.link(made, path)
    except OSError:
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)
    return path.read_bytes()
