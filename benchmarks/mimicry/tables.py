"""The trial's table, in Markdown, from the rows alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.mimicry.cases import BASE, CLEAN
from benchmarks.mimicry.protection import FIGURES, Row, Standing, standings
from benchmarks.mimicry.washes import UNWASHED


def table(book: dict[str, Any]) -> str:
    """What `trial.Book` wrote -> the judges' accuracy, the anchors of every artist, every case, every washing."""
    rows: list[Row] = book["rows"]
    found = list(standings(rows))
    lines: list[str] = []
    for family in dict.fromkeys(row["family"] for row in rows):
        own = [one for one in found if one.family == family]
        own_rows = [row for row in rows if row["family"] == family]
        lines += [
            f"**{family}**: base of {own_rows[0]['base_steps']:,} steps.",
            "",
            *_accuracy(book["accuracy"][family]),
            "",
            *_anchors(rows, family),
            "",
        ]
        lines += [*_cases([one for one in own if one.wash == UNWASHED]), ""]
        washed = [one for one in own if one.wash != UNWASHED]
        if washed:
            lines += [*_washes(own), ""]
    return "\n".join(lines)


def _accuracy(accuracy: dict[str, float]) -> list[str]:
    """How often the classifier names the artist of windows of clean pictures that it did not learn from."""
    shares = [f"| {name} | {share:.2f} |" for name, share in accuracy.items()]
    return ["| clean, held out | named right |", "|---|---|", *shares]


def _anchors(rows: list[Row], family: str) -> list[str]:
    lines = [
        "| artist | named the artist's: base | clean mimic | Frechet: base | clean mimic | Gram: base | clean mimic |"
    ]
    lines.append("|---|---|---|---|---|---|---|")
    for artist in dict.fromkeys(row["artist"] for row in rows if row["family"] == family):
        cells = []
        for figure in FIGURES:
            for case in (BASE, CLEAN):
                values = [
                    row[figure]
                    for row in rows
                    if (row["family"], row["artist"], row["case"], row["wash"]) == (family, artist, case, UNWASHED)
                ]
                cells.append(f"{np.mean(values):.2f}" if values else "-")
        lines.append(f"| {artist} | " + " | ".join(cells) + " |")
    return lines


def _cases(found: list[Standing]) -> list[str]:
    head = "| case | cells | move | progress | named | Frechet | Gram | protection by named | by Frechet | by Gram |"
    lines = [head, "|---|" + "---|" * 9]
    for one in found:
        moved = [f"{one.means[key]:.3f}" if key in one.means else "-" for key in ("move", "progress")]
        means = [f"{one.means[figure]:.2f}" for figure in FIGURES]
        told = ["-" if one.case in {BASE, CLEAN} else str(one.protection[figure]) for figure in FIGURES]
        lines.append(f"| {one.case} | {one.cells} | " + " | ".join([*moved, *means, *told]) + " |")
    return lines


def _washes(found: list[Standing]) -> list[str]:
    washes = list(dict.fromkeys(one.wash for one in found))
    lines = []
    for figure in FIGURES:
        lines += [f"| protection by {figure}, washed | " + " | ".join(washes) + " |", "|---|" + "---|" * len(washes)]
        for case in dict.fromkeys(one.case for one in found if one.wash != UNWASHED):
            known = {one.wash: one.protection[figure] for one in found if one.case == case}
            lines.append(
                f"| {case} | " + " | ".join(str(known[wash]) if wash in known else "-" for wash in washes) + " |"
            )
        lines.append("")
    return lines[:-1]
