"""Pixel art: a noodle stall in a street at night, after the rain."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glaze.decoys.styles.paint import Colours, Picture, Rng, colours

ACROSS, DOWN = 300, 225  # pixels of the art, each of which becomes a square
STREET: Final = 168
STALL: Final = (88, 206, 92)  # its left, its right, and where its roof ends
# Night to moonlight, earth to lamplight, reds, greens, cyans: every pixel of the picture is one of these.
PALETTE: Final = colours(
    "#0b0a1a #14122b #1d1a3f #2a2458 #3b2f73 #533f8f #7a58a8 #a87bc0 #d9a9cf #f6e3d8 "
    "#1a1116 #2d1a1e #4a2a26 #6e4030 #965c3a #c4864a #e8b566 #ffdc8a #fff4c8 "
    "#5a1230 #8f1d3a #c92f45 #ef5350 #ff8a6b #ff4f9a "
    "#16302f #1f5247 #2f8060 #68b878 #0f4c6b #1784a0 #3fd0d4 #b8fff0 #8c8fa8"
)
_BAYER: Final = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 16 + 1 / 32 - 0.5
_KANA: Final = {
    "ra": ("........", ".######.", "........", "########", "......##", ".....##.", "...###..", ".##....."),
    "long": ("...##...", "...##...", "...##...", "...##...", "...##...", "...##...", "...##...", "...##..."),
    "me": ("......#.", "......#.", ".##..##.", "..#####.", "....##..", "...####.", "..##..#.", "##......"),
    "n": ("##......", ".###..##", "...#..##", "......##", ".....##.", "....##..", "..###...", "###....."),
}
_GUEST: Final = (
    "....hhhhh....",
    "...hhhhhhh...",
    "..hhhhhhhhh..",
    "..hhhhhhhhh..",
    "..hhhhhhhhh..",
    "...shhhhhs...",
    "....sssss....",
    "..ccccccccc..",
    ".ccccccccccc.",
    "ccccccccccccc",
    "ccccccccccccc",
    "ccdcccccccdcc",
    "ccdcccccccdcc",
    "ccdcccccccdcc",
    "ssdcccccccdss",
    "..dcccccccd..",
    "..dddddddddd.",
    "..ppppppppp..",
    ".ppppppppppp.",
)
_COOK: Final = (
    ".....wwwww.....",
    "....wwwwwww....",
    "....rrrrrrr....",
    "....fffffff....",
    "....fkfffkf....",
    "....fffffff....",
    ".....fbbbf.....",
    "......fff......",
    "...wwwwwwwww...",
    "..wwwwwwwwwww..",
    ".wwwwwlwlwwwww.",
    ".wwfwwwwwwwfww.",
    ".ff.wwwwwww.ff.",
)
_CAT: Final = (
    "..........k...k.",
    "..........kk.kk.",
    "..........kkkkk.",
    "k.........kykyk.",
    "kk........kkkkk.",
    ".kk....kkkkkkk..",
    "..kk.kkkkkkkkk..",
    "...kkkkkkkkkkk..",
    "...kkkkkkkkkkk..",
    "...kkkkkkkkkkk..",
    "...kkk..kk.kk...",
    "...kk...kk.kk...",
    "...kk...kk.kk...",
)
_INKS: Final = {
    "w": "#f6e3d8", "l": "#d9a9cf", "r": "#c92f45", "f": "#e8b566", "k": "#0b0a1a", "b": "#6e4030", "y": "#ffdc8a",
    "s": "#c4864a",
}  # fmt: skip


def draw(width: int, height: int) -> Picture:
    """Drawn small, in the colours of PALETTE alone; each pixel is then repeated."""
    scene = _Scene()
    rng = np.random.default_rng(77)
    _sky(scene, rng)
    _skyline(scene, rng)
    _left_house(scene, rng)
    _sign(scene)
    _right_house(scene)
    _kitchen(scene)
    _roof(scene)
    _counter(scene)
    _machine(scene)
    _pole(scene)
    scene.sprite(_CAT, 217, STREET - 13, {"k": "#0b0a1a"})
    _light(scene)
    _street(scene, rng)
    _drops(scene, rng)
    art = Image.fromarray(scene.read())
    return np.asarray(art.resize((width, height), Image.Resampling.NEAREST))


class _Scene:
    """Colours (h, w, 3) in [0, 1], and where they may be dithered into the palette (`soft`)."""

    def __init__(self) -> None:
        self.colour: Colours = np.zeros((DOWN, ACROSS, 3), np.float32)
        self.soft: NDArray[np.bool_] = np.zeros((DOWN, ACROSS), bool)

    def box(self, left: int, top: int, right: int, bottom: int, colour: str) -> None:
        """Fill columns left to right and rows top to bottom, the last ones not."""
        left, top = max(0, left), max(0, top)
        self.colour[top:bottom, left:right] = colours(colour)[0]
        self.soft[top:bottom, left:right] = False

    def sprite(self, rows: tuple[str, ...], left: int, top: int, inks: dict[str, str]) -> None:
        for y, row in enumerate(rows):
            for x, letter in enumerate(row):
                if letter != ".":
                    self.box(left + x, top + y, left + x + 1, top + y + 1, inks.get(letter) or _INKS[letter])

    def shine(self, x: float, y: float, wide: float, tall: float, colour: str, strength: float) -> None:
        """Light around a point; what it falls on is dithered."""
        down, across = np.mgrid[0:DOWN, 0:ACROSS]
        fall = np.exp(-(((across - x) / wide) ** 2 + ((down - y) / tall) ** 2))[..., None] * strength
        self.colour = self.colour + fall * colours(colour)[0] * (0.25 + self.colour)
        self.soft |= fall[..., 0] > 0.05

    def read(self) -> Picture:
        """Every pixel as the nearest of the palette."""
        shift = np.tile(_BAYER, (DOWN // 4 + 1, ACROSS // 4 + 1))[:DOWN, :ACROSS]
        wanted = self.colour + np.where(self.soft, shift * 0.13, 0)[..., None]
        weights = np.sqrt(np.array([0.3, 0.55, 0.25], np.float32))
        far = ((np.sqrt(wanted.clip(0, 1)) - np.sqrt(PALETTE)[:, None, None]) * weights) ** 2
        nearest = far.sum(-1).argmin(0)
        return np.asarray((PALETTE[nearest] * 255 + 0.5).astype(np.uint8))


def _sky(scene: _Scene, rng: Rng) -> None:
    """From night to a violet haze, with stars, a moon and thin clouds."""
    t = np.linspace(0, 1, STREET)[:, None, None] ** 1.3
    stops = colours("#0b0a1a #1d1a3f #2a2458 #533f8f #a87bc0")
    scene.colour[:STREET] = np.stack([np.interp(t[..., 0], np.linspace(0, 1, 5), stops[:, c]) for c in range(3)], -1)
    scene.soft[:STREET] = True
    for _ in range(90):
        x, y = int(rng.integers(ACROSS)), int(rng.integers(0, 80))
        scene.box(x, y, x + 1, y + 1, str(rng.choice(["#7a58a8", "#d9a9cf", "#f6e3d8", "#533f8f"])))
    down, across = np.mgrid[0:DOWN, 0:ACROSS]
    scene.shine(214, 40, 46, 46, "#7a58a8", 0.9)
    moon = (across - 214) ** 2 + (down - 40) ** 2 < 21**2
    scene.colour[moon] = colours("#f6e3d8")[0]
    scene.soft[moon] = False
    for x, y, r in ((207, 34, 4), (220, 46, 5), (211, 50, 3), (222, 33, 2), (203, 44, 2)):
        scene.colour[((across - x) ** 2 + (down - y) ** 2 < r * r) & moon] = colours("#d9a9cf")[0]
    for left, y, long in ((172, 52, 40), (184, 55, 62), (236, 30, 30), (228, 33, 26), (20, 62, 50), (38, 65, 60)):
        scene.box(left, y, left + long, y + 1, "#7a58a8")
        scene.box(left + 6, y - 1, left + long - 10, y, "#533f8f")


def _skyline(scene: _Scene, rng: Rng) -> None:
    """Towers far off, a few of their windows lit."""
    for colour, windows, low, high, wide in (
        ("#3b2f73", ("#7a58a8", "#533f8f"), 84, 126, (14, 28)),
        ("#2a2458", ("#c4864a", "#e8b566", "#533f8f", "#3fd0d4"), 96, 142, (18, 34)),
    ):
        left = -6
        while left < ACROSS:
            across, top = int(rng.integers(*wide)), int(rng.integers(low, high))
            scene.box(left, top, left + across, STREET, colour)
            scene.box(left + 3, top - 4, left + across // 2, top, colour)
            if rng.random() < 0.5:
                scene.box(left + across // 3, top - 14, left + across // 3 + 1, top, colour)
                scene.box(left + across // 3, top - 15, left + across // 3 + 1, top - 14, "#ef5350")
            for y in range(top + 4, STREET - 10, 5):
                for x in range(left + 3, left + across - 3, 4):
                    if rng.random() < 0.22:
                        scene.box(x, y, x + 2, y + 2, str(rng.choice(windows)))
            left += across + int(rng.integers(0, 5))


def _left_house(scene: _Scene, rng: Rng) -> None:
    """A house with nine lit windows or fewer, and a shutter."""
    scene.box(0, 26, 70, STREET, "#1d1a3f")
    scene.box(66, 26, 70, STREET, "#14122b")
    scene.box(0, 22, 74, 28, "#2a2458")
    scene.box(0, 22, 74, 23, "#533f8f")
    for row in range(4):
        for column in range(3):
            left, top, lit = 4 + 17 * column, 36 + 27 * row, rng.random() < 0.5
            scene.box(left - 1, top - 1, left + 13, top + 16, "#0b0a1a")
            scene.box(left, top, left + 12, top + 15, "#e8b566" if lit else "#14122b")
            if lit:
                scene.box(left, top, left + 12, top + 5, "#ffdc8a")
                scene.box(left, top, left + 2, top + 15, "#965c3a")
                scene.box(left + 8, top + 8, left + 11, top + 15, "#6e4030")
            else:
                scene.box(left + 1, top + 1, left + 4, top + 2, "#3b2f73")
                scene.box(left + 1, top + 2, left + 2, top + 5, "#3b2f73")
            scene.box(left + 6, top, left + 7, top + 15, "#0b0a1a")
            scene.box(left - 1, top + 15, left + 13, top + 17, "#2a2458")
    scene.box(0, STREET - 26, 70, STREET, "#14122b")
    scene.box(8, STREET - 24, 40, STREET, "#2a2458")
    for slat in range(STREET - 22, STREET, 3):
        scene.box(9, slat, 39, slat + 1, "#1d1a3f")


def _sign(scene: _Scene) -> None:
    """Noodles, in neon, from top to bottom."""
    scene.box(54, 48, 68, 102, "#0b0a1a")
    scene.box(55, 49, 67, 101, "#2d1a1e")
    for edge in ((55, 49, 67, 50), (55, 100, 67, 101), (55, 49, 56, 101), (66, 49, 67, 101)):
        scene.box(*edge, "#ff4f9a")
    for k, name in enumerate(("ra", "long", "me", "n")):
        for y, line in enumerate(_KANA[name]):
            for x, mark in enumerate(line):
                if mark == "#":
                    scene.box(57 + x, 54 + 11 * k + y, 58 + x, 55 + 11 * k + y, "#3fd0d4")


def _right_house(scene: _Scene) -> None:
    """A house with two balconies, and somebody at home."""
    scene.box(252, 62, ACROSS, STREET, "#1d1a3f")
    scene.box(248, 58, ACROSS, 64, "#2a2458")
    scene.box(248, 58, ACROSS, 59, "#533f8f")
    scene.box(252, 64, 254, STREET, "#14122b")
    for top, lit in ((72, True), (110, False)):
        scene.box(262, top, 296, top + 22, "#0b0a1a")
        scene.box(263, top + 1, 295, top + 21, "#c4864a" if lit else "#14122b")
        if lit:
            scene.box(263, top + 1, 295, top + 8, "#e8b566")
            scene.box(270, top + 10, 276, top + 21, "#4a2a26")
            scene.box(271, top + 6, 275, top + 10, "#4a2a26")
        for bar in range(263, 296, 8):
            scene.box(bar, top + 1, bar + 1, top + 21, "#0b0a1a")
        scene.box(256, top + 20, ACROSS, top + 22, "#533f8f")
        for bar in range(257, ACROSS, 4):
            scene.box(bar, top + 13, bar + 1, top + 21, "#3b2f73")
        scene.box(256, top + 12, ACROSS, top + 13, "#7a58a8")
        for leaf in range(5):
            x, y = 282 + 3 * leaf % 13, top + 10 - leaf % 3
            scene.box(x, y, x + 3, y + 3, "#1f5247" if leaf % 2 else "#2f8060")


def _lantern(scene: _Scene, x: int, y: int) -> None:
    """A paper lantern, hung at (x, y)."""
    scene.box(x, y - 3, x + 1, y, "#0b0a1a")
    scene.box(x - 2, y, x + 3, y + 1, "#1a1116")
    for row, (half, colour) in enumerate(
        (
            (3, "#c92f45"),
            (4, "#ef5350"),
            (5, "#ff8a6b"),
            (5, "#ffdc8a"),
            (5, "#ff8a6b"),
            (5, "#ef5350"),
            (4, "#ef5350"),
            (3, "#c92f45"),
        )
    ):
        scene.box(x - half, y + 1 + row, x + half + 1, y + 2 + row, colour)
        scene.box(x - half, y + 1 + row, x - half + 2, y + 2 + row, "#c92f45")
    scene.box(x - 2, y + 9, x + 3, y + 10, "#1a1116")
    scene.box(x, y + 10, x + 1, y + 13, "#8f1d3a")


def _kitchen(scene: _Scene) -> None:
    """Inside the stall: shelves with bowls and bottles, the cook, a pot that steams."""
    left, right, eaves = STALL
    scene.box(left + 4, eaves, right - 4, STREET - 30, "#6e4030")
    scene.box(left + 4, eaves, right - 4, eaves + 34, "#965c3a")
    scene.box(left + 8, eaves + 8, right - 8, STREET - 34, "#c4864a")
    scene.box(left + 12, eaves + 28, right - 12, eaves + 29, "#6e4030")
    for k, colour in enumerate(
        ("#c92f45", "#f6e3d8", "#2f8060", "#f6e3d8", "#1784a0", "#c92f45", "#f6e3d8", "#68b878", "#f6e3d8", "#c92f45")
    ):
        x = left + 16 + 9 * k
        if k % 3 == 2:
            scene.box(x + 1, eaves + 21, x + 3, eaves + 23, "#1a1116")
            scene.box(x, eaves + 22, x + 4, eaves + 28, colour)
        else:
            scene.box(x, eaves + 25, x + 6, eaves + 27, colour)
            scene.box(x + 1, eaves + 27, x + 5, eaves + 28, colour)
    scene.sprite(_COOK, 126, eaves + 27, {})
    scene.box(166, eaves + 38, 186, eaves + 48, "#8c8fa8")
    scene.box(166, eaves + 38, 169, eaves + 48, "#3b2f73")
    scene.box(164, eaves + 36, 188, eaves + 38, "#d9a9cf")
    steam = (
        "170,33 171,32 173,30 172,28 171,26 178,34 179,32 178,30 "
        "176,28 177,25 183,33 184,31 183,29 173,23 178,22 180,26"
    )
    for x, y in (map(int, puff.split(",")) for puff in steam.split()):
        scene.box(x, eaves + y, x + 2, eaves + y + 2, "#fff4c8")


def _roof(scene: _Scene) -> None:
    """Tiles, and below them the short curtain, slit in six."""
    left, right, eaves = STALL
    for row in range(15):
        inset = (14 - row) // 2 * 2
        scene.box(
            left - 8 + inset, eaves - 15 + row, right + 8 - inset, eaves - 14 + row, "#1f5247" if row % 4 else "#16302f"
        )
        for x in range(left - 8 + inset + (row // 4 % 2) * 3, right + 6 - inset, 6):
            scene.box(x, eaves - 15 + row, x + 1, eaves - 14 + row, "#16302f" if row % 4 else "#2f8060")
    scene.box(left + 8, eaves - 18, right - 8, eaves - 15, "#16302f")
    scene.box(left + 8, eaves - 18, right - 8, eaves - 17, "#2f8060")
    scene.box(left - 10, eaves, right + 10, eaves + 2, "#4a2a26")
    scene.box(left - 10, eaves, right + 10, eaves + 1, "#965c3a")
    for k in range(6):
        x = left + 10 + 17 * k
        scene.box(x, eaves + 3, x + 16, eaves + 16 + k % 2, "#c92f45")
        scene.box(x, eaves + 3, x + 16, eaves + 5, "#8f1d3a")
        scene.box(x + 13, eaves + 5, x + 16, eaves + 16 + k % 2, "#8f1d3a")
        scene.box(x + 5, eaves + 7, x + 10, eaves + 12, "#f6e3d8")
        scene.box(x + 6, eaves + 8, x + 9, eaves + 11, "#c92f45")
    scene.box(left + 6, eaves + 2, right - 6, eaves + 4, "#4a2a26")
    for x in (left + 4, right - 8):
        scene.box(x, eaves + 2, x + 4, STREET, "#4a2a26")
        scene.box(x, eaves + 2, x + 1, STREET, "#965c3a")


def _counter(scene: _Scene) -> None:
    """The counter with bowls, three guests on stools, and lanterns."""
    left, right, eaves = STALL
    scene.box(left - 2, STREET - 32, right + 2, STREET - 28, "#e8b566")
    scene.box(left - 2, STREET - 29, right + 2, STREET - 27, "#965c3a")
    scene.box(left + 2, STREET - 27, right - 2, STREET - 2, "#6e4030")
    for x in range(left + 2, right - 2, 10):
        scene.box(x, STREET - 27, x + 1, STREET - 2, "#4a2a26")
    scene.box(left + 2, STREET - 4, right - 2, STREET, "#2d1a1e")
    for x in (105, 148, 192):
        scene.box(x - 4, STREET - 36, x + 5, STREET - 34, "#f6e3d8")
        scene.box(x - 3, STREET - 34, x + 4, STREET - 32, "#c92f45")
        scene.box(x - 2, STREET - 37, x + 3, STREET - 36, "#ffdc8a")
    for left_of, coat, fold, hair in (
        (112, "#1784a0", "#0f4c6b", "#2d1a1e"),
        (154, "#2f8060", "#1f5247", "#965c3a"),
        (176, "#a87bc0", "#7a58a8", "#1a1116"),
    ):
        inks = {"h": hair, "c": coat, "d": fold, "p": "#1d1a3f", "s": "#c4864a"}
        scene.sprite(_GUEST, left_of, STREET - 38, inks)
        scene.box(left_of + 1, STREET - 19, left_of + 12, STREET - 17, "#c92f45")
        scene.box(left_of + 6, STREET - 17, left_of + 7, STREET + 1, "#8c8fa8")
        scene.box(left_of + 3, STREET, left_of + 10, STREET + 1, "#8c8fa8")
        scene.box(left_of + 3, STREET - 17, left_of + 5, STREET - 9, "#1d1a3f")
        scene.box(left_of + 8, STREET - 17, left_of + 10, STREET - 9, "#1d1a3f")
    for x in (left - 5, left + 22, right - 23, right + 4):
        _lantern(scene, x, eaves + 5)


def _machine(scene: _Scene) -> None:
    """A vending machine that lights its corner."""
    left, top = 262, STREET - 46
    scene.box(left, top, left + 28, STREET, "#1784a0")
    scene.box(left, top, left + 2, STREET, "#3fd0d4")
    scene.box(left + 26, top, left + 28, STREET, "#0f4c6b")
    scene.box(left + 3, top + 3, left + 20, top + 27, "#b8fff0")
    for row in range(3):
        for k, colour in enumerate(("#c92f45", "#2f8060", "#e8b566", "#1784a0", "#ff4f9a")):
            x = left + 4 + 3 * k
            scene.box(x, top + 5 + 8 * row, x + 2, top + 9 + 8 * row, (colour, "#533f8f")[(row + k) % 4 == 3])
        scene.box(left + 3, top + 9 + 8 * row, left + 20, top + 10 + 8 * row, "#0f4c6b")
    scene.box(left + 21, top + 8, left + 25, top + 14, "#0b0a1a")
    scene.box(left + 22, top + 9, left + 24, top + 10, "#ff4f9a")
    scene.box(left + 4, STREET - 12, left + 20, STREET - 6, "#0b0a1a")


def _pole(scene: _Scene) -> None:
    """A post with wires across the sky."""
    for y, sag in ((30, 11), (35, 14), (41, 9)):
        for x in range(ACROSS):
            t = (x - 238) / 240
            drop = round(sag * (1 - (2 * abs(t) - 1) ** 2)) if abs(t) <= 1 else 0
            scene.box(x, y + drop, x + 1, y + drop + 1, "#0b0a1a")
    scene.box(237, 20, 241, STREET, "#0b0a1a")
    scene.box(237, 20, 238, STREET, "#2a2458")
    for y in (29, 36):
        scene.box(228, y, 250, y + 2, "#0b0a1a")
        for x in (229, 234, 243, 248):
            scene.box(x, y - 2, x + 1, y, "#8c8fa8")
    scene.box(241, 48, 247, 58, "#14122b")
    scene.box(241, 48, 242, 58, "#2a2458")


def _light(scene: _Scene) -> None:
    """What the lamps do to what is around them."""
    for x in (83, 110, 183, 210):
        scene.shine(x, 101, 13, 12, "#ff8a6b", 0.55)
    scene.shine(147, 124, 62, 34, "#ffdc8a", 0.3)
    scene.shine(218, STREET - 8, 26, 16, "#ffdc8a", 0.9)
    scene.shine(61, 75, 20, 34, "#ff4f9a", 0.45)
    scene.shine(272, STREET - 30, 26, 30, "#3fd0d4", 0.4)


def _street(scene: _Scene, rng: Rng) -> None:
    """Wet asphalt: what stands above it, upside down, broken by ripples, darker with depth."""
    for row in range(STREET, DOWN):
        depth = (row - STREET) / (DOWN - STREET)
        source = STREET - 2 - int((row - STREET) * 1.75)
        shift = int(rng.integers(-1, 2) * (1 + 2 * depth)) if row % 2 else 0
        mirrored = np.roll(scene.colour[source], shift, 0)
        wet = 0.78 - 0.45 * depth
        # Puddles are clear, the rest is dull.
        across = np.arange(ACROSS)
        clear = 0.55 + 0.45 * np.sign(np.sin(across / 23 + row * 0.9 + 2 * np.sin(row * 1.7)) + 0.45)
        base = colours("#14122b")[0] * (1 - 0.3 * depth)
        scene.colour[row] = base + mirrored * (wet * clear)[:, None] * np.array([0.85, 0.8, 0.95])
        scene.soft[row] = True
    scene.box(0, STREET, ACROSS, STREET + 1, "#3b2f73")
    scene.box(0, STREET + 1, ACROSS, STREET + 2, "#0b0a1a")
    scene.box(84, STREET, 212, STREET + 1, "#965c3a")


def _drops(scene: _Scene, rng: Rng) -> None:
    """A last drizzle, and rings where drops fall into puddles."""
    for _ in range(70):
        x, y = int(rng.integers(ACROSS)), int(rng.integers(10, STREET - 6))
        long = int(rng.integers(2, 5))
        for k in range(long):
            if 0 <= x - k // 2 < ACROSS:
                scene.colour[y + k, x - k // 2] = 0.6 * scene.colour[y + k, x - k // 2] + 0.4 * colours("#7a58a8")[0]
    for _ in range(22):
        x, y = int(rng.integers(6, ACROSS - 8)), int(rng.integers(STREET + 8, DOWN - 3))
        scene.box(x - 2, y, x + 3, y + 1, "#7a58a8")
        scene.box(x - 1, y, x + 2, y + 1, "#2a2458")
