"""What Intensity and Render quality change: two drawn pictures glazed at every intensity, one at every render level.

    python -m benchmarks.levels --out docs

Writes levels.json (a row for every picture and level: strength and survival as the report tells them, visibility,
seconds and those that were said beforehand) and, for every intensity, a detail of the finished picture at its own
pixels as levels/PICTURE-LEVEL.webp, without loss: a lossy copy would show its own noise. A level that is in levels.json
is not done again, so an interrupted run goes on where it stopped. The pictures are the project's own
(benchmarks.drawn), the engine is the bundled network, LPIPS is its estimate.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any, Final

from PIL import Image

from benchmarks.drawn import PICTURES
from glaze.glazing import estimate, glaze
from glaze.settings import GlazeSettings, Intensity, Render

SIZE: Final = (1200, 800)
DETAIL: Final = 240  # pixels
# Where one would look first: a smooth sky in strokes; flat colours that meet. Left and top, in pixels.
DETAILS: Final = {"evening": (700, 60), "boat": (440, 270)}
INTENSITIES: Final = tuple((Render.DEFAULT, intensity) for intensity in Intensity)
LEVELS: Final = {"evening": (*INTENSITIES, *((render, Intensity.DEFAULT) for render in Render)), "boat": INTENSITIES}

Row = dict[str, Any]


def detail(path: Path, name: str, out: Path) -> None:
    """Save the part of a picture that DETAILS names."""
    left, top = DETAILS[name]
    with Image.open(path) as picture:
        part = picture.convert("RGB").crop((left, top, left + DETAIL, top + DETAIL))
    part.save(out, lossless=True, quality=100, method=6)


def one(original: Path, settings: GlazeSettings, out: Path) -> Row:
    """Glaze at one level; the row, and where it is an intensity's own, the detail."""
    said = estimate(SIZE, settings)
    finished = glaze(original, settings, folder=original.parent / "out")
    if settings.render is Render.DEFAULT:
        detail(finished.result, original.stem, out / f"{original.stem}-{settings.intensity}.webp")
    report = finished.report
    return {
        "picture": original.stem,
        "render": str(settings.render),
        "intensity": str(settings.intensity),
        "steps": settings.render.effort.steps,
        "decoy": finished.decoy_style,
        "strength": round(report.strength, 1),
        "style_distance": round(report.mean_style_distance, 1),
        "survival": round(report.mean_survival, 3),
        "seen": finished.visibility.as_dict(),
        "advice": [advice.key for advice in finished.advice],
        "seconds": round(finished.seconds, 1),
        "said": round(said, 1),
    }


def main() -> None:
    """Glaze what is missing; write rows and details."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    record, details = args.out / "levels.json", args.out / "levels"
    details.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = json.loads(record.read_text()) if record.exists() else []
    with tempfile.TemporaryDirectory() as folder:
        # Whatever packs this computer has are not to decide.
        os.environ["GLAZE_PACKS"] = str(Path(folder) / "packs")
        for name, levels in LEVELS.items():
            original = Path(folder) / f"{name}.png"
            PICTURES[name](*SIZE).save(original)
            detail(original, name, details / f"{name}-before.webp")
            for render, intensity in levels:
                if any((row["picture"], row["render"], row["intensity"]) == (name, render, intensity) for row in rows):
                    continue
                rows.append(one(original, GlazeSettings(render=render, intensity=intensity), details))
                record.write_text(json.dumps(rows, indent=1) + "\n")
                print(rows[-1], flush=True)


if __name__ == "__main__":
    main()
