"""Oil paint laid on thick with a bristle brush, stroke after stroke along a swirling flow."""

from __future__ import annotations

import numpy as np

from glaze.decoys.styles.paint import (
    Picture,
    Rng,
    Sheet,
    Style,
    finish,
    forms,
    ink,
    pick,
    ramp,
    relief,
    ribbons,
    sample,
    scatter,
    smear,
    swirl,
    trace,
    unit,
)

PALETTES = (
    "#14204a #244f8f #3f8fb5 #8fc0b0 #e8dfa4 #e9b23c",
    "#2c1a12 #7a2f1c #c65a27 #e79a3b #f1d27a #f6ecc4",
    "#10302a #2a6a4a #7ba552 #cfd078 #f0e6b8 #d98f5c",
    "#241a3a #5a3b78 #a05f93 #dd9d9a #f3d9b6 #7fa6b5",
    "#2a2d2c #5c6a5d #99a07f #d4c9a0 #efe6cf #b9683f",
)
STEPS = 7


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Three layers of strokes, colours and paint height together, then lit from the upper left."""
    u = unit(width, height)
    palette = pick(rng, PALETTES)
    tone = forms(rng, width, height, 150 * u)
    angle = swirl(rng, width, height, 230 * u)
    paint, body = Sheet(width, height, ink(palette[1])), Sheet(width, height, 90)
    for spacing, broad, stride in ((13.0, 13.0, 6.0), (11.0, 9.0, 5.0), (12.0, 6.5, 4.6)):
        starts = scatter(rng, width, height, spacing * u, 0.6)
        count = len(starts)
        length = rng.uniform(0.7, 1.25, count)
        paths = trace(angle, starts, STEPS, (stride * u))
        place = sample(tone, starts[:, 0], starts[:, 1]) + rng.normal(0, 0.1, count)
        shade = ramp(palette, place.clip(0, 1)) * rng.uniform(0.84, 1.14, (count, 1))
        taper = np.sqrt(np.sin(np.linspace(0.12, 0.93, STEPS + 1) * np.pi))
        wide = (broad * u * length)[:, None] * taper
        outlines, ridges = ribbons(paths, wide), ribbons(paths, wide * 0.45)
        thick = rng.integers(70, 200, count)
        for outline, ridge, colour, top in zip(outlines, ridges, shade, thick.tolist(), strict=True):
            paint.polygon(outline, ink(colour))
            body.polygon(outline, top + 40)
            body.polygon(ridge, top)
    bristles = smear(rng.random((height, width), np.float32), angle, 9 * u)
    bristles = (bristles - bristles.mean()) / bristles.std()
    surface = body.read() * 1.6 + bristles * 0.1
    light = relief(surface, 2.4)
    return finish(paint.read() * (1 + 0.07 * bristles)[..., None] + 0.2 * light[..., None])


STYLE = Style(
    "impasto", "an oil painting in thick impasto, swirling bristle brush strokes, heavy ridges of paint", draw
)
