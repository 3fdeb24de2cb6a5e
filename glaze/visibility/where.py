"""Where in a picture people might see a glaze, and the difference made large. For looking at, not for judging."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glaze.visibility.figures import on_screen
from glaze.visibility.flip import flip_of_arrays

MOST_SIDE: Final = 1024
MIDDLE: Final = 128  # the level that stands for no difference


def seen_where(original: NDArray[np.uint8], glazed: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Where people might see the difference: (h, w), 0 not at all to 1, long side at most 1024 px.

    Both pictures (H, W, 3), of one size, are compared by FLIP as a screen shows them whole. A glaze within the budget
    of the default intensity has a mean of at most .08, and rarely more than .3 anywhere. Raises ValueError where the
    shapes differ.
    """
    if original.shape != glazed.shape:
        raise ValueError(f"the pictures differ in shape: {original.shape} and {glazed.shape}")
    before, after = (np.asarray(on_screen(Image.fromarray(picture))) for picture in (original, glazed))
    errors = flip_of_arrays(before, after)
    scale = MOST_SIDE / max(errors.shape)
    if scale >= 1:
        return errors
    size = (max(1, round(errors.shape[1] * scale)), max(1, round(errors.shape[0] * scale)))
    return np.asarray(Image.fromarray(errors).resize(size, Image.Resampling.BOX))


def difference(original: NDArray[np.uint8], glazed: NDArray[np.uint8], times: float) -> NDArray[np.uint8]:
    """The difference of two pictures (H, W, 3) around middle grey, `times` as large: a picture of the same shape.

    Raises ValueError where the shapes differ.
    """
    if original.shape != glazed.shape:
        raise ValueError(f"the pictures differ in shape: {original.shape} and {glazed.shape}")
    change = glazed.astype(np.float32) - original
    enlarged: NDArray[np.uint8] = np.rint(MIDDLE + times * change).clip(0, 255).astype(np.uint8)
    return enlarged
