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

MOST: Final = 2.0  # a change that came out below its budget is strengthened by at most this
TRIES: Final = 7
MOST_TRIES: Final = 12  # while nothing but the untouched picture was found to fit
CLOSE_ENOUGH: Final = 0.02
EYE_MARGIN: Final = 0.85  # of LPIPS, where only the bundled eye's estimate of it is at hand (docs/measured.md)
MARGIN: Final = 0.985  # aim this far inside, since enlarging and rounding differ a little from file to file


def inside(budget: Budget, *, estimated: bool) -> Budget:
    """The budget to aim at so that the finished file keeps `budget`.

    estimated   LPIPS is the bundled eye's estimate.
    """
    return Budget(
        lpips=budget.lpips * (EYE_MARGIN if estimated else MARGIN),
        flip=budget.flip * MARGIN,
        flat=budget.flat * MARGIN,
        colour=budget.colour * MARGIN,
    )


def fit(
    change: Tensor, canvas: Canvas, original: Original, aim: Budget, *, tries: int = TRIES
) -> tuple[float, Visibility]:
    """The largest scale of `change` (at most MOST) found to keep every bound of `aim`, and the figures there.

    `tries` measurements, more only while nothing fits. All figures grow with the scale, so each measurement says about
    where to look next; that and bisection close in. 0, the untouched picture, always fits.
    """
    low, high, scale = 0.0, MOST, 1.0
    best: Visibility | None = None
    outcomes: list[bool] = []
    while len(outcomes) < (tries if low else MOST_TRIES) and high - low > CLOSE_ENOUGH * high:
        tried = _at(scale, change, canvas, original)
        outcomes.append(tried.within(aim))
        if outcomes[-1]:
            low, best = scale, tried
        else:
            high = scale
        # Rounding to 8 bits makes the figures move in steps, so a guess can creep: twice on one side, and halve.
        creeping = len(outcomes) > 1 and outcomes[-1] == outcomes[-2]
        guess = scale * room(tried.figures, aim) * 0.995
        scale = guess if low < guess < high and not creeping else (low + high) / 2
    return low, best or _at(low, change, canvas, original)


def _at(scale: float, change: Tensor, canvas: Canvas, original: Original) -> Visibility:
    glazed = lay_on(original.screen, None, change * scale, canvas.mask, grey=original.grey)
    return original.compare(Image.fromarray(glazed.astype(np.uint8)))
