"""Glaze twelve pictures of every genre and measure them with the independent yardstick.

    python -m benchmarks.first_light --shared ../shared --out runs/first-light

Writes the glazes, figures.json and table.md (the table in docs/first-light.md) into --out. A picture that is already
in figures.json is not glazed again, so an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from glaze.glazing import glaze
from glaze.settings import GlazeSettings, Intensity, Render

PICTURES = (
    "paintings/claude-monet__water-lilies",
    "paintings/vincent-van-gogh__the-starry-night",
    "paintings/edgar-degas__the-ballet-class",
    "paintings/katsushika-hokusai__the-great-wave-off-kanagawa",
    "paintings/piet-mondrian__composition-ii-in-red-blue-and-yellow",
    "paintings/georges-seurat__bathers-at-asnieres",
    "ink_lineart/john-tenniel__alice-illustration-10",
    "flat_illustration/kate-hazen__pop-m3lvin",
    "anime/ren-py-demo-art__bg-club",
    "anime/ren-py-demo-art__eileen-happy",
    "photo/scikit-image-data__astronaut",
    "watercolour/beatrix-potter__illustration-108",
)
LIMITS = {"lpips": 0.05, "flip": 0.08, "flat": 2.0, "colour": 5.0}
COLUMNS = ("progress", "move", "gain", "survival")


def measure(original: Path, result: Path, decoy: Path) -> dict[str, Any]:
    """The yardstick's figures of one glaze."""
    import yardstick  # type: ignore[import-not-found]  # outside the project, on sys.path since main()

    pictures = [yardstick.read(str(p)) for p in (original, result, decoy)]
    figures: dict[str, Any] = yardstick.measure(pictures[0], pictures[1], decoy=pictures[2])
    return figures


def one(shared: Path, name: str, out: Path, settings: GlazeSettings) -> dict[str, Any]:
    """Glaze and measure one picture."""
    original = next((shared / "art").glob(f"{name}.*"))
    finished = glaze(original, settings, folder=out)
    assert finished.decoy
    figures = measure(original, finished.result, finished.decoy)
    figures["ours"] = finished.visibility.as_dict() | finished.report.as_dict()
    return figures | {"name": name, "decoy": finished.decoy_style, "seconds": round(finished.seconds, 1)}


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: one line a picture and the means."""
    head = [*LIMITS, "tint", *COLUMNS, "seconds"]
    lines = ["| picture | decoy | " + " | ".join(head) + " |", "|---|---|" + "---|" * len(head)]
    for row in rows:
        tint = row["seen"]["tint"]
        cells = [f"{row['seen'][k]}" for k in LIMITS] + ["-" if tint is None else str(tint)]
        cells += [f"{row['summary'][k]}" for k in COLUMNS] + [f"{row['seconds']:.0f}"]
        lines.append(f"| {row['name'].split('/')[1]} | {row['decoy']} | " + " | ".join(cells) + " |")
    means = ["" for _ in (*LIMITS, "tint")] + [f"**{np.mean([r['summary'][k] for r in rows]):.3f}**" for k in COLUMNS]
    lines.append("| **mean** | | " + " | ".join([*means, f"{np.mean([r['seconds'] for r in rows]):.0f}"]) + " |")
    families = list(rows[0]["families"])
    removals = list(rows[0]["families"][families[0]])
    lines += [
        "",
        "| progress, mean over the pictures | " + " | ".join(removals) + " |",
        "|---|" + "---|" * len(removals),
    ]
    for family in families:
        means = [f"{np.mean([r['families'][family][k]['progress'] for r in rows]):.3f}" for k in removals]
        lines.append(f"| {family} | " + " | ".join(means) + " |")
    return "\n".join(lines) + "\n"


def too_visible(rows: list[dict[str, Any]]) -> list[str]:
    """What broke its limit."""
    broken = []
    for row in rows:
        broken += [f"{row['name']}: {k} {row['seen'][k]} > {v}" for k, v in LIMITS.items() if row["seen"][k] > v]
        if row["seen"]["tint"]:
            broken.append(f"{row['name']}: tint {row['seen']['tint']}")
    return broken


def main() -> int:
    """Run what is missing, print and write the table; 1 if a picture is more visible than it may be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="the folder that has yardstick/ and art/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--render", type=Render, default=Render.DEFAULT, choices=list(Render))
    parser.add_argument("--intensity", type=Intensity, default=Intensity.DEFAULT, choices=list(Intensity))
    parser.add_argument("--only", help="a part of a picture's name")
    args = parser.parse_args()
    sys.path.insert(0, str(args.shared / "yardstick"))
    args.out.mkdir(parents=True, exist_ok=True)
    record = args.out / "figures.json"
    rows: list[dict[str, Any]] = json.loads(record.read_text()) if record.exists() else []
    settings = GlazeSettings(render=args.render, intensity=args.intensity, save_decoy=True)
    for name in PICTURES:
        if any(row["name"] == name for row in rows) or (args.only and args.only not in name):
            continue
        rows.append(one(args.shared, name, args.out, settings))
        record.write_text(json.dumps(rows, indent=1))
        print(table(rows[-1:]).splitlines()[2], flush=True)
    (args.out / "table.md").write_text(table(rows))
    print(table(rows))
    broken = too_visible(rows)
    print("\n".join(broken) or "every picture keeps its limits")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
