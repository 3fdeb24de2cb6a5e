"""The base generator: what a mimic starts from, trained on everybody's pictures but the targets'.

Resumable: the state is kept every SAVED steps, and each step draws from dice of its own, so a run that was interrupted
goes on as it would have gone. There is no last step to plan for: the rate is constant and the weights that are used
are a running average.
"""

from __future__ import annotations

import copy
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from benchmarks.mimicry.artists import SIDE, TARGETS, find_artists, read, whole
from benchmarks.mimicry.generator import ANYBODY, MIMICKED, Shape, flow_loss, make_generator
from benchmarks.mimicry.space import Space, load_space, windows

SAVED: Final = 250
SCALES: Final = (1.0, 0.75)  # of SIDE: base pictures are seen at both
UNNAMED: Final = 0.15  # of the base's pictures are shown without their artist's label
WARM_UP: Final = 200


@dataclass(frozen=True)
class Recipe:
    """How the base is trained. `side`: the pictures' short side."""

    steps: int = 6000
    batch: int = 16
    rate: float = 4e-4
    decay: float = 0.999
    seed: int = 0
    side: int = SIDE


@dataclass
class Base:
    """A base generator and the space it works in."""

    space: Space
    shape: Shape
    network: nn.Module
    labels: int
    steps: int


def dice(seed: int, step: int) -> torch.Generator:
    """What a step of a run draws from, whether the run was interrupted before it or not."""
    return torch.Generator().manual_seed(1_000_003 * (seed + 1) + step)


def base_latents(art: Path, space: Space, recipe: Recipe, kept: Path) -> tuple[list[Tensor], list[int]]:
    """Raw latents of every picture but the targets', mirrored and at SCALES, with the label of each; kept in a file."""
    if kept.exists():
        known: tuple[list[Tensor], list[int]] = torch.load(kept, weights_only=True)
        return known
    latents: list[Tensor] = []
    labels: list[int] = []
    artists = [artist for name, artist in find_artists(art).items() if name not in TARGETS]
    for label, artist in enumerate(artists, MIMICKED + 1):
        for path in artist.pictures:
            sizes = [whole(read(path), round(recipe.side * scale / 8) * 8) for scale in SCALES]
            found = space.encode(sizes)
            latents += [one.half().cpu() for one in found]
            labels += [label] * len(found)
    _replace(kept, (latents, labels))
    return latents, labels


def train_base(
    art: Path, teacher: Path, folder: Path, shape: Shape, recipe: Recipe, device: torch.device, *, bfloat16: bool
) -> Base:
    """The base of one family in `folder`, begun, gone on with or only loaded.

    Raises ValueError for a folder whose base was trained otherwise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    space = load_space(teacher, device, bfloat16=bfloat16)
    latents, labels = base_latents(art, space, recipe, folder / "latents.pt")
    _normalise(space, latents)
    latents = [((one.to(device).float() - space.mean[0]) / space.deviation[0]) for one in latents]
    asked = asdict(recipe) | asdict(shape) | {"family": space.family}
    asked.pop("steps")
    run = _Run(folder, shape, recipe, space, max(labels) + 1)
    run.resume(json.loads(json.dumps(asked)))
    run.go_on(latents, torch.tensor(labels), recipe.steps)
    return Base(space, shape, run.average, run.labels, run.step)


class _Run:
    """The state of one training run."""

    def __init__(self, folder: Path, shape: Shape, recipe: Recipe, space: Space, labels: int) -> None:
        torch.manual_seed(recipe.seed)
        self.folder, self.shape, self.recipe, self.space, self.labels = folder, shape, recipe, space, labels
        self.network = make_generator(shape, space.channels, labels).to(space.device)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=recipe.rate, weight_decay=0.01)
        self.step, self.seconds = 0, 0.0
        self.asked: dict[str, Any] = {}

    def resume(self, asked: dict[str, Any]) -> None:
        self.asked = asked
        kept = self.folder / "base.pt"
        if not kept.exists():
            return
        state = torch.load(kept, weights_only=True, map_location=self.space.device)
        if state["asked"] != asked:
            raise ValueError(f"the base in {self.folder} was trained with {state['asked']}: name another --out")
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]

    def go_on(self, latents: list[Tensor], labels: Tensor, steps: int) -> None:
        begun, losses = time.monotonic() - self.seconds, list[float]()
        self.network.train()
        while self.step < steps:
            losses.append(self._learn(latents, labels))
            self.step += 1
            self.seconds = time.monotonic() - begun
            if self.step % SAVED == 0 or self.step == steps:
                self._keep(sum(losses) / len(losses))
                losses.clear()

    def _learn(self, latents: list[Tensor], labels: Tensor) -> float:
        drawn = dice(self.recipe.seed, self.step)
        cut, which = windows(latents, self.shape.side, drawn, self.recipe.batch)
        named = labels[which].clone()
        named[torch.rand(len(named), generator=drawn) < UNNAMED] = ANYBODY
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.rate * min(1.0, (self.step + 1) / WARM_UP)
        loss = flow_loss(self.network, cut, named.to(cut.device), drawn, bfloat16=self.space.bfloat16)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        # A short run's average must not remember how it began.
        decay = min(self.recipe.decay, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for kept, new in zip(self.average.parameters(), self.network.parameters(), strict=True):
                kept.lerp_(new, 1 - decay)
        return loss.item()

    def _keep(self, loss: float) -> None:
        state = {
            "asked": self.asked,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        _replace(self.folder / "base.pt", state)
        line = {"step": self.step, "loss": round(loss, 4), "seconds": round(self.seconds)}
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        print(self.space.family, json.dumps(line), flush=True)


def _normalise(space: Space, latents: list[Tensor]) -> None:
    together = torch.cat([one.float().flatten(1) for one in latents], 1)
    space.mean = together.mean(1).view(1, -1, 1, 1).to(space.device)
    space.deviation = together.std(1).view(1, -1, 1, 1).to(space.device)


def _replace(path: Path, state: Any) -> None:
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)
