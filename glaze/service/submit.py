"""An upload's whole way into the queue: room for it, opened apart, into the artist's folder, written down."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from glaze.errors import ServiceError
from glaze.service import lanes, queue, storage
from glaze.service.accounts import Member
from glaze.service.codes import new_id
from glaze.service.decode import decode
from glaze.service.house import House
from glaze.service.lanes import Lane
from glaze.service.settings import MEGA
from glaze.settings import GlazeSettings, Render

_OWNER_ALONE: Final = 0o700
_FULL: Final = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}


def submit(house: House, member: Member, upload: Path, *, name: str, settings: GlazeSettings) -> queue.Job:
    """Put an uploaded file into the queue as a picture of the artist's. The file stays the caller's, to be deleted.

    name: what the artist calls it, for people alone: it names no file. settings: those of the job; encoders and a decoy
    picture of the artist's own are not taken here. It opens the file, which may take a second or, behind others,
    longer: pages call `submit_soon`. Raises GlazeError, and then nothing of it is left.
    """
    check_settings(house, settings)
    queue.check_room(house, member.id)
    with _desk(house) as desk, _told():
        size = upload.stat().st_size
        if size > house.settings.limits.upload_megabytes * MEGA:
            raise ServiceError("upload_size", most=house.settings.limits.upload_megabytes)
        if size == 0:
            raise ServiceError("upload_empty")
        inside = desk / new_id()
        shutil.copyfile(upload, inside)
        picture = decode(inside, queue.shown_name(name), house.settings.limits, keep_gps=settings.keep_gps)
        return _keep(house, member, picture.path, name=name, size=(picture.width, picture.height), settings=settings)


async def submit_soon(house: House, member: Member, upload: Path, *, name: str, settings: GlazeSettings) -> queue.Job:
    """`submit`, for pages: while it waits for its turn it keeps no thread from others. Raises GlazeError."""
    return await lanes.run(Lane.DECODE, submit, house, member, upload, name=name, settings=settings)


def usual_render(highest: Render) -> Render:
    """What a glaze gets where nothing is asked for: Glaze's default, or the host's limit below it."""
    return min(Render.DEFAULT, highest, key=list(Render).index)


def check_settings(house: House, settings: GlazeSettings) -> None:
    """Raises ServiceError where the host does not offer so much, ValueError for what only a mistake could ask for."""
    if settings.encoders or settings.decoy is not None or settings.save_decoy:
        raise ValueError("a service opens no files that are named to it")
    order = list(Render)
    if order.index(settings.render) > order.index(house.settings.limits.render):
        raise ServiceError("too_slow")


def _keep(
    house: House, member: Member, picture: Path, *, name: str, size: tuple[int, int], settings: GlazeSettings
) -> queue.Job:
    folder = queue.folder_of(house, member.id)
    original = storage.new_name()
    place = storage.artist_folder(house, folder) / original
    picture.replace(place)
    try:
        return queue.add(house, member.id, name=name, size=size, original=original, settings=settings)
    except BaseException:
        place.unlink(missing_ok=True)
        raise


@contextmanager
def _desk(house: House) -> Iterator[Path]:
    """A folder for one upload, gone afterwards with all that is in it."""
    desk = house.uploads_folder / new_id()
    try:
        with _told():
            desk.mkdir(mode=_OWNER_ALONE)
        yield desk
    finally:
        shutil.rmtree(desk, ignore_errors=True)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        if fault.errno in _FULL:
            raise ServiceError("disk_full") from fault
        raise
