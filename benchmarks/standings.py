"""Tables and plot of the rows of strength.py: means, ours over the best peer's, survival, how soon."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.peers import PEERS

FAMILIES: Final = ("sd1", "sdxl", "flux1", "flux2")
OURS: Final = ("glaze", "bundled")
COLUMNS: Final = ("progress", "known", "left_out", "move", "gain", "survival", "seconds")

Row = dict[str, Any]


def _mean(row: Row, figure: str, families: list[str]) -> float:
    return float(np.mean([cell[figure] for f in families for cell in row["families"][f].values()]))


def summary(row: Row) -> dict[str, float]:
    """One row's means. `left_out` and `known`: progress on the family that the loop never saw, and on the others."""
    known = [f for f in FAMILIES if f != row["left_out"]]
    kept = [
        cell["move"] / max(rows["none"]["move"], 1e-6)
        for rows in row["families"].values()
        for removal, cell in rows.items()
        if removal != "none"
    ]
    return {
        "progress": _mean(row, "progress", list(FAMILIES)),
        "known": _mean(row, "progress", known),
        "left_out": _mean(row, "progress", [row["left_out"]]),
        "move": _mean(row, "move", list(FAMILIES)),
        "gain": _mean(row, "gain", list(FAMILIES)),
        "survival": float(np.mean(kept)) if kept else 1.0,
        "seconds": row["seconds"],
    }


def survival(row: Row) -> dict[str, float]:
    """Per removal the part of the move that is left after it, mean over the families."""
    families = row["families"].values()
    removals = [removal for removal in next(iter(families)) if removal != "none"]
    return {r: float(np.mean([f[r]["move"] / max(f["none"]["move"], 1e-6) for f in families])) for r in removals}


@dataclass(frozen=True)
class Race:
    """How soon ours is as strong as the best peer on one picture.

    seconds     of ours, with the fewest steps tried that get there; `steps` says how many.
    published   seconds of that peer with the steps it is published with, from the seconds of each it was run for.
    """

    picture: str
    method: str
    peer: str
    steps: int
    seconds: float
    published: float


def races(rows: list[Row]) -> list[Race]:
    """A race for each picture and each of ours that gets as far as the best peer there; short runs count too."""
    out = []
    for picture in dict.fromkeys(row["picture"] for row in rows):
        own = [row for row in rows if row["picture"] == picture]
        peers = [row for row in own if row["method"] in PEERS]
        if not peers:
            continue
        best = max(peers, key=lambda row: summary(row)["progress"])
        published = best["seconds"] / best["steps"] * PEERS[best["method"]].steps
        for method in OURS:
            tried = sorted((row for row in own if row["method"] == method), key=lambda row: row["steps"])
            there = [row for row in tried if summary(row)["progress"] >= summary(best)["progress"]]
            if there:
                first = there[0]
                out.append(Race(picture, method, best["method"], first["steps"], first["seconds"], published))
    return out


def mean_races(rows: list[Row]) -> list[Race]:
    """How soon the mean over all pictures is that of the best peer: for each of ours that gets there."""
    names = {row["picture"] for row in rows}

    def mean(method: str, steps: int) -> tuple[float, float] | None:
        """Progress and seconds, over all pictures; None where some were not run so."""
        own = [row for row in rows if row["method"] == method and row["steps"] == steps]
        if {row["picture"] for row in own} != names:
            return None
        found = [summary(row) for row in own]
        return float(np.mean([row["progress"] for row in found])), float(np.mean([row["seconds"] for row in found]))

    steps = sorted({row["steps"] for row in rows} - {0})
    standings = {(method, n): found for method in (*PEERS, *OURS) for n in steps if (found := mean(method, n))}
    peers = [(progress, method, n) for (method, n), (progress, _) in standings.items() if method in PEERS]
    if not peers:
        return []
    progress, best, run = max(peers)
    published = standings[best, run][1] / run * PEERS[best].steps
    out = []
    for method in OURS:
        there = [n for n in steps if (method, n) in standings and standings[method, n][0] >= progress]
        if there:
            first = min(there)
            out.append(Race("all, in the mean", method, best, first, standings[method, first][1], published))
    return out


def how_soon(rows: list[Row]) -> list[str]:
    """Markdown: every race, and the geometric mean of each of ours."""
    lines = [
        "| picture | ours | as strong as | after steps | seconds | the peer's | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    run = races(rows)
    for race in [*run, *mean_races(rows)]:
        cells = (race.picture, race.method, race.peer, str(race.steps), f"{race.seconds:.1f}", f"{race.published:.0f}")
        lines.append("| " + " | ".join((*cells, f"1/{race.published / race.seconds:.0f}")) + " |")
    for method in OURS:
        ratios = [race.published / race.seconds for race in run if race.method == method]
        if ratios:
            lines.append(f"| **geometric mean** | {method} | | | | | 1/{np.exp(np.mean(np.log(ratios))):.0f} |")
    return lines


@dataclass(frozen=True)
class Standing:
    """The rows that count: of every loop that was run with several numbers of steps, those with the most.

    pictures: those that all loops have done.
    """

    most: dict[tuple[str, str], Row]
    methods: list[str]
    pictures: list[str]

    @classmethod
    def of(cls, rows: list[Row]) -> Standing:
        """From all rows."""
        most: dict[tuple[str, str], Row] = {}
        for row in sorted(rows, key=lambda row: int(row["steps"])):
            most[row["picture"], row["method"]] = row
        methods = sorted({method for _, method in most}, key=lambda method: (method in OURS, method))
        names = dict.fromkeys(row["picture"] for row in rows)
        return cls(most, methods, [p for p in names if all((p, method) in most for method in methods)])

    @property
    def peers(self) -> list[str]:
        return [method for method in self.methods if method in PEERS]

    @property
    def own(self) -> list[str]:
        return [method for method in self.methods if method in OURS]

    def means(self) -> dict[str, dict[str, float]]:
        """Each loop's means over the pictures."""
        found = {m: [summary(self.most[p, m]) for p in self.pictures] for m in self.methods}
        return {m: {c: float(np.mean([one[c] for one in each])) for c in COLUMNS} for m, each in found.items()}

    def ratios(self) -> dict[str, dict[str, float]]:
        """Of each of ours, its means over the best peer's; empty where there are no peers."""
        means = self.means()
        if not self.peers:
            return {}
        best = {c: max(means[m][c] for m in self.peers) for c in COLUMNS[:3]}
        return {m: {c: means[m][c] / best[c] for c in COLUMNS[:3]} for m in self.own}

    def loops(self) -> list[str]:
        """Markdown: the means of each loop."""
        lines = ["| loop | steps | " + " | ".join(COLUMNS) + " |", "|---|---|" + "---|" * len(COLUMNS)]
        for method, row in self.means().items():
            cells = [f"{row[c]:.1f}" if c == "seconds" else f"{row[c]:.3f}" for c in COLUMNS]
            steps = max(self.most[p, method]["steps"] for p in self.pictures)
            lines.append(f"| {method} | {steps or '-'} | " + " | ".join(cells) + " |")
        return lines

    def over_the_best(self) -> list[str]:
        """Markdown: ours over the best peer's, in the means."""
        lines = ["| ours over the best peer's | " + " | ".join(COLUMNS[:3]) + " |", "|---|---|---|---|"]
        return lines + [f"| {m} | " + " | ".join(f"{r[c]:.2f}" for c in r) + " |" for m, r in self.ratios().items()]

    def by_picture(self) -> list[str]:
        """Markdown: each picture, ours against its own best peer."""
        lines = ["| picture | best peer | | " + " | ".join(f"{m} | left out" for m in self.own) + " |"]
        lines.append("|---|---|---|" + "---|---|" * len(self.own))
        for p in self.pictures:
            figures = {m: summary(self.most[p, m]) for m in self.methods}
            first = max(self.peers, key=lambda m: figures[m]["progress"])
            top = {c: max(figures[m][c] for m in self.peers) for c in ("progress", "left_out")}
            cells = [f"{figures[m][c]:.3f} ({figures[m][c] / top[c]:.2f})" for m in self.own for c in top]
            lines.append(f"| {p} | {first} | {top['progress']:.3f} | " + " | ".join(cells) + " |")
        return lines

    def survival(self) -> list[str]:
        """Markdown: of each of ours, what survives each removal."""
        left = {m: [survival(self.most[p, m]) for p in self.pictures] for m in self.own}
        removals = list(left[self.own[0]][0])
        lines = ["| what survives | " + " | ".join(removals) + " |", "|---|" + "---|" * len(removals)]
        for m, parts in left.items():
            lines.append(
                f"| {m} | " + " | ".join(f"{np.mean([part[r] for part in parts]):.2f}" for r in removals) + " |"
            )
        return lines


def table(rows: list[Row]) -> str:
    """Markdown: the means of each loop over the pictures that all of them have done, and ours over the best peer's.

    Then picture by picture against each one's best peer, what survives each removal, and how soon ours gets there.
    """
    standing = Standing.of(rows)
    lines = [f"Means over {len(standing.pictures)} pictures.", "", *standing.loops()]
    if standing.peers and standing.own:
        lines += ["", *standing.over_the_best(), "", *standing.by_picture()]
    if standing.own:
        lines += ["", *standing.survival(), "", *how_soon(rows)]
    return "\n".join(lines) + "\n"


def plot(rows: list[Row], path: Path) -> None:
    """Progress over seconds, a point for each loop and picture and a large one for each loop's mean."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    for loop in sorted({(r["method"], r["steps"]) for r in rows}):
        points = [summary(r) for r in rows if (r["method"], r["steps"]) == loop]
        seconds = [max(p["seconds"], 0.1) for p in points]
        progress = [p["progress"] for p in points]
        (dots,) = axes.plot(seconds, progress, ".", alpha=0.4)
        label = f"{loop[0]}, {loop[1]} steps" if loop[1] else loop[0]
        middle = float(np.exp(np.mean(np.log(seconds))))
        axes.plot([middle], [np.mean(progress)], "o", color=dots.get_color(), label=label)
    axes.set(xscale="log", xlabel="seconds a picture", ylabel="progress toward the loop's own goal, equal visibility")
    axes.axhline(0, color="grey", linewidth=0.5)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)
    plt.close(figure)
