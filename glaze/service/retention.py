"""Deletes in time: jobs that have ended long enough ago with their pictures, and files that no job names."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from sqlalchemy import select

from glaze.service import lockout, queue, sessions, storage
from glaze.service.house import House
from glaze.service.models import Artist
from glaze.service.models import Job as Row
from glaze.service.settings import HOUR

# Seconds. A file that nobody names may be one that is just being written down; a glaze is written within minutes.
GRACE: Final = 3600.0


def tidy(house: House, *, grace: float = GRACE) -> None:
    """Delete all whose time has come, from the database and from the disk.

    grace: for how many seconds a file without a job is left alone, which may belong to one that is on its way.
    """
    queue.give_up_waiting(house)
    _expire(house)
    queue.forget_shares(house)
    lockout.tidy(house)
    sessions.tidy(house)
    _sweep(house, grace)
    _sweep_pages(house)


def _expire(house: House) -> None:
    asked = select(Row, Artist.folder).join(Artist, Artist.id == Row.artist_id).where(Row.expires <= house.now())
    with house.database.read() as session:
        expired = [(row.id, folder, row.original, row.result) for row, folder in session.execute(asked)]
    for job_id, folder, *names in expired:
        # The pictures first: were it killed in between, the job would come up again here.
        storage.remove(house, folder, *names)
        with house.database.write() as session:
            row = session.get(Row, job_id)
            if row is not None:
                session.delete(row)


def _sweep(house: House, grace: float) -> None:
    """Files that no job names, and folders that are no artist's.

    The disk is looked at first: what is there and has no name in the database then has lost it, or waits for one.
    """
    inside = list(house.artists_folder.iterdir())
    folders = [path for path in inside if _is_older(path, house, grace)]
    # Not through links: what they lead to is not the service's.
    own = [path for path in inside if path.is_dir() and not path.is_symlink()]
    found = [path for folder in own for path in folder.iterdir() if _is_older(path, house, grace)]
    desks = [path for path in house.uploads_folder.iterdir() if _is_older(path, house, grace)]
    with house.database.read() as session:
        rows = session.execute(select(Artist.folder, Row.original, Row.result).join(Row, Row.artist_id == Artist.id))
        named = {(folder, name) for folder, *names in rows for name in names if name}
        known = set(session.scalars(select(Artist.folder)))
    for path in found:
        if (path.parent.name, path.name) not in named:
            _remove(path)
    for path in folders:
        if path.name not in known:
            _remove(path)
    for path in desks:
        _remove(path)


def _sweep_pages(house: House) -> None:
    """What the pages showed, and uploads that came to nothing, as old as a job may become; and all of who has left."""
    common, grace = storage.common_folder(house), house.settings.storage.retention_hours * HOUR
    with house.database.read() as session:
        known = set(session.scalars(select(Artist.folder)))
    for folder in house.pages_folder.iterdir():
        if folder == common:
            continue
        # The deepest first, so that folders are empty when their turn comes.
        for path in sorted(folder.rglob("*"), reverse=True):
            if _is_older(path, house, grace):
                with suppress(OSError):
                    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
        if folder.name not in known:
            _remove(folder)


def _is_older(path: Path, house: House, grace: float) -> bool:
    try:
        return path.lstat().st_mtime <= house.now() - grace
    except FileNotFoundError:
        return False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
