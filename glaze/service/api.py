"""The interface for programs: hand in a picture, see how far it is, fetch it, delete it. Bearer tokens, no cookies.

POST    /api/v1/jobs               a picture, as multipart/form-data
GET     /api/v1/jobs               all of the artist's
GET     /api/v1/jobs/ID            one
GET     /api/v1/jobs/ID/result     the finished PNG
DELETE  /api/v1/jobs/ID            with its pictures
GET     /api/v1/room               what may still be handed in
GET     /api/v1/openapi.json       this in OpenAPI
"""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Request
from fastapi import Path as InPath
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from glaze.decoys.styles import STYLES
from glaze.ledger import State
from glaze.service import lanes, queue, tokens
from glaze.service.accounts import Member
from glaze.service.desk import picture
from glaze.service.house import House
from glaze.service.lanes import Lane
from glaze.service.problems import Failed, Problem, problem
from glaze.service.rates import Rates
from glaze.service.submit import submit_soon, usual_render
from glaze.settings import GlazeSettings, Intensity, Render

_SUBMIT_COST: Final = 10.0
_FIELDS: Final = 10
_MOST_SEED: Final = 2**31 - 1
_ID: Final = "^[0-9a-f]{32}$"


class Wanted(BaseModel):
    """The settings of a glaze. Without a decoy style Glaze chooses, without a render the host does."""

    model_config = ConfigDict(extra="forbid")

    intensity: Intensity = Intensity.DEFAULT
    render: Render | None = None
    decoy_style: Literal[*STYLES] | None = None  # type: ignore[valid-type]
    seed: int = Field(default=0, ge=0, le=_MOST_SEED)
    keep_gps: Literal["yes", "no"] = "no"

    def settings(self, highest: Render) -> GlazeSettings:
        """As the engine has them. highest: the host's limit."""
        return GlazeSettings(
            intensity=self.intensity,
            render=self.render or usual_render(highest),
            decoy_style=self.decoy_style,
            seed=self.seed,
            keep_gps=self.keep_gps == "yes",
        )


class JobOut(BaseModel):
    """A picture on its way.

    ahead: how many come before it, while it waits. progress: 0 to 1. strength: how far the style moved, in percent, and
    target, what was to be reached. expires: when it and its pictures are deleted.
    """

    id: str
    name: str
    width: int
    height: int
    settings: Wanted
    state: State
    ahead: int | None
    progress: float
    error: Problem | None
    strength: float | None
    target: float
    decoy_style: str | None
    queued: datetime
    started: datetime | None
    ended: datetime | None
    expires: datetime | None


class RoomOut(BaseModel):
    """How many pictures may still be handed in: today, and before others are done."""

    today: int
    waiting: int


_bearer: Final = HTTPBearer(auto_error=False, description="A token that the artist made on the page of the account.")


class Door:
    """Who a program is, before anything of its request is read."""

    def __init__(self, house: House, rates: Rates) -> None:
        self.house = house
        self.rates = rates


async def _member(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Member:
    door: Door = request.app.state.door
    secret = credentials.credentials if credentials else ""
    member = await lanes.run(Lane.QUICK, tokens.artist_by, door.house, secret) if secret else None
    if member is None:
        door.rates.take(f"address:{request.client.host if request.client else ''}")
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    door.rates.take(f"artist:{member.id}", _SUBMIT_COST if request.method == "POST" else 1.0)
    return member


Artist = Annotated[Member, Depends(_member)]
JobID = Annotated[str, InPath(pattern=_ID, description="32 hexadecimal digits, as they were given.")]


def _fails(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": Failed, "description": HTTPStatus(status).phrase} for status in (400, *statuses, 401, 429)
    }


_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["picture"],
                    "additionalProperties": False,
                    "properties": {
                        "picture": {
                            "type": "string",
                            "format": "binary",
                            "description": "PNG, JPEG, TIFF, WebP or another picture that Glaze reads.",
                        },
                        "intensity": {"type": "string", "enum": [str(one) for one in Intensity]},
                        "render": {"type": "string", "enum": [str(one) for one in Render]},
                        "decoy_style": {"type": "string", "enum": list(STYLES)},
                        "seed": {"type": "integer", "minimum": 0, "maximum": _MOST_SEED},
                        "keep_gps": {"type": "string", "enum": ["yes", "no"]},
                    },
                }
            }
        },
    }
}


def router(house: House) -> APIRouter:
    """All of it, for one house."""
    routes = APIRouter(tags=["jobs"])

    @routes.post("/jobs", status_code=201, responses=_fails(413, 415, 422, 507), openapi_extra=_BODY)
    async def submit(request: Request, member: Artist) -> JobOut:
        """Hand in a picture."""
        # Before a byte of the picture is read.
        await lanes.run(Lane.QUICK, queue.check_room, house, member.id)
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise HTTPException(415)
        async with request.form(max_files=1, max_fields=_FIELDS) as form:
            upload, wanted = _read(form)
            path = await lanes.run(Lane.QUICK, _spool, house, upload)
        try:
            job = await submit_soon(
                house, member, path, name=upload.filename or "", settings=wanted.settings(house.settings.limits.render)
            )
        finally:
            path.unlink(missing_ok=True)
        return job_out(job)

    @routes.get("/jobs", responses=_fails())
    async def jobs(member: Artist) -> list[JobOut]:
        """All that are there, the newest first."""
        found = await lanes.run(Lane.QUICK, queue.of_artist, house, member.id)
        return [job_out(job) for job in found]

    @routes.get("/jobs/{job_id}", responses=_fails(404))
    async def job(member: Artist, job_id: JobID) -> JobOut:
        """How far one is."""
        return job_out(await lanes.run(Lane.QUICK, queue.get, house, member.id, job_id))

    @routes.get(
        "/jobs/{job_id}/result",
        response_class=Response,
        responses={**_fails(404, 409), 200: {"content": {"image/png": {}}, "description": "The glazed picture."}},
    )
    async def result(member: Artist, job_id: JobID) -> Response:
        """The glazed picture, once the job is done."""
        found = await lanes.run(Lane.QUICK, queue.get, house, member.id, job_id)
        path = await lanes.run(Lane.QUICK, queue.result, house, member.id, job_id)
        return picture(path, found.download_name)

    @routes.delete("/jobs/{job_id}", status_code=204, responses=_fails(404))
    async def remove(member: Artist, job_id: JobID) -> None:
        """Delete a job with its pictures; one that runs stops."""
        await lanes.run(Lane.QUICK, queue.remove, house, member.id, job_id)

    @routes.get("/room", responses=_fails())
    async def room(member: Artist) -> RoomOut:
        """What may still be handed in."""
        found = await lanes.run(Lane.QUICK, queue.room, house, member.id)
        return RoomOut(today=found.today, waiting=found.waiting)

    return routes


def job_out(job: queue.Job) -> JobOut:
    """As the interface tells it."""
    settings = job.settings
    error = job.error
    return JobOut(
        id=job.id,
        name=job.name,
        width=job.width,
        height=job.height,
        settings=Wanted(
            intensity=settings.intensity,
            render=settings.render,
            decoy_style=settings.decoy_style,
            seed=settings.seed,
            keep_gps="yes" if settings.keep_gps else "no",
        ),
        state=job.state,
        ahead=job.ahead,
        progress=job.progress,
        error=None if error is None else problem(error),
        strength=job.strength,
        target=job.target,
        decoy_style=job.decoy_style,
        queued=_time(job.queued),
        started=None if job.started is None else _time(job.started),
        ended=None if job.ended is None else _time(job.ended),
        expires=None if job.expires is None else _time(job.expires),
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _read(form: FormData) -> tuple[UploadFile, Wanted]:
    """The picture and the settings of a form. Raises HTTPException with 422, and ServiceError without a picture."""
    upload = form.get("picture")
    if not isinstance(upload, UploadFile):
        raise HTTPException(422)
    rest = [(name, value) for name, value in form.multi_items() if name != "picture"]
    names = [name for name, _ in rest]
    if len(set(names)) < len(names) or len(form.getlist("picture")) != 1:
        raise HTTPException(422)
    try:
        return upload, Wanted.model_validate(dict(rest))
    except ValidationError:
        raise HTTPException(422) from None


def _spool(house: House, upload: UploadFile) -> Path:
    """The upload as a file of its own in the folder of uploads, where it goes with everything left there."""
    descriptor, name = tempfile.mkstemp(dir=house.uploads_folder, suffix=".upload")
    with os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(upload.file, file)
    return Path(name)
