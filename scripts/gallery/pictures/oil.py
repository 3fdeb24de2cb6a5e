"""Oil paint: a still life with a blue jug, oranges, a lemon and grapes on a white cloth, in thick strokes."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from glaze.decoys.styles.paint import (
    Colours,
    Field,
    Picture,
    Points,
    Rng,
    blur,
    fractal,
    noise,
    relief,
    ribbons,
    sample,
    scatter,
    smear,
    smoothstep,
    trace,
)
from scripts.gallery.sketching import FINE, WIDE, curve, mask_of, rounded, shaded

LIGHT: Final = np.array([-0.62, -0.58, 0.53])
EDGE: Final = 566  # where the table ends
JUG: Final = (
    (190, 64), (200, 66), (212, 58), (236, 50), (268, 52), (300, 70), (340, 104), (390, 132), (440, 142), (490, 136),
    (540, 112), (574, 88), (590, 82), (604, 90), (612, 92),
)  # fmt: skip
# Round things, far to near: x, y, radius, kind.
ROUND: Final = (
    (760, 556, 78, "orange"), (914, 590, 84, "orange"), (626, 606, 60, "lemon"),
    (806, 664, 86, "orange"), (1010, 690, 58, "lemon"),
)  # fmt: skip


class _Scene:
    """What is painted: colours (h, w, 3), and along which angle (h, w) the brush goes there."""

    def __init__(self, rng: Rng, width: int, height: int) -> None:
        self.rng, self.width, self.height, self.u = rng, width, height, width / WIDE
        self.x, self.y = shaded(width, height)
        self.colour: Colours = np.zeros((height, width, 3))
        self.angle: Field = np.zeros((height, width), np.float32)

    def lay(self, mask: Field, colour: Colours, angle: Field) -> None:
        self.colour = self.colour + (colour - self.colour) * mask[..., None]
        self.angle = np.where(mask > 0.5, angle, self.angle)

    def shade(self, mask: Field, part: float, tint: tuple[float, float, float] = (0.5, 0.42, 0.5)) -> None:
        """Take light away; what is left is tinted."""
        self.colour = self.colour * (1 - part * mask[..., None] * (1 - np.array(tint)))

    def lit(self, normal: tuple[Field, Field, Field], base: Colours, *, gloss: float, under: Colours) -> Colours:
        """A body's colour: warm light, cool shade, light from the cloth below, a highlight."""
        nx, ny, nz = normal
        facing = nx * LIGHT[0] + ny * LIGHT[1] + nz * LIGHT[2]
        warm = smoothstep(-0.25, 1.0, facing)[..., None]
        colour = base * (np.array([0.2, 0.17, 0.24]) + warm * np.array([1.16, 1.04, 0.84]))
        colour = colour + base * under * (0.5 * smoothstep(0.1, 1, ny))[..., None]
        half = LIGHT + np.array([0, 0, 1])
        half = half / np.linalg.norm(half)
        shine = (nx * half[0] + ny * half[1] + nz * half[2]).clip(0, 1)
        shone: Colours = colour + gloss * (shine**60 + 0.16 * shine**9)[..., None] * np.array([1.0, 0.97, 0.88])
        return shone


def draw(width: int, height: int) -> Picture:
    """The motif first, then four layers of strokes over a warm ground, fat over lean."""
    rng = np.random.default_rng(17)
    scene = _Scene(rng, width, height)
    _wall(scene)
    _table(scene)
    _jug(scene)
    _fruit(scene)
    _grapes(scene)
    _leaves(scene)
    return _painted(rng, scene)


def _wall(scene: _Scene) -> None:
    """A dim wall, olive and umber, lighter where the window's light falls beside the jug."""
    drift = fractal(scene.rng, scene.width, scene.height, 260 * scene.u, 4)
    glow = np.exp(-(((scene.x - 720) / 430) ** 2) - (((scene.y - 250) / 300) ** 2))
    dark, warm = np.array([0.1, 0.085, 0.07]), np.array([0.5, 0.4, 0.22])
    green = np.array([0.2, 0.24, 0.17])
    colour = dark + (green - dark) * drift[..., None] + (warm - dark) * (0.85 * glow * (0.6 + 0.8 * drift))[..., None]
    angle = 2.4 * math.pi * (fractal(scene.rng, scene.width, scene.height, 300 * scene.u, 2) - 0.5)
    scene.lay(np.ones_like(scene.x), colour, (0.7 + angle).astype(np.float32))


def _table(scene: _Scene) -> None:
    """Wood, and on it a white cloth that falls over the edge in folds."""
    x, y = scene.x, scene.y
    wood = mask_of(scene.width, scene.height, np.array([(-20, EDGE), (1220, EDGE), (1220, 920), (-20, 920)]))
    grain = smear(noise(scene.rng, scene.width, scene.height, 5 * scene.u), np.zeros_like(x), 40 * scene.u)
    colour = np.array([0.34, 0.17, 0.08]) * (0.5 + 0.9 * grain + 0.5 * smoothstep(1200, 0, x))[..., None]
    scene.lay(wood, colour, np.zeros_like(x))
    outline = curve(
        [
            (250, 640),
            (400, 604),
            (640, 590),
            (930, 604),
            (1160, 640),
            (1230, 690),
            (1230, 930),
            (150, 930),
            (168, 800),
            (196, 712),
        ]
    )
    cloth = mask_of(scene.width, scene.height, outline)
    bend = fractal(scene.rng, scene.width, scene.height, 200 * scene.u, 3) - 0.5
    fold = np.sin(x / 58 + 0.0026 * (y - 600) * (x - 640) / 90 + 7 * bend) * smoothstep(620, 860, y)
    soft = np.sin(x / 150 - y / 90 + 9 * bend)
    tone = 0.76 + 0.1 * fold + 0.07 * soft + 0.14 * smoothstep(1150, 250, x) - 0.1 * smoothstep(790, 905, y)
    cool, warm = np.array([0.62, 0.68, 0.82]), np.array([1.0, 0.96, 0.86])
    colour = tone[..., None] * (cool + (warm - cool) * smoothstep(0.55, 0.95, tone)[..., None])
    scene.lay(cloth, colour, (0.12 + 1.3 * smoothstep(700, 880, y) + 0.5 * bend).astype(np.float32))
    for cx, cy, wide, tall, part in (
        (520, 634, 220, 30, 0.7), (860, 640, 130, 22, 0.62), (1020, 674, 140, 24, 0.7), (726, 668, 100, 18, 0.55),
        (912, 750, 160, 26, 0.75), (1092, 748, 96, 16, 0.6), (560, 806, 200, 26, 0.62),
    ):  # fmt: skip
        far = ((x - cx) / wide) ** 2 + ((y - cy) / tall) ** 2
        scene.shade(np.exp(-far * 1.1), part, (0.34, 0.36, 0.52))


def _jug(scene: _Scene) -> None:
    """Blue glazed clay with a white band, turned: its normals follow from its profile."""
    x, y, middle = scene.x, scene.y, 404.0
    at = np.array([middle, 0])
    levels, radii = np.array([row for row, _ in JUG], float), np.array([r for _, r in JUG], float)
    outline = curve(list(zip(radii, levels, strict=True)))
    radius = np.interp(y, outline[:, 1], outline[:, 0])
    slope = np.interp(y, outline[:, 1], np.gradient(outline[:, 0]) / np.maximum(np.gradient(outline[:, 1]), 0.1)).clip(
        -2, 2
    )
    handle = curve([(352, 240), (262, 228), (206, 280), (206, 350), (240, 410), (286, 424)])
    loop = mask_of(scene.width, scene.height, ribbons(handle[None], np.full((1, len(handle)), 30.0))[0])
    inner = np.stack(
        [np.interp(np.linspace(0, 1, 40), np.linspace(0, 1, len(handle)), handle[:, k]) for k in (0, 1)], -1
    )
    off = np.min([np.hypot(x - px, y - py) for px, py in inner], axis=0) / 15
    glaze = np.array([0.1, 0.24, 0.56])
    cloth = np.array([0.6, 0.62, 0.7])
    round_ = np.sqrt((1 - off**2).clip(0.02, 1))
    normal = (-0.5 * off, -0.5 * off, round_)
    scene.lay(
        loop,
        scene.lit(normal, np.broadcast_to(glaze, scene.colour.shape), gloss=0.7, under=cloth),
        np.full(x.shape, 1.3, np.float32),
    )
    body = mask_of(scene.width, scene.height, np.concatenate([outline + at, (outline * (-1, 1) + at)[::-1]]))
    nx = ((x - middle) / np.maximum(radius, 1)).clip(-0.999, 0.999)
    nz = np.sqrt(1 - nx**2)
    norm = np.sqrt(1 + slope**2)
    normal = (nx / norm, -slope / norm, nz / norm)
    band = smoothstep(330, 336, y) * smoothstep(378, 372, y) + smoothstep(516, 521, y) * smoothstep(532, 527, y)
    petal = (
        smoothstep(0.1, 0.3, np.abs(np.sin(np.arcsin(nx) * 7)) - np.abs(y - 354) / 30)
        * smoothstep(330, 336, y)
        * smoothstep(378, 372, y)
    )
    base = glaze + (np.array([0.86, 0.84, 0.78]) - glaze) * band[..., None]
    base = base + (np.array([0.12, 0.2, 0.5]) - base) * (0.9 * petal)[..., None]
    colour = scene.lit(normal, base, gloss=0.95, under=cloth)
    # The window, mirrored in the glaze.
    pane = smoothstep(0.07, 0.05, np.abs(nx + 0.52)) * smoothstep(400, 408, y) * smoothstep(484, 474, y)
    colour = colour + (np.array([0.95, 0.97, 1.0]) - colour) * (0.75 * pane)[..., None]
    scene.lay(body, colour, (0.5 * math.pi + 0.9 * nx * np.sign(slope + 0.001) * 0.6).astype(np.float32))
    mouth = np.hypot((x - middle) / 62, (y - 194) / 15)
    scene.lay(
        smoothstep(1.06, 1.0, mouth), np.broadcast_to(np.array([0.5, 0.6, 0.78]), scene.colour.shape), np.zeros_like(x)
    )
    deep = np.array([0.05, 0.07, 0.14]) + 0.22 * smoothstep(-20, 60, x - middle)[..., None] * np.array([0.5, 0.6, 0.9])
    scene.lay(smoothstep(0.92, 0.86, mouth), deep, np.zeros_like(x))


def _ball(scene: _Scene, cx: float, cy: float, wide: float, tall: float) -> tuple[Field, tuple[Field, Field, Field]]:
    """A round body's mask and normals."""
    nx, ny = (scene.x - cx) / wide, (scene.y - cy) / tall
    square = nx**2 + ny**2
    mask = smoothstep(1 + 2 / wide, 1 - 2 / wide, np.sqrt(square))
    return mask, (nx, ny, np.sqrt((1 - square).clip(0, 1)))


def _fruit(scene: _Scene) -> None:
    """Oranges and lemons, and the shade that each throws on the next."""
    cloth = np.array([0.75, 0.7, 0.66])
    for cx, cy, radius, kind in ROUND:
        wide, tall = (radius, radius * 0.95) if kind == "orange" else (radius * 1.26, radius * 0.86)
        mask, normal = _ball(scene, cx, cy, wide, tall)
        far = ((scene.x - cx - 0.9 * radius) / (1.1 * radius)) ** 2 + (
            (scene.y - cy - 0.55 * radius) / (0.7 * radius)
        ) ** 2
        scene.shade(np.exp(-far * 2.2) * (1 - mask), 0.55, (0.4, 0.34, 0.4))
        pores = noise(scene.rng, scene.width, scene.height, 5 * scene.u)
        hue = np.array([0.95, 0.42, 0.05]) if kind == "orange" else np.array([0.93, 0.77, 0.12])
        base = hue * (0.9 + 0.2 * pores)[..., None]
        if kind == "lemon":
            tip, _ = _ball(scene, cx + wide * 0.98, cy + 4, radius * 0.26, radius * 0.22)
            scene.lay(tip, np.broadcast_to(np.array([0.62, 0.46, 0.08]), scene.colour.shape), np.zeros_like(scene.x))
        colour = scene.lit(normal, base, gloss=0.55, under=cloth)
        around = np.arctan2(normal[1], normal[0]) + math.pi / 2
        scene.lay(mask, colour, around.astype(np.float32))
        if kind == "orange":
            navel, _ = _ball(scene, cx + 0.18 * radius, cy - 0.62 * radius, radius * 0.1, radius * 0.06)
            scene.lay(navel, np.broadcast_to(np.array([0.24, 0.26, 0.08]), scene.colour.shape), np.zeros_like(scene.x))


def _grapes(scene: _Scene) -> None:
    """A bunch of dark grapes that lies in front, on its stalk."""
    stalk = curve([(338, 700), (390, 716), (430, 740), (520, 752)])
    line = mask_of(scene.width, scene.height, ribbons(stalk[None], np.linspace(9, 5, len(stalk))[None])[0])
    scene.lay(
        line, np.broadcast_to(np.array([0.36, 0.3, 0.12]), scene.colour.shape), np.full(scene.x.shape, 0.3, np.float32)
    )
    places = [
        (402 + 47 * k + 24 * (5 - count) + scene.rng.normal(0, 4), 704 + 23 * row + 6 * math.sin(k * 2.1))
        for row, count in enumerate((3, 4, 5, 4, 3))
        for k in range(count)
    ]
    for k, (cx, cy) in enumerate(places):
        radius = 29 + scene.rng.normal(0, 1.4)
        mask, normal = _ball(scene, cx, cy, radius, radius * 1.02)
        hue = (np.array([0.28, 0.08, 0.2]), np.array([0.2, 0.07, 0.24]), np.array([0.36, 0.1, 0.16]))[k % 3]
        base = np.broadcast_to(hue, scene.colour.shape)
        colour = scene.lit(normal, base, gloss=0.85, under=np.array([1.1, 0.7, 0.8]))
        bloom = smoothstep(0.2, 0.9, -normal[1]) * 0.16
        colour = colour + (np.array([0.5, 0.52, 0.68]) - colour) * bloom[..., None]
        ring = ((scene.x - cx - 6) / (radius * 1.16)) ** 2 + ((scene.y - cy - 6) / (radius * 1.16)) ** 2
        scene.shade(np.exp(-(ring**3)) * (1 - mask), 0.5, (0.35, 0.25, 0.35))
        scene.lay(mask, colour, (np.arctan2(normal[1], normal[0]) + math.pi / 2).astype(np.float32))


def _leaves(scene: _Scene) -> None:
    """Leaves at an orange and at the grapes."""
    for points, half in (
        (((846, 590), (884, 544), (940, 524), (990, 532)), 26), (((846, 588), (850, 540), (836, 500), (806, 478)), 21),
        (((352, 702), (312, 680), (276, 690), (250, 716)), 28), (((360, 706), (340, 750), (300, 776), (262, 780)), 22),
    ):  # fmt: skip
        rib = curve(points)
        t = np.linspace(0, 1, len(rib))
        width = half * 2 * np.sin(math.pi * t**0.8) ** 0.9 + 1
        leaf = mask_of(scene.width, scene.height, ribbons(rib[None], width[None])[0])
        upper = mask_of(
            scene.width, scene.height, ribbons((rib + np.array([-3, -half * 0.4]))[None], (width * 0.55)[None])[0]
        )
        green, light = np.array([0.12, 0.26, 0.08]), np.array([0.45, 0.58, 0.2])
        tone = 0.6 * upper + 0.5 * noise(scene.rng, scene.width, scene.height, 22 * scene.u)
        heading = math.atan2(points[-1][1] - points[0][1], points[-1][0] - points[0][0])
        scene.lay(
            leaf, green + (light - green) * tone.clip(0, 1)[..., None], np.full(scene.x.shape, heading, np.float32)
        )
        vein = mask_of(scene.width, scene.height, ribbons(rib[None], np.full((1, len(rib)), 2.6))[0])
        scene.lay(
            vein,
            np.broadcast_to(np.array([0.6, 0.68, 0.36]), scene.colour.shape),
            np.full(scene.x.shape, heading, np.float32),
        )


def _painted(rng: Rng, scene: _Scene) -> Picture:
    """The motif in strokes: broad ones everywhere, finer ones only where there is something to tell."""
    u, width, height = scene.u, scene.width, scene.height
    under = np.stack([blur(scene.colour[..., c].astype(np.float32), 12 * u) for c in range(3)], -1)
    ground = 0.75 * under + np.array([0.09, 0.05, 0.03]) * (0.6 + 0.8 * noise(rng, width, height, 30 * u))[..., None]
    paint = Image.fromarray(rounded(ground)).resize((width * FINE, height * FINE))
    body = Image.new("L", (width * FINE, height * FINE), 60)
    pens = ImageDraw.Draw(paint), ImageDraw.Draw(body)
    grey = scene.colour.mean(-1)
    down, right = (np.gradient(blur(grey, 1.5 * u), axis=axis) for axis in (0, 1))
    detail = blur(np.hypot(down, right), 3 * u) * u
    angle = _along_edges(scene.angle, down, right, u)
    for wide, long, spacing, needed in (
        (34, 84, 16, -1.0),
        (20, 54, 10, 0.0022),
        (10, 32, 6.4, 0.006),
        (5.5, 20, 4.6, 0.012),
        (3.2, 12, 3.4, 0.022),
    ):
        starts = scatter(rng, width, height, max(1.5, spacing * u), 0.7)
        here = sample(detail, starts[:, 0], starts[:, 1])
        starts = starts[(here > needed) | ((needed > 0) & (rng.random(len(starts)) < 0.05))]
        seen = [blur(scene.colour[..., c].astype(np.float32), wide * 0.22 * u) for c in range(3)]
        paths = trace(angle, starts, 7, long * u / 7)
        paths -= paths[:, 4:5] - paths[:, :1]
        colours = np.stack([sample(channel, starts[:, 0], starts[:, 1]) for channel in seen], -1)
        colours = colours * (1 + rng.normal(0, 0.05, (len(starts), 1))) + rng.normal(0, 0.016, colours.shape)
        profile = np.array([0.55, 0.92, 1, 1, 0.98, 0.9, 0.7, 0.4])
        widths = wide * u * rng.uniform(0.7, 1.2, (len(starts), 1)) * profile
        _strokes(pens, ribbons(paths, widths), colours, rng.integers(70, 235, len(starts)).tolist())
    picture = np.asarray(paint.reduce(FINE), np.float32) / 255
    thick = np.asarray(body.reduce(FINE), np.float32) / 255
    bristle = smear(noise(rng, width, height, 1.8 * u), angle, 11 * u)
    bristle = (bristle - bristle.mean()) / max(float(bristle.std()), 1e-6)
    weave = 0.06 * (np.sin(scene.x * math.tau / 5.2) + np.sin(scene.y * math.tau / 5.2))
    height_map = blur(thick, 0.8 * u) * 1.5 + 0.14 * bristle + weave
    light = relief(height_map, 1.5, -2.4)
    lit = (
        picture * (1 + 0.05 * bristle)[..., None] * (1 + 0.24 * light)[..., None]
        + 0.045 * light.clip(0, 1)[..., None] ** 2
    )
    return rounded(lit ** np.array([0.92, 0.94, 0.97]))


def _along_edges(angle: Field, down: Field, right: Field, u: float) -> Field:
    """The brush's angle, turned along the outlines near them (the structure tensor tells how they run)."""
    across, along, both = (blur(part, 4 * u) for part in (right * right, down * down, right * down))
    edge = 0.5 * np.arctan2(2 * both, across - along) + math.pi / 2
    strength = smoothstep(0.004, 0.02, np.sqrt(across + along) * u)
    sine = np.sin(2 * edge) * strength + np.sin(2 * angle) * (1 - strength)
    cosine = np.cos(2 * edge) * strength + np.cos(2 * angle) * (1 - strength)
    turned: Field = (0.5 * np.arctan2(sine, cosine)).astype(np.float32)
    return turned


def _strokes(
    pens: tuple[ImageDraw.ImageDraw, ImageDraw.ImageDraw], outlines: Points, colours: Colours, heights: list[int]
) -> None:
    """Lay strokes on the paint and on its height."""
    inks = rounded(colours).tolist()
    for outline, ink, high in zip((outlines * FINE).reshape(len(outlines), -1).tolist(), inks, heights, strict=True):
        pens[0].polygon(outline, fill=tuple(ink))
        pens[1].polygon(outline, fill=high)
