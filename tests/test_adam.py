"""The optimiser, beside torch's."""

from __future__ import annotations

import torch

from glaze.adam import Adam


def test_it_is_torchs_number_for_number() -> None:
    dice = torch.Generator().manual_seed(0)
    start = torch.randn(1, 3, 9, 7, generator=dice)
    ours, theirs = start.clone(), start.clone().requires_grad_(True)
    adam, theirs_adam = Adam(ours, (0.9, 0.99)), torch.optim.Adam([theirs], betas=(0.9, 0.99))
    for step in range(20):
        gradient, rate = torch.randn(start.shape, generator=dice) * 10 ** (step % 5 - 4), 0.01 / (step + 1)
        adam.step(ours, gradient, rate)
        theirs.grad, theirs_adam.param_groups[0]["lr"] = gradient, rate
        theirs_adam.step()
    torch.testing.assert_close(ours, theirs.detach(), rtol=1e-6, atol=0)
    assert not torch.equal(ours, start)


def test_a_tensor_that_gradients_are_taken_of_is_moved_in_place() -> None:
    tensor = torch.zeros(4, requires_grad=True)
    [gradient] = torch.autograd.grad((tensor - 1).square().sum(), tensor)
    Adam(tensor, (0.9, 0.99)).step(tensor, gradient, 0.5)
    torch.testing.assert_close(tensor.detach(), torch.full((4,), 0.5), rtol=1e-4, atol=0)
