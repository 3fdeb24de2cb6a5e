"""The cloak: the small change that makes a model see another style. The whole algorithm is `cloak`, below.

    min over d   E_R  mean_f  | 1 - <Phi_f(R(x + d)) - Phi_f(R(x)), w_f> / |w_f|^2 |
    where        w_f = Phi_f(R(Omega)) - Phi_f(R(x)), the way to the decoy style
    subject to   V_k(x, x + d) <= p_k   for each figure k of visibility

x the artwork on its canvas, Omega the artwork redrawn in the decoy style, Phi_f what model family f encodes, or what a
layer of its encoder gives on the way there, R a removal attempt drawn at random each step, V_k LPIPS, FLIP and two
colour differences, p_k the budget. After Shan et al., "Glaze: Protecting Artists from Style Mimicry by Text-to-Image
Models", USENIX Security 2023 (arXiv:2302.04222), equation 5. Departures: the part of the way that was gone instead of
the squared distance that is left, several families and layers of each, removals inside the loop, several figures with a
price each instead of one LPIPS hinge, a bound on every pixel, and the best iterate *inside* the budget is kept
(docs/method.md says why).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from glaze.adam import Adam
from glaze.allocation import Allocation, charges_for_area
from glaze.canvas import Canvas
from glaze.encoders import Encoder, Latents
from glaze.errors import Cancelled
from glaze.removals import REMOVALS, Removal
from glaze.settings import Budget, Effort
from glaze.visibility import FIGURES, Watch, room

START_LEVELS: Final = 1.0  # the random start; from zero, FLIP's and the colour differences' slopes are not defined
FIRST_RATE, LAST_RATE = 4.0, 0.4  # Adam's step in 8-bit levels: coarse first, then fine
LARGEST_STEP: Final = 0.4  # of a pixel's bound: on flat colour the pattern of single levels is lost by larger ones
PRICE_START: Final = 0.1
# A price's logarithm changes in proportion to how far its figure is off the bound, between these a step.
PRICE_GAIN, PRICE_DOWN, PRICE_UP = 2.0, -0.15, 0.12
SETTLE: Final = 0.4  # the share of the steps before which no iterate is worth keeping
ENOUGH_LOOKS: Final = 8  # a mean of fewer says more about the removals drawn than about the iterate
FINE_SCALE: Final = 1.5  # screen pixels per canvas pixel from which rounding hardly shows on the canvas
ALLOCATE: Final = (1 / 3, 0.6)  # the shares of the steps after which a change that costs by area is drawn back
PREVIEW_EVERY: Final = 10


@dataclass(frozen=True)
class Iterate:
    """What the callback gets after each step, of the loop or of redrawing the artwork before it.

    redrawing       Stable Diffusion redraws the artwork: steps are its own, from 0 while it is loaded, and neither loss
                    nor style_distance nor preview say anything. `left` does not count the loop.
    style_distance  part of the way from the artwork's own style to the decoy's that the iterate has gone, as a model
                    sees it through the removals: 0 not moved, 1 the decoy itself.
    preview         (h, w, 3) uint8, the canvas as it would look now; only every tenth step and the last.
    elapsed, left   seconds.
    """

    step: int
    steps: int
    loss: float
    style_distance: float
    preview: NDArray[np.uint8] | None
    elapsed: float
    left: float
    redrawing: bool = False

    @property
    def share(self) -> float:
        """The part of the loop that is done, 0 to 1."""
        return 0.0 if self.redrawing else self.step / self.steps


OnIterate = Callable[[Iterate], None]


class _Best:
    """The best iterate inside the budget: how far it moved, through the removals seen lately, and shrunk to fit."""

    def __init__(self, looks: int, first_step: float) -> None:
        self.looks, self.first_step = looks, first_step
        self.moves: list[float] = []
        self.change: Tensor | None = None
        self.score = -math.inf

    def judge(self, step: int, moved: float, change: Tensor, shrink: float) -> float:
        """Take in one iterate, its change shrunk already; returns its score."""
        self.moves = [*self.moves, moved][-self.looks :]
        score = _mean(self.moves) * shrink
        settled = step >= self.first_step and len(self.moves) >= ENOUGH_LOOKS
        if settled and score > self.score:
            self.change, self.score = change, score
        elif self.score == -math.inf:
            self.change = change  # the latest, until one can be judged: a short run may never get there
        return score


@dataclass(frozen=True)
class _Way:
    """The way from artwork to decoy as one latent, or one layer, has it.

    direction  way / |way|^2, (1, C, h, w), as precise as the layer: it is kept for each removal.
    origin     (1, 1, h, w): how far along it the artwork itself lies.
    """

    direction: Tensor
    origin: Tensor

    @classmethod
    def between(cls, start: Tensor, goal: Tensor) -> _Way:
        way = goal.float() - start.float()
        direction = (way / way.square().sum().clamp(min=1e-12)).to(start.dtype)
        return cls(direction, cls._along(start, direction))

    def gone(self, seen: Tensor) -> Tensor:
        """(1, 1, h, w): the part of the way that was gone at each place; their sum is that of the whole."""
        return self._along(seen, self.direction) - self.origin

    @staticmethod
    def _along(seen: Tensor, direction: Tensor) -> Tensor:
        return (seen.float() * direction.float()).sum(1, keepdim=True)


@dataclass(frozen=True)
class _View:
    """One removal with its chances fixed, who looks through it, and the way there for each thing that is seen."""

    wash: Callable[[Tensor], Tensor]
    encoder: Encoder
    ways: dict[str, _Way]

    def gone(self, seen: Latents) -> dict[str, Tensor]:
        return {name: way.gone(seen[name]) for name, way in self.ways.items()}


def _wash(remove: Removal, strength: float, seed: int, pictures: Tensor) -> Tensor:
    return remove(pictures, strength, seed)


class _Views:
    """Removals of random strength, twice each, and as many looks at the untouched picture as at any one of them.

    Drawn once and used in random order: what a model sees of artwork and decoy through each is then worked out once,
    when it is first needed, and not each step. Each is seen through one member of an ensemble, in turn, so that
    neither a step nor this costs more with more families.
    """

    def __init__(self, canvas: Canvas, redrawn: Tensor, encoder: Encoder, generator: torch.Generator) -> None:
        self.pair = torch.cat([canvas.as_trained(canvas.picture), redrawn])
        self.members, self.generator = encoder.members, generator
        self.washes: list[Callable[[Tensor], Tensor]] = [lambda picture: picture] * max(2, len(self.members))
        for remove in REMOVALS.values():
            for _ in range(2):
                strength = float(torch.rand((), generator=generator))
                seed = int(torch.randint(1 << 30, (), generator=generator))
                self.washes.append(partial(_wash, remove, strength, seed))
        self._known: dict[int, _View] = {}
        self._order: list[int] = []

    def __len__(self) -> int:
        return len(self.washes)

    def draw(self) -> _View:
        """The next in random order; each comes once before any comes again."""
        self._order = self._order or torch.randperm(len(self.washes), generator=self.generator).tolist()
        number = self._order.pop()
        if number not in self._known:
            self._known[number] = self._look(self.washes[number], self.members[number % len(self.members)])
        return self._known[number]

    @torch.no_grad()
    def _look(self, wash: Callable[[Tensor], Tensor], member: Encoder) -> _View:
        seen = member.look(wash(self.pair))
        return _View(wash, member, {name: _Way.between(z[:1], z[1:]) for name, z in seen.items()})


def style_distance(seen: Latents, start: Latents, goal: Latents) -> dict[str, float]:
    """Per family the part of the way from start to goal that was gone: <seen - start, goal - start> / |goal - start|^2.

    0 is the artwork's own style, 1 the decoy's. A change that leads nowhere, such as noise, counts for nothing.
    """
    return {f: _Way.between(start[f], goal[f]).gone(seen[f]).sum().item() for f in goal}


def _gains(parts: Sequence[Tensor]) -> Tensor:
    """Where the style distance of one look comes from, mean over the families: (1, 1, h, w), on the first's grid."""
    size = (parts[0].shape[2], parts[0].shape[3])
    return torch.stack([F.adaptive_avg_pool2d(part, size) for part in parts]).mean(0)


def cloak(  # noqa: PLR0913  the formula's symbols, and how to watch and stop it
    canvas: Canvas,
    redrawn: Tensor,
    encoder: Encoder,
    watch: Watch,
    budget: Budget,
    effort: Effort,
    *,
    seed: int = 0,
    on_iterate: OnIterate | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Tensor:
    """Find the change: (1, 3, h, w), to be added to the canvas.

    canvas    the artwork at canvas size and the mask of what may change. It runs on the canvas's device, on which
              everything else must lie, too.
    redrawn   (1, 3, H, W) in [0, 1]: Omega, the artwork in the decoy style, at the size `canvas.as_trained` gives.
    encoder   what models see.
    watch     what people see of this canvas.
    Raises Cancelled when `cancelled()` turns true, checked before every step.
    """
    generator = torch.Generator().manual_seed(seed)
    views = _Views(canvas, redrawn, encoder, generator)
    prices = dict.fromkeys(FIGURES, PRICE_START)

    # Adam's steps are as long everywhere, so what it works on is the change in units of what a pixel's step may be.
    unit = (canvas.mask.bound * (255 * LARGEST_STEP / FIRST_RATE)).clamp(1e-6, 1)
    limit = canvas.mask.bound / unit
    # Drawn on the processor, so that a seed is the same everywhere.
    start = torch.empty(canvas.picture.shape).uniform_(-1, 1, generator=generator) * (START_LEVELS / 255)
    change = (start.to(unit) / unit).clamp(-limit, limit).requires_grad_(True)
    optimiser = Adam(change.detach(), betas=(0.9, 0.99))
    allocation = Allocation(canvas.picture)
    allocate_at = {round(part * effort.steps) for part in ALLOCATE}
    best = _Best(len(views), SETTLE * effort.steps)
    started = time.monotonic()

    for step in range(effort.steps):
        if cancelled():
            raise Cancelled("cancelled")
        view = views.draw()
        passed = canvas.mask.pass_colour(change * unit) * allocation.share
        glazed = _rounded((canvas.picture + passed).clamp(0, 1), canvas.screen_scale)
        gone = view.gone(view.encoder.look(view.wash(canvas.as_trained(glazed))))
        glance = watch(glazed, step)
        over = {k: (figure / getattr(budget, k) - 1).clamp(min=0) for k, figure in glance.figures.items()}
        to_go = torch.stack([(1 - part.sum()).abs() for part in gone.values()]).mean()
        # Twice: as steep at the start as the paper's squared distance over its first value, for which prices were set.
        loss = 2 * to_go + sum(prices[k] * over[k] for k in over)

        [gradient] = torch.autograd.grad(loss, change)

        with torch.no_grad():
            shrink = min(1.0, room({k: figure.item() for k, figure in glance.figures.items()}, budget))
            shrunk = passed.detach() * shrink
            parts = [gone[family] for family in view.encoder.families]
            moved = 1 - _mean([abs(1 - part.sum().item()) for part in parts])
            score = best.judge(step, moved, shrunk, shrink)
            optimiser.step(change, gradient, _rate(step / effort.steps) / 255)
            change.clamp_(-limit, limit)
            if step < max(allocate_at):
                allocation.observe(_gains(parts), glance.lpips_map())
        for k, figure in glance.figures.items():
            off = figure.item() / getattr(budget, k) - 1
            prices[k] *= math.exp(min(max(PRICE_GAIN * off, PRICE_DOWN), PRICE_UP))
        if step + 1 in allocate_at and over["lpips"].item() > 0:
            half = _rounded((canvas.picture + passed.detach() / 2).clamp(0, 1), canvas.screen_scale)
            if charges_for_area(glance.figures["lpips"].item(), watch.lpips(half)):
                allocation.spend(budget.lpips)
                best.moves.clear()  # they were those of a change that was elsewhere
                prices = {k: min(price, PRICE_START) for k, price in prices.items()}
        if on_iterate:
            done = step + 1 == effort.steps
            picture = _as_array(canvas.picture + shrunk) if done or step % PREVIEW_EVERY == 0 else None
            elapsed = time.monotonic() - started
            left = elapsed / (step + 1) * (effort.steps - step - 1)
            on_iterate(Iterate(step + 1, effort.steps, loss.item(), score, picture, elapsed, left))
    return best.change if best.change is not None else torch.zeros_like(canvas.picture)


def _rounded(picture: Tensor, screen_scale: float) -> Tensor:
    """The picture in 8 bits, gradients passed straight through.

    On flat art a glaze is a pattern of single levels, and what models and people see is the rounded one. A picture much
    larger than its canvas is rounded in finer grain than the canvas can show, and stays as it is.
    """
    if screen_scale >= FINE_SCALE:
        return picture
    with torch.no_grad():
        rest = (picture * 255).round_().div_(255).sub_(picture)
    return picture + rest


def _rate(done: float) -> float:
    return LAST_RATE + (FIRST_RATE - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * done))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _as_array(picture: Tensor) -> NDArray[np.uint8]:
    return (picture[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
