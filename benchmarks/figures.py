"""Every figure that the manual tells, by name, from the files in docs/ that the benchmarks wrote.

Pages hold them between marks, `<!--art.progress-->0.126<!--/-->`, which scripts/docs.py fills; nobody types one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.art import LIMITS
from benchmarks.standings import FAMILIES, Standing, summary
from benchmarks.washing import left

ROOT: Final = Path(__file__).resolve().parents[1]
DOCS: Final = ROOT / "docs"
NETWORK: Final = ROOT / "weights" / "figures.json"

Rows = list[dict[str, Any]]


def read(name: str) -> Any:
    """What docs/NAME.json holds."""
    return json.loads((DOCS / f"{name}.json").read_text(encoding="utf-8"))


def network() -> dict[str, dict[str, float]]:
    """Family -> how well the bundled network imitates its teacher."""
    figures = json.loads(NETWORK.read_text(encoding="utf-8"))
    return {family: figures[family] for family in FAMILIES}


def way_left(rows: Rows, removal: str) -> float:
    """The part of the way to the decoy that is left after one of the yardstick's removals: means over everything."""
    after, before = (
        np.mean([row["families"][f][which]["progress"] for row in rows for f in row["families"]])
        for which in (removal, "none")
    )
    return float(after / before)


def figures() -> dict[str, str]:
    """Name -> figure, as it is written in a text of any language."""
    return {
        **_glazed("art", read("art")),
        **_glazed("pack", read("pack")),
        **_peers(),
        **_levels(),
        **_page(),
        **_speed(),
        **_washing(),
        **_network(),
    }


def _percent(part: float) -> str:
    return f"{100 * part:.0f}"


def _span(name: str, values: Iterable[float], digits: int = 0) -> dict[str, str]:
    found = list(values)
    return {f"{name}.least": f"{min(found):.{digits}f}", f"{name}.most": f"{max(found):.{digits}f}"}


def _glazed(name: str, rows: Rows) -> dict[str, str]:
    progress = float(np.mean([row["summary"]["progress"] for row in rows]))
    told = [row["ours"]["strength_percent"] for row in rows]
    removals = [removal for removal in next(iter(rows[0]["families"].values())) if removal != "none"]
    parts = {removal: way_left(rows, removal) for removal in removals}
    plain = [row["summary"]["progress"] for row in rows if row["name"].startswith("ink_lineart/")]
    shares = [row["seconds"] / row["said"] for row in rows]
    found = {
        "pictures": str(len(rows)),
        "progress": f"{progress:.3f}",
        "progress.percent": _percent(progress),
        "survival": f"{np.mean([row['summary']['survival'] for row in rows]):.2f}",
        "told": f"{np.mean(told):.0f}",
        "weak": str(sum(bool(row["advice"]) for row in rows)),
        "broken": str(sum(row["seen"][k] > v for row in rows for k, v in LIMITS.items())),
        "engravings": f"{100 * max(plain):.1f}",
        "lilies": next(f"{row['summary']['progress']:.3f}" for row in rows if "water-lilies" in row["name"]),
        **{f"left.{removal}": _percent(part) for removal, part in parts.items()},
        **_span("told", told),
        **_span("seconds", [row["seconds"] for row in rows]),
        **_span("foreseen", shares, 2),
        **_span("eye", [row["seen"]["lpips"] / row["ours"]["lpips"] for row in rows], 2),
        **_span("left", [100 * part for part in parts.values()]),
    }
    return {f"{name}.{key}": value for key, value in found.items()}


def _peers() -> dict[str, str]:
    rows = read("strength")
    standing = Standing.of(rows)
    ratios = standing.ratios()
    steps = {row["steps"] for row in rows if row["method"] in standing.peers}
    found = {f"{own}.{figure}": f"{ratio:.1f}" for own, each in ratios.items() for figure, ratio in each.items()}
    found |= {"peers": str(len(standing.peers)), "pictures": str(len(standing.pictures)), "steps": str(max(steps))}
    fewest = min(row["steps"] for row in rows if row["method"] in standing.own)
    for own in standing.own:
        short = [row for row in rows if (row["method"], row["steps"]) == (own, fewest)]
        found[f"short.{own}"] = f"{np.mean([summary(row)['progress'] for row in short]):.3f}"
    means = standing.means()
    found |= {"fewest": str(fewest), "best": f"{max(means[peer]['progress'] for peer in standing.peers):.3f}"}
    found["noise"] = f"{means['noise']['progress']:.3f}"
    lilies = standing.most[next(p for p in standing.pictures if "water-lilies" in p), "bundled"]
    found["lilies"] = f"{summary(lilies)['progress']:.3f}"
    return {f"strength.{key}": value for key, value in found.items()}


def _levels() -> dict[str, str]:
    """Of the painting: the strength of each level over the usual one's."""
    rows: Rows = [row for row in read("levels") if row["picture"] == "evening"]
    told = {row["render"] if row["intensity"] == "default" else row["intensity"]: row["strength"] for row in rows}
    return {f"levels.{level}.strength": _percent(strength / told["default"]) for level, strength in told.items()}


def _page() -> dict[str, str]:
    page = read("page")
    waits: Rows = page["waits"]
    answers: Mapping[str, Mapping[str, float]] = page["answers"]
    found = {
        **_span("open", [row["open"] for row in waits], 1),
        **_span("preview", [row["settled"] for row in waits if "settled" in row], 1),
        **_span("at_once", [row["at once"] for row in waits if "at once" in row], 1),
        **_span("load", [row["load"] for row in waits], 1),
        "processors": str(page["computer"]["processors"]),
        "word": f"{answers['a word']['median']:.2f}",
        "word.worst": f"{answers['a word']['worst']:.2f}",
        "another": f"{answers['another page']['median']:.2f}",
        "another.worst": f"{answers['another page']['worst']:.2f}",
    }
    return {f"page.{key}": value for key, value in found.items()}


def _speed() -> dict[str, str]:
    sizes: Rows = read("speed")["sizes"]
    found: dict[str, str] = {}
    for row in sizes:
        width, height = map(int, row["size"].split("x"))
        name = f"speed.{width * height / 1e6:.0f}"
        found |= {
            f"{name}.times": f"{row['seconds'] / sizes[0]['seconds']:.1f}",
            f"{name}.memory": f"{row['gigabytes']:.1f}",
        }
    return found


def _washing() -> dict[str, str]:
    rows = read("washing")
    parts = {wash: left(rows, wash) for wash in rows[0]["washes"] if wash != "untouched"}
    upscaled = [100 * part for wash, part in parts.items() if wash.startswith("upscaled_")]
    through = [100 * part for wash, part in parts.items() if wash.startswith("through_")]
    return {
        "washing.pictures": str(len(rows)),
        "washing.render": ", ".join(sorted({row["render"] for row in rows})),
        **{f"washing.{wash}": _percent(part) for wash, part in parts.items()},
        **_span("washing.upscaled", upscaled),
        **_span("washing.through", through),
    }


def _network() -> dict[str, str]:
    shares = [row["student"] / row["teacher"] for row in network().values()]
    return _span("network.share", [100 * share for share in shares])
