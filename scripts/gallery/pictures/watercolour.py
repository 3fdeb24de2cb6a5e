"""Watercolour: poppies, in washes that ran into each other, on rough paper."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from glaze.decoys.styles.paint import Field, Picture, Points, Rng, blur, fractal, ribbons, sample, smoothstep
from scripts.gallery.sketching import WIDE, curve, mask_of, rounded, shaded

PAPER: Final = np.array([0.975, 0.962, 0.935])
# What a full layer of a pigment leaves of red, green and blue.
SCARLET: Final = (0.93, 0.24, 0.14)
CRIMSON: Final = (0.78, 0.1, 0.16)
ORANGE: Final = (0.97, 0.5, 0.16)
INDIGO: Final = (0.16, 0.17, 0.27)
SAP: Final = (0.42, 0.56, 0.18)
OLIVE: Final = (0.3, 0.4, 0.2)
BLUE: Final = (0.5, 0.7, 0.86)
VIOLET: Final = (0.62, 0.54, 0.76)
OCHRE: Final = (0.93, 0.78, 0.42)


def draw(width: int, height: int) -> Picture:
    """Wet into wet behind, then stems and leaves, then the flowers, petal by petal; spatters last."""
    rng = np.random.default_rng(31)
    sheet = _Sheet(rng, width, height)
    _ground(sheet)
    for stem in _STEMS:
        _stem(sheet, stem)
    for x, y, reach, turn in (
        (300, 760, 150, -2.5),
        (520, 800, 170, -0.75),
        (690, 800, 150, -2.2),
        (860, 770, 165, -0.6),
        (450, 700, 110, -2.2),
        (930, 840, 120, -2.4),
        (610, 860, 120, -0.5),
        (240, 850, 120, -0.9),
    ):
        _leaf(sheet, x, y, reach, turn)
    for bud in ((226, 300, 0.5), (1010, 420, -0.35), (706, 188, 0.15)):
        _bud(sheet, *bud)
    for flower in (
        (880, 300, 150, 0.62, 0.5),
        (330, 500, 158, 0.74, -0.35),
        (560, 330, 196, 0.86, 0.1),
        (760, 560, 124, 0.66, 0.3),
    ):
        _flower(sheet, *flower)
    _spatter(sheet)
    return sheet.read()


_STEMS: Final = (
    ((560, 380), (566, 520), (590, 660), (586, 910)),
    ((330, 540), (352, 640), (430, 760), (470, 910)),
    ((880, 330), (868, 470), (800, 640), (700, 910)),
    ((760, 590), (742, 690), (680, 800), (640, 910)),
    ((226, 300), (250, 262), (290, 320), (330, 640), (440, 910)),
    ((1010, 420), (990, 372), (950, 420), (900, 660), (780, 910)),
    ((706, 188), (718, 262), (690, 460), (650, 700), (620, 910)),
)


class _Sheet:
    """Wet paper: what is laid on it takes light away, layer by layer, (h, w, 3)."""

    def __init__(self, rng: Rng, width: int, height: int) -> None:
        self.rng, self.width, self.height, self.u = rng, width, height, width / WIDE
        self.x, self.y = shaded(width, height)
        self.depth = np.zeros((height, width, 3))
        rough = fractal(rng, width, height, 5 * self.u, 3, 0.6)
        self.tooth = ((rough - rough.mean()) / rough.std()).astype(np.float32)
        self.pools = [fractal(rng, width, height, 95 * self.u, 4, 0.55) for _ in range(3)]
        self.wet = fractal(rng, width, height, 60 * self.u, 4, 0.6)
        self.sway = [(fractal(rng, width, height, scale * self.u, 4, 0.55) - 0.5) for scale in (60, 60, 26, 26)]

    def shape(self, outline: Points, ragged: float = 1.0) -> Field:
        """An outline as water makes it: its rim wanders."""
        mask = mask_of(self.width, self.height, outline)
        rows, columns = self._around(mask, 40 * ragged)
        far, near = 22 * self.u * ragged, 9 * self.u * ragged
        y, x = np.mgrid[rows, columns]
        wide, tall, narrow, short = (sway[rows, columns] for sway in self.sway)
        moved = np.zeros_like(mask)
        moved[rows, columns] = sample(mask, x + far * wide + near * narrow, y + far * tall + near * short)
        return moved

    def _around(self, mask: Field, margin: float) -> tuple[slice, slice]:
        """The rows and columns where a mask is, and `margin` around them: most shapes are small."""
        found = []
        for axis, size in ((1, self.height), (0, self.width)):
            here = np.flatnonzero(mask.any(axis))
            reach = int(margin * self.u) + 2
            found.append(
                slice(max(0, int(here[0]) - reach), min(size, int(here[-1]) + reach)) if len(here) else slice(0, 1)
            )
        return found[0], found[1]

    def wash(
        self,
        mask: Field,
        pigment: Sequence[float],
        strength: Field | float,
        *,
        rim: float = 0.55,
        soft: float = 0.8,
        grain: float = 0.08,
    ) -> None:
        """One layer.

        rim: how much darker its edge dries; soft: px that it bleeds; grain: how it settles in the paper.
        """
        part = self._around(mask, 20 + 4 * soft)
        much = strength[part] if isinstance(strength, np.ndarray) else strength
        wet = blur(mask[part], soft * self.u)
        edge = (wet * (1 - blur(mask[part], 5 * self.u))).clip(0, 1) * rim * 2.0
        pooled = self.pools[int(self.rng.integers(len(self.pools)))][part]
        amount = wet * much * (0.55 + 0.95 * pooled) + edge * much
        amount = amount * (1 + grain * self.tooth[part] * (0.4 + wet)).clip(0.2, 2)
        self.depth[part] += amount.clip(0, 3)[..., None] * -np.log(np.asarray(pigment))

    def lift(self, mask: Field, part: float) -> None:
        """A wet brush takes pigment away."""
        self.depth *= (1 - part * mask)[..., None]

    def read(self) -> Picture:
        lit = PAPER * np.exp(-self.depth)
        down, right = (np.gradient(blur(self.tooth, 0.7 * self.u), axis=axis) for axis in (0, 1))
        return rounded(lit * (1 + 0.012 * (down - right) / max(self.u, 0.2))[..., None])


def _blob(rng: Rng, x: float, y: float, wide: float, tall: float, wild: float = 0.16) -> Points:
    """A round, uneven outline."""
    angle = np.linspace(0, math.tau, 15, endpoint=False)
    reach = 1 + rng.normal(0, wild, 15)
    return curve(np.stack([x + wide * reach * np.cos(angle), y + tall * reach * np.sin(angle)], -1), closed=True)


def _ground(sheet: _Sheet) -> None:
    """Loose clouds of colour on wet paper, with a bloom where water ran back, and grass below."""
    rng = sheet.rng
    for x, y, wide, tall, pigment, strength in (
        (330, 260, 260, 170, BLUE, 0.5), (820, 210, 300, 150, BLUE, 0.42),
        (600, 480, 330, 180, OCHRE, 0.34), (960, 500, 190, 150, VIOLET, 0.36),
        (200, 520, 150, 140, VIOLET, 0.3),
        (430, 720, 260, 130, SAP, 0.42), (800, 730, 290, 130, SAP, 0.36),
        (600, 830, 330, 70, OLIVE, 0.4), (620, 160, 140, 90, OCHRE, 0.22),
    ):  # fmt: skip
        mask = sheet.shape(_blob(rng, x, y, wide, tall, 0.2), 3.4)
        sheet.wash(
            blur(mask, 26 * sheet.u),
            pigment,
            strength * (0.4 + 0.9 * sheet.pools[int(rng.integers(3))]),
            rim=0.0,
            soft=6,
            grain=0.09,
        )
    for x, y, size in ((980, 300, 70.0), (240, 400, 60), (420, 170, 46)):
        mask = sheet.shape(_blob(rng, x, y, size, size * 0.8, 0.14), 3)
        sheet.lift(blur(mask, 4 * sheet.u), 0.55)
        ring = (blur(mask, 2 * sheet.u) * (1 - blur(mask, 7 * sheet.u))).clip(0, 1)
        sheet.depth += ring[..., None] * 0.7 * -np.log(np.asarray(BLUE))
    for _ in range(70):
        foot = rng.normal(600, 230)
        high, lean = rng.uniform(60, 220), rng.normal(0, 46)
        blade = curve([(foot, 905), (foot + lean * 0.3, 905 - high * 0.6), (foot + lean, 905 - high)])
        outline = ribbons(blade[None], np.linspace(9, 1.0, len(blade))[None])[0]
        pigment = (SAP, OLIVE, BLUE)[int(rng.integers(3))]
        sheet.wash(
            mask_of(sheet.width, sheet.height, outline),
            pigment,
            rng.uniform(0.15, 0.45),
            rim=0.3,
            soft=rng.uniform(0.8, 5),
        )


def _stem(sheet: _Sheet, points: Sequence[Sequence[float]]) -> None:
    line = curve(points)
    line = line + sheet.rng.normal(0, 0.4, line.shape)
    width = np.interp(np.linspace(0, 1, len(line)), [0, 0.5, 1], [6, 7.5, 12]) * (
        1 + 0.12 * np.sin(np.arange(len(line)) * 0.9)
    )
    mask = sheet.shape(ribbons(line[None], width[None])[0], 0.15)
    sheet.lift(mask, 0.55)
    sheet.wash(mask, SAP, 0.62, rim=0.7, soft=0.7)
    shade = sheet.shape(ribbons((line + np.array([2.4, 0]))[None], (width * 0.4)[None])[0], 0.15)
    sheet.wash(shade, OLIVE, 0.4, rim=0.1, soft=1.2)
    hairs = []
    for k in range(3, len(line) - 3, 2):
        side = sheet.rng.choice([-1, 1])
        start = line[k]
        tip = start + np.array([side * sheet.rng.uniform(7, 14), sheet.rng.uniform(-6, 1)])
        hairs.append(ribbons(np.array([[start, (start + tip) / 2 + (0, 1), tip]]), np.array([[1.4, 1.0, 0.5]]))[0])
    sheet.wash(mask_of(sheet.width, sheet.height, *hairs), OLIVE, 0.6, rim=0, soft=0.5)


def _leaf(sheet: _Sheet, x: float, y: float, reach: float, turn: float) -> None:
    """A poppy's leaf, in jagged lobes along a rib."""
    rng = sheet.rng
    t = np.linspace(0, 1, 40)
    bend = turn + 0.5 * t * math.copysign(1, math.cos(turn))
    rib = np.stack([x + np.cumsum(np.cos(bend)) * reach / 40, y + np.cumsum(np.sin(bend)) * reach / 40], -1)
    lobes = np.abs(np.sin(t * math.pi * 5.5)) ** 0.7
    half = (
        reach
        * (0.05 + 0.2 * lobes * np.sin(math.pi * np.minimum(1, t * 0.93 + 0.07)) ** 0.8)
        * rng.uniform(0.8, 1.2, 40)
    )
    mask = sheet.shape(ribbons(rib[None], 2 * half[None])[0], 0.5)
    sheet.lift(mask, 0.35)
    fade = 0.35 + 0.75 * sheet.pools[int(rng.integers(3))]
    sheet.wash(mask, SAP, 0.52 * fade, rim=0.8)
    sheet.wash(mask, BLUE, 0.7 * (1 - fade).clip(0, 1), rim=0.2)
    dark = sheet.shape(ribbons(rib[None], (half * 0.9)[None])[0] + (0, 3), 0.5) * mask
    sheet.wash(dark, OLIVE, 0.34, rim=0.35, soft=3)
    vein = ribbons(rib[None], np.linspace(3.4, 0.8, 40)[None])[0]
    sheet.lift(blur(mask_of(sheet.width, sheet.height, vein), 0.8 * sheet.u), 0.6)


def _bud(sheet: _Sheet, x: float, y: float, lean: float) -> None:
    """A bud that hangs or stands, a slit of red in it."""
    cosine, sine = math.cos(lean), math.sin(lean)
    egg = np.array([(0, -44), (20, -28), (27, 2), (18, 30), (0, 42), (-18, 30), (-27, 2), (-20, -28)], np.float64)
    placed = curve(egg @ np.array([[cosine, sine], [-sine, cosine]]) + (x, y), closed=True)
    mask = sheet.shape(placed, 0.25)
    sheet.lift(mask, 0.8)
    sheet.wash(mask, SAP, 0.55, rim=0.8)
    side = sheet.shape(placed * (0.55, 0.92) + (0.45 * x + 9, 0.08 * y), 0.3) * mask
    sheet.wash(side, OLIVE, 0.45, rim=0.3, soft=4)
    slit = curve(
        np.array([(-6, -36), (-2, 0), (-8, 34), (-12, 10), (-11, -14)]) @ np.array([[cosine, sine], [-sine, cosine]])
        + (x, y),
        closed=True,
    )
    mask = sheet.shape(slit, 0.15)
    sheet.lift(mask, 0.85)
    sheet.wash(mask, SCARLET, 1.3, rim=0.4)


def _flower(sheet: _Sheet, x: float, y: float, size: float, flat: float, lean: float) -> None:
    """Four to six petals around a dark heart, the back ones first, seen a little from the side."""
    rng = sheet.rng
    petals = (
        (-1.57, 1.02, 0.95),
        (-0.55, 1.0, 0.85),
        (-2.6, 1.04, 0.85),
        (0.75, 0.92, 0.95),
        (2.35, 0.95, 0.98),
        (1.57, 0.78, 1.05),
    )
    cosine, sine = math.cos(lean), math.sin(lean)
    dx, dy = sheet.x - x, (sheet.y - y) / flat
    far, toward = np.hypot(dx, dy) / size, np.arctan2(dy, dx)
    for k, (outward, long, wide) in enumerate(petals):
        heading = outward + rng.normal(0, 0.1)
        angle = np.linspace(-1, 1, 19)
        reach = (
            size * long * np.cos(angle * 1.42) ** 0.42 * (1 + 0.06 * np.sin(angle * 9 + k) + rng.normal(0, 0.028, 19))
        )
        across = heading + angle * 0.78 * wide
        rim = np.stack([reach * np.cos(across), reach * np.sin(across)], -1)
        rim = np.concatenate([[(0, 0)], rim, [(0, 0)]]) * (1, flat)
        outline = curve(rim @ np.array([[cosine, sine], [-sine, cosine]]) + (x, y))
        mask = sheet.shape(outline, 0.8)
        sheet.lift(mask, 0.9)
        wet = sheet.pools[k % 3] * 0.4 + 0.6 * sheet.wet
        # Water gathers outside and drives the pigment inward, or the other way.
        body = 0.2 + 0.85 * wet + 0.35 * smoothstep(0.75, 0.2, far) - 0.38 * smoothstep(0.45, 0.95, far) * (0.3 + wet)
        sheet.wash(mask, SCARLET, body.clip(0.12, 1.6), rim=0.75, grain=0.1)
        sheet.wash(mask, ORANGE, (0.7 * smoothstep(0.3, 0.62, sheet.pools[(k + 1) % 3])).clip(0, 1), rim=0.1)
        pleat = np.sin(toward * 23 + 3 * wet + k) * 0.5 + 0.5
        sheet.wash(
            mask, CRIMSON, 0.42 * smoothstep(0.62, 0.95, pleat) * smoothstep(1.0, 0.3, far) * wet * 1.6, rim=0, soft=1.4
        )
    heart = _blob(rng, x, y + 0.02 * size, size * 0.25, size * 0.22 * flat, 0.16)
    mask = sheet.shape(heart, 0.8)
    sheet.wash(blur(mask, 7 * sheet.u), INDIGO, 0.5, rim=0.0, soft=5)
    sheet.wash(mask, INDIGO, 0.62, rim=0.5, soft=1.6)
    pod = mask_of(sheet.width, sheet.height, _blob(rng, x, y - 0.03 * size, size * 0.1, size * 0.09 * flat + 3, 0.06))
    sheet.lift(blur(pod, 1.2 * sheet.u), 0.86)
    sheet.wash(pod, SAP, 0.9, rim=0.7)
    spokes = []
    for k in range(8):
        along = math.tau * k / 8
        tip = (x + size * 0.085 * math.cos(along), y - 0.03 * size + size * 0.075 * flat * math.sin(along))
        spokes.append(
            ribbons(
                np.array([[(x, y - 0.03 * size), ((x + tip[0]) / 2, (y - 0.03 * size + tip[1]) / 2), tip]]),
                np.full((1, 3), 2.0),
            )[0]
        )
    sheet.wash(mask_of(sheet.width, sheet.height, *spokes), INDIGO, 0.9, rim=0, soft=0.6)
    dots = []
    for _ in range(60):
        along, out = rng.uniform(0, math.tau), size * rng.uniform(0.16, 0.36)
        place = (x + out * math.cos(along), y + out * math.sin(along) * flat)
        dots.append(_blob(rng, *place, rng.uniform(1.6, 3.4), rng.uniform(1.6, 3.2)))
    sheet.wash(mask_of(sheet.width, sheet.height, *dots), INDIGO, 1.3, rim=0.2, soft=0.6)


def _spatter(sheet: _Sheet) -> None:
    """Drops flung from the brush."""
    rng = sheet.rng
    for pigment, count, middle in ((SCARLET, 46, (640, 300)), (SAP, 26, (560, 720)), (BLUE, 24, (840, 220))):
        dots = []
        for _ in range(count):
            x, y = rng.normal(middle, (280, 170))
            size = min(11.0, 1.2 + rng.exponential(2.0))
            dots.append(_blob(rng, x, y, size, size * rng.uniform(0.8, 1.2), 0.08))
        sheet.wash(mask_of(sheet.width, sheet.height, *dots), pigment, 0.6, rim=0.9, soft=0.6)
