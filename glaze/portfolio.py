"""What is done with many finished pictures at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from glaze.artwork.place import create, make, publish, told, unfinished
from glaze.errors import SaveError

if TYPE_CHECKING:
    from glaze.ledger import Entry

_CHUNK: Final = 2**20


@dataclass(frozen=True)
class Zipped:
    """A zip of finished pictures. `missing`: results that are no longer where they were put, and so not in it."""

    path: Path
    missing: tuple[Path, ...]


def zip_results(jobs: Iterable[Entry], target: Path) -> Zipped:
    """Put the results of the finished jobs among `jobs` into a zip named `target`, NAME-2.zip where that is taken.

    Each result is in it once, as it is (a PNG cannot be packed tighter), under a name of its own also on systems that
    take A and a for the same. The zip is written whole or not at all. Raises SaveError.
    """
    results = dict.fromkeys(job.result.result for job in jobs if job.result is not None)
    missing: list[Path] = []
    make(target.parent)
    with unfinished(target.parent) as temporary:
        with told(target, target):
            _write(temporary, results, missing)
        if len(missing) == len(results):
            raise SaveError("nothing_finished", path=target)
        with told(target, target):
            return Zipped(publish(temporary, _numbered(target)), tuple(missing))


def _write(path: Path, results: Iterable[Path], missing: list[Path]) -> None:
    taken: set[str] = set()
    with os.fdopen(create(path), "wb") as file:
        with ZipFile(file, "w", ZIP_STORED) as archive:
            for result in results:
                try:
                    source = result.open("rb")
                except OSError:
                    missing.append(result)
                    continue
                with source:
                    # Not strict, because a clock that was never set gives dates that no zip can hold.
                    entry = ZipInfo.from_file(result, _unique(result.name, taken), strict_timestamps=False)
                    with archive.open(entry, "w") as inside:
                        while chunk := source.read(_CHUNK):
                            inside.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _unique(name: str, taken: set[str]) -> str:
    """The name, or NAME-2.png and so on where it is taken; what it gives is taken."""
    # A zip holds text: what no text can be read from in a name is replaced.
    name = os.fsencode(name).decode("utf-8", "replace")
    free = next(path.name for path in _numbered(Path(name)) if path.name.casefold() not in taken)
    taken.add(free.casefold())
    return free


def _numbered(path: Path) -> Iterator[Path]:
    """NAME.zip, NAME-2.zip and so on."""
    yield path
    for number in count(2):
        yield path.with_stem(f"{path.stem}-{number}")
