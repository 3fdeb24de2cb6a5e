"""Glaze thirty pictures of every genre, as an artist would, and measure them with the independent yardstick.

    python -m benchmarks.art --shared ../shared --out runs/art
    python -m benchmarks.art --shared ../shared --out runs/art-slow --render slow --only astronaut bg-club
    python -m benchmarks.art --shared ../shared --out runs/pack --pack --squares
    python -m benchmarks.art --shared ../shared --out runs/card --pack --device cuda

--pack puts the encoders of --shared and LPIPS where a person would put the standard pack, and Glaze finds them.
--squares takes the eight 512 px squares of benchmarks.strength instead, whose rows the means can be set beside.

Writes the glazes, figures.json and table.md into --out: whether every bound holds, strength, survival, and how long
each was said to take before it began beside how long it took. A picture that is already in figures.json is not glazed
again, so an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.pictures import ONE_OF_EVERY_GENRE, THIRTY
from glaze.glazing import Iterate, estimate, glaze
from glaze.packs.manifest import STANDARD, load_pack
from glaze.settings import GlazeSettings, Intensity, Render
from glaze.weights import lpips_path

SIDE = 512
LIMITS = {"lpips": 0.05, "flip": 0.08, "flat": 1.5, "colour": 5.0}
COLUMNS = ("progress", "move", "gain", "survival")


def measure(original: Path, result: Path, decoy: Path) -> dict[str, Any]:
    """The yardstick's figures of one glaze."""
    import yardstick  # type: ignore[import-not-found]  # outside the project, on sys.path since main()

    pictures = [yardstick.read(str(p)) for p in (original, result, decoy)]
    figures: dict[str, Any] = yardstick.measure(pictures[0], pictures[1], decoy=pictures[2])
    return figures


def place(shared: Path, folder: Path) -> None:
    """Put what `shared` has of the standard pack into a folder, under the pack's own names."""
    folder.mkdir(exist_ok=True)
    for item in load_pack(STANDARD).items:
        if item.family is None:
            shutil.copyfile(shared / "lpips" / "squeezenet.safetensors", folder / lpips_path().name)
        elif (teacher := shared / "teachers" / f"{item.family}.safetensors").exists():
            shutil.copyfile(teacher, folder / item.targets[0])


def square(original: Path, folder: Path) -> Path:
    """The middle of a picture at 512 px, as trainers crop it."""
    import yardstick

    path = folder / f"{original.stem}.png"
    Image.fromarray(yardstick.at_training_size(yardstick.read(str(original)), SIDE)).save(path)
    return path


def one(original: Path, name: str, out: Path, settings: GlazeSettings) -> dict[str, Any]:
    """Glaze and measure one picture."""
    with Image.open(original) as picture:
        said = estimate(picture.size, settings)
    iterates: list[Iterate] = []
    finished = glaze(original, settings, folder=out, on_iterate=iterates.append)
    assert finished.decoy
    figures = measure(original, finished.result, finished.decoy)
    figures["ours"] = finished.visibility.as_dict() | finished.report.as_dict()
    figures["advice"] = [advice.key for advice in finished.advice]
    seconds = {"seconds": round(finished.seconds, 1), "said": round(said, 1), "loop": round(iterates[-1].elapsed, 1)}
    return figures | {"name": name, "decoy": finished.decoy_style} | seconds


def _left(row: dict[str, Any], removal: str) -> float:
    """The part of the move that is left after a removal, mean over the families."""
    return float(np.mean([f[removal]["move"] / max(f["none"]["move"], 1e-6) for f in row["families"].values()]))


def pictures(rows: list[dict[str, Any]], columns: Sequence[str] = COLUMNS, *, timed: bool = True) -> list[str]:
    """Markdown: one line a picture and the means. columns: of the yardstick's summary; timed: with seconds."""
    head = [*LIMITS, "tint", *columns, "strength", *(("seconds", "said") if timed else ())]
    lines = ["| picture | decoy | " + " | ".join(head) + " |", "|---|---|" + "---|" * len(head)]
    for row in rows:
        tint = row["seen"]["tint"]
        cells = [f"{row['seen'][k]}" for k in LIMITS] + ["-" if tint is None else str(tint)]
        cells += [f"{row['summary'][k]}" for k in columns] + [f"{row['ours']['strength_percent']:.1f} %"]
        if timed:
            cells += [f"{row['seconds']:.0f}", f"{row['said']:.0f}"]
        lines.append(f"| {row['name'].split('/')[1]} | {row['decoy']} | " + " | ".join(cells) + " |")
    means = ["" for _ in (*LIMITS, "tint")] + [f"**{np.mean([r['summary'][k] for r in rows]):.3f}**" for k in columns]
    means.append(f"{np.mean([r['ours']['strength_percent'] for r in rows]):.1f} %")
    if timed:
        means += [f"{np.mean([r['seconds'] for r in rows]):.0f}", ""]
    return [*lines, "| **mean** | | " + " | ".join(means) + " |"]


def progress(rows: list[dict[str, Any]]) -> list[str]:
    """Markdown: progress by family and removal, mean over the pictures."""
    families = list(rows[0]["families"])
    removals = list(rows[0]["families"][families[0]])
    lines = ["| progress, mean over the pictures | " + " | ".join(removals) + " |", "|---|" + "---|" * len(removals)]
    for family in families:
        means = [f"{np.mean([r['families'][family][k]['progress'] for r in rows]):.3f}" for k in removals]
        lines.append(f"| {family} | " + " | ".join(means) + " |")
    return lines


def survival(rows: list[dict[str, Any]]) -> list[str]:
    """Markdown: survival by removal, mean over the pictures."""
    removals = [removal for removal in next(iter(rows[0]["families"].values())) if removal != "none"]
    left = " | ".join(f"{np.mean([_left(row, removal) for row in rows]):.2f}" for removal in removals)
    head = "| survival, mean over the pictures | " + " | ".join(removals) + " |"
    return [head, "|---|" + "---|" * len(removals), f"| all families | {left} |"]


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: the pictures, progress and survival, and how well the seconds were foreseen."""
    ratios = [row["seconds"] / row["said"] for row in rows]
    outside = sum(not 1 / 1.5 <= ratio <= 1.5 for ratio in ratios)
    told = f"Seconds over those that were said: {min(ratios):.2f} to {max(ratios):.2f}, {outside} outside 1.5."
    return "\n".join([*pictures(rows), "", *progress(rows), "", *survival(rows), "", told]) + "\n"


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
    parser.add_argument("--only", nargs="+", default=[""], help="parts of pictures' names")
    parser.add_argument("--pack", action="store_true", help="with the standard pack, as far as --shared has it")
    parser.add_argument("--squares", action="store_true", help="the eight squares of benchmarks.strength")
    parser.add_argument("--device", help='where, by torch\'s name: "cuda" (default: the best one that proves itself)')
    args = parser.parse_args()
    if args.device:
        os.environ["GLAZE_DEVICE"] = args.device
    sys.path.insert(0, str(args.shared / "yardstick"))
    args.out.mkdir(parents=True, exist_ok=True)
    # Whatever packs this computer has are not to decide.
    os.environ["GLAZE_PACKS"] = str(args.out / "packs")
    if args.pack:
        place(args.shared, args.out / "packs")
    record = args.out / "figures.json"
    rows: list[dict[str, Any]] = json.loads(record.read_text()) if record.exists() else []
    settings = GlazeSettings(render=args.render, intensity=args.intensity, save_decoy=True)
    for name in ONE_OF_EVERY_GENRE if args.squares else THIRTY:
        if any(row["name"] == name for row in rows) or not any(text in name for text in args.only):
            continue
        original = min((args.shared / "art").glob(f"{name}.*"))
        rows.append(one(square(original, args.out) if args.squares else original, name, args.out, settings))
        record.write_text(json.dumps(rows, indent=1))
        print(table(rows[-1:]).splitlines()[2], flush=True)
    (args.out / "table.md").write_text(table(rows))
    print(table(rows))
    broken = too_visible(rows)
    print("\n".join(broken) or "every picture keeps its limits")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
