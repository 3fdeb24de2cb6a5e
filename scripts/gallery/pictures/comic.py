"""Ink comic: three panels of a night at a lighthouse, a boat in trouble, the keeper who goes out with a lamp."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from glaze.decoys.styles.paint import Field, Picture, Points, Rng, blur, fractal, ribbons, smoothstep
from scripts.gallery.sketching import WIDE, curve, hatched, mask_of, rounded, shaded

Box = tuple[float, float, float, float]
GAP: Final = 26
PANELS: Final[tuple[Box, ...]] = ((GAP, GAP, 1174, 506), (GAP, 526, 604, 874), (624, 526, 1174, 874))
LAMP: Final = (842, 150)


def draw(width: int, height: int) -> Picture:
    """Black ink on white paper; grey, the same in all three channels."""
    rng = np.random.default_rng(13)
    page = _Page(width, height)
    for box, scene in zip(PANELS, (_lighthouse, _boat, _keeper), strict=True):
        page.begin(box)
        scene(page, rng)
        page.end(rng)
    return np.repeat(rounded(1 - page.paper)[..., None], 3, -1)


class _Page:
    """Ink (h, w), 0 white to 1 black. Lengths are pixels of a WIDE picture; what is drawn stays inside the panel."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height, self.u = width, height, width / WIDE
        self.x, self.y = shaded(width, height)
        self.paper: Field = np.zeros((height, width), np.float32)
        self.ink: Field = self.paper
        self.box: Box = PANELS[0]

    def begin(self, box: Box) -> None:
        self.box, self.ink = box, np.zeros_like(self.paper)

    def end(self, rng: Rng) -> None:
        """Cut the panel out and frame it with a line by hand."""
        left, top, right, bottom = self.box
        inside = self.mask(np.array([(left, top), (right, top), (right, bottom), (left, bottom)]))
        self.paper = self.paper * (1 - inside) + self.ink * inside
        self.ink = self.paper
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        for (ax, ay), (bx, by) in pairwise(corners):
            t = np.linspace(-0.004, 1.004, 40)[:, None]
            line = np.array([ax, ay]) + t * np.array([bx - ax, by - ay]) + rng.normal(0, 0.25, (40, 2))
            self.stroke(line, 5.5 + rng.normal(0, 0.25, 40))
        self.paper = self.ink

    def mask(self, *outlines: Points) -> Field:
        return mask_of(self.width, self.height, *outlines)

    def fill(self, outline: Points | Sequence[Sequence[float]], ink: float) -> Field:
        """Fill an outline; returns its mask."""
        mask = self.mask(np.asarray(outline, np.float64))
        self.ink = self.ink + (ink - self.ink) * mask
        return mask

    def stroke(self, path: Points, widths: Field | float, ink: float = 1.0) -> None:
        """A line of the brush."""
        outline = ribbons(
            path[None].astype(np.float64),
            np.asarray(widths, np.float64)[None] if np.ndim(widths) else np.full((1, len(path)), widths),
        )[0]
        self.fill(outline, ink)

    def brushed(self, points: Sequence[Sequence[float]], thick: float, ink: float = 1.0) -> None:
        """A smooth line that swells in its middle."""
        path = curve(points)
        self.stroke(path, thick * (0.25 + 0.75 * np.sin(np.linspace(0.08, math.pi - 0.08, len(path)))), ink)

    def outlined(self, points: Points | Sequence[Sequence[float]], fill: float, thick: float) -> Field:
        """A filled shape with an outline."""
        path = np.asarray(points, np.float64)
        mask = self.fill(path, fill)
        closed = np.concatenate([path, path[:2]])
        self.stroke(closed, thick * (0.8 + 0.3 * np.sin(np.linspace(0, 9, len(closed)))))
        return mask

    def hatch(
        self, rng: Rng, tone: Field, angle: Field | float, *, gap: float, thick: float, length: float, ink: float = 1.0
    ) -> None:
        """Pen lines where `tone` (h, w) is above 0."""
        left, top, right, bottom = (edge * self.u for edge in self.box)
        count = max(4, int((right - left) * (bottom - top) / (gap * length * self.u**2) * 1.6))
        starts = rng.uniform((left - length * self.u * 0.7, top - length * self.u * 0.3), (right, bottom), (count, 2))
        drawn = hatched(tone.clip(0, 1), angle, starts, length=length * self.u, thick=max(0.3, thick * self.u))
        self.ink = self.ink + (ink - self.ink) * drawn

    def ruled(self, rng: Rng, tone: Field, angle: float, *, gap: float, thick: float, ink: float = 1.0) -> None:
        """Lines side by side right across the panel, as thick as `tone` is dark, each drawn a little unsteadily."""
        left, top, right, bottom = self.box
        middle, reach = np.array([(left + right) / 2, (top + bottom) / 2]), math.hypot(right - left, bottom - top) / 2
        along, across = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
        offsets = np.arange(-reach, reach, gap)
        starts = (
            middle - along * reach + across * (offsets + rng.normal(0, gap * 0.14, len(offsets)))[:, None]
        ) * self.u
        drawn = hatched(
            tone.clip(0, 1), angle, starts, length=2 * reach * self.u, thick=max(0.3, thick * self.u), steps=260
        )
        self.ink = self.ink + (ink - self.ink) * drawn


def _beam(page: _Page, at: tuple[float, float], heading: float, spread: float) -> Field:
    """A cone of light: 1 inside, soft at its rims."""
    dx, dy = page.x - at[0], page.y - at[1]
    off = np.abs((np.arctan2(dy, dx) - heading + math.pi) % math.tau - math.pi)
    return smoothstep(spread, spread * 0.9, off)


def _sea(page: _Page, rng: Rng, top: float, *, light: Field, rough: float) -> None:
    """Rows of waves, larger toward the front: each a dark flank, a white crest, and lines that follow it."""
    left, _, right, bottom = page.box
    rows = 9
    for row in range(rows):
        near = (row / (rows - 1)) ** 1.5
        base = top + (bottom - top + 30) * near
        tall, long = rough * (9 + 44 * near), 60 + 190 * near
        start = rng.uniform(0, long)
        crest: list[tuple[float, float]] = []
        x = left - long - start
        while x < right + long:
            lift = tall * rng.uniform(0.65, 1.15)
            crest += [
                (x, base),
                (x + long * 0.34, base - lift * 0.62),
                (x + long * 0.56, base - lift),
                (x + long * 0.66, base - lift * 0.86),
                (x + long * 0.72, base - lift * 0.3),
            ]
            x += long * rng.uniform(0.85, 1.2)
        line = curve(crest)
        page.fill(np.concatenate([line, [(right + 99, bottom + 99), (left - 99, bottom + 99)]]), 0)
        flank = page.mask(np.concatenate([line, [(right + 99, bottom + 99), (left - 99, bottom + 99)]]))
        order = np.argsort(line[:, 0])
        depth = np.interp(page.x[0], line[order, 0], line[order, 1])
        under = page.y - depth[None]
        slope = np.gradient(blur(np.stack([depth, depth]), 3 * page.u)[0]) * page.u
        steep = np.broadcast_to(np.arctan(slope)[None], page.x.shape).astype(np.float32)
        back = smoothstep(0.04, 0.6, -steep * (0.7 + 0.3 * near)) * 0.4 + smoothstep(0.02, 0.5, steep) * 0.9 + 0.3
        tone = flank * back * smoothstep(1.5 + 5 * near, 5 + 16 * near, under) * (1 - 0.9 * light)
        tone = tone * smoothstep(30 + 130 * near, 12 + 50 * near, under)
        page.hatch(rng, tone, steep * 0.9 + 0.03, gap=3.2 + 3.4 * near, thick=2.0 + 3.6 * near, length=40 + 90 * near)
        page.stroke(line, (1.3 + 3.0 * near) * (0.75 + 0.3 * np.sin(np.linspace(0, 60, len(line)))))
        for _ in range(int(10 + 26 * near)):
            k = int(rng.integers(len(line)))
            x, y = line[k] + rng.normal(0, 5 + 12 * near, 2) - (0, 8 * near + 3)
            size = rng.uniform(0.6, 1.4 + 1.6 * near)
            page.fill(_disc(x, y, size), float(rng.random() < 0.35))


def _disc(x: float, y: float, radius: float) -> Points:
    angle = np.linspace(0, math.tau, 20, endpoint=False)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], -1)


def _rain(page: _Page, rng: Rng, count: int, *, ink: float, long: float) -> None:
    left, top, right, bottom = page.box
    for x, y in rng.uniform((left - 60, top - 40), (right, bottom), (count, 2)):
        reach = long * rng.uniform(0.4, 1.2)
        page.stroke(
            np.array([(x, y), (x + reach * 0.18, y + reach * 0.5), (x + reach * 0.36, y + reach)]),
            np.array([0.3, 1.3, 0.3]),
            ink,
        )


def _lighthouse(page: _Page, rng: Rng) -> None:
    """The tower on its cliff, its beams through the storm."""
    light = np.maximum(_beam(page, LAMP, math.pi + 0.1, 0.115), _beam(page, LAMP, -0.12, 0.16))
    glow = np.exp(-((np.hypot(page.x - LAMP[0], page.y - LAMP[1]) / 78) ** 2))
    cloud = fractal(rng, page.width, page.height, 170 * page.u, 4, 0.55)
    night = 0.5 + 2.2 * (cloud - 0.46) + 0.55 * smoothstep(330, 40, page.y)
    open_ = (1 - light) * (1 - smoothstep(0.25, 0.6, glow))
    page.ruled(rng, (0.25 + night).clip(0.12, 1) * open_, 0.0, gap=5.2, thick=5.4)
    page.ruled(rng, (night - 0.45).clip(0, 1) * open_, -0.62, gap=6.4, thick=4.6)
    page.ruled(rng, (night - 0.85).clip(0, 1) * open_, 0.7, gap=6.4, thick=5.0)
    _sea(page, rng, 366, light=light * 0.5, rough=0.9)
    cliff = curve(
        [(596, 540), (612, 478), (640, 452), (652, 410), (690, 392), (700, 350), (736, 336), (764, 318), (930, 312),
         (984, 326), (1010, 318), (1080, 338), (1190, 342)]
    )  # fmt: skip
    rock = page.outlined(np.concatenate([cliff, [(1190, 560), (596, 560)]]), 1, 5)
    facets = fractal(rng, page.width, page.height, 46 * page.u, 3)
    turn = (math.pi / 2 + 1.1 * (fractal(rng, page.width, page.height, 90 * page.u, 2) - 0.5)).astype(np.float32)
    lit = smoothstep(0.5, 0.66, facets) * rock * smoothstep(0, 26, page.y - 318)
    page.hatch(rng, lit * (0.35 + 0.6 * smoothstep(1150, 640, page.x)), turn, gap=4.6, thick=3.4, length=46, ink=0.0)
    grass = page.mask(np.concatenate([cliff[cliff[:, 0] > 700], [(1190, 352), (700, 366)]]))
    page.hatch(rng, grass * 0.8, -1.4, gap=3.6, thick=2.4, length=13, ink=0.0)
    _house(page, rng)
    _tower(page, rng)
    for x, y, size in ((618, 470, 60), (586, 494, 46), (672, 500, 54)):
        _splash(page, rng, x, y, size)
    _rain(page, rng, 130, ink=0.0, long=34)
    _rain(page, rng, 36, ink=1.0, long=26)


def _tower(page: _Page, rng: Rng) -> None:
    x, foot, top = LAMP[0], 326.0, LAMP[1] + 22.0
    half_foot, half_top = 39.0, 24.0
    sides = [(x - half_top, top), (x + half_top, top), (x + half_foot, foot), (x - half_foot, foot)]
    body = page.outlined(sides, 0, 3.4)
    for low, high in ((0.14, 0.36), (0.6, 0.82)):
        rims = []
        for part, way in ((low, 1), (high, -1)):
            half, y = half_top + (half_foot - half_top) * part, top + (foot - top) * part
            bow = [(x + way * half * c, y + 5 * (1 - c * c)) for c in np.linspace(-1, 1, 12)]
            rims += bow
        page.fill(rims, 1)
    shade = body * smoothstep(-6, 30, page.x - x)
    page.ruled(rng, shade * 0.75, 0.06, gap=4.4, thick=3.2)
    page.hatch(rng, body * smoothstep(0.5, 1, (x - page.x) / 34) * 0.5, 1.52, gap=5, thick=1.6, length=30)
    for y in (206, 262):
        page.outlined(curve([(x - 7, y + 20), (x - 7, y + 4), (x, y - 4), (x + 7, y + 4), (x + 7, y + 20)]), 1, 1.6)
        page.fill([(x - 3, y + 6), (x + 3, y + 6), (x + 3, y + 18), (x - 3, y + 18)], 0)
    page.outlined([(x - 38, top - 6), (x + 38, top - 6), (x + 34, top + 6), (x - 34, top + 6)], 1, 2)
    for k in range(9):
        post = x - 36 + 9 * k
        page.stroke(np.array([(post, top - 26), (post, top - 15), (post, top - 5)]), 1.7)
    page.stroke(np.array([(x - 38, top - 26), (x, top - 26), (x + 38, top - 26)]), 2.6)
    page.outlined([(x - 19, top - 52), (x + 19, top - 52), (x + 19, top - 6), (x - 19, top - 6)], 0, 2.4)
    for k in (-8, 8):
        page.stroke(np.array([(x + k, top - 52), (x + k, top - 30), (x + k, top - 6)]), 1.6)
    page.fill(curve([(x - 25, top - 52), (x - 18, top - 68), (x, top - 80), (x + 18, top - 68), (x + 25, top - 52)]), 1)
    page.fill(_disc(x, top - 82, 4.5), 1)
    page.stroke(np.array([(x, top - 82), (x, top - 93), (x, top - 104)]), 2.2)
    page.brushed([(x - 12, top - 58), (x - 8, top - 68), (x - 2, top - 73)], 2.4, 0.0)
    for k in range(14):
        angle = math.tau * k / 14 + 0.1
        start, end = 36 + 5 * (k % 2), 56 + 16 * (k % 3)
        ray = [
            (LAMP[0] + r * math.cos(angle), LAMP[1] - 6 + r * math.sin(angle)) for r in (start, (start + end) / 2, end)
        ]
        if ray[2][1] < top - 30:
            page.stroke(np.array(ray), np.array([2.6, 1.8, 0.5]))


def _house(page: _Page, rng: Rng) -> None:
    """The keeper's house, low beside the tower, one window lit."""
    wall = page.outlined([(898, 268), (1040, 268), (1040, 330), (898, 330)], 0, 3)
    page.ruled(rng, wall * smoothstep(900, 1050, page.x) * 0.9, 1.2, gap=5, thick=2.8)
    page.fill([(878, 276), (914, 221), (1028, 221), (1062, 276)], 0)
    page.fill([(884, 272), (918, 226), (1024, 226), (1056, 272)], 1)
    page.hatch(
        rng,
        page.mask(np.array([(896, 266), (922, 230), (960, 230), (950, 266)])) * 0.7,
        2.0,
        gap=5,
        thick=2.2,
        length=26,
        ink=0.0,
    )
    page.fill([(986, 200), (1014, 200), (1014, 226), (986, 226)], 0)
    page.fill([(990, 204), (1010, 204), (1010, 230), (990, 230)], 1)
    page.outlined([(918, 284), (944, 284), (944, 308), (918, 308)], 0, 2.6)
    page.stroke(np.array([(931, 284), (931, 296), (931, 308)]), 1.8)
    page.stroke(np.array([(918, 296), (931, 296), (944, 296)]), 1.8)
    page.fill([(972, 284), (994, 284), (994, 330), (972, 330)], 1)
    page.outlined([(1008, 284), (1030, 284), (1030, 304), (1008, 304)], 1, 2)


def _splash(page: _Page, rng: Rng, x: float, y: float, size: float) -> None:
    """Spray that flies up where a wave breaks: a cloud of foam and drops above it."""
    puffs = []
    for _ in range(26):
        high = rng.random() ** 1.4
        across = rng.normal(0, 0.34 * (1 - 0.55 * high))
        puffs.append((x + size * across, y - size * high, size * (0.17 - 0.1 * high) * rng.uniform(0.7, 1.2)))
    page.ink = page.ink + (1 - page.ink) * page.mask(*(_disc(px, py, radius + 2.2) for px, py, radius in puffs))
    page.ink = page.ink * (1 - page.mask(*(_disc(px, py, radius) for px, py, radius in puffs)))
    for px, py, radius in puffs[::3]:
        arc = [(px + 0.6 * radius * math.cos(a), py + 0.6 * radius * math.sin(a)) for a in (0.2, 0.9, 1.6)]
        page.brushed(arc, 1.8)
    for _ in range(22):
        px, py = x + size * rng.normal(0, 0.42), y - size * rng.uniform(0.5, 1.7)
        radius = rng.uniform(0.9, 2.6)
        page.outlined(_disc(px, py, radius), 0, 1.1)


def _boat(page: _Page, rng: Rng) -> None:
    """A fishing boat high on a wave, in the light."""
    source = (700.0, 470.0)
    light = _beam(page, source, math.pi - 0.42, 0.2)
    page.ruled(rng, (0.8 - 0.25 * smoothstep(560, 760, page.y)) * (1 - light), -0.62, gap=5.4, thick=4.8)
    page.ruled(rng, 0.75 * (1 - light) * smoothstep(720, 540, page.y), 0.3, gap=6.2, thick=4.4)
    page.ruled(rng, 0.25 * light, math.pi - 0.42, gap=24, thick=1.6)
    swell = curve([(0, 770), (70, 742), (160, 716), (260, 712), (350, 734), (430, 776), (520, 800), (640, 760)])
    page.fill(np.concatenate([swell, [(640, 900), (0, 900)]]), 0)
    tilt, at = -0.2, np.array([262.0, 700.0])

    def turned(points: Sequence[Sequence[float]] | Points) -> Points:
        cosine, sine = math.cos(tilt), math.sin(tilt)
        placed: Points = np.asarray(points, np.float64) @ np.array([[cosine, sine], [-sine, cosine]]) + at
        return placed

    page.stroke(turned([(-6, -30), (-3, -95), (0, -158)]), 5)
    page.stroke(turned([(60, -30), (62, -70), (64, -104)]), 3.4)
    page.stroke(turned([(-2, -150), (50, -90), (100, -32)]), 1.6)
    page.stroke(turned([(-2, -150), (-60, -84), (-104, -26)]), 1.6)
    sail = curve([(-8, -140), (-40, -96), (-92, -44), (-60, -38), (-8, -42)])
    cloth = page.outlined(turned(np.concatenate([sail, [(-8, -140)]])), 0, 2.6)
    page.ruled(rng, cloth * 0.5 * smoothstep(0, 60, page.x - at[0] + 70), 1.2, gap=6, thick=2.4)
    cabin = page.outlined(turned([(22, -30), (26, -70), (82, -70), (86, -30)]), 0, 2.8)
    page.ruled(rng, cabin * 0.5, 0.9, gap=5.4, thick=2.2)
    page.fill(turned([(18, -70), (20, -79), (90, -79), (92, -70)]), 1)
    for x in (34, 58):
        page.fill(turned([(x, -62), (x + 15, -62), (x + 15, -46), (x, -46)]), 1)
        page.fill(turned([(x + 3, -59), (x + 8, -59), (x + 5, -49), (x + 3, -49)]), 0)
    page.outlined(turned([(x, y) for x, y in _disc(-34, -36, 9)]), 1, 1)
    page.fill(turned([(-46, -26), (-44, -8), (-22, -8), (-24, -26)]), 1)
    hull = curve(
        [
            (-122, -34),
            (-60, -18),
            (20, -16),
            (100, -30),
            (138, -52),
            (126, -16),
            (96, 16),
            (30, 28),
            (-60, 22),
            (-104, 4),
            (-122, -34),
        ]
    )
    side = page.outlined(turned(hull), 1, 3)
    page.brushed(turned([(-110, -22), (-50, -8), (20, -6), (96, -18), (128, -38)]).tolist(), 5, 0.0)
    page.hatch(rng, side * smoothstep(690, 720, page.y) * 0.7, tilt + 0.05, gap=7, thick=1.8, length=34, ink=0.0)
    swells = (
        ([(0, 786), (60, 764), (150, 716), (210, 716), (290, 738), (380, 762), (470, 806), (640, 776)], 1.0),
        ([(0, 838), (120, 812), (230, 822), (330, 800), (430, 826), (540, 812), (640, 836)], 1.2),
        ([(0, 872), (90, 850), (200, 866), (320, 846), (440, 872), (560, 850), (640, 866)], 1.4),
    )
    for points, near in swells:
        line = curve(points)
        body = np.concatenate([line, [(640, 920), (0, 920)]])
        mask = page.fill(body, 0)
        depth = np.interp(page.x[0], line[:, 0], line[:, 1])
        steep = np.broadcast_to(np.arctan(np.gradient(depth) * page.u)[None], page.x.shape).astype(np.float32)
        under = page.y - depth[None]
        tone = (
            mask
            * smoothstep(4, 18, under)
            * smoothstep(64, 24, under)
            * (0.35 + 0.7 * smoothstep(-0.1, 0.35, steep))
            * (1 - 0.5 * light)
        )
        page.hatch(rng, tone, steep, gap=4.6, thick=4.2 * near, length=80)
        page.stroke(line, 3.4 * near * (0.8 + 0.3 * np.sin(np.linspace(0, 40, len(line)))))
    for x, y, size in ((128, 752, 44), (392, 770, 52), (160, 742, 30)):
        _splash(page, rng, x, y, size)
    _rain(page, rng, 90, ink=0.0, long=40)
    _rain(page, rng, 40, ink=1.0, long=34)


def _keeper(page: _Page, rng: Rng) -> None:
    """The keeper from behind, in oilskins, his lantern raised against the night."""
    lamp = (986.0, 634.0)
    far = np.hypot(page.x - lamp[0], page.y - lamp[1])
    dark = smoothstep(70, 330, far)
    page.ruled(rng, dark * 1.1, 0.95, gap=5.2, thick=5.2)
    page.ruled(rng, smoothstep(150, 400, far) * 0.95, -0.5, gap=6, thick=5.2)
    page.ruled(rng, smoothstep(260, 480, far), 0.1, gap=6, thick=5.4)
    for k in range(30):
        angle = math.tau * k / 30 + rng.normal(0, 0.03)
        start, end = 58 + 10 * (k % 2), rng.uniform(96, 150)
        ray = [(lamp[0] + r * math.cos(angle), lamp[1] + r * math.sin(angle)) for r in (start, (start + end) / 2, end)]
        page.stroke(np.array(ray), np.array([3.0, 2.0, 0.5]))
    rail_top = [(600, 826), (800, 812), (1000, 812), (1200, 826)]
    for dy in (0, 34):
        page.stroke(curve([(x, y + dy) for x, y in rail_top]), 9)
        page.stroke(curve([(x, y + dy - 2) for x, y in rail_top]), 2.2, 0.0)
    for x in (660, 720, 1050, 1110):
        page.stroke(np.array([(x, 816), (x, 850), (x, 900)]), 7)
    coat = curve(
        [(742, 900), (752, 812), (772, 752), (800, 720), (838, 706), (880, 706), (918, 716), (950, 690), (968, 660),
         (992, 668), (990, 690), (970, 726), (946, 762), (938, 800), (950, 900)]
    )  # fmt: skip
    body = page.outlined(coat, 1, 4)
    rim = body * (1 - blur(body, 5 * page.u)) * 3
    toward = smoothstep(820, 960, page.x) * smoothstep(900, 690, page.y)
    page.hatch(rng, (rim * toward).clip(0, 1), 1.15, gap=3.2, thick=3.0, length=24, ink=0.0)
    folds = (
        ((872, 716), (884, 780), (878, 890)), ((912, 730), (922, 790), (926, 880)),
        ((826, 726), (812, 790), (806, 890)),
        ((936, 716), (950, 706), (972, 684)), ((846, 712), (852, 770), (846, 860)),
        ((900, 740), (904, 800), (902, 870)),
    )  # fmt: skip
    for k, fold in enumerate(folds):
        page.brushed(list(fold), 3.6 if k in (0, 1, 3) else 2.0, 0.0)
    page.brushed([(772, 760), (760, 812), (752, 890)], 2.2, 0.0)
    hat = curve(
        [
            (782, 690),
            (790, 672),
            (814, 660),
            (820, 622),
            (846, 602),
            (876, 604),
            (898, 624),
            (902, 656),
            (926, 668),
            (934, 686),
            (900, 700),
            (850, 706),
            (806, 702),
            (782, 690),
        ]
    )
    page.outlined(hat, 1, 3)
    page.brushed([(812, 664), (858, 676), (906, 664)], 3.4, 0.0)
    page.brushed([(880, 612), (892, 630), (895, 652)], 4.2, 0.0)
    page.brushed([(866, 612), (874, 634), (876, 656)], 2.0, 0.0)
    page.brushed([(906, 676), (922, 680), (928, 688)], 3.2, 0.0)
    hand = curve([(966, 668), (972, 650), (988, 648), (998, 658), (994, 674), (976, 680), (966, 668)])
    page.outlined(hand, 0, 2.6)
    page.brushed([(974, 660), (984, 658), (992, 662)], 1.8)
    mx, my = lamp[0] + 8, lamp[1] - 18
    page.brushed([(mx - 22, my + 8), (mx - 16, my - 20), (mx, my - 30), (mx + 16, my - 20), (mx + 22, my + 8)], 3)
    page.outlined([(mx - 18, my - 8), (mx - 10, my - 20), (mx + 10, my - 20), (mx + 18, my - 8)], 1, 2)
    page.outlined(
        curve(
            [
                (mx - 18, my - 6),
                (mx - 23, my + 12),
                (mx - 18, my + 30),
                (mx + 18, my + 30),
                (mx + 23, my + 12),
                (mx + 18, my - 6),
            ]
        ),
        0,
        3,
    )
    page.outlined(
        curve([(mx, my - 2), (mx + 8, my + 12), (mx + 4, my + 24), (mx - 4, my + 24), (mx - 8, my + 12), (mx, my - 2)]),
        0,
        2,
    )
    page.outlined([(mx - 22, my + 30), (mx + 22, my + 30), (mx + 20, my + 42), (mx - 20, my + 42)], 1, 2)
    _rain(page, rng, 70, ink=0.0, long=44)
    _rain(page, rng, 34, ink=1.0, long=36)
