"""The figures of visibility, on finished pictures and inside the loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from glaze.filters import QUARTERS, box, convolution, mapped, quarter
from glaze.outcome import Visibility
from glaze.precision import autocast
from glaze.settings import Budget
from glaze.visibility.colour import ciede2000, difference_to, rgb_to_lab
from glaze.visibility.flip import PIXELS_PER_DEGREE, Flip, flip_mean_of_arrays
from glaze.visibility.lpips import Lpips
from glaze.visibility.masks import local_activity

SMOOTH_ACTIVITY: Final = 2.0  # levels of local deviation below which an area counts as flat
LEAST_FLAT_SHARE: Final = 0.01  # a picture with less than this of flat area has no `flat` figure
TRAINING_SIDE: Final = 512
SCREEN_SIDE: Final = 2048  # a large screen shows a picture whole with its long side at most this


class Likeness(Protocol):
    """LPIPS or its stand-in: features once for the original, a distance for each candidate."""

    def features(self, picture: Tensor) -> list[Tensor]: ...

    def distance(self, a: list[Tensor], b: list[Tensor]) -> Tensor: ...


def room(figures: Mapping[str, float], budget: Budget) -> float:
    """The factor by which a change could grow, or must shrink if below 1, until the first bound is met.

    LPIPS grows with the square of a small change, the others about in proportion to it.
    """
    ratios: dict[str, float] = {name: getattr(budget, name) / max(figure, 1e-9) for name, figure in figures.items()}
    return min(ratio**0.5 if name == "lpips" else ratio for name, ratio in ratios.items())


def _box(pictures: Tensor, window: int) -> Tensor:
    if window <= 1:
        return pictures
    return F.avg_pool2d(F.pad(pictures, (window // 2,) * 4, mode="replicate"), window, 1)


def _tensor(picture: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255


def enlarged(pictures: Tensor, by: float) -> Tensor:
    """(N, 3, h, w) as a trainer feeds a picture smaller than its training size to its encoder: enlarged `by`."""
    if by <= 1:
        return pictures
    size = (round(pictures.shape[2] * by), round(pictures.shape[3] * by))
    return F.interpolate(pictures, size, mode="bicubic", align_corners=False).clamp(0, 1)


def at_training_size(picture: Image.Image) -> Image.Image:
    """Short side to 512 px, centre square: what most trainers feed their encoder."""
    scale = TRAINING_SIDE / min(picture.size)
    size = (max(TRAINING_SIDE, round(picture.width * scale)), max(TRAINING_SIDE, round(picture.height * scale)))
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    left, top = (size[0] - TRAINING_SIDE) // 2, (size[1] - TRAINING_SIDE) // 2
    return picture.crop((left, top, left + TRAINING_SIDE, top + TRAINING_SIDE))


def on_screen(picture: Image.Image) -> Image.Image:
    """The picture as a large screen shows it whole: long side at most SCREEN_SIDE."""
    if max(picture.size) <= SCREEN_SIDE:
        return picture
    scale = SCREEN_SIDE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _viewed(screen_scale: float) -> tuple[float, tuple[int, int]]:
    """Pixels a viewer sees in a degree, and the windows of both colour differences, at that many screen pixels each."""
    scale = max(1.0, screen_scale)
    local, wide = (2 * round((window / scale - 1) / 2) + 1 for window in (3, 7))
    return PIXELS_PER_DEGREE / scale, (local, wide)


class Original:
    """An original as trainers and screens show it, prepared once for measuring any number of glazes of it.

    picture: 8-bit RGB, transparency over white, at full size or as a screen shows it. `grey`: it is grey art.
    screen_scale: screen pixels for each of the picture's, as in `Watch`; above 1 for a smaller copy, which is measured
    sooner and less exactly.
    """

    def __init__(self, picture: Image.Image, likeness: Likeness, *, grey: bool, screen_scale: float = 1.0) -> None:
        self.likeness, self.grey = likeness, grey
        self.pixels_per_degree, self.windows = _viewed(screen_scale)
        self.screen = np.asarray(on_screen(picture))
        self.small = likeness.features(_tensor(np.asarray(at_training_size(picture))))
        pictures = _tensor(self.screen)
        self.smooth = local_activity(pictures) < SMOOTH_ACTIVITY
        self.has_flat = self.smooth.float().mean().item() > LEAST_FLAT_SHARE
        self.local, self.wide = (rgb_to_lab(_box(pictures, window)) for window in self.windows)

    @torch.no_grad()
    def compare(self, glazed: Image.Image) -> Visibility:
        """The figures of a glaze of this original, given at the same size."""
        screen = np.asarray(on_screen(glazed))
        pictures = _tensor(screen)
        small = self.likeness.features(_tensor(np.asarray(at_training_size(glazed))))
        flat = 0.0
        if self.has_flat:
            flat = _percentile(ciede2000(self.local, rgb_to_lab(_box(pictures, self.windows[0])))[self.smooth])
        return Visibility(
            lpips=self.likeness.distance(self.small, small).item(),
            flip=flip_mean_of_arrays(self.screen, screen, self.pixels_per_degree),
            flat=flat,
            colour=_percentile(ciede2000(self.wide, rgb_to_lab(_box(pictures, self.windows[1])))),
            tint=int(np.ptp(np.asarray(glazed), axis=2).max()) if self.grey else None,
            lpips_is_estimate=not isinstance(self.likeness, Lpips),
        )


def _percentile(values: Tensor) -> float:
    return float(np.percentile(values.numpy(), 99))


@dataclass(frozen=True)
class Glance:
    """What people see of one iterate: `figures`, name -> a scalar that carries gradients."""

    figures: dict[str, Tensor]
    _squares: Callable[[], list[Tensor]]

    @torch.no_grad()
    def lpips_map(self) -> Tensor:
        """Where in the picture its LPIPS comes from: (1, 1, any, any), with that figure as its mean."""
        squares = self._squares()
        size = (squares[-1].shape[2], squares[-1].shape[3])
        depths = torch.stack([F.adaptive_avg_pool2d(depth, size) for depth in squares]).sum(0)
        scaled: Tensor = depths * (self.figures["lpips"] / depths.mean().clamp(min=1e-12))
        return scaled


class Watch:
    """The first four figures of a canvas as differentiable numbers, so that the loop can press on all bounds at once.

    picture (1, 3, h, w) in [0, 1]; `screen_scale`: screen pixels for each canvas pixel. A change spreads over that
    many more pixels on the screen, so windows shrink and the viewer comes nearer by that factor. `enlargement`: what a
    trainer enlarges the picture by, before it and LPIPS see it.

    The colour differences are taken in every second window of every second row: a percentile of a quarter of them says
    the same. Which quarter is the caller's `phase`: a loop that always looked at the same would learn to hide between
    its windows (a watercolour came out at 5.9 where it was told 4.9). FLIP is taken so where a canvas pixel is no more
    than one of the screen: its filters are narrower for larger ones, and a quarter led the loop astray (water lilies at
    2.3: 14 % of the way instead of 23 %). LPIPS's network runs in the machine's fastest precision.
    """

    def __init__(self, picture: Tensor, screen_scale: float, likeness: Likeness, enlargement: float = 1.0) -> None:
        self.likeness, self.enlargement = likeness, enlargement
        self.features = self._features(picture)
        pixels_per_degree, self.windows = _viewed(screen_scale)
        self.flip = Flip(picture, pixels_per_degree)
        self.flip_in_turn = screen_scale <= 1
        self.local, self.wide = (rgb_to_lab(_box(picture, w)) for w in self.windows)
        smooth = local_activity(picture) < SMOOTH_ACTIVITY
        has_flat = smooth.float().mean().item() > LEAST_FLAT_SHARE
        # The numbers of the smooth pixels of each quarter.
        picked = [_pick(smooth, phase).flatten() for phase in range(QUARTERS)]
        self.smooth = [each.nonzero()[:, 0] for each in picked] if has_flat else []

    def __call__(self, picture: Tensor, phase: int = 0) -> Glance:
        """Figures of (1, 3, h, w). `phase`: any number; four in a row look at every window once."""
        features = self._features(picture)
        figures = {
            "lpips": self._lpips(features),
            "flip": self.flip.mean(picture, phase if self.flip_in_turn else None).mean(),
            "colour": _worst(_pick(self.wide, phase), _sparse_box(picture, self.windows[1], phase)),
        }
        smooth = self.smooth[phase % QUARTERS] if self.smooth else None
        if smooth is not None and len(smooth):
            local = _sparse_box(picture, self.windows[0], phase)
            figures["flat"] = _worst(_pick(self.local, phase), local, smooth)
        pairs = list(zip(self.features, features, strict=True))
        return Glance(figures, lambda: [(a.float() - b.float()).square().sum(1, keepdim=True) for a, b in pairs])

    @torch.no_grad()
    def lpips(self, picture: Tensor) -> float:
        """That figure alone."""
        return self._lpips(self._features(picture)).item()

    def _features(self, picture: Tensor) -> list[Tensor]:
        with autocast(picture.device):
            seen = enlarged(picture, self.enlargement).contiguous(memory_format=torch.channels_last)
            return self.likeness.features(seen)

    def _lpips(self, features: list[Tensor]) -> Tensor:
        """The larger of two: over the whole canvas, and over its middle square, which is what trainers crop to."""
        whole = self.likeness.distance(self.features, features)
        if features[0].shape[2] == features[0].shape[3]:
            return whole.mean()
        middle = self.likeness.distance([_middle(f) for f in self.features], [_middle(f) for f in features])
        return torch.maximum(whole, middle).mean()


def _pick(pictures: Tensor, phase: int) -> Tensor:
    """(N, C, h, w): the `quarter` of the pixels that `phase` names."""
    top, left = quarter(phase)
    return pictures[..., top::2, left::2]


def _sparse_box(pictures: Tensor, window: int, phase: int) -> Tensor:
    """`_pick` of `_box`."""
    (height, width), (top, left) = pictures.shape[2:], quarter(phase)
    lines = (convolution(box(window), *side, 2) for side in ((height, pictures, top), (width, pictures, left)))
    return mapped(pictures, *lines)


def _middle(features: Tensor) -> Tensor:
    height, width = features.shape[2:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return features[:, :, top : top + side, left : left + side]


def _worst(lab: Tensor, picture: Tensor, among: Tensor | None = None) -> Tensor:
    """The mean CIEDE2000 of the worst 2 % of pixels, of which the 99th percentile is about the middle.

    Unlike that it has a gradient: in the worst pixels alone, so the formula's derivative is worked out only for them.
    lab (1, 3, h, w) in CIELAB, picture (1, 3, h, w) in [0, 1]; among: the numbers of the pixels that count.
    """
    lab, picture = lab.flatten(2), picture.flatten(2)
    with torch.no_grad():
        some = (lab, picture) if among is None else (lab.index_select(2, among), picture.index_select(2, among))
        differences = difference_to(*some).flatten()
        worst = differences.topk(max(1, differences.numel() // 50), sorted=False).indices
        worst = worst if among is None else among[worst]
    return difference_to(lab.index_select(2, worst), picture.index_select(2, worst)).mean()
