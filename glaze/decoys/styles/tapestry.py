"""Wool woven over a warp: rows of beads, stepped diamonds, zigzags and bands, dye that varies along the yarn."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from glaze.decoys.styles.paint import Picture, Rng, Style, bend, finish, noise, pick, unit

PALETTES = (
    "#7a1f1c #c9572f #e8b04b #f0e3c4 #22364f #3f6b5f",
    "#1d2f4a #3c6690 #9fc0c8 #efe6d0 #b8563a #d9a05b",
    "#3a2a20 #7a5a3a #b9935f #e9dcc0 #5f6b4a #8a3a2a",
    "#2f1f3a #7a3f6a #c9798a #f2dcc9 #d9a441 #2f6a6a",
    "#1f3a2f #4f7a4a #a9b86a #f0ead0 #c96a3a #5a2a2a",
)
Grid = NDArray[np.int64]


def _motif(rng: Rng, across: Grid, down: Grid, inks: Grid) -> Grid:
    """The colour numbers of one woven band; `across` and `down` count warps and double rows."""
    period = int(rng.integers(8, 15))
    fold = np.abs((across + int(rng.integers(period))) % period - period // 2)
    kind = rng.integers(5)
    if kind == 0:
        place = (fold + down) // 2
    elif kind == 1:
        place = np.maximum(fold, np.abs(down % period - period // 2)) // 2
    elif kind == 2:
        place = (fold + np.abs(down % period - period // 2)) // 2
    elif kind == 3:
        place = ((across // 3 + down // 2) % 2) + 2 * ((down // 6) % 2)
    else:
        place = np.where(fold < 2, 0, (across // 2 - down) // 2)
    return inks[place % len(inks)]


def draw(rng: Rng, width: int, height: int) -> Picture:
    """The design lives on the grid of warps and rows; the beads are shaded within it."""
    u = unit(width, height)
    palette = pick(rng, PALETTES)
    x, y = bend(rng, width, height, 90 * u, 3.5 * u)
    warp, weft = (6.4 * u), (3.9 * u)
    margin = 4
    row = np.floor(y / weft).astype(np.int64) + margin
    # Each row passes over the warps that the row before went under.
    shift = x / warp + (row % 2) * 0.5
    column = np.floor(shift).astype(np.int64) + margin
    columns, rows = int(column.max()) + 1, int(row.max()) + 1
    design = np.zeros((rows, columns), np.int64)
    top = 0
    while top < rows:
        tall = int(rng.integers(10, 44))
        inks = rng.permutation(len(palette))[: rng.integers(2, 5)]
        down, across = np.mgrid[0:tall, 0:columns]
        design[top : top + tall] = _motif(rng, across, down // 2, inks)[: max(0, rows - top)]
        top += tall
    # Dye lots: the colour drifts from row to row and a little from bead to bead.
    lot = 1 + 0.09 * rng.normal(0, 1, (rows, 1)) + 0.07 * rng.normal(0, 1, (rows, columns))
    yarn = (palette[design] * lot[..., None])[row, column]
    u_along = (shift - np.floor(shift) - 0.5) * 2
    u_across = (y / weft - np.floor(y / weft) - 0.5) * 2
    bead = np.sqrt((1 - 0.8 * u_along**2).clip(0)) * np.sqrt((1 - 0.85 * u_across**2).clip(0))
    twist = np.sin((u_along * 1.3 + u_across * 0.9) * 2 * math.pi)
    light = 0.5 + 0.62 * bead - 0.1 * u_across - 0.07 * u_along + 0.05 * twist
    light = light + 0.2 * (noise(rng, width, height, 1.3 * u) - 0.5) + 0.16 * (noise(rng, width, height, 70 * u) - 0.5)
    return finish(yarn * light[..., None])


STYLE = Style("tapestry", "a handwoven wool tapestry, kilim with geometric bands and diamonds, visible weave", draw)
