"""Where Glaze keeps its files on this computer and how much they take, and whether a folder can take the results."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from platformdirs import user_pictures_path

from glaze import machine
from glaze.artwork import try_folder, written_by_glaze
from glaze.errors import SaveError
from glaze.jobs import log_path
from glaze.ledger import ledger_path
from glaze.packs import packs_folder, weights_folder
from glaze.preferences import damaged_path, load, preferences_path
from glaze.studio.originals import originals_folder
from glaze.studio.quiet import scratch_folder


@dataclass(frozen=True)
class Place:
    """One file or folder of Glaze.

    key    `place.KEY` is its name, `place.KEY.info` what it is for.
    path   where it is, or will be.
    bytes  how much is there now, with the files that go with it (the log before this one, preferences set aside).
    """

    key: str
    path: Path
    bytes: int


def default_results() -> Path:
    """A folder of our own among the user's pictures: what a browser uploads has no folder to be put beside."""
    return user_pictures_path() / "Glaze"


def results_folder(named: Path | None = None) -> Path:
    """Where glazed pictures go: the folder `named` for this run, else the one chosen for all, else default_results."""
    return (named or load().results or default_results()).absolute()


def places(results: Path) -> tuple[Place, ...]:
    """All there are; `results` is the folder that glazed pictures go to now.

    Of that folder only what Glaze wrote there counts: it may have other pictures in it. What cannot be looked at counts
    nothing. The first call of all may take seconds.
    """
    # As in the worker: torch takes seconds to load.
    machine.share_processors()
    from glaze.decoys.kept import redrawn_folder
    from glaze.pace import book_path

    preferences, ledger = preferences_path(), ledger_path()
    pace, log, weights, scratch = book_path(), log_path(), weights_folder(), scratch_folder()
    originals, packs, redrawn = originals_folder(), packs_folder(), redrawn_folder()
    return (
        Place("results", results, _size(file for file in results.glob("*") if written_by_glaze(file))),
        Place("preferences", preferences, _size(chain(_beside(preferences), [damaged_path()]))),
        Place("ledger", ledger, _size(_beside(ledger))),
        Place("originals", originals, _size(originals.rglob("*"))),
        Place("pace", pace, _size(_beside(pace))),
        Place("redrawn", redrawn, _size(redrawn.rglob("*"))),
        Place("log", log, _size(_beside(log))),
        Place("weights", weights, _size(weights.rglob("*"))),
        Place("packs", packs, _size(packs.rglob("*"))),
        Place("scratch", scratch, _size(scratch.rglob("*"))),
    )


def check_folder(chosen: str | Path) -> Path:
    """The folder that an artist chose for the results, as typed or pasted, made if missing. A network drive will do.

    Raises SaveError (relative, wiped, no_folder, no_permission, disk_full, not_written).
    """
    # The Explorer copies a path in quotation marks.
    text = str(chosen).strip().strip('"')
    try:
        folder = Path(text).expanduser()
    except RuntimeError as fault:
        raise SaveError("no_folder", folder=text) from fault
    if not folder.is_absolute():
        raise SaveError("relative", folder=text, example=default_results())
    if _is_within(folder, scratch_folder()):
        raise SaveError("wiped", folder=folder)
    try_folder(folder)
    return folder


def _beside(path: Path) -> Iterable[Path]:
    """A file and those whose names begin with its name, as a database or a log has them."""
    return path.parent.glob(f"{glob.escape(path.name)}*")


def _size(files: Iterable[Path]) -> int:
    """Bytes of those that are files themselves, not links to some."""
    total = 0
    with suppress(OSError):
        for file in files:
            with suppress(OSError):
                state = file.lstat()
                total += state.st_size if stat.S_ISREG(state.st_mode) else 0
    return total


def _is_within(folder: Path, outer: Path) -> bool:
    """Also through links, and where large and small letters are the same."""
    with suppress(OSError, ValueError):
        folder, outer = folder.resolve(), outer.resolve()
    if Path(os.path.normcase(folder)).is_relative_to(os.path.normcase(outer)):
        return True
    for parent in (folder, *folder.parents):
        with suppress(OSError, ValueError):
            if parent.samefile(outer):
                return True
    return False
