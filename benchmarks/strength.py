"""Glaze beside the loops of its peers: same picture, same goal, same encoders, one process, equal visibility.

    python -m benchmarks.strength --shared ../shared --out runs/strength
    python -m benchmarks.strength --shared ../shared --out runs/strength-short --short

Each of eight pictures, one of every genre, is a 512 px square, as trainers crop it. One of the four families is left
out, in turn: the loops see the real tiny encoders of the other three and never that one. `glaze` is ours on these
encoders; `bundled` is ours with the bundled network alone, which no other loop may see. Every result's change is scaled
until the finished 8-bit picture just keeps all five bounds of visibility (real LPIPS, FLIP, flat areas, colour, grey
stays grey), and then measured through the yardstick's encoders and removals: `progress`, toward what the loop itself
aimed at, `move`, `gain` (move over that of Gaussian noise of the same LPIPS) and survival.

A loop runs as many steps as it is published with, or `--peer-steps` at most; `--curve` runs every peer with several
numbers of steps on the first two pictures instead, to show where more of them no longer help. Rows go into
strength.json as they are done and are not done again, so the command can be stopped and repeated. table.md and
strength.png are drawn from the rows. Seconds are told as they were: run it alone on the machine, or in equal company.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.peers import PEERS, Task
from benchmarks.pictures import ONE_OF_EVERY_GENRE
from benchmarks.standings import FAMILIES, OURS, Row, plot, summary, table
from benchmarks.visible import Picture, grain, scaled
from glaze.artwork import open_artwork
from glaze.canvas import Canvas, make_canvas, to_tensor
from glaze.cloak import cloak
from glaze.decoys.choose import choose
from glaze.decoys.redraw import redraw
from glaze.decoys.styles import draw_style
from glaze.encoders import BundledEncoder, Encoder, Ensemble, load_tiny
from glaze.fitting import inside
from glaze.settings import Effort, Intensity, Render
from glaze.visibility import Original, Watch
from glaze.visibility.lpips import Lpips
from glaze.weights import load_bundled

SIDE: Final = 512
BUDGET: Final = Intensity.DEFAULT.budget
CURVE: Final = (12, 25, 50, 100, 200)
SHORT_RUNS: Final = (8, 12, 24, 48)  # of ours, to see when it is as strong as the best peer


class Gauge:
    """What the yardstick's encoders see of one picture, removed and not; worked out once for all loops, and kept."""

    def __init__(self, picture: Picture, lpips: Lpips, removals: tuple[str, ...], kept: Path) -> None:
        import removals as washes  # type: ignore[import-not-found]  # the yardstick's, on sys.path since main()
        import yardstick  # type: ignore[import-not-found]

        self.picture, self.lpips, self.removals, self.washes = picture, lpips, removals, washes.REMOVALS
        self.spread: dict[str, float] = yardstick.SPREAD
        self.see: dict[str, Callable[[Picture], Tensor]] = {f: yardstick.encoder(f) for f in FAMILIES}
        if kept.exists():
            self.before, self.noises = torch.load(kept, weights_only=True)
            return
        self.before = {(f, r): self.see[f](self.washes[r](picture)) for f in FAMILIES for r in removals}
        self.noises = [self._noise(sigma) for sigma in (1.0, 3.0, 8.0, 20.0)]
        torch.save((self.before, self.noises), kept)

    def _distance(self, picture: Picture) -> float:
        with torch.no_grad():
            return float(self.lpips(to_tensor(self.picture), to_tensor(picture)))

    def _noise(self, sigma: float) -> tuple[float, dict[tuple[str, str], float]]:
        """The LPIPS and the moves of Gaussian noise."""
        noisy = grain(self.picture, sigma)
        return self._distance(noisy), {key: self._move(key, noisy) for key in self.before}

    def _move(self, key: tuple[str, str], glazed: Picture) -> float:
        change = self.see[key[0]](self.washes[key[1]](glazed)) - self.before[key]
        return float(change.square().mean().sqrt()) / self.spread[key[0]]

    def measure(self, glazed: Picture, goal: Picture | None) -> dict[str, dict[str, dict[str, float]]]:
        """family -> removal -> move, gain, progress. `goal`: the picture aimed at, None for the latent of all zeros.

        Noise of the very same LPIPS is interpolated between four strengths, on logarithmic scales.
        """
        lpips = max(self._distance(glazed), 1e-4)
        ladder = np.log([max(distance, 1e-5) for distance, _ in self.noises])
        out: dict[str, dict[str, dict[str, float]]] = {f: {} for f in FAMILIES}
        for family, rows in out.items():
            aim = None if goal is None else self.see[family](goal)
            for removal in self.removals:
                before = self.before[family, removal]
                change = self.see[family](self.washes[removal](glazed)) - before
                way = (torch.zeros_like(before) if aim is None else aim) - before
                move = change.square().mean().sqrt().item() / self.spread[family]
                toward = torch.cosine_similarity(change.flatten(), way.flatten(), 0).item()
                moves = np.log([noise[family, removal] for _, noise in self.noises])
                noise = float(np.exp(np.interp(np.log(lpips), ladder, moves)))
                rows[removal] = {"move": move, "gain": move / max(noise, 1e-6), "progress": move * toward}
        return out


@dataclass
class Bench:
    """One picture made ready: what every loop gets, and what judges it."""

    name: str
    picture: Picture
    canvas: Canvas
    redrawn: Tensor
    decoy_style: str
    left_out: str
    known: Ensemble
    bundled: Encoder
    likeness: Any
    lpips: Lpips
    original: Original
    gauge: Gauge


def prepare(
    shared: Path, name: str, index: int, out: Path, removals: tuple[str, ...], style: str | None = None
) -> Bench:
    """Cut the square, choose the decoy unless its style is named, redraw in it, load the encoders."""
    import yardstick

    original = min((shared / "art").glob(f"{name}.*"))
    picture: Picture = yardstick.at_training_size(yardstick.read(str(original)), SIDE)
    path = out / f"{original.stem}.png"
    Image.fromarray(picture).save(path)
    artwork = open_artwork(path)
    left_out = FAMILIES[index % len(FAMILIES)]
    teachers = shared / "teachers"
    known = Ensemble([load_tiny(teachers / f"{f}.safetensors", f) for f in FAMILIES if f != left_out])
    network = load_bundled()
    bundled = BundledEncoder(network)
    canvas = make_canvas(artwork, SIDE)
    style = style or choose(canvas.picture, bundled, 0).name
    redrawn = redraw(canvas.picture, to_tensor(draw_style(style, 0, SIDE, SIDE)), bundled)
    lpips = Lpips(shared / "lpips" / "squeezenet.safetensors").eval()
    return Bench(
        name=original.stem,
        picture=picture,
        canvas=canvas,
        redrawn=redrawn,
        decoy_style=style,
        left_out=left_out,
        known=known,
        bundled=bundled,
        likeness=network.eye,
        lpips=lpips,
        original=Original(Image.fromarray(picture), lpips, grey=artwork.grey),
        gauge=Gauge(picture, lpips, removals, out / f"{original.stem}-{len(removals)}.pt"),
    )


def ours(bench: Bench, method: str, steps: int) -> Tensor:
    """Our loop on the encoders that the peers have and LPIPS itself, or on the bundled network and its eye alone."""
    alone = method == "bundled"
    likeness = bench.likeness if alone else bench.lpips
    watch = Watch(bench.canvas.picture, bench.canvas.screen_scale, likeness, bench.canvas.enlargement)
    encoder: Encoder = bench.bundled if alone else bench.known
    aim = inside(BUDGET, estimated=alone)
    return cloak(bench.canvas, bench.redrawn, encoder, watch, aim, Effort(steps=steps, canvas=SIDE))


def run(bench: Bench, method: str, steps: int) -> Row:
    """One loop on one picture: run, scale, measure."""
    task = Task(bench.canvas.picture, bench.redrawn, bench.known.members, bench.lpips)
    started = time.monotonic()
    goal: Tensor | None = bench.redrawn
    if method == "noise":
        change = to_tensor(grain(bench.picture, 8.0)) - bench.canvas.picture
    elif method in OURS:
        change = ours(bench, method, steps)
    else:
        change = PEERS[method].run(task, steps) - bench.canvas.picture
        goal = PEERS[method].goal(task)
    seconds = time.monotonic() - started
    glazed, scale, seen = scaled(bench.picture, change, bench.original, BUDGET)
    aimed = None if goal is None else (goal[0] * 255).round().byte().permute(1, 2, 0).numpy()
    families = bench.gauge.measure(glazed, aimed)
    return {
        "picture": bench.name,
        "method": method,
        "steps": steps,
        "seconds": round(seconds, 2),
        "scale": round(scale, 3),
        "seen": seen.as_dict(),
        "decoy": bench.decoy_style,
        "left_out": bench.left_out,
        "families": {
            f: {r: {k: round(v, 4) for k, v in cell.items()} for r, cell in rows.items()}
            for f, rows in families.items()
        },
    }


def plan(args: argparse.Namespace) -> Iterator[tuple[int, str, list[tuple[str, int]]]]:
    """(index, picture, loops with their steps), in the order in which they run."""
    for index, name in enumerate(ONE_OF_EVERY_GENRE[: args.pictures]):
        if args.curve:
            steps = {peer: [n for n in CURVE if n < spec.steps] + [spec.steps] for peer, spec in PEERS.items()}
            yield index, name, [(peer, n) for peer, ns in steps.items() for n in ns]
            continue
        loops = [("noise", 0)]
        loops += [(method, n) for method in OURS for n in args.our_steps]
        loops += [(peer, min(spec.steps, args.peer_steps)) for peer, spec in PEERS.items()]
        yield index, name, loops


def main() -> None:
    """Run what is missing, write rows, table and plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="the folder of yardstick/, teachers/, lpips/, art/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=len(ONE_OF_EVERY_GENRE), help="only the first so many")
    parser.add_argument("--peer-steps", type=int, default=500, help="at most so many steps for a peer")
    parser.add_argument("--our-steps", type=int, nargs="+", default=[*SHORT_RUNS, Render.DEFAULT.effort.steps])
    parser.add_argument("--curve", action="store_true", help="every peer with several numbers of steps, two pictures")
    parser.add_argument("--short", action="store_true", help="two pictures, few steps, two removals: minutes")
    args = parser.parse_args()
    sys.path.insert(0, str(args.shared / "yardstick"))
    import removals as washes

    removals = tuple(washes.REMOVALS)
    if args.curve:
        args.pictures = min(args.pictures, 2)
        removals = ("none", "jpeg75")
    if args.short:
        args.pictures, args.peer_steps, args.our_steps, removals = 2, 12, [12], ("none", "jpeg75")
    args.out.mkdir(parents=True, exist_ok=True)
    record = args.out / "strength.json"
    rows: list[Row] = json.loads(record.read_text()) if record.exists() else []
    done = {(r["index"], r["method"], r["steps"]) for r in rows}
    for index, name, loops in plan(args):
        missing = [loop for loop in loops if (index, *loop) not in done]
        if not missing:
            continue
        # One decoy for all loops, also where some rows were made anew with another bundled network, which would choose
        # another.
        decoy = next((r["decoy"] for r in rows if r["index"] == index), None)
        bench = prepare(args.shared, name, index, args.out, removals, decoy)
        for method, steps in missing:
            rows.append({"index": index} | run(bench, method, steps))
            record.with_suffix(".part").write_text(json.dumps(rows, indent=1))
            record.with_suffix(".part").replace(record)
            figures = {k: round(v, 3) for k, v in summary(rows[-1]).items()}
            print(bench.name, method, steps, json.dumps(figures), flush=True)
    (args.out / "table.md").write_text(table(rows))
    plot(rows, args.out / "strength.png")
    print(table(rows))


if __name__ == "__main__":
    main()
