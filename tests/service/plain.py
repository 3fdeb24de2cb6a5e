"""The account pages without any look: what stands on them, as plain forms."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from glaze.service.pages import Name, Page

if TYPE_CHECKING:
    from starlette.requests import Request

_FORMS: Final = {
    Name.JOIN: (("/join", ("invitation", "name", "passphrase", "rules", "email")),),
    Name.SIGN_IN: (("/sign-in", ("name", "passphrase", "then")),),
    Name.ACCOUNT: (
        ("/account/tokens", ("name",)),
        ("/account/email", ("email",)),
        ("/account/passphrase", ("old", "new")),
        ("/account/delete", ("passphrase",)),
        ("/sign-out", ()),
        ("/sign-out-everywhere", ()),
    ),
    Name.ADMIN: (("/admin/invitations", ("note", "days")),),
    Name.MESSAGE: (),
}


def render(_request: Request, page: Page) -> str:
    """The page as HTML."""
    told = [str(page.error or ""), page.said or "", page.secret or "", page.member.name if page.member else ""]
    parts = [f"<p>{escape(text)}</p>" for text in told if text]
    parts += [_form(action, names, page) for action, names in _FORMS[page.name]]
    parts += [f'<p><a href="/jobs/{job.id}/result">{escape(job.name)}</a> {job.state}</p>' for job in page.jobs]
    return f"<!doctype html><html lang=en><title>Glaze</title>{''.join(parts)}</html>"


def _form(action: str, names: tuple[str, ...], page: Page) -> str:
    fields = "".join(
        f'<label>{name} <input name="{name}" value="{escape(page.fields.get(name, ""))}"></label>' for name in names
    )
    token = f'<input type="hidden" name="csrf" value="{page.csrf}">'
    return f'<form method="post" action="{action}">{token}{fields}<button>{action}</button></form>'
