"""Pictures to learn from that no folder of art has to hold: decoy styles, and what folders of paintings lack.

A network that learns from paintings alone is weak on flat fills, clean outlines, smooth skies, lettering, patterns
and pixel art. These are drawn here, at random and fast; they need to be varied, not beautiful.
"""

from __future__ import annotations

import colorsys
import math
import string
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from glaze.decoys.styles import STYLES

Picture = NDArray[np.uint8]
Rng = np.random.Generator
Ink = tuple[int, int, int]
Draw = Callable[[Rng, int, int], Picture]

SHORT_SIDE = 512
STYLE_SHARE = 0.4


def _colour(rng: Rng, low: float = 0.0, high: float = 1.0) -> Ink:
    """Any hue, any saturation, brightness between the bounds."""
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.random(), rng.uniform(low, high))
    return round(255 * red), round(255 * green), round(255 * blue)


def _paper(rng: Rng) -> Ink:
    """White, or another pale colour."""
    if rng.random() < 0.4:
        return 255, 255, 255
    red, green, blue = _colour(rng, 0.6)
    return 170 + red // 3, 170 + green // 3, 170 + blue // 3


def _blank(width: int, height: int, colour: Ink) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A canvas twice as fine as the picture, and its pen."""
    image = Image.new("RGB", (2 * width, 2 * height), colour)
    return image, ImageDraw.Draw(image)


def _done(image: Image.Image) -> Picture:
    return np.asarray(image.reduce(2))


def _blob(rng: Rng, x: float, y: float, radius: float) -> list[tuple[float, float]]:
    """A closed outline: a smooth blob, a polygon, or a star."""
    kind = rng.integers(3)
    count = 72 if kind == 0 else int(rng.integers(3, 9)) * (1 if kind == 1 else 2)
    turn = np.linspace(0, 2 * math.pi, count, endpoint=False) + rng.uniform(0, 2 * math.pi)
    reach = np.full(count, radius)
    if kind == 0:
        for wave in range(1, 6):
            reach *= 1 + rng.normal(0, 0.25 / wave) * np.cos(wave * turn + rng.uniform(0, 6.3))
    elif kind == 2:
        reach[::2] *= rng.uniform(0.35, 0.8)
    squash = rng.uniform(0.5, 1.0)
    return list(zip((x + reach * np.cos(turn)).tolist(), (y + squash * reach * np.sin(turn)).tolist(), strict=True))


def flat_shapes(rng: Rng, width: int, height: int) -> Picture:
    """An illustration of flat fills; most have an outline, some a flat shade and a highlight as cel painting has."""
    image, pen = _blank(width, height, _paper(rng) if rng.random() < 0.4 else _colour(rng, 0.4))
    palette = [_colour(rng, 0.15) for _ in range(rng.integers(3, 8))]
    line = None if rng.random() < 0.3 else _colour(rng, 0, 0.25)
    weight = int(rng.integers(2, 10))
    for _ in range(rng.integers(6, 40)):
        x, y, radius = rng.uniform(0, 2 * width), rng.uniform(0, 2 * height), rng.uniform(20, 400) ** 0.95
        outline = _blob(rng, x, y, radius)
        fill = palette[rng.integers(len(palette))]
        pen.polygon(outline, fill=fill)
        if rng.random() < 0.4:
            dark = (fill[0] * 3 // 4, fill[1] * 3 // 4, fill[2] * 4 // 5)
            pen.polygon(
                [(x + (px - x) * 0.7 + radius * 0.15, y + (py - y) * 0.7 + radius * 0.15) for px, py in outline],
                fill=dark,
            )
        if line is not None:
            pen.line([*outline, outline[0], outline[1]], fill=line, width=weight, joint="curve")
    return _done(image)


def gradient(rng: Rng, width: int, height: int) -> Picture:
    """A smooth sky: colours blended along a direction, sometimes a soft sun, sometimes a skyline."""
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    angle = rng.normal(math.pi / 2, 0.5)
    place = np.cos(angle) * x + np.sin(angle) * y
    stops = np.array([_colour(rng) for _ in range(rng.integers(2, 5))], float)
    where = np.linspace(-1.2, 1.2, len(stops))
    sky = np.stack([np.interp(place, where, stops[:, c]) for c in range(3)], -1)
    if rng.random() < 0.5:
        far = np.hypot(x - rng.uniform(-1, 1), y - rng.uniform(-1, 0.3))
        glow = 1 / (1 + np.exp((far - rng.uniform(0.05, 0.3)) * rng.uniform(6, 60)))
        sky += (np.array(_colour(rng, 0.8), float) - sky) * glow[..., None]
    if rng.random() < 0.5:
        sky += rng.normal(0, rng.uniform(0.3, 2), sky.shape)
    picture = (sky + 0.5).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        for depth in range(rng.integers(1, 4)):
            ridge = np.zeros(width)
            for wave in range(1, 40):
                ridge += rng.normal(0, 0.12 / wave) * np.cos(wave * np.linspace(0, 3, width) + rng.uniform(0, 6.3))
            picture[y > ridge + 0.3 + 0.25 * depth] = _colour(rng, 0, 0.6)
    return picture


def line_drawing(rng: Rng, width: int, height: int) -> Picture:
    """Ink on paper: outlines, loose curves and patches of hatching; now and then white on black."""
    paper, line = _paper(rng), (0, 0, 0) if rng.random() < 0.6 else _colour(rng, 0, 0.4)
    if rng.random() < 0.15:
        paper, line = line, paper
    image, pen = _blank(width, height, paper)
    for _ in range(rng.integers(8, 50)):
        x, y, radius = rng.uniform(0, 2 * width), rng.uniform(0, 2 * height), rng.uniform(20, 300)
        weight = int(rng.integers(1, 7))
        kind = rng.random()
        if kind < 0.4:
            outline = _blob(rng, x, y, radius)
            pen.polygon(outline, fill=paper)
            pen.line([*outline, outline[0]], fill=line, width=weight, joint="curve")
        elif kind < 0.7:
            steps = np.cumsum(rng.normal(0, 0.25, 60)) + rng.uniform(0, 6.3)
            path = np.cumsum(np.stack([np.cos(steps), np.sin(steps)], 1) * radius / 15, 0) + np.array([x, y])
            pen.line(path.ravel().tolist(), fill=line, width=weight, joint="curve")
        else:
            angle, gap = rng.uniform(0, math.pi), rng.uniform(6, 22)
            for row in np.arange(-radius / 2, radius / 2, gap):
                cx, cy = x - row * math.sin(angle), y + row * math.cos(angle)
                dx, dy = radius / 2 * math.cos(angle), radius / 2 * math.sin(angle)
                pen.line((cx - dx, cy - dy, cx + dx, cy + dy), fill=line, width=max(1, weight // 2))
    return _done(image)


def lettering(rng: Rng, width: int, height: int) -> Picture:
    """Lines of letters at several sizes: a page, a poster, a sign."""
    dark = rng.random() < 0.3
    paper, words = (_colour(rng, 0, 0.3), _colour(rng, 0.7)) if dark else (_paper(rng), _colour(rng, 0, 0.5))
    image, pen = _blank(width, height, paper)
    letters = list(string.ascii_letters + string.digits + "   .,!?")
    y = rng.uniform(0, 60)
    while y < 2 * height:
        size = float(rng.choice([24, 32, 44, 70, 120, 240], p=[0.25, 0.25, 0.2, 0.15, 0.1, 0.05]))
        text = "".join(rng.choice(letters, int(3 * width / size)))
        pen.text((rng.uniform(0, 120), y), text, fill=words, font=ImageFont.load_default(size))
        y += size * rng.uniform(1.1, 1.8)
    return _done(image)


def pattern(rng: Rng, width: int, height: int) -> Picture:
    """Stripes, checks, rings, dots or waves in two to four colours."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    angle, period = rng.uniform(0, math.pi), rng.uniform(6, 90)
    u, v = (math.cos(angle) * x + math.sin(angle) * y) / period, (math.cos(angle) * y - math.sin(angle) * x) / period
    kind = rng.integers(5)
    if kind == 0:
        place = u
    elif kind == 1:
        place = np.floor(u) + np.floor(v)
    elif kind == 2:
        place = np.hypot(u - rng.uniform(0, width / period), v)
    elif kind == 3:
        place = (np.hypot(u % 1 - 0.5, v % 1 - 0.5) < rng.uniform(0.15, 0.45)).astype(float)
    else:
        place = u + rng.uniform(0.2, 1) * np.sin(v * rng.uniform(0.5, 3))
    inks = np.array([_colour(rng) for _ in range(rng.integers(2, 5))], np.uint8)
    picture: Picture = inks[np.floor(place).astype(int) % len(inks)]
    return picture


def poster(rng: Rng, width: int, height: int) -> Picture:
    """Flat and dark: a few large shapes, barely lighter than the ground, and one bright one."""
    ground = _colour(rng, 0, 0.25)
    image, pen = _blank(width, height, ground)
    for _ in range(rng.integers(2, 9)):
        outline = _blob(rng, rng.uniform(0, 2 * width), rng.uniform(0, 2 * height), rng.uniform(80, 600))
        pen.polygon(outline, fill=_colour(rng, 0.02, 0.4))
    pen.polygon(_blob(rng, width, height, rng.uniform(40, 250)), fill=_colour(rng, 0.6))
    for _ in range(rng.integers(0, 5)):
        left, top = rng.uniform(0, 2 * width), rng.uniform(0, 2 * height)
        pen.rectangle((left, top, left + rng.uniform(4, 900), top + rng.uniform(4, 40)), fill=_colour(rng, 0.3))
    return _done(image)


def pixel_art(rng: Rng, width: int, height: int) -> Picture:
    """Blocks of 2 to 16 px from a small palette, dithered where two of its colours meet."""
    block = int(rng.integers(2, 17))
    columns, rows = -(-width // block), -(-height // block)
    small = rng.random((max(2, rows // 6), max(2, columns // 6)), np.float32)
    tone = np.asarray(Image.fromarray(small).resize((columns, rows), Image.Resampling.BICUBIC))
    dither = np.tile(np.array([[0, 2], [3, 1]]) / 4 - 0.375, (rows // 2 + 1, columns // 2 + 1))[:rows, :columns]
    palette = np.array([_colour(rng) for _ in range(rng.integers(3, 12))], np.uint8)
    place = (tone * (len(palette) - 1) + dither * rng.uniform(0, 1.5)).round().astype(int).clip(0, len(palette) - 1)
    picture: Picture = np.repeat(np.repeat(palette[place], block, 0), block, 1)[:height, :width]
    return picture


def blurred_noise(rng: Rng, width: int, height: int) -> Picture:
    """Noise of every coarseness at once, in random colours: what is left of a picture far out of focus, with grain."""
    total = np.zeros((height, width, 3))
    for scale in 2.0 ** np.arange(0, 8):
        grid = rng.random((math.ceil(height / scale) + 1, math.ceil(width / scale) + 1, 3))
        image = Image.fromarray((grid * 255).astype(np.uint8))
        total += (np.asarray(image.resize((width, height), Image.Resampling.BICUBIC)) - 127.0) * rng.random() ** 2
    total *= rng.uniform(20, 70) / total.std()
    grey = total.mean(2, keepdims=True)
    total = grey + (total - grey) * rng.uniform(0, 1.2) + np.array(_colour(rng, 0.3, 0.9), float)
    picture: Picture = total.clip(0, 255).astype(np.uint8)
    return picture


def solids(rng: Rng, width: int, height: int) -> Picture:
    """Shaded balls with highlights and soft shadows on a gradient, as rendered scenes and photographs have them."""
    picture = gradient(rng, width, height).astype(np.float32)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    light = rng.normal(size=3)
    light[2] = abs(light[2]) + 0.5
    light /= np.linalg.norm(light)
    for _ in range(rng.integers(2, 9)):
        radius = rng.uniform(25, 160)
        cx, cy = rng.uniform(0, width), rng.uniform(0, height)
        dx, dy = (x - cx) / radius, (y - cy) / radius
        square = dx * dx + dy * dy
        shadow = np.exp(-((dx + light[0]) ** 2) * 1.2 - ((dy - 1) ** 2) * 6)
        picture *= 1 - 0.5 * shadow[..., None]
        dz = np.sqrt((1 - square).clip(0))
        shade = (dx * light[0] + dy * light[1] + dz * light[2]).clip(0)
        gloss = shade ** rng.uniform(8, 80) * rng.uniform(0, 0.9)
        ball = np.array(_colour(rng, 0.3), np.float32) * (0.15 + 0.85 * shade)[..., None] + 255 * gloss[..., None]
        edge = ((1 - np.sqrt(square)) * radius).clip(0, 1)[..., None]
        picture += (ball - picture) * edge
    return picture.clip(0, 255).astype(np.uint8)


def style(rng: Rng, width: int, height: int) -> Picture:
    """One of the decoy styles."""
    return STYLES[rng.choice(sorted(STYLES))].draw(rng, width, height)


def composition(rng: Rng, width: int, height: int) -> Picture:
    """Two or three of the others: in panels, through a mask with a hard or a soft edge, or one over the other."""
    parts = [_one(rng, width, height) for _ in range(rng.integers(2, 4))]
    picture = parts[0]
    for part in parts[1:]:
        image = Image.new("L", (width, height))
        draw = ImageDraw.Draw(image)
        if rng.random() < 0.4:
            left, top = rng.uniform(0, 0.6 * width), rng.uniform(0, 0.6 * height)
            draw.rectangle(
                (left, top, left + rng.uniform(0.3, 1) * width, top + rng.uniform(0.3, 1) * height), fill=255
            )
        else:
            for _ in range(rng.integers(1, 6)):
                draw.polygon(_blob(rng, rng.uniform(0, width), rng.uniform(0, height), rng.uniform(40, 250)), fill=255)
        if rng.random() < 0.4:
            image = image.filter(ImageFilter.GaussianBlur(rng.uniform(2, 30)))
        mask = np.asarray(image, np.float32)[..., None] / 255 * (1.0 if rng.random() < 0.7 else rng.uniform(0.3, 0.9))
        picture = (picture + (part.astype(np.float32) - picture) * mask + 0.5).astype(np.uint8)
    return picture


# The share of each among the pictures that are not decoy styles.
_SUBJECTS: tuple[tuple[Draw, float], ...] = (
    (flat_shapes, 0.24),
    (gradient, 0.14),
    (line_drawing, 0.16),
    (lettering, 0.08),
    (pattern, 0.08),
    (poster, 0.08),
    (pixel_art, 0.08),
    (blurred_noise, 0.07),
    (solids, 0.07),
)


def _one(rng: Rng, width: int, height: int) -> Picture:
    if rng.random() < STYLE_SHARE:
        return style(rng, width, height)
    draws, shares = zip(*_SUBJECTS, strict=True)
    picture: Picture = draws[int(rng.choice(len(draws), p=shares))](rng, width, height)
    return picture


def draw_pictures(count: int, seed: int) -> list[list[Picture]]:
    """`count` pictures as training.data.load_folder returns them: each a list of scales, here one.

    (h, w, 3) uint8, short side SHORT_SIDE, long side up to half as much again. The same seed gives the same pictures,
    and a larger `count` the same ones first. Raises ValueError for a negative count.
    """
    if count < 0:
        raise ValueError(f"count must not be negative, not {count}")
    pictures: list[list[Picture]] = []
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        long = int(rng.integers(SHORT_SIDE, SHORT_SIDE * 3 // 2 + 1))
        width, height = (long, SHORT_SIDE) if rng.random() < 0.5 else (SHORT_SIDE, long)
        draw = composition if rng.random() < 0.2 else _one
        pictures.append([draw(rng, width, height)])
    return pictures
