"""The words of the page. A language is one file in locale/; nothing else changes for a new one.

Every file has the same keys. What the engine itself says (errors, notes, advice) is English in the code, so en.json
does not repeat it; the other files translate it under `error.CLASS.KEY`, `note.KEY` and `advice.KEY`, with the same
fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Final

from glaze.advice import Advice
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

    def error(self, error: GlazeError, *, private: Path | tuple[Path, ...] = ()) -> str:
        """An error in this language. Of files in `private` folders, which mean nothing to anyone, only the name."""
        fields = dict(error.fields)
        path = Path(str(fields.get("path", "")))
        if any(path.is_relative_to(folder) for folder in ((private,) if isinstance(private, Path) else private)):
            fields["path"] = path.name
        return self(f"error.{type(error).__name__}.{error.key}", **fields)

    def note(self, note: Note) -> str:
        """A note in this language."""
        return self(f"note.{note.key}", **note.fields)

    def advice(self, advice: Advice) -> str:
        """Advice in this language."""
        return self(f"advice.{advice.key}", **advice.fields)

    def duration(self, seconds: float) -> str:
        """A time in round figures, as one says it when one does not know exactly."""
        return self._time("duration", seconds)

    def about(self, seconds: float) -> str:
        """The same, where it stands alone and must say that it is not known exactly."""
        return self._time("about", seconds)

    def size(self, count: int) -> str:
        """So many bytes, in round figures."""
        if count == 0:
            return self("size.none")
        for unit, of in (("gb", 1e9), ("mb", 1e6)):
            if count >= of:
                figure = count / of
                return self(f"size.{unit}", n=f"{figure:.1f}" if figure < 9.95 else f"{figure:.0f}")
        return self("size.kb", n=max(1, round(count / 1e3)))

    def _time(self, kind: str, seconds: float) -> str:
        """Rounded by a quarter at most: estimates shall still be good to half when they are told."""
        if seconds < 10:
            return self(f"{kind}.moment")
        if seconds < 115:
            step = 5 if seconds < 30 else 10
            return self(f"{kind}.seconds", n=round(seconds / step) * step)
        if seconds < 90 * 60:
            return self(f"{kind}.minutes", n=round(seconds / 60))
        return self(f"{kind}.hours", n=f"{seconds / 3600:.1f}")


def languages() -> tuple[str, ...]:
    """The codes there are files for, English first."""
    codes = sorted(path.stem for path in LOCALE.glob("*.json"))
    return (FALLBACK, *(code for code in codes if code != FALLBACK))


@cache
def load(language: str) -> Words:
    """The words of a language. Raises FileNotFoundError where there is no file for it."""
    texts: dict[str, str] = json.loads((LOCALE / f"{language}.json").read_text(encoding="utf-8"))
    if language == FALLBACK:
        notes = {f"note.{key}": text for key, text in Note.templates.items()}
        advice = {f"advice.{key}": text for key, text in Advice.templates.items()}
        texts = {**texts, **dict(error_templates()), **notes, **advice}
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
