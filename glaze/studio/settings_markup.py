"""What is read on the page of settings and help, as HTML. Pure functions: words and facts in, markup out."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

import glaze
from glaze.studio import reading
from glaze.studio.installed import Network
from glaze.studio.markup import status
from glaze.studio.places import Place
from glaze.studio.tables import explained, table, where
from glaze.studio.words import Words

LIMITS = ("published", "washing", "models", "plain", "visible")
PAPER = "https://arxiv.org/abs/2302.04222"


def title(words: Words) -> str:
    """The page's own title."""
    return f"<h2>{words.html('nav.settings')}</h2>"


def about(words: Words, section: str, **fields: object) -> str:
    """What a section is, beside its controls."""
    return (
        f"<h3>{words.html(f'settings.{section}')}</h3>"
        f'<p class="hint">{words.html(f"settings.{section}.info", **fields)}</p>'
    )


def kept(words: Words) -> str:
    """That a choice is kept."""
    return status(words("settings.kept"))


def language_now(words: Words, name: str | None) -> str:
    """In which language Glaze opens; None: in the browser's."""
    text = words("settings.language.browser_now") if name is None else words("settings.language.now", name=name)
    return status(text)


def folder_now(words: Words, folder: Path, *, named: bool) -> str:
    """Where glazed pictures go; named: because the command line says so."""
    key = "settings.results.named" if named else "settings.results.now"
    return f'<p class="status" role="status">{words.html(key)} {where(folder)}</p>'


def networks(words: Words, found: Iterable[Network]) -> str:
    """What is installed, in a table."""
    rows = []
    for network in found:
        state = "absent" if network.bytes is None else "installed"
        info = words(f"network.{network.key}.{state}", path=network.path)
        size = words("network.no") if network.bytes is None else words("network.yes", size=words.size(network.bytes))
        rows.append((explained(words(f"network.{network.key}"), info), escape(size)))
    heads = (words("network.head"), words("network.state"))
    return table("networks", words("network.caption"), rows, heads)


def places(words: Words, found: Iterable[Place]) -> str:
    """Where Glaze keeps what, in a table."""
    rows = [
        (
            explained(words(f"place.{place.key}"), words(f"place.{place.key}.info")),
            where(place.path),
            escape(words.size(place.bytes)),
        )
        for place in found
    ]
    heads = (words("place.what"), words("place.where"), words("place.size"))
    return table("places", words("place.caption"), rows, heads)


def limits(words: Words) -> str:
    """What a glaze cannot do."""
    items = "".join(f"<li>{words.html(f'limit.{limit}')}</li>" for limit in LIMITS)
    return f'<ul class="prose">{items}</ul>'


def help_and_manual(words: Words, log: Path, computer: str) -> str:
    """Where to read more and what to do when something goes wrong. computer: the address of the page of that name."""
    manual = f'<a href="{reading.manual(words.language)}" target="_blank">{words.html("nav.manual")}</a>'
    return (
        f'<ul class="prose"><li>{words.html("help.manual")} {manual}</li>'
        f'<li>{words.html("help.slow")} <a href="{computer}">{words.html("nav.computer")}</a></li>'
        f"<li>{words.html('help.report')} {where(log)}</li></ul>"
    )


def licence(words: Words, folder: Path) -> str:
    """Whose it is, and whose not."""
    file = folder / "LICENSE"
    read = f"<p>{words.html('licence.file')} {where(file)}</p>" if file.is_file() else ""
    paper = f'<a href="{PAPER}" target="_blank" rel="noreferrer">{words.html("licence.paper")}</a>'
    return (
        f'<div class="prose"><p>{words.html("licence.free", version=glaze.__version__)}</p>{read}'
        f"<p><strong>{words.html('licence.independent')}</strong> {paper}</p></div>"
    )
