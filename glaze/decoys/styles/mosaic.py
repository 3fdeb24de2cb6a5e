"""Small stones set in mortar, in rows that run around several centres."""

from __future__ import annotations

import math

import numpy as np

from glaze.decoys.styles.paint import (
    Picture,
    Rng,
    Style,
    bend,
    blur,
    cells,
    finish,
    forms,
    fractal,
    mix,
    noise,
    pick,
    ramp,
    relief,
    smoothstep,
    unit,
)

PALETTES = (
    "#1e3a5f #2f6f8f #7fb3a8 #e8dcb5 #d9a441 #a8442c",
    "#3a2418 #8a4b2a #c98a4b #ecd9ae #9fae8c #3f5f5a",
    "#14324a #1f6f78 #5fb49c #dff0d8 #f0c75e #d96c4f",
    "#2d1e3e #6b3f6e #b5708a #efd3b8 #c9a24b #4f6f5a",
    "#22252b #5a6068 #a5a39a #ece6d6 #b8863f #7a2f2a",
)


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Rings of stones around the centre of each large cell; every stone has its own colour, tilt and bevel."""
    u = unit(width, height)
    palette = pick(rng, PALETTES)
    stone = 11.5 * u
    field = cells(rng, *bend(rng, width, height, 120 * u, 14 * u), 150 * u)
    bumps = noise(rng, width, height, 16 * u) - 0.5
    radius = np.hypot(field.right, field.down) + 3.2 * u * bumps
    ring = np.floor(radius / stone)
    turn = np.arctan2(field.down, field.right) / (2 * math.pi)
    # Whole stones only: each ring is divided into as many as fit, and begins where chance wants.
    fits = np.maximum(1, np.round(2 * math.pi * (ring + 0.5)))
    table = rng.random(1 << 12)
    spin = table[(ring.astype(np.int64) * 131 + field.number * 17) % len(table)]
    place = (turn + spin) * fits
    number = np.floor(place)
    key = ((number % fits).astype(np.int64) * 7919 + ring.astype(np.int64) * 104729 + field.number * 1299709) % len(
        table
    )
    across = (radius / stone - ring - 0.5) * stone
    along = (place - number - 0.5) * (2 * math.pi) * radius / fits
    half = stone / 2
    long = math.pi * radius / fits
    inside = np.minimum(half - np.abs(across), long - np.abs(along))
    inside = np.minimum(inside, field.border) - 0.35 * u + 0.9 * u * bumps
    body = smoothstep(0.5 * u, 1.5 * u, inside)
    tone = forms(rng, width, height, 180 * u)
    bands = np.sin(radius / stone * 0.9 + field.number)
    hue = 0.68 * tone + 0.14 + 0.12 * bands + 0.24 * (table[key] - 0.5)
    colour = ramp(palette, hue.clip(0, 1))
    tilt = (table[(key + 1) % len(table)] - 0.5) * across + (table[(key + 2) % len(table)] - 0.5) * along
    glint = table[(key + 3) % len(table)]
    colour = colour * (0.78 + 0.4 * glint + 0.9 * tilt / stone)[..., None]
    rough = fractal(rng, width, height, 5 * u, 3, 0.7) - 0.5
    mortar = np.array([0.62, 0.58, 0.52], np.float32) * (0.62 + 0.6 * rough)[..., None] * rng.uniform(0.55, 1.1)
    image = mix(mortar, (colour * (1 + 0.16 * rough[..., None])), body)
    light = relief(blur(inside.clip(0, 2.4 * u), 0.7 * u) / u, 0.9)
    return finish(image + 0.16 * light[..., None])


STYLE = Style("mosaic", "a mosaic of small stone and glass tesserae set in rows, visible grout", draw)
