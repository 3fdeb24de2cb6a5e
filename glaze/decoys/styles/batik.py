"""Cloth dyed around wax: dotted spirals and rings left light, and fine cracks where the wax broke and dye crept in."""

from __future__ import annotations

import math

import numpy as np

from glaze.decoys.styles.paint import (
    Field,
    Picture,
    Rng,
    Style,
    bend,
    cells,
    finish,
    forms,
    fractal,
    mix,
    noise,
    pick,
    smoothstep,
    unit,
)

# Cloth, first dye, second dye, crack.
PALETTES = (
    "#f0e6cf #c98a3f #5a2a1a #24120e",
    "#e9eef0 #5f9ac0 #1c3a78 #0d1838",
    "#f3e6c8 #d9653a #7a1f3a #2a0e1c",
    "#eef0d9 #7fb06a #1f5a4f #0c2a28",
    "#f0dfe0 #c07aa8 #4f2a6a #1f1030",
)


def _cracks(rng: Rng, width: int, height: int, size: float, u: float, thin: float) -> Field:
    x, y = bend(rng, width, height, 0.5 * size, 0.28 * size)
    border = cells(rng, x + 1.5 * noise(rng, width, height, 3 * u), y, size, 0.5).border
    force = noise(rng, width, height, 2.2 * size)
    return 1 - smoothstep(0.0, 1.0, border / (thin * u) - force)


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Two dye baths, each around its own wax drawing; then the cracks."""
    u = unit(width, height)
    cloth, first, second, dark = pick(rng, PALETTES)
    x, y = bend(rng, width, height, 120 * u, 16 * u)
    field = cells(rng, x, y, 118 * u)
    radius = np.hypot(field.right, field.down)
    turn = np.arctan2(field.down, field.right) / (2 * math.pi)
    table = rng.random(1 << 10)
    arms = np.floor(table[field.number % 1024] * 3 - 1)
    # Rings for arms 0, else spirals one way or the other: the same rows of dots run along both.
    gap = 13.5 * u
    row = radius / gap + arms * turn
    ring = np.floor(row)
    fits = np.maximum(3, np.round(2 * math.pi * (ring + 0.5) * 0.95))
    bead = turn * fits + 0.5 * (ring % 2)
    off_row, off_bead = (row - ring - 0.5) * gap, (bead - np.floor(bead) - 0.5) * (2 * math.pi * radius / fits)
    wobble = 1.3 * u * (noise(rng, width, height, 7 * u) - 0.5)
    dot = smoothstep(0.8 * u, -0.8 * u, np.hypot(off_row, off_bead) + wobble - 3.4 * u)
    band = smoothstep(0.8 * u, -0.8 * u, (np.abs(np.abs(off_row) - 6.3 * u) - 0.9 * u + wobble))
    border = smoothstep(0.8 * u, -0.8 * u, (np.abs(field.border - 5 * u) - 1.6 * u + wobble))
    wax = np.maximum.reduce([dot, band * 0.75, border])
    patches = smoothstep(0.36, 0.42, (forms(rng, width, height, 150 * u) + 0.02 * wobble))
    blotch = fractal(rng, width, height, 30 * u, 4, 0.6) - 0.5
    ground = mix(np.broadcast_to(first, (height, width, 3)), second, patches)
    alternate = table[field.number * 3 % 1024] < 0.45
    light = np.where(alternate[..., None], first * 0.45 + cloth * 0.55, cloth)
    ground = ground * (1 + 0.45 * blotch)[..., None]
    image = mix(ground, light, wax)
    cracks = np.maximum(_cracks(rng, width, height, 46 * u, u, 1.0), 0.8 * _cracks(rng, width, height, 19 * u, u, 0.7))
    image = mix(image, dark, (cracks * (0.35 + 0.5 * wax)))
    thread = 0.05 * (noise(rng, width, height, 1.5 * u, 3) + noise(rng, height, width, 1.5 * u, 3).T - 1)
    return finish(image + thread[..., None])


STYLE = Style("batik", "a batik textile, wax resist dye, dotted spirals, fine crackle lines", draw)
