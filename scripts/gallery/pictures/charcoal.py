"""Charcoal: an old bare oak on a hill in winter, a fence that leads past it, mist over the woods behind."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from glaze.decoys.styles.paint import Field, Picture, Points, Rng, blur, fractal, noise, ribbons, smear, smoothstep
from scripts.gallery.sketching import FINE, WIDE, curve, hatched, mask_of, rounded, shaded

PAPER: Final = np.array([0.945, 0.93, 0.895], np.float32)
COAL: Final = np.array([0.085, 0.08, 0.082], np.float32)
FOOT: Final = (470, 760)  # where the oak stands


class Limb(NamedTuple):
    """A piece of a branch: its line (m, 2), and its widths (m,)."""

    path: Points
    widths: Field


def draw(width: int, height: int) -> Picture:
    """Smudged tones first, then the side of the stick, then its edge; light is lifted out at the end."""
    rng = np.random.default_rng(58)
    u = width / WIDE
    x, y = shaded(width, height)
    tooth = _tooth(rng, width, height)
    light = _sky(rng, x, y, u)
    ground = mask_of(width, height, _hill())
    far, mist = _woods(rng, width, height, y)
    smudged = np.maximum(light, far)
    smudged = smudged * (1 - 0.85 * mist) * (1 - ground) + ground * _slope(rng, x, y, u)
    dark = _laid(blur(smudged, 1.6 * u), tooth, soft=0.8)
    strokes = _side_of_the_stick(rng, smudged, ground, u)
    dark = 1 - (1 - dark) * (1 - 0.6 * _laid(strokes, tooth, soft=0.15))
    limbs = _oak(rng)
    tree, bark = _limbs(limbs, width, height), _bark(rng, limbs, width, height)
    halo = blur(tree, 9 * u) * (1 - tree)
    dark = dark * (1 - 0.28 * halo)
    dark = 1 - (1 - dark) * (1 - _laid(0.95 * tree * bark, tooth, soft=0.45))
    for drawn in (_fence(rng, width, height), _grass(rng, width, height, u), _crows(width, height)):
        dark = 1 - (1 - dark) * (1 - _laid(0.95 * drawn, tooth, soft=0.4))
    lifted = _lifted(rng, width, height)
    dark = dark * (1 - 0.8 * lifted)
    dark = dark * _edge(rng, x, y, tooth)
    fleck = (noise(rng, width, height, 2.2 * u) > 0.94) * 0.05
    return rounded(PAPER + (COAL - PAPER) * (dark + fleck).clip(0, 1)[..., None] + 0.02 * (tooth[..., None] - 0.5))


def _tooth(rng: Rng, width: int, height: int) -> Field:
    """How high the paper stands, 0 its pits to 1: laid paper with a faint weave."""
    u = width / WIDE
    grain = 0.65 * noise(rng, width, height, 1.5 * u) + 0.35 * noise(rng, width, height, 3.4 * u, 1.6)
    x, _ = shaded(width, height)
    grain += 0.05 * np.sin(x * math.tau / 7)
    order = np.argsort(np.argsort(grain, axis=None)).reshape(grain.shape)
    tooth: Field = (order / order.size).astype(np.float32)
    return tooth


def _laid(pressure: Field, tooth: Field, *, soft: float) -> Field:
    """What a stick pressed so hard leaves on the paper: its heights first, its pits last."""
    on_heights = smoothstep(-0.2, 0.2, pressure * 1.4 - 0.2 - (1 - tooth) * 0.92 + 0.1)
    found: Field = pressure * (soft + (1 - soft) * on_heights) * (1 - 0.3 * soft * (1 - tooth))
    return found


def _sky(rng: Rng, x: Field, y: Field, u: float) -> Field:
    """Heavy clouds in sweeps from the left, open and light at the right above the horizon."""
    height, width = x.shape
    drift = fractal(rng, width, height, 210 * u, 4) - 0.5
    sweep = smear(fractal(rng, width, height, 60 * u, 3), np.full(x.shape, -0.22, np.float32) + drift, 26 * u)
    glow = np.exp(-(((x - 835) / 330) ** 2) - (((y - 540) / 230) ** 2))
    dark = 0.46 + 1.15 * drift + 0.55 * (sweep - 0.5) + 0.16 * smoothstep(500, 0, y) - 0.62 * glow
    tone: Field = dark.clip(0.02, 0.8)
    return tone


def _hill() -> Points:
    ridge = curve([(-30, 800), (160, 778), (330, 752), (480, 742), (640, 758), (800, 772), (980, 752), (1230, 764)])
    return np.concatenate([ridge, [(1230, 940), (-30, 940)]])


def _slope(rng: Rng, x: Field, y: Field, u: float) -> Field:
    """Snow with drifts and shade: darker toward the front, and under the oak."""
    height, width = x.shape
    drift = smear(fractal(rng, width, height, 80 * u, 3, 0.5), np.full(x.shape, 0.12, np.float32), 30 * u)
    shade = np.exp(-(((x - FOOT[0] + 150) / 260) ** 2) - (((y - 792) / 26) ** 2))
    tone = 0.1 + 0.75 * (drift - 0.44).clip(0, 1) + 0.36 * smoothstep(820, 905, y) + 0.5 * shade
    return tone.clip(0, 0.85)


def _woods(rng: Rng, width: int, height: int, y: Field) -> tuple[Field, Field]:
    """Two rows of woods, a farmhouse before them, and the mist that lies in front (each (h, w) in [0, 1])."""
    far = np.zeros((height, width), np.float32)
    for base, tall, tone in ((716, 120, 0.46), (764, 104, 0.74)):
        rows = []
        for place in np.arange(-20, WIDE + 20, 7.0):
            rise = tall * (0.45 + 0.5 * math.sin(place / 97 + base) ** 2 + 0.35 * rng.random())
            rise *= 0.5 + 0.5 * float(smoothstep(40, 300, np.asarray(abs(place - 860))))
            rows.append((place, base - rise))
        outline = np.array([*rows, (WIDE + 30, base + 60), (-30, base + 60)])
        far = np.maximum(far, tone * mask_of(width, height, outline))
    house = mask_of(width, height, np.array([(868, 716), (868, 690), (930, 690), (930, 716)]))
    roof = mask_of(
        width,
        height,
        np.array([(860, 692), (876, 664), (924, 664), (940, 692)]),
        np.array([(908, 664), (908, 650), (917, 650), (917, 664)]),
    )
    far = far * (1 - house) + house * 0.16
    far = np.maximum(far, roof * 1.2)
    far = np.maximum(far, 1.3 * mask_of(width, height, np.array([(886, 698), (894, 698), (894, 708), (886, 708)])))
    veil = np.exp(-(((y - 752) / 34) ** 2)) * (0.45 + 0.6 * fractal(rng, width, height, 130 * width / WIDE, 3))
    return far, veil.clip(0, 1)


def _side_of_the_stick(rng: Rng, tone: Field, ground: Field, u: float) -> Field:
    """Broad strokes that follow the sky's slant and the slope of the hill."""
    height, width = tone.shape
    starts = rng.uniform((-80 * u, -20 * u), (width, height), (700, 2))
    sky = hatched(((tone - 0.2) * 1.5).clip(0, 1) * (1 - ground), -0.5, starts, length=130 * u, thick=11 * u)
    starts = rng.uniform((-80 * u, 0.8 * height), (width, height), (240, 2))
    snow = hatched(((tone - 0.16) * 1.3).clip(0, 1) * ground, 0.09, starts, length=120 * u, thick=8 * u)
    return np.maximum(sky * (0.25 + 0.75 * tone), snow * (0.2 + 0.8 * tone)) * 0.85


def _oak(rng: Rng) -> list[Limb]:
    """The trunk and its branches, down to the twigs: thick to thin."""
    limbs: list[Limb] = []

    def grow(at: Points, heading: float, thick: float, reach: float, depth: int) -> None:
        steps = max(5, int(reach / 9))
        path, widths = [at], [thick]
        bend = rng.normal(0, 0.02)
        here, angle = at.copy(), heading
        for step in range(steps):
            bend += rng.normal(0, 0.035)
            # Boughs hang a little in their middle and rise at their ends.
            lift = 0.02 * (depth >= 1) * (-math.pi / 2 - angle) * (step / steps)
            angle += bend * 0.55 + lift + rng.normal(0, 0.075)
            bend *= 0.86
            here = here + reach / steps * np.array([math.cos(angle), math.sin(angle)])
            path.append(here)
            widths.append(thick * (1 - 0.62 * (step + 1) / steps) * (1 + 0.05 * rng.normal()))
        limbs.append(Limb(np.array(path), np.array(widths)))
        if depth >= 6 or thick < 0.9:
            return
        for _ in range((0, 3, 5, 5, 4, 4, 3)[depth]):
            k = int(rng.uniform(0.28, 0.98) * steps)
            side = rng.choice([-1, 1])
            turn = side * rng.uniform(0.35, 1.0)
            away = math.atan2(path[k + 1][1] - path[k][1], path[k + 1][0] - path[k][0])
            grow(path[k], away + turn, widths[k] * rng.uniform(0.45, 0.72), reach * rng.uniform(0.42, 0.68), depth + 1)
        for turn in (-0.28, 0.3):
            grow(here, angle + turn + rng.normal(0, 0.12), widths[-1] * 0.86, reach * rng.uniform(0.5, 0.7), depth + 1)

    foot = np.array(FOOT, np.float64)
    trunk = curve(
        [(foot[0], foot[1] + 8), (foot[0] - 6, 690), (foot[0] + 10, 620), (foot[0] + 2, 556), (foot[0] + 16, 500)]
    )
    girth = np.interp(np.linspace(0, 1, len(trunk)), [0, 0.08, 0.25, 0.6, 1], [118, 88, 72, 64, 68])
    limbs.append(Limb(trunk, girth))
    for x, y, heading, thick, reach in (
        (foot[0] + 0, 606, -2.72, 30, 222),
        (foot[0] + 12, 566, -0.72, 34, 246),
        (foot[0] + 2, 520, -2.28, 40, 242),
        (foot[0] + 16, 506, -1.62, 44, 236),
        (foot[0] + 20, 516, -0.98, 42, 250),
    ):
        grow(np.array([x, y], np.float64), heading, thick, reach, 1)
    for dx, dy, wide in ((-92, 22, 26), (-54, 30, 22), (80, 20, 28), (40, 32, 22)):
        root = curve(
            [(foot[0] + dx * 0.25, foot[1] - 34), (foot[0] + dx * 0.55, foot[1] - 4), (foot[0] + dx, foot[1] + dy)]
        )
        limbs.append(Limb(root, np.linspace(wide * 1.5, 3, len(root))))
    return limbs


def _limbs(limbs: list[Limb], width: int, height: int) -> Field:
    """All limbs as a mask (h, w) in [0, 1]."""
    u = width / WIDE * FINE
    image = Image.new("L", (width * FINE, height * FINE), 0)
    pen = ImageDraw.Draw(image)
    for path, widths in limbs:
        if widths[0] * u < 1.6:
            pen.line((path * u).ravel().tolist(), fill=210, width=1)
        else:
            pen.polygon((ribbons(path[None], widths[None])[0] * u).ravel().tolist(), fill=255)
    mask: Field = np.asarray(image.reduce(FINE), np.float32) / 255
    return mask


def _bark(rng: Rng, limbs: list[Limb], width: int, height: int) -> Field:
    """How dark the bark is, (h, w): furrows along the limbs, and a lighter side to the right."""
    u = width / WIDE * FINE
    image = Image.new("L", (width * FINE, height * FINE), 236)
    pen = ImageDraw.Draw(image)
    for path, widths in limbs:
        if widths[0] < 12:
            continue
        along = np.gradient(path, axis=0)
        along /= np.hypot(along[:, :1], along[:, 1:])
        side = np.stack([-along[:, 1], along[:, 0]], -1)
        side *= np.where(side[:, :1] > 0, 1, -1)
        for furrow in range(int(widths[0] * 1.9)):
            across = rng.uniform(-0.5, 0.5)
            start = int(rng.integers(0, max(1, len(path) - 5)))
            part = slice(start, start + int(rng.integers(4, 12)))
            wave = 1.2 * np.sin(np.arange(len(path[part])) * 1.1 + furrow)
            line = path[part] + side[part] * (across * widths[part] + wave)[:, None]
            lit = 255 - 175 * float(smoothstep(0.02, 0.5, np.asarray(across)))
            pen.line(
                (line * u).ravel().tolist(),
                fill=round(lit * rng.uniform(0.8, 1)),
                width=max(1, round(rng.uniform(1.0, 2.8) * u / 2)),
            )
    return np.asarray(image.reduce(FINE), np.float32) / 255


def _fence(rng: Rng, width: int, height: int) -> Field:
    """Posts and rails that grow from far at the right to near at the left... and lean, each its own way."""
    posts = []
    shapes: list[Points] = []
    for k in range(9):
        far = k / 8
        x = 1180 - 420 * (1 - (1 - far) ** 1.7) - 20
        foot = 880 - 104 * (1 - (1 - far) ** 2.2)
        tall = 112 * (1 - far) ** 1.4 + 20
        lean = rng.normal(0, 0.05)
        top = (x + tall * math.sin(lean), foot - tall)
        wide = tall * 0.075 + 1
        posts.append((x, foot, top, tall))
        shapes.append(
            np.array(
                [(x - wide, foot), (top[0] - wide, top[1]), (top[0] + wide * 0.7, top[1] - wide), (x + wide, foot)]
            )
        )
    for (x1, foot1, top1, tall1), (x2, foot2, top2, tall2) in pairwise(posts):
        for part in (0.3, 0.72):
            start = (x1 + (top1[0] - x1) * part, foot1 - tall1 * part + rng.normal(0, 1.5))
            end = (x2 + (top2[0] - x2) * part, foot2 - tall2 * part + rng.normal(0, 1))
            middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + tall2 * 0.04)
            rail = curve([start, middle, end])
            shapes.append(ribbons(rail[None], np.linspace(tall1 * 0.06, tall2 * 0.06, len(rail))[None])[0])
    drawn: Field = np.max([mask_of(width, height, shape) for shape in shapes], axis=0)
    return drawn


def _grass(rng: Rng, width: int, height: int, u: float) -> Field:
    """Dry blades through the snow, thickest at the oak's foot and in the front corners."""
    count = 420
    place = np.concatenate(
        [
            rng.normal(FOOT, (80, 9), (count // 3, 2)) + np.array([0, 16]),
            rng.normal((90, 900), (150, 24), (count // 3, 2)),
            rng.normal((1080, 905), (190, 20), (count // 3, 2)),
        ]
    )
    image = Image.new("L", (width * FINE, height * FINE), 0)
    pen = ImageDraw.Draw(image)
    for x, y in place:
        tall, lean = rng.uniform(8, 34) * (0.5 + (y - 740) / 200), rng.normal(4, 8)
        blade = curve([(x, y), (x + lean * 0.3, y - tall * 0.6), (x + lean, y - tall)])
        pen.line(
            (blade * u * FINE).ravel().tolist(), fill=int(rng.integers(120, 255)), width=max(1, round(1.3 * u * FINE))
        )
    return np.asarray(image.reduce(FINE), np.float32) / 255


def _crows(width: int, height: int) -> Field:
    """Three in the air, where it is light."""
    shapes = []
    for x, y, size, tilt in ((812, 300, 30, -0.15), (902, 352, 22, 0.1), (858, 410, 15, -0.05), (968, 280, 18, 0.22)):
        wings = curve(
            [
                (-1.25, -0.32),
                (-0.7, -0.52),
                (-0.15, -0.08),
                (0.12, -0.1),
                (0.72, -0.6),
                (1.3, -0.5),
                (0.8, -0.3),
                (0.3, 0.12),
                (0.42, 0.34),
                (0.05, 0.22),
                (-0.22, 0.2),
                (-0.4, 0.02),
                (-0.8, -0.28),
            ],
            closed=True,
        )
        cosine, sine = math.cos(tilt), math.sin(tilt)
        turned = wings @ np.array([[cosine, sine], [-sine, cosine]]) * size
        shapes.append(turned + np.array([x, y]))
    return mask_of(width, height, *shapes)


def _lifted(rng: Rng, width: int, height: int) -> Field:
    """What the rubber took away: the light edge of drifts, snow on the boughs' forks."""
    u = width / WIDE
    starts = rng.uniform((0, 0.85 * height), (width, 0.99 * height), (46, 2))
    drift = hatched(np.full((height, width), 0.8, np.float32), 0.07, starts, length=150 * u, thick=4 * u)
    return blur(drift, 1.2 * u) * 0.8


def _edge(rng: Rng, x: Field, y: Field, tooth: Field) -> Field:
    """1 inside the drawing, 0 on the paper that was left free around it, ragged."""
    height, width = x.shape
    ragged = 40 * (fractal(rng, width, height, 40 * width / WIDE, 4, 0.6) - 0.5) + 14 * (tooth - 0.5)
    inside = np.minimum(np.minimum(x, WIDE - x), np.minimum(y, 900 - y)) + ragged
    return smoothstep(30, 38, inside)
