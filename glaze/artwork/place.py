"""A finished file gets its name: in one step, and never over anything."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from glaze.artwork.picture import shown
from glaze.errors import OutOfMemory, SaveError
from glaze.files import sync_folder

_FULL: Final = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_FORBIDDEN: Final = (errno.EACCES, errno.EPERM, errno.EROFS)
_ONLY_NEW: Final = os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_ANYBODY: Final = 0o666
"""Permissions before the umask, as for any new file; tempfile's would shut others out of the result."""

Announce = Callable[[Path, str], None]
"""Hears of a file before it gets its name: that name, and its sha256. Where another program takes the name at that very
moment it hears of the next one; what it heard last counts."""


def digest(path: Path) -> str:
    """The sha256 of a file, in hexadecimal. Raises OSError, and ValueError where no file can have that path."""
    if not stat.S_ISREG(path.stat().st_mode):
        # Opening a pipe would wait for whoever writes into it.
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make(folder: Path) -> None:
    """Make a folder that is missing. Raises SaveError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        if fault.errno in _FULL:
            raise SaveError("disk_full", folder=shown(folder)) from fault
        raise SaveError("no_folder", folder=shown(folder)) from fault
    except ValueError as fault:
        raise SaveError("no_folder", folder=shown(folder)) from fault


@contextmanager
def told(aim: Path, original: Path) -> Iterator[None]:
    """Turn what goes wrong while writing to `aim` what comes of `original` into words for the artist."""
    folder = aim.parent
    try:
        yield
    except (MemoryError, OutOfMemory) as fault:
        raise OutOfMemory("memory", path=shown(original)) from fault
    except OSError as fault:
        if fault.errno in _FULL:
            raise SaveError("disk_full", folder=shown(folder)) from fault
        if fault.errno in _FORBIDDEN:
            raise SaveError("no_permission", folder=shown(folder)) from fault
        raise SaveError("not_written", path=shown(aim), reason=fault.strerror or str(fault)) from fault


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """A new name in `folder` for a file that is still being written. Whatever happens, the file is gone afterwards.

    But for a program that is killed: so the name says which one it was, for `sweep`.
    """
    temporary = folder / f".glaze-{os.getpid()}-{secrets.token_hex(8)}.part"
    try:
        yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink()


def sweep(folder: Path, process: int) -> None:
    """Remove what a program that was killed, and had this process id, left unfinished in `folder`."""
    with suppress(OSError, ValueError):
        for left in folder.glob(f".glaze-{process}-*.part"):
            left.unlink()


def create(path: Path) -> int:
    """A descriptor to write a new file by. Raises FileExistsError where `path` is anything at all, and OSError."""
    return os.open(path, os.O_WRONLY | _ONLY_NEW, _ANYBODY)


def publish(temporary: Path, names: Iterable[Path], announce: Announce | None = None) -> Path:
    """Give the finished file the first of `names` that is free, in one step that fails where the name is taken.

    Returns that name. Raises OSError.
    """
    sha256 = digest(temporary) if announce else ""
    for path in names:
        # Looked at first, so that nothing is announced under the name of a file that was there all along.
        if os.path.lexists(path):
            continue
        if announce:
            announce(path, sha256)
        try:
            _move(temporary, path)
        except FileExistsError:
            continue
        sync_folder(path.parent)
        return path
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _move(temporary: Path, path: Path) -> None:
    """Raises FileExistsError where `path` is anything at all."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # No hard links here (FAT, some network disks): take the name with an empty file of our own, then replace it.
        os.close(create(path))
        try:
            temporary.replace(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
