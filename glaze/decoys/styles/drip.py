"""Enamel poured and flung from above: layers of tangled threads, beads where the hand slowed, splatter around them."""

from __future__ import annotations

import math

import numpy as np

from glaze.decoys.styles.paint import (
    Field,
    Picture,
    Points,
    Rng,
    Sheet,
    Style,
    axes,
    finish,
    fractal,
    ink,
    level,
    pick,
    relief,
    scatter,
    unit,
)

# The ground first, then the enamels.
PALETTES = (
    "#cdb896 #1a1816 #f1ece0 #8d8f8c #b5502b #23211f",
    "#d8cdb8 #16202b #efe9da #3f6a86 #d9a441 #1d1b1a",
    "#b9a88a #231a1c #e9dfcb #7c2f33 #9aa38d #16151a",
    "#2a2826 #efe7d6 #c2b28c #0d0c0c #c8472f #d9d4c8",
    "#c9c4b4 #20241f #f5f1e3 #5d7a5a #e0b93c #14181a",
)
STEPS = 240
# Each layer: threads a 512 px square, their width in px, how far the hand swings, splatter a thread.
LAYERS = (
    (14, 4.6, 1.0, 30),
    (16, 2.2, 0.8, 12),
    (16, 3.4, 1.0, 24),
    (30, 1.3, 0.6, 8),
    (12, 4.0, 0.9, 30),
    (26, 1.6, 0.7, 10),
    (10, 3.2, 0.9, 26),
    (40, 1.1, 0.5, 12),
    (7, 3.0, 0.8, 30),
)


def _smooth(rng: Rng, count: int, knots: int) -> Field:
    """(count, STEPS + 1) of smooth noise, standard normal at the knots."""
    place = np.linspace(0, knots - 1, STEPS + 1)
    left = np.minimum(place.astype(int), knots - 2)
    t = place - left
    t = t * t * (3 - 2 * t)
    values = rng.normal(0, 1, (count, knots))
    between: Field = values[:, left] * (1 - t) + values[:, left + 1] * t
    return between


def _throws(rng: Rng, width: int, height: int, count: int, swing: float) -> tuple[Points, Field]:
    """Paths of a swinging arm, and how slowly it went: arcs, loops and long sweeps follow each other."""
    curl = 0.075 * _smooth(rng, count, 16) * np.exp(0.5 * _smooth(rng, count, 9))
    heading = rng.uniform(0, 2 * math.pi, (count, 1)) + np.cumsum(curl, 1)
    slow = 1 / (1 + 9 * np.abs(curl))
    move = np.stack([np.cos(heading), np.sin(heading)], -1) * (swing * (0.5 + 5.5 * slow))[..., None]
    middle = rng.uniform(-0.08, 1.08, (count, 1, 2)) * (width, height)
    path = np.cumsum(move, 1)
    return (middle + path - path[:, STEPS // 2 : STEPS // 2 + 1]), 1 - slow


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Raw canvas, stained; then the layers, each with threads of one enamel and the splatter they threw."""
    u = unit(width, height)
    palette = pick(rng, PALETTES)
    x, y = axes(width, height)
    weave = np.sin(x * (2 * math.pi / (3.3 * u))) * np.sin(y * (2 * math.pi / (3.3 * u)))
    stain = level(fractal(rng, width, height, 70 * u, 4, 0.6))
    canvas = palette[0] * (0.74 + 0.3 * stain + 0.1 * weave)[..., None]
    paint, body = Sheet.of(canvas), Sheet(width, height, 0)
    # A fine spray from the edge of the can, everywhere, before anything else.
    spray = scatter(rng, width, height, 9 * u, 1.5)
    for spot, radius in zip(spray.tolist(), u * (0.5 + 0.4 * rng.pareto(2.5, len(spray))), strict=True):
        paint.dot(spot, min(float(radius), 4 * u), ink(palette[rng.integers(1, len(palette))]))
    area = width * height / (512 * u) ** 2
    for layer, (threads, broad, swing, drops) in enumerate(LAYERS):
        colour = palette[1 + (layer * 2 + layer // 3) % (len(palette) - 1)]
        count = max(1, round(area * threads))
        paths, slow = _throws(rng, width, height, count, swing * u)
        # The thread thickens where the hand slows down, and where the paint came in a gush.
        gush = 0.45 * _smooth(rng, count, 40) + 0.2 * rng.normal(0, 1, (count, 1))
        wide = broad * u * np.exp(gush + 1.1 * slow - 0.35)
        for path, lines in zip(paths, wide.clip(0.6 * u, 8 * u), strict=True):
            shade, thick = ink(colour * rng.uniform(0.88, 1.08)), int(rng.integers(90, 255))
            for step in range(STEPS):
                line, here = float(lines[step]), path[step].tolist()
                paint.line(path[step : step + 2], shade, line)
                body.line(path[step : step + 2], thick, line)
                if line > 1.6 * u:
                    paint.dot(here, line / 2, shade)
                    body.dot(here, line / 2, thick)
            flung = rng.normal(0, 14 * u, (drops, 2)) * rng.random((drops, 1)) * 2
            fell = path[rng.integers(STEPS, size=drops)] + flung
            sizes = u * np.minimum(6.5, 0.55 * rng.pareto(1.9, drops) + 0.55)
            for spot, radius in zip(fell.tolist(), sizes.tolist(), strict=True):
                paint.dot(spot, radius, shade)
                body.dot(spot, radius, thick)
    light = relief(body.read(), 2.2)
    return finish(paint.read() + 0.2 * light[..., None])


STYLE = Style("drip", "a drip painting, tangled threads and splatters of poured enamel paint on raw canvas", draw)
