"""Pieces of coloured glass in lead, the daylight behind them uneven, ripples and bubbles in the glass."""

from __future__ import annotations

import math

import numpy as np

from glaze.decoys.styles.paint import (
    Picture,
    Rng,
    Style,
    bend,
    cells,
    colours,
    finish,
    forms,
    fractal,
    mix,
    noise,
    pick,
    relief,
    smear,
    smoothstep,
    swirl,
    unit,
)

PALETTES = (
    "#12308f #1d6fc4 #c3202f #e9a820 #2f8f4a #7fd0e0 #6a2a8a",
    "#0d5c63 #2aa198 #e8d27a #d9772b #8f2d2d #cfe8d0 #3a4f9a",
    "#5a1a6a #a83279 #e85d75 #f5b971 #2f4b9a #58b0c9 #f3e6b0",
    "#7a1420 #c8402a #f0a030 #f6dc8a #2a5a3a #1f3f7a #e0e6e6",
)


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Large panes split into small ones; a wider lead goes around the large."""
    u = unit(width, height)
    palette = pick(rng, PALETTES)
    x, y = bend(rng, width, height, 90 * u, 16 * u)
    large = cells(rng, x, y, 128 * u)
    small = cells(rng, x, y, 38 * u, 0.42)
    # Petals: the large panes are cut by rays and rings around their centres, some of them by the small cells.
    petal = rng.random(1 << 10)
    rayed = petal[large.number % 1024] < 0.55
    radius = np.hypot(large.right, large.down)
    rays = 8 + (petal[large.number * 3 % 1024] * 5).astype(np.int32)
    turn = (np.arctan2(large.down, large.right) / (2 * math.pi) + petal[large.number * 5 % 1024]) * rays
    inner = radius < 24 * u
    ray = np.floor(turn)
    to_ray = (0.5 - np.abs(turn - ray - 0.5)) * (2 * math.pi) * radius / rays
    to_ring = np.abs(radius - 24 * u)
    rose = np.minimum(np.where(inner, np.inf, to_ray), to_ring)
    piece = np.where(rayed, large.number * 64 + np.where(inner, 63, ray.astype(np.int64) % rays), small.number + 9001)
    gap = np.minimum(np.where(rayed, rose, small.border), large.border - 1.2 * u)
    key = (piece * 2654435761 % 4093) % 1024
    colour = palette[(petal[key] * len(palette)).astype(np.int32)]
    streaks = smear(noise(rng, width, height, 3.2 * u), swirl(rng, width, height, 70 * u), 9 * u)
    streaks = (streaks - streaks.mean()) / streaks.std()
    ripple = relief(fractal(rng, width, height, 12 * u, 3, 0.6), 26 * u / 2)
    day = 0.62 + 0.5 * forms(rng, width, height, 260 * u) + 0.34 * (petal[(key + 7) % 1024] - 0.5)
    glow = 0.72 + 0.42 * (1 - np.exp(-gap.clip(0) / (7 * u)))
    glass = colour * (day * glow * (1 + 0.1 * streaks))[..., None] + (0.085 * streaks + 0.16 * ripple)[..., None]
    lead = 1 - smoothstep(1.6 * u, 2.7 * u, gap)
    came = 0.1 + 0.09 * relief((2.6 * u - gap).clip(0), 1.0) + 0.04 * noise(rng, width, height, 3 * u)
    grey = came[..., None] * colours("#c8ccd4")
    return finish(mix(glass, grey, lead))


STYLE = Style("stained glass", "a stained glass window, luminous coloured glass pieces, black lead lines", draw)
