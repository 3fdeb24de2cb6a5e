"""What the routes hand to whoever draws the pages: everything that is on a page, and no look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from glaze.errors import GlazeError
from glaze.service.accounts import Member
from glaze.service.invitations import Invited
from glaze.service.queue import Job
from glaze.service.settings import ServiceSettings
from glaze.service.tokens import Token

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

    from glaze.service.house import House

STUDIO: Final = "/studio"
"""Where the studio's pages hang; requests below it get headers that gradio can live with."""


class Name(StrEnum):
    """Which page."""

    JOIN = "join"
    SIGN_IN = "sign-in"
    ACCOUNT = "account"
    ADMIN = "admin"
    MESSAGE = "message"


class Said(StrEnum):
    """What has just been done. The page says it once."""

    SIGNED_OUT = "signed_out"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    PASSPHRASE_CHANGED = "passphrase_changed"  # noqa: S105  a key
    EMAIL_CHANGED = "email_changed"
    LANGUAGE_CHANGED = "language_changed"
    TOKEN_MADE = "token_made"  # noqa: S105  a key
    TOKEN_REVOKED = "token_revoked"  # noqa: S105  a key
    INVITATION_MADE = "invitation_made"
    INVITATION_REVOKED = "invitation_revoked"
    ACCOUNT_DELETED = "account_deleted"
    JOB_REMOVED = "job_removed"


@dataclass(frozen=True, kw_only=True)
class Page:
    """What stands on one page.

    csrf          goes into every form, as a hidden field named "csrf".
    error         what went wrong with the form that was sent, to be said beside it; MESSAGE pages have this alone.
    said          what was done.
    fields        what the artist had typed, to be there again; never a passphrase.
    secret        an invitation's link or a token: shown this once.
    jobs, tokens  on ACCOUNT; invitations, artists, and waiting, how many jobs are unfinished, on ADMIN.
    """

    name: Name
    settings: ServiceSettings
    csrf: str
    member: Member | None = None
    error: GlazeError | None = None
    said: Said | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    secret: str | None = field(default=None, repr=False)
    jobs: Sequence[Job] = ()
    tokens: Sequence[Token] = ()
    invitations: Sequence[Invited] = ()
    artists: Sequence[Member] = ()
    waiting: int = 0


Render = Callable[["Request", Page], str]
"""A page as HTML. The language is its to choose, from the member, a cookie or the request. No scripts or styles inside
the HTML: the pages' policy forbids them; they come from paths of this host."""

Mount = Callable[["FastAPI", "House"], None]
"""Hangs the studio's pages at STUDIO, and what the account pages need (styles, scripts) elsewhere. Called once, before
the first request. Nothing below STUDIO is reached by anybody who is not signed in (guard.py sees to it)."""
