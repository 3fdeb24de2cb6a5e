"""Willow charcoal on laid paper: the side of the stick rubbed in, hatching with its end, smudges, a few hard lines."""

from __future__ import annotations

import math

import numpy as np

from glaze.decoys.styles.paint import (
    Field,
    Picture,
    Rng,
    Sheet,
    Style,
    blank,
    blur,
    finish,
    forms,
    fractal,
    level,
    mix,
    noise,
    peek,
    pick,
    scatter,
    smear,
    smoothstep,
    unit,
)

# Paper, charcoal.
PALETTES = ("#ece5d6 #1b1a1a", "#d9d2c4 #17171b", "#cdbc9c #1d1714", "#e6e6e2 #22252a", "#bdb8ae #141312")
SLANTS = (0.95, 0.55, -0.8, 1.5)


def _side(rng: Rng, tone: Field, u: float) -> Field:
    """Short broad rubs with the side of the stick, harder along one of its edges; the pressure they add up to."""
    height, width = tone.shape
    laid = blank(width, height)
    for _ in range(3):
        sheet = Sheet(width, height, 0)
        for x, y in scatter(rng, width, height, 27 * u, 0.6).tolist():
            dark = peek(tone, (x, y))
            if rng.random() > 0.25 + dark:
                continue
            angle = rng.choice(SLANTS) + rng.normal(0, 0.2)
            along = np.array((math.cos(angle), math.sin(angle))) * rng.uniform(12, 30) * u
            side = np.array((-math.sin(angle), math.cos(angle))) * rng.uniform(4.5, 9) * u
            bow = side * rng.normal(0, 0.5)
            press = 255 * (0.3 + 0.6 * dark) * rng.uniform(0.6, 1.1)
            for part in np.linspace(-1, 1, 9):
                path = np.array([-along, bow, along]) + (x, y) + side * part
                sheet.line(path, int(min(255, press * (0.72 + 0.28 * part))), 2.4 * u)
        laid += sheet.read()
    return laid / 3


def _hatching(rng: Rng, tone: Field, u: float) -> Field:
    """Patches of parallel lines with the end of the stick, to and fro, the closer the darker."""
    height, width = tone.shape
    sheet = Sheet(width, height, 0)
    for x, y in scatter(rng, width, height, 46 * u, 0.6).tolist():
        dark = peek(tone, (x, y))
        angle = rng.choice(SLANTS) + rng.normal(0, 0.12)
        along, side = np.array((math.cos(angle), math.sin(angle))), np.array((-math.sin(angle), math.cos(angle)))
        reach, gap = rng.uniform(18, 34) * u, (9.5 - 5 * dark) * u
        press = int(255 * min(1.0, (0.34 + 0.7 * dark) * rng.uniform(0.8, 1.2)))
        for step in np.arange(-26 * u, 26 * u, gap):
            middle = (x, y) + side * (step + rng.normal(0, 0.7 * u)) + along * rng.normal(0, 4 * u)
            half = along * reach * rng.uniform(0.7, 1.15)
            path = np.array([middle - half, middle + side * rng.normal(1.5, 1.0) * u, middle + half], np.float32)
            sheet.line(path, press, rng.uniform(1.5, 3.2) * u)
    return sheet.read()


def _lines(rng: Rng, width: int, height: int, u: float) -> Field:
    """A few long searching lines, pressed unevenly."""
    sheet = Sheet(width, height, 0)
    for start in scatter(rng, width, height, 120 * u, 0.6):
        heading = rng.uniform(0, 2 * math.pi) + np.cumsum(np.cumsum(rng.normal(0, 0.011, 40)))
        path = start + np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1), 0) * 5 * u
        wide = rng.uniform(1.8, 4.4) * u * np.interp(np.arange(40), np.arange(0, 40, 5), rng.uniform(0.4, 1.2, 8))
        for step in range(39):
            sheet.line(path[step : step + 2], 250, float(wide[step]))
    return sheet.read()


def draw(rng: Rng, width: int, height: int) -> Picture:
    """All pressures add up; what sticks is decided by the hollows of the paper."""
    u = unit(width, height)
    paper, black = pick(rng, PALETTES)
    tone = forms(rng, width, height, 150 * u)
    laid = np.sin(np.arange(height, dtype=np.float32)[:, None] * (2 * math.pi / (3.6 * u)))
    hollow = level(fractal(rng, width, height, 2.6 * u, 2, 0.6) + 0.07 * laid)
    streaks = smear(noise(rng, width, height, 9 * u), noise(rng, width, height, 170 * u) * 5, 16 * u)
    streaks = (streaks - streaks.mean()) / streaks.std()
    side, hatching = _side(rng, tone, u), _hatching(rng, tone, u)
    pressure = 0.75 * side + 0.55 * hatching + 0.8 * _lines(rng, width, height, u)
    # The hand drags some of the dust along.
    dust = (0.7 * blur(side, 5 * u) + 0.2 * blur(hatching, 3 * u)) * (1 + 0.3 * streaks)
    kneaded = smoothstep(0.93, 1.0, forms(rng, width, height, 55 * u)) * 0.6
    pressure, dust = pressure * (1 - kneaded), dust * (1 - 0.8 * kneaded)
    page = paper * (1 + 0.07 * (hollow - 0.5))[..., None]
    page = mix(page, black, (dust * (1.05 - 0.25 * hollow)).clip(0, 0.85))
    stick = smoothstep(-0.22, 0.34, (pressure - 0.05 - 0.62 * hollow))
    return finish(mix(page, black, stick * 0.94))


STYLE = Style(
    "charcoal", "a charcoal drawing, broad smudged strokes, rough paper grain, expressive dark hatching", draw
)
