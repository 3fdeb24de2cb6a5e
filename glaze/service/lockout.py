"""Too many wrong passphrases: a name, or an address, is locked for a while. It outlives a restart."""

from __future__ import annotations

import math
from typing import Final

from sqlalchemy import delete, func, select

from glaze.errors import ServiceError
from glaze.service import codes
from glaze.service.house import House
from glaze.service.models import Failure

MINUTE: Final = 60.0


def check(house: House, name: str, address: str) -> None:
    """Raises ServiceError where the name (as `accounts.comparable` has it) or the address is locked; "" is neither.

    A name that nobody has is locked just the same, so a lock does not tell who is here. Whoever is signed in stays so.
    """
    limits, now = house.settings.limits, house.now()
    with house.database.read() as session:
        for digest, most in _digests(house, name, address):
            asked = select(func.count(), func.min(Failure.at)).where(
                Failure.digest == digest, Failure.at > now - limits.lock_minutes * MINUTE
            )
            count, first = session.execute(asked).one()
            if count >= most:
                left = first + limits.lock_minutes * MINUTE - now
                raise ServiceError("locked", minutes=max(1, math.ceil(left / MINUTE)))


def note(house: House, name: str, address: str) -> None:
    """A wrong attempt."""
    with house.database.write() as session:
        session.add_all([Failure(digest=digest, at=house.now()) for digest, _ in _digests(house, name, address)])


def forget(house: House, name: str) -> None:
    """The right passphrase came. What an address did stays, or one own account would open the door to all others."""
    with house.database.write() as session:
        for digest, _ in _digests(house, name, ""):
            session.execute(delete(Failure).where(Failure.digest == digest))


def tidy(house: House) -> None:
    """Forget what locks nobody any more."""
    with house.database.write() as session:
        old = house.now() - house.settings.limits.lock_minutes * MINUTE
        session.execute(delete(Failure).where(Failure.at <= old))


def _digests(house: House, name: str, address: str) -> list[tuple[str, int]]:
    """Keyed, since names and addresses could be guessed from a plain hash; with how many failures lock each."""
    limits = house.settings.limits
    both = [("name", name, limits.sign_in_failures), ("address", address, limits.address_failures)]
    return [(codes.keyed(house.key, f"{kind}:{text}"), most) for kind, text, most in both if text]
