"""FLIP: the difference a person sees when two pictures alternate on a screen, with a gradient.

Written from Andersson, Nilsson, Akenine-Moller, Oskarsson, Astrom, Fairchild, "FLIP: A Difference Evaluator for
Alternating Images", Proc. ACM Computer Graphics and Interactive Techniques 3(2), 2020, doi:10.1145/3406183. Section
numbers below are the paper's.

A picture goes through three steps. 1. Linear light as luminance and two opponent colours, each blurred as the eye blurs
it at that distance (4.1). 2. Edges and points of the luminance (4.2). Both steps are linear and every kernel is a sum
of products of a column and a row, so they are one bank of 1-D filters. 3. At each pixel, colour and feature differences
become one error (4.1.3 to 4.3).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from glaze.filters import Lines, convolution, quarter
from glaze.visibility.colour import XYZ_OF_RGB, combine, lab_curve, pixelwise, power, srgb_to_linear

# 3840 pixels over 0.7 m seen from 0.7 m, the paper's default (section 4): 67.02 pixels a degree.
PIXELS_PER_DEGREE: Final = 3840 * math.radians(1)

# The eye's sensitivity to luminance, red-green and blue-yellow, as sums of Gaussians a exp(-pi^2 x^2 / b) with x in
# degrees; here (a sqrt(pi / b), b) (table 1).
_SENSITIVITY: Final = tuple(
    tuple((a * math.sqrt(math.pi / b), b) for a, b in gaussians)
    for gaussians in (((1.0, 0.0047),), ((1.0, 0.0053),), ((34.1, 0.04), (13.5, 0.025)))
)
_FEATURE_WIDTH: Final = 0.082  # degrees between an edge filter's two extremes (4.2)
_COLOUR_EXPONENT: Final = 0.7  # q_c
_COLOUR_KNEE: Final = (0.4, 0.95)  # p_c, p_t: this share of the largest difference is shown as this error (4.1.3)
_FEATURE_EXPONENT: Final = 0.5  # q_f

# Roots and powers below 1 have an infinite slope at 0. x^q is taken as x (x + e)^(q - 1): exact at 0, with slope
# e^(q - 1) there, and for x well above e too low by (1 - q) e / x of itself.
_ROUND_COLOUR: Final = 1e-5  # of a difference in CIELAB units: slope 32, an error at most 2e-5 lower
_ROUND_FEATURE: Final = 1e-5  # of a difference of at most 1.4: slope 316, at most 1e-3 lower, and 5e-4 in the error
_ROUND_ERROR: Final = 1e-5  # of an error in [0, 1]
_ROUND_NORM: Final = 1e-6  # the length of a gradient that is 0, and of a difference in a*, b*

_LEAST_PIXELS_PER_DEGREE: Final = 1.0  # below, the feature filters shrink to nothing

_Taps = NDArray[np.float64]

_COLOURS: Final = len(_SENSITIVITY)
_FEATURES: Final = 4  # edge and point along x, edge and point along y
_STRIP: Final = 2**18  # pixels of a strip of a large picture
_LEAST_ROWS: Final = 64


def _relative_xyz() -> NDArray[np.float64]:
    """Linear sRGB to X/Xn, Y/Yn, Z/Zn, with the white that the matrix itself gives: FLIP's greys have no colour."""
    matrix: NDArray[np.float64] = np.array(XYZ_OF_RGB)
    matrix /= matrix.sum(1, keepdims=True)
    return matrix


# YyCxCz (4.1.1) is Y, X - Y and Y - Z of these, but for scales and an offset, which blurring keeps: both are left out.
_XYZ: Final = _relative_xyz().tolist()
_OPPONENT: Final = (np.array([[0, 1, 0], [1, -1, 0], [0, 1, -1]]) @ _relative_xyz()).tolist()
_LIGHT: Final = np.linalg.inv(np.array(_OPPONENT)).tolist()


class _Bank:
    """All filters of one distance: opponent colours (N, 3, H, W) -> (N, 7, H, W), the blurred colours and _FEATURES.

    `branches`: source plane, taps down the columns, and for each the taps along the rows with the planes that their
    results are added to.
    """

    def __init__(self, pixels_per_degree: float) -> None:
        if not pixels_per_degree >= _LEAST_PIXELS_PER_DEGREE:
            raise ValueError(f"pixels_per_degree is {pixels_per_degree}; at least {_LEAST_PIXELS_PER_DEGREE} is needed")
        widest = max(b for gaussians in _SENSITIVITY for _, b in gaussians)
        reach = math.ceil(3 * math.sqrt(widest / (2 * math.pi**2)) * pixels_per_degree)
        degrees = np.arange(-reach, reach + 1) / pixels_per_degree
        self.branches: list[tuple[int, _Taps, list[tuple[int, _Taps]]]] = []
        for plane, gaussians in enumerate(_SENSITIVITY):
            curves = [np.exp(-((math.pi * degrees) ** 2) / b) for _, b in gaussians]
            whole = sum(a * curve.sum() ** 2 for (a, _), curve in zip(gaussians, curves, strict=True))
            for (a, _), curve in zip(gaussians, curves, strict=True):
                self.branches.append((plane, curve, [(plane, curve * (a / whole))]))

        spread = _FEATURE_WIDTH / 2 * pixels_per_degree
        far = math.ceil(3 * spread)
        steps = np.arange(-far, far + 1) / spread
        bell = np.exp(-np.square(steps) / 2)
        blur, edge, point = (_balanced(taps) for taps in (bell, -steps * bell, (np.square(steps) - 1) * bell))
        self.branches += [
            (0, blur, [(_COLOURS, edge), (_COLOURS + 1, point)]),
            (0, edge, [(_COLOURS + 2, blur)]),
            (0, point, [(_COLOURS + 3, blur)]),
        ]
        self.planes = _COLOURS + _FEATURES
        self.reach = max(reach, far)

    def forward(self, opponent: Tensor, phase: int | None = None) -> Tensor:
        """Responses (N, 7, H, W) of (N, 3, H, W), or those of the `quarter` of the pixels that `phase` names."""
        out: list[Tensor | None] = [None] * self.planes
        for source, down, along in self._lines(opponent, opponent.shape[2], opponent.shape[3], phase):
            middle = down.down(opponent[:, source])
            for target, across in along:
                response, before = across.along(middle), out[target]
                out[target] = response if before is None else before.add_(response)
        return torch.stack(out, 1)  # type: ignore[arg-type]  # each has a branch

    def adjoint(self, slopes: Tensor, height: int, width: int, phase: int | None = None) -> Tensor:
        """Gradient (N, 3, height, width) by the opponent colours, given that by the responses."""
        out = slopes.new_zeros(len(slopes), _COLOURS, height, width)
        for source, down, along in self._lines(slopes, height, width, phase):
            first, *rest = (across.along_adjoint(slopes[:, target]) for target, across in along)
            out[:, source] += down.down_adjoint(sum(rest, first))
        return out

    def _lines(
        self, like: Tensor, height: int, width: int, phase: int | None
    ) -> Iterator[tuple[int, Lines, list[tuple[int, Lines]]]]:
        (top, left), step = ((0, 0), 1) if phase is None else (quarter(phase), 2)
        for source, down, along in self.branches:
            rows = [(target, convolution(across, width, like, left, step)) for target, across in along]
            yield source, convolution(down, height, like, top, step), rows


def _balanced(taps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positive taps that sum to 1 and negative ones that sum to -1 (4.2)."""
    above: NDArray[np.float64] = taps.clip(min=0)
    below: NDArray[np.float64] = taps.clip(max=0)
    above /= above.sum()
    if below.any():
        below /= -below.sum()
    return above + below


@lru_cache(maxsize=8)
def _bank(pixels_per_degree: float) -> _Bank:
    return _Bank(pixels_per_degree)


class _Responses(torch.autograd.Function):
    """`_Bank.forward` with its adjoint as derivative."""

    @staticmethod
    def forward(ctx: Any, opponent: Tensor, bank: _Bank, phase: int | None) -> Tensor:
        ctx.bank, ctx.size, ctx.phase = bank, opponent.shape[2:], phase
        return bank.forward(opponent, phase)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor, None, None]:
        return ctx.bank.adjoint(above, *ctx.size, ctx.phase), None, None


def _lab(opponent: Tensor) -> Tensor:
    """Opponent colours (N, 3, P) to CIELAB with Hunt's adjustment: a* and b* count for less in the dark (4.1.2)."""
    light = F.hardtanh(combine(_LIGHT, opponent), 0, 1)
    x, y, z = lab_curve(combine(_XYZ, light)).unbind(1)
    lightness = 116 * y - 16
    return torch.stack((lightness, 5 * lightness * (x - y), 2 * lightness * (y - z)), 1)


def _hyab(a: Tensor, b: Tensor) -> Tensor:
    """Lightness difference plus distance in the a*, b* plane, (N, 3, P) twice -> (N, P) (4.1.2)."""
    lightness, red_green, blue_yellow = (a - b).unbind(1)
    chroma = red_green.square() + blue_yellow.square()
    return lightness.abs() + chroma / ((chroma + _ROUND_NORM**2).sqrt() + _ROUND_NORM)


def _norms(gradients: Tensor) -> Tensor:
    """Lengths (N, 2, P) of edges and points, from their parts along x (N, 2, P) and y (N, 2, P) one after the other."""
    along_x, along_y = gradients.chunk(2, 1)
    return (along_x.square() + along_y.square() + _ROUND_NORM**2).sqrt()


def _largest() -> float:
    """The largest colour difference of a screen, pure green to pure blue, to the power q_c (4.1.3)."""
    green, blue = (combine(_OPPONENT, torch.eye(3, dtype=torch.float64)[i].view(1, 3, 1)) for i in (1, 2))
    return math.pow(_hyab(_lab(green), _lab(blue)).item(), _COLOUR_EXPONENT)


_LARGEST: Final = _largest()


def _error(responses: Tensor, lab: Tensor, norms: Tensor) -> Tensor:
    """The error (N, 1, P) of a test picture's responses (N, 7, P) to a reference's colours and feature lengths."""
    colours, features = responses.split((_COLOURS, _FEATURES), 1)
    apart = _hyab(_lab(colours), lab)
    apart = apart * power(apart + _ROUND_COLOUR, _COLOUR_EXPONENT - 1)
    # Two straight pieces, the first much steeper: the curve is the lower of them.
    share, shown = _COLOUR_KNEE
    steep = apart * (shown / (share * _LARGEST))
    gentle = shown + (apart - share * _LARGEST) * ((1 - shown) / ((1 - share) * _LARGEST))
    colour = steep - F.relu(steep - gentle)

    edge, point = (_norms(features) - norms).abs().unbind(1)
    feature = (edge + F.relu(point - edge)) / math.sqrt(2)  # the larger of both
    feature = feature * power(feature + _ROUND_FEATURE, _FEATURE_EXPONENT - 1)
    # colour^(1 - feature). At most 1 but for rounding, which hardtanh cuts off.
    return F.hardtanh(colour * (-feature * (colour + _ROUND_ERROR).log()).exp(), 0, 1).unsqueeze(1)


class Flip:
    """FLIP of many test pictures against one reference, from which everything is worked out once.

    reference: (1, 3, H, W) sRGB in [0, 1], float32 or float64. pixels_per_degree: how many of the pictures' pixels a
    viewer sees in one degree; where one of them covers s x s pixels of the screen, PIXELS_PER_DEGREE / s. Raises
    ValueError where that is below 1.
    """

    @torch.no_grad()
    def __init__(self, reference: Tensor, pixels_per_degree: float = PIXELS_PER_DEGREE) -> None:
        self._filters = _bank(pixels_per_degree)
        responses = self._respond(reference)
        colours, features = responses.split((_COLOURS, _FEATURES), 1)
        self._lab, self._norms = _lab(colours), _norms(features)

    def _respond(self, picture: Tensor, phase: int | None = None) -> Tensor:
        # Each colour of a pixel by itself, as pixelwise() takes it.
        light = pixelwise(srgb_to_linear, picture.reshape(-1, 1, *picture.shape[2:])).view(picture.shape)
        opponent = combine(_OPPONENT, light)
        return _Responses.apply(opponent, self._filters, phase)  # type: ignore[no-any-return, no-untyped-call]

    def __call__(self, test: Tensor, phase: int | None = None) -> Tensor:
        """Error map (N, 1, H, W) in [0, 1] of test pictures (N, 3, H, W), of the reference's size, dtype and device.

        With a `phase`, the `quarter` of the map that it names, at a quarter of the time.
        """
        responses, lab, norms = self._respond(test, phase), self._lab, self._norms
        if phase is not None:
            top, left = quarter(phase)
            lab, norms = lab[:, :, top::2, left::2], norms[:, :, top::2, left::2]
        return pixelwise(_error, responses, lab, norms)

    def mean(self, test: Tensor, phase: int | None = None) -> Tensor:
        """Mean error (N,) of each test picture (N, 3, H, W), or of a quarter: the one figure that FLIP is quoted by."""
        return self(test, phase).mean((1, 2, 3))


def flip(reference: Tensor, test: Tensor, pixels_per_degree: float = PIXELS_PER_DEGREE) -> Tensor:
    """Error map (N, 1, H, W) of test pictures (N, 3, H, W) against one reference (1, 3, H, W); see `Flip`."""
    return Flip(reference, pixels_per_degree)(test)


def flip_mean_of_arrays(
    reference: NDArray[np.uint8], test: NDArray[np.uint8], pixels_per_degree: float = PIXELS_PER_DEGREE
) -> float:
    """Mean FLIP, in [0, 1], of two 8-bit pictures (H, W, 3) of any size; see `flip_of_arrays`."""
    strips = _strips(reference, test, pixels_per_degree)
    return sum(float(errors.sum(dtype=torch.float64)) for errors in strips) / float(reference[..., 0].size)


def flip_of_arrays(
    reference: NDArray[np.uint8], test: NDArray[np.uint8], pixels_per_degree: float = PIXELS_PER_DEGREE
) -> NDArray[np.float32]:
    """Error map (H, W), in [0, 1], of two 8-bit pictures (H, W, 3) of any size.

    Worked out in strips that overlap by the filters' reach, so it takes about 80 MB however tall the pictures are.
    Raises ValueError where the shapes differ.
    """
    return np.concatenate([errors.numpy() for errors in _strips(reference, test, pixels_per_degree)])


def _strips(reference: NDArray[np.uint8], test: NDArray[np.uint8], pixels_per_degree: float) -> Iterator[Tensor]:
    """The error map from top to bottom, some rows (h, W) at a time."""
    if reference.shape != test.shape:
        raise ValueError(f"the pictures differ in shape: {reference.shape} and {test.shape}")
    height, width, _ = reference.shape
    reach = _bank(pixels_per_degree).reach
    rows = max(_LEAST_ROWS, _STRIP // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        start, stop = max(0, top - reach), min(height, bottom + reach)
        with torch.no_grad():
            errors = flip(_tensor(reference[start:stop]), _tensor(test[start:stop]), pixels_per_degree)
        yield errors[0, 0, top - start : bottom - start]


def _tensor(picture: NDArray[np.uint8]) -> Tensor:
    return torch.tensor(picture).permute(2, 0, 1)[None].float() / 255
