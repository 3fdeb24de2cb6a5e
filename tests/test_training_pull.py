"""What a student is told of its teachers' gradients."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from glaze.network import FAMILY_CHANNELS
from training.pull import pull, pull_error

PICTURES = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
GOALS = torch.randn(2, 4, 4, 4, generator=torch.Generator().manual_seed(2))


def linear(channels: int) -> nn.Conv2d:
    torch.manual_seed(3)
    return nn.Conv2d(3, channels, 8, stride=8)


def student(first: nn.Module) -> nn.Module:
    """Latents of all families, of which the first family's are those of `first`."""

    class Student(nn.Module):
        def forward(self, pictures: Tensor) -> Tensor:
            rest = sum(FAMILY_CHANNELS.values()) - 4
            seen: Tensor = first(pictures)
            return torch.cat([seen, torch.zeros(seen.shape[0], rest, *seen.shape[2:])], 1)

    return Student()


def error(first: nn.Module) -> Tensor:
    _, pulls = pull(linear(4).bfloat16(), "sd1", PICTURES, GOALS)
    pictures = PICTURES.clone().requires_grad_(True)
    return pull_error(student(first)(pictures), pictures, pulls)


def test_the_teacher_itself_makes_no_error() -> None:
    assert error(linear(4)) < 1e-3


def test_a_student_without_gradients_misses_all_of_them() -> None:
    deaf = linear(4)
    nn.init.zeros_(deaf.weight)
    assert abs(error(deaf).item() - 1) < 1e-5


def test_what_is_told_are_the_latents_and_one_direction_each() -> None:
    teacher = linear(4).bfloat16()
    seen, pulls = pull(teacher, "sd1", PICTURES, GOALS)
    assert seen.shape == GOALS.shape
    assert not seen.requires_grad
    for p, latent, goal in zip(pulls, seen, GOALS, strict=True):
        assert p.direction.shape == (4, 4, 4)
        assert p.gradient.shape == (3, 16, 16)
        assert torch.allclose(p.direction.float(), (latent - goal) / (latent - goal).norm(), atol=1e-3)


def test_a_step_down_the_error_comes_closer_to_the_teacher() -> None:
    torch.manual_seed(4)
    learner = nn.Conv2d(3, 4, 8, stride=8)
    optimiser = torch.optim.SGD(learner.parameters(), lr=0.02)
    before = error(learner)
    for _ in range(20):
        optimiser.zero_grad()
        error(learner).backward()
        optimiser.step()
    assert error(learner) < 0.8 * before
