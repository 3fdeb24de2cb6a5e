"""Paint floated on water, drawn out with a stylus and a comb, and taken off on paper.

A tine drags the paint along its path, less and less beside it, and a stirred eddy turns it, less and less outwards
(the displacement model of Jaffer's mathematical marbling). Each such move can be undone: following a point of the
paper back through all of them tells where its paint began, and there the bath was plain bands of colour.
"""

from __future__ import annotations

import math

import numpy as np

from glaze.decoys.styles.paint import Field, Picture, Rng, Style, axes, finish, noise, pick, sample, unit

PALETTES = (
    "#16324f #f2e8d5 #b5382f #e0a83e #2f6f73 #f2e8d5 #1b1f2a",
    "#3a1f2b #f5e3d3 #a63d57 #e6a08a #5a6f8f #f0d9a8",
    "#12302b #e8efdf #2a7a6b #9ac0a0 #d99a4e #f4ead0 #7a2f2a",
    "#20203f #e9e3f0 #5a58a8 #c48ab8 #f0c9a0 #f7efe2",
    "#1a1a1a #efe9dc #8a8378 #c9b48a #efe9dc #5a4a3a",
)
NOISE_SIDE = 256


def _tines(place: Field, gap: float, reach: float) -> Field:
    """How much of a comb's pull arrives: 1 on its tines, `gap` px apart, falling off by 1/e every `reach` px."""
    away = np.abs(place - np.round(place / gap) * gap)
    return np.exp(-away / reach)


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Undone from the last move to the first: eddies, the fine comb, the coarse strokes to and fro."""
    u = unit(width, height)
    palette = pick(rng, PALETTES)
    # Twice as fine as the picture, the combed veins are thin.
    x, y = axes(2 * width, 2 * height)
    x, y = np.broadcast_arrays(x / 2, y / 2)
    sides = width, height
    if rng.random() < 0.5:
        x, y, sides = y, x, (height, width)
    eddies = rng.poisson(4 * width * height / (512 * u) ** 2)
    for _ in range(eddies):
        middle, far = rng.uniform(0, 1, 2) * sides, rng.uniform(25, 70) * u
        right, down = x - middle[0], y - middle[1]
        spin = (rng.choice([-1, 1]) * rng.uniform(2, 4)) * np.exp(-np.hypot(right, down) / far)
        cosine, sine = np.cos(spin), np.sin(spin)
        x = middle[0] + cosine * right - sine * down
        y = middle[1] + sine * right + cosine * down
    waver = 2.5 * u * np.sin(y / (60 * u) + rng.uniform(0, 2 * math.pi))
    y = y + 34 * u * _tines(x + waver, rng.uniform(17, 30) * u, 4.2 * u)
    stroke = 58 * u
    to_and_fro = np.where(np.round(y / stroke) % 2 == 0, (90 * u), (-90 * u))
    x = x + to_and_fro * _tines(y, stroke, 22 * u)
    # The bands are uneven: thin beside thick, their edges never straight.
    field = noise(rng, NOISE_SIDE, NOISE_SIDE, 8)
    step = 5.6 * u
    wobble = sample(field, np.abs(x / step) % NOISE_SIDE, np.abs(y / step) % NOISE_SIDE)
    place = x + 10 * u * wobble
    start = float(place.min())
    count = math.ceil((float(place.max()) - start) / (3 * u)) + 1
    edges = start + np.cumsum(rng.uniform(3, 21, count)) * u
    # A walk through the palette that never stands still: neighbours always differ.
    inks = np.cumsum(rng.integers(1, len(palette), count + 1)) % len(palette)
    image = palette[inks[np.searchsorted(edges, place.ravel())]].reshape(height, 2, width, 2, 3).mean((1, 3))
    grain = noise(rng, width, height, 2 * u) + noise(rng, width, height, 40 * u) - 1
    return finish(image * (1 + 0.07 * grain[..., None]))


STYLE = Style("marbling", "marbled paper, combed and swirled veins of floating paint, nonpareil pattern", draw)
