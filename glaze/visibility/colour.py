"""Colour as people see it: sRGB, linear light, CIELAB, and the colour difference CIEDE2000.

Everything here can be differentiated once, with finite gradients everywhere. Where a formula has an infinite slope (a
root at 0, the hue of a grey) a small constant rounds it off; each says how far that moves the value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

# Linear sRGB (IEC 61966-2-1) to CIE XYZ, and the white of illuminant D65 for the 2 degree observer (CIE 15). These are
# the digits that scikit-image and OpenCV use, so that figures can be compared. They do not quite belong together: a
# grey's a* and b* come out as up to .005 instead of 0.
XYZ_OF_RGB: Final = (
    (0.412453, 0.357580, 0.180423),
    (0.212671, 0.715160, 0.072169),
    (0.019334, 0.119193, 0.950227),
)
WHITE: Final = (0.95047, 1.0, 1.08883)

# Where sRGB's straight part meets its power. The standard rounds this to .04045, which leaves a step of 2e-8; no 8- or
# 16-bit value lies between the two.
_SRGB_KNEE: Final = 0.0404482362771082
_SRGB_SLOPE: Final = 12.92
_LAB_KNEE: Final = (6 / 29) ** 3
_LAB_SLOPE: Final = (29 / 6) ** 2 / 3

_CHUNK: Final = 2**16  # pixels a thread works on at once: what a formula needs for them stays in the processor's cache

# A chroma never falls below this (greys have no hue, so no slope there), nor does the root that ends CIEDE2000 start
# from less. In CIELAB units; a result moves by no more than about as much.
_ROUND: Final = 1e-5
_BLUNT: Final = 0.01  # of chromas about as small (8-bit greys come to .005), the hue's slope is held below 1 / .02
_NO_HUE: Final = 1e-6  # leans the mean hue of two greys to 0, where the standard puts it; turns others by < 1e-6 rad


def _multiply_out() -> tuple[float, ...]:
    """T = 1 - .17 cos(h - 30) + .24 cos(2h) + .32 cos(3h + 6) - .20 cos(4h - 63) as a polynomial.

    With x = cos(h), y = sin(h), q = cos(2h) = 2 x^2 - 1: cos(3h) = x (2q - 1), sin(3h) = y (2q + 1),
    cos(4h) = 2 q^2 - 1, sin(4h) = 4 q x y.
    """
    (c1, s1), (c3, s3), (c4, s4) = (
        (size * math.cos(math.radians(at)), size * math.sin(math.radians(at)))
        for size, at in ((-0.17, 30), (0.32, -6), (-0.20, 63))
    )
    return 1 - c4, c1 - c3, 2 * c3, s1 + s3, 2 * s3, 0.24, 2 * c4, 4 * s4


_T: Final = _multiply_out()


def combine(matrix: Sequence[Sequence[float]], planes: Tensor) -> Tensor:
    """The same 3x3 matrix at every pixel of (N, 3, H, W) or (N, 3, P)."""
    weights = torch.tensor(matrix, dtype=planes.dtype, device=planes.device)
    return torch.einsum("ij,nj...->ni...", weights, planes)


def power(base: Tensor, exponent: float) -> Tensor:
    """base ** exponent for a base above 0, at half the time of torch's: its backward pass needs no second power."""
    return (base.log() * exponent).exp()


def _split(values: Tensor, knee: float) -> tuple[Tensor, Tensor]:
    """max(values, knee) and min(values, knee), by a ReLU: comparing and choosing would take ten times as long."""
    above = F.relu(values - knee)
    return above + knee, values - above


def srgb_to_linear(picture: Tensor) -> Tensor:
    """sRGB in [0, 1], any shape, to linear light in [0, 1] (IEC 61966-2-1)."""
    high, low = _split(picture, _SRGB_KNEE)
    return power((high + 0.055) / 1.055, 2.4) + (low - _SRGB_KNEE) / _SRGB_SLOPE


def linear_to_srgb(light: Tensor) -> Tensor:
    """Linear light in [0, 1], any shape, to sRGB in [0, 1] (IEC 61966-2-1)."""
    high, low = _split(light, _SRGB_KNEE / _SRGB_SLOPE)
    return 1.055 * power(high, 1 / 2.4) - 0.055 + low * _SRGB_SLOPE - _SRGB_KNEE


def lab_curve(ratio: Tensor) -> Tensor:
    """CIELAB's f (CIE 15:2004, 8.2.1.1) of X/Xn, Y/Yn or Z/Zn, any shape: a cube root that is straight near 0."""
    high, low = _split(ratio, _LAB_KNEE)
    return power(high, 1 / 3) + (low - _LAB_KNEE) * _LAB_SLOPE


def rgb_to_lab(picture: Tensor) -> Tensor:
    """sRGB (N, 3, H, W) in [0, 1] to CIELAB, D65, 2 degree observer: L* in [0, 100], a* and b* within +-128."""
    relative = [[value / white for value in row] for row, white in zip(XYZ_OF_RGB, WHITE, strict=True)]
    x, y, z = lab_curve(combine(relative, srgb_to_linear(picture))).unbind(1)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), 1)


def ciede2000(lab_a: Tensor, lab_b: Tensor) -> Tensor:
    """CIEDE2000 colour difference of two CIELAB pictures (N, 3, H, W), or one (1, 3, H, W) with many: (N, 1, H, W).

    0 for equal colours, about 1 where a careful eye just sees a difference, up to about 120. All k are 1. Sharma, Wu,
    Dalal, "The CIEDE2000 color-difference formula", Color Research & Application 30(1), 2005, doi:10.1002/col.20070.
    """
    return pixelwise(_ciede2000, lab_a, lab_b)


def difference_to(lab: Tensor, picture: Tensor) -> Tensor:
    """`ciede2000` of one picture in CIELAB and another in sRGB in [0, 1], (N, 3, H, W) or (N, 3, P): (N, 1, ...).

    At one go, so that the second's conversion stays in the processor's cache.
    """
    return pixelwise(lambda rgb, reference: _ciede2000(reference, rgb_to_lab(rgb)), picture, lab)


def _chroma(a: Tensor, b: Tensor) -> Tensor:
    return (a * a + b * b + _ROUND**2).sqrt()


def _saturation(chroma: Tensor) -> Tensor:
    """sqrt(C^7 / (C^7 + 25^7)), written so that no power under- or overflows its root's slope."""
    ratio = chroma / 25
    cube = ratio * ratio * ratio
    return cube * ratio.sqrt() * (1 + cube * cube * ratio).rsqrt()


def _hue(a: Tensor, b: Tensor, chroma: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine of the hue. A grey's are 0, or turn with the last digits: slopes fade where chroma does."""
    squared = chroma.detach().square()
    share = squared / (squared + _BLUNT**2)
    x, y = a / chroma, b / chroma
    return torch.lerp(x.detach(), x, share), torch.lerp(y.detach(), y, share)  # the values of x, y; a share of slope


@torch.no_grad()
def _turn(a1: Tensor, b1: Tensor, a2: Tensor, b2: Tensor) -> Tensor:
    """Which way the shorter arc from hue 1 to hue 2 goes: 1, -1, or 0 where there is none."""
    side = (a1 * b2 - a2 * b1).sign()
    # Exactly opposite hues: the paper's rules then run the arc over the half circle that starts at a hue in [0, 180).
    opposite = (1 - side.abs()) * F.relu(-(a1 * a2 + b1 * b2).sign())
    return side + opposite * (2 * b1.sign() + a1.sign()).sign()


def _ciede2000(lab_a: Tensor, lab_b: Tensor) -> Tensor:
    """The formula for (N, 3, P). Hues are kept as unit vectors: no angle wraps, and few need a trigonometric function.

    The numbers of Sharma et al.'s equations stand at the end of each step.
    """
    (l1, a1, b1), (l2, a2, b2) = lab_a.unbind(1), lab_b.unbind(1)
    stretch = 1.5 - 0.5 * _saturation((_chroma(a1, b1) + _chroma(a2, b2)) / 2)  # 1 + G: 2-4
    a1, a2 = a1 * stretch, a2 * stretch  # 5
    c1, c2 = _chroma(a1, b1), _chroma(a2, b2)  # 6
    (x1, y1), (x2, y2) = _hue(a1, b1, c1), _hue(a2, b2, c2)  # (cos, sin) of 7
    across_x, across_y = x2 - x1, y2 - y1

    # The mean hue halves the shorter arc. The sum of both hues points there, but vanishes for opposite ones; so does,
    # turned by 90 degrees, their difference, which vanishes for equal ones. Together they never do.
    turn = _turn(a1, b1, a2, b2)
    x, y = x1 + x2 + turn * across_y + _NO_HUE, y1 + y2 - turn * across_x
    length = (x * x + y * y).rsqrt()
    x, y = x * length, y * length  # (cos, sin) of 14

    lightness = l2 - l1  # 8
    chroma = c2 - c1  # 9
    hue = (c1 * c2).sqrt() * (across_y * x - across_x * y)  # 10, 11

    q = 2 * x * x - 1
    t = _T[0] + x * (_T[1] + _T[2] * q) + y * (_T[3] + _T[4] * q) + q * (_T[5] + _T[6] * q + _T[7] * (x * y))  # 15

    mean_c = (c1 + c2) / 2  # 13
    offset = ((l1 + l2) / 2 - 50).square()  # 12
    s_l = 1 + 0.015 * offset * (20 + offset).rsqrt()  # 18
    s_c = 1 + 0.045 * mean_c  # 19
    s_h = 1 + 0.015 * mean_c * t  # 20
    from_blue = torch.atan2(_at(x, y, 275 + 90), _at(x, y, 275)) * (math.degrees(1) / 25)
    rotation = (math.radians(60) * (-from_blue.square()).exp()).sin() * -2 * _saturation(mean_c)  # 16, 17, 21

    lightness, chroma, hue = lightness / s_l, chroma / s_c, hue / s_h
    total = lightness.square() + chroma.square() + hue.square() + rotation * chroma * hue  # 22
    return (total / ((total + _ROUND**2).sqrt() + _ROUND)).unsqueeze(1)  # a root whose slope at 0 is finite


def _at(x: Tensor, y: Tensor, degrees: float) -> Tensor:
    """cos(h - degrees) where x, y are the cosine and sine of h."""
    return math.cos(math.radians(degrees)) * x + math.sin(math.radians(degrees)) * y


def pixelwise(formula: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """`formula` at every pixel: inputs (N or 1, C, H, W) of their own C each, one dtype and device -> (N, 1, H, W).

    formula takes the inputs as (N, C, P), some of the pixels in a row, and returns (N, 1, P); what it gives for a pixel
    must depend on that pixel alone. A chunk of pixels at a time: a long formula on a large picture would otherwise
    write and read each of its many intermediate results, and keep them for the backward pass. Raises RuntimeError
    (torch's own) where the shapes do not fit.
    """
    shape = torch.broadcast_shapes(*((each.shape[0], 1, *each.shape[2:]) for each in inputs))
    inputs = tuple(each.expand(shape[0], -1, *shape[2:]) for each in inputs)
    if torch.is_grad_enabled() and any(each.requires_grad for each in inputs):
        return _Pixelwise.apply(formula, *inputs)  # type: ignore[no-any-return, no-untyped-call]
    out = inputs[0].new_empty(shape)
    flat = [each.flatten(2) for each in inputs]
    for chunk in _chunks(out):
        out.flatten(2)[..., chunk] = formula(*(each[..., chunk] for each in flat))
    return out


def _chunks(out: Tensor) -> Iterator[slice]:
    pixels = out.shape[-2] * out.shape[-1]
    step = _CHUNK * torch.get_num_threads() if out.device.type == "cpu" else pixels
    return (slice(start, start + step) for start in range(0, pixels, step))


class _Pixelwise(torch.autograd.Function):
    """`pixelwise` with its derivative, which is taken in the forward pass while a chunk is at hand."""

    @staticmethod
    def forward(ctx: Any, formula: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
        wanted = [index for index, needed in enumerate(ctx.needs_input_grad[1:]) if needed]
        out = inputs[0].new_empty(inputs[0].shape[0], 1, *inputs[0].shape[2:])
        slopes = [torch.empty_like(inputs[index], memory_format=torch.contiguous_format) for index in wanted]
        flat = [each.detach().flatten(2) for each in inputs]
        for chunk in _chunks(out):
            part = [each[..., chunk].detach() for each in flat]
            for index in wanted:
                part[index].requires_grad_()
            with torch.enable_grad():
                value = formula(*part)
            out.flatten(2)[..., chunk] = value.detach()
            # A pixel's value depends on that pixel alone, so the gradient of their sum holds the slope of each.
            found = torch.autograd.grad(value, [part[index] for index in wanted], torch.ones_like(value))
            for slope, piece in zip(slopes, found, strict=True):
                slope.flatten(2)[..., chunk] = piece
        ctx.save_for_backward(*slopes)
        ctx.wanted = wanted
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor | None, ...]:
        out: list[Tensor | None] = [None] * len(ctx.needs_input_grad)
        for index, slope in zip(ctx.wanted, ctx.saved_tensors, strict=True):
            out[1 + index] = above * slope
        return tuple(out)
