"""Pictures made of before and after: the difference enlarged, and a map of where it may be seen."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glaze.studio.desk import Desk

TIMES: Final = (4, 8, 16)
USUAL_TIMES: Final = 8
# The error that gets the brightest colour: within the budget of the default intensity few places have more.
MOST_SEEN: Final = 0.3
GREY_LEVELS: Final = (30, 130)  # of the picture under the map: the colours must stand out, faint ones included

Pixels = NDArray[np.uint8]
# From Oklab to the cube roots of long, middle and short, and from these to linear sRGB (Ottosson 2020).
_LMS: Final = np.array([[1, 0.39633778, 0.21580376], [1, -0.10556135, -0.06385417], [1, -0.08948418, -1.29148555]])
_RGB: Final = np.array(
    [
        [4.07674166, -3.30771159, 0.23096993],
        [-1.26843800, 2.60975740, -0.34131940],
        [-0.00419609, -0.70341861, 1.70761470],
    ]
)


def differences(desk: Desk, before: Path, after: Path) -> dict[int, Path]:
    """The difference of two pictures that the page shows, so many times as large: PNG files, made once.

    Raises ValueError where the sizes differ, SaveError, and OSError where a picture is gone.
    """
    places = {times: desk.scratch / f"{_name(f'difference-{times}', before, after)}.png" for times in TIMES}
    missing = [times for times, path in places.items() if not path.exists()]
    if missing:
        for times, drawn in desk.compute(_enlarged, before, after, missing).items():
            desk.keep(drawn, places[times].stem)
    return places


def seen_map(desk: Desk, before: Path, after: Path) -> Path:
    """Where people might see the difference, in colours on the picture in grey: a PNG file, made once.

    Raises as `differences` does.
    """
    name = _name("where", before, after)
    path = desk.scratch / f"{name}.png"
    return path if path.exists() else desk.keep(desk.compute(_seen, before, after), name)


def on_grey(seen: NDArray[np.float32], original: Pixels) -> Pixels:
    """Lay (h, w), 0 not seen to 1, in colours on a picture (H, W, 3) in grey: (h, w, 3) uint8."""
    grey = Image.fromarray(original).convert("L").resize((seen.shape[1], seen.shape[0]), Image.Resampling.BOX)
    low, high = GREY_LEVELS
    under = low + np.asarray(grey, np.float32) / 255 * (high - low)
    level = np.clip(seen / MOST_SEEN, 0, 1)[..., None]
    # Twice as opaque as it is seen, so that what is faint is not lost in the grey.
    laid = under[..., None] + np.minimum(1, 2 * level) * (colours(level[..., 0]) - under[..., None])
    return np.asarray(np.rint(laid).clip(0, 255).astype(np.uint8))


def colours(levels: NDArray[np.float32]) -> Pixels:
    """Levels 0 to 1 of any shape -> (..., 3) uint8, from dark violet over red to pale yellow.

    Lightness (Oklab) grows in even steps, so the order is seen without colour vision, too.
    """
    lightness = 0.3 + 0.65 * levels
    hue = np.radians(310 + 150 * levels)
    chroma = 0.16 - 0.06 * levels
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], -1)
    linear = ((lab @ _LMS.T) ** 3 @ _RGB.T).clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * encoded).astype(np.uint8))


def _opened(path: Path) -> Pixels:
    """A picture of the page over white, (h, w, 3) uint8."""
    with Image.open(path) as file:
        picture = file.convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB"))


def _name(kind: str, before: Path, after: Path) -> str:
    # What the page shows never changes under its name.
    return f"{kind}-{hashlib.sha256(f'{before} {after}'.encode()).hexdigest()[:16]}"


def _enlarged(before: Path, after: Path, all_times: Sequence[int]) -> dict[int, Pixels]:
    from glaze.visibility import difference

    pair = _opened(before), _opened(after)
    return {times: difference(*pair, times) for times in all_times}


def _seen(before: Path, after: Path) -> Pixels:
    from glaze.visibility import seen_where

    original = _opened(before)
    return on_grey(seen_where(original, _opened(after)), original)
