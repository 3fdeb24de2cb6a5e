"""Whether the program ended in the middle of work on a graphics card, and so perhaps through it.

A driver can end a program without a word: no exception comes, and a queue that is taken up again would end it once
more. So there is a note on the disk as long as anything runs on a card. Who finds one by a program that is no more
leaves the cards alone for once.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil
from platformdirs import user_cache_path

from glaze.files import write_whole

_lock: Final = threading.Lock()
_working = 0


def note_path() -> Path:
    """Where the note is; GLAZE_CARD names another file."""
    named = os.environ.get("GLAZE_CARD")
    return Path(named) if named else user_cache_path("glaze", appauthor=False) / "on-card"


@contextmanager
def on_card() -> Iterator[None]:
    """Around work on a card. Where no note can be written, nothing is different."""
    global _working  # noqa: PLW0603
    with _lock:
        _working += 1
        if _working == 1:
            with suppress(OSError):
                write_whole(note_path(), str(os.getpid()).encode())
    try:
        yield
    finally:
        with _lock:
            _working -= 1
            if not _working:
                _forget()


def ended_on_card() -> bool:
    """Whether an earlier run did. It is asked once: then the note is gone."""
    try:
        pid = int(note_path().read_text())
    except (OSError, ValueError):
        return False
    if psutil.pid_exists(pid):
        return False  # another Glaze is at work
    _forget()
    return True


@atexit.register
def _at_exit() -> None:
    """A program that ends as it should: threads that work are not asked to clean up."""
    if _working:
        _forget()


def _forget() -> None:
    with suppress(OSError):
        note_path().unlink(missing_ok=True)
