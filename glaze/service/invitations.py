"""Invitations: made by the host, good for one artist, for a time, unless revoked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from sqlalchemy import select, update

from glaze.errors import HostError
from glaze.service import codes
from glaze.service.house import House
from glaze.service.models import Artist, Invitation

DAY: Final = 24 * 3600.0
NOTE: Final = 120


class State(StrEnum):
    """What can be done with an invitation: only an OPEN one lets anybody in."""

    OPEN = "open"
    USED = "used"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Invited:
    """An invitation as a host sees it. note: the host's own; used_by: the artist's name. Never the code."""

    id: str
    note: str
    state: State
    made: float
    expires: float
    used_by: str | None


def make(house: House, *, days: float | None = None, note: str = "") -> tuple[Invited, str]:
    """A new invitation, and its code: shown this once, since only a hash is kept. days: else as the settings say."""
    code, now = codes.new_secret("invite"), house.now()
    good_for = house.settings.accounts.invitation_days if days is None else days
    shown = "".join(letter for letter in note if letter.isprintable()).strip()[:NOTE]
    row = Invitation(id=codes.new_id(), digest=codes.digest(code), note=shown, made=now, expires=now + good_for * DAY)
    with house.database.write() as session:
        session.add(row)
    return Invited(row.id, row.note, State.OPEN, row.made, row.expires, None), code


def link(house: House, code: str) -> str:
    """What a host sends to an artist."""
    return f"{house.settings.public_url}/join?invitation={quote(code)}"


def all_of(house: House) -> list[Invited]:
    """Every invitation, the newest first."""
    asked = select(Invitation, Artist.name).outerjoin(Artist, Artist.id == Invitation.used_by)
    with house.database.read() as session:
        rows = session.execute(asked.order_by(Invitation.made.desc())).all()
    now = house.now()
    return [Invited(row.id, row.note, _state(row, now), row.made, row.expires, name) for row, name in rows]


def revoke(house: House, invitation_id: str) -> None:
    """Take back an invitation that is still open. Raises HostError where there is none of that id."""
    open_one = update(Invitation).where(
        Invitation.id == invitation_id, Invitation.used.is_(None), Invitation.revoked.is_(None)
    )
    with house.database.write() as session:
        if not codes.is_id(invitation_id) or not session.execute(open_one.values(revoked=house.now())).rowcount:  # type: ignore[attr-defined]
            raise HostError("no_invitation", name=invitation_id)


def _state(row: Invitation, now: float) -> State:
    if row.used is not None:
        return State.USED
    if row.revoked is not None:
        return State.REVOKED
    return State.EXPIRED if row.expires <= now else State.OPEN
