"""Flat-colour illustration: a train on a viaduct before mountains, under a low sun."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from glaze.decoys.styles.paint import Picture, Points, Rng
from scripts.gallery.sketching import WIDE, curve

FINE: Final = 3
SUN: Final = (742, 352)
RAIL: Final = 566


def draw(width: int, height: int) -> Picture:
    """In shapes of one colour each, far to near."""
    rng = np.random.default_rng(21)
    canvas = _Canvas(width, height)
    _sky(canvas)
    _mountains(canvas, rng)
    _valley(canvas, rng)
    _viaduct(canvas)
    _train(canvas)
    _near(canvas, rng)
    return canvas.read()


class _Canvas:
    """Shapes in pixels of a WIDE picture, drawn FINE times as large as it shall be."""

    def __init__(self, width: int, height: int) -> None:
        self.scale = width / WIDE * FINE
        self.image = Image.new("RGB", (width * FINE, height * FINE), "#f7c98b")
        self.pen = ImageDraw.Draw(self.image)

    def shape(self, points: Points | list[tuple[float, float]], colour: str) -> None:
        self.pen.polygon([(float(x) * self.scale, float(y) * self.scale) for x, y in points], fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: str, radius: float = 0) -> None:
        corners = [value * self.scale for value in (left, top, right, bottom)]
        self.pen.rounded_rectangle(corners, radius * self.scale, fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: str) -> None:
        corners = [value * self.scale for value in (x - radius, y - radius, x + radius, y + radius)]
        self.pen.ellipse(corners, fill=colour)

    def read(self) -> Picture:
        return np.asarray(self.image.reduce(FINE))


def _sky(canvas: _Canvas) -> None:
    """Rings of light around the sun, and long clouds."""
    rings = ("#f4a988", "#f6b48c", "#f8c092", "#facc9a", "#fbd8a4")
    canvas.box(0, 0, WIDE, 900, "#e98f86")
    for radius, colour in zip((620, 490, 370, 262, 172), rings, strict=True):
        canvas.disc(*SUN, radius, colour)
    canvas.disc(*SUN, 92, "#fff3d6")
    for x, y, long, tall, colour in (
        (60, 150, 330, 26, "#f9cdb0"),
        (180, 128, 170, 26, "#f9cdb0"),
        (255, 176, 260, 18, "#f9cdb0"),
        (860, 108, 300, 24, "#fbdcbc"),
        (945, 86, 150, 26, "#fbdcbc"),
        (790, 134, 210, 16, "#fbdcbc"),
        (560, 236, 150, 12, "#fde4c4"),
        (1010, 230, 240, 16, "#f9cdb0"),
    ):
        canvas.box(x, y, x + long, y + tall, colour, tall / 2)
    for x, y, size in ((420, 250, 17), (458, 232, 13), (386, 276, 11), (492, 262, 10)):
        wing = curve(
            [
                (x - size, y - size * 0.5),
                (x - size * 0.45, y - size * 0.62),
                (x, y),
                (x + size * 0.5, y - size * 0.66),
                (x + size, y - size * 0.45),
            ]
        )
        under = curve(
            [
                (x + size, y - size * 0.45),
                (x + size * 0.5, y - size * 0.42),
                (x, y + size * 0.22),
                (x - size * 0.45, y - size * 0.4),
                (x - size, y - size * 0.5),
            ]
        )
        canvas.shape(np.concatenate([wing, under]), "#7d4a68")


def _ridge(rng: Rng, base: float, peaks: Sequence[tuple[float, float]], rough: float) -> Points:
    """A mountain chain through peaks (x, y), broken by midpoint displacement."""
    line = np.array(peaks, np.float64)
    for _ in range(4):
        middle = (line[:-1] + line[1:]) / 2
        span = np.diff(line[:, 0])
        middle[:, 1] += rng.normal(0, rough, len(middle)) * span
        middle[:, 0] += rng.normal(0, 0.08, len(middle)) * span
        line = np.insert(line, np.arange(1, len(line)), middle, 0)
    return np.concatenate([line, [(line[-1, 0], base), (line[0, 0], base)]])


def _mountains(canvas: _Canvas, rng: Rng) -> None:
    """Three chains; the middle one has snow, and a side in shade."""
    far = [(-20, 420), (120, 360), (250, 402), (420, 340), (560, 400), (820, 410), (980, 330), (1110, 384), (1230, 330)]
    canvas.shape(_ridge(rng, 700, far, 0.05), "#d98a94")
    for peak, foot, colour, shade, snow in (
        (((-40, 520), (150, 262), (330, 470), (420, 505)), 720, "#a86583", "#8c5077", "#fde7d2"),
        (((830, 520), (1032, 236), (1160, 380), (1260, 330)), 720, "#a86583", "#8c5077", "#fde7d2"),
    ):
        outline = _ridge(rng, foot, list(peak), 0.045)
        canvas.shape(outline, colour)
        top = outline[np.argmin(outline[:, 1])]
        fold = [
            (top[0] + sway * (1 + 0.3 * step) - 5 * step, top[1] + 38 * step)
            for step, sway in enumerate((0, 14, -12, 14, -12, 14, -12, 14, -12))
        ]
        right = outline[(outline[:, 0] > top[0]) & (outline[:, 1] < foot)]
        side = right if SUN[0] < top[0] else outline[(outline[:, 0] < top[0]) & (outline[:, 1] < foot)][::-1]
        canvas.shape([*fold, (side[-1][0], foot), *[(float(x), float(y)) for x, y in side[::-1]]], shade)
        crest = [(float(x), float(y)) for x, y in outline if abs(x - top[0]) < 66 and y < top[1] + 96]
        low = max(y for _, y in crest)
        teeth = [
            (crest[-1][0] + (crest[0][0] - crest[-1][0]) * k / 8, low - 6 + (26 if k % 2 else -16) + 10 * math.sin(k))
            for k in range(1, 8)
        ]
        canvas.shape([*crest, *teeth], snow)
        lit = [(x, y) for x, y in crest if (x >= top[0]) == (SUN[0] < top[0])]
        edge = [p for p in teeth if (p[0] >= top[0]) == (SUN[0] < top[0])]
        canvas.shape(
            [(float(top[0]), float(top[1])), *lit, *edge, (float(top[0]), low - 30)]
            if SUN[0] < top[0]
            else [*lit, (float(top[0]), float(top[1])), (float(top[0]), low - 30), *edge],
            "#e7bcc0",
        )
    near = [
        (-20, 500),
        (140, 470),
        (300, 520),
        (470, 470),
        (600, 522),
        (720, 498),
        (860, 530),
        (1010, 470),
        (1230, 520),
    ]
    canvas.shape(_ridge(rng, 760, near, 0.035), "#7a4a72")


def _pine(canvas: _Canvas, x: float, foot: float, tall: float, colour: str, light: str | None = None) -> None:
    """A pine in tiers; the side toward the sun in `light`."""
    trunk = tall * 0.03
    canvas.box(x - trunk, foot - tall * 0.16, x + trunk, foot, colour)
    for tier in range(5):
        top, bottom = foot - tall * (1 - 0.17 * tier), foot - tall * (0.66 - 0.14 * tier)
        half = tall * (0.1 + 0.05 * tier)
        canvas.shape([(x, top), (x + half, bottom), (x, bottom - half * 0.16), (x - half, bottom)], colour)
        if light:
            sun = math.copysign(1, SUN[0] - x)
            canvas.shape([(x, top), (x + sun * half, bottom), (x + sun * half * 0.34, bottom - half * 0.3)], light)


def _valley(canvas: _Canvas, rng: Rng) -> None:
    """Woods on the slopes, and a river that has the sun in it."""
    canvas.shape(
        curve([(-20, 640), (180, 604), (420, 640), (640, 662), (900, 636), (1220, 590), (1220, 920), (-20, 920)]),
        "#5d3f6b",
    )
    for x in np.arange(-10, 1220, 17.0):
        hill = 612 + 26 * math.sin(x / 150 + 0.5) + 0.00006 * (x - 600) ** 2 * -1
        _pine(canvas, x + rng.normal(0, 4), hill + 36, rng.uniform(38, 66), "#553a66")
    canvas.shape(
        curve([(-20, 742), (200, 716), (470, 742), (700, 756), (960, 728), (1220, 700), (1220, 920), (-20, 920)]),
        "#46345f",
    )
    river = curve([(612, 660), (650, 680), (600, 706), (668, 736), (600, 776), (690, 826), (560, 920)])
    other = curve([(1010, 920), (850, 830), (900, 778), (768, 738), (812, 706), (738, 682), (742, 660)])
    canvas.shape(np.concatenate([river, other]), "#f2a98c")
    for x, y, long in (
        (690, 690, 60),
        (664, 716, 90),
        (716, 742, 70),
        (706, 770, 120),
        (760, 800, 96),
        (680, 838, 170),
        (790, 868, 150),
    ):
        canvas.box(x, y, x + long, y + 7, "#fde0b4", 3.5)


def _viaduct(canvas: _Canvas) -> None:
    """Arches of stone, dark against the light; each pier has a lit edge."""
    stone, lit, deep = "#3f2b52", "#b8667a", "#32223f"
    canvas.box(-20, RAIL, WIDE + 20, RAIL + 30, stone)
    canvas.box(-20, RAIL, WIDE + 20, RAIL + 6, lit)
    span, pier = 136, 30
    for k in range(-1, 10):
        x = 20 + k * span
        foot = 800 + 26 * math.sin(k * 1.3)
        arch = [
            (x + pier + (span - pier) * (0.5 - 0.5 * math.cos(a)), RAIL + 96 - 62 * math.sin(a))
            for a in np.linspace(0, math.pi, 40)
        ]
        canvas.shape([(x, RAIL + 28), (x, RAIL + 100), (x + pier, RAIL + 100), *arch, (x + span, RAIL + 28)], stone)
        canvas.shape([(x, RAIL + 96), (x + pier, RAIL + 96), (x + pier + 8, foot), (x - 8, foot)], stone)
        sun = SUN[0] > x
        edge = x + pier - 5 if sun else x
        canvas.shape(
            [
                (edge, RAIL + 104),
                (edge + 5, RAIL + 104),
                (edge + 5 + (8 if sun else -5), foot),
                (edge + (8 if sun else -5), foot),
            ],
            lit,
        )
        canvas.box(x - 4, RAIL + 92, x + pier + 4, RAIL + 101, deep)


def _train(canvas: _Canvas) -> None:
    """A small engine with its smoke and three carriages."""
    floor = RAIL - 12
    for k, (dx, dy, radius) in enumerate(
        (
            (0, 0, 15),
            (-30, -20, 22),
            (-70, -42, 29),
            (-122, -58, 36),
            (-188, -76, 42),
            (-262, -90, 36),
            (-330, -104, 26),
        )
    ):
        canvas.disc(860 + dx, floor - 104 + dy, radius, "#fdeedd" if k % 2 else "#f8dcc8")
    for k in range(3):
        left = 372 + 132 * k
        canvas.box(left, floor - 66, left + 122, floor - 4, ("#c2433f", "#2f6f80", "#d98b3a")[k], 7)
        canvas.box(left - 4, floor - 74, left + 126, floor - 62, "#3b2a4d", 5)
        canvas.box(left, floor - 24, left + 122, floor - 18, "#fbe3c0")
        for window in range(4):
            canvas.box(left + 11 + 27 * window, floor - 54, left + 30 + 27 * window, floor - 32, "#ffe9a8", 3)
        for wheel in (20, 44, 80, 104):
            canvas.disc(left + wheel, floor + 3, 10, "#2b1f3b")
        canvas.box(left + 120, floor - 10, left + 136, floor - 5, "#2b1f3b")
    canvas.box(772, floor - 84, 822, floor - 4, "#26475c", 4)
    canvas.box(764, floor - 92, 830, floor - 80, "#1b2f42", 5)
    canvas.box(782, floor - 72, 810, floor - 44, "#ffe9a8", 3)
    canvas.box(810, floor - 58, 914, floor - 8, "#2f5a72", 24)
    canvas.box(810, floor - 58, 850, floor - 8, "#2f5a72")
    for band in (836, 866, 894):
        canvas.box(band, floor - 58, band + 5, floor - 8, "#e4b04a")
    canvas.shape(
        [
            (850, floor - 56),
            (853, floor - 92),
            (846, floor - 100),
            (876, floor - 100),
            (869, floor - 92),
            (872, floor - 56),
        ],
        "#1b2f42",
    )
    canvas.box(884, floor - 70, 902, floor - 54, "#e4b04a", 8)
    canvas.disc(914, floor - 34, 9, "#fff3d6")
    canvas.shape([(898, floor - 8), (932, floor + 12), (890, floor + 12)], "#c2433f")
    canvas.box(776, floor - 12, 900, floor - 2, "#1b2f42")
    for x, radius in ((790, 13), (822, 17), (856, 17), (886, 12)):
        canvas.disc(x, floor + 12 - radius, radius, "#1f1730")
        canvas.disc(x, floor + 12 - radius, radius * 0.45, "#c2433f")
    canvas.box(818, floor - 7, 862, floor - 2, "#e4b04a", 2)


def _near(canvas: _Canvas, rng: Rng) -> None:
    """The bank on which one stands: pines at both sides, grass and flowers."""
    left = [(-20, 760), (130, 770), (270, 812), (400, 856), (560, 886), (700, 905), (700, 930), (-20, 930)]
    right = [(1220, 742), (1090, 770), (960, 822), (860, 868), (760, 906), (760, 930), (1220, 930)]
    for bank, colour in ((left, "#2a2147"), (right, "#2a2147")):
        canvas.shape(curve(bank), colour)
    for x, foot, tall in (
        (64, 800, 330),
        (190, 836, 216),
        (1140, 800, 390),
        (1030, 838, 236),
        (1216, 820, 260),
        (-12, 830, 210),
        (286, 858, 120),
        (936, 866, 128),
    ):
        _pine(canvas, x, foot, tall, "#241c3f", "#5b3a63")
    front = [
        (-20, 838),
        (150, 850),
        (330, 884),
        (520, 892),
        (760, 896),
        (940, 886),
        (1100, 862),
        (1220, 846),
        (1220, 930),
        (-20, 930),
    ]
    canvas.shape(curve(front), "#1a1531")
    for _ in range(150):
        at = rng.uniform(-10, 1210)
        low = 872 + 26 * math.exp(-(((at - 620) / 360) ** 2)) + rng.uniform(-6, 22)
        high, lean = rng.uniform(14, 44), rng.normal(0, 9)
        canvas.shape([(at - 3, low), (at + lean, low - high), (at + 3, low)], "#1a1531")
    for _ in range(46):
        at = float(rng.choice([rng.uniform(0, 420), rng.uniform(820, 1200)]))
        low = 862 + rng.uniform(-8, 26)
        colour = str(rng.choice(["#f2735c", "#f7b267", "#fbe3c0", "#d6497a"]))
        canvas.box(at - 0.9, low - 16, at + 0.9, low + 8, "#3c3358")
        canvas.disc(at, low - 18, rng.uniform(3.4, 5.6), colour)
        canvas.disc(at, low - 18, 1.6, "#2a2147")
