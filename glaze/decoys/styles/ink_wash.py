"""Ink and water on absorbent paper: pale pools with dark rims, blooms, and broad strokes of a brush that runs dry."""

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
    fractal,
    mix,
    noise,
    pick,
    scatter,
    smoothstep,
    unit,
)

# Paper, thin ink, thick ink.
PALETTES = (
    "#f3eee2 #4d5260 #0d0e12",
    "#f1e9d6 #64574a #17110d",
    "#eeece6 #3f5468 #0b121c",
    "#f3ecdb #56624f #10160f",
)
# Each wash: its size in px, how much of the paper stays dry, how strong the ink is.
WASHES = (240, 0.3, 0.3), (170, 0.5, 0.4), (120, 0.62, 0.6), (80, 0.76, 0.85)
STEPS = 30


def _wash(rng: Rng, width: int, height: int, u: float, scale: float, dry: float) -> Field:
    """How much ink one wash leaves: uneven inside, a dark rim where it dried first, soft where the paper was wet."""
    ragged = fractal(rng, width, height, 30 * u, 5, 0.62) - 0.5
    inside = forms(rng, width, height, scale) - dry + 0.4 * ragged
    softness = 0.01 + 0.35 * smoothstep(0.55, 0.8, noise(rng, width, height, 110 * u))
    wet = (inside / softness).clip(0, 1)
    rim = np.exp(-inside.clip(0) / 0.022) * wet * (softness < 0.06)
    flow = 0.25 + 1.3 * fractal(rng, width, height, 60 * u, 4, 0.55)
    # Backruns: where water ran into drying ink it pushed the pigment into a crinkled edge.
    bloom = np.abs(fractal(rng, width, height, 75 * u, 5, 0.6) - 0.5)
    back = np.exp(-bloom / 0.012) * smoothstep(0.4, 0.7, noise(rng, width, height, 90 * u))
    amount: Field = wet * (0.6 * flow + 0.55 * back) + 0.8 * rim
    return amount


def _strokes(rng: Rng, width: int, height: int, u: float, spacing: float, broad: float) -> Field:
    """Broad strokes; each hair has its own load of ink, leaves the paper and comes back ("flying white")."""
    sheet = Sheet(width, height, 0)
    for start in scatter(rng, width, height, spacing * u, 0.7):
        spread = broad * rng.uniform(0.5, 1.3) * u
        hairs = max(6, int(spread / (0.8 * u)))
        curl = np.cumsum(rng.normal(0, 0.02, STEPS + 1)) + rng.normal(0, 0.045)
        heading = rng.choice([0.2, 1.3, -0.9]) + rng.normal(0, 0.4) + np.cumsum(curl)
        way = np.stack([np.cos(heading), np.sin(heading)], 1)
        spine = start + np.cumsum(way, 0) * rng.uniform(2.2, 5.5) * u
        side = np.stack([-way[:, 1], way[:, 0]], 1)
        press = np.sin(np.linspace(0.25, math.pi * 0.85, STEPS + 1)) ** 0.5
        load = np.cumsum(rng.normal(0, 0.6, hairs))
        load = rng.uniform(0.65, 1.3) + 0.3 * (load - load.mean()) / (load.std() + 1e-6)
        place = np.linspace(-0.5, 0.5, hairs) + rng.normal(0, 0.008, hairs)
        for offset, wet in zip(place, load, strict=True):
            path = spine + side * (press * offset * spread)[:, None]
            left = wet - np.linspace(0, 1.15, STEPS + 1) + 0.2 * rng.normal(0, 1, STEPS + 1)
            tone = int(rng.integers(150, 255))
            for piece in np.split(np.arange(STEPS + 1), np.flatnonzero(left < 0.1)):
                if len(piece) > 2:
                    sheet.line(path[piece], tone, 1.2 * u)
    return sheet.read()


def _laid(page: Colours, thin: Colours, thick: Colours, amount: Field) -> Colours:
    """Ink on the page: a little of it is the thin ink's colour, much of it black."""
    page = mix(page, thin, (1 - np.exp(-1.3 * amount)))
    return mix(page, thick, smoothstep(0.5, 1.6, amount))


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Washes from pale to dark, pale strokes, dark strokes, splatter."""
    u = unit(width, height)
    paper, thin, thick = pick(rng, PALETTES)
    fibres = fractal(rng, width, height, 5 * u, 3, 0.8)
    fibres = (fibres - fibres.mean()) / fibres.std()
    page = paper * (1 + 0.03 * fibres)[..., None]
    grain = (1 + 0.28 * fibres).clip(0.2)
    for scale, dry, strength in WASHES:
        page = _laid(page, thin, thick, strength * grain * _wash(rng, width, height, u, scale * u, dry))
    for spacing, broad, strength in ((58.0, 22.0, 0.4), (84.0, 30.0, 1.9), (66.0, 8.0, 2.2)):
        page = _laid(page, thin, thick, strength * grain * _strokes(rng, width, height, u, spacing, broad))
    drops = Sheet(width, height, 0)
    for at in scatter(rng, width, height, 10 * u, 1.5).tolist():
        drops.dot(at, u * min(5.0, 0.45 * rng.pareto(1.9) + 0.45), int(rng.integers(40, 230)))
    page = _laid(page, thin, thick, 1.8 * drops.read())
    # The blackest ink still shows the fibres, as a sheen.
    return finish(page + 0.018 * fibres[..., None])


STYLE = Style("ink wash", "an ink wash painting, pooled ink, dry brush strokes, blooms and splatter on paper", draw)
