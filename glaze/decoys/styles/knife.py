"""Oil paint spread with a palette knife: slabs of half-mixed colour with ridges where the blade's edges ran."""

from __future__ import annotations

import math

import numpy as np

from glaze.decoys.styles.paint import (
    Picture,
    Rng,
    Style,
    blank,
    blur,
    finish,
    forms,
    noise,
    peek,
    pick,
    ramp,
    relief,
    scatter,
    smoothstep,
    spot,
    unit,
)

PALETTES = (
    "#1f2d3d #35607a #86a9b0 #eae3d0 #d98b5a #a23b2e",
    "#26301f #5a7a3a #b3b45a #f0e6b8 #e0a040 #8a3a20",
    "#2a1f2f #6a4a7a #c08aa0 #f3dcd0 #e9b56a #4a6a80",
    "#1c1c20 #4a4f58 #9a9a96 #ece8de #c9a45a #7a2a2a",
    "#0f3a4a #2a8a90 #9ad0c0 #f6f0dc #f0a07a #b0405a",
)


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Slab over slab; each is loaded with two colours and drags streaks of both."""
    u = unit(width, height)
    palette = pick(rng, PALETTES)
    tone = forms(rng, width, height, 170 * u)
    lean = noise(rng, width, height, 190 * u)
    image = ramp(palette, tone)
    body = blank(width, height)
    for spacing, size in ((38.0, 1.35), (36.0, 1.1), (42.0, 0.8)):
        for at in scatter(rng, width, height, spacing * u, 0.6).tolist():
            long, broad = size * rng.uniform(24, 42) * u, size * rng.uniform(12, 24) * u
            piece = spot(width, height, at, math.hypot(long, broad) + 3 * u)
            if piece is None:
                continue
            here = peek(lean, at) * 4 + rng.choice([0.0, math.pi / 2]) + rng.normal(0, 0.3)
            along = math.cos(here) * piece.right + math.sin(here) * piece.down
            across = math.cos(here) * piece.down - math.sin(here) * piece.right
            # One value a streak, across the blade: what colour it carries and where it runs dry.
            streaks = np.cumsum(rng.normal(0, 1, 33))
            streaks = (streaks - streaks.mean()) / (streaks.std() + 1e-6)
            lane = np.interp(across, np.linspace(-broad, broad, 33), streaks)
            fine = np.interp(across, np.linspace(-broad, broad, 49), rng.normal(0, 1, 49))
            ends = long * (1 - 0.1 * np.abs(lane + fine))
            side = broad - np.abs(across)
            inside = np.minimum(ends - np.abs(along), side)
            cover = smoothstep(0.0, 1.2 * u, inside)
            place = peek(tone, at) + rng.normal(0, 0.08)
            second = rng.choice([-1, 1]) * rng.uniform(0.13, 0.42)
            share = smoothstep(-0.5, 0.9, lane + 0.5 * fine + along / long)
            colour = ramp(palette, (place + second * share).clip(0.04, 0.96)) + 0.035 * fine[..., None]
            area = image[piece.rows, piece.columns]
            area += (colour * rng.uniform(0.9, 1.08) - area) * cover[..., None]
            # Paint piles up beside the blade and where it stops.
            pile = np.exp(-side.clip(0) / (1.6 * u)) + 0.8 * np.exp(-(long - along).clip(0) / (2.6 * u))
            thick = rng.uniform(0.5, 1.0) + 0.2 * fine + 1.1 * pile
            ground = body[piece.rows, piece.columns]
            ground += (thick - ground) * cover
    light = relief(blur(body, 0.7 * u), 0.9)
    return finish(image + 0.27 * light[..., None])


STYLE = Style("knife", "an abstract oil painting laid on with a palette knife, thick slabs and ridges of paint", draw)
