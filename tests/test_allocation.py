"""What a budget is spent on: the cells that bring most for their cost."""

from __future__ import annotations

import torch
from torch import Tensor

from glaze.allocation import CELL, Allocation, charges_for_area


def spend(gain: Tensor, cost: Tensor, lpips: float) -> Allocation:
    height, width = gain.shape
    allocation = Allocation(torch.zeros(1, 3, height * CELL, width * CELL))
    for _ in range(3):
        allocation.observe(gain[None, None], cost[None, None])
    allocation.spend(lpips)
    return allocation


def test_a_budget_that_is_not_used_up_leaves_every_cell() -> None:
    even = torch.ones(4, 6)
    allocation = spend(even, 0.04 * even, 0.05)
    assert allocation.kept.all()
    assert (allocation.share == 1).all()


def test_the_best_half_is_kept_where_all_would_cost_double() -> None:
    gain = torch.arange(24.0).view(4, 6)
    allocation = spend(gain, torch.full((4, 6), 0.1), 0.0501)
    assert allocation.kept.sum() == 12
    assert gain[allocation.kept].min() > gain[~allocation.kept].max()


def test_cheap_cells_come_before_dear_ones_of_the_same_gain_and_the_sum_fits() -> None:
    cost = torch.full((4, 6), 0.2)
    cost[:, :3] = 0.02
    allocation = spend(torch.ones(4, 6), cost, 0.05)
    assert allocation.kept[:, :3].all()
    assert allocation.kept[:, 3:].sum() == 4
    assert (cost * allocation.kept).mean() <= 0.05


def test_cells_once_given_up_stay_so_and_their_rims_fade() -> None:
    gain = torch.ones(4, 8)
    gain[:, 4:] = 0.1
    even = torch.ones(4, 8)
    allocation = spend(gain, 0.1 * even, 0.0501)
    assert allocation.kept[:, :4].all()
    assert not allocation.kept[:, 4:].any()
    assert allocation.share.shape == (1, 1, 4 * CELL, 8 * CELL)
    across = allocation.share[0, 0, 0]
    assert across[0] == 1
    assert across[-1] == 0
    assert 0 < across[4 * CELL] < 1
    for _ in range(20):
        allocation.observe(gain.flip(1)[None, None], 0.01 * even[None, None])
    allocation.spend(0.05)
    assert not allocation.kept[:, 4:].any()


def test_a_canvas_smaller_than_a_cell_has_one() -> None:
    allocation = Allocation(torch.zeros(1, 3, 10, 12))
    assert allocation.kept.shape == (1, 1)
    assert allocation.share.shape == (1, 1, 10, 12)


def test_lpips_charges_for_area_where_half_a_change_costs_as_much() -> None:
    assert charges_for_area(0.08, 0.079)
    assert not charges_for_area(0.08, 0.02)
