"""sRGB, CIELAB and CIEDE2000 against the published test data and scikit-image, and their gradients."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from glaze.visibility import colour
from glaze.visibility.colour import ciede2000, linear_to_srgb, pixelwise, rgb_to_lab, srgb_to_linear

# Table 1 of Sharma, Wu, Dalal 2005: L*, a*, b* of both colours and their difference.
SHARMA: Final = (
    (50.0000, 2.6772, -79.7751, 50.0000, 0.0000, -82.7485, 2.0425),
    (50.0000, 3.1571, -77.2803, 50.0000, 0.0000, -82.7485, 2.8615),
    (50.0000, 2.8361, -74.0200, 50.0000, 0.0000, -82.7485, 3.4412),
    (50.0000, -1.3802, -84.2814, 50.0000, 0.0000, -82.7485, 1.0000),
    (50.0000, -1.1848, -84.8006, 50.0000, 0.0000, -82.7485, 1.0000),
    (50.0000, -0.9009, -85.5211, 50.0000, 0.0000, -82.7485, 1.0000),
    (50.0000, 0.0000, 0.0000, 50.0000, -1.0000, 2.0000, 2.3669),
    (50.0000, -1.0000, 2.0000, 50.0000, 0.0000, 0.0000, 2.3669),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0009, 7.1792),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0010, 7.1792),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0011, 7.2195),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0012, 7.2195),
    (50.0000, -0.0010, 2.4900, 50.0000, 0.0009, -2.4900, 4.8045),
    (50.0000, -0.0010, 2.4900, 50.0000, 0.0010, -2.4900, 4.8045),
    (50.0000, -0.0010, 2.4900, 50.0000, 0.0011, -2.4900, 4.7461),
    (50.0000, 2.5000, 0.0000, 50.0000, 0.0000, -2.5000, 4.3065),
    (50.0000, 2.5000, 0.0000, 73.0000, 25.0000, -18.0000, 27.1492),
    (50.0000, 2.5000, 0.0000, 61.0000, -5.0000, 29.0000, 22.8977),
    (50.0000, 2.5000, 0.0000, 56.0000, -27.0000, -3.0000, 31.9030),
    (50.0000, 2.5000, 0.0000, 58.0000, 24.0000, 15.0000, 19.4535),
    (50.0000, 2.5000, 0.0000, 50.0000, 3.1736, 0.5854, 1.0000),
    (50.0000, 2.5000, 0.0000, 50.0000, 3.2972, 0.0000, 1.0000),
    (50.0000, 2.5000, 0.0000, 50.0000, 1.8634, 0.5757, 1.0000),
    (50.0000, 2.5000, 0.0000, 50.0000, 3.2592, 0.3350, 1.0000),
    (60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644),
    (63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630),
    (61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731),
    (35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645),
    (22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373),
    (36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146),
    (90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441),
    (90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381),
    (6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377),
    (2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082),
)
# Pairs of CIELAB colours where a naive formula has no slope: NaN or infinity.
SINGULAR: Final = {
    "both black": ((0, 0, 0), (0, 0, 0)),
    "equal greys": ((50, 0, 0), (50, 0, 0)),
    "two greys": ((50, 0, 0), (60, 0, 0)),
    "grey and colour": ((50, 0, 0), (50, 40, -30)),
    "colour and grey": ((50, 40, -30), (50, 0, 0)),
    "equal colours": ((50, 40, -30), (50, 40, -30)),
    "nearly equal colours": ((50, 40, -30), (50, 40 + 1e-6, -30)),
    "nearly grey": ((50, 1e-7, -1e-7), (51, 40, 0)),
    "one hue": ((50, 40, 0), (60, 20, 0)),
    "across hue 0": ((50, 40, 0.1), (50, 40, -0.1)),
    "opposite hues": ((50, 40, 0), (50, -40, 0)),
    "opposite hues, upright": ((50, 0, -40), (50, 0, 40)),
    "blue, where the ellipses turn": ((30, 30, -80), (30, 30, -80)),
}


def of(*colours: tuple[float, ...], dtype: torch.dtype = torch.float64) -> Tensor:
    """Colours as a picture (1, 3, 1, n)."""
    return torch.tensor(colours, dtype=dtype).T[None, :, None]


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def array(picture: Tensor) -> NDArray[np.float64]:
    """(1, C, H, W) as (H, W, C)."""
    return picture[0].permute(1, 2, 0).double().numpy()


def slope_of(lab_a: Tensor, lab_b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    lab_a, lab_b = lab_a.clone().requires_grad_(), lab_b.clone().requires_grad_()
    value = ciede2000(lab_a, lab_b)
    by_a, by_b = torch.autograd.grad(value.sum(), (lab_a, lab_b))
    return value.detach(), by_a, by_b


def test_linear_light_of_every_16_bit_level_is_the_standards() -> None:
    levels = np.arange(65536) / 65535
    wanted = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    found = srgb_to_linear(torch.from_numpy(levels)).numpy()
    assert np.abs(found - wanted).max() < 1e-12
    assert np.abs(linear_to_srgb(torch.from_numpy(wanted)).numpy() - levels).max() < 1e-12


def test_float32_keeps_every_16_bit_level() -> None:
    levels = torch.arange(65536, dtype=torch.float32) / 65535
    there_and_back = linear_to_srgb(srgb_to_linear(levels))
    assert torch.equal((there_and_back * 65535).round(), torch.arange(65536, dtype=torch.float32))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_lab_agrees_with_scikit_image(dtype: torch.dtype) -> None:
    skimage = pytest.importorskip("skimage.color")
    picture = random(1, 3, 64, 65, dtype=dtype)
    picture[..., 0] = torch.linspace(0, 1, 64, dtype=dtype)  # greys
    picture[..., 1] = picture[..., 1].round()  # the corners of the cube
    picture[..., 2] *= 0.02  # near black, where the curves are straight
    found = rgb_to_lab(picture)
    assert found.dtype == dtype
    assert np.abs(array(found) - skimage.rgb2lab(array(picture))).max() < 1e-3


def test_lab_of_white_grey_and_black() -> None:
    white, grey, black = array(rgb_to_lab(of((1, 1, 1), (0.5, 0.5, 0.5), (0, 0, 0))))[0]
    assert white == pytest.approx((100, 0, 0), abs=5e-3)
    assert grey == pytest.approx((53.389, 0, 0), abs=5e-3)
    assert black == pytest.approx((0, 0, 0), abs=1e-9)


def test_curves_have_the_right_slopes() -> None:
    inner = (random(1, 3, 3, 4) * 0.9 + 0.06).requires_grad_()
    dark = (random(1, 3, 3, 4, seed=1) * 0.02 + 0.001).requires_grad_()
    for picture in (inner, dark):
        assert torch.autograd.gradcheck(rgb_to_lab, picture)
        assert torch.autograd.gradcheck(srgb_to_linear, picture)
        assert torch.autograd.gradcheck(linear_to_srgb, picture)


@pytest.mark.parametrize("function", [rgb_to_lab, srgb_to_linear, linear_to_srgb])
@pytest.mark.parametrize("level", [0.0, 1 / 255, 0.04045, 1.0, -0.1, 1.1])
def test_curves_have_finite_slopes_everywhere(function: type[Tensor], level: float) -> None:
    picture = torch.full((1, 3, 2, 2), level).requires_grad_()
    value = function(picture)
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert picture.grad is not None
    assert torch.isfinite(picture.grad).all()
    assert picture.grad.abs().amax() > 0


@pytest.mark.parametrize(("dtype", "within"), [(torch.float64, 1e-4), (torch.float32, 2e-4)])
def test_ciede2000_agrees_with_the_published_pairs(dtype: torch.dtype, within: float) -> None:
    one = of(*(pair[:3] for pair in SHARMA), dtype=dtype)
    other = of(*(pair[3:6] for pair in SHARMA), dtype=dtype)
    wanted = np.array([pair[6] for pair in SHARMA])
    assert len(wanted) == 34
    for found in (ciede2000(one, other), ciede2000(other, one)):
        assert found.dtype == dtype
        assert found.shape == (1, 1, 1, 34)
        assert np.abs(found.flatten().double().numpy() - wanted).max() < within


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("apart", [0.002, 0.02, 0.2, 1.0])
def test_ciede2000_agrees_with_scikit_image(dtype: torch.dtype, apart: float) -> None:
    skimage = pytest.importorskip("skimage.color")
    picture = random(1, 3, 120, 121, dtype=dtype)
    other = (picture + apart * (random(1, 3, 120, 121, seed=1, dtype=dtype) - 0.5)).clamp(0, 1)
    one, other = rgb_to_lab(picture), rgb_to_lab(other)
    assert (
        np.abs(array(ciede2000(one, other))[..., 0] - skimage.deltaE_ciede2000(array(one), array(other))).max() < 1e-3
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_ciede2000_of_greys_agrees_with_scikit_image(dtype: torch.dtype) -> None:
    skimage = pytest.importorskip("skimage.color")
    lab = random(1, 3, 50, 51, dtype=dtype) * 100
    lab[:, 1:] -= 50
    grey = random(1, 3, 50, 51, seed=1, dtype=dtype) * 100
    grey[:, 1:] = 0
    for one, other in ((grey, grey.flip(3)), (grey, lab), (lab, grey)):
        wanted = skimage.deltaE_ciede2000(array(one), array(other))
        assert np.abs(array(ciede2000(one, other))[..., 0] - wanted).max() < 1e-3


def test_ciede2000_is_symmetric_and_0_for_equal_colours() -> None:
    one, other = (rgb_to_lab(random(1, 3, 40, 41, seed=seed)) for seed in (1, 2))
    assert torch.allclose(ciede2000(one, other), ciede2000(other, one), rtol=0, atol=1e-9)
    for dtype in (torch.float32, torch.float64):
        assert ciede2000(one.to(dtype), one.to(dtype)).abs().max() == 0
    assert ciede2000(one, other).min() > 0


def test_ciede2000_has_the_right_slopes() -> None:
    # Away from equal and opposite hues and from grey, where the formula has none.
    one = rgb_to_lab(random(1, 3, 3, 4) * 0.8 + 0.1)
    other = one + 8 * (random(1, 3, 3, 4, seed=1) - 0.5)
    one, other = one.requires_grad_(), other.requires_grad_()
    assert torch.autograd.gradcheck(ciede2000, (one, other))


@pytest.mark.parametrize("name", SINGULAR)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_ciede2000_has_finite_slopes_where_the_formula_has_none(name: str, dtype: torch.dtype) -> None:
    one, other = (of(each, dtype=dtype) for each in SINGULAR[name])
    value, *slopes = slope_of(one, other)
    assert torch.isfinite(value).all()
    for slope in slopes:
        assert torch.isfinite(slope).all()
        assert slope.abs().max() < 5


def test_descending_ciede2000_leads_to_the_colour() -> None:
    # From grey, across the blue where the ellipses turn, with slopes alone: they must point home all the way.
    wanted = of((40, 20, -60))
    lab = of((60, 0, 0)).requires_grad_()
    optimiser = torch.optim.Adam([lab], lr=0.5)
    for _ in range(400):
        optimiser.zero_grad()
        ciede2000(wanted, lab).sum().backward()
        optimiser.step()
    assert ciede2000(wanted, lab).item() < 0.5


def test_one_picture_against_many() -> None:
    one, many = random(1, 3, 6, 7) * 50, random(4, 3, 6, 7, seed=1) * 50
    found = ciede2000(one, many)
    assert found.shape == (4, 1, 6, 7)
    for index in range(4):
        assert torch.equal(found[index : index + 1], ciede2000(one, many[index : index + 1]))
    one.requires_grad_()
    together = torch.autograd.grad(ciede2000(one, many).sum(), one)[0]
    apart = sum(torch.autograd.grad(ciede2000(one, each[None]).sum(), one)[0] for each in many)
    assert isinstance(apart, Tensor)
    assert torch.allclose(together, apart)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = random(2, 3, 30, 31) * 50, random(2, 3, 30, 31, seed=1) * 50
    other = other.transpose(2, 3).contiguous().transpose(2, 3)  # a layout of its own
    whole = slope_of(one, other)
    monkeypatch.setattr(colour, "_CHUNK", 17)
    for found, wanted in zip(slope_of(one, other), whole, strict=True):
        assert torch.allclose(found, wanted, rtol=1e-12)
    assert torch.allclose(ciede2000(one, other), whole[0], rtol=1e-12)


def test_pixelwise_scales_slopes_by_what_lies_above() -> None:
    values = random(2, 3, 4, 5).requires_grad_()
    weights = random(2, 1, 4, 5, seed=1)
    (pixelwise(lambda v: v.prod(1, keepdim=True), values) * weights).sum().backward()
    wanted = torch.autograd.grad((values.prod(1, keepdim=True) * weights).sum(), values)[0]
    assert values.grad is not None
    assert torch.allclose(values.grad, wanted)


def test_no_gradient_is_kept_where_none_is_wanted() -> None:
    one = random(1, 3, 4, 5).requires_grad_()
    with torch.no_grad():
        assert not ciede2000(one, one).requires_grad
    assert not ciede2000(one.detach(), one.detach()).requires_grad
    with pytest.raises(RuntimeError):
        ciede2000(one, random(1, 3, 4, 6))
