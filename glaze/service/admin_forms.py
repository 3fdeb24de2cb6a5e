"""The host's page: invitations, and who has joined (forms.py has the list)."""

from __future__ import annotations

import math
from typing import Any, Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from glaze.errors import HostError, ServiceError
from glaze.service import accounts, invitations, lanes, queue
from glaze.service.desk import Asking, Visit, go, status_of
from glaze.service.lanes import Lane
from glaze.service.pages import Name, Said

_LEAST_DAYS: Final = 0.01
_MOST_DAYS: Final = 365.0

routes: Final = APIRouter()


@routes.get("/admin")
async def admin(visit: Asking) -> Response:
    """Invitations and artists."""
    _must_be_host(visit)
    return await _page(visit)


@routes.post("/admin/invitations")
async def invite(visit: Asking) -> Response:
    """A new invitation, told in the answer itself."""
    _must_be_host(visit)
    try:
        fields = await visit.form()
        days, note = _days(fields.get("days", "")), fields.get("note", "")
        _, code = await lanes.run(Lane.QUICK, invitations.make, visit.house, days=days, note=note)
    except ServiceError as error:
        return await _page(visit, error=error, status=status_of(error))
    return await _page(visit, said=Said.INVITATION_MADE, secret=invitations.link(visit.house, code))


@routes.post("/admin/invitations/{invitation_id}/revoke")
async def revoke_invitation(visit: Asking, invitation_id: str) -> Response:
    """From now on it lets nobody in."""
    _must_be_host(visit)
    try:
        await visit.form()
        await lanes.run(Lane.QUICK, invitations.revoke, visit.house, invitation_id)
    except ServiceError as error:
        return await _page(visit, error=error, status=status_of(error))
    except HostError:
        raise HTTPException(404) from None
    return go("/admin", Said.INVITATION_REVOKED)


def _must_be_host(visit: Visit) -> None:
    """Raises HTTPException with 404: that there is such a page is nobody else's business."""
    if visit.member is None or not visit.member.admin:
        raise HTTPException(404)


async def _page(visit: Visit, **what: Any) -> Response:
    invited = await lanes.run(Lane.QUICK, invitations.all_of, visit.house)
    artists = await lanes.run(Lane.QUICK, accounts.all_of, visit.house)
    waiting = await lanes.run(Lane.QUICK, queue.unfinished, visit.house)
    return await visit.page(Name.ADMIN, invitations=invited, artists=artists, waiting=waiting, **what)


def _days(text: str) -> float | None:
    """How long an invitation is good for; None, as the settings say."""
    try:
        days = float(text)
    except ValueError:
        return None
    return min(max(days, _LEAST_DAYS), _MOST_DAYS) if math.isfinite(days) else None
