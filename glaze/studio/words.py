"""The words of the page. A language is one file in locale/; nothing else changes for a new one.

A file is called as its language is in HTML ("de", "zh-Hant"). Every file has the same keys; what one lacks yet, or has
with other fields, is said in English. What the engine itself says (errors, notes, advice) is English in the code, so
en.json does not repeat it; the other files translate it under `error.CLASS.KEY`, `note.KEY` and `advice.KEY`, with the
same fields. A file that cannot be read is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from html import escape
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import Final

from glaze.advice import Advice
from glaze.artwork import Note
from glaze.errors import GlazeError

LOCALE: Final = Path(__file__).parent / "locale"
FALLBACK: Final = "en"
_TAG: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


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
                return self(f"size.{unit}", n=self.figure(figure, 1 if figure < 9.95 else 0))
        return self("size.kb", n=max(1, round(count / 1e3)))

    def figure(self, figure: float, decimals: int) -> str:
        """A number as this language writes it."""
        return f"{figure:.{decimals}f}".replace(".", self("figure.point"))

    def percent(self, percent: float) -> str:
        """So many percent, in round figures."""
        return self("figure.percent", n=f"{percent:.0f}")

    def day(self, day: date) -> str:
        """A date in figures."""
        return self("figure.day", year=day.year, month=day.month, day=day.day)

    def _time(self, kind: str, seconds: float) -> str:
        """Rounded by a quarter at most: estimates shall still be good to half when they are told."""
        if seconds < 10:
            return self(f"{kind}.moment")
        if seconds < 115:
            step = 5 if seconds < 30 else 10
            return self(f"{kind}.seconds", n=round(seconds / step) * step)
        if seconds < 90 * 60:
            return self(f"{kind}.minutes", n=round(seconds / 60))
        return self(f"{kind}.hours", n=self.figure(seconds / 3600, 1))


def languages() -> tuple[str, ...]:
    """The codes there are files for that can be read, English first."""
    codes = sorted(path.stem for path in LOCALE.glob("*.json") if _fault(path) is None)
    return (FALLBACK, *(code for code in codes if code != FALLBACK))


def left_out() -> tuple[str, ...]:
    """Which files cannot be read, and why: lines for the error log."""
    faults = ((path, _fault(path)) for path in sorted(LOCALE.glob("*.json")))
    return tuple(f"The language of {path} is left out: {fault}" for path, fault in faults if fault is not None)


@cache
def load(language: str) -> Words:
    """The words of a language, English ones where its file has none.

    Raises FileNotFoundError where there is no file for it, and ValueError where that cannot be read.
    """
    english = {
        **_read(LOCALE / f"{FALLBACK}.json"),
        **dict(error_templates()),
        **{f"note.{key}": text for key, text in Note.templates.items()},
        **{f"advice.{key}": text for key, text in Advice.templates.items()},
    }
    own = {} if language == FALLBACK else _read(LOCALE / f"{language}.json")
    # With a field that is never given, the page would fail when it comes to be said.
    fitting = {key: text for key, text in own.items() if blanks(text) == blanks(english.get(key, text))}
    return Words(language, MappingProxyType({**english, **fitting}))


def blanks(text: str) -> frozenset[str] | None:
    """The names of the fields that fill a text; None where its braces do not pair."""
    try:
        return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)
    except ValueError:
        return None


def preferred(accept_language: str | None, available: tuple[str, ...]) -> str:
    """The first of `available` that a browser's Accept-Language header asks for, else English.

    A wish is met by a file of the same name or, failing that, of a shorter one: "zh-Hant-TW" by zh-Hant or zh.
    """
    wishes: list[tuple[float, str]] = []
    for wish in (accept_language or "").split(","):
        tag, _, weight = wish.strip().partition(";q=")
        try:
            wishes.append((-float(weight or 1), tag.strip().lower()))
        except ValueError:
            continue
    codes = {code.lower(): code for code in available}
    for rank, tag in sorted(wishes, key=lambda wish: wish[0]):
        # What weighs nothing is not wanted.
        parts = tag.split("-") if rank else []
        for length in range(len(parts), 0, -1):
            if (name := "-".join(parts[:length])) in codes:
                return codes[name]
    return FALLBACK


def _read(path: Path) -> dict[str, str]:
    """The texts of a file. Raises OSError, or ValueError where it is not a JSON object of texts."""
    texts: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("it is not a JSON object of texts")
    return texts


@cache
def _fault(path: Path) -> str | None:
    """Why a file cannot be a language; None if it can."""
    if not _TAG.fullmatch(path.stem):
        return "it is not called as a language is, like de or zh-Hant"
    try:
        _read(path)
    except (OSError, ValueError) as error:
        return str(error)
    return None
