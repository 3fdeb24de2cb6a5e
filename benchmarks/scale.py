"""Time and memory from small files to large ones, each in a process of its own, side by side in one run.

    python -m benchmarks.scale --sizes 1000x750 4000x3000 --out runs/scale

Pictures are drawn; prints a line each, with the ratios to the first, and writes figures.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from glaze.decoys.styles import draw_style
from glaze.settings import Render


def drawn(width: int, height: int, path: Path) -> None:
    """A picture with texture, written as PNG: a drawn style enlarged."""
    Image.MAX_IMAGE_PIXELS = None
    small = Image.fromarray(draw_style("impasto", 3, 1000, max(64, 1000 * height // width)))
    small.resize((width, height), Image.Resampling.BICUBIC).save(path, compress_level=1)


def run(path: Path, render: Render) -> tuple[float, float]:
    """Seconds and peak memory in GB of one `python -m glaze apply`."""
    command = [sys.executable, "-m", "glaze", "apply", str(path), "--render", render, "--out", str(path.parent / "out")]
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"glaze failed with {process.returncode}")
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return seconds, kilobytes * 1024 / 1e9


def main() -> None:
    """Run every size, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["1000x750", "4000x3000"])
    parser.add_argument("--render", type=Render, default=Render.DEFAULT, choices=list(Render))
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    rows: list[dict[str, float | str]] = []
    with tempfile.TemporaryDirectory() as folder:
        for size in args.sizes:
            width, height = (int(side) for side in size.split("x"))
            path = Path(folder) / f"{size}.png"
            drawn(width, height, path)
            seconds, gigabytes = run(path, args.render)
            first = float(rows[0]["seconds"]) if rows else seconds
            rows.append({"size": size, "seconds": round(seconds, 1), "gigabytes": round(gigabytes, 2)})
            print(f"{size:>12}  {seconds:6.1f} s ({seconds / first:.2f} x the first)  {gigabytes:.2f} GB", flush=True)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "figures.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
