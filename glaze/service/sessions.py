"""Who a browser is: a cookie's secret, of which the database has a hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select, update

from glaze.service import codes
from glaze.service.accounts import Member, member_of
from glaze.service.house import House
from glaze.service.models import Artist, Session

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection
    from starlette.responses import Response

DAY: Final = 24 * 3600.0
# A page asks every second; it is enough to note once in a while that somebody was there.
_NOTED_EVERY: Final = 300.0


def cookie_name(house: House) -> str:
    """Browsers let nobody but this very host, by TLS, set a cookie whose name begins with __Host-."""
    return "__Host-glaze_session" if house.settings.is_https else "glaze_session"


def begin(house: House, artist_id: str) -> str:
    """A new session: the secret for the cookie. A browser gets a new one with each sign-in, whatever it came with."""
    secret, now = codes.new_secret("session"), house.now()
    with house.database.write() as session:
        session.add(Session(digest=codes.digest(secret), artist_id=artist_id, made=now, seen=now))
    return secret


def secret_of(house: House, request: HTTPConnection) -> str:
    """What the browser sent, whatever it is worth; "" where it sent nothing."""
    return request.cookies.get(cookie_name(house), "")


def artist_of(house: House, request: HTTPConnection) -> Member | None:
    """Who is signed in at the browser that asks, None where nobody is. Also for gradio: of `gr.Request.request`."""
    return artist_by(house, secret_of(house, request))


def artist_by(house: House, secret: str) -> Member | None:
    """Whose session a secret is; None where it is none, or has run out."""
    if not secret:
        return None
    digest, now = codes.digest(secret), house.now()
    oldest = now - house.settings.accounts.session_days * DAY
    asked = (
        select(Artist, Session.seen)
        .join(Session, Session.artist_id == Artist.id)
        .where(Session.digest == digest, Session.seen > oldest)
    )
    with house.database.read() as session:
        found = session.execute(asked).first()
    if found is None:
        return None
    artist, seen = found
    if now - seen > _NOTED_EVERY:
        with house.database.write() as session:
            session.execute(update(Session).where(Session.digest == digest).values(seen=now))
    return member_of(artist)


def end(house: House, secret: str) -> None:
    """Sign this browser out."""
    with house.database.write() as session:
        session.execute(delete(Session).where(Session.digest == codes.digest(secret)))


def end_all(house: House, artist_id: str) -> None:
    """Sign the artist out everywhere."""
    with house.database.write() as session:
        session.execute(delete(Session).where(Session.artist_id == artist_id))


def tidy(house: House) -> None:
    """Forget the sessions that have run out."""
    oldest = house.now() - house.settings.accounts.session_days * DAY
    with house.database.write() as session:
        session.execute(delete(Session).where(Session.seen <= oldest))


def give(house: House, response: Response, secret: str) -> None:
    """Set the cookie."""
    response.set_cookie(
        cookie_name(house),
        secret,
        max_age=round(house.settings.accounts.session_days * DAY),
        path="/",
        secure=house.settings.is_https,
        httponly=True,
        samesite="lax",
    )


def take(house: House, response: Response) -> None:
    """Delete the cookie."""
    response.delete_cookie(cookie_name(house), path="/", secure=house.settings.is_https, httponly=True, samesite="lax")
