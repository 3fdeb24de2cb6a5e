"""The light page for phones: choose a picture, send it, see how far it is, fetch it. It works without its script, too.

    GET   /pictures            the page; ?part=list its list alone
    GET   /pictures/ID/small   a picture in small
    POST  /studio/upload                 a form with the picture in it
    POST  /studio/upload/begin           name, size -> id
    GET   /studio/upload/ID              -> received
    POST  /studio/upload/ID?at=OFFSET    a piece -> received
    POST  /studio/upload/ID/done         intensity, render

Below /studio/upload, because the guard lets pictures in there. All of it is for artists who are signed in.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response

from glaze.errors import ArtworkError, GlazeError, ServiceError
from glaze.jobs import State
from glaze.service import codes, lanes, queue, uploads
from glaze.service.accounts import Member
from glaze.service.desk import SEE_OTHER, Asking, Visit, status_of
from glaze.service.lanes import Lane
from glaze.service.look import PICTURES, draw, language
from glaze.service.pages import STUDIO, Name, Page
from glaze.service.submit import submit_soon
from glaze.settings import GlazeSettings, Intensity, Render
from glaze.studio.words import load

_PIECE: Final = 4 * 1024 * 1024
_TOLD: Final = ("progress", "waiting", "opening", "broke", "heic", "large")
# A piece weighs little: a picture of 40 MB is 160 of them.
_PIECE_COST: Final = 0.2

_SEND: Final = f"{STUDIO}/upload"

routes: Final = APIRouter(include_in_schema=False)


@routes.get(PICTURES)
async def pictures(visit: Asking, part: str = "") -> Response:
    """The page, or its list alone."""
    if visit.member is None:
        return RedirectResponse(f"/sign-in?then={PICTURES}", SEE_OTHER)
    return await _page(visit, "list.html" if part == "list" else "pictures.html")


@routes.get(PICTURES + "/{job_id}/small")
async def small(visit: Asking, job_id: str) -> Response:
    """A picture in small: the glaze, where it is there."""
    member, desks = visit.signed_in, visit.request.app.state.desks
    job = await lanes.run(Lane.QUICK, queue.get, visit.house, member.id, job_id)
    which = queue.result if job.state is State.DONE else queue.original
    path = await lanes.run(Lane.QUICK, which, visit.house, member.id, job_id)
    try:
        shown = await lanes.run(Lane.DECODE, lambda: desks.of(member).small(path))
    except GlazeError:
        raise HTTPException(404) from None
    return FileResponse(shown.path, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


@routes.post(_SEND)
async def whole(visit: Asking) -> Response:
    """The form as a browser without the script sends it."""
    return await _whole(visit)


@routes.post(f"{_SEND}/begin")
async def begin(visit: Asking) -> Response:
    """A new upload in pieces."""

    async def act(member: Member) -> dict[str, object]:
        asked = await _json(visit)
        name, size = asked.get("name"), asked.get("size")
        if not isinstance(name, str) or not isinstance(size, int):
            raise HTTPException(400)
        made = await lanes.run(Lane.QUICK, uploads.begin, visit.house, member.id, name=name[:1000], size=size)
        return {"id": made.id}

    return await _answer(visit, act, 1.0)


@routes.get(_SEND + "/{upload_id}")
async def how_far(visit: Asking, upload_id: str) -> Response:
    """How much of it has arrived."""

    async def act(member: Member) -> dict[str, object]:
        found = await lanes.run(Lane.QUICK, uploads.find, visit.house, member.id, upload_id)
        return {"received": found.received, "size": found.size}

    return await _answer(visit, act, _PIECE_COST)


@routes.post(_SEND + "/{upload_id}")
async def piece(visit: Asking, upload_id: str, at: int) -> Response:
    """One piece more."""

    async def act(member: Member) -> dict[str, object]:
        found = await lanes.run(Lane.QUICK, uploads.find, visit.house, member.id, upload_id)
        body = b""
        async for some in visit.request.stream():
            body += some
            if len(body) > _PIECE:
                raise HTTPException(413)
        taken = await lanes.run(Lane.QUICK, uploads.take, found, at, body)
        return {"received": found.received, "status": 200 if taken else 409}

    return await _answer(visit, act, _PIECE_COST)


@routes.post(_SEND + "/{upload_id}/done")
async def done(visit: Asking, upload_id: str) -> Response:
    """It is whole: into the queue."""

    async def act(member: Member) -> dict[str, object]:
        asked = await _json(visit)
        found = await lanes.run(Lane.QUICK, uploads.find, visit.house, member.id, upload_id)
        if found.received != found.size:
            return {"received": found.received, "status": 409}
        # Whoever asks again, since the answer was lost, finds nothing, and hands nothing in twice.
        whole = await lanes.run(Lane.QUICK, uploads.close, found)
        try:
            job = await submit_soon(visit.house, member, whole.path, name=whole.name, settings=_settings(visit, asked))
        except (ArtworkError, ServiceError) as error:
            # A full queue has room again later; what cannot be opened will never be.
            if isinstance(error, ServiceError) and not error.key.startswith("upload"):
                await lanes.run(Lane.QUICK, uploads.reopen, whole)
            raise
        finally:
            await lanes.run(Lane.QUICK, uploads.drop, whole)
        return {"job": job.id}

    return await _answer(visit, act, 1.0)


async def _page(visit: Visit, template: str, error: GlazeError | None = None, status: int = 200) -> Response:
    house, member = visit.house, visit.signed_in
    jobs = await lanes.run(Lane.QUICK, queue.of_artist, house, member.id)
    room = await lanes.run(Lane.QUICK, queue.room, house, member.id)
    page = Page(name=Name.ACCOUNT, settings=house.settings, csrf=visit.csrf, member=member, error=error)
    renders = [render for render in Render if list(Render).index(render) <= _highest(visit)]
    html = await lanes.run(
        Lane.QUICK,
        draw,
        visit.request,
        page,
        template,
        PICTURES,
        jobs=jobs,
        busy=any(not job.state.finished for job in jobs),
        room=room,
        now=house.now(),
        intensities=list(Intensity),
        renders=renders,
        chosen_render=Render.DEFAULT if Render.DEFAULT in renders else renders[-1],
        told=_TOLD,
    )
    return HTMLResponse(html, status)


async def _whole(visit: Visit) -> Response:
    member = visit.signed_in
    visit.desk.rates.take(f"artist:{member.id}", 3.0)
    place = visit.house.uploads_folder / f"{codes.new_id()}.form"
    try:
        async with visit.request.form(max_files=1, max_fields=10) as form:
            if not codes.same(str(form.get("csrf", "")), visit.csrf):
                raise ServiceError("elsewhere")
            sent = form.get("picture")
            if not isinstance(sent, UploadFile) or not sent.filename:
                raise ServiceError("upload_empty")
            await lanes.run(Lane.DECODE, _copy, sent, place)
            await submit_soon(visit.house, member, place, name=sent.filename, settings=_settings(visit, form))
    except GlazeError as error:
        status = status_of(error) if isinstance(error, ServiceError) else 400
        return await _page(visit, "pictures.html", error, status)
    finally:
        place.unlink(missing_ok=True)
    return RedirectResponse(PICTURES, SEE_OTHER)


async def _answer(visit: Visit, act: Callable[[Member], Any], cost: float) -> Response:
    """What the page's script is told: JSON, an error in the artist's language under `error`."""
    member = visit.signed_in
    if visit.request.method == "POST" and not codes.same(visit.request.headers.get("x-glaze-form", ""), visit.csrf):
        raise HTTPException(403)
    try:
        visit.desk.rates.take(f"artist:{member.id}", cost)
        told = await act(member)
        return JSONResponse(told, told.pop("status", 200))
    except GlazeError as error:
        page = Page(name=Name.ACCOUNT, settings=visit.house.settings, csrf="", member=member)
        words = load(language(visit.request, page))
        status = status_of(error) if isinstance(error, ServiceError) else 400
        return JSONResponse({"error": words.error(error), "key": error.key}, status)


async def _json(visit: Visit) -> Mapping[str, Any]:
    try:
        found = await visit.request.json()
    except (ValueError, RecursionError):
        raise HTTPException(400) from None
    if not isinstance(found, dict):
        raise HTTPException(400)
    return found


def _settings(visit: Visit, asked: Mapping[str, Any]) -> GlazeSettings:
    """What was chosen; what is no choice is the default."""
    try:
        return GlazeSettings(intensity=Intensity(str(asked.get("intensity"))), render=Render(str(asked.get("render"))))
    except ValueError:
        return GlazeSettings(render=list(Render)[min(_highest(visit), list(Render).index(Render.DEFAULT))])


def _highest(visit: Visit) -> int:
    return list(Render).index(visit.house.settings.limits.render)


def _copy(sent: UploadFile, place: Path) -> None:
    with place.open("xb") as kept:
        shutil.copyfileobj(sent.file, kept)
