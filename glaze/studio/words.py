"""The words of the page. A language is one file in locale/; nothing else changes for a new one.

Every file has the same keys. What the engine itself says (errors, notes) is English in the code, so en.json does not
repeat it; the other files translate it under `error.CLASS.KEY` and `note.KEY`, with the same fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Final

from glaze.artwork import Note
from glaze.errors import GlazeError

LOCALE: Final = Path(__file__).parent / "locale"
FALLBACK: Final = "en"


def error_templates(root: type[GlazeError] = GlazeError) -> Iterator[tuple[str, str]]:
    """`error.CLASS.KEY` and its English template, for the class and all below it."""
    for key, template in root.templates.items():
        yield f"error.{root.__name__}.{key}", template
    for child in root.__subclasses__():
        yield from error_templates(child)


class Words:
    """One language. Called with a key and the fields of its template."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self.texts = texts

    def __call__(self, key: str, /, **fields: object) -> str:
        """The text of `key`, filled. Raises KeyError for a key or a field that does not exist."""
        return self.texts[key].format(**fields)

    def html(self, key: str, /, **fields: object) -> str:
        """The same, to be put into a page."""
        return escape(self(key, **fields))

    def name(self, kind: str, name: str) -> str:
        """What people call a style, a family or a removal; its own name where no language has another."""
        return self.texts.get(f"{kind}.{name.replace(' ', '_')}", name)

    def error(self, error: GlazeError, *, private: Path | None = None) -> str:
        """An error in this language. Of files in the folder `private`, which means nothing to anyone, only the name."""
        fields = dict(error.fields)
        path = Path(str(fields.get("path", "")))
        if private is not None and path.is_relative_to(private):
            fields["path"] = path.name
        return self(f"error.{type(error).__name__}.{error.key}", **fields)

    def note(self, note: Note) -> str:
        """A note in this language."""
        return self(f"note.{note.key}", **note.fields)

    def duration(self, seconds: float) -> str:
        """A time in round figures, as one says it when one does not know exactly."""
        if seconds < 10:
            return self("duration.moment")
        if seconds < 55:
            return self("duration.seconds", n=round(seconds / 10) * 10)
        if seconds < 55 * 60:
            return self("duration.minutes", n=max(1, round(seconds / 60)))
        return self("duration.hours", n=f"{seconds / 3600:.1f}")


def languages() -> tuple[str, ...]:
    """The codes there are files for, English first."""
    codes = sorted(path.stem for path in LOCALE.glob("*.json"))
    return (FALLBACK, *(code for code in codes if code != FALLBACK))


@cache
def load(language: str) -> Words:
    """The words of a language. Raises FileNotFoundError where there is no file for it."""
    texts: dict[str, str] = json.loads((LOCALE / f"{language}.json").read_text(encoding="utf-8"))
    if language == FALLBACK:
        texts = {**texts, **dict(error_templates()), **{f"note.{key}": text for key, text in Note.templates.items()}}
    return Words(language, MappingProxyType(texts))


def preferred(accept_language: str | None, available: tuple[str, ...]) -> str:
    """The first of `available` that a browser's Accept-Language header asks for, else English."""
    wishes: list[tuple[float, str]] = []
    for wish in (accept_language or "").split(","):
        tag, _, weight = wish.strip().partition(";q=")
        try:
            wishes.append((-float(weight or 1), tag.partition("-")[0].lower()))
        except ValueError:
            continue
    return next((code for _, code in sorted(wishes, key=lambda wish: wish[0]) if code in available), FALLBACK)
