"""How well the bundled eye stands in for LPIPS, on finished glazes of pictures of every genre.

    python -m benchmarks.eye --shared ../shared --out runs/eye

The loop presses against the eye's estimate, so what counts is not how well the eye agrees with LPIPS on any change, but
on the very changes that were made to please it. Each picture is glazed with the estimate, and LPIPS itself then judges
the file: what `EYE_MARGIN` in glaze/fitting.py has to leave room for. Those of benchmarks/art.py are left out;
docs/measured.md has what LPIPS found on those.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.pictures import THIRTY
from glaze.artwork import open_artwork
from glaze.canvas import over_white
from glaze.glazing import glaze
from glaze.settings import GlazeSettings, Intensity, Render
from glaze.visibility import Original
from glaze.visibility.lpips import Lpips


def _shown(path: Path) -> Image.Image:
    artwork = open_artwork(path)
    return over_white(artwork.pixels, artwork.alpha)


def main() -> None:
    """Glaze, judge, print one line a picture and the spread."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="the folder that has lpips/ and art/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--each", type=int, default=2, help="pictures of each genre")
    parser.add_argument("--render", type=Render, default=Render.FAST, choices=list(Render))
    parser.add_argument("--intensity", type=Intensity, default=Intensity.DEFAULT, choices=list(Intensity))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    lpips = Lpips(args.shared / "lpips" / "squeezenet.safetensors")
    settings = GlazeSettings(render=args.render, intensity=args.intensity)
    rows: list[dict[str, object]] = []
    ratios: list[float] = []
    for genre in sorted(p for p in (args.shared / "art").iterdir() if p.is_dir()):
        art = [p for p in sorted(genre.iterdir()) if f"{genre.name}/{p.stem}" not in THIRTY]
        for path in art[:: max(1, len(art) // args.each)][: args.each]:
            finished = glaze(path, settings, folder=args.out)
            truth = Original(_shown(path), lpips, grey=False).compare(_shown(finished.result)).lpips
            estimate = finished.visibility.lpips
            ratios.append(truth / max(estimate, 1e-6))
            row: dict[str, object] = {
                "picture": f"{genre.name}/{path.stem}",
                "estimate": round(estimate, 4),
                "lpips": round(truth, 4),
            }
            row["lpips_over_estimate"] = round(ratios[-1], 2)
            row["style_distance"] = round(finished.report.mean_style_distance, 1)
            rows.append(row)
            print(json.dumps(row), flush=True)
            (args.out / "figures.json").write_text(json.dumps(rows, indent=1))
    low, middle, high = np.percentile(ratios, (5, 50, 95))
    print(f"LPIPS over its estimate: median {middle:.2f}, 5 % {low:.2f}, 95 % {high:.2f}, most {max(ratios):.2f}")


if __name__ == "__main__":
    main()
