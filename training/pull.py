"""Input gradients, matched: what a cloak follows is the gradient, so the student learns the teachers' gradients too.

Sobolev training (Czarnecki et al. 2017, arXiv:1706.04859) with one direction a crop: a teacher's latent z is pulled
along a unit direction v, from what it sees in the crop to what it sees in another one; the gradient of <z, v> with
respect to the picture says which change of the picture moves it so. The student's own gradient along the same v, a
double backward pass through the student alone, is compared with it.

Gradients are pooled by 2, 4 and 8 px before: a cloak is no finer (it survives resizing), and the finest part of a
ReLU network's gradient is shattered, different at each point and no student's to learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glaze.network import split_families
from training.teachers import see

FINEST = 2  # px: what gradients are stored at
POOLS = (1, 2, 4)  # of the finest


@dataclass(frozen=True)
class Pull:
    """How a picture pulls one teacher's latent: family, unit direction (C, h, w), gradient (3, H/2, W/2) by FINEST."""

    family: str
    direction: Tensor
    gradient: Tensor


def _pool(gradient: Tensor, by: int) -> Tensor:
    """Sums of `by` x `by` pixels: the gradient with respect to a change that is made of such squares."""
    return F.avg_pool2d(gradient, by) * by**2


def pull(teacher: nn.Module, family: str, pictures: Tensor, goals: Tensor) -> tuple[Tensor, list[Pull]]:
    """What `teacher` sees in pictures (N, 3, H, W), as latents (N, C, h, w), and how each pulls it from there to goals.

    goals: latents (N, C, h, w). The pulls lie on the CPU.
    """
    pictures = pictures.detach().requires_grad_(True)
    seen = see(teacher, pictures)
    way = (seen - goals).detach()
    way = way / way.flatten(1).norm(dim=1).clamp_min(1e-9).view(-1, 1, 1, 1)
    (gradient,) = torch.autograd.grad((seen * way).sum(), pictures)
    gradient = _pool(gradient, FINEST).cpu()
    return seen.detach(), [Pull(family, v.half().cpu(), g) for v, g in zip(way, gradient, strict=True)]


def pull_error(latents: Tensor, pictures: Tensor, pulls: Sequence[Pull]) -> Tensor:
    """The student's squared error in the gradients over the teacher's own square; the mean over crops and scales.

    0 is all of it, 1 what a student without gradients has. latents (N, 56, h, w): the student's, of pictures
    (N, 3, H, W), which require grad. Can be differentiated with respect to the student's weights.
    """
    seen = split_families(latents.float())
    told = torch.stack([p.gradient for p in pulls]).to(pictures.device)
    along = [(seen[p.family][i] * p.direction.to(pictures.device).float()).sum() for i, p in enumerate(pulls)]
    (own,) = torch.autograd.grad(torch.stack(along).sum(), pictures, create_graph=True)
    own = _pool(own.float(), FINEST)
    errors = []
    for by in POOLS:
        a, b = _pool(own, by), _pool(told, by)
        errors.append((a - b).square().sum((1, 2, 3)) / b.square().sum((1, 2, 3)).clamp_min(1e-12))
    return torch.stack(errors).mean()
