"""Cubist planes: shards that overlap, each lit along one edge and fading into the next, dabbed with a small brush."""

from __future__ import annotations

import math

import numpy as np

from glaze.decoys.styles.paint import (
    Colours,
    Field,
    Picture,
    Rng,
    Sheet,
    Style,
    finish,
    forms,
    mix,
    noise,
    peek,
    pick,
    ramp,
    scatter,
    spot,
    unit,
)

# A scale from dark to light, then a second hue that some planes lean towards.
PALETTES = (
    "#231e19 #5a4a38 #96795a #c7aa80 #e6d8b8 #6f8a92",
    "#1b2226 #43535a #7f8d86 #b5b198 #e2dcc8 #b08a55",
    "#2a1a14 #6e3f26 #a86c3d #cfa168 #e8d8b6 #7a8a76",
    "#1d2430 #3d5570 #7690a0 #b9bcae #e2d6be #b5764a",
    "#22251d #4e583f #898f69 #bdb488 #e4dcc0 #a56a4a",
)
BRUSHES = 6
# The directions that the planes of one picture share, in radians: a cubist picture has a hidden grid.
SLANTS = (0.35, 1.92, -0.52, 1.22, 0.0)


def _dabs(rng: Rng, width: int, height: int, u: float) -> list[Field]:
    """Small square brush dabs in each of the directions, as brightness around 0."""
    fields = []
    for turn in range(BRUSHES):
        angle = math.pi * turn / BRUSHES
        sheet = Sheet(width, height, 128)
        points = scatter(rng, width, height, 6.5 * u, 0.5)
        reach = np.array([(math.cos(angle), math.sin(angle))], np.float32) * (4.5 * u)
        tones = rng.normal(128, 38, len(points)).clip(0, 255).astype(int).tolist()
        for point, tone in zip(points, tones, strict=True):
            sheet.line(np.concatenate([point - reach, point + reach]), tone, 4.2 * u)
        fields.append(sheet.read() - 0.5)
    return fields


class _Planes:
    """The picture while it is painted."""

    def __init__(self, rng: Rng, width: int, height: int) -> None:
        self.rng, self.u = rng, unit(width, height)
        *scale, second = pick(rng, PALETTES)
        self.scale, self.second = np.array(scale), second
        self.tone = 0.12 + 0.72 * forms(rng, width, height, 170 * self.u)
        self.dabs = _dabs(rng, width, height, self.u)
        self.slants = rng.permutation(SLANTS)[:3] + rng.normal(0, 0.1, 3)
        self.image: Colours = ramp(self.scale, (self.tone + 0.7 * self.dabs[0]).clip(0, 1))

    def shard(self, at: list[float]) -> None:
        """Paint one plane around the point: the cut of a few half planes, one of which may be a disc."""
        rng, u = self.rng, self.u
        height, width = self.tone.shape
        radius = rng.uniform(26, 66) * u
        piece = spot(width, height, at, radius)
        if piece is None:
            return
        count = int(rng.integers(3, 6))
        base = rng.choice(self.slants) + math.pi * rng.integers(2)
        turns = (
            base + 2 * math.pi * (np.arange(count) + rng.uniform(-0.26, 0.26, count) * (np.arange(count) > 0)) / count
        )
        sides = [
            radius * rng.uniform(0.3, 0.7) - math.cos(turn) * piece.right - math.sin(turn) * piece.down
            for turn in turns
        ]
        if rng.random() < 0.18:
            sides[0] = radius * 0.62 - np.hypot(piece.right, piece.down)
        inside, depth = np.minimum.reduce(sides), sides[0] / radius
        cover = (inside / u + 0.5).clip(0, 1)
        middle = peek(self.tone, at)
        # Light where the plane turns to the viewer, dark where it goes under: both within one shard.
        lit = 0.34 if rng.random() < 0.55 else -0.34
        shade = middle + rng.normal(0, 0.13) + lit * (1 - 1.5 * depth)
        dab = self.dabs[int(rng.integers(BRUSHES))][piece.rows, piece.columns]
        # Room is left at both ends of the scale for the dabs to show.
        shade = (shade.clip(0.14, 0.86) + 0.8 * dab).clip(0, 1)
        colour = ramp(self.scale, shade)
        if rng.random() < 0.3:
            tinted = self.second * (0.35 + 0.95 * shade[..., None])
            colour += (tinted - colour) * rng.uniform(0.3, 0.75)
        # Passage: most planes dissolve away from their lit edge.
        fade = (1.2 - depth * rng.uniform(0.3, 1.1)).clip(0.1, 1) if rng.random() < 0.65 else np.ones_like(depth)
        edge = (1 - np.abs(sides[0] - u) / (1.3 * u)).clip(0, 1)
        if rng.random() < 0.4:
            edge = np.maximum(edge, (1 - np.abs(sides[1] - u) / (1.1 * u)).clip(0, 1))
        area = self.image[piece.rows, piece.columns]
        area += (colour - area) * (cover * fade)[..., None]
        area += (self.scale[0] - area) * (0.78 * edge * cover)[..., None]


def _scaffold(rng: Rng, width: int, height: int, u: float) -> Field:
    """Long thin lines and arcs that run across the planes."""
    sheet = Sheet(width, height, 0)
    for start in scatter(rng, width, height, 150 * u, 0.6):
        heading = rng.choice(SLANTS) + rng.normal(0, 0.1) + np.linspace(0, rng.choice([0, 0, 1.6, -1.6]), 24)
        path = start + np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1), 0) * rng.uniform(3, 9) * u
        sheet.line(path, int(rng.integers(120, 230)), rng.uniform(0.8, 1.8) * u)
    return sheet.read()


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Planes over planes from one narrow scale of colour, then the scaffold of lines."""
    planes = _Planes(rng, width, height)
    u = planes.u
    for spacing in (44.0, 36.0, 36.0):
        for at in scatter(rng, width, height, spacing * u, 0.6).tolist():
            planes.shard(at)
    image = mix(planes.image, planes.scale[0], _scaffold(rng, width, height, u))
    canvas = noise(rng, width, height, 2.2 * u) - 0.5
    return finish(image + 0.06 * canvas[..., None])


STYLE = Style("facets", "an analytic cubist painting, overlapping angular planes and facets, muted earth colours", draw)
