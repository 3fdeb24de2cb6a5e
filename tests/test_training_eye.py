"""How the eye learns one convolution alone."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from training.eye import fit_convolution, positions


def test_a_convolution_is_found_again_on_smooth_pictures_and_with_a_channel_that_seldom_answers() -> None:
    torch.manual_seed(0)
    told_by, learner = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(3, 6, 3, padding=1)
    smooth = F.avg_pool2d(torch.randn(40, 3, 24, 24), 5, 1)  # neighbours are alike
    with torch.no_grad():
        told_by.bias[0] = -told_by(smooth)[:, 0].quantile(0.97) + told_by.bias[0]  # type: ignore[index]
        answers = F.relu(told_by(smooth))
    rng = [torch.Generator().manual_seed(1) for _ in range(2)]
    given = torch.cat([positions([s[None]], 0, told_by, False, rng[0]) for s in smooth])
    wanted = torch.cat(
        [a.flatten(1).T[torch.randperm(a[0].numel(), generator=rng[1])[: given.shape[0] // 40]] for a in answers]
    )
    assert 0 < (wanted[:, 0] > 0).float().mean() < 0.1
    assert fit_convolution(learner, given, wanted) < 1e-3
    fresh = F.avg_pool2d(torch.randn(4, 3, 24, 24), 5, 1)
    with torch.no_grad():
        missed = (F.relu(learner(fresh)) - F.relu(told_by(fresh))).square().mean() / answers.var()
    assert missed < 1e-2
