"""The trial: a mimic for every artist, case, washing and seed, each judged and written down as it is done."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from benchmarks.mimicry.artists import Artist
from benchmarks.mimicry.base import Base
from benchmarks.mimicry.cases import BASE, CASES, CLEAN
from benchmarks.mimicry.court import Court
from benchmarks.mimicry.mimic import Lessons, draw, teach
from benchmarks.mimicry.washes import PLAIN, ROUND_TRIP, UNWASHED, WASHES, Wash
from benchmarks.mimicry.workshop import Workshop

Row = dict[str, Any]
SHOWN = 8  # samples of each cell that are kept as a strip


@dataclass(frozen=True)
class Plan:
    """Which cells there are. `washed`: the cases that are washed as well."""

    artists: tuple[str, ...]
    cases: tuple[str, ...] = tuple(CASES)
    washes: tuple[str, ...] = tuple(wash for wash in WASHES if wash != UNWASHED)
    washed: tuple[str, ...] = (CLEAN, "noise", "bundled", "ensemble", "photoguard")
    seeds: tuple[int, ...] = (0, 1, 2)
    lessons: Lessons = field(default_factory=Lessons)
    given: int = 8

    def gives(self, artist: Artist) -> tuple[Path, ...]:
        """What a mimic of an artist gets: `given` pictures, at most half of them."""
        return artist.split(min(self.given, len(artist.pictures) // 2))[0]

    def cells(self) -> Iterator[tuple[str, str, str]]:
        """(artist, case, wash), anchors and unwashed cells first, so that an interrupted run says something."""
        for artist in self.artists:
            yield artist, CLEAN, UNWASHED
        for case in self.cases:
            yield from ((artist, case, UNWASHED) for artist in self.artists if case != CLEAN)
        for wash in self.washes:
            yield from ((artist, case, wash) for case in self.washed if case in self.cases for artist in self.artists)


class Book:
    """The rows of a trial, in one file, written whole after each.

    Raises ValueError where the file's rows come from other settings.
    """

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        self.path = path
        self.settings = json.loads(json.dumps(settings))
        known: dict[str, Any] = {"settings": self.settings, "accuracy": {}, "rows": []}
        if path.exists():
            known = json.loads(path.read_text(encoding="utf-8"))
        if known["settings"] != self.settings:
            raise ValueError(f"{path} was made with {known['settings']}, not {self.settings}: name another --out")
        self.rows: list[Row] = known["rows"]
        self.accuracy: dict[str, dict[str, float]] = known["accuracy"]

    def has(self, **key: Any) -> bool:
        return any(all(row[name] == value for name, value in key.items()) for row in self.rows)

    def add(self, row: Row) -> None:
        self.rows.append(row)
        text = json.dumps({"settings": self.settings, "accuracy": self.accuracy, "rows": self.rows}, indent=1)
        self.path.with_suffix(".part").write_text(text + "\n", encoding="utf-8")
        self.path.with_suffix(".part").replace(self.path)


class Trial:
    """Everything that cells need, and the book they are written into."""

    def __init__(self, base: Base, court: Court, workshop: Workshop, other: Wash, book: Book, strips: Path) -> None:
        self.base, self.court, self.workshop, self.book, self.strips = base, court, workshop, book, strips
        self.washes = dict(PLAIN) | {ROUND_TRIP: other}
        strips.mkdir(parents=True, exist_ok=True)
        book.accuracy[base.space.family] = {name: round(share, 3) for name, share in court.accuracy.items()}
        for row in book.rows:
            if row["family"] == base.space.family and row["base_steps"] != base.steps:
                raise ValueError(f"{book.path} has mimics of a base of {row['base_steps']} steps: name another --out")

    def run(self, plan: Plan, artists: dict[str, Artist]) -> None:
        """Every cell that is not in the book yet."""
        for name in plan.artists:
            for seed in plan.seeds:
                self._cell(
                    {"artist": name, "case": BASE, "wash": UNWASHED, "seed": seed},
                    plan,
                    lambda _: None,
                )
        for name, case, wash in plan.cells():
            cell = {"artist": name, "case": case, "wash": wash}
            missing = [seed for seed in plan.seeds if not self._done(cell | {"seed": seed})]
            if not missing:
                continue
            family = self.base.space.family
            squares, figures = self.workshop.squares(name, plan.gives(artists[name]), case, CASES[case], family)
            latents = self.base.space.encode([self.washes[wash](picture) for picture in squares])
            moved = [one["families"][family] for one in figures if "families" in one]
            about = {key: round(float(np.mean([one[key] for one in moved])), 4) for key in (moved[0] if moved else ())}

            def learned(seed: int, latents: list[Tensor] = latents) -> nn.Module:
                return teach(self.base, latents, plan.lessons, seed)

            for seed in missing:
                self._cell(cell | {"seed": seed}, plan, learned, about)

    def _done(self, cell: Row) -> bool:
        return self.book.has(family=self.base.space.family, **cell)

    def _cell(
        self, cell: Row, plan: Plan, mimic_of: Callable[[int], nn.Module | None], about: Row | None = None
    ) -> None:
        if self._done(cell):
            return
        started = time.monotonic()
        samples = draw(self.base, mimic_of(cell["seed"]), plan.lessons, cell["seed"])
        verdict = asdict(self.court.judge(samples, cell["artist"]))
        named = "-".join(str(value) for value in cell.values())
        strip(samples[:SHOWN]).save(self.strips / f"{self.base.space.family}-{named}.png")
        row = (
            {"family": self.base.space.family, "base_steps": self.base.steps}
            | cell
            | {k: round(v, 4) for k, v in verdict.items()}
            | (about or {})
        )
        self.book.add(row | {"seconds": round(time.monotonic() - started, 1)})
        print(json.dumps(self.book.rows[-1]), flush=True)


def strip(samples: Tensor) -> Image.Image:
    """Samples (N, 3, H, W) in [0, 1] side by side."""
    return Image.fromarray((torch.cat(list(samples), 2) * 255).round().byte().permute(1, 2, 0).numpy())


def other_family(family: str, families: list[str]) -> str:
    """The family through whose autoencoder a round trip goes: not the mimic's own, where there is another."""
    return next((other for other in families if other != family), family)
