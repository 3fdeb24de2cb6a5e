"""The canvas: the artwork at the size at which a mimic's trainer sees it, and the way back to the full picture.

Trainers scale pictures to 512-1024 px. A change is found at that scale and laid onto the full-size picture, so the
cost does not grow with the file, and no effort goes into a change too fine to survive the trainer's own scaling.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from glaze.artwork import Artwork
from glaze.visibility.figures import SCREEN_SIDE, enlarged
from glaze.visibility.masks import QUARTER, ChangeMask, change_mask, plain, pure

Pixels = NDArray[np.uint8] | NDArray[np.uint16]

MOST_ELONGATED: Final = 2.5  # beyond this aspect the canvas gets smaller, so that a scroll does not cost ten times more
STRIP_PIXELS: Final = 2_000_000  # full-size work goes in strips of about this many pixels, which bounds the memory


def as_8_bit(pixels: Pixels) -> NDArray[np.uint8]:
    """uint16 samples as the 8 bits a trainer reads; uint8 as they are."""
    return (pixels >> 8).astype(np.uint8) if pixels.dtype == np.uint16 else pixels.astype(np.uint8, copy=False)


def over_white(pixels: Pixels, alpha: Pixels | None) -> Image.Image:
    """The picture as a trainer loads it: 8 bits, transparency over white."""
    flat = as_8_bit(pixels)
    if alpha is None:
        return Image.fromarray(flat)
    page = Image.new("RGB", (flat.shape[1], flat.shape[0]), "white")
    page.paste(Image.fromarray(flat), mask=Image.fromarray(as_8_bit(alpha)))
    return page


def to_tensor(picture: Image.Image | NDArray[np.uint8]) -> Tensor:
    """An 8-bit picture -> (1, 3, H, W) float32 in [0, 1]."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255


@dataclass(frozen=True)
class Canvas:
    """One artwork made ready for the loop.

    picture       (1, 3, h, w) in [0, 1], transparency over white.
    mask          what a change must pass through.
    screen_scale  pixels of a screen showing the whole picture for each pixel of the canvas, at least about 1.
    enlargement   what a trainer enlarges the canvas by before its encoder sees it: above 1 where the artwork is smaller
                  than the training size.
    open_share    the part of the artwork's own pixels that may change at all, 0 to 1: small for a black and white scan,
                  though its canvas is grey.
    """

    picture: Tensor
    mask: ChangeMask
    screen_scale: float
    enlargement: float = 1.0
    open_share: float = 1.0

    def to(self, device: torch.device) -> Canvas:
        """The same canvas for a loop that runs there."""
        return replace(self, picture=self.picture.to(device), mask=self.mask.to(device))

    def scaled(self, picture: Image.Image) -> Tensor:
        """Another state of the artwork, of any size, at the canvas's: (1, 3, h, w) in [0, 1]."""
        height, width = self.picture.shape[2:]
        return to_tensor(picture.resize((width, height), Image.Resampling.LANCZOS))

    def as_trained(self, pictures: Tensor) -> Tensor:
        """Pictures of the canvas's size (N, 3, h, w), as an encoder gets them."""
        return enlarged(pictures, self.enlargement)


def canvas_size(width: int, height: int, short_side: int) -> tuple[int, int]:
    """Width and height of a picture's canvas: short side `short_side` px, never scaled up, less when very elongated."""
    area: float = short_side**2 * MOST_ELONGATED
    scale = min(1.0, short_side / min(width, height), math.sqrt(area / (width * height)))
    return max(16, round(width * scale)), max(16, round(height * scale))


def enlargement(size: tuple[int, int], short_side: int) -> float:
    """What a trainer enlarges a canvas of `size` (width, height) by, up to that short side; at least 1."""
    area: float = short_side**2 * MOST_ELONGATED
    return max(1.0, min(short_side / min(size), math.sqrt(area / (size[0] * size[1]))))


def make_canvas(artwork: Artwork, short_side: int, room: float = 1.0) -> Canvas:
    """Scale an artwork to its `canvas_size`; `room` as in `change_mask`."""
    whole = over_white(artwork.pixels, artwork.alpha)
    width, height = whole.size
    size = canvas_size(width, height, short_side)
    picture = to_tensor(whole.resize(size, Image.Resampling.LANCZOS))
    openness = _openness(artwork, whole)
    shares = np.array(Image.fromarray(openness).resize(size, Image.Resampling.BOX))
    mask = change_mask(
        picture,
        torch.from_numpy(shares)[None, None].float() / 255,
        _plain_share(whole, size),
        grey=artwork.grey,
        room=room,
    )
    screen_scale = min(1.0, SCREEN_SIDE / max(width, height)) / (size[0] / width)
    return Canvas(picture, mask, screen_scale, enlargement(size, short_side), float(openness.mean()) / 255)


def as_trained(artwork: Artwork, short_side: int) -> Tensor:
    """The artwork as an encoder gets the whole of its canvas (`Canvas.as_trained`), without making one."""
    whole = over_white(artwork.pixels, artwork.alpha)
    size = canvas_size(*whole.size, short_side)
    return enlarged(to_tensor(whole.resize(size, Image.Resampling.LANCZOS)), enlargement(size, short_side))


def _openness(artwork: Artwork, whole: Image.Image) -> NDArray[np.uint8]:
    """Per pixel of the artwork: 0 where it is amid paper white or pure black, or transparent, else its opacity."""
    pixels = np.asarray(whole)
    opacity = np.full(pixels.shape[:2], 255, np.uint8) if artwork.alpha is None else as_8_bit(artwork.alpha).copy()
    for rows in _strips(*pixels.shape[:2]):
        opacity[rows][_pure_rows(pixels, rows)] = 0
    return opacity


def _plain_share(whole: Image.Image, size: tuple[int, int]) -> Tensor | None:
    """How much of each pixel of a canvas of `size` is flat colour in the whole picture; None if of one size."""
    if whole.size == size:
        return None
    pixels = np.asarray(whole)
    flat = np.empty(pixels.shape[:2], np.uint8)
    for rows in _strips(*pixels.shape[:2]):
        first = max(0, rows.start - QUARTER)  # with the rows around, on which it depends
        strip = to_tensor(pixels[first : rows.stop + QUARTER])
        found = plain(strip)[0, 0, rows.start - first :][: rows.stop - rows.start]
        flat[rows] = (found * 255).round().byte().numpy()
    share = Image.fromarray(flat).resize(size, Image.Resampling.BOX)
    return torch.from_numpy(np.array(share))[None, None].float() / 255


def _pure_rows(pixels: Pixels, rows: slice) -> NDArray[np.bool_]:
    """Which pixels of some rows lie amid paper white or pure black."""
    first = max(0, rows.start - 1)  # with the rows' neighbours, on which it depends
    strip = torch.from_numpy(pixels[first : rows.stop + 1].astype(np.float32)).permute(2, 0, 1)[None]
    found = pure(strip / float(np.iinfo(pixels.dtype).max))[0, 0, rows.start - first :][: rows.stop - rows.start]
    return np.asarray(found > 0)


def _strips(height: int, width: int) -> Iterator[slice]:
    rows = max(1, STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield slice(top, min(height, top + rows))


def _enlarged(
    channel: NDArray[np.float32], rows: slice, size: tuple[int, int], kind: Image.Resampling
) -> NDArray[np.float32]:
    """The rows of `channel` scaled to `size` (width, height), without ever making the whole."""
    ratio = channel.shape[0] / size[1]
    box = (0.0, rows.start * ratio, float(channel.shape[1]), rows.stop * ratio)
    strip = Image.fromarray(channel).resize((size[0], rows.stop - rows.start), kind, box=box)
    return np.asarray(strip)


def lay_on(pixels: Pixels, alpha: Pixels | None, change: Tensor, mask: ChangeMask, *, grey: bool) -> Pixels:
    """Lay a canvas-size change onto full-size pixels; a new array of the same shape and type, rounded to nearest.

    pixels  (H, W, 3) uint8 or uint16; alpha (H, W) of the same type or None: where it is 0 nothing changes.
    change  (1, 3, h, w), in units of the full range.
    grey    write exactly equal channels.

    Pixels amid paper white or pure black stay as they are, even where the canvas, too coarse to see them, may change.
    No dither: it would keep changes of less than half a level, but its grain on flat colour costs more LPIPS than the
    whole glaze (docs/method.md).
    """
    height, width = pixels.shape[:2]
    top_value = float(np.iinfo(pixels.dtype).max)
    planes = (change[0] * top_value).float().numpy()
    closed = (mask.bound[0, 0] == 0).float().numpy()
    out = np.empty_like(pixels)
    for rows in _strips(height, width):
        original = pixels[rows].astype(np.float32)
        if grey:
            original = original.mean(2, keepdims=True).round().repeat(3, axis=2)
        frozen = (_enlarged(closed, rows, (width, height), Image.Resampling.NEAREST) > 0) | _pure_rows(pixels, rows)
        for channel in range(3):
            added = _enlarged(planes[channel], rows, (width, height), Image.Resampling.BICUBIC)
            value = np.rint(original[..., channel] + np.where(frozen, 0, added))
            out[rows, :, channel] = value.clip(0, top_value)
        if alpha is not None:
            hidden = alpha[rows] == 0
            out[rows][hidden] = pixels[rows][hidden]
    return out
