"""Perturbations to learn from: attacks on the student as it stands, attacks on a teacher, and plain damage.

Adversarial distillation: a student trained on clean pictures alone has gradients of its own that fool it and no
teacher. So part of what it learns from is perturbed against the student (the teachers then say what they really see
there: false directions are unlearned) and part against a teacher (directions that matter to it are learned).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

Objective = Callable[[Tensor], Tensor]


def attack(pictures: Tensor, objective: Objective, *, steps: int, levels: Tensor, coarse: int) -> Tensor:
    """Signed gradient descent on `objective` within `levels` 8-bit steps of `pictures`.

    pictures (N, 3, H, W) in [0, 1]; levels (N,); `coarse`: the change is made of squares of this many pixels,
    blurred: what survives resizing and JPEG, and what the cloak makes. Returns pictures in [0, 1].
    """
    bound = (levels / 255).view(-1, 1, 1, 1).to(pictures)
    size = (pictures.shape[2] // coarse, pictures.shape[3] // coarse)
    small = torch.empty(pictures.shape[0], 3, *size, device=pictures.device).uniform_(-1, 1)
    small = small * bound * 0.5

    def laid(change: Tensor) -> Tensor:
        if coarse > 1:
            change = F.interpolate(change, pictures.shape[2:], mode="bilinear", align_corners=False)
        return (pictures + change).clamp(0, 1)

    for _ in range(steps):
        small.requires_grad_(True)
        (gradient,) = torch.autograd.grad(objective(laid(small)), small)
        with torch.no_grad():
            small = (small - gradient.sign() * bound * (1.5 / steps)).clamp(-bound, bound)
    return laid(small.detach())


def damage(pictures: Tensor, levels: Tensor) -> Tensor:
    """Changes that nobody aimed: noise of several grains, a shift of colour, a blur; `levels` strong."""
    n, _, h, w = pictures.shape
    kind = int(torch.randint(0, 3, ()).item())
    strength = (levels / 255).view(-1, 1, 1, 1).to(pictures)
    if kind == 0:
        coarse = int(2 ** torch.randint(0, 4, ()).item())
        grain = torch.randn(n, 3, h // coarse, w // coarse, device=pictures.device)
        change = F.interpolate(grain, (h, w), mode="bilinear", align_corners=False) * strength
    elif kind == 1:
        change = torch.randn(n, 3, 1, 1, device=pictures.device) * strength
        change = change.expand_as(pictures)
    else:
        soft = F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="reflect"), 3, 1)
        change = soft - pictures
    return (pictures + change).clamp(0, 1)
