"""Photograph-like: a mountain lake in the first sun, from a jetty; ray traced, developed with bloom and grain."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glaze.decoys.styles.paint import Field, Picture, Rng, blur, fractal, noise, smoothstep
from scripts.gallery.sketching import rounded
from scripts.gallery.terrain import FAR, Country

Array = NDArray[np.floating]
EYE: Final = np.array([0.35, 2.5, 0.0], np.float32)
FIELD: Final = 0.98  # radians across
PITCH: Final = 0.045
BATCH: Final = 60_000
PASSES: Final = ((0.25, 0.4), (0.75, 0.6))
SUN: Final = np.array([0.83, 0.26, -0.3], np.float32) / np.float32(math.sqrt(0.83**2 + 0.26**2 + 0.3**2))
SUNLIGHT: Final = np.array([3.6, 2.35, 1.3], np.float32)
SKYLIGHT: Final = np.array([0.3, 0.42, 0.62], np.float32)
AIR: Final = np.array([1 / 52000, 1 / 36000, 1 / 22000], np.float32)  # lost a metre to haze: blue first
POSTS: Final = tuple((x, z) for z in (2.6, 5.2, 7.8, 10.4, 13.0) for x in (-0.98, 0.98))
DECK, HALF, END = 0.62, 0.9, 13.2  # of the jetty: height, half width, length


class Charts(NamedTuple):
    """Maps of noise: how thick clouds are, veils and heaps; where water stands high; the grain of planks."""

    veil: Field
    heap: Field
    ripples: Field
    planks: Field


def draw(width: int, height: int) -> Picture:
    """Two rays a pixel, then what lens and film make of their light."""
    rng = np.random.default_rng(5)
    country = Country(rng, SUN, max(256, min(2048, width * 2048 // 1200 // 2 * 2)))
    charts = Charts(
        fractal(rng, 1024, 1024, 170, 6, 0.56),
        fractal(rng, 1024, 1024, 110, 6, 0.55),
        fractal(rng, 1024, 1024, 60, 5, 0.6),
        fractal(rng, 512, 512, 40, 5, 0.7),
    )
    down, across = np.divmod(np.arange(width * height), width)
    light, near = np.zeros((width * height, 3), np.float32), np.zeros(width * height, np.float32)
    for start in range(0, width * height, BATCH):
        part = slice(start, start + BATCH)
        for off_x, off_y in PASSES:
            x = ((across[part] + off_x) / width * 2 - 1).astype(np.float32) * math.tan(FIELD / 2)
            y = ((height / 2 - down[part] - off_y) / (width / 2)).astype(np.float32) * math.tan(FIELD / 2)
            toward = np.stack([x, y + PITCH, np.ones_like(x)], -1)
            toward /= np.linalg.norm(toward, axis=1, keepdims=True)
            seen, far = _seen(country, charts, np.tile(EYE, (len(x), 1)), toward.astype(np.float32))
            light[part] += seen / len(PASSES)
            near[part] += 1 / far / len(PASSES)
    return rounded(_developed(rng, light.reshape(height, width, 3), near.reshape(height, width)))


def _seen(country: Country, charts: Charts, origin: Array, toward: Array) -> tuple[Array, Array]:
    """Light along rays from the eye, and how far it came from."""
    light, far = _beyond(country, charts, origin, toward)
    with np.errstate(divide="ignore"):
        water = np.where(toward[:, 1] < -1e-5, -origin[:, 1] / toward[:, 1], FAR).astype(np.float32)
    jetty, shade = _jetty(charts.planks, origin, toward)
    wet = (water < far) & (water < jetty)
    if wet.any():
        place = origin[wet] + toward[wet] * water[wet][:, None]
        light[wet] = _water(country, charts, place, toward[wet], water[wet])
    wood = (jetty < far) & (jetty <= water)
    light[wood] = shade[wood]
    return light, np.minimum(np.minimum(far, water), jetty)


def _sky(charts: Charts, toward: Array) -> Array:
    """Deep blue above, pale and warm below, more so toward the sun; veils of cloud that it lights from below."""
    up = np.maximum(toward[:, 1:2], 0.0)
    sunward = (toward @ SUN)[:, None]
    zenith, middle, low = np.array([0.1, 0.2, 0.42]), np.array([0.36, 0.52, 0.74]), np.array([1.02, 0.76, 0.56])
    t = np.exp(-up * 7.5)
    sky = zenith + (middle - zenith) * np.exp(-up * 3.0)
    sky = sky + (low - sky) * (t * (0.5 + 0.3 * sunward))
    sky = sky + np.array([0.5, 0.28, 0.1]) * (0.5 + 0.5 * sunward) ** 6
    x = toward[:, 0] / np.maximum(toward[:, 1], 0.02)
    z = toward[:, 2] / np.maximum(toward[:, 1], 0.02)
    fade = smoothstep(0.03, 0.16, toward[:, 1])
    veil = smoothstep(0.5, 0.72, _chart(charts.veil, 90 * x + 46 * z, 30 * z + 200)) * fade * 0.62
    heap = smoothstep(0.55, 0.68, _chart(charts.heap, 60 * x + 300, 46 * z)) * fade
    lit = _chart(charts.heap, 60 * x + 300, 46 * z) - _chart(charts.heap, 60 * x + 309, 46 * z - 3)
    bright = np.array([1.2, 0.86, 0.66]) + lit[:, None] * np.array([5.5, 3.8, 2.4])
    sky = sky + (np.array([1.15, 0.85, 0.7]) - sky) * veil[:, None]
    sky = sky + (bright - sky) * 0.8 * heap[:, None]
    return np.asarray(np.maximum(sky, 0.02), np.float32)


def _chart(chart: Field, x: Array, y: Array) -> Array:
    """A map at places, mirrored at its edges for ever, linear between its cells."""
    side = len(chart) - 1
    x, y = side - np.abs(x % (2 * side) - side), side - np.abs(y % (2 * side) - side)
    i, j = np.minimum(x.astype(np.int32), side - 1), np.minimum(y.astype(np.int32), side - 1)
    fx, fy = x - i, y - j
    top = chart[j, i] * (1 - fx) + chart[j, i + 1] * fx
    found: Array = (top * (1 - fy) + (chart[j + 1, i] * (1 - fx) + chart[j + 1, i + 1] * fx) * fy).astype(np.float32)
    return found


def _beyond(country: Country, charts: Charts, origin: Array, toward: Array) -> tuple[Array, Array]:
    """Sky and land along rays, through the air, and how far it is to the land."""
    sky = _sky(charts, toward)
    far = country.met(origin, toward)
    land = far < FAR
    if land.any():
        place = origin[land] + toward[land] * far[land][:, None]
        sky[land] = _through_air(_land(country, place), toward[land], far[land], place[:, 1])
    return sky, far


def _land(country: Country, place: Array) -> Array:
    """Woods, meadows, rock and snow in the sun and under the sky."""
    x, z = place[:, 0], place[:, 2]
    normal = country.at(country.normal, x, z)
    normal = (normal / np.linalg.norm(normal, axis=1, keepdims=True)).astype(np.float32)
    steep, ragged = country.at(country.steep, x, z), country.at(country.ragged, x, z)
    wooded, crowns = country.at(country.wooded, x, z), country.at(country.crowns, x, z)
    layer = 0.5 + 0.5 * np.sin(place[:, 1] / 17 + 26 * ragged + 0.012 * x)
    rock = np.array([0.105, 0.098, 0.096]) * (0.8 + 0.22 * layer + 1.1 * (ragged - 0.5))[:, None]
    meadow = np.array([0.12, 0.12, 0.045]) * (0.7 + 0.8 * ragged)[:, None]
    trees = np.array([0.022, 0.045, 0.022]) * (0.3 + 1.8 * crowns)[:, None]
    snow = np.array([0.82, 0.85, 0.9])
    colour = meadow + (rock - meadow) * smoothstep(0.5, 0.85, steep + 0.4 * (ragged - 0.5))[:, None]
    colour = colour + (rock - colour) * smoothstep(560, 820, place[:, 1] + 300 * (ragged - 0.5))[:, None]
    white = smoothstep(800, 1150, place[:, 1] + 700 * (ragged - 0.5) + 120 * normal[:, 2]) * smoothstep(
        1.25, 0.72, steep
    )
    colour = colour + (snow - colour) * white[:, None]
    colour = colour + (trees - colour) * wooded[:, None]
    facing = (normal @ SUN).clip(0) * country.at(country.sunlit, x, z)
    sky = country.at(country.open, x, z) * (0.55 + 0.45 * normal[:, 1])
    bounced = 0.12 * country.at(country.sunlit, x, z)
    light = SUNLIGHT * (facing + bounced)[:, None] + SKYLIGHT * sky[:, None]
    return np.asarray(colour * light, np.float32)


def _through_air(light: Array, toward: Array, far: Array, high: Array) -> Array:
    """Haze: light is lost on its way, and the sun's and the sky's comes in; mist lies on the lake."""
    left = np.exp(-far[:, None] * AIR * (0.55 + 0.9 * np.exp(-np.maximum(high, 0) / 500))[:, None])
    sunward = (0.5 + 0.5 * (toward @ SUN)[:, None]) ** 3
    glow = np.array([0.36, 0.45, 0.62]) + np.array([0.8, 0.5, 0.26]) * sunward
    light = light * left + glow * (1 - left)
    mist = 0.4 * np.exp(-np.maximum(high, 0) / 60) * smoothstep(900, 4200, far)
    return (light + (np.array([0.72, 0.66, 0.66]) - light) * mist[:, None]).astype(np.float32)


def _water(country: Country, charts: Charts, place: Array, toward: Array, far: Array) -> Array:
    """A mirror with faint ripples, dark where one looks down into it."""
    x, z = place[:, 0], place[:, 2]
    calm = 1 / (1 + far / 260)
    tilt_x = (
        _chart(charts.ripples, 40 * x + 90, 90 * z)
        - _chart(charts.ripples, 40 * x + 96, 90 * z)
        + 0.4 * (_chart(charts.ripples, 7 * x, 17 * z + 40) - _chart(charts.ripples, 7 * x + 5, 17 * z + 40))
    )
    tilt_z = (
        _chart(charts.ripples, 40 * x + 300, 90 * z + 30)
        - _chart(charts.ripples, 40 * x + 300, 90 * z + 38)
        + 0.5 * (_chart(charts.ripples, 5 * x + 70, 15 * z) - _chart(charts.ripples, 5 * x + 70, 15 * z + 5))
    )
    wind = 0.35 + 1.3 * smoothstep(0.45, 0.62, _chart(charts.ripples, 0.05 * x + 500, 0.4 * z + 100))
    normal = np.stack([0.055 * tilt_x * wind, np.ones_like(x), (0.075 * tilt_z + 0.0) * wind], -1)
    normal[:, (0, 2)] *= (0.25 + 0.75 * calm)[:, None]
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    facing = -(normal * toward).sum(1)
    mirrored = toward + 2 * facing[:, None] * normal
    mirrored[:, 1] = np.maximum(mirrored[:, 1], 0.003)
    mirrored = (mirrored / np.linalg.norm(mirrored, axis=1, keepdims=True)).astype(np.float32)
    start = (place + np.array([0, 0.02, 0], np.float32)).astype(np.float32)
    light, _ = _beyond(country, charts, start, mirrored)
    jetty, shade = _jetty(charts.planks, start, mirrored)
    light = np.where((jetty < FAR)[:, None], shade, light)
    fresnel = 0.02 + 0.98 * (1 - facing.clip(0, 1)) ** 5
    deep = np.array([0.012, 0.04, 0.045]) + np.array([0.03, 0.045, 0.03]) * np.exp(-far / 8)[:, None]
    found = light * (0.94 * fresnel)[:, None] + deep * (1 - fresnel)[:, None]
    return _through_air(found.astype(np.float32), toward, far, np.full(len(far), 400.0, np.float32))


def _jetty(planks: Field, origin: Array, toward: Array) -> tuple[Array, Array]:
    """How far it is to the jetty's wood, FAR where it is not met, and its light."""
    far, light = np.full(len(origin), FAR, np.float32), np.zeros_like(origin)
    steep = np.where(np.abs(toward[:, 1]) < 1e-6, 1e-6, toward[:, 1])
    top = (DECK - origin[:, 1]) / steep
    place = origin + toward * top[:, None]
    x, z = place[:, 0], place[:, 2]
    on = (top > 0) & (np.abs(x) < HALF + 0.03 * np.sin(41 * np.floor(z / 0.19))) & (z > -2) & (z < END)
    from_above = on & (toward[:, 1] < 0)
    gap = np.abs(z / 0.19 % 1 - 0.5) > 0.455
    on &= ~gap | (toward[:, 1] > 0)
    far[on] = top[on]
    board = np.floor(z / 0.19)
    own = np.sin(board * 127.1) * 43758.5453 % 1
    grain = _chart(planks, 26 * x + 97 * own * 10, 900 * (z / 0.19 % 1) * 0.19 + 60 * board) - 0.5
    fibre = _chart(planks, 9 * x + 50 * own, 60 * board + 420 * (z / 0.19 % 1)) - 0.5
    worn = np.array([0.25, 0.215, 0.19]) * (0.78 + 0.4 * own + 1.0 * grain + 0.7 * fibre)[:, None]
    nail = np.hypot(np.abs(x) - 0.72, (z / 0.19 % 1 - 0.5) * 0.19) < 0.011
    worn = np.where(nail[:, None], 0.03, worn)
    edge = smoothstep(0.455, 0.4, np.abs(z / 0.19 % 1 - 0.5))
    dew = 0.18 * (1 - np.abs(steep)).clip(0, 1) ** 4
    sunlit = np.ones_like(x)
    for post_x, post_z in POSTS:
        # The shadow of a post: a line away from the sun.
        off_x, off_z = x - post_x, z - post_z
        along = -(off_x * SUN[0] + off_z * SUN[2]) / math.hypot(SUN[0], SUN[2])
        beside = np.abs(off_x * SUN[2] - off_z * SUN[0]) / math.hypot(SUN[0], SUN[2])
        long = 0.42 / SUN[1] * math.hypot(SUN[0], SUN[2])
        sunlit *= 1 - smoothstep(0.1, 0.07, beside) * (along > 0) * smoothstep(long + 0.1, long - 0.1, along)
    shine = SUNLIGHT * (float(SUN[1]) * sunlit * (1 + 1.4 * grain.clip(0)))[:, None] + SKYLIGHT * 0.9
    wood = worn * shine * (0.55 + 0.45 * edge)[:, None] + np.array([0.75, 0.75, 0.8]) * dew[:, None]
    under = np.array([0.012, 0.012, 0.013]) * np.ones_like(worn)
    light[on] = np.where((toward[:, 1] < 0)[:, None], wood, under)[on]
    hole = from_above & gap
    far[hole], light[hole] = top[hole], 0.006
    _sides(far, light, origin, toward)
    return far, light


def _sides(far: Array, light: Array, origin: Array, toward: Array) -> None:
    """The beams below the deck, and the posts; what is nearer than `far` takes its place there and in `light`."""
    for side in (-HALF, HALF):
        with np.errstate(divide="ignore", invalid="ignore"):
            there = (side - origin[:, 0]) / toward[:, 0]
        place = origin + toward * np.where(np.isfinite(there), there, 0)[:, None]
        on = (
            (there > 0.01)
            & (there < far)
            & (place[:, 1] < DECK)
            & (place[:, 1] > DECK - 0.17)
            & (place[:, 2] < END)
            & (place[:, 2] > -2)
        )
        far[on] = there[on]
        lit = 1.0 if side > 0 else 0.0
        light[on] = np.array([0.14, 0.11, 0.09]) * (SUNLIGHT * 0.7 * lit + SKYLIGHT * 0.6)
    for k, (x, z) in enumerate(POSTS):
        radius, top = 0.085, DECK + 0.42 - 0.05 * (k % 3)
        off_x, off_z = origin[:, 0] - x, origin[:, 2] - z
        square = toward[:, 0] ** 2 + toward[:, 2] ** 2
        half = off_x * toward[:, 0] + off_z * toward[:, 2]
        inside = half * half - square * (off_x**2 + off_z**2 - radius**2)
        there = (-half - np.sqrt(np.maximum(inside, 0))) / square
        place = origin + toward * there[:, None]
        on = (inside > 0) & (there > 0.01) & (there < far) & (place[:, 1] < top) & (place[:, 1] > -1)
        facing = ((place[:, 0] - x) * SUN[0] + (place[:, 2] - z) * SUN[2]) / radius
        streak = 0.8 + 0.25 * np.sin(60 * np.arctan2(place[:, 2] - z, place[:, 0] - x) + 3 * np.sin(9 * place[:, 1]))
        wet = 0.45 + 0.55 * smoothstep(0.05, 0.3, place[:, 1])
        shine = SUNLIGHT * facing.clip(0)[:, None] + SKYLIGHT * 0.7
        far[on] = there[on]
        light[on] = (np.array([0.17, 0.135, 0.11]) * (streak * wet)[:, None] * shine)[on]
        with np.errstate(divide="ignore"):
            lid = (top - origin[:, 1]) / np.where(np.abs(toward[:, 1]) < 1e-6, 1e-6, toward[:, 1])
        place = origin + toward * lid[:, None]
        on = (lid > 0.01) & (lid < far) & (np.hypot(place[:, 0] - x, place[:, 2] - z) < radius)
        far[on] = lid[on]
        light[on] = np.array([0.3, 0.25, 0.2]) * (SUNLIGHT * SUN[1] + SKYLIGHT)


def _developed(rng: Rng, light: Array, near: Array) -> Array:
    """Lens and film: sharp from six metres on, bloom, a darker rim, a curve with shoulder and toe, grain."""
    height, width = near.shape
    u = width / 1200
    circle = 7.0 * u * np.maximum(near - 1 / 6, 0)
    soft = light
    for radius in (1.0, 2.0, 4.0):
        blurred = np.stack([blur(light[..., c], radius * u) for c in range(3)], -1)
        soft = soft + (blurred - soft) * smoothstep(radius * 0.3, radius, circle / u)[..., None]
    bright = np.maximum(soft - 1.0, 0)
    soft = soft + 0.5 * np.stack([blur(bright[..., c], 14 * u) for c in range(3)], -1)
    soft = soft * 0.97 + 0.03 * np.stack([blur(soft[..., c], 30 * u) for c in range(3)], -1)
    y, x = np.mgrid[0:height, 0:width]
    rim = ((x / width - 0.5) ** 2 + (y / width - 0.5 * height / width) ** 2)[..., None]
    exposed = soft * (1 - 0.75 * rim) * 1.02
    exposed = exposed * (0.55 + 0.45 * smoothstep(0.0, 0.55, exposed))
    toned = (exposed * (2.51 * exposed + 0.03)) / (exposed * (2.43 * exposed + 0.59) + 0.14)
    film = np.where(toned <= 0.0031308, 12.92 * toned, 1.055 * np.maximum(toned, 1e-6) ** (1 / 2.4) - 0.055)
    grain = 0.6 * rng.normal(0, 1, (height, width)) + 0.9 * (noise(rng, width, height, 1.7 * u) - 0.5) * 2
    grain = grain[..., None] + 0.35 * rng.normal(0, 1, (height, width, 3))
    strength = 0.011 * (1 - 0.6 * film.mean(-1, keepdims=True))
    return np.asarray(film + strength * grain, np.float32)
