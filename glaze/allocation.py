"""Where a change is spent when LPIPS charges for area: in the cells of the canvas that bring most for what they cost.

A change that costs too much LPIPS is made weaker. On flat colour that hardly helps: where nothing was before, a pattern
of single 8-bit levels costs nearly as much as LPIPS will ever charge there, and weakening it saves little until
rounding takes all of it away. There a budget buys area and not amplitude. A flat illustration that was glazed all over
had to be weakened to a seventh and kept a sixth of the progress that two thirds of it, at full strength, reach
(docs/research.md).

So the canvas is divided into cells. Each has brought a part of the style distance, its gain, and has caused a part of
the LPIPS, its cost. Those with the best gain for their cost are kept until the budget is used up, and the others left
as they were. The paper has nothing of the kind; its change is everywhere.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

CELL: Final = 16  # canvas pixels a side: the stride of LPIPS's deep features, two latents wide
MEMORY: Final = 0.7  # of earlier steps in the running means: a single removal says little
# LPIPS of half a change over that of the whole: .25 were it a square, 1 on flat colour. Strong changes of textured
# pictures gave .5 and more, too; flat ones are told from these by being over the bound as well (docs/research.md).
SATURATED: Final = 0.75
FADED: Final = 0.02  # a share of a change that would round to nothing


def charges_for_area(lpips: float, lpips_of_half: float) -> bool:
    """Whether a change costs by where it is rather than by how strong it is, given its LPIPS and that of its half."""
    return lpips_of_half > SATURATED * lpips


class Allocation:
    """Which cells of a canvas (1, 3, h, w) are changed: all of them at first.

    share  (1, 1, h, w) in [0, 1] on the canvas's device, what of a change is let through; the rims of what is kept fade
           out, so that no edge is seen.
    """

    def __init__(self, canvas: Tensor) -> None:
        height, width = self.size = (canvas.shape[2], canvas.shape[3])
        self.cells = (max(1, height // CELL), max(1, width // CELL))
        self.kept = torch.ones(self.cells, dtype=torch.bool)
        self.share = canvas.new_ones(1, 1, height, width)
        self._steps = 0
        self._gain, self._cost = torch.zeros(self.cells), torch.zeros(self.cells)

    @torch.no_grad()
    def observe(self, gains: Tensor, costs: Tensor) -> None:
        """Take in one step: maps (1, 1, any, any) of what was gained and of LPIPS, over the whole canvas."""
        self._steps += 1
        for known, seen in ((self._gain, gains), (self._cost, costs)):
            known.lerp_(F.adaptive_avg_pool2d(seen.float(), self.cells)[0, 0].cpu(), 1 - MEMORY)

    def spend(self, lpips: float) -> None:
        """Keep the cells that bring most within this LPIPS; those given up before stay so."""
        begun_at_zero = 1 - MEMORY**self._steps  # what the running means are short of by that
        gain, cost = self._gain.clamp(min=0).flatten(), self._cost.flatten() / (begun_at_zero * self._cost.numel())
        candidates = self.kept.flatten().nonzero().flatten()
        order = candidates[(gain / (cost + 1e-12))[candidates].argsort(descending=True)]
        self.kept = torch.zeros_like(self.kept)
        self.kept.view(-1)[order[cost[order].cumsum(0) <= lpips]] = True
        share = F.interpolate(self.kept[None, None].float(), self.size, mode="bilinear", align_corners=False)
        self.share = (share * (share > FADED)).to(self.share.device)
