"""Time and memory from small files to large ones, and how near the loop comes to what the machine can do, in one run.

    python -m benchmarks.speed --out runs/speed
    python -m benchmarks.speed --out runs/card --device cuda

Every size is glazed in a process of its own, a drawn picture; a line each, with the ratio to the first. Then the share
of the machine's convolution rate that the loop reaches: the floating-point operations of its convolutions and matrix
products, divided by its seconds, over the best rate of a plain convolution in the loop's precision. What is no
convolution (removals, colour differences, FLIP's curves, Adam) takes time and counts for nothing. Everything runs on as
many threads as torch is given (OMP_NUM_THREADS). Writes figures.json; `--sizes` alone, with nothing after it, leaves
the sizes out.
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

import numpy as np
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from glaze.artwork import open_artwork
from glaze.canvas import make_canvas, to_tensor
from glaze.cloak import cloak
from glaze.decoys.redraw import redraw
from glaze.decoys.styles import draw_style
from glaze.encoders import BundledEncoder
from glaze.fitting import inside
from glaze.precision import channels_last, fastest_precision
from glaze.settings import Effort, Intensity, Render
from glaze.visibility import Watch
from glaze.weights import load_bundled

SIZES = ("612x408", "1224x816", "6000x4000", "12240x8160")  # of one shape, so that their canvases are alike
SIDE = 512
FIRST_LOOKS = 18  # steps after which the loop has looked through every removal once, which it does not do again
STEPS = 40
CONVOLUTIONS = ((64, 128), (64, 256), (128, 128), (256, 64))  # channels, side in pixels
ROUNDS = 8


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


def convolution_rate(device: str) -> float:
    """The device's best rate, in operations a second, of a 3x3 convolution in the precision the loop takes on it."""
    precision, best = fastest_precision(device), 0.0
    with torch.inference_mode():
        for channels, side in CONVOLUTIONS:
            net = channels_last(torch.nn.Conv2d(channels, channels, 3, padding=1).to(device, precision))
            x = torch.randn(1, channels, side, side, device=device, dtype=precision)
            x = x.contiguous(memory_format=torch.channels_last)
            for _ in range(ROUNDS):
                start = time.perf_counter()
                # A card has computed it only when a number of it is read.
                net(x)[0, 0, 0, 0].item()
                seconds = time.perf_counter() - start
                best = max(best, 2 * 9 * channels**2 * side**2 / seconds)
    return best


def loop_rate(device: str) -> tuple[float, float]:
    """Operations of one step of the loop with the bundled network at 512 px on a device, and its seconds.

    What the loop does before its first step is left out, and so are the steps with first looks at artwork and decoy.
    """
    network = load_bundled(device)
    encoder = BundledEncoder(network)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        drawn(SIDE, SIDE, path)
        canvas = make_canvas(open_artwork(path), SIDE)
    redrawn = redraw(canvas.picture, to_tensor(draw_style("drip", 0, SIDE, SIDE)), encoder).to(device)
    canvas = canvas.to(torch.device(device))
    watch = Watch(canvas.picture, canvas.screen_scale, network.eye)
    budget = inside(Intensity.DEFAULT.budget, estimated=True)
    operations: list[int] = []
    # Counting slows every operation down, so one run counts and another is timed; the same seed does the same.
    counter = FlopCounterMode(display=False)
    with counter:
        cloak(
            canvas, redrawn, encoder, watch, budget, Effort(steps=STEPS, canvas=SIDE),
            on_iterate=lambda _: operations.append(counter.get_total_flops()),
        )  # fmt: skip
    moments: list[float] = []
    cloak(
        canvas, redrawn, encoder, watch, budget, Effort(steps=STEPS, canvas=SIDE),
        on_iterate=lambda _: moments.append(time.perf_counter()),
    )  # fmt: skip
    return float(np.diff(operations)[FIRST_LOOKS:].mean()), float(np.diff(moments)[FIRST_LOOKS:].mean())


def main() -> None:
    """Run every size, then the loop; print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="*", default=SIZES)
    parser.add_argument("--render", type=Render, default=Render.DEFAULT, choices=list(Render))
    parser.add_argument("--device", default="cpu", help='where, by torch\'s name: "cuda" (default: %(default)s)')
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    # Of the glazes, too; a device that is named is not tested first.
    os.environ["GLAZE_DEVICE"] = args.device
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
    rate = convolution_rate(args.device)
    operations, seconds = loop_rate(args.device)
    share = operations / seconds / rate
    print(
        f"{args.device}, {torch.get_num_threads()} threads: a step of {seconds:.2f} s does "
        f"{operations / 1e9:.0f} G operations, {share:.0%} of the {rate / 1e9:.0f} G a second of a plain convolution"
    )
    loop = {
        "device": args.device,
        "threads": torch.get_num_threads(),
        "step_seconds": seconds,
        "step_operations": operations,
    }
    figures = {"sizes": rows, "loop": loop | {"convolution_rate": rate, "share": share}}
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
