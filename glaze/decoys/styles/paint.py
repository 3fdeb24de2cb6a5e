"""The brushes that every style shares: noise, flows, cells, strokes, relief, colour.

Fields are (h, w), colours (..., 3) in [0, 1]; both float, float32 where they are large. Lengths are in pixels. All
randomness comes from the Generator given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw

Field = NDArray[np.floating]
Colours = NDArray[np.floating]
Points = NDArray[np.floating]
Picture = NDArray[np.uint8]
# A colour for Pillow: red, green and blue, or one grey; each 0 to 255.
Ink = tuple[int, int, int] | int
Rng = np.random.Generator


@dataclass(frozen=True)
class Style:
    """A decoy style.

    name         unique, lower case.
    description  prompt words that make a text-to-image model draw in the same medium.
    draw         (rng, width, height) -> (height, width, 3) uint8; the same generator state gives the same picture.
    """

    name: str
    description: str
    draw: Callable[[Rng, int, int], Picture]


def unit(width: int, height: int) -> float:
    """What one pixel of a 512 px picture measures here. Marks stop shrinking on tiny pictures: they would vanish."""
    return max(0.35, min(width, height) / 512)


def blank(width: int, height: int, value: float = 0.0) -> Field:
    """A field of one value."""
    return np.full((height, width), value, np.float32)


def axes(width: int, height: int) -> tuple[Field, Field]:
    """Return x (1, w) and y (h, 1) of the pixel centres; they broadcast to a field."""
    x = np.arange(width, dtype=np.float32)[None] + 0.5
    y = np.arange(height, dtype=np.float32)[:, None] + 0.5
    return x, y


# ---------------------------------------------------------------------------------------------------------- noise


def noise(rng: Rng, width: int, height: int, scale: float, stretch: float = 1.0) -> Field:
    """Smooth value noise in [0, 1] with blobs of about `scale` px, `stretch` times as long in x."""
    across, down = max(1.0, scale * stretch), max(1.0, scale)
    columns, rows = math.ceil(width / across) + 4, math.ceil(height / down) + 4
    grid = Image.fromarray(rng.random((rows, columns), np.float32))
    left, top = 1 + rng.random(2)
    box = (left, top, left + width / across, top + height / down)
    return np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC, box=box)).clip(0, 1)


def fractal(rng: Rng, width: int, height: int, scale: float, octaves: int = 4, gain: float = 0.5) -> Field:
    """Noise summed over octaves, each half as large and `gain` times as strong, in [0, 1]."""
    total = blank(width, height)
    weight, reach = 1.0, 0.0
    for octave in range(octaves):
        total += weight * noise(rng, width, height, scale / 2**octave)
        reach += weight
        weight *= gain
    return total / reach


def level(field: Field) -> Field:
    """The field with its histogram made flat, in [0, 1]: every seed then has its lights and its darks."""
    knots = np.quantile(field, np.linspace(0, 1, 65)) + np.linspace(0, 1e-5, 65)
    return np.interp(field, knots, np.linspace(0, 1, 65)).astype(np.float32)


def blur(field: Field, radius: float) -> Field:
    """Three box blurs, close to a Gaussian of standard deviation `radius`; edges repeat."""
    half = max(0, round((math.sqrt(4 * radius * radius + 1) - 1) / 2))
    if half == 0:
        return field
    for axis in (0, 1, 0, 1, 0, 1):
        pad = [(0, 0)] * field.ndim
        pad[axis] = (half + 1, half)
        total = np.cumsum(np.pad(field, pad, mode="edge"), axis=axis, dtype=np.float64)
        upper = np.take(total, np.arange(2 * half + 1, total.shape[axis]), axis=axis)
        lower = np.take(total, np.arange(total.shape[axis] - 2 * half - 1), axis=axis)
        field = ((upper - lower) / (2 * half + 1)).astype(np.float32)
    return field


def smoothstep(low: float, high: float, value: Field) -> Field:
    """0 below `low`, 1 above `high`, a smooth ramp between."""
    t = ((value - low) / (high - low)).clip(0, 1)
    ramped: Field = t * t * (3 - 2 * t)
    return ramped


# ---------------------------------------------------------------------------------------------------------- flows


def swirl(rng: Rng, width: int, height: int, scale: float) -> Field:
    """Angles (radians) of a flow without sources: along the level lines of a noise, so it swirls and never collides."""
    down, right = np.gradient(fractal(rng, width, height, scale, 2, 0.35))
    angle: Field = np.arctan2(-right, down)
    return angle


def sample(field: Field, x: Field, y: Field) -> Field:
    """The field at the nearest pixel; outside, that of the edge."""
    column = x.astype(np.int32).clip(0, field.shape[1] - 1)
    row = y.astype(np.int32).clip(0, field.shape[0] - 1)
    found: Field = field[row, column]
    return found


def peek(field: Field, at: Sequence[float]) -> float:
    """The field at one point (x, y), which may lie outside."""
    height, width = field.shape
    return float(field[min(height - 1, max(0, int(at[1]))), min(width - 1, max(0, int(at[0])))])


def smear(field: Field, angle: Field, length: float) -> Field:
    """The field averaged along the flow, `length` px each way (line integral convolution)."""
    height, width = field.shape
    x0, y0 = axes(width, height)
    total = field.copy()
    cosine, sine = np.cos(angle), np.sin(angle)
    steps = max(1, min(12, round(length)))
    stride = length / steps
    for sign in (stride, -stride):
        x, y = x0 + np.zeros_like(field), y0 + np.zeros_like(field)
        for _ in range(steps):
            x, y = x + sign * sample(cosine, x, y), y + sign * sample(sine, x, y)
            total += sample(field, x, y)
    return total / (2 * steps + 1)


def trace(angle: Field, starts: Points, steps: int, stride: float) -> Points:
    """Paths (n, steps + 1, 2) of points that follow the flow from `starts` (n, 2), `stride` px a step."""
    paths = np.empty((len(starts), steps + 1, 2), np.float32)
    paths[:, 0] = starts
    for step in range(steps):
        here = sample(angle, paths[:, step, 0], paths[:, step, 1])
        paths[:, step + 1, 0] = paths[:, step, 0] + stride * np.cos(here)
        paths[:, step + 1, 1] = paths[:, step, 1] + stride * np.sin(here)
    return paths


def ribbons(paths: Points, widths: Field) -> Points:
    """Outlines (n, 2 * m, 2) of strokes along paths (n, m, 2) whose full widths are `widths` (broadcast to (n, m))."""
    along = np.gradient(paths, axis=1)
    along /= np.maximum(np.hypot(along[..., :1], along[..., 1:]), 1e-6)
    side = np.stack([-along[..., 1], along[..., 0]], -1) * (np.broadcast_to(widths, paths.shape[:2])[..., None] / 2)
    return np.concatenate([paths + side, (paths - side)[:, ::-1]], 1)


def scatter(rng: Rng, width: int, height: int, spacing: float, jitter: float = 0.5) -> Points:
    """Points (n, 2) on a grid of `spacing` px, each off by up to `jitter` of it, a little past every edge, shuffled."""
    columns, rows = math.ceil(width / spacing) + 2, math.ceil(height / spacing) + 2
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2)
    points = (grid - 0.5 + jitter * rng.uniform(-1, 1, grid.shape)) * spacing
    return rng.permutation(points).astype(np.float32)


class Cells(NamedTuple):
    """Voronoi cells, a value a pixel: the cell's number, px to its border, px right of and below its centre."""

    number: NDArray[np.int32]
    border: Field
    right: Field
    down: Field


def cells(rng: Rng, x: Field, y: Field, size: float, jitter: float = 0.4) -> Cells:
    """Cells of about `size` px around a jittered grid, at the places (x, y), which may be bent (see `bend`).

    `jitter` is at most 0.5; from 0 (squares) on. The two nearest centres are then among the 5x5 around.
    """
    x, y = x / size, y / size
    left, top = math.floor(float(x.min())) - 2, math.floor(float(y.min())) - 2
    columns, rows = math.floor(float(x.max())) - left + 3, math.floor(float(y.max())) - top + 3
    x, y = x - left, y - top
    centre = rng.uniform(0.5 - jitter, 0.5 + jitter, (2, rows * columns)).astype(np.float32)
    centre[0] += np.tile(np.arange(columns), rows)
    centre[1] += np.repeat(np.arange(rows), columns)
    home = y.astype(np.int32) * columns + x.astype(np.int32)
    first, second = np.full(x.shape, np.inf, np.float32), np.full(x.shape, np.inf, np.float32)
    index, other = np.zeros(x.shape, np.int32), np.zeros(x.shape, np.int32)
    for step in (down * columns + right for down in range(-2, 3) for right in range(-2, 3)):
        here = home + np.int32(step)
        square = (centre[0].take(here) - x) ** 2 + (centre[1].take(here) - y) ** 2
        closest = square < first
        close = square < second
        other = np.where(closest, index, np.where(close, here, other))
        second = np.where(closest, first, np.where(close, square, second))
        index, first = np.where(closest, here, index), np.where(closest, square, first)
    apart = np.hypot(centre[0].take(index) - centre[0].take(other), centre[1].take(index) - centre[1].take(other))
    border = size * (second - first) / (2 * np.maximum(apart, 1e-6))
    return Cells(index, border, size * (x - centre[0].take(index)), size * (y - centre[1].take(index)))


def bend(rng: Rng, width: int, height: int, scale: float, amount: float) -> tuple[Field, Field]:
    """Return x and y (h, w) of the pixels, each moved by up to `amount` px by a noise of `scale` px.

    What is then drawn by these places comes out curved.
    """
    x, y = axes(width, height)
    across = noise(rng, width, height, scale) - 0.5
    down = noise(rng, width, height, scale) - 0.5
    return x + 2 * amount * across, y + 2 * amount * down


def forms(rng: Rng, width: int, height: int, scale: float) -> Field:
    """The lights and darks of an abstract picture: sweeping forms of about `scale` px, histogram flat, in [0, 1]."""
    reach = math.ceil(scale * 0.9)
    x, y = bend(rng, width, height, scale * 1.2, reach)
    wide, high = width + 2 * reach, height + 2 * reach
    tone = noise(rng, wide, high, scale, 1.6) + 0.35 * noise(rng, wide, high, scale / 2.5)
    return level(blur(sample(tone, x + reach, y + reach), scale / 50))


class Spot(NamedTuple):
    """A square piece of the picture around a point: its slices, and px right of and below the point."""

    rows: slice
    columns: slice
    right: Field
    down: Field


def spot(width: int, height: int, at: Sequence[float], radius: float) -> Spot | None:
    """The piece within `radius` px of `at` (x, y); None where it lies outside the picture."""
    left, top = max(0, int(at[0] - radius)), max(0, int(at[1] - radius))
    right, bottom = min(width, int(at[0] + radius) + 1), min(height, int(at[1] + radius) + 1)
    if left >= right or top >= bottom:
        return None
    x, y = axes(right - left, bottom - top)
    x, y = np.broadcast_arrays(x + (left - at[0]), y + (top - at[1]))
    return Spot(slice(top, bottom), slice(left, right), x, y)


# --------------------------------------------------------------------------------------------------------- colour


def colours(words: str) -> Colours:
    """(n, 3) colours from words like "#1b2a41 #e0c9a6"."""
    return np.array([ImageColor.getrgb(word) for word in words.split()], np.float32) / 255


def pick(rng: Rng, palettes: Sequence[str]) -> Colours:
    """One of the palettes, a little lighter or darker, warmer or cooler: (n, 3)."""
    palette = colours(palettes[int(rng.integers(len(palettes)))])
    shift = rng.normal(0, 0.02, 3) + rng.normal(0, 0.015)
    return (palette + shift).clip(0, 1)


def ramp(palette: Colours, t: Field | float) -> Colours:
    """Colours along the palette, 0 its first and 1 its last, blended between: t.shape + (3,)."""
    place = np.linspace(0, 1, len(palette))
    return np.stack([np.interp(t, place, palette[:, c]) for c in range(3)], -1).astype(np.float32)


def mix(under: Colours, over: Colours, alpha: Field) -> Colours:
    """`over` laid on `under`, `alpha` (h, w) of it."""
    return under + (over - under) * alpha[..., None]


def relief(height: Field, strength: float, direction: float = -2.2) -> Field:
    """Light (about -1 to 1) on a relief lit from `direction` (radians): add it to a picture's brightness."""
    down, right = np.gradient(height)
    slope = -(math.cos(direction) * right + math.sin(direction) * down) * strength
    light: Field = slope / np.sqrt(1 + slope * slope)
    return light


def finish(image: Colours) -> Picture:
    """Colours in [0, 1] as 8-bit, rounded."""
    return (image.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def ink(colour: Colours) -> tuple[int, int, int]:
    """One colour as Pillow wants it."""
    red, green, blue = (round(255 * min(1.0, max(0.0, float(c)))) for c in colour)
    return red, green, blue


# --------------------------------------------------------------------------------------------------------- sheets


class Sheet:
    """A Pillow drawing twice as fine as the picture, so that its edges come out smooth.

    Coordinates are pixels of the picture. A grey `ground` makes a grey sheet: a mask, or the height of paint.
    """

    FINE = 2

    def __init__(self, width: int, height: int, ground: Ink) -> None:
        mode = "L" if isinstance(ground, int) else "RGB"
        self.image = Image.new(mode, (width * self.FINE, height * self.FINE), ground)
        self.pen = ImageDraw.Draw(self.image)

    @classmethod
    def of(cls, picture: Colours) -> Sheet:
        """A sheet with a picture (h, w, 3) on it already."""
        sheet = cls(picture.shape[1], picture.shape[0], (0, 0, 0))
        sheet.image.paste(Image.fromarray(finish(picture)).resize(sheet.image.size, Image.Resampling.BILINEAR))
        return sheet

    def polygon(self, outline: Points, fill: Ink) -> None:
        """Fill an outline (n, 2)."""
        self.pen.polygon((outline * self.FINE).ravel().tolist(), fill=fill)

    def line(self, path: Points, fill: Ink, width: float) -> None:
        """Draw a line along (n, 2)."""
        broad = max(1, round(width * self.FINE))
        self.pen.line((path * self.FINE).ravel().tolist(), fill=fill, width=broad, joint="curve" if broad > 3 else None)

    def dot(self, at: Sequence[float], radius: float, fill: Ink) -> None:
        """Fill a circle around (x, y)."""
        x, y, radius = at[0] * self.FINE, at[1] * self.FINE, radius * self.FINE
        self.pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)

    def read(self) -> Field:
        """What was drawn, at the picture's size: (h, w, 3) or (h, w), in [0, 1]."""
        drawn: Field = np.asarray(self.image.reduce(self.FINE), np.float32) / 255
        return drawn
