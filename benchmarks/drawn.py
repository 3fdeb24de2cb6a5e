"""Three pictures that one can look at, drawn anew each time: for screenshots, and for what people wait for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

FINE: Final = 2  # drawn so many times as large, and reduced: smooth edges
Ink = tuple[int, int, int]


def landscape(width: int, height: int) -> Image.Image:
    """A painting: evening over hills and a lake, in strokes that follow what they paint."""
    rng = np.random.default_rng(4)
    scene = _evening(width, height)
    pixels = np.asarray(scene.filter(ImageFilter.GaussianBlur(width / 300)), np.float64)
    painting = scene.filter(ImageFilter.GaussianBlur(width / 40))
    pen = ImageDraw.Draw(painting)
    for size, count in ((60, 5000), (30, 14000), (15, 26000)):
        for x, y in zip(rng.uniform(0, width, count), rng.uniform(0, height, count), strict=True):
            colour = pixels[int(y), int(x)] + rng.normal(0, 7) + rng.normal(0, 5, 3)
            # Flat on sky and water, steep on the slopes.
            angle = rng.normal(0.1, 0.12) if not 0.42 < y / height < 0.66 else rng.normal(-0.6, 0.35)
            reach = width * size / 2400 * rng.uniform(0.6, 1.3)
            dx, dy = reach * math.cos(angle), reach * math.sin(angle)
            pen.line((x - dx, y - dy, x + dx, y + dy), _ink(colour), max(1, round(width * size / 9000)))
    return painting


def _evening(width: int, height: int) -> Image.Image:
    """What the landscape paints: smooth fields of colour."""
    y, x = np.mgrid[0:height, 0:width] / np.array([[[height]], [[width]]])
    glow = np.exp(-((x - 0.66) ** 2 / 0.05 + (y - 0.43) ** 2 / 0.02))[..., None]
    sky = np.array([58, 84, 132]) + (np.array([236, 170, 120]) - np.array([58, 84, 132])) * (y[..., None] / 0.5)
    picture = sky + glow * np.array([40, 50, 10])
    cloud = np.sin(9 * x + 3 * np.sin(5 * x)) * np.sin(31 * y + 4 * x) > 0.55
    picture[cloud & (y < 0.36)] += np.array([34, 14, 4])
    for level, rise, colour in (
        (0.50, 0.06, (118, 104, 138)),
        (0.57, 0.05, (84, 92, 112)),
        (0.63, 0.035, (48, 74, 70)),
    ):
        ridge = level - rise * (np.sin(7 * x + 40 * level) + 0.5 * np.sin(17 * x + 9 * level) + 0.2 * np.sin(53 * x))
        picture[y > ridge] = colour
    lake = y > 0.67
    mirrored = picture[np.clip((height * (1.3 - y[:, 0])).astype(int), 0, height - 1)]
    picture[lake] = 0.72 * mirrored[lake] + np.array([12, 26, 42])
    glitter = lake & (np.abs(x - 0.66) < 0.05 + 0.1 * (y - 0.67)) & (np.sin(260 * y + 5 * np.sin(30 * x)) > 0.2)
    picture[glitter] = (246, 196, 140)
    shore = y > 0.9 + 0.05 * np.sin(4 * x + 1) + 0.012 * np.sin(60 * x)
    picture[shore] = (44, 52, 40)
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def poster(width: int, height: int) -> Image.Image:
    """An illustration in flat colours: a sailing boat between islands under a large sun."""
    image, pen = _paper(width, height, (247, 226, 190))
    w, h = image.size
    pen.ellipse(_around(0.62 * w, 0.4 * h, 0.23 * h), (232, 96, 62))
    for y, wide in ((0.22, 0.2), (0.3, 0.13), (0.17, 0.1)):
        x = (3.1 * y + 0.1) % 0.8 * w
        pen.rounded_rectangle((x, y * h, x + wide * w, (y + 0.035) * h), 0.018 * h, (255, 246, 228))
    pen.rectangle((0, 0.58 * h, w, h), (33, 116, 128))
    for peaks, colour in (
        (((-0.05, 0.58), (0.12, 0.3), (0.2, 0.4), (0.27, 0.34), (0.46, 0.58)), (58, 70, 108)),
        (((0.7, 0.58), (0.83, 0.42), (0.9, 0.47), (1.05, 0.36), (1.05, 0.58)), (74, 88, 126)),
    ):
        pen.polygon([(x * w, y * h) for x, y in peaks], colour)
    pen.polygon(
        [(0.12 * w, 0.3 * h), (0.085 * w, 0.36 * h), (0.115 * w, 0.35 * h), (0.16 * w, 0.36 * h)], (250, 240, 224)
    )
    for row in range(7):
        y = (0.61 + 0.055 * row + 0.004 * row**2) * h
        for k in range(3):
            x = ((0.37 * row + 0.41 * k) % 1.1 - 0.1) * w
            pen.rounded_rectangle((x, y, x + (0.06 + 0.02 * row) * w, y + 0.012 * h), 0.006 * h, (96, 168, 168))
    mast = 0.44 * w
    pen.polygon([(mast, 0.4 * h), (mast, 0.72 * h), (mast + 0.12 * w, 0.72 * h)], (255, 250, 238))
    pen.polygon(
        [(mast - 0.012 * w, 0.45 * h), (mast - 0.012 * w, 0.72 * h), (mast - 0.09 * w, 0.72 * h)], (240, 178, 70)
    )
    hull = ((-0.11, 0.74), (0.14, 0.74), (0.1, 0.8), (-0.07, 0.8))
    pen.polygon([(mast + x * w, y * h) for x, y in hull], (150, 44, 52))
    return image.reduce(FINE)


def panel(width: int, height: int) -> Image.Image:
    """A panel of a comic in ink: a cat on the roofs of a town at night, hatched."""
    rng = np.random.default_rng(11)
    image, pen = _paper(width, height, (255, 255, 255))
    w, h = image.size
    black, line = (16, 16, 18), max(2, w // 320)
    for y in range(0, round(0.7 * h), 3 * line):
        # The night: lines that thin out toward the moon.
        for x in range(0, w, w // 60):
            far = math.hypot(x - 0.72 * w, y - 0.27 * h) / (0.45 * w)
            if rng.random() < far - 0.25:
                pen.line((x, y, x + w // 55, y + int(rng.integers(-line, line + 1))), black, line // 2 + (far > 0.9))
    pen.ellipse(_around(0.72 * w, 0.27 * h, 0.15 * h), (255, 255, 255), black, line)
    left = -0.05
    while left < 1.02:
        wide, top = rng.uniform(0.11, 0.2), rng.uniform(0.46, 0.62)
        _house(pen, rng, (left * w, top * h, (left + wide) * w, h), line)
        left += wide * 0.86
    ridge = 0.8 * h
    pen.polygon(
        [(0, 0.92 * h), (0.2 * w, ridge), (0.86 * w, ridge), (w, 0.9 * h), (w, h), (0, h)],
        (255, 255, 255),
        black,
        2 * line,
    )
    for k in range(34):
        tile = (0.2 + 0.66 * k / 33) * w
        pen.line((tile, ridge, tile + (tile - 0.53 * w) * 0.35, h), black, line // 2)
    _cat(pen, 0.4 * w, ridge + line, 0.27 * h, black)
    pen.rectangle((0, 0, w - 1, h - 1), None, black, 5 * line)
    return image.reduce(FINE).convert("L")


def _house(
    pen: ImageDraw.ImageDraw, rng: np.random.Generator, box: tuple[float, float, float, float], line: int
) -> None:
    left, top, right, bottom = box
    black, roof, wide = (16, 16, 18), (right - left) * 0.45, right - left
    pen.rectangle(box, (255, 255, 255), black, line)
    pen.polygon([(left - wide * 0.06, top), (left + wide / 2, top - roof), (right + wide * 0.06, top)], black)
    for k in range(14):
        x = left + wide * (0.62 + 0.38 * k / 14)
        pen.line((x, top, x, bottom), black, max(1, line * (k + 2) // 12))
    for row in range(3):
        for column in range(2):
            x, y = left + wide * (0.12 + 0.26 * column), top + wide * (0.2 + 0.5 * row)
            lit = rng.random() < 0.4
            pen.rectangle((x, y, x + wide * 0.15, y + wide * 0.28), (255, 255, 255) if lit else black, black, line)


def _cat(pen: ImageDraw.ImageDraw, x: float, foot: float, tall: float, ink: Ink) -> None:
    def at(points: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
        return [(x + tall * px, foot - tall * py) for px, py in points]

    tail = [(0.3 + 0.3 * t + 0.1 * math.sin(5 * t), 0.06 + 0.5 * t**2) for t in np.linspace(0, 1, 24)]
    pen.line(at(tuple(tail)), ink, round(tall * 0.07), "curve")
    pen.polygon(at(((-0.22, 0), (-0.2, 0.3), (-0.12, 0.6), (0.12, 0.6), (0.3, 0.3), (0.34, 0))), ink)
    pen.ellipse((x - 0.16 * tall, foot - 0.46 * tall, x + 0.36 * tall, foot), ink)
    pen.ellipse(_around(x - 0.04 * tall, foot - 0.72 * tall, 0.2 * tall), ink)
    for side in (-1, 1):
        ear = ((-0.04 + side * 0.06, 0.86), (-0.04 + side * 0.19, 0.8), (-0.04 + side * 0.19, 1.02))
        pen.polygon(at(ear), ink)
        pen.ellipse(_around(x + (-0.04 + side * 0.08) * tall, foot - 0.73 * tall, 0.035 * tall), (255, 255, 255))


def _paper(width: int, height: int, colour: Ink) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (FINE * width, FINE * height), colour)
    return image, ImageDraw.Draw(image)


def _around(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return x - radius, y - radius, x + radius, y + radius


def _ink(colour: np.typing.NDArray[np.float64]) -> Ink:
    red, green, blue = colour.clip(0, 255).astype(int).tolist()
    return red, green, blue


PICTURES: Final[dict[str, Callable[[int, int], Image.Image]]] = {"evening": landscape, "boat": poster, "roofs": panel}
