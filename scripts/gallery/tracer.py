"""A small path tracer: turned and cut pieces on a table, a lamp with an area, soft shadows, gloss, depth of field.

Shapes are signed distances kept as tables of a profile, so a ray is marched (Hart 1996, sphere tracing); light is
carried by chance along paths (Kajiya 1986), with the lamp sampled at every place (next-event estimation).
Points and directions are (n, 3) float32, y is up; colours are linear RGB.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from glaze.decoys.styles.paint import Points, blur, smoothstep

Array = NDArray[np.floating]
CELL: Final = 0.008  # of a table of distances
MARCHES: Final = 60
CLOSE: Final = 0.0016
FAR: Final = 1e9
BOUNCES: Final = 2
BATCH: Final = 40_000  # rays at a time: what they need then stays in the processor's cache
GUIDES: Final = 9  # numbers that a pixel's first meetings leave behind, for taking out the noise
HORIZON: Final = 20.0  # the distance of the sky
MOST: Final = 3.0  # light that one path may bring: the rare brighter ones would stay as specks
GLOSS: Final = 0.04  # reflected where one looks straight at varnish (refractive index 1.5)


class Table:
    """Distances (positive outside) from a closed outline (n, 2) in a plane, and their slopes."""

    def __init__(self, outline: Points) -> None:
        self.low = outline.min(0) - 0.3
        high = outline.max(0) + 0.3
        across, down = (math.ceil(span / CELL) for span in high - self.low)
        x = (self.low[0] + CELL * np.arange(across)).astype(np.float32)[None]
        y = (self.low[1] + CELL * np.arange(down)).astype(np.float32)[:, None]
        nearest = np.full((down, across), FAR, np.float32)
        inside = np.zeros((down, across), bool)
        for (ax, ay), (bx, by) in zip(outline, np.roll(outline, -1, 0), strict=True):
            ex, ey = bx - ax, by - ay
            t = (((x - ax) * ex + (y - ay) * ey) / max(ex * ex + ey * ey, 1e-12)).clip(0, 1)
            nearest = np.minimum(nearest, (x - ax - t * ex) ** 2 + (y - ay - t * ey) ** 2)
            if ay != by:
                crossing = ((ay > y) != (by > y)) & (x < ax + (y - ay) * (ex / ey))
                inside ^= crossing
        distance = np.sqrt(nearest)
        self.distance = np.where(inside, -distance, distance).astype(np.float32)

    def at(self, u: Array, v: Array) -> Array:
        """The distance at places (u, v), linear between the table's; outside it, that to its edge more."""
        down, across = self.distance.shape
        x, y = (u - np.float32(self.low[0])) / np.float32(CELL), (v - np.float32(self.low[1])) / np.float32(CELL)
        inner_x, inner_y = x.clip(0, across - 1.001), y.clip(0, down - 1.001)
        beyond = np.hypot(x - inner_x, y - inner_y) * np.float32(CELL)
        i, j = inner_x.astype(np.int32), inner_y.astype(np.int32)
        fx, fy = inner_x - i, inner_y - j
        at = j * across + i
        flat = self.distance.ravel()
        top = flat[at] * (1 - fx) + flat[at + 1] * fx
        bottom = flat[at + across] * (1 - fx) + flat[at + across + 1] * fx
        found: Array = top * (1 - fy) + bottom * fy + beyond
        return found


class Shape(Protocol):
    """What a piece is made of, around the y axis, inside a cylinder of `radius` from height `low` to `high`."""

    radius: float
    low: float
    high: float

    def distance(self, points: Array) -> Array: ...


class Turned:
    """Turned on a lathe: a profile (radius, height) around the y axis. notches: cuts into the rim above `above`."""

    def __init__(self, profile: Points, notches: int = 0, above: float = 0.0) -> None:
        mirrored = np.concatenate([profile, (profile * (-1, 1))[::-1]])
        self.table = Table(mirrored)
        self.radius = float(profile[:, 0].max()) + 0.01
        self.low, self.high = float(profile[:, 1].min()) - 0.01, float(profile[:, 1].max()) + 0.01
        self.notches, self.above = notches, above

    def distance(self, points: Array) -> Array:
        radius = np.hypot(points[:, 0], points[:, 2])
        found = self.table.at(radius, points[:, 1])
        if self.notches:
            turn = math.tau / self.notches
            around = (np.arctan2(points[:, 2], points[:, 0]) + turn / 2) % turn - turn / 2
            cut = np.maximum(np.abs(radius * np.sin(around)) - 0.07, np.float32(self.above) - points[:, 1])
            found = np.maximum(found, -cut)
        return found


class Cut:
    """Cut from a board as thick as 2 * half, with round edges: an outline (x, y)."""

    def __init__(self, outline: Points, half: float, edge: float) -> None:
        self.table, self.half, self.edge = Table(outline), half, edge
        self.radius = math.hypot(float(np.abs(outline[:, 0]).max()), half)
        self.low, self.high = float(outline[:, 1].min()), float(outline[:, 1].max())

    def distance(self, points: Array) -> Array:
        flat = self.table.at(points[:, 0], points[:, 1]) + np.float32(self.edge)
        deep = np.abs(points[:, 2]) - np.float32(self.half - self.edge)
        out: Array = np.hypot(np.maximum(flat, 0), np.maximum(deep, 0)) + np.minimum(np.maximum(flat, deep), 0)
        return out - np.float32(self.edge)


@dataclass(frozen=True)
class Piece:
    """A shape put somewhere: turned by `turn` radians around y, tilted by `tilt` around z, then moved to `at`."""

    shape: Shape
    at: tuple[float, float, float]
    colour: tuple[float, float, float]
    turn: float = 0.0
    tilt: float = 0.0

    def inward(self, vectors: Array) -> Array:
        """Directions as the shape has them."""
        x, y, z = vectors[:, 0], vectors[:, 1], vectors[:, 2]
        cosine, sine = math.cos(self.tilt), math.sin(self.tilt)
        x, y = cosine * x + sine * y, cosine * y - sine * x
        cosine, sine = math.cos(self.turn), math.sin(self.turn)
        return np.stack([cosine * x - sine * z, y, sine * x + cosine * z], -1).astype(np.float32)

    def outward(self, vectors: Array) -> Array:
        """And back."""
        x, y, z = vectors[:, 0], vectors[:, 1], vectors[:, 2]
        cosine, sine = math.cos(self.turn), math.sin(self.turn)
        x, z = cosine * x + sine * z, cosine * z - sine * x
        cosine, sine = math.cos(self.tilt), math.sin(self.tilt)
        return np.stack([cosine * x - sine * y, cosine * y + sine * x, z], -1).astype(np.float32)


@dataclass(frozen=True)
class Lamp:
    """A bright rectangle around `at`, with half edges `right` and `up`; its light leaves on the side of right x up."""

    at: Array
    right: Array
    up: Array
    light: Array


@dataclass(frozen=True)
class Camera:
    """Looks from `eye` to `target`; `lens` is the radius of its opening, sharp at `focus` from the eye."""

    eye: Sequence[float]
    target: Sequence[float]
    field: float
    lens: float
    focus: float

    def rays(self, x: Array, y: Array, chance: Array) -> tuple[Array, Array]:
        """Through (x, y), -1 to 1 across and as much per pixel down, by way of a random point of the lens."""
        eye = np.asarray(self.eye, np.float32)
        ahead = np.asarray(self.target, np.float32) - eye
        ahead /= np.linalg.norm(ahead)
        right = np.cross(np.array([0, 1, 0], np.float32), ahead)
        right /= np.linalg.norm(right)
        up = np.cross(ahead, right)
        spread = math.tan(self.field / 2)
        toward = ahead + (x * spread)[:, None] * right + (y * spread)[:, None] * up
        sharp = eye + toward * np.float32(self.focus)
        radius, angle = np.sqrt(chance[:, 0]) * self.lens, math.tau * chance[:, 1]
        start = eye + (radius * np.cos(angle))[:, None] * right + (radius * np.sin(angle))[:, None] * up
        return start.astype(np.float32), _unit(sharp - start)


@dataclass(frozen=True)
class World:
    """Pieces on the floor y = 0, whose colour `floor` tells from points; `sky` tells what comes from directions.

    sky(directions, seen) may show a viewer (seen) what would only make noise as light.
    """

    pieces: Sequence[Piece]
    lamps: Sequence[Lamp]
    floor: Callable[[Array], Array]
    sky: Callable[[Array, bool], Array]


def render(world: World, camera: Camera, width: int, height: int, samples: int, seed: int) -> Array:
    """Linear RGB (h, w, 3): each pixel the mean of `samples` paths of at most BOUNCES bounces, then `_calmed`."""
    rng = np.random.default_rng(seed)
    down, across = np.divmod(np.arange(width * height), width)
    scramble = rng.random((width * height, 12)).astype(np.float32)
    # Steps of an additive recurrence (Roberts 2018): a pixel's samples keep apart from each other in every dimension.
    ratio = 2.0
    for _ in range(60):
        ratio = (1 + ratio) ** (1 / 13)
    steps = np.array([ratio ** -(k + 1) % 1 for k in range(12)])
    total, guide = np.zeros((width * height, 3), np.float32), np.zeros((width * height, GUIDES), np.float32)
    for start in range(0, width * height, BATCH):
        part = slice(start, start + BATCH)
        for sample in range(samples):
            chance = ((scramble[part] + sample * steps) % 1).astype(np.float32)
            x = ((across[part] + chance[:, 0]) / width * 2 - 1).astype(np.float32)
            y = ((height / 2 - down[part] - chance[:, 1]) / (width / 2)).astype(np.float32)
            origin, toward = camera.rays(x, y, chance[:, 2:4])
            total[part] += np.minimum(_light_along(world, origin, toward, chance[:, 4:], guide[part], rng), MOST)
    return _calmed((total / samples).reshape(height, width, 3), (guide / samples).reshape(height, width, GUIDES))


def _calmed(light: Array, guide: Array) -> Array:
    """Light (h, w, 3) averaged along what is alike: `guide` (h, w, GUIDES) says what each pixel met first.

    An edge-avoiding a-trous filter (Dammertz et al. 2010), on the light without the colours of what it falls on. Where
    a pixel's rays met several things, out of focus, its guide is noise, too: it may mix with more of its neighbours,
    and its colour is averaged like its light.
    """
    colour, far, shade = guide[..., :3], guide[..., 6], guide[..., :3].mean(-1)
    spread = np.sqrt(np.maximum(guide[..., 7] - far * far, 0)) + 16 * np.sqrt(np.maximum(guide[..., 8] - shade**2, 0))
    blurred = (spread * 1.5 - 0.2).clip(0, 1)[..., None]
    apart = np.concatenate([colour * 6, guide[..., 3:6] * 5, guide[..., 6:7] * 0.8], -1)
    mixed = np.concatenate([light / (colour + 0.02), colour], -1)
    kernel = (0.0625, 0.25, 0.375, 0.25, 0.0625)
    for level in range(4):
        step, total, weights = 2**level, np.zeros_like(mixed), np.zeros(far.shape, np.float32)
        bright = np.log(mixed[..., :3].mean(-1) + 0.05)
        for j in range(-2, 3):
            for i in range(-2, 3):
                rows, columns = _shifted(len(far), j * step), _shifted(far.shape[1], i * step)
                unlike = np.square(apart[rows][:, columns] - apart).sum(-1)
                unlike += np.square((bright[rows][:, columns] - bright) * (0.9 * 1.6**level))
                unlike /= 1 + 60 * np.minimum(spread, spread[rows][:, columns])
                weight = kernel[j + 2] * kernel[i + 2] * np.exp(-unlike)
                total += weight[..., None] * mixed[rows][:, columns]
                weights += weight
        mixed = total / weights[..., None]
    calm: Array = mixed[..., :3] * (colour + blurred * (mixed[..., 3:] - colour) + 0.02)
    # The last of the grain: nothing is sharp there.
    fine = far.shape[1] / 1200
    reach = smoothstep(0.0, 0.25, blur(blurred[..., 0], 3 * fine))[..., None]
    soft = np.stack([blur(calm[..., channel], 2.2 * fine) for channel in range(3)], -1)
    softened: Array = calm + reach * (soft - calm)
    return softened


def _shifted(count: int, by: int) -> NDArray[np.intp]:
    """Places 0 to count - 1, moved and kept inside."""
    return np.clip(np.arange(count) + by, 0, count - 1)


def _light_along(
    world: World, origin: Array, toward: Array, chance: Array, guide: Array, rng: np.random.Generator
) -> Array:
    """What comes back along rays. Adds to `guide` (n, GUIDES) what is met first."""
    light, carried = np.zeros_like(origin), np.ones_like(origin)
    at = np.arange(len(origin))
    mirrored = np.ones(len(origin), bool)  # a lamp counts only where it was not asked for at the place before
    for bounce in range(BOUNCES + 1):
        far, piece = _first(world, origin, toward)
        lamp_far, lamp = _lamps(world, origin, toward)
        lit = mirrored & (lamp_far < far)
        light[at[lit]] += carried[lit] * lamp[lit]
        missed = (far >= FAR) & ~lit
        sky = world.sky(toward[missed], bounce == 0)
        light[at[missed]] += carried[missed] * sky
        if bounce == 0:
            guide[at[missed]] += _guided(sky, np.zeros_like(sky), np.full(len(sky), HORIZON, np.float32))
        on = (far < FAR) & ~(lamp_far < far)
        origin, toward, carried, at, piece = origin[on], toward[on], carried[on], at[on], piece[on]
        if not len(at):
            break
        place = origin + toward * far[on][:, None]
        normal, colour = _surface(world, place, piece)
        if bounce == 0:
            guide[at] += _guided(colour, normal, far[on])
        facing = -np.einsum("ij,ij->i", toward, normal)
        fresnel = GLOSS + (1 - GLOSS) * (1 - facing.clip(0, 1)) ** 5
        numbers = chance[at] if bounce == 0 else rng.random((len(at), 8)).astype(np.float32)
        # What the viewer sees is asked for its gloss more often than it shines, and that counts for less.
        chosen = fresnel.clip(0.4 if bounce == 0 else 0.0, 0.999)
        mirrored = numbers[:, 0] < chosen
        carried = carried * np.where(mirrored, fresnel / chosen, (1 - fresnel) / (1 - chosen))[:, None]
        start = place + normal * np.float32(0.004)
        if bounce < BOUNCES:
            matte = ~mirrored
            asked = _asked(world, start[matte], normal[matte], numbers[matte, 1:4])
            light[at[matte]] += carried[matte] * colour[matte] * asked
        reflected = toward + (2 * facing)[:, None] * normal
        rough = 0.035 * (numbers[:, 6:7] - 0.5) * (numbers[:, 7:8] - 0.5) * 4
        scattered = _cosine(normal, numbers[:, 4], numbers[:, 5])
        toward = np.where(mirrored[:, None], _unit(reflected + rough * scattered), scattered).astype(np.float32)
        carried = np.where(mirrored[:, None], carried, carried * colour).astype(np.float32)
        origin = start
    return light


def _guided(colour: Array, normal: Array, far: Array) -> Array:
    """Colour, normal, distance, and the squares of distance and of mean colour: (n, GUIDES)."""
    return np.concatenate([colour, normal, far[:, None], far[:, None] ** 2, colour.mean(1, keepdims=True) ** 2], 1)


def _first(world: World, origin: Array, toward: Array) -> tuple[Array, NDArray[np.int32]]:
    """How far it is to what a ray meets first, FAR for nothing; and which piece that is, -1 for the floor."""
    down = toward[:, 1]
    with np.errstate(divide="ignore"):
        floor = np.where(down < -1e-6, -origin[:, 1] / down, FAR)
    far = np.where(floor > 1e-4, floor, FAR).astype(np.float32)
    number = np.full(len(far), -1, np.int32)
    for k, piece in enumerate(world.pieces):
        entry, leave = _bounds(piece, origin, toward)
        maybe = np.flatnonzero((leave > entry) & (entry < far))
        if not len(maybe):
            continue
        found = _march(piece, origin[maybe], toward[maybe], entry[maybe], np.minimum(leave[maybe], far[maybe]))
        closer = found < far[maybe]
        far[maybe[closer]] = found[closer]
        number[maybe[closer]] = k
    return far, number


def _bounds(piece: Piece, origin: Array, toward: Array) -> tuple[Array, Array]:
    """Where rays enter and leave the upright cylinder around a piece; leave is below entry where they do not."""
    start, heading, shape = origin - np.asarray(piece.at, np.float32), toward, piece.shape
    if piece.tilt:
        start, heading = piece.inward(start), piece.inward(heading)
    x, y, z, dx, dy, dz = *start.T, *heading.T
    square, half = dx * dx + dz * dz + np.float32(1e-9), x * dx + z * dz
    inside = half * half - square * (x * x + z * z - np.float32(shape.radius**2))
    root = np.sqrt(np.maximum(inside, 0))
    steep = np.where(np.abs(dy) < 1e-6, np.float32(1e-6), dy)
    low, high = (np.float32(shape.low) - y) / steep, (np.float32(shape.high) - y) / steep
    entry = np.maximum(np.maximum((-half - root) / square, np.minimum(low, high)), 0)
    leave = np.minimum((root - half) / square, np.maximum(low, high))
    return entry, np.where(inside > 0, leave, -1)


def _march(piece: Piece, origin: Array, toward: Array, entry: Array, leave: Array) -> Array:
    """How far to the piece's surface; FAR where the ray passes."""
    start, heading = piece.inward(origin - np.asarray(piece.at, np.float32)), piece.inward(toward)
    found = np.full(len(entry), FAR, np.float32)
    at, here = np.arange(len(entry)), entry.copy()
    for _ in range(MARCHES):
        left = piece.shape.distance(start + heading * here[:, None])
        hit = left < CLOSE
        found[at[hit]] = here[hit]
        here = here + np.maximum(left, CLOSE) * np.float32(0.98)
        going = ~hit & (here < leave)
        at, here, start, heading, leave = at[going], here[going], start[going], heading[going], leave[going]
        if not len(at):
            break
    return found


def _surface(world: World, place: Array, piece: NDArray[np.int32]) -> tuple[Array, Array]:
    """Normals and colours of places."""
    normal = np.tile(np.array([0, 1, 0], np.float32), (len(place), 1))
    colour = np.zeros_like(place)
    floor = piece < 0
    colour[floor] = world.floor(place[floor])
    for k in np.unique(piece[~floor]):
        one, on = world.pieces[k], piece == k
        local = one.inward(place[on] - np.asarray(one.at, np.float32))
        slope = np.empty_like(local)
        for axis in range(3):
            step = np.zeros(3, np.float32)
            step[axis] = 0.01
            slope[:, axis] = one.shape.distance(local + step) - one.shape.distance(local - step)
        normal[on] = _unit(one.outward(slope))
        # Grain of wood: rings around an axis that is a little off, and streaks along it.
        rings = np.sin(
            26 * np.hypot(local[:, 0] + 0.6 + 0.08 * local[:, 1], local[:, 2] - 0.3) + 2 * np.sin(3 * local[:, 1])
        )
        colour[on] = np.asarray(one.colour, np.float32) * (1 + 0.09 * rings)[:, None]
    return normal, colour


def _asked(world: World, place: Array, normal: Array, numbers: Array) -> Array:
    """Light of one lamp, chosen by chance, on a matte white place: 0 where something is between."""
    out = np.zeros_like(place)
    choice = np.minimum((numbers[:, 2] * len(world.lamps)).astype(np.int32), len(world.lamps) - 1)
    for k, lamp in enumerate(world.lamps):
        on = np.flatnonzero(choice == k)
        spot = lamp.at + (2 * numbers[on, :1] - 1) * lamp.right + (2 * numbers[on, 1:2] - 1) * lamp.up
        way = spot - place[on]
        far = np.linalg.norm(way, axis=1)
        way = way / far[:, None]
        outward = np.cross(lamp.right, lamp.up)
        area = 4 * np.linalg.norm(outward)
        gain = np.einsum("ij,ij->i", way, normal[on]).clip(0) * (-(way @ outward) / np.linalg.norm(outward)).clip(0)
        worth = gain > 0
        on, way, far, gain = on[worth], way[worth].astype(np.float32), far[worth], gain[worth]
        met, _ = _first(world, place[on], way)
        free = met > far - 0.01
        strength = gain[free] * area / (math.pi * far[free] ** 2) * len(world.lamps)
        out[on[free]] = strength[:, None] * lamp.light
    return out


def _lamps(world: World, origin: Array, toward: Array) -> tuple[Array, Array]:
    """How far it is to a lamp's bright side along rays, and its light."""
    nearest, light = np.full(len(origin), FAR, np.float32), np.zeros_like(origin)
    for lamp in world.lamps:
        outward = np.cross(lamp.right, lamp.up)
        slant = toward @ outward
        far = ((lamp.at - origin) @ outward) / np.where(np.abs(slant) < 1e-6, np.float32(1e-6), slant)
        off = origin + toward * far[:, None] - lamp.at
        inside = (np.abs(off @ lamp.right) <= lamp.right @ lamp.right) & (np.abs(off @ lamp.up) <= lamp.up @ lamp.up)
        met = (slant < 0) & (far > 1e-3) & inside & (far < nearest)
        nearest[met] = far[met]
        light[met] = lamp.light
    return nearest, light


def _cosine(normal: Array, first: Array, second: Array) -> Array:
    """Directions above a surface, likelier the steeper: of a matte reflection."""
    up, angle = 2 * first - 1, math.tau * second
    flat = np.sqrt(np.maximum(0, 1 - up * up))
    on_sphere = np.stack([flat * np.cos(angle), up, flat * np.sin(angle)], -1)
    return _unit(normal * np.float32(1.0005) + on_sphere)


def _unit(vectors: Array) -> Array:
    """Each of length 1."""
    found: Array = (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return found
