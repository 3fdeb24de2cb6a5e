"""The optimiser, beside torch.optim.Adam."""

from __future__ import annotations

import subprocess
import sys

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
    assert torch.equal(ours, theirs.detach())
    assert not torch.equal(ours, start)


def test_a_tensor_that_gradients_are_taken_of_is_moved_in_place() -> None:
    tensor = torch.zeros(4, requires_grad=True)
    [gradient] = torch.autograd.grad((tensor - 1).square().sum(), tensor)
    Adam(tensor.detach(), (0.9, 0.99)).step(tensor, gradient, 0.5)
    torch.testing.assert_close(tensor.detach(), torch.full((4,), 0.5), rtol=1e-4, atol=0)


def test_torchs_compiler_is_not_imported_for_it() -> None:
    code = (
        "import sys, torch; from glaze.adam import Adam; x = torch.zeros(2); Adam(x, (0.9, 0.99)).step(x, x + 1, 0.1); "
        "assert x.ne(0).all(); sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
