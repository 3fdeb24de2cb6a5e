"""Where a case lies between the two anchors: 0, the mimic that learned from clean pictures; 1, the one that did not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.mimicry.cases import BASE, CLEAN
from benchmarks.mimicry.washes import UNWASHED

FIGURES: Final = ("named", "frechet", "gram")
RESAMPLES: Final = 4000
Row = dict[str, Any]


@dataclass(frozen=True)
class Protection:
    """The share of the way from the clean mimic to the base, with the middle 95 % of its bootstrap."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True)
class Standing:
    """A case after a washing, over its cells: means of the figures, protection by each of them."""

    family: str
    case: str
    wash: str
    cells: int
    means: dict[str, float]
    protection: dict[str, Protection]


def protection(clean: Sequence[float], case: Sequence[float], base: Sequence[float]) -> Protection:
    """One figure of matching cells (same artist and seed) under the three conditions.

    The sum of what the case lost over the sum of what there was to lose, so that cells in which the anchors hardly
    differ count little. The interval resamples cells; it says nothing about other artists or generators.
    """
    rows = np.array([clean, case, base], dtype=float)
    dice = np.random.default_rng(0).integers(rows.shape[1], size=(RESAMPLES, rows.shape[1]))
    found = _share(rows[:, dice])
    low, high = np.nanpercentile(found, (2.5, 97.5)) if np.isfinite(found).any() else (np.nan, np.nan)
    return Protection(float(_share(rows)), float(low), float(high))


def _share(rows: NDArray[Any]) -> NDArray[Any]:
    clean, case, base = rows.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(base == clean, np.nan, (case - clean) / (base - clean)))


def standings(rows: list[Row]) -> Iterator[Standing]:
    """Every family, case and washing that has cells for which both anchors are there, in the order of the rows."""
    cells = {(row["family"], row["case"], row["wash"], row["artist"], row["seed"]): row for row in rows}
    for family, case, wash in dict.fromkeys(key[:3] for key in cells):
        found = [
            (cells[family, CLEAN, UNWASHED, *who], row, cells[family, BASE, UNWASHED, *who])
            for key, row in cells.items()
            if key[:3] == (family, case, wash)
            and {(family, CLEAN, UNWASHED, *(who := key[3:])), (family, BASE, UNWASHED, *who)} <= cells.keys()
        ]
        if found:
            columns = {name: [[row[name] for row in one] for one in found] for name in FIGURES}
            yield Standing(
                family=family,
                case=case,
                wash=wash,
                cells=len(found),
                means={
                    name: float(np.mean([row[name] for _, row, _ in found]))
                    for name in (*FIGURES, "move", "progress")
                    if name in found[0][1]
                },
                protection={name: protection(*zip(*columns[name], strict=True)) for name in FIGURES},
            )
