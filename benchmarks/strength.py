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
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from benchmarks.peers import PEERS, Task
from glaze.artwork import open_artwork
from glaze.canvas import Canvas, make_canvas, to_tensor
from glaze.cloak import cloak
from glaze.decoys.choose import choose
from glaze.decoys.redraw import redraw
from glaze.decoys.styles import draw_style
from glaze.encoders import BundledEncoder, Encoder, Ensemble, load_tiny
from glaze.fitting import inside
from glaze.settings import Effort, Intensity, Render
from glaze.visibility import Original, Visibility, Watch
from glaze.visibility.lpips import Lpips
from glaze.weights import load_bundled

Picture = NDArray[np.uint8]

PICTURES: Final = (
    "paintings/claude-monet__water-lilies",
    "flat_illustration/kate-hazen__pop-m3lvin",
    "anime/ren-py-demo-art__bg-club",
    "photo/scikit-image-data__astronaut",
    "watercolour/beatrix-potter__illustration-108",
    "ink_lineart/john-tenniel__alice-illustration-15",
    "monochrome_wash/sidney-sime__book-of-wonder-1",
    "render3d/",
)
FAMILIES: Final = ("sd1", "sdxl", "flux1", "flux2")
SIDE: Final = 512
BUDGET: Final = Intensity.DEFAULT.budget
MOST_SCALE: Final = 4.0
HALVINGS: Final = 9
CURVE: Final = (12, 25, 50, 100, 200)
OURS: Final = ("glaze", "bundled")
SHORT_RUNS: Final = (8, 12, 24)  # of ours, to see when it is as strong as the best peer

Row = dict[str, Any]


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

    def grain(self, sigma: float) -> Picture:
        """The picture with Gaussian noise of `sigma` levels."""
        grain = np.random.default_rng(0).normal(0, sigma, self.picture.shape)
        return np.clip(np.rint(self.picture + grain), 0, 255).astype(np.uint8)

    def _noise(self, sigma: float) -> tuple[float, dict[tuple[str, str], float]]:
        """The LPIPS and the moves of Gaussian noise."""
        noisy = self.grain(sigma)
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

    def scaled(self, change: Tensor) -> tuple[Picture, float, Visibility]:
        """The change as strong as it may be, laid on in 8 bits; on grey art its grey part."""
        if self.original.grey:
            change = change.mean(1, keepdim=True).expand_as(change)
        low, high, best = 0.0, MOST_SCALE, self.picture
        seen = self.original.compare(Image.fromarray(best))
        for _ in range(HALVINGS):
            scale = (low + high) / 2
            moved = torch.tensor(self.picture).permute(2, 0, 1)[None].float() + 255 * scale * change
            laid = moved.round().clamp(0, 255).byte()[0].permute(1, 2, 0).numpy()
            figures = self.original.compare(Image.fromarray(laid))
            if figures.within(BUDGET):
                low, best, seen = scale, laid, figures
            else:
                high = scale
        return best, low, seen


def prepare(shared: Path, name: str, index: int, out: Path, removals: tuple[str, ...]) -> Bench:
    """Cut the square, choose and redraw the decoy, load the encoders."""
    import yardstick

    folder, start = name.split("/")
    original = min((shared / "art" / folder).glob(f"{start}*"))
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
    style = choose(canvas.picture, bundled, 0).name
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
        change = to_tensor(bench.gauge.grain(8.0)) - bench.canvas.picture
    elif method in OURS:
        change = ours(bench, method, steps)
    else:
        change = PEERS[method].run(task, steps) - bench.canvas.picture
        goal = PEERS[method].goal(task)
    seconds = time.monotonic() - started
    glazed, scale, seen = bench.scaled(change)
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


def _race_lines(rows: list[Row]) -> list[str]:
    lines = [
        "| picture | ours | as strong as | after steps | seconds | the peer's | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    run = races(rows)
    for race in run:
        cells = (race.picture, race.method, race.peer, str(race.steps), f"{race.seconds:.1f}", f"{race.published:.0f}")
        lines.append("| " + " | ".join((*cells, f"1/{race.published / race.seconds:.0f}")) + " |")
    for method in OURS:
        ratios = [race.published / race.seconds for race in run if race.method == method]
        if ratios:
            lines.append(f"| **geometric mean** | {method} | | | | | 1/{np.exp(np.mean(np.log(ratios))):.0f} |")
    return lines


def table(rows: list[Row]) -> str:
    """Markdown: the means of each loop over the pictures that all of them have done, and ours over the best peer's.

    Then picture by picture against each one's best peer, what survives each removal, and how soon ours gets there. A
    loop that was run with several numbers of steps counts with the most of them.
    """
    most: dict[tuple[str, str], Row] = {}
    for row in sorted(rows, key=lambda row: int(row["steps"])):
        most[row["picture"], row["method"]] = row
    methods = sorted({method for _, method in most}, key=lambda method: (method in OURS, method))
    names = dict.fromkeys(row["picture"] for row in rows)
    pictures = [p for p in names if all((p, method) in most for method in methods)]
    columns = ("progress", "known", "left_out", "move", "gain", "survival", "seconds")
    figures = {(p, m): summary(most[p, m]) for p in pictures for m in methods}
    lines = [f"Means over {len(pictures)} pictures.", "", "| loop | steps | " + " | ".join(columns) + " |"]
    lines.append("|---|---|" + "---|" * len(columns))
    means = {m: {c: float(np.mean([figures[p, m][c] for p in pictures])) for c in columns} for m in methods}
    for method, row in means.items():
        cells = [f"{row[c]:.1f}" if c == "seconds" else f"{row[c]:.3f}" for c in columns]
        steps = max(most[p, method]["steps"] for p in pictures)
        lines.append(f"| {method} | {steps or '-'} | " + " | ".join(cells) + " |")
    peers, own = [m for m in methods if m in PEERS], [m for m in methods if m in OURS]
    if peers and own:
        lines += ["", "| ours over the best peer's | " + " | ".join(columns[:3]) + " |", "|---|---|---|---|"]
        best = {c: max(means[m][c] for m in peers) for c in columns[:3]}
        lines += [f"| {m} | " + " | ".join(f"{means[m][c] / best[c]:.2f}" for c in columns[:3]) + " |" for m in own]
        lines += ["", "| picture | best peer | | " + " | ".join(f"{m} | left out" for m in own) + " |"]
        lines.append("|---|---|---|" + "---|---|" * len(own))
        for p in pictures:
            first = max(peers, key=lambda m: figures[p, m]["progress"])
            top = {c: max(figures[p, m][c] for m in peers) for c in ("progress", "left_out")}
            cells = [f"{figures[p, m][c]:.3f} ({figures[p, m][c] / top[c]:.2f})" for m in own for c in top]
            lines.append(f"| {p} | {first} | {top['progress']:.3f} | " + " | ".join(cells) + " |")
    if own:
        left = {m: [survival(most[p, m]) for p in pictures] for m in own}
        removals = list(left[own[0]][0])
        lines += ["", "| what survives | " + " | ".join(removals) + " |", "|---|" + "---|" * len(removals)]
        for m in own:
            lines.append(
                f"| {m} | " + " | ".join(f"{np.mean([part[r] for part in left[m]]):.2f}" for r in removals) + " |"
            )
        lines += ["", *_race_lines(rows)]
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


def plan(args: argparse.Namespace) -> Iterator[tuple[int, str, list[tuple[str, int]]]]:
    """(index, picture, loops with their steps), in the order in which they run."""
    for index, name in enumerate(PICTURES[: args.pictures]):
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
    parser.add_argument("--pictures", type=int, default=len(PICTURES), help="only the first so many")
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
        bench = prepare(args.shared, name, index, args.out, removals)
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
