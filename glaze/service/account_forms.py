"""An artist's own: the account, its tokens and its pictures (forms.py has the list)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from glaze.errors import ServiceError
from glaze.service import accounts, lanes, queue, sessions, tokens
from glaze.service.accounts import Member
from glaze.service.desk import (
    FORM_COST,
    GUARDED_COST,
    SEE_OTHER,
    Asking,
    Fields,
    Visit,
    go,
    picture,
    shown,
    status_of,
)
from glaze.service.house import House
from glaze.service.lanes import Lane
from glaze.service.pages import Name, Said

routes: Final = APIRouter()

Act = Callable[[Fields, Member], Awaitable[Response]]


@routes.get("/account")
async def account(visit: Asking) -> Response:
    """The account with the artist's jobs and tokens."""
    if visit.member is None:
        return RedirectResponse("/sign-in?then=/account", SEE_OTHER)
    return await _page(visit)


@routes.post("/account/email")
async def email(visit: Asking) -> Response:
    """Where messages go."""

    async def act(fields: Fields, member: Member) -> Response:
        await lanes.run(Lane.QUICK, accounts.change_email, visit.house, member.id, fields.get("email", ""))
        return go("/account", Said.EMAIL_CHANGED)

    return await _form(visit, act)


@routes.post("/account/language")
async def language(visit: Asking) -> Response:
    """The language of messages."""

    async def act(fields: Fields, member: Member) -> Response:
        await lanes.run(Lane.QUICK, accounts.change_language, visit.house, member.id, fields.get("language", "en"))
        return go("/account", Said.LANGUAGE_CHANGED)

    return await _form(visit, act)


@routes.post("/account/passphrase")
async def passphrase(visit: Asking) -> Response:
    """Another passphrase. Every session ends, and this browser gets a new one."""

    async def act(fields: Fields, member: Member) -> Response:
        await lanes.run(
            Lane.PASSPHRASE,
            accounts.change_passphrase,
            visit.house,
            member.id,
            old=fields.get("old", ""),
            new=fields.get("new", ""),
            address=visit.address,
        )
        response = go("/account", Said.PASSPHRASE_CHANGED)
        fresh = await lanes.run(Lane.QUICK, sessions.begin, visit.house, member.id)
        sessions.give(visit.house, response, fresh)
        return response

    return await _form(visit, act, GUARDED_COST)


@routes.post("/account/tokens")
async def make_token(visit: Asking) -> Response:
    """A new token, told in the answer itself: it has no place in an address, a cookie or a database."""

    async def act(fields: Fields, member: Member) -> Response:
        _, secret = await lanes.run(Lane.QUICK, tokens.make, visit.house, member.id, fields.get("name", ""))
        return await _page(visit, said=Said.TOKEN_MADE, secret=secret)

    return await _form(visit, act)


@routes.post("/account/tokens/{token_id}/revoke")
async def revoke_token(visit: Asking, token_id: str) -> Response:
    """From now on it opens nothing."""

    async def act(_fields: Fields, member: Member) -> Response:
        await lanes.run(Lane.QUICK, tokens.revoke, visit.house, member.id, token_id)
        return go("/account", Said.TOKEN_REVOKED)

    return await _form(visit, act)


@routes.post("/account/delete")
async def delete_account(visit: Asking) -> Response:
    """The account and everything with it, for whoever knows the passphrase."""

    async def act(fields: Fields, member: Member) -> Response:
        secret = fields.get("passphrase", "")
        await lanes.run(Lane.PASSPHRASE, accounts.confirm, visit.house, member.id, secret, visit.address)
        await lanes.run(Lane.QUICK, accounts.delete, visit.house, member.id)
        for forget in visit.request.app.state.leaving:
            forget(member.id)
        response = go("/sign-in", Said.ACCOUNT_DELETED)
        sessions.take(visit.house, response)
        return response

    return await _form(visit, act, GUARDED_COST)


@routes.get("/jobs/{job_id}/result")
async def result(visit: Asking, job_id: str) -> Response:
    """The glazed picture, to be saved."""
    return await _give(visit, queue.result, job_id, glazed=True)


@routes.get("/jobs/{job_id}/original")
async def original(visit: Asking, job_id: str) -> Response:
    """The picture as it came in."""
    return await _give(visit, queue.original, job_id, glazed=False)


@routes.post("/jobs/{job_id}/delete")
async def remove(visit: Asking, job_id: str) -> Response:
    """A job with its pictures."""

    async def act(_fields: Fields, member: Member) -> Response:
        await lanes.run(Lane.QUICK, queue.remove, visit.house, member.id, job_id)
        return go("/account", Said.JOB_REMOVED)

    return await _form(visit, act)


async def _page(visit: Visit, **what: Any) -> Response:
    artist = visit.signed_in.id
    jobs = await lanes.run(Lane.QUICK, queue.of_artist, visit.house, artist)
    kept = await lanes.run(Lane.QUICK, tokens.all_of, visit.house, artist)
    return await visit.page(Name.ACCOUNT, jobs=jobs, tokens=kept, **what)


async def _form(visit: Visit, act: Act, cost: float = FORM_COST) -> Response:
    """One form of the page, and what was wrong with it."""
    member = visit.signed_in
    fields: Fields = {}
    try:
        fields = await visit.form(cost)
        return await act(fields, member)
    except ServiceError as error:
        return await _page(visit, error=error, fields=shown(fields), status=status_of(error))


async def _give(visit: Visit, what: Callable[[House, str, str], Path], job_id: str, *, glazed: bool) -> Response:
    artist = visit.signed_in.id
    job = await lanes.run(Lane.QUICK, queue.get, visit.house, artist, job_id)
    path = await lanes.run(Lane.QUICK, what, visit.house, artist, job_id)
    return picture(path, job.download_name if glazed else f"{job.id}.png")
