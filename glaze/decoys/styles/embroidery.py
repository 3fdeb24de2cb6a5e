"""Silk on linen: fields of satin stitch, each with its own direction and so its own sheen, edged with cord."""

from __future__ import annotations

import math

import numpy as np

from glaze.decoys.styles.paint import (
    Picture,
    Rng,
    Style,
    bend,
    cells,
    finish,
    forms,
    mix,
    noise,
    pick,
    smoothstep,
    unit,
)

PALETTES = (
    "#1f2f4f #3f6a9a #8fb5c0 #f0e4c8 #e0a050 #b0402f",
    "#2a3a2a #5a8a4a #b5c06a #f3e9c0 #d98a6a #8a2f4a",
    "#3a1f3a #8a3f6a #d98a9a #f6e0d0 #c0a05a #4a6a6a",
    "#1a3a3a #2f8a80 #9ad0b0 #f5efd0 #e9b04a #c0503a",
    "#2a2420 #6a5040 #b09070 #ede0c8 #a03a30 #3a5a70",
)


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Each field is a cell; threads are rows across its direction, stitches are bricks along it."""
    u = unit(width, height)
    palette = pick(rng, PALETTES)
    x, y = bend(rng, width, height, 80 * u, 22 * u)
    field = cells(rng, x, y, 62 * u, 0.45)
    table = rng.random(1 << 11)
    number = field.number.astype(np.int64)
    angle = table[number % 2048] * math.pi + 0.9 * (noise(rng, width, height, 90 * u) - 0.5)
    # Within a field the threads fan a little: the directions are taken around its centre, not the page's.
    along = np.cos(angle) * field.right + np.sin(angle) * field.down
    across = np.cos(angle) * field.down - np.sin(angle) * field.right
    thread = 2.6 * u
    line = across / thread
    row = np.floor(line)
    stitch = along / (26 * u) + table[(row.astype(np.int64) * 37 + number * 11) % 2048]
    brick = np.floor(stitch)
    off, end = (line - row - 0.5) * 2, np.abs(stitch - brick - 0.5) * 2
    key = (row.astype(np.int64) * 977 + brick.astype(np.int64) * 131 + number * 53) % 2048
    # Long-and-short shading: within a field the silk steps from one dye to the next, stitch by stitch.
    first = (table[number * 3 % 2048] * len(palette)).astype(np.int32)
    second = (first + 1 + (table[number * 5 % 2048] * 2).astype(np.int32)) % len(palette)
    share = smoothstep(-0.5, 1.5, brick + 0.9 * (table[key] - 0.5) + forms(rng, width, height, 200 * u))
    silk = mix(palette[first], palette[second], share)
    sheen = np.cos(2 * (angle - rng.uniform(0, math.pi)))
    round_thread = np.sqrt((1 - 0.92 * off**2).clip(0)) * (1 - 0.75 * end**10)
    glint = (1 - (1.6 * (end - 0.25)) ** 2).clip(0) * (1 - off**2)
    light = 0.5 + 0.52 * round_thread + 0.16 * sheen + (0.1 + 0.14 * sheen) * glint - 0.08 * off
    light = light + 0.12 * (table[(key + 5) % 2048] - 0.5)
    image = silk * light[..., None]
    # The cord: a rope along each border, its strands slanted.
    cord = 2.3 * u
    run = (field.right + field.down) / (3.4 * u) + field.border / (2.4 * u)
    strand = 0.5 + 0.5 * np.cos(2 * math.pi * run)
    round_cord = np.sqrt((1 - (field.border / cord) ** 2).clip(0))
    rope = palette[int(rng.integers(3, 5))] * (round_cord * (0.5 + 0.55 * strand))[..., None]
    image = mix(image, rope, smoothstep(0.6 * u, -0.6 * u, field.border - cord))
    shadow = 1 - 0.45 * np.exp(-(field.border - cord).clip(0) / (2 * u)) * (field.border > cord)
    return finish(image * shadow[..., None])


STYLE = Style("embroidery", "silk embroidery, fields of satin stitch threads with sheen, corded outlines", draw)
