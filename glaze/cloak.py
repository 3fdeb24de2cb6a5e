"""The cloak: the small change that makes a model see another style. The whole algorithm is `cloak`, below.

    min over d   E_R  sum_f  | Phi_f(R(x + d)) - Phi_f(R(Omega)) |^2 / spread_f^2
    subject to   V_k(x, x + d) <= p_k   for each figure k of visibility

x the artwork on its canvas, Omega the artwork redrawn in the decoy style, Phi_f what model family f encodes, R a
removal attempt drawn at random each step, V_k LPIPS, FLIP and two colour differences, p_k the budget. After Shan et
al., "Glaze: Protecting Artists from Style Mimicry by Text-to-Image Models", USENIX Security 2023 (arXiv:2302.04222),
equation 5. Departures: several families, removals inside the loop, several figures with a price each instead of one
LPIPS hinge, a bound on every pixel, and the best iterate *inside* the budget is kept (docs/method.md says why).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from glaze.canvas import Canvas
from glaze.encoders import Encoder, Latents
from glaze.errors import Cancelled
from glaze.removals import REMOVALS
from glaze.settings import Budget, Effort
from glaze.visibility import FIGURES, Watch, room

START_LEVELS: Final = 1.0  # the random start; from zero, FLIP's and the colour differences' slopes are not defined
FIRST_RATE, LAST_RATE = 0.9, 0.13  # Adam's step in 8-bit levels: coarse first, then fine
PRICE_START, PRICE_UP, PRICE_DOWN = 0.1, 1.08, 0.96  # a price rises while its bound is broken, else falls
SETTLE: Final = 0.4  # the share of the steps before which no iterate is worth keeping
FINE_SCALE: Final = 1.5  # screen pixels per canvas pixel from which rounding hardly shows on the canvas
PREVIEW_EVERY: Final = 10


@dataclass(frozen=True)
class Iterate:
    """What the callback gets after each step.

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


OnIterate = Callable[[Iterate], None]


@dataclass(frozen=True)
class _View:
    """One removal with its chances fixed, what a model sees of the artwork through it, and of the redrawn one."""

    wash: Callable[[Tensor], Tensor]
    start: Latents
    goal: Latents


def _views(canvas: Canvas, redrawn: Tensor, encoder: Encoder, generator: torch.Generator) -> list[_View]:
    """Removals of random strength, twice each, and as many looks at the untouched picture as at any one of them.

    Drawn once and used in random order: what a model sees of artwork and decoy through each is then worked out once
    and not each step.
    """
    washes: list[Callable[[Tensor], Tensor]] = [lambda picture: picture] * 2
    for remove in REMOVALS.values():
        for _ in range(2):
            strength = float(torch.rand((), generator=generator))
            seed = int(torch.randint(1 << 30, (), generator=generator))
            washes.append(lambda picture, remove=remove, s=strength, n=seed: remove(picture, s, n))  # type: ignore[misc]
    both = torch.cat([canvas.as_trained(canvas.picture), redrawn])
    views = []
    with torch.no_grad():
        for wash in washes:
            seen = encoder.encode(wash(both))
            views.append(_View(wash, {f: z[:1] for f, z in seen.items()}, {f: z[1:] for f, z in seen.items()}))
    return views


def _distance(seen: Latents, goal: Latents) -> Tensor:
    """Mean over families of the mean squared difference; latents come in units of each family's spread."""
    return torch.stack([(seen[f] - goal[f]).square().mean() for f in goal]).mean()


def style_distance(seen: Latents, start: Latents, goal: Latents) -> dict[str, float]:
    """Per family the part of the way from start to goal that was gone: <seen - start, goal - start> / |goal - start|^2.

    0 is the artwork's own style, 1 the decoy's. A change that leads nowhere, such as noise, counts for nothing.
    """
    parts = {}
    for family, target in goal.items():
        way = target - start[family]
        parts[family] = ((seen[family] - start[family]) * way).sum().item() / max(way.square().sum().item(), 1e-12)
    return parts


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

    canvas    the artwork at canvas size and the mask of what may change.
    redrawn   (1, 3, H, W) in [0, 1]: Omega, the artwork in the decoy style, at the size `canvas.as_trained` gives.
    encoder   what models see.
    watch     what people see of this canvas.
    Raises Cancelled when `cancelled()` turns true, checked before every step.
    """
    generator = torch.Generator().manual_seed(seed)
    views = _views(canvas, redrawn, encoder, generator)
    prices = dict.fromkeys(FIGURES, PRICE_START)
    scale = _mean([_distance(view.start, view.goal).item() for view in views])

    change = torch.empty_like(canvas.picture).uniform_(-1, 1, generator=generator) * (START_LEVELS / 255)
    change = canvas.mask.clip(change).requires_grad_(True)
    optimiser = torch.optim.Adam([change], lr=FIRST_RATE / 255, betas=(0.9, 0.99))
    best, best_score = torch.zeros_like(canvas.picture), -math.inf
    recent: list[float] = []
    order: list[int] = []
    started = time.monotonic()

    for step in range(effort.steps):
        if cancelled():
            raise Cancelled("cancelled")
        order = order or torch.randperm(len(views), generator=generator).tolist()
        view = views[order.pop()]

        passed = canvas.mask.pass_colour(change)
        glazed = _rounded((canvas.picture + passed).clamp(0, 1), canvas.screen_scale)
        seen = encoder.encode(view.wash(canvas.as_trained(glazed)))
        figures = watch(glazed)
        over = {k: (figures[k] / getattr(budget, k) - 1).clamp(min=0) for k in figures}
        loss = _distance(seen, view.goal) / scale + sum(prices[k] * over[k] for k in over)

        optimiser.param_groups[0]["lr"] = _rate(step / effort.steps) / 255
        optimiser.zero_grad()
        loss.backward()

        with torch.no_grad():
            moved = _mean(list(style_distance(seen, view.start, view.goal).values()))
            recent = [*recent, moved][-len(views) :]
            shrink = min(1.0, room({k: figure.item() for k, figure in figures.items()}, budget))
            if step >= SETTLE * effort.steps and _mean(recent) * shrink > best_score:
                best, best_score = passed.detach() * shrink, _mean(recent) * shrink
            optimiser.step()
            change.copy_(canvas.mask.clip(change))
        for k, excess in over.items():
            prices[k] *= PRICE_UP if excess.item() > 0 else PRICE_DOWN
        if on_iterate:
            done = step + 1 == effort.steps
            picture = (
                _as_array(canvas.picture + passed.detach() * shrink) if done or step % PREVIEW_EVERY == 0 else None
            )
            elapsed = time.monotonic() - started
            left = elapsed / (step + 1) * (effort.steps - step - 1)
            on_iterate(Iterate(step + 1, effort.steps, loss.item(), _mean(recent) * shrink, picture, elapsed, left))
    return best


def _rounded(picture: Tensor, screen_scale: float) -> Tensor:
    """The picture in 8 bits, gradients passed straight through.

    On flat art a glaze is a pattern of single levels, and what models and people see is the rounded one. A picture much
    larger than its canvas is rounded in finer grain than the canvas can show, and stays as it is.
    """
    if screen_scale >= FINE_SCALE:
        return picture
    return picture + ((picture * 255).round() / 255 - picture).detach()


def _rate(done: float) -> float:
    return LAST_RATE + (FIRST_RATE - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * done))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _as_array(picture: Tensor) -> NDArray[np.uint8]:
    return (picture[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
