"""What a person sees of a glaze.

Five figures together, because each alone is gamed: LPIPS, FLIP, CIEDE2000 in flat areas, CIEDE2000 everywhere, and
colour on grey art. `Original` takes them of finished 8-bit pictures; `Watch` gives the first four as differentiable
numbers of the canvas, so that the loop can press on all bounds at once.
"""

from glaze.outcome import FIGURES, Visibility
from glaze.visibility.figures import Glance, Likeness, Original, Watch, on_screen, room
from glaze.visibility.where import difference, seen_where

__all__ = [
    "FIGURES",
    "Glance",
    "Likeness",
    "Original",
    "Visibility",
    "Watch",
    "difference",
    "on_screen",
    "room",
    "seen_where",
]
