"""Secrets that people and programs carry: 128 bits and more, kept as a hash alone."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final

_BYTES: Final = 32
_ID: Final = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    """128 random bits as 32 hexadecimal digits: a name that nobody guesses."""
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    """Whether it could be one of `new_id`: what is not need not be asked of the database."""
    return _ID.fullmatch(text) is not None


def new_secret(kind: str) -> str:
    """256 random bits as text, after a word that says what for: "glaze-invite-..."."""
    return f"glaze-{kind}-{secrets.token_urlsafe(_BYTES)}"


def digest(secret: str) -> str:
    """What the database keeps of a secret: sha256, in hexadecimal. Random bits need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def keyed(key: bytes, text: str) -> str:
    """HMAC-SHA256 in hexadecimal, of what could be guessed from a plain hash: names and addresses."""
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Compared in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
