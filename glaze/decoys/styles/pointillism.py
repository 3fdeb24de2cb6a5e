"""Dots of pure colour on a primed canvas; the eye mixes them."""

from __future__ import annotations

import numpy as np

from glaze.decoys.styles.paint import (
    Picture,
    Rng,
    Sheet,
    Style,
    finish,
    fractal,
    ink,
    level,
    pick,
    ramp,
    sample,
    scatter,
    unit,
)

PALETTES = (
    "#1d3f8a #2f7fc1 #64b5c9 #9fd08c #f0d65a #f29a3c #d9483b",
    "#2b1f5c #6a3fa0 #c0589d #f08a7c #f7c36b #fbeea0",
    "#0f4d4a #1f8a70 #7fbf4d #d8e06a #f4b942 #c65a2e",
    "#3a2a6d #34629e #57a0a8 #c9c46b #e58f3f #b8344b",
)


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Three layers of dots, the smallest last."""
    u = unit(width, height)
    palette = pick(rng, PALETTES)
    tone = level(fractal(rng, width, height, 150 * u, 3))
    sheet = Sheet(width, height, ink(ramp(palette, rng.random()) * 0.3 + 0.62))
    for spacing, radius in ((8.0, 4.6), (7.0, 3.4), (7.5, 2.6)):
        points = scatter(rng, width, height, spacing * u, 0.7)
        place = sample(tone, points[:, 0], points[:, 1]) + rng.normal(0, 0.09, len(points))
        # One dot in five is the complement of what its place asks for: that is what makes the surface shimmer.
        stray = rng.random(len(points)) < 0.2
        place = np.where(stray, 1 - place, place).clip(0, 1)
        shade = ramp(palette, place) * rng.uniform(0.88, 1.1, (len(points), 1))
        sizes = radius * u * rng.uniform(0.7, 1.15, len(points))
        for at, r, colour in zip(points.tolist(), sizes.tolist(), shade, strict=True):
            sheet.dot(at, r, ink(colour))
    return finish(sheet.read())


STYLE = Style("pointillism", "a pointillist painting, small dots of pure unmixed colour, shimmering, divisionism", draw)
