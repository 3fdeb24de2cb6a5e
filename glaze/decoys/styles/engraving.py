"""Lines cut into copper: they swell where the form is dark, bend over it, and are crossed in the deepest tones."""

from __future__ import annotations

import math

import numpy as np

from glaze.decoys.styles.paint import Picture, Rng, Style, blur, finish, forms, fractal, mix, noise, pick, unit

# Paper, ink.
PALETTES = ("#f1e9d6 #1c1712", "#efe9dc #15181f", "#f0e3c8 #3a1f14", "#e9e6da #16261f", "#efe6da #2b1526")
# Each cut: its angle to the first, the darkness from which on it is used.
CUTS = (0.0, 0.0), (0.85, 0.45), (-0.5, 0.75)


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Drawn twice as fine as the picture: the thinnest lines are thinner than a pixel."""
    u = unit(width, height)
    paper, black = pick(rng, PALETTES)
    wide, high, fine = 2 * width, 2 * height, 2 * u
    tone = forms(rng, width, height, 150 * u)
    dark = (0.12 + 0.88 * tone).repeat(2, 0).repeat(2, 1)
    form = blur(fractal(rng, wide, high, 170 * fine, 2), 3 * fine) + 0.25 * blur(dark, 12 * fine)
    base = rng.uniform(0, math.pi)
    y, x = np.mgrid[0:high, 0:wide].astype(np.float32)
    waver = noise(rng, wide, high, 25 * fine) * (1.6 * fine)
    clear = np.ones((high, wide), np.float32)
    for turn, onset in CUTS:
        angle = base + turn
        gap = 5.6 * fine
        along = math.cos(angle) * x + math.sin(angle) * y + 95 * fine * form + waver
        phase = np.abs((along / gap) % 1 - 0.5) * gap
        swell = (dark - onset) / (1 - 0.6 * onset)
        half = (gap * 0.29) * swell.clip(0, 1) ** 0.9 + 0.12 * fine * (swell > 0)
        # Where the burin was lifted: lines break up in the lights.
        clear *= 1 - (half - phase + 0.5).clip(0, 1) * (swell > 0.02)
    line = 1 - clear.reshape(height, 2, width, 2).mean((1, 3))
    page = paper + (0.03 * (fractal(rng, width, height, 8 * u, 3) - 0.5))[..., None]
    return finish(mix(page, black, (line * 0.96)))


STYLE = Style(
    "engraving", "a copperplate engraving, fine swelling parallel lines, cross hatching, monochrome print", draw
)
