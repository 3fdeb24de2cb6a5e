"""Does a mimic that learns from glazed art learn the wrong style? A trial on small generators in real latent spaces.

    python -m benchmarks.mimicry --shared ../shared --out runs/mimicry
    python -m benchmarks.mimicry --shared ../shared --out runs/mimicry-short --short
    python -m benchmarks.mimicry --shared ../shared --out runs/mimicry --base-only

A base generator learns everybody's pictures but the targets'. For each target, case, washing and seed a mimic of it
learns that artist's pictures as the case left them, and judges that no loop attacked say how near its samples come to
the artist (docs/mimicry.md). Rows go into mimicry.json as they are done, bases and glazed squares are kept, so the
command can be stopped and repeated, and cases, washings, seeds and artists added. table.md, mimicry.png and a sheet of
samples for every artist are drawn from the rows.

Bases and mimics run on --device; squares are glazed on the processor.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path

import torch

from benchmarks.mimicry.artists import TARGETS, find_artists
from benchmarks.mimicry.base import Base, Recipe, train_base
from benchmarks.mimicry.cases import CASES
from benchmarks.mimicry.court import Court, Looks, open_court
from benchmarks.mimicry.drawings import plot, sheet
from benchmarks.mimicry.generator import Shape
from benchmarks.mimicry.judges import Judges
from benchmarks.mimicry.mimic import Lessons
from benchmarks.mimicry.space import Space, load_space
from benchmarks.mimicry.tables import table
from benchmarks.mimicry.trial import Book, Plan, Trial, other_family
from benchmarks.mimicry.washes import WASHES, through
from benchmarks.mimicry.workshop import Efforts, Workshop


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line; --short stands for smaller numbers of what was not given."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.mimicry", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, required=True, help="the folder of art/, teachers/, lpips/, judges/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--families", nargs="+", default=["sd1", "flux1"], help="in whose latents generators work")
    parser.add_argument("--artists", nargs="+", default=list(TARGETS[:4]), choices=TARGETS)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--washes", nargs="*", default=list(Plan.washes), choices=WASHES)
    parser.add_argument("--washed", nargs="*", default=list(Plan.washed), choices=list(CASES), help="cases to wash too")
    parser.add_argument("--seeds", nargs="+", type=int, default=list(Plan.seeds))
    parser.add_argument("--base-only", action="store_true", help="train the bases and stop")
    parser.add_argument("--base-steps", type=int, default=Recipe.steps)
    parser.add_argument("--side", type=int, default=Efforts.side, help="side of the squares, in pixels")
    parser.add_argument("--window", type=int, default=Shape.side, help="side of what is generated, in cells of 8 px")
    parser.add_argument("--widths", nargs="+", type=int, default=list(Shape.widths), help="of the generator's levels")
    parser.add_argument("--given", type=int, default=Plan.given, help="pictures for a mimic, half the artist's at most")
    parser.add_argument("--our-steps", type=int, default=Efforts.ours)
    parser.add_argument("--peer-steps", type=int, default=Efforts.peers)
    parser.add_argument("--lessons", type=int, default=Lessons.steps, help="a mimic's steps")
    parser.add_argument("--rate", type=float, default=Lessons.rate, help="a mimic's learning rate")
    parser.add_argument(
        "--guidance", type=float, default=Lessons.guidance, help="1: as the mimic learned; more: beyond"
    )
    parser.add_argument("--samples", type=int, default=Lessons.samples)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--float32", action="store_true", help="not in bfloat16: for processors that lack it")
    parser.add_argument("--short", action="store_true", help="two artists, few steps: minutes, and no evidence")
    short = {
        "families": ["sd1"],
        "artists": list(TARGETS[2:4]),
        "cases": ["clean", "noise", "bundled", "photoguard"],
        "washes": ["jpeg75"],
        "washed": ["bundled"],
        "seeds": [0],
        "base_steps": 200,
        "widths": [32, 64, 128],
        "given": 2,
        "side": 256,
        "our_steps": 12,
        "peer_steps": 4,
        "lessons": 40,
        "samples": 16,
    }
    if parser.parse_known_args(argv)[0].short:
        parser.set_defaults(**short)
    return parser.parse_args(argv)


def bases(args: argparse.Namespace) -> dict[str, Base]:
    """The base of every family, trained as far as it is not yet."""
    shape = Shape(side=args.window, widths=tuple(args.widths))
    recipe = replace(Recipe(), steps=args.base_steps, side=args.side)
    return {
        family: train_base(
            args.shared / "art",
            args.shared / "teachers" / f"{family}.safetensors",
            args.out / family,
            shape,
            recipe,
            args.device,
            bfloat16=not args.float32,
        )
        for family in args.families
    }


def plan(args: argparse.Namespace) -> Plan:
    """The cells that the command line asks for."""
    return Plan(
        artists=tuple(args.artists),
        cases=tuple(args.cases),
        washes=tuple(args.washes),
        washed=tuple(args.washed),
        seeds=tuple(args.seeds),
        lessons=replace(Lessons(), steps=args.lessons, rate=args.rate, samples=args.samples, guidance=args.guidance),
        given=args.given,
    )


def court(args: argparse.Namespace, work: Plan, space: Space) -> Court:
    """The judges, with what they know of clean pictures. All targets are kept apart, whichever of them are tried."""
    artists = find_artists(args.shared / "art")
    targets: dict[str, tuple[Path, ...]] = {name: work.gives(artists[name]) for name in TARGETS if name in artists}
    judges = Judges(
        args.shared / "judges" / "mobilenetv2.safetensors",
        args.shared / "lpips" / "squeezenet.safetensors",
        args.device,
    )
    looks = Looks(8 * args.window, args.side, space.trip)
    return open_court(artists, targets, judges, looks, args.out / space.family / "seen.pt")


def main(argv: list[str] | None = None) -> None:
    """Do what is missing, write rows, table, plot and sheets."""
    args = parse(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    trained = bases(args)
    if args.base_only:
        return
    work, efforts = plan(args), Efforts(args.side, args.our_steps, args.peer_steps)
    courts = {family: court(args, work, base.space) for family, base in trained.items()}
    settings = {
        "shape": asdict(next(iter(trained.values())).shape),
        "lessons": asdict(work.lessons),
        "efforts": asdict(efforts),
        "given": work.given,
        "bfloat16": not args.float32,
    }
    book = Book(args.out / "mimicry.json", settings)
    teachers = args.shared / "teachers"
    workshop = Workshop(teachers, args.shared / "lpips" / "squeezenet.safetensors", efforts, args.out / "squares")
    for family, base in trained.items():
        other = other_family(family, sorted(workshop.encoders))
        trip = through(load_space(teachers / f"{other}.safetensors", args.device, bfloat16=not args.float32))
        Trial(base, courts[family], workshop, trip, book, args.out / "strips").run(
            work, find_artists(args.shared / "art")
        )
    finish(args.out, book)


def finish(out: Path, book: Book) -> None:
    """Table, plot and sheets of a book."""
    text = table(json.loads(book.path.read_text(encoding="utf-8")))
    (out / "table.md").write_text(text, encoding="utf-8")
    plot(book.rows, out / "mimicry.png")
    for family, artist in dict.fromkeys((row["family"], row["artist"]) for row in book.rows):
        sheet(book.rows, family, artist, out / "strips", out / f"{family}-{artist}.jpg")
    print(text)


if __name__ == "__main__":
    main()
