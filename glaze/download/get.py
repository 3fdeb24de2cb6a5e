"""A pack, whole or not at all: told first, downloaded beside, checked, put in place, and written down last of all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from glaze.download import hub
from glaze.download.faults import FULL, megabytes
from glaze.download.progress import Cancelled, OnProgress, Phase, Progress
from glaze.download.stream import Tell, client, fetch, patiently
from glaze.download.wanted import Wanted
from glaze.errors import DownloadError
from glaze.files import sync_folder, write_whole
from glaze.packs.lock import Got, Print, read_lock, write_lock
from glaze.packs.look import State, is_whole, verify
from glaze.packs.manifest import Item, Pack, Source
from glaze.packs.place import packs_folder, unfinished_folder

ROOM: Final = 50_000_000  # bytes that the disk shall have left when everything is there


@dataclass(frozen=True)
class Plan:
    """What is missing of a pack, and what it takes."""

    pack: Pack
    wanted: tuple[Wanted, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """The networks that are not here."""
        return tuple(dict.fromkeys(wanted.item for wanted in self.wanted))

    @property
    def size(self) -> int | None:
        """Bytes of all that is to be downloaded; None where of one file nobody says."""
        sizes = [wanted.size for wanted in self.wanted if wanted.by_hand is None]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def needed(self) -> int:
        """Bytes that the disk must have free for it, as far as they are known; what is to be converted counts twice."""
        come = sum(w.size or 0 for w in self.wanted if w.by_hand is None)
        converted = sum(w.size or 0 for w in self.wanted if w.source.to is None)
        here = sum(_length(_folder(self.pack) / wanted.part_name) for wanted in self.wanted)
        return max(0, come + converted - here) + ROOM

    @property
    def free(self) -> int:
        """Bytes that the disk has free. Raises DownloadError (not_written)."""
        with _told(packs_folder()):
            packs_folder().mkdir(parents=True, exist_ok=True)
            return shutil.disk_usage(packs_folder()).free


def look_up(pack: Pack, *, cancelled: Cancelled = lambda: False) -> Plan:
    """What of a pack is missing, and where it is; what is here is read from end to end. Asks nobody where all is here.

    Raises DownloadError, PackError, and Cancelled.
    """
    here = {found.path for found in verify(pack, cancelled=cancelled) if found.state is State.HERE}
    lock = read_lock(pack.name)
    wanted: list[Wanted] = []
    for item in pack.items:
        if item.converted_to is not None:
            sources = () if packs_folder() / item.converted_to in here else item.sources
        else:
            sources = tuple(s for s in item.sources if s.to and packs_folder() / s.to not in here)
        wanted += [_ask(item, lock.known(source), cancelled) for source in sources]
    return Plan(pack, tuple(wanted))


def get(plan: Plan, *, on_progress: OnProgress = lambda _: None, cancelled: Cancelled = lambda: False) -> None:
    """Bring what is missing. Nothing of it is in place before all of it is checked.

    Raises DownloadError, and Cancelled once `cancelled()` is true. What came of a file that is known for sure is then
    kept, and the next time goes on from there; nothing else is left behind.
    """
    if not plan.wanted:
        return
    if plan.free < plan.needed:
        needed, free = megabytes(plan.needed), megabytes(plan.free)
        raise DownloadError("no_room", folder=packs_folder(), needed=needed, free=free)
    folder = _folder(plan.pack)
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _alone(plan.pack):
        parts = _fetch_all(plan, folder, on_progress, cancelled)
        with _told(folder):
            _put_in_place(plan, parts, folder)
    shutil.rmtree(folder, ignore_errors=True)


def _ask(item: Item, source: Source, cancelled: Cancelled) -> Wanted:
    if source.repository is None:
        assert source.address is not None
        plain = Wanted(item=item, source=source, address=source.address, size=source.size, sha256=source.sha256)
        return plain.found_by_hand(packs_folder() / source.file)
    return patiently(lambda: hub.ask(item, source), hub.host, lambda: 0, lambda *_: None, cancelled)


Parts = Mapping[Source, tuple[Path, Print]]


def _fetch_all(plan: Plan, folder: Path, on_progress: OnProgress, cancelled: Cancelled) -> Parts:
    """Every file that is missing, checked: where it is by now, and what it is."""
    parts: dict[Source, tuple[Path, Print]] = {}
    coming = [wanted for wanted in plan.wanted if wanted.by_hand is None]
    with client() as ours:
        for number, wanted in enumerate(coming, 1):
            before = sum(found.size for _, found in parts.values())
            start = Progress(Phase.LOADING, wanted.source.name, number, len(coming), before, plan.size)
            part, found = fetch(ours, wanted, folder, _telling(on_progress, start), cancelled)
            if wanted.source.to is not None and wanted.source.to.endswith(".safetensors") and not is_whole(part):
                part.unlink()
                raise DownloadError("not_weights", file=wanted.source.name)
            parts[wanted.source] = (part, found)
    by_hand = {w.source: (w.by_hand, Print.of(w.by_hand)) for w in plan.wanted if w.by_hand is not None}
    return parts | by_hand


def _telling(on_progress: OnProgress, start: Progress) -> Tell:
    """Tells of one file among all."""
    return lambda phase, done: on_progress(replace(start, phase=phase, done=start.done + done))


def _put_in_place(plan: Plan, parts: Parts, folder: Path) -> None:
    """All files under their names, and then the lock. What a power cut leaves undone, the next download does again."""
    files: dict[str, tuple[Path, Print]] = {}
    for item in plan.items:
        if item.converter is not None and item.converted_to is not None:
            # Here, for torch takes seconds to load.
            from glaze.download.convert import convert

            made = folder / Path(item.converted_to).name
            sources = [wanted.source for wanted in plan.wanted if wanted.item is item]
            write_whole(made, convert(item.converter, [parts[source][0] for source in sources]))
            files[item.converted_to] = (made, Print.of(made))
    for source, (part, found) in parts.items():
        if source.to is not None:
            files[source.to] = (part, found)
    for target, (part, _) in files.items():
        place = packs_folder() / target
        place.parent.mkdir(parents=True, exist_ok=True)
        part.replace(place)
        sync_folder(place.parent)
    revisions = {wanted.source: wanted.revision for wanted in plan.wanted}
    got = {source.name: Got(found, revisions[source]) for source, (_, found) in parts.items()}
    lock = read_lock(plan.pack.name).with_files({target: found for target, (_, found) in files.items()}, got)
    write_lock(plan.pack.name, lock)


@contextmanager
def _alone(pack: Pack) -> Iterator[None]:
    """Two downloads of one pack would write into the same parts. Raises DownloadError (running)."""
    lock = FileLock(unfinished_folder() / f"{pack.name}.running", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise DownloadError("running", pack=pack.name) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise DownloadError("disk_full", folder=folder) from error
        raise DownloadError("not_written", folder=folder, reason=error.strerror or error) from error


def _folder(pack: Pack) -> Path:
    return unfinished_folder() / pack.name


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
