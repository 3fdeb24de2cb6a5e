"""The budget as a promise: the strongest scale of a change at which the finished 8-bit picture keeps every bound.

The loop presses on the figures of the canvas. What people get is another picture: enlarged, rounded, on a screen. So
the change is laid onto the picture as a screen shows it, measured there, and scaled until it fits.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image
from torch import Tensor

from glaze.canvas import Canvas, lay_on
from glaze.settings import Budget
from glaze.visibility import Original, Visibility, room

MOST: Final = 1.25  # a change that came out below its budget is strengthened by at most this
TRIES: Final = 7
CLOSE_ENOUGH: Final = 0.02
MARGIN: Final = 0.985  # aim this far inside, since enlarging and rounding differ a little from file to file


def inside(budget: Budget, *, estimated: bool, flat_share: float) -> Budget:
    """The budget to aim at so that the finished file keeps `budget`.

    estimated   LPIPS is the bundled eye's estimate; flat areas then get less room the more of them there are.
    flat_share  of the picture, 0 to 1.
    """
    return Budget(
        lpips=budget.lpips * MARGIN,
        flip=budget.flip * MARGIN,
        flat=budget.flat * MARGIN * (1 - 0.9 * flat_share if estimated else 1),
        colour=budget.colour * MARGIN,
    )


def fit(change: Tensor, canvas: Canvas, original: Original, aim: Budget) -> tuple[float, Visibility]:
    """The largest scale of `change` (at most MOST) found to keep every bound of `aim`, and the figures there.

    All figures grow with the scale, so each measurement says about where to look next; that and bisection close in.
    0, the untouched picture, always fits.
    """
    low, high, scale = 0.0, MOST, 1.0
    best = _at(0.0, change, canvas, original)
    for _ in range(TRIES):
        tried = _at(scale, change, canvas, original)
        if tried.within(aim):
            low, best = scale, tried
        else:
            high = scale
        if high - low < CLOSE_ENOUGH * high:
            break
        guess = scale * room(tried.figures, aim) * 0.995
        scale = guess if low < guess < high else (low + high) / 2
    return low, best


def _at(scale: float, change: Tensor, canvas: Canvas, original: Original) -> Visibility:
    glazed = lay_on(original.screen, None, change * scale, canvas.mask, grey=original.grey)
    return original.compare(Image.fromarray(glazed.astype(np.uint8)))
