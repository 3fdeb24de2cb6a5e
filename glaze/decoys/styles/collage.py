"""Torn papers pasted over each other: white torn edges, shadows, and a printed pattern on each."""

from __future__ import annotations

import math

import numpy as np

from glaze.decoys.styles.paint import (
    Colours,
    Field,
    Picture,
    Rng,
    Spot,
    Style,
    axes,
    finish,
    fractal,
    noise,
    pick,
    sample,
    scatter,
    smoothstep,
    spot,
    unit,
)

PALETTES = (
    "#23364f #5f8aa8 #d9d0b8 #e0a33f #b5452f #f0e8d8",
    "#2f3f2a #7a9a5a #e0d9b0 #d98a5a #7a3a4a #f2ecdc",
    "#3a2a4a #8a6a9a #e6d0d0 #e0b060 #4a7a80 #f4efe6",
    "#1f1f22 #6a6a68 #c9c2b0 #a8402f #d8b070 #efeae0",
    "#12424a #4a9a98 #dfe6d0 #f0b070 #c05a5a #f5f0e2",
)


def _print(rng: Rng, piece: Spot, ink_one: Colours, ink_two: Colours, u: float) -> Colours:
    """The pattern of one paper: stripes, dots, checks, waves, or lines like a newspaper's."""
    angle, gap = rng.uniform(0, math.pi), rng.uniform(6.5, 15) * u
    across = (math.cos(angle) * piece.right + math.sin(angle) * piece.down) / gap
    down = (math.cos(angle) * piece.down - math.sin(angle) * piece.right) / gap
    kind = rng.integers(6)
    if kind == 0:
        mark = np.abs(across % 1 - 0.5) - rng.uniform(0.12, 0.3)
    elif kind == 1:
        mark = np.hypot(across % 1 - 0.5, down % 1 - 0.5) - rng.uniform(0.2, 0.36)
    elif kind == 2:
        mark = np.where((np.floor(across) + np.floor(down)) % 2 == 0, -0.2, 0.2)
    elif kind == 3:
        mark = np.abs((across + 0.35 * np.sin(2.4 * down)) % 1 - 0.5) - 0.17
    elif kind == 4:
        table = rng.random(997)
        words = table[(np.floor(down * 1.6).astype(np.int64) * 61 + np.floor(across * 5).astype(np.int64)) % 997]
        mark = np.where((np.abs(down * 1.6 % 1 - 0.5) < 0.24) & (words < 0.72), -0.2, 0.2)
    else:
        mark = np.minimum(np.abs(across % 1 - 0.5), np.abs(down % 1 - 0.5)) - 0.11
    share = (0.5 - mark * gap).clip(0, 1)
    face: Colours = ink_one + (ink_two - ink_one) * share[..., None]
    return face


def _shape(rng: Rng, piece: Spot, radius: float, ragged: Field) -> Field:
    """Px inside a torn, roughly convex outline; negative outside."""
    count = int(rng.integers(3, 6))
    base = rng.uniform(0, 2 * math.pi)
    edges = []
    for side in range(count):
        turn = base + 2 * math.pi * (side + rng.uniform(-0.22, 0.22)) / count
        reach = radius * rng.uniform(0.45, 0.72)
        edges.append(reach - math.cos(turn) * piece.right - math.sin(turn) * piece.down)
    inside: Field = np.minimum.reduce(edges) + ragged[piece.rows, piece.columns]
    return inside


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Each paper throws its shadow, then its torn white core, then its printed face."""
    u = unit(width, height)
    palette = pick(rng, PALETTES)
    image = np.broadcast_to(palette[2], (height, width, 3)).copy()
    torn = 9 * u * (fractal(rng, width, height, 26 * u, 5, 0.62) - 0.5)
    core = 2.2 * u + 7 * u * (noise(rng, width, height, 22 * u) - 0.4)
    fibre = noise(rng, width, height, 1.4 * u) - 0.5
    for spacing, size in ((62.0, 96.0), (52.0, 72.0), (58.0, 52.0)):
        for at in scatter(rng, width, height, spacing * u, 0.6).tolist():
            radius = size * u * rng.uniform(0.75, 1.2)
            piece = spot(width, height, at, radius)
            if piece is None:
                continue
            inside = _shape(rng, piece, radius, np.roll(torn, int(rng.integers(height)), 0))
            area = image[piece.rows, piece.columns]
            x, y = np.broadcast_arrays(*axes(inside.shape[1], inside.shape[0]))
            thrown = sample(inside, x - 2.4 * u, y - 2.8 * u)
            area *= 1 - 0.42 * smoothstep(-3.5 * u, 2.5 * u, thrown)[..., None]
            white = smoothstep(-0.6 * u, 0.6 * u, inside)[..., None]
            grain = fibre[piece.rows, piece.columns][..., None]
            area += (0.93 + 0.22 * grain - area) * white
            one, two = rng.permutation(len(palette))[:2]
            face = _print(rng, piece, palette[one], palette[two], u) * (1 + 0.14 * grain)
            cover = smoothstep(-0.5 * u, 0.5 * u, inside - core[piece.rows, piece.columns].clip(0.4 * u))
            area += (face - area) * cover[..., None]
    crease = noise(rng, width, height, 34 * u) - 0.5
    return finish(image * (1 + 0.12 * crease[..., None]))


STYLE = Style("collage", "a collage of torn printed papers, patterned scraps, white torn edges, pasted layers", draw)
