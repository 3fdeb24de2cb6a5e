"""Hangs up the studio's pages, each artist at a desk of their own behind the gate, and the light page for phones."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from glaze.errors import ServiceError
from glaze.service import lanes, look, pictures, queue, storage
from glaze.service.artist_queue import ArtistQueue
from glaze.service.lanes import Lane
from glaze.service.pages import STUDIO
from glaze.service.settings import MEGA
from glaze.studio.bench import Bench
from glaze.studio.gate import Gate
from glaze.studio.guest import Benches, GuestDesk
from glaze.studio.hosting import application

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.datastructures import Headers
    from starlette.types import Scope

    from glaze.service.accounts import Member
    from glaze.service.house import House

# Seconds that a preview or an inspection may take: some at best, minutes where the machine has much else to do.
_LOOKING: Final = 600.0
_DESKS_KEPT: Final = 500
_MOST_KEPT: Final = 1000 * MEGA


class Desks:
    """The artists' desks, made when they are first needed; whoever was away longest loses theirs."""

    def __init__(self, house: House) -> None:
        limits = house.settings.limits
        self._house = house
        self._lock = threading.Lock()
        self._desks: OrderedDict[str, GuestDesk] = OrderedDict()
        self.benches = Benches(
            opening=Bench(seconds=limits.decode_seconds, megabytes=limits.decode_megabytes),
            looking=Bench(seconds=_LOOKING),
        )

    def of(self, member: Member) -> GuestDesk:
        """The desk of an artist. Raises ServiceError where the account is gone, OSError."""
        folder = queue.folder_of(self._house, member.id)
        scratch = storage.pages_folder(self._house, folder)
        with self._lock:
            desk = self._desks.pop(member.id, None)
            if desk is None or desk.language != member.language:
                desk = self._make(member, folder)
            self._desks[member.id] = desk
            while len(self._desks) > _DESKS_KEPT:
                self._desks.popitem(last=False)
        assert desk.scratch == scratch
        return desk

    def forget(self, artist_id: str) -> None:
        """The artist has left."""
        with self._lock:
            self._desks.pop(artist_id, None)

    def _make(self, member: Member, folder: str) -> GuestDesk:
        return GuestDesk(
            worker=ArtistQueue(self._house, member, folder),
            named=storage.artist_folder(self._house, folder),
            scratch=storage.pages_folder(self._house, folder),
            own=(storage.pages_folder(self._house, folder), storage.artist_folder(self._house, folder)),
            common=storage.common_folder(self._house),
            benches=self.benches,
            hours=self._house.settings.storage.retention_hours,
            language=member.language,
        )


def mount(app: FastAPI, house: House, codes: Sequence[str] | None = None) -> None:
    """As `pages.Mount` has it. codes: of the studio's languages; all of them, unless some are named."""
    desks = mount_light(app, house)
    pages = application(house.pages_folder, [house.artists_folder], STUDIO, codes)

    async def desk_of(scope: Scope) -> GuestDesk | None:
        # guard.py put it there.
        member = scope.get("state", {}).get("member")
        return None if member is None else await lanes.run(Lane.QUICK, desks.of, member)

    def admit(scope: Scope) -> bool:
        try:
            app.state.desk.rates.take(f"artist:{scope['state']['member'].id}")
        except ServiceError:
            return False
        return True

    gate = Gate(
        pages,
        desk_of,
        prefix=STUDIO,
        sign_in="/sign-in",
        home=_home,
        admit=admit,
        most_bytes=house.settings.limits.upload_megabytes * MEGA,
        most_kept=_MOST_KEPT,
    )
    app.mount(STUDIO, gate)
    around = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(outer: FastAPI) -> AsyncIterator[Any]:
        async with around(outer) as state, pages.router.lifespan_context(pages):
            try:
                yield state
            finally:
                desks.benches.close()

    app.router.lifespan_context = lifespan


def mount_light(app: FastAPI, house: House) -> Desks:
    """The light page and the look of all, without the studio: before that, which has all that is left below STUDIO."""
    look.mount(app)
    app.state.desks = desks = Desks(house)
    app.state.leaving.append(desks.forget)
    app.include_router(pictures.routes)
    return desks


def _home(headers: Headers, desk: GuestDesk) -> str:
    """On a phone the light page, elsewhere the studio; each leads to the other."""
    phone = headers.get("sec-ch-ua-mobile") == "?1" or "Mobile" in headers.get("user-agent", "")
    return look.PICTURES if phone else f"{STUDIO}/{desk.language}"
