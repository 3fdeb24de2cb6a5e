"""3-D render: a game of chess by a window, in ivory and ebony, path traced."""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np

from glaze.decoys.styles.paint import Picture, Points
from scripts.gallery.sketching import curve, rounded
from scripts.gallery.tracer import Array, Camera, Cut, Lamp, Piece, Shape, Turned, World, render

IVORY: Final = (0.8, 0.66, 0.46)
EBONY: Final = (0.05, 0.026, 0.02)
SAMPLES: Final = 10
_FOOT: Final = [
    (0.0, 0.0),
    (0.44, 0.0),
    (0.45, 0.03),
    (0.45, 0.1),
    (0.42, 0.14),
    (0.37, 0.16),
    (0.39, 0.2),
    (0.38, 0.25),
    (0.31, 0.3),
]


def draw(width: int, height: int) -> Picture:
    """The scene as a film sees it."""
    camera = Camera((-2.1, 2.0, -7.6), (0.35, 1.02, 0.1), 0.6, 0.07, 7.6)
    linear = render(World(_pieces(), _lamps(), _board, _room), camera, width, height, SAMPLES, 9)
    return rounded(_film(linear * 1.25))


def _film(linear: Array) -> Array:
    """Highlights that fade instead of break off (the curve of Narkowicz 2015), then sRGB."""
    x = linear * np.float32(0.85)
    toned = ((x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)).clip(0, 1)
    return np.where(toned <= 0.0031308, 12.92 * toned, 1.055 * toned ** (1 / 2.4) - 0.055).astype(np.float32)


def _turned(*upper: tuple[float, float], smooth: bool = True) -> Turned:
    """A piece with the usual foot; `upper` goes on from it to the top."""
    body = curve([(0.31, 0.3), *upper]) if smooth else np.array([(0.31, 0.3), *upper])
    return Turned(np.concatenate([np.array(_FOOT[:-1]), body]))


def _ball(radius: float, middle: float) -> list[tuple[float, float]]:
    """A profile around a ball, from its neck to its pole."""
    return [(radius * math.sin(a), middle - radius * math.cos(a)) for a in np.linspace(0.75, math.pi, 12)]


@cache
def _shapes() -> dict[str, Shape]:
    pawn = _turned(
        (0.2, 0.46), (0.15, 0.66), (0.14, 0.74), (0.27, 0.78), (0.27, 0.82), (0.15, 0.86), *_ball(0.24, 1.06)
    )
    bishop = _turned(
        (0.21, 0.52),
        (0.155, 0.86),
        (0.15, 1.0),
        (0.3, 1.05),
        (0.3, 1.1),
        (0.19, 1.14),
        (0.2, 1.2),
        (0.26, 1.32),
        (0.25, 1.44),
        (0.15, 1.6),
        (0.07, 1.66),
        (0.09, 1.71),
        (0.07, 1.77),
        (0.0, 1.79),
    )
    queen = _turned(
        (0.22, 0.56),
        (0.165, 0.95),
        (0.16, 1.14),
        (0.32, 1.19),
        (0.32, 1.25),
        (0.2, 1.29),
        (0.21, 1.4),
        (0.3, 1.66),
        (0.33, 1.74),
        (0.26, 1.72),
        (0.17, 1.78),
        (0.08, 1.84),
        (0.1, 1.9),
        (0.08, 1.96),
        (0.0, 1.98),
    )
    king = _turned(
        (0.23, 0.58),
        (0.175, 1.0),
        (0.17, 1.24),
        (0.34, 1.29),
        (0.34, 1.35),
        (0.21, 1.39),
        (0.22, 1.5),
        (0.29, 1.74),
        (0.31, 1.84),
        (0.24, 1.88),
        (0.1, 1.95),
        (0.06, 1.98),
        (0.0, 1.99),
    )
    rook = Turned(
        np.array(
            [
                *_FOOT,
                (0.26, 0.42),
                (0.235, 0.62),
                (0.235, 0.84),
                (0.26, 0.94),
                (0.33, 0.98),
                (0.34, 1.02),
                (0.34, 1.26),
                (0.25, 1.27),
                (0.24, 1.12),
                (0.0, 1.11),
            ]
        ),
        6,
        1.13,
    )
    foot = _turned((0.27, 0.36), (0.27, 0.42), (0.3, 0.46), (0.29, 0.52), (0.0, 0.53))
    cross = np.array(
        [
            (-0.035, 1.94),
            (-0.03, 2.08),
            (-0.12, 2.07),
            (-0.12, 2.15),
            (-0.03, 2.14),
            (-0.04, 2.27),
            (0.04, 2.27),
            (0.03, 2.14),
            (0.12, 2.15),
            (0.12, 2.07),
            (0.03, 2.08),
            (0.035, 1.94),
        ]
    )
    return {
        "pawn": pawn, "bishop": bishop, "queen": queen, "king": king, "rook": rook, "foot": foot,
        "cross": Cut(cross, 0.045, 0.015), "head": Cut(_head(), 0.17, 0.1),
    }  # fmt: skip


def _head() -> Points:
    """A horse's head and neck from the side, looking to the right."""
    return curve(
        [(-0.3, 0.48), (0.28, 0.48), (0.3, 0.62), (0.14, 0.82), (0.14, 0.95), (0.26, 0.98), (0.4, 0.9), (0.5, 0.94),
         (0.53, 1.04), (0.46, 1.16), (0.3, 1.32), (0.2, 1.46), (0.14, 1.62), (0.06, 1.58), (0.0, 1.48), (-0.16, 1.4),
         (-0.3, 1.18), (-0.36, 0.9)],
        closed=True,
    )  # fmt: skip


def _pieces() -> list[Piece]:
    """The position, with squares of length 1 and the middle of the board at the origin."""
    shapes = _shapes()

    def piece(name: str, column: int, row: int, colour: tuple[float, float, float], **more: float) -> list[Piece]:
        at = (column - 3.5, 0.0, row - 3.5)
        parts = {"king": ("king", "cross"), "knight": ("foot", "head")}.get(name, (name,))
        return [Piece(shapes[part], at, colour, **more) for part in parts]

    return [
        *piece("king", 4, 3, IVORY, turn=0.35),
        *piece("knight", 2, 2, IVORY, turn=0.5),
        *piece("pawn", 3, 1, IVORY),
        *piece("pawn", 5, 2, IVORY),
        *piece("rook", 6, 3, IVORY),
        *piece("bishop", 3, 5, EBONY),
        *piece("queen", 5, 6, EBONY),
        *piece("king", 2, 7, EBONY, turn=0.2),
        *piece("pawn", 6, 6, EBONY),
        *piece("pawn", 3, 7, EBONY),
        *piece("rook", 7, 7, EBONY),
        *piece("knight", 0, 6, EBONY, turn=2.5),
        # Taken, and laid down beside the game.
        Piece(shapes["pawn"], (2.35, 0.42, -3.1), EBONY, 0.9, -1.46),
    ]


def _lamps() -> list[Lamp]:
    """A tall window at the left, and the faint light of a room from the right."""
    window = Lamp(
        np.array([-6.5, 5.2, 1.5], np.float32),
        np.array([0.5, 0.0, 1.9], np.float32),
        np.array([0.95, 1.9, -0.25], np.float32),
        np.array([15.0, 13.0, 10.2], np.float32),
    )
    fill = Lamp(
        np.array([7.0, 5.0, -5.0], np.float32),
        np.array([1.4, 0.0, 1.4], np.float32),
        np.array([0.9, -1.4, -0.9], np.float32),
        np.array([1.1, 1.5, 2.2], np.float32),
    )
    return [_toward(window), _toward(fill)]


def _toward(lamp: Lamp) -> Lamp:
    """The lamp with its bright side toward the board."""
    if np.cross(lamp.right, lamp.up) @ -lamp.at > 0:
        return lamp
    return Lamp(lamp.at, lamp.right, -lamp.up, lamp.light)


def _board(place: Array) -> Array:
    """Squares of maple and walnut, a frame, and the table beneath."""
    x, z = place[:, 0], place[:, 2]
    column, row = np.floor(x).astype(int), np.floor(z).astype(int)
    odd = (column + row) % 2 == 0
    turn = ((column * 7 + row * 3) % 2 == 0) & odd
    along, across = np.where(turn, x, z), np.where(turn, z, x)
    own = np.sin(column * 12.9898 + row * 78.233) * 43758.5453 % 1
    grain = np.sin(34 * across + 5 * np.sin(1.6 * along + 9 * own) + 20 * own) * 0.5 + 0.25 * np.sin(
        110 * across + 3 * np.sin(5 * along)
    )
    light = np.array([0.6, 0.4, 0.2]) * (1 + 0.1 * grain + 0.16 * (own - 0.5))[:, None]
    dark = np.array([0.14, 0.062, 0.03]) * (1 + 0.22 * grain + 0.3 * (own - 0.5))[:, None]
    colour = np.where(odd[:, None], light, dark)
    reach = np.maximum(np.abs(x), np.abs(z))
    frame = (
        np.array([0.09, 0.036, 0.018])
        * (1 + 0.2 * np.sin(40 * np.minimum(np.abs(x), np.abs(z)) * 0.2 + 60 * reach))[:, None]
    )
    table = (
        np.array([0.2, 0.1, 0.05])
        * (1 + 0.22 * np.sin(9 * z + 3 * np.sin(0.8 * x + 0.7 * z)) + 0.1 * np.sin(57 * z + 2 * np.sin(2 * x)))[:, None]
    )
    inlay = np.array([0.55, 0.38, 0.18])
    colour = np.where((reach > 4)[:, None], frame, colour)
    colour = np.where(((reach > 4.1) & (reach < 4.15))[:, None], inlay, colour)
    return np.where((reach > 4.8)[:, None], table, colour).astype(np.float32)


def _room(toward: Array, seen: bool) -> Array:
    """A dim room behind, in which a few lamps burn far off."""
    up = toward[:, 1:2]
    low, high = np.array([0.066, 0.036, 0.024], np.float32), np.array([0.024, 0.034, 0.056], np.float32)
    light = low + (high - low) * np.sqrt(np.abs(up))
    if seen:
        across = np.arctan2(toward[:, 0], toward[:, 2])[:, None]
        height = np.arcsin(up.clip(-1, 1))
        for x, y, size, colour in (
            (-0.06, 0.02, 0.016, (1.5, 0.62, 0.2)),
            (0.09, 0.055, 0.014, (1.2, 0.7, 0.28)),
            (0.2, -0.005, 0.015, (1.6, 0.6, 0.18)),
            (0.345, 0.04, 0.017, (1.2, 0.6, 0.22)),
            (0.46, 0.012, 0.014, (1.0, 0.4, 0.14)),
            (0.53, 0.075, 0.016, (0.5, 0.56, 0.7)),
            (0.285, 0.085, 0.012, (0.6, 0.5, 0.36)),
            (-0.0, 0.09, 0.013, (0.9, 0.5, 0.24)),
        ):
            near = ((across - x) ** 2 + (height - y) ** 2) < size * size
            light = light + near * np.array(colour, np.float32)
    return light.astype(np.float32)
