"""Artists: joining with an invitation, signing in, changing the account, and its end with everything in it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, update

from glaze.errors import HostError, ServiceError
from glaze.service import codes, lockout, passphrases, storage
from glaze.service.house import House
from glaze.service.models import Artist, Invitation, Session

LEAST_NAME: Final = 2
MOST_NAME: Final = 40
_MOST_EMAIL: Final = 254
# Letters of any script, digits, and what stands between them.
_NAME: Final = re.compile(r"[^\W_](?:[\w .'\-]*[^\W_])?")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_EMAIL: Final = re.compile(r"[^\s@<>(),;:\\\"\[\]\x00-\x1f\x7f]+@[A-Za-z0-9](?:[A-Za-z0-9.\-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class Member:
    """An artist who has joined, as the pages need one."""

    id: str
    name: str
    email: str | None
    language: str
    admin: bool
    joined: float


def member_of(artist: Artist) -> Member:
    """Of a row."""
    return Member(artist.id, artist.name, artist.email, artist.language, artist.admin, artist.joined)


def comparable(name: str) -> str:
    """The name as it is compared: two that look alike are the same."""
    # Without what no database keeps and no name has.
    text = "".join(letter for letter in name if letter.isprintable())
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def join(
    house: House,
    *,
    code: str,
    name: str,
    passphrase: str,
    rules: bool,
    email: str = "",
    language: str = "en",
    address: str = "",
) -> Member:
    """Make an account with an invitation's code, which is used up by it.

    rules: the artist confirmed the rules (own human-made work, no generative AI). address: where the request came
    from, for the lock-out. Raises ServiceError, and then nothing was used up.
    """
    lockout.check(house, "", address)
    shown, kept_email = checked_name(name), checked_email(email)
    if not rules:
        raise ServiceError("rules")
    passphrases.check(passphrase, shown)
    now, digest = house.now(), codes.digest(code.strip())
    # Looked at first: whoever has no invitation shall not make the machine hash.
    if not _is_open(house, digest, now):
        lockout.note(house, "", address)
        raise ServiceError("bad_invitation")
    hashed = passphrases.hashed(passphrase)
    artist = Artist(
        id=codes.new_id(),
        name=shown,
        key=comparable(shown),
        passphrase=hashed,
        folder=codes.new_id(),
        email=kept_email,
        language=checked_language(language),
        admin=False,
        joined=now,
        rules_accepted=now,
    )
    used = (
        update(Invitation)
        .where(
            Invitation.digest == digest,
            Invitation.used.is_(None),
            Invitation.revoked.is_(None),
            Invitation.expires > now,
        )
        .values(used=now, used_by=artist.id)
    )
    with house.database.write() as session:
        if session.scalar(select(Artist.id).where(Artist.key == artist.key)):
            raise ServiceError("name_taken")
        session.add(artist)
        session.flush()
        if not session.execute(used).rowcount:  # type: ignore[attr-defined]
            raise ServiceError("bad_invitation")
    return member_of(artist)


def sign_in(house: House, *, name: str, passphrase: str, address: str = "") -> Member:
    """The artist of that name and passphrase. Raises ServiceError, which does not tell which of them was wrong.

    It takes as long for a name that nobody has.
    """
    key = comparable(name[: 4 * MOST_NAME])
    lockout.check(house, key, address)
    with house.database.read() as session:
        artist = session.scalar(select(Artist).where(Artist.key == key))
    if not passphrases.matches(artist.passphrase if artist else None, passphrase) or artist is None:
        lockout.note(house, key, address)
        raise ServiceError("wrong_passphrase")
    lockout.forget(house, key)
    if passphrases.is_outdated(artist.passphrase):
        _change(house, artist.id, passphrase=passphrases.hashed(passphrase))
    return member_of(artist)


def confirm(house: House, artist_id: str, passphrase: str, address: str = "") -> None:
    """That it is the artist who asks: for what cannot be undone. Raises ServiceError."""
    artist = _artist(house, artist_id)
    lockout.check(house, artist.key, address)
    if not passphrases.matches(artist.passphrase, passphrase):
        lockout.note(house, artist.key, address)
        raise ServiceError("wrong_passphrase")


def change_passphrase(house: House, artist_id: str, *, old: str, new: str, address: str = "") -> None:
    """Raises ServiceError. Every browser is signed out, the one that asked included."""
    confirm(house, artist_id, old, address)
    passphrases.check(new, _artist(house, artist_id).name)
    _change(house, artist_id, passphrase=passphrases.hashed(new))
    with house.database.write() as session:
        session.query(Session).filter(Session.artist_id == artist_id).delete()


def change_email(house: House, artist_id: str, email: str) -> None:
    """Where messages go; empty: nowhere. Raises ServiceError."""
    _change(house, artist_id, email=checked_email(email))


def change_language(house: House, artist_id: str, language: str) -> None:
    """The language of messages."""
    _change(house, artist_id, language=checked_language(language))


def delete(house: House, artist_id: str) -> None:
    """Delete the account and everything with it: pictures, jobs, sessions, tokens. What runs stops at its next step."""
    with house.database.write() as session:
        artist = session.get(Artist, artist_id)
        if artist is None:
            return
        folder = artist.folder
        # The rest goes with it (ON DELETE CASCADE).
        session.delete(artist)
    storage.remove_artist(house, folder)


def find(house: House, name: str) -> Member:
    """By name. Raises HostError."""
    with house.database.read() as session:
        artist = session.scalar(select(Artist).where(Artist.key == comparable(name)))
    if artist is None:
        raise HostError("no_artist", name=name)
    return member_of(artist)


def all_of(house: House) -> list[Member]:
    """Everybody, in the order of joining."""
    with house.database.read() as session:
        return [member_of(artist) for artist in session.scalars(select(Artist).order_by(Artist.joined))]


def set_admin(house: House, artist_id: str, *, admin: bool) -> None:
    """Whether the artist may make invitations on the page."""
    _change(house, artist_id, admin=admin)


def checked_name(name: str) -> str:
    """The name as it is shown. Raises ServiceError."""
    shown = " ".join(unicodedata.normalize("NFKC", name[: 4 * MOST_NAME]).split())
    if not LEAST_NAME <= len(shown) <= MOST_NAME or not _NAME.fullmatch(shown):
        raise ServiceError("bad_name", least=LEAST_NAME, most=MOST_NAME)
    return shown


def checked_email(email: str) -> str | None:
    """The address, None for none. Raises ServiceError: what could be read as more than one address is none."""
    text = email.strip(" ")
    if not text:
        return None
    if len(text) > _MOST_EMAIL or not _EMAIL.fullmatch(text):
        raise ServiceError("bad_email")
    return text


def checked_language(language: str) -> str:
    """A language's code; English for what is none."""
    return language if _LANGUAGE.fullmatch(language) else "en"


def _is_open(house: House, digest: str, now: float) -> bool:
    asked = select(Invitation.id).where(
        Invitation.digest == digest,
        Invitation.used.is_(None),
        Invitation.revoked.is_(None),
        Invitation.expires > now,
    )
    with house.database.read() as session:
        return session.scalar(asked) is not None


def _artist(house: House, artist_id: str) -> Artist:
    with house.database.read() as session:
        artist = session.get(Artist, artist_id)
    if artist is None:
        raise ServiceError("signed_out")
    return artist


def _change(house: House, artist_id: str, **news: object) -> None:
    with house.database.write() as session:
        session.execute(update(Artist).where(Artist.id == artist_id).values(**news))
