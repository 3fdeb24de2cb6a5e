"""Who a program is: bearer tokens that an artist makes and revokes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, func, select, update

from glaze.errors import ServiceError
from glaze.service import codes
from glaze.service.accounts import Member, member_of
from glaze.service.house import House
from glaze.service.models import ApiToken, Artist

MOST: Final = 10
MOST_NAME: Final = 60
_NOTED_EVERY: Final = 300.0


@dataclass(frozen=True)
class Token:
    """A token as its artist sees it. Never the secret."""

    id: str
    name: str
    made: float
    used: float | None


def make(house: House, artist_id: str, name: str) -> tuple[Token, str]:
    """A new token, and its secret: shown this once. Raises ServiceError."""
    name = name.strip()
    if not 0 < len(name) <= MOST_NAME or not name.isprintable():
        raise ServiceError("bad_token_name", most=MOST_NAME)
    secret = codes.new_secret("token")
    row = ApiToken(id=codes.new_id(), digest=codes.digest(secret), artist_id=artist_id, name=name, made=house.now())
    with house.database.write() as session:
        count = session.scalar(select(func.count()).select_from(ApiToken).where(ApiToken.artist_id == artist_id)) or 0
        if count >= MOST:
            raise ServiceError("many_tokens", most=MOST)
        session.add(row)
    return Token(row.id, row.name, row.made, None), secret


def all_of(house: House, artist_id: str) -> list[Token]:
    """The artist's tokens, the newest first."""
    asked = select(ApiToken).where(ApiToken.artist_id == artist_id).order_by(ApiToken.made.desc())
    with house.database.read() as session:
        return [Token(row.id, row.name, row.made, row.used) for row in session.scalars(asked)]


def revoke(house: House, artist_id: str, token_id: str) -> None:
    """From now on it opens nothing. Raises ServiceError where the artist has none of that id."""
    gone = delete(ApiToken).where(ApiToken.id == token_id, ApiToken.artist_id == artist_id)
    with house.database.write() as session:
        if not codes.is_id(token_id) or not session.execute(gone).rowcount:  # type: ignore[attr-defined]
            raise ServiceError("no_token")


def revoke_all(house: House, artist_id: str) -> None:
    """From now on none of the artist's opens anything."""
    with house.database.write() as session:
        session.execute(delete(ApiToken).where(ApiToken.artist_id == artist_id))


def artist_by(house: House, secret: str) -> Member | None:
    """Whose token a secret is; None where it is none, or was revoked."""
    digest, now = codes.digest(secret), house.now()
    asked = (
        select(Artist, ApiToken.used).join(ApiToken, ApiToken.artist_id == Artist.id).where(ApiToken.digest == digest)
    )
    with house.database.read() as session:
        found = session.execute(asked).first()
    if found is None:
        return None
    artist, used = found
    if used is None or now - used > _NOTED_EVERY:
        with house.database.write() as session:
            session.execute(update(ApiToken).where(ApiToken.digest == digest).values(used=now))
    return member_of(artist)
