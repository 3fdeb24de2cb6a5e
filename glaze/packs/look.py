"""Which files of a pack are here, and whether they are what they should be. Files put there by hand are found, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from safetensors import SafetensorError, safe_open

from glaze.errors import Cancelled, PackError
from glaze.packs.lock import Lock, Print, expected, read_lock, write_lock
from glaze.packs.manifest import Item, Pack
from glaze.packs.place import packs_folder


class State(StrEnum):
    """How a file is.

    ABSENT    it is not here.
    FOUND     it is here and nobody has checked it: put there by hand, or its lock is gone.
    HERE      it is as long as it should be, or, where it was verified, just what it should be.
    DAMAGED   it is something else.
    """

    ABSENT = "absent"
    FOUND = "found"
    HERE = "here"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class Found:
    """One file of a pack. bytes: what it takes, 0 where it is absent."""

    item: Item
    path: Path
    state: State
    bytes: int


def look(pack: Pack) -> tuple[Found, ...]:
    """All files of a pack, judged by what is written down and by their length: takes no time."""
    lock = read_lock(pack.name)
    return tuple(_look(item, target, lock) for item, target in _files(pack))


def verify(pack: Pack, *, cancelled: Callable[[], bool] = lambda: False) -> tuple[Found, ...]:
    """All files of a pack, each read from end to end. What is whole and was put there by hand is remembered so.

    Raises Cancelled, and PackError (not_written) where what was found cannot be remembered.
    """
    lock = read_lock(pack.name)
    found: list[Found] = []
    news: dict[str, Print] = {}
    for item, target in _files(pack):
        if cancelled():
            raise Cancelled("cancelled")
        one = _look(item, target, lock)
        if one.state in {State.FOUND, State.HERE}:
            one = _read(one, expected(item, target, lock), news, target)
        found.append(one)
    if news:
        try:
            write_lock(pack.name, lock.with_files(news))
        except OSError as error:
            raise PackError("not_written", folder=packs_folder(), reason=error.strerror or error) from error
    return tuple(found)


def is_whole(path: Path) -> bool:
    """Whether a file is safetensors, and whole: the list at its beginning fits its length."""
    try:
        with safe_open(path, framework="np") as weights:
            return bool(weights.keys())
    except (OSError, SafetensorError):
        return False


def _files(pack: Pack) -> Iterator[tuple[Item, str]]:
    return ((item, target) for item in pack.items for target in item.targets)


def _look(item: Item, target: str, lock: Lock) -> Found:
    path = packs_folder() / target
    try:
        size = path.stat().st_size if path.is_file() else None
    except OSError:
        size = None
    if size is None:
        return Found(item, path, State.ABSENT, 0)
    should = expected(item, target, lock)
    if should is not None and should.size != size:
        return Found(item, path, State.DAMAGED, size)
    return Found(item, path, State.HERE if target in lock.files else State.FOUND, size)


def _read(one: Found, should: Print | None, news: dict[str, Print], target: str) -> Found:
    try:
        print_ = Print.of(one.path)
        good = print_ == should if should else one.path.suffix != ".safetensors" or is_whole(one.path)
    except OSError:
        good = False
    if good and one.state is State.FOUND:
        news[target] = print_
    return Found(one.item, one.path, State.HERE if good else State.DAMAGED, one.bytes)
