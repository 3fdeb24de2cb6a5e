"""Oil pastel scribbled back and forth in bright layers over dark paper that shows between the strokes."""

from __future__ import annotations

import math

import numpy as np

from glaze.decoys.styles.paint import (
    Picture,
    Rng,
    Sheet,
    Style,
    finish,
    forms,
    fractal,
    ink,
    mix,
    noise,
    peek,
    pick,
    ramp,
    scatter,
    smoothstep,
    unit,
)

# The paper, then the sticks.
PALETTES = (
    "#20242f #3a5fb0 #4fb0b8 #f2e6c0 #f0a040 #d9483f",
    "#2a1f28 #8a4fa0 #e07aa0 #f9d9b0 #f0b84a #5fa58a",
    "#1f2a24 #2f7a5a #9ac05a #f5efb8 #f09a5a #c04a5a",
    "#2b2622 #6a4a3a #c07a4a #f0d9a8 #7aa0a8 #3a5a8a",
    "#18222c #2a6a9a #8ac0d8 #f4f0e4 #f5b0a0 #e0604a",
)


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Four layers of zigzags; the wax skips the hollows of the paper."""
    u = unit(width, height)
    paper, *sticks = pick(rng, PALETTES)
    palette = np.array(sticks)
    tone = forms(rng, width, height, 160 * u)
    lean = noise(rng, width, height, 170 * u)
    tooth = fractal(rng, width, height, 3.6 * u, 3, 0.8)
    tooth = (tooth - tooth.mean()) / tooth.std()
    image = paper * (1 + 0.05 * tooth)[..., None]
    for spacing, broad, pressure in ((34.0, 5.4, 0.7), (30.0, 4.6, 0.45), (34.0, 4.0, 0.3), (52.0, 3.4, 0.9)):
        colour, wax = Sheet.of(image), Sheet(width, height, 0)
        for x, y in scatter(rng, width, height, spacing * u, 0.6).tolist():
            place = peek(tone, (x, y)) + rng.normal(0, 0.11)
            angle = peek(lean, (x, y)) * 6 + rng.normal(0, 0.3)
            turns = int(rng.integers(6, 12))
            # To and fro across the direction, while the hand moves on along it.
            swing = np.tile((-1.0, 1.0), turns)[: turns + 1] * rng.uniform(12, 22, turns + 1) * u
            step = (np.arange(turns + 1) - turns / 2) * rng.uniform(3.4, 5.4) * u + rng.normal(0, 0.8 * u, turns + 1)
            right, down = math.cos(angle), math.sin(angle)
            path = np.stack([x + right * swing - down * step, y + down * swing + right * step], 1)
            wide = broad * u * rng.uniform(0.8, 1.2)
            shade = ramp(palette, place) * rng.uniform(0.9, 1.1)
            colour.line(path, ink(shade), wide)
            wax.line(path, int(rng.integers(170, 255)), wide)
        laid = wax.read()
        stick = smoothstep(-0.25, 0.35, laid * (0.72 + 0.2 * pressure) - 0.45 - 0.2 * tooth)
        image = mix(image, colour.read(), stick * (laid > 0.05))
    shine = 0.035 * tooth
    return finish(image + shine[..., None])


STYLE = Style(
    "pastel", "an oil pastel drawing, bright scribbled zigzag strokes layered on dark paper, waxy grain", draw
)
