"""Passphrases: what makes one, and argon2 to keep and to check them."""

from __future__ import annotations

import threading
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from glaze.errors import ServiceError

LEAST: Final = 12
MOST: Final = 256
# Fewer than so many different characters are a rhythm on one key.
_LEAST_DIFFERENT: Final = 5

# argon2id as argon2-cffi recommends it (RFC 9106, the profile for little memory: 64 MiB), on one thread a check.
_hasher: Final = PasswordHasher(parallelism=1)
# Each takes 64 MiB and a processor for a moment: a storm of attempts waits here, and not on the machine.
_few: Final = threading.Semaphore(2)
# What is checked in the place of an artist who does not exist, so that the answer takes as long.
_NOBODY: Final = "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$ZSn2OcM1VyAHMUrgcqgDGPNrvnsP0Q/jgWzFfoKpzh4"


def check(passphrase: str, name: str = "") -> None:
    """Raises ServiceError where it is too short, too long, or plainly guessed (`name` and the like)."""
    text = _normal(passphrase)
    if len(text) < LEAST:
        raise ServiceError("short_passphrase", least=LEAST)
    if len(text) > MOST:
        raise ServiceError("long_passphrase", most=MOST)
    folded = text.casefold().replace(" ", "")
    if len(set(folded)) < _LEAST_DIFFERENT or (name and folded == name.casefold().replace(" ", "")):
        raise ServiceError("plain_passphrase")


def hashed(passphrase: str) -> str:
    """What the database keeps of a passphrase."""
    with _few:
        return _hasher.hash(_normal(passphrase))


def matches(kept: str | None, passphrase: str) -> bool:
    """Whether it is the passphrase of `kept`; None, for nobody's, takes as long to say no."""
    # argon2 would take its time over megabytes.
    text = _normal(passphrase[: 2 * MOST])
    with _few:
        try:
            return _hasher.verify(kept or _NOBODY, text) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """Whether it was hashed with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def _normal(passphrase: str) -> str:
    """The same on every keyboard: one may write é as one character, another as two."""
    return unicodedata.normalize("NFKC", passphrase).encode("utf-8", "replace").decode()
