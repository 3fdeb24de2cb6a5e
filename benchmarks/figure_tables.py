"""Every table that the manual shows, by name, from the files in docs/ that the benchmarks wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks import art
from benchmarks.figures import network, read, way_left
from benchmarks.standings import Standing, how_soon
from glaze.settings import Intensity, Render
from glaze.studio.words import Words, load

# The yardstick's removals, in the words of the studio; what is no name there is a format with its quality.
ATTEMPTS: Final[Mapping[str, str]] = {
    "photo": "removal.photo",
    "crop": "removal.crop",
    "denoise": "removal.denoise",
    "resize": "removal.resize",
    "jpeg75": "JPEG 75",
    "jpeg50": "JPEG 50",
    "webp80": "WebP 80",
    "blur": "removal.smooth",
    "noise8": "removal.noise",
}
# The heads of the tables that people read, by language: what is measured has one name in all.
HEADS: Final = Path(__file__).with_name("heads.json")


def tables(language: str) -> dict[str, list[str]]:
    """Name -> lines of Markdown, in the language of a page."""
    words, heads = load(language), json.loads(HEADS.read_text(encoding="utf-8"))[language]
    glazed, packed, rows = read("art"), read("pack"), read("strength")
    standing = Standing.of(rows)
    return {
        "table.art": art.pictures(glazed),
        "table.art.progress": art.progress(glazed),
        "table.art.survival": art.survival(glazed),
        "table.pack": art.pictures(packed, ("progress", "survival"), timed=False),
        "table.loops": standing.loops(),
        "table.over": standing.over_the_best(),
        "table.pictures": standing.by_picture(),
        "table.survives": standing.survival(),
        "table.soon": how_soon(rows),
        "table.removals": _removals(words, heads["removals"]),
        "table.levels": _levels(words, heads["levels"]),
        "table.budgets": _budgets(words, heads["budgets"]),
        "table.network": _network(words, heads["network"]),
        "table.previews": _previews(heads["previews"]),
        "table.sizes": _sizes(heads["sizes"]),
    }


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---|" * (len(heads) - 1)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows)]


def _removals(words: Words, heads: Sequence[str]) -> list[str]:
    glazed = (read("art"), read("pack"))
    rows = []
    for removal, name in ATTEMPTS.items():
        told = words(name) if name.startswith("removal.") else name
        rows.append((told, *(f"{100 * way_left(each, removal):.0f} %" for each in glazed)))
    return _table(heads, rows)


def _levels(words: Words, heads: Sequence[str]) -> list[str]:
    found = {(row["picture"], row["render"], row["intensity"]): row for row in read("levels")}
    levels = [(f"render.{render}", str(render), "default") for render in Render]
    levels += [(f"intensity.{i}", "default", str(i)) for i in Intensity if i is not Intensity.DEFAULT]
    rows = []
    for key, render, intensity in levels:
        pair = [found.get((picture, render, intensity)) for picture in ("evening", "boat")]
        told = ["-" if row is None else f"{row['strength']:.0f} %" for row in pair]
        group = words("render.label" if key.startswith("render") else "intensity.label")
        steps = found["evening", render, intensity]["steps"]
        rows.append((f"{group}: {words(key).splitlines()[0]}", *told, str(steps)))
    return _table(heads, rows)


def _budgets(words: Words, heads: Sequence[str]) -> list[str]:
    rows = []
    for level in Intensity:
        budget = level.budget
        bounds = [f"{bound:g}" for bound in (budget.lpips, budget.flip, budget.flat, budget.colour)]
        rows.append((words(f"intensity.{level}").splitlines()[0], *bounds))
    return _table(heads, rows)


def _network(words: Words, heads: Sequence[str]) -> list[str]:
    rows = []
    for family, row in network().items():
        student, teacher = row["student"], row["teacher"]
        parts = (f"{100 * student:.1f} %", f"{100 * teacher:.1f} %", f"{100 * student / teacher:.0f} %")
        rows.append((words(f"family.{family}"), f"{row['error']:.2f}", f"{row['cosine']:.2f}", *parts))
    return _table(heads, rows)


def _previews(heads: Sequence[str]) -> list[str]:
    by_size: dict[str, list[str]] = {}
    for row in read("page")["waits"]:
        first = row["at once"] if "at once" in row else row["settled"]
        by_size.setdefault(row["size"], []).extend((f"{first:.1f}", f"{row['again']:.1f}"))
    return _table(heads, [(size, *seconds) for size, seconds in by_size.items()])


def _sizes(heads: Sequence[str]) -> list[str]:
    sizes = read("speed")["sizes"]
    first = sizes[0]["seconds"]
    return _table(
        heads,
        [
            (row["size"], f"{row['seconds']:.1f}", f"{row['seconds'] / first:.2f}", f"{row['gigabytes']:.2f} GB")
            for row in sizes
        ],
    )
