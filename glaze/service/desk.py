"""What the routes of the account pages have in common: who asks, what a form says, and the page that answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from glaze.errors import ServiceError
from glaze.service import codes, lanes, sessions
from glaze.service.accounts import Member
from glaze.service.house import House
from glaze.service.lanes import Lane
from glaze.service.pages import STUDIO, Name, Page, Render, Said
from glaze.service.rates import Rates

_FIELDS: Final = 20
_LONGEST: Final = 2000  # characters of a field
# A form is heavier than a page, and one that checks a passphrase heavier still.
FORM_COST: Final = 3.0
GUARDED_COST: Final = 10.0
SEE_OTHER: Final = 303
_ONCE_SAID: Final = 60  # seconds
_SAID_COOKIE: Final = "glaze_said"

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Visit:
    """Who asks, from which browser and address. csrf: what the browser's forms must bring back."""

    desk: Desk
    request: Request
    member: Member | None
    secret: str
    address: str
    csrf: str
    new_cookie: str | None = None

    @property
    def house(self) -> House:
        return self.desk.house

    async def form(self, cost: float = FORM_COST) -> Fields:
        """The fields of the form that was sent. Raises ServiceError where it is none of ours, or one too many."""
        return await self.desk.form(self, cost)

    async def page(self, name: Name, **what: Any) -> Response:
        """A page as the answer; `what` is for Page, and `status`."""
        return await self.desk.page(self, name, **what)

    @property
    def signed_in(self) -> Member:
        """Raises HTTPException with 401 where nobody is."""
        if self.member is None:
            raise HTTPException(401)
        return self.member


def client_address(request: Request) -> str:
    """Where a request comes from; behind a trusted proxy, what that says (uvicorn has put it there)."""
    return request.client.host if request.client else ""


class Desk:
    """What the routes do: who asks, what a form says, and the page that answers."""

    def __init__(self, house: House, render: Render, rates: Rates) -> None:
        self.house = house
        self.rates = rates
        self._render = render

    async def visit(self, request: Request) -> Visit:
        """Who asks. A browser without a session gets a cookie of no meaning, so that its forms are its own."""
        house = self.house
        secret = sessions.secret_of(house, request)
        member = await lanes.run(Lane.QUICK, sessions.artist_by, house, secret)
        new, holder = None, secret
        if member is None:
            holder = request.cookies.get(self._visit_cookie, "")
            if len(holder) != len(codes.new_id()):
                new = holder = codes.new_id()
        kind = "session" if member else "visit"
        csrf = codes.keyed(house.key, f"csrf:{kind}:{holder}")
        return Visit(self, request, member, secret, client_address(request), csrf, new)

    async def form(self, visit: Visit, cost: float) -> Fields:
        """The fields of a form of ours. Raises ServiceError for one that is not, or for too many of them."""
        self.rates.take(f"artist:{visit.member.id}" if visit.member else f"address:{visit.address}", cost)
        sent = await visit.request.form(max_files=0, max_fields=_FIELDS, max_part_size=_LONGEST)
        fields = _texts(sent)
        if not codes.same(fields.get("csrf", ""), visit.csrf):
            raise ServiceError("elsewhere")
        return fields

    async def page(self, visit: Visit, name: Name, *, status: int = 200, **what: Any) -> Response:
        """A page as HTML, with what was said last."""
        said = what.pop("said", None) or _said(visit.request)
        page = Page(name=name, settings=self.house.settings, csrf=visit.csrf, member=visit.member, said=said, **what)
        html = await lanes.run(Lane.QUICK, self._render, visit.request, page)
        response = HTMLResponse(html, status)
        if visit.new_cookie:
            response.set_cookie(
                self._visit_cookie,
                visit.new_cookie,
                path="/",
                secure=self.house.settings.is_https,
                httponly=True,
                samesite="lax",
            )
        if _SAID_COOKIE in visit.request.cookies:
            response.delete_cookie(_SAID_COOKIE, path="/")
        return response

    async def enter(self, visit: Visit, member: Member, then: str) -> Response:
        """Signed in: a new session, whatever session the browser had, which ends."""
        if visit.secret:
            await lanes.run(Lane.QUICK, sessions.end, self.house, visit.secret)
        secret = await lanes.run(Lane.QUICK, sessions.begin, self.house, member.id)
        response = RedirectResponse(inside(then), SEE_OTHER)
        sessions.give(self.house, response, secret)
        return response

    @property
    def _visit_cookie(self) -> str:
        return "__Host-glaze_visit" if self.house.settings.is_https else "glaze_visit"


async def _visit(request: Request) -> Visit:
    desk: Desk = request.app.state.desk
    return await desk.visit(request)


Asking = Annotated[Visit, Depends(_visit)]


def picture(path: Path, name: str) -> Response:
    """A picture to be saved, never to be shown as a page of this host."""
    if not path.is_file():
        raise ServiceError("no_job")
    return FileResponse(path, media_type="image/png", filename=name, content_disposition_type="attachment")


STATUS: Final = {
    "locked": 429,
    "too_fast": 429,
    "day_full": 429,
    "queue_full": 429,
    "elsewhere": 403,
    "signed_out": 401,
    "no_job": 404,
    "no_token": 404,
    "not_done": 409,
    "upload_size": 413,
    "disk_full": 507,
}


def status_of(error: ServiceError) -> int:
    """What HTTP calls an error; 400 for what the artist can put right."""
    return STATUS.get(error.key, 400)


def inside(then: str) -> str:
    """Where to go next: a path of this host, or the studio. "//host", with either slash, is another host."""
    if not then.startswith("/") or then.startswith("//") or "\\" in then or not then.isprintable():
        return STUDIO + "/"
    return then


def _texts(sent: FormData) -> Fields:
    return {name: value for name, value in sent.items() if not isinstance(value, UploadFile)}


def shown(fields: Fields) -> Fields:
    """What may be on the page again."""
    return {name: value for name, value in fields.items() if name not in {"passphrase", "old", "new", "csrf"}}


def _said(request: Request) -> Said | None:
    found = request.cookies.get(_SAID_COOKIE, "")
    return Said(found) if found in set(Said) else None


def go(where: str, said: Said) -> Response:
    """To a page that says once what was done."""
    response = RedirectResponse(where, SEE_OTHER)
    # A key of ours for a minute, and no more than a page could say anyway.
    response.set_cookie(_SAID_COOKIE, said, max_age=_ONCE_SAID, path="/", httponly=True, samesite="lax")
    return response
