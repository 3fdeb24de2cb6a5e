"""Flat colour: rows of breaking waves one behind the other, drawn with a few parallel lines, foam on the crests."""

from __future__ import annotations

import math

import numpy as np

from glaze.decoys.styles.paint import Picture, Rng, Sheet, Style, finish, ink, noise, pick, unit

# Line, foam, then the fills.
PALETTES = (
    "#14263f #f3ead6 #1f4e79 #3d7ea6 #8fb9bf #d9d2b5",
    "#2a1a2b #fbeee0 #8c2f39 #d9644a #f2a65a #f7d9a8",
    "#12302b #f1f0dc #1f6f5c #5aa17f #a9c99a #e4d9a0",
    "#1d1d33 #efe9f2 #4b4e8f #8583b8 #c3a7c4 #ecd4cf",
    "#20242a #f2efe6 #59636b #8f9a9a #c7c6b8 #b98a5a",
)


def draw(rng: Rng, width: int, height: int) -> Picture:
    """Painter's order, far rows first; a row hides what lies behind it."""
    u = unit(width, height)
    line, foam, *fills = pick(rng, PALETTES)
    sheet = Sheet(width, height, ink(fills[0]))
    x = np.arange(-40 * u, width + 40 * u, 1.5 * u, dtype=np.float32)
    gap = 34 * u
    sway = rng.uniform(-0.18, 0.18)
    order = rng.permutation(len(fills))
    beyond = 2 + math.ceil(abs(sway) * width / 2 / gap)
    for row in range(-beyond, math.ceil(height / gap) + beyond + 1):
        base = row * gap + sway * (x - width / 2)
        period = rng.uniform(70, 120) * u
        drift = np.interp(x, np.linspace(x[0], x[-1], 7), rng.normal(0, 0.22, 7))
        phase = x / period + rng.random() + drift
        # Sharp at the crest and round in the trough, as water is; the crest leans to one side.
        lean = 0.16 * np.sin(2 * math.pi * phase)
        crest = 1 - np.abs(np.sin(math.pi * (phase + lean)))
        tall = u * (14 + 20 * np.interp(x, np.linspace(x[0], x[-1], 9), rng.random(9)))
        top = np.stack([x, base - tall * crest**1.5], 1)
        fill = fills[order[(row + int(rng.integers(2))) % len(fills)]]
        floor = np.array([(x[-1], height + 60 * u), (x[0], height + 60 * u)], np.float32)
        sheet.polygon(np.concatenate([top, floor]), ink(fill))
        for step, shift in enumerate((6.5, 12.5, 18.0, 23.0, 28.0)):
            inner = top.copy()
            # Lower lines flatten out, so that each band has its own width.
            inner[:, 1] = base - tall * crest ** (1.5 + 0.3 * step) * (1 - 0.1 * step) + shift * u
            tone = foam if step % 2 == row % 2 else fill * 0.72
            sheet.line(inner, ink(tone), (2.6 - 0.3 * step) * u)
        sheet.line(top, ink(foam), 5.0 * u)
        sheet.line(top - np.array([0, 2.6 * u], np.float32), ink(line), 1.5 * u)
        peaks = np.flatnonzero((crest[1:-1] > crest[:-2]) & (crest[1:-1] >= crest[2:])) + 1
        for peak in peaks:
            for _ in range(13):
                away = rng.normal(0, 9 * u)
                spot = float(x[peak]) + away, float(top[peak, 1]) + abs(away) * 0.9 - rng.uniform(-2, 9) * u
                radius = rng.uniform(1.1, 3.6) * u
                sheet.dot(spot, radius + 0.9 * u, ink(line))
                sheet.dot(spot, radius, ink(foam))
    print_grain = noise(rng, width, height, 1.6 * u) + noise(rng, width, height, 50 * u) - 1
    return finish(sheet.read() + 0.05 * print_grain[..., None])


STYLE = Style("waves", "a flat colour print of stylised waves, rows of curling crests, clean outlines, foam dots", draw)
