"""A cheap print in three inks, each a screen of dots at its own angle, a little out of register."""

from __future__ import annotations

import math

import numpy as np

from glaze.decoys.styles.paint import (
    Picture,
    Rng,
    Style,
    finish,
    forms,
    fractal,
    noise,
    pick,
    unit,
)

# Paper, then three inks that are printed over each other.
PALETTES = (
    "#f5efdf #ff5a4a #1f6fb5 #f7c62f",
    "#f3eee2 #f0488a #1f8f7a #f4b83a",
    "#f1ece0 #2f3f9a #f2653a #7fc4b0",
    "#f4f0e6 #d8343f #2a2f3a #f2c14a",
    "#f2efe4 #6a4ab0 #f2824a #58b8d0",
)
GAPS = (9.5, 9.5, 12.0)
ANGLES = (0.26, 1.31, 0.79)


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Dots grow until they join; the inks are transparent, so overlaps multiply."""
    u = unit(width, height)
    paper, *inks = pick(rng, PALETTES)
    y, x = np.mgrid[0 : 2 * height, 0 : 2 * width].astype(np.float32) / 2
    image = np.broadcast_to(paper, (height, width, 3)) * (0.97 + 0.05 * noise(rng, width, height, 2 * u))[..., None]
    offset = rng.uniform(0, math.pi)
    for number, (colour, spacing, angle) in enumerate(zip(inks, GAPS, ANGLES, strict=True)):
        tone = 0.07 + 0.8 * forms(rng, width, height, (190 - 35 * number) * u)
        tone = tone.repeat(2, 0).repeat(2, 1)
        gap = spacing * u
        turn = angle + offset
        across = (math.cos(turn) * x + math.sin(turn) * y) / gap
        down = (math.cos(turn) * y - math.sin(turn) * x) / gap
        # A cosine screen: round dots in the lights, a checkerboard in the middle, round holes in the darks.
        screen = 0.5 + 0.25 * (np.cos(2 * math.pi * across) + np.cos(2 * math.pi * down))
        dots = ((screen - 1 + tone) * gap * 0.8 + 0.5).clip(0, 1)
        cover = dots.reshape(height, 2, width, 2).mean((1, 3))
        # The drum inks unevenly.
        speckle = fractal(rng, width, height, 7 * u, 3, 0.8)
        cover = cover * (0.74 + 0.4 * speckle).clip(0, 1)
        image = image * (1 - cover[..., None] * (1 - colour))
    return finish(image)


STYLE = Style("halftone", "a risograph print, coarse halftone dots, three overlapping misregistered spot colours", draw)
