"""A mountain country as a map of heights, the shade on it, and rays that meet it. Lengths in metres, y is up.

Points and directions are (n, 3) float32; maps are (side, side) of the SPAN: rows go away from the
viewer, columns to the right, and the viewer stands in the middle of the first row.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from glaze.decoys.styles.paint import Field, Rng, blur, fractal, noise, smoothstep

Array = NDArray[np.floating]
SPAN: Final = 14336.0  # of the land, to the right and away
OCTAVES: Final = 9
FAR: Final = 1e9
SHORE: Final = 1300.0  # nearer there is only water, in what the viewer sees
LOWEST, HIGHEST = -9.0, 3900.0  # where a ray can meet land
MARCHES: Final = 320


class Country:
    """The heights, and for every cell its normal and how much of the sun reaches it."""

    def __init__(self, rng: Rng, sun: Array, side: int) -> None:
        self.side, self.cell = side, SPAN / side
        fine = side / 2048
        bare = _heights(rng, side)
        down, right = np.gradient(blur(bare, fine), self.cell)
        steep = np.hypot(down, right)
        ragged = fractal(rng, side, side, 90 * fine, 4)
        self.wooded = smoothstep(0.95, 0.6, steep) * smoothstep(720, 560, bare + 420 * (ragged - 0.5)) * (bare > 4)
        crowns = noise(rng, side, side, 2.2 * fine) ** 2
        self.heights = (bare + self.wooded * (4 + 22 * crowns)).astype(np.float32)
        self.crowns, self.ragged = crowns, ragged
        down, right = np.gradient(self.heights, self.cell)
        normal = np.stack([-right, np.ones_like(right), -down], -1)
        self.normal = (normal / np.linalg.norm(normal, axis=-1, keepdims=True)).astype(np.float32)
        self.steep = steep.astype(np.float32)
        self.sunlit = _sunlit(self.heights, sun, self.cell)
        self.open = _openness(self.heights, fine)

    def at(self, chart: Field, x: Array, z: Array) -> Array:
        """A map at places, linear between its cells."""
        column = ((x + SPAN / 2) / self.cell).clip(0, self.side - 1.01).astype(np.float32)
        row = (z / self.cell).clip(0, self.side - 1.01).astype(np.float32)
        i, j = column.astype(np.int32), row.astype(np.int32)
        fx, fy = column - i, row - j
        if chart.ndim == 3:
            fx, fy = fx[:, None], fy[:, None]
        flat = chart.reshape(self.side * self.side, *chart.shape[2:])
        at = j * self.side + i
        top = flat[at] * (1 - fx) + flat[at + 1] * fx
        found: Array = top * (1 - fy) + (flat[at + self.side] * (1 - fx) + flat[at + self.side + 1] * fx) * fy
        return found

    def met(self, origin: Array, toward: Array) -> Array:
        """How far it is along rays to the land; FAR where they pass over it, or meet the water before it."""
        found = np.full(len(origin), FAR, np.float32)
        # All is water as far as SHORE.
        far = (np.maximum(SHORE - origin[:, 2], 30) / np.maximum(toward[:, 2], 0.05)).astype(np.float32)
        at = np.flatnonzero(origin[:, 1] + toward[:, 1] * far > LOWEST)
        origin, toward, far = origin[at], toward[at], far[at]
        before = far * np.float32(0.98)
        for _ in range(MARCHES):
            place = origin + toward * far[:, None]
            above = place[:, 1] - self.at(self.heights, place[:, 0], place[:, 2])
            hit = above < 0
            if hit.any():
                found[at[hit]] = self._between(origin[hit], toward[hit], before[hit], far[hit])
            going = (
                ~hit
                & (place[:, 2] < SPAN - 20)
                & (place[:, 1] < HIGHEST)
                & (place[:, 1] > LOWEST)
                & (np.abs(place[:, 0]) < SPAN / 2)
            )
            at, origin, toward, above = at[going], origin[going], toward[going], above[going]
            if not len(at):
                break
            before = far[going]
            far = before + np.maximum(above * 0.5, 3.0 + before * 0.0011)
        return found

    def _between(self, origin: Array, toward: Array, low: Array, high: Array) -> Array:
        """Where rays that are above the land at `low` and below it at `high` cross it."""
        for _ in range(7):
            middle = (low + high) / 2
            place = origin + toward * middle[:, None]
            under = place[:, 1] < self.at(self.heights, place[:, 0], place[:, 2])
            low, high = np.where(under, low, middle), np.where(under, middle, high)
        return high


def _heights(rng: Rng, side: int) -> Field:
    """Peaks around a long lake. Octaves count for less where the land is steep already: as if water had worn it."""
    x = (np.arange(side, dtype=np.float32)[None] * (SPAN / side) - SPAN / 2) / 1000
    z = np.arange(side, dtype=np.float32)[:, None] * (SPAN / side) / 1000
    rough, down, right = (np.zeros((side, side), np.float32) for _ in range(3))
    scale, weight = side / 4.5, 1.0
    for _ in range(OCTAVES):
        layer = noise(rng, side, side, scale)
        step_down, step_right = np.gradient(layer, 1 / side * 6)
        down, right = down + step_down * weight, right + step_right * weight
        ridge = 1 - np.abs(2 * layer - 1)
        rough += weight * (0.55 * layer + 0.45 * ridge) / (1 + 0.5 * (down * down + right * right))
        scale, weight = scale / 2, weight * 0.5
    rough -= rough.min()
    rough /= rough.max()

    def peak(at_x: float, at_z: float, wide: float, tall: float) -> Field:
        return np.asarray(tall * np.exp(-(np.hypot((x - at_x) / wide, (z - at_z) / (wide * 1.2)) ** 1.35)))

    massif = (
        peak(0.7, 8.4, 1.5, 1.0) + peak(-0.9, 9.6, 1.1, 0.62) + peak(2.5, 10.4, 1.3, 0.68) + peak(-3.4, 8.6, 1.6, 0.72)
    )
    massif += peak(4.6, 7.6, 1.5, 0.7) + peak(-5.4, 5.6, 1.5, 0.55) + peak(5.8, 4.6, 1.5, 0.5)
    winding = 0.35 * (noise(rng, side, side, side / 11) - 0.5) + 0.12 * (noise(rng, side, side, side / 41) - 0.5)
    beside = np.abs(x - 0.12 * z + winding) - (1.5 - 0.05 * z)
    shore = np.maximum(beside, (z - 4.6 + winding) * 0.8)
    rise = smoothstep(-0.05, 2.6, shore)
    height: Field = (
        1900 * (0.3 * rise + massif * smoothstep(-0.1, 1.6, shore)) * (0.32 + 0.95 * rough) + 130 * rise * rough
    )
    # Deep water lets rays that skim it take long steps.
    height += 26 * smoothstep(-0.02, 0.2, shore) - 8 - 260 * smoothstep(0.0, -0.25, shore)
    return np.asarray(height, np.float32)


def _sunlit(heights: Field, sun: Array, cell: float) -> Field:
    """1 in the sun, 0 in the shade of other land, soft between: the land is asked along the way to the sun."""
    small = heights[::2, ::2]
    rows, columns = np.mgrid[0 : len(small), 0 : len(small)].astype(np.int32)
    flat = math.hypot(float(sun[0]), float(sun[2]))
    over = np.full(small.shape, -FAR, np.float32)
    far = 1.0
    while far < len(small) / 2.5:
        i, j = rows + round(far * float(sun[2]) / flat), columns + round(far * float(sun[0]) / flat)
        inside = (i >= 0) & (i < len(small)) & (j >= 0) & (j < len(small))
        land = np.where(inside, small[i.clip(0, len(small) - 1), j.clip(0, len(small) - 1)], -FAR)
        metres = far * 2 * cell
        over = np.maximum(over, (land - small - metres * float(sun[1]) / flat) / math.sqrt(metres))
        far += max(1.0, 0.03 * far)
    light = blur(smoothstep(0.9, -0.6, over), 0.8)
    return np.repeat(np.repeat(light, 2, 0), 2, 1).astype(np.float32)


def _openness(heights: Field, fine: float) -> Field:
    """How much of the sky a cell sees, about: less in hollows of three sizes, of `fine` cells."""
    light = np.ones(heights.shape, np.float32)
    for reach, depth in ((3, 16), (14, 70), (60, 260)):
        hollow = (blur(heights, reach * fine) - heights) / depth
        light *= 1 - 0.42 * smoothstep(0, 1, hollow)
    return light
