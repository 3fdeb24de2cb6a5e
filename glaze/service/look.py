"""How the account pages look: templates, one style sheet and one script, and in which language they are."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from glaze.service import accounts, passphrases
from glaze.service.pages import STUDIO, Name, Page
from glaze.studio.palette import DARK, LIGHT, SERIF
from glaze.studio.words import Words, languages, load, preferred

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

_HERE: Final = Path(__file__).parent
PICTURES: Final = "/pictures"
_A_YEAR: Final = 365 * 24 * 3600
_KINDS: Final = {"house.css": "text/css", "icon.svg": "image/svg+xml", "pictures.js": "text/javascript"}
# Where each page is.
_PLACES: Final = {
    Name.JOIN: "/join",
    Name.SIGN_IN: "/sign-in",
    Name.ACCOUNT: "/account",
    Name.ADMIN: "/admin",
    Name.MESSAGE: "/sign-in",
}

_templates: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def render(request: Request, page: Page) -> str:
    """As `pages.Render` has it."""
    return draw(request, page, f"{page.name}.html", _PLACES[page.name])


def draw(request: Request, page: Page, template: str, here: str, **more: Any) -> str:
    """A template as HTML, in the language of whoever asks. here: the page's address; more: what it needs besides."""
    words = load(language(request, page))
    hours = page.settings.storage.retention_hours
    return _templates.get_template(template).render(
        page=page,
        fields=defaultdict(str, page.fields),
        words=words,
        here=here,
        icon=_address("icon.svg"),
        style=_address("house.css"),
        script=_address("pictures.js"),
        places=_places(page, words),
        tongues=[(code, load(code)("language.name"), _in_language(request, here, code)) for code in languages()],
        hours=f"{hours:g}",
        day=lambda moment: words.day(datetime.fromtimestamp(moment, UTC)),
        least_passphrase=passphrases.LEAST,
        most_name=accounts.MOST_NAME,
        **more,
    )


def language(request: Request, page: Page) -> str:
    """The artist's own; of whoever is not signed in the one in the address, else the one that the browser asks for."""
    known = languages()
    wish = page.member.language if page.member else request.query_params.get("language")
    return wish if wish in known else preferred(request.headers.get("accept-language"), known)


def mount(app: FastAPI) -> None:
    """Give out the style sheet and the script."""
    for name, kind in _KINDS.items():
        app.add_api_route(f"/house/{{version}}/{name}", _giver(name, kind), include_in_schema=False)


def _giver(name: str, kind: str) -> Any:
    async def give(version: str) -> Response:
        del version
        # Under another version, it has another address.
        return Response(_content(name), media_type=kind, headers={"Cache-Control": f"public, max-age={_A_YEAR}"})

    return give


def _places(page: Page, words: Words) -> list[tuple[str, str]]:
    places = [
        (PICTURES, "house.nav.pictures"),
        (f"{STUDIO}/{words.language}", "house.nav.studio"),
        ("/account", "nav.account"),
    ]
    return [*places, ("/admin", "house.nav.admin")] if page.member and page.member.admin else places


def _in_language(request: Request, here: str, code: str) -> str:
    kept = {name: value for name, value in request.query_params.items() if name in {"invitation", "then"}}
    return f"{here}?{urlencode({**kept, 'language': code})}"


@cache
def _content(name: str) -> bytes:
    own = (_HERE / "static" / name).read_text(encoding="utf-8")
    if name != "house.css":
        return own.encode()
    colours = f":root {{{LIGHT} --serif: {SERIF}; }}\n@media (prefers-color-scheme: dark) {{ :root {{{DARK}}} }}\n"
    return (colours + own).encode()


@cache
def _address(name: str) -> str:
    return f"/house/{hashlib.sha256(_content(name)).hexdigest()[:12]}/{name}"
