"""The loops that Glaze is compared with, each written from its published description.

Every loop gets the same artwork, goal and encoders, and gives back a glazed picture of its own visibility;
benchmarks/strength.py then scales all of them to the same one. Their budgets are quoted on [-1, 1] or in 8-bit levels
and stand here in [0, 1]. Where they saw one encoder, they see here one of several a step, drawn at random, as ours
does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
from kornia.filters import gaussian_blur2d
from PIL import Image, ImageDraw
from torch import Tensor

from glaze.canvas import to_tensor
from glaze.encoders import SPREAD, Encoder, Latents
from glaze.visibility import Likeness

LEVEL: Final = 1 / 255

# How much larger a family's latents are before its diffusion model scales them: matters to a loop that adds a fixed
# price to a distance of raw latents. FLUX.2's are normalised channel by channel, about to unit size.
RAW_SCALE: Final[Mapping[str, float]] = MappingProxyType(
    {"sd1": 1 / 0.18215, "sdxl": 1 / 0.13025, "flux1": 1 / 0.3611, "flux2": 1.0}
)


@dataclass(frozen=True)
class Task:
    """What a loop works on.

    picture   (1, 3, h, w) in [0, 1].
    decoy     the same size: the artwork redrawn.
    members   the encoders, one of which is drawn each step.
    """

    picture: Tensor
    decoy: Tensor
    members: Sequence[Encoder]
    lpips: Likeness
    seed: int = 0


@dataclass(frozen=True)
class Peer:
    """A loop, the steps it is published with, and the picture that it aims at (None: the latent of all zeros)."""

    run: Callable[[Task, int], Tensor]
    steps: int
    goal: Callable[[Task], Tensor | None]


def _decoy(task: Task) -> Tensor | None:
    return task.decoy


def _nothing(_: Task) -> Tensor | None:
    return None


def glyphs(task: Task) -> Tensor:
    """White letters in a grid on black, as large as the artwork: our own drawing of Mist's target."""
    height, width = task.picture.shape[2:]
    page = Image.new("RGB", (width, height))
    pen = ImageDraw.Draw(page)
    side = max(16, min(height, width) // 8)
    for row in range(0, height, side):
        for column in range(0, width, 2 * side):
            pen.text((column, row), "GLAZE", fill="white", font_size=side * 0.7)
    return to_tensor(page)


class _Looks:
    """One encoder a step and its goal, drawn at random; the goals are worked out once."""

    def __init__(self, task: Task, goal: Tensor | None) -> None:
        self.members = task.members
        self.generator = torch.Generator().manual_seed(task.seed)
        with torch.no_grad():
            self.goals: list[Latents] = [
                member.encode(task.picture if goal is None else goal) for member in self.members
            ]
        if goal is None:
            self.goals = [{f: torch.zeros_like(z) for f, z in goals.items()} for goals in self.goals]

    def __call__(self, picture: Tensor) -> list[tuple[str, Tensor]]:
        """Per family what it sees less the goal, in the latent units of its diffusion model."""
        index = int(torch.randint(len(self.members), (), generator=self.generator))
        seen, goal = self.members[index].encode(picture), self.goals[index]
        return [(f, (seen[f] - goal[f]) * SPREAD.get(f, 1.0)) for f in goal]


def _start(task: Task, levels: float) -> Tensor:
    generator = torch.Generator().manual_seed(task.seed)
    return torch.empty_like(task.picture).uniform_(-levels, levels, generator=generator) * LEVEL


def _into(picture: Tensor, change: Tensor, levels: float) -> Tensor:
    """The change within its bound, and such that the picture stays one."""
    return (picture + change.clamp(-levels * LEVEL, levels * LEVEL)).clamp(0, 1) - picture


def impress(task: Task, steps: int) -> Tensor:
    """The re-implementation of Glaze that attack papers run: Adam on raw latents and a hinge on LPIPS."""
    looks = _Looks(task, task.decoy)
    seen_before = task.lpips.features(task.picture)
    change = _start(task, 0.025 / LEVEL).requires_grad_(True)
    optimiser = torch.optim.Adam([change], lr=0.005)
    for _ in range(steps):
        moved = task.picture + change
        moved = moved + (moved.clamp(0, 1) - moved).detach()  # gradients go straight through the clamp
        off = torch.stack([(z * RAW_SCALE.get(f, 1.0)).square().mean() for f, z in looks(moved)]).mean()
        lpips = task.lpips.distance(seen_before, task.lpips.features(moved)).mean()
        loss = off + 30 * (lpips - 0.05).clamp(min=0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return (task.picture + change.detach()).clamp(0, 1)


def _gradient(looks: _Looks, picture: Tensor, change: Tensor, *, squared: bool) -> Tensor:
    change = change.detach().requires_grad_(True)
    terms = [z.square().sum() for _, z in looks(picture + change)]
    loss = torch.stack(terms if squared else [term.sqrt() for term in terms]).sum()
    (gradient,) = torch.autograd.grad(loss, change)
    return gradient


def shade(task: Task, steps: int) -> Tensor:
    """VAE-PGD of the Nightshade research release: sign steps from the whole budget down to 1 % of it."""
    levels, looks = 10.2, _Looks(task, task.decoy)
    change = torch.zeros_like(task.picture)
    for step in range(steps):
        size = levels * (1 - 0.99 * step / steps)
        gradient = _gradient(looks, task.picture, change, squared=False)
        change = _into(task.picture, change - size * LEVEL * gradient.sign(), levels)
    return task.picture + change


def mist(task: Task, steps: int) -> Tensor:
    """Mist v1, textural mode: sign steps of one level toward a grid of letters."""
    levels, looks = 16.0, _Looks(task, glyphs(task))
    change = _into(task.picture, _start(task, levels), levels)
    for _ in range(steps):
        gradient = _gradient(looks, task.picture, change, squared=True)
        change = _into(task.picture, change - LEVEL * gradient.sign(), levels)
    return task.picture + change


def photoguard(task: Task, steps: int) -> Tensor:
    """PhotoGuard's encoder attack toward a target: sign steps decaying to 1 %."""
    levels, looks = 7.65, _Looks(task, task.decoy)
    change = _into(task.picture, _start(task, levels), levels)
    for step in range(steps):
        size = 2.55 * (1 - 0.99 * step / steps)
        gradient = _gradient(looks, task.picture, change, squared=False)
        change = _into(task.picture, change - size * LEVEL * gradient.sign(), levels)
    return task.picture + change


def blur(task: Task, steps: int) -> Tensor:
    """BlurGuard with one region: L2-normalised steps, falling linearly, through a blur, to the zero latent.

    A step is 2 levels in the root mean square at first, and the blur has a sigma of 1 px: the description leaves both
    open.
    """
    levels, looks = 16.0, _Looks(task, None)

    def soft(change: Tensor) -> Tensor:
        blurred: Tensor = gaussian_blur2d(change, (7, 7), (1.0, 1.0))
        return blurred

    change = _start(task, 1.0)
    for step in range(steps):
        change = change.detach().requires_grad_(True)
        off = torch.stack([z.square().sum() for _, z in looks((task.picture + soft(change)).clamp(0, 1))]).sum()
        (gradient,) = torch.autograd.grad(off, change)
        size = 2.0 * LEVEL * (1 - step / steps) * math.sqrt(change.numel())
        change = (change - size * gradient / gradient.norm().clamp(min=1e-12)).clamp(-levels * LEVEL, levels * LEVEL)
    return (task.picture + soft(change.detach())).clamp(0, 1)


PEERS: Final[Mapping[str, Peer]] = MappingProxyType(
    {
        "impress": Peer(impress, 500, _decoy),
        "shade": Peer(shade, 500, _decoy),
        "mist": Peer(mist, 100, glyphs),
        "photoguard": Peer(photoguard, 200, _decoy),
        "blur": Peer(blur, 100, _nothing),
    }
)
