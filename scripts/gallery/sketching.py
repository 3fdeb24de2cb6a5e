"""What several pictures of the gallery draw with: smooth curves, masks of shapes, hatching with a pen.

Lengths are pixels of a picture WIDE across unless told otherwise, so that a picture can be drawn at any size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from glaze.decoys.styles.paint import Field, Picture, Points, ribbons, sample, trace

WIDE: Final = 1200
FINE: Final = 2  # shapes are drawn so many times as large, and reduced: smooth edges
PIECES: Final = 12  # of a curve between two of its points


def curve(points: Iterable[Sequence[float]], *, closed: bool = False) -> Points:
    """A smooth line through points (n, 2): (m, 2), a centripetal-like Catmull-Rom spline."""
    knots = np.asarray(list(points), np.float64)
    around = (
        np.concatenate([knots[-1:], knots, knots[:2]]) if closed else np.concatenate([knots[:1], knots, knots[-1:]])
    )
    t = np.linspace(0, 1, PIECES, endpoint=False)[:, None]
    parts = []
    for before, start, end, after in zip(around, around[1:], around[2:], around[3:], strict=False):
        parts.append(
            0.5
            * (
                2 * start
                + (end - before) * t
                + (2 * before - 5 * start + 4 * end - after) * t**2
                + (3 * start - before - 3 * end + after) * t**3
            )
        )
    if not closed:
        parts.append(knots[-1:])
    return np.concatenate(parts)


def mask_of(width: int, height: int, *outlines: Points) -> Field:
    """What outlines (n, 2) in pixels of a WIDE picture enclose: (h, w) in [0, 1]."""
    u = width / WIDE * FINE
    image = Image.new("L", (width * FINE, height * FINE), 0)
    pen = ImageDraw.Draw(image)
    for outline in outlines:
        pen.polygon([(float(x) * u, float(y) * u) for x, y in outline], fill=255)
    mask: Field = np.asarray(image.reduce(FINE), np.float32) / 255
    return mask


def hatched(
    tone: Field, angle: Field | float, starts: Points, *, length: float, thick: float, steps: int = 24
) -> Field:
    """Strokes of a pen along `angle` (radians), as thick as `tone` is dark: ink (h, w) in [0, 1], 1 is black.

    tone    (h, w), 0 is paper and 1 the thickest stroke, of `thick` px of this picture.
    starts  (n, 2), where strokes begin; each goes on for `length` px, and is lifted where the tone is paper.
    """
    height, width = tone.shape
    flow = angle if isinstance(angle, np.ndarray) else np.full(tone.shape, angle, np.float32)
    paths = trace(flow, starts, steps, length / steps)
    wanted = sample(tone, paths[..., 0], paths[..., 1]) * thick
    image = Image.new("L", (width * FINE, height * FINE), 0)
    pen = ImageDraw.Draw(image)
    for path, widths in zip(paths, wanted, strict=True):
        drawn = widths > 0.25
        for run in _runs(drawn):
            taper = np.minimum(1, 0.35 + np.minimum(np.arange(len(path[run])), np.arange(len(path[run]))[::-1]) / 3)
            outline = ribbons(path[run][None], (widths[run] * taper)[None])[0]
            pen.polygon((outline * FINE).ravel().tolist(), fill=255)
    ink: Field = np.asarray(image.reduce(FINE), np.float32) / 255
    return ink


def _runs(drawn: NDArray[np.bool_]) -> list[slice]:
    """Where a stroke is on the paper for three points or more."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], drawn, [False]]).astype(np.int8)))
    return [slice(a, b) for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True) if b - a >= 3]


def shaded(width: int, height: int) -> tuple[Field, Field]:
    """Coordinates x, y (h, w) of the pixels' centres, in pixels of a WIDE picture."""
    u = width / WIDE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return (x + 0.5) / u, (y + 0.5) / u


def rotated(points: Points, angle: float, at: Sequence[float] = (0, 0)) -> Points:
    """Points (n, 2) turned by `angle` radians around the origin and moved to `at`."""
    cosine, sine = math.cos(angle), math.sin(angle)
    turned: Points = points @ np.array([[cosine, sine], [-sine, cosine]]) + np.asarray(at, np.float64)
    return turned


def rounded(image: NDArray[np.floating]) -> Picture:
    """Colours or greys in [0, 1] as 8-bit."""
    return np.asarray((image.clip(0, 1) * 255 + 0.5).astype(np.uint8))
