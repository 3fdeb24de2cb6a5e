"""What is read on the page of this computer, as HTML. Pure functions: findings and words in, markup out."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from glaze import machine
from glaze.machine import Findings
from glaze.settings import Render
from glaze.studio import findings, markup
from glaze.studio.tables import explained, table
from glaze.studio.words import Words

Seconds = Mapping[Render, float]


def looking(words: Words) -> str:
    """While nothing is known yet."""
    return _title(words) + markup.status(words("computer.looking"))


def verdict(words: Words, found: Findings, tried: str | None = None) -> str:
    """What this computer means for the artist, and where else to glaze if it is not of the supported kind.

    tried: what `findings.tried` says, once that is known.
    """
    elsewhere = findings.webglaze(words, found)
    card = ""
    if elsewhere is not None:
        title = words.html("computer.elsewhere")
        card = f'<section class="elsewhere"><h3>{title}</h3><p>{_linked(elsewhere)}</p></section>'
    meaning = " ".join(filter(None, (findings.sentence(words, found), tried)))
    return f'{_title(words)}<p class="verdict">{_linked(meaning)}</p>{card}'


def go_on(words: Words, found: Findings, address: str, render: Render, seconds: Seconds | None = None) -> str:
    """The way to the page that glazes, with how long a picture takes where that is known; nothing if it cannot."""
    if not found.verdict.here:
        return ""
    takes = (
        words("computer.go_on_takes", time=words.about(seconds[render]), render=_level(words, render)[0])
        if seconds
        else ""
    )
    return (
        f'<p class="onward"><a class="go" href="{address}">{words.html("computer.go_on")}</a>'
        f"<span>{escape(takes)}</span></p>"
    )


def rows(words: Words, found: Findings) -> str:
    """What was found, in a table."""
    pairs = [(escape(label), escape(value)) for label, value in findings.rows(words, found)]
    return table("found", words("computer.found"), pairs)


def timing(words: Words) -> str:
    """While it is found out how long pictures take."""
    return markup.status(words("computer.timing"))


def times(words: Words, seconds: Seconds) -> str:
    """How long a picture takes by render level."""
    width, height = findings.PICTURE
    lines = [(explained(*_level(words, render)), escape(words.about(seconds[render]))) for render in Render]
    heads = (words("render.label"), words("computer.takes"))
    return table("times", words("computer.time", width=width, height=height), lines, heads)


def no_times(words: Words, reason: str) -> str:
    """That it could not be found out, and why."""
    return markup.trouble(words, words("computer.no_times", reason=reason))


def _title(words: Words) -> str:
    return f"<h2>{words.html('computer.title')}</h2>"


def _level(words: Words, render: Render) -> tuple[str, str]:
    """Name and description of a render level."""
    name, _, description = words(f"render.{render}").partition("\n")
    return name, description


def _linked(text: str) -> str:
    """A text with WebGlaze's address as a link that tells nobody where it was found."""
    link = f'<a href="{machine.WEBGLAZE}" target="_blank" rel="noreferrer">{machine.WEBGLAZE}</a>'
    return escape(text).replace(machine.WEBGLAZE, link)
