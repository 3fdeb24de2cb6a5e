"""What is told of a picture: to programs as JSON, to people as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glaze.commands.answers import say
from glaze.errors import GlazeError
from glaze.packs import through
from glaze.settings import GlazeSettings

if TYPE_CHECKING:
    from typing import TextIO

    from glaze.inspection import Comparison, Inspection
    from glaze.outcome import Genres, Glaze


@dataclass(frozen=True)
class Json:
    """One object a line, so that a program reading along has each picture as soon as it is done."""

    out: TextIO

    def begins(self, path: Path, seconds: float | None) -> None:
        """Nothing: whoever reads this reads one line a picture."""

    def done(self, path: Path, glaze: Glaze, estimated: float | None) -> None:
        self._print(
            {
                "picture": str(path),
                "ok": True,
                "result": str(glaze.result),
                "decoy": None if glaze.decoy is None else str(glaze.decoy),
                "decoy_style": glaze.decoy_style,
                "seconds": round(glaze.seconds, 2),
                "estimated_seconds": None if estimated is None else round(estimated, 2),
                "settings": {
                    field.name: _plain(getattr(glaze.settings, field.name)) for field in fields(GlazeSettings)
                },
                "visibility": glaze.visibility.as_dict(),
                "report": glaze.report.as_dict(),
                "looked_through": through(glaze.settings, glaze.report.style_distance),
                "target_percent": round(glaze.settings.target, 2),
                "advice": [{"key": advice.key, "text": str(advice)} for advice in glaze.advice],
                "notes": [{"key": note.key, "text": str(note)} for note in glaze.notes],
            }
        )

    def all_done(self, genres: Sequence[Genres | None]) -> None:
        """Nothing, as well: whoever counts has counted."""

    def known(self, path: Path, glaze: Glaze) -> None:
        self._print({"picture": str(path), "ok": True, "known": True, "result": str(glaze.result)})

    def inspected(self, found: Inspection | Comparison) -> None:
        self._print({**found.as_dict(), "ok": True})

    def failed(self, path: Path, error: GlazeError) -> None:
        kind = type(error).__name__
        self._print(
            {"picture": str(path), "ok": False, "error": {"kind": kind, "key": error.key, "message": str(error)}}
        )

    def _print(self, line: dict[str, Any]) -> None:
        print(json.dumps(line), file=self.out, flush=True)


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return str(value) if isinstance(value, Path) else value


@dataclass(frozen=True)
class Text:
    """What a person wants to read; failures go to standard error."""

    out: TextIO

    def begins(self, path: Path, seconds: float | None) -> None:
        from glaze.studio.words import FALLBACK, load

        if seconds is not None:
            print(f"{path}: {load(FALLBACK).about(seconds)}", file=self.out, flush=True)

    def done(self, path: Path, glaze: Glaze, _estimated: float | None) -> None:
        from glaze.studio.distance import genres, looked_through
        from glaze.studio.words import FALLBACK, load

        report, seen, budget = glaze.report, glaze.visibility, glaze.settings.intensity.budget
        columns = list(next(iter(report.style_distance.values()), {}))
        rows = [[family, *(f"{moved[c]:.0f}" for c in columns)] for family, moved in report.style_distance.items()]
        survival = [
            "survival",
            "",
            *(f"{report.survival[column] * 100:.0f} %" for column in columns if column != "none"),
        ]
        figures = [
            ["LPIPS (estimate)" if seen.lpips_is_estimate else "LPIPS", f"{seen.lpips:.3f}", f"{budget.lpips:.2f}"],
            ["FLIP", f"{seen.flip:.3f}", f"{budget.flip:.2f}"],
            ["flat areas, CIEDE2000", f"{seen.flat:.1f}", f"{budget.flat:.1f}"],
            ["colour, CIEDE2000", f"{seen.colour:.1f}", f"{budget.colour:.1f}"],
            *([] if seen.tint is None else [["tint of grey, levels", f"{seen.tint}", "0"]]),
        ]
        lines = [
            f"{path} -> {glaze.result}",
            f"  decoy: {glaze.decoy_style}{f', {glaze.decoy}' if glaze.decoy else ''}",
            f"  time: {glaze.seconds:.0f} s",
            "  style distance: how far a model sees the style moved toward the decoy, in percent",
            *_table([["", *("untouched" if c == "none" else c for c in columns)], *rows, survival]),
            f"  {looked_through(load(FALLBACK), report, glaze.settings)}",
            "  visibility: what it is, and what the intensity allows",
            *_table(figures),
            *(f"  {sentence}" for sentence in filter(None, [genres(load(FALLBACK), report)])),
            *(f"  weak: {advice}" for advice in glaze.advice),
            *(f"  note: {note}" for note in glaze.notes),
        ]
        print("\n".join(lines), file=self.out, flush=True)

    def all_done(self, genres: Sequence[Genres | None]) -> None:
        from glaze.outcome import genre_shift
        from glaze.studio.words import FALLBACK, load

        shifted, known = genre_shift(genres)
        if known > 1:
            share = {"shifted": shifted, "known": known, "percent": round(100 * shifted / known)}
            print(load(FALLBACK)("portfolio.genres", **share), file=self.out, flush=True)

    def known(self, path: Path, glaze: Glaze) -> None:
        print(f"{path} is glazed already: {glaze.result}", file=self.out, flush=True)

    def inspected(self, found: Inspection | Comparison) -> None:
        from glaze.inspection import Inspection
        from glaze.studio.verdict import moved, verdict, visible
        from glaze.studio.words import FALLBACK, load

        words = load(FALLBACK)
        if isinstance(found, Inspection):
            size = words("inspect.size", width=found.width, height=found.height)
            lines = [f"{found.picture}: {size}", f"  {words('inspect.alone')}"]
        else:
            lines = [
                f"{found.glazed}",
                *(f"  {sentence}" for sentence in verdict(words, found)),
                f"  {words('inspect.moved')}",
                *_table(moved(words, found)),
                f"  {words('inspect.visible')}",
                *_table(visible(words, found)),
            ]
        lines += [f"  note: {note}" for note in found.notes]
        print("\n".join(lines), file=self.out, flush=True)

    def failed(self, path: Path, error: GlazeError) -> None:
        message = str(error)
        say(message if str(path) in message else f"{path}: {message}")


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as aligned lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligns: list[Callable[[str, int], str]] = [str.ljust, *[str.rjust] * (len(widths) - 1)]
    return [
        "    " + "  ".join(align(cell, width) for align, cell, width in zip(aligns, row, widths, strict=True)).rstrip()
        for row in rows
    ]
