"""The way in and out: joining, signing in, signing out (forms.py has the list)."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from glaze.errors import ServiceError
from glaze.service import accounts, lanes, sessions
from glaze.service.desk import GUARDED_COST, SEE_OTHER, Asking, Fields, Visit, go, inside, shown, status_of
from glaze.service.lanes import Lane
from glaze.service.pages import STUDIO, Name, Said

_LONGEST: Final = 200  # characters of a code in an address

routes: Final = APIRouter()


@routes.get("/")
async def front(visit: Asking) -> Response:
    """To the studio, or to the door."""
    return RedirectResponse(f"{STUDIO}/" if visit.member else "/sign-in", SEE_OTHER)


@routes.get("/join")
async def join_page(visit: Asking, invitation: str = "") -> Response:
    """The form, with the code of the link."""
    return await visit.page(Name.JOIN, fields={"invitation": invitation[:_LONGEST]})


@routes.post("/join")
async def join(visit: Asking) -> Response:
    """A new account, signed in."""
    fields: Fields = {}
    try:
        fields = await visit.form(GUARDED_COST)
        member = await lanes.run(
            Lane.PASSPHRASE,
            accounts.join,
            visit.house,
            code=fields.get("invitation", ""),
            name=fields.get("name", ""),
            passphrase=fields.get("passphrase", ""),
            rules=fields.get("rules") == "yes",
            email=fields.get("email", ""),
            language=fields.get("language", "en"),
            address=visit.address,
        )
    except ServiceError as error:
        return await visit.page(Name.JOIN, error=error, fields=shown(fields), status=status_of(error))
    return await visit.desk.enter(visit, member, "")


@routes.get("/sign-in")
async def sign_in_page(visit: Asking, then: str = "") -> Response:
    """The form; whoever is signed in is led on."""
    if visit.member:
        return RedirectResponse(inside(then), SEE_OTHER)
    return await visit.page(Name.SIGN_IN, fields={"then": inside(then)})


@routes.post("/sign-in")
async def sign_in(visit: Asking) -> Response:
    """Signed in, and led on."""
    fields: Fields = {}
    try:
        fields = await visit.form(GUARDED_COST)
        member = await lanes.run(
            Lane.PASSPHRASE,
            accounts.sign_in,
            visit.house,
            name=fields.get("name", ""),
            passphrase=fields.get("passphrase", ""),
            address=visit.address,
        )
    except ServiceError as error:
        return await visit.page(Name.SIGN_IN, error=error, fields=shown(fields), status=status_of(error))
    return await visit.desk.enter(visit, member, fields.get("then", ""))


@routes.post("/sign-out")
async def sign_out(visit: Asking) -> Response:
    """Of this browser."""
    await visit.form()
    await lanes.run(Lane.QUICK, sessions.end, visit.house, visit.secret)
    return _gone(visit, Said.SIGNED_OUT)


@routes.post("/sign-out-everywhere")
async def sign_out_everywhere(visit: Asking) -> Response:
    """Of every browser."""
    member = visit.signed_in
    await visit.form()
    await lanes.run(Lane.QUICK, sessions.end_all, visit.house, member.id)
    return _gone(visit, Said.SIGNED_OUT_EVERYWHERE)


def _gone(visit: Visit, said: Said) -> Response:
    response = go("/sign-in", said)
    sessions.take(visit.house, response)
    return response
