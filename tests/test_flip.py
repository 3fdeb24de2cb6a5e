"""FLIP against its authors' evaluator, and what the loop needs of it: slopes, distances, strips."""

from __future__ import annotations

import io
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from torch import Tensor

from glaze.visibility import flip as module
from glaze.visibility.flip import PIXELS_PER_DEGREE, Flip, flip, flip_mean_of_arrays

ART: Final = Path(__file__).resolve().parents[2] / "shared" / "art"
PAINTINGS: Final = (
    "paintings/claude-monet__water-lilies",
    "paintings/piet-mondrian__composition-ii-in-red-blue-and-yellow",
    "ink_lineart/john-tenniel__alice-illustration-10",
    "photo/scikit-image-data__astronaut",
)

Picture = NDArray[np.uint8]


def tensor(picture: Picture, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.tensor(picture).permute(2, 0, 1)[None].to(dtype) / 255


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def drawn(width: int = 157, height: int = 120) -> Picture:
    """A picture with flat areas, thin lines, a gradient, saturated colours, black and white."""
    across = np.linspace(0, 255, width)[None, :, None] * np.array([1.0, 0.6, 0.2])
    image = Image.fromarray(np.broadcast_to(across, (height, width, 3)).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.rectangle((10, 10, 60, 50), "white")
    draw.rectangle((15, 60, 60, 110), "black")
    draw.ellipse((70, 20, 120, 70), "blue", outline="lime", width=2)
    for step in range(0, 60, 6):
        draw.line((12 + step, 12, 20, 12 + step // 2), "black")
    draw.polygon(((90, 115), (150, 80), (140, 118)), "red")
    return np.asarray(image)


def noisy(picture: Picture, strength: float, seed: int = 0) -> Picture:
    noise = np.random.default_rng(seed).normal(0, strength, picture.shape)
    return (picture + noise).round().clip(0, 255).astype(np.uint8)


def blurred(picture: Picture, radius: float) -> Picture:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def compressed(picture: Picture, quality: int) -> Picture:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def grey(picture: Picture) -> Picture:
    return np.asarray(Image.fromarray(picture).convert("L").convert("RGB"))


def flat(*colour: int, height: int = 40, width: int = 50) -> Picture:
    return np.full((height, width, 3), colour, np.uint8)


def pairs() -> dict[str, tuple[Picture, Picture]]:
    picture = drawn()
    static = np.random.default_rng(1).integers(0, 256, (90, 110, 3), dtype=np.uint8)
    out = {f"noise {strength}": (picture, noisy(picture, strength)) for strength in (0.7, 3, 10, 40, 120)}
    out |= {f"static, noise {strength}": (static, noisy(static, strength)) for strength in (2, 50)}
    out |= {f"blur {radius}": (picture, blurred(picture, radius)) for radius in (0.5, 2, 8)}
    out |= {f"jpeg {quality}": (picture, compressed(picture, quality)) for quality in (20, 60, 92)}
    out |= {"grey, noise": (grey(picture), grey(noisy(picture, 10))), "grey, tinted": (grey(picture), picture)}
    out |= {"moved": (picture, np.roll(picture, 1, 1)), "unrelated": (picture, picture[::-1, ::-1].copy())}
    out |= {"flat, 3 levels": (flat(200, 200, 200), flat(197, 197, 197)), "equal": (picture, picture)}
    out |= {"black, white": (flat(0, 0, 0), flat(255, 255, 255)), "green, blue": (flat(0, 255, 0), flat(0, 0, 255))}
    out |= {"smaller than the filters": (static[:5, :7], static[5:10, 7:14]), "one row": (static[:1], static[1:2])}
    return out


def authors(reference: Picture, test: Picture, pixels_per_degree: float | None = None) -> tuple[Tensor, float]:
    """Map (H, W) and mean of the FLIP authors' own program, at its default distance unless another is given."""
    evaluator = pytest.importorskip("flip_evaluator")
    settings = {} if pixels_per_degree is None else {"ppd": pixels_per_degree}
    arrays = (np.ascontiguousarray(each.astype(np.float32) / 255) for each in (reference, test))
    errors, mean, _ = evaluator.evaluate(*arrays, "LDR", applyMagma=False, parameters=settings)
    return torch.from_numpy(np.array(errors[..., 0])), float(mean)


@pytest.mark.parametrize("name", pairs())
def test_agrees_with_the_authors(name: str) -> None:
    reference, test = pairs()[name]
    errors, mean = authors(reference, test)
    found = flip(tensor(reference), tensor(test))[0, 0]
    assert abs(found.mean().item() - mean) < 1e-4
    assert (found - errors).abs().max() < 1e-3
    assert abs(flip_mean_of_arrays(reference, test) - mean) < 1e-4


@pytest.mark.parametrize("pixels_per_degree", [8.0, 11.5, 16.755, 33.5, 50.0, 90.0, 150.0])
def test_agrees_with_the_authors_at_other_distances(pixels_per_degree: float) -> None:
    reference, test = drawn(), noisy(drawn(), 12)
    errors, mean = authors(reference, test, pixels_per_degree)
    found = flip(tensor(reference), tensor(test), pixels_per_degree)[0, 0]
    assert abs(found.mean().item() - mean) < 1e-4
    assert (found - errors).abs().max() < 1e-3


@pytest.mark.parametrize("name", PAINTINGS)
def test_agrees_with_the_authors_on_art(name: str) -> None:
    files = sorted(ART.glob(f"{name}.*"))
    if not files:
        pytest.skip(f"{name} of ../shared/art is not on this machine")
    with Image.open(files[0]) as image:
        picture = image.convert("RGB")
    picture.thumbnail((320, 320))
    reference = np.asarray(picture)
    for test in (compressed(reference, 30), compressed(reference, 85), noisy(reference, 6), blurred(reference, 1)):
        assert abs(flip_mean_of_arrays(reference, test) - authors(reference, test)[1]) < 1e-4


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equal_pictures_have_no_error_and_no_slope(dtype: torch.dtype) -> None:
    for picture in (drawn(), flat(255, 255, 255), flat(0, 0, 0)):
        test = tensor(picture, dtype).requires_grad_()
        errors = Flip(tensor(picture, dtype))(test)
        errors.sum().backward()
        assert errors.dtype == dtype
        assert errors.abs().max() == 0
        assert test.grad is not None
        assert torch.equal(test.grad, torch.zeros_like(test))


def test_errors_lie_between_0_and_1() -> None:
    corners = [flat(*levels) for levels in product((0, 255), repeat=3)]
    mixed = random(1, 3, 40, 50).round().float()  # a corner of the cube at each pixel
    for one in [*map(tensor, corners), mixed]:
        for other in [*map(tensor, corners), mixed]:
            errors = flip(one, other)
            assert errors.shape == (1, 1, 40, 50)
            assert errors.min() >= 0
            assert errors.max() <= 1
    assert flip(tensor(flat(0, 255, 0)), tensor(flat(0, 0, 255))).min() > 0.999  # the largest there is


def test_either_picture_may_be_the_reference() -> None:
    one, other = tensor(drawn()), tensor(noisy(drawn(), 20))
    assert torch.allclose(flip(one, other), flip(other, one), rtol=0, atol=1e-6)


def test_turning_the_pictures_turns_the_errors() -> None:
    one, other = random(1, 3, 41, 50), random(1, 3, 41, 50, seed=1)
    errors = flip(one, other)
    assert torch.allclose(flip(one.flip(2), other.flip(2)), errors.flip(2), atol=1e-12)
    assert torch.allclose(flip(one.mT, other.mT), errors.mT, atol=1e-12)


def test_float32_agrees_with_float64() -> None:
    one, other = drawn(), compressed(drawn(), 50)
    coarse, fine = (flip(tensor(one, dtype), tensor(other, dtype)) for dtype in (torch.float32, torch.float64))
    assert fine.dtype == torch.float64
    assert (coarse - fine).abs().max() < 5e-4
    assert abs(coarse.mean() - fine.mean()) < 1e-5


def test_stronger_changes_are_seen_more() -> None:
    reference = Flip(tensor(drawn()))
    means = [reference.mean(tensor(noisy(drawn(), strength))).item() for strength in (0, 1, 3, 10, 30)]
    assert means == sorted(means)
    assert means[0] == 0


def test_a_picture_shown_larger_is_the_same_at_as_many_times_the_pixels() -> None:
    # The loop's canvas at a third of the distance stands for the screen, where it has 3 x 3 times the pixels.
    canvas = blurred(drawn(), 0.8), blurred(noisy(drawn(), 60), 0.8)
    large = (canvas[0].shape[1] * 3, canvas[0].shape[0] * 3)
    screen = [np.asarray(Image.fromarray(each).resize(large, Image.Resampling.BICUBIC)) for each in canvas]
    on_screen = flip_mean_of_arrays(screen[0], screen[1])
    assert flip_mean_of_arrays(*canvas, PIXELS_PER_DEGREE / 3) == pytest.approx(on_screen, rel=0.06)
    assert flip_mean_of_arrays(*canvas) < 0.9 * on_screen


def test_fine_noise_is_seen_less_from_afar() -> None:
    one, other = drawn(), noisy(drawn(), 20)
    means = [flip_mean_of_arrays(one, other, distance) for distance in (10, 20, 40, 80, 160)]
    assert means == sorted(means, reverse=True)


@pytest.mark.parametrize("distance", [0.0, -67.0, 0.5, float("nan")])
def test_a_distance_that_cannot_be_is_refused(distance: float) -> None:
    with pytest.raises(ValueError, match="pixels_per_degree"):
        Flip(random(1, 3, 8, 8), distance)


@pytest.mark.parametrize("pixels_per_degree", [20.0, PIXELS_PER_DEGREE])
def test_has_the_right_slopes(pixels_per_degree: float) -> None:
    # Two pictures smaller than the filters, so that every border counts.
    reference = Flip(random(1, 3, 3, 4) * 0.8 + 0.1, pixels_per_degree)
    test = (random(2, 3, 3, 4, seed=1) * 0.8 + 0.1).requires_grad_()
    assert torch.autograd.gradcheck(reference, test)
    assert torch.autograd.gradcheck(reference.mean, test)


def test_filters_and_their_adjoint_belong_together() -> None:
    # <A x, y> = <x, A* y>, on pictures of several blocks and of less than one.
    bank = module._bank(PIXELS_PER_DEGREE)
    for height, width in ((70, 45), (3, 100), (32, 64), (1, 1)):
        opponent, slopes = random(2, 3, height, width), random(2, bank.planes, height, width, seed=1)
        there, back = (bank.forward(opponent) * slopes).sum(), (opponent * bank.adjoint(slopes, height, width)).sum()
        assert there.item() == pytest.approx(back.item(), rel=1e-12)


@pytest.mark.parametrize("strength", [0.0, 1e-7, 1e-5, 1e-3, 0.1])
def test_slopes_are_finite_and_moderate(strength: float) -> None:
    for picture in (drawn(), flat(255, 255, 255), flat(0, 0, 0), flat(128, 128, 128), flat(0, 0, 255)):
        reference = tensor(picture)
        test = (reference + strength * (random(*reference.shape).float() - 0.5)).clamp(0, 1).requires_grad_()
        flip(reference, test).sum().backward()
        assert test.grad is not None
        assert torch.isfinite(test.grad).all()
        assert test.grad.abs().max() < 2000
        if strength >= 1e-3:
            assert (test.grad != 0).float().mean() > 0.5


def test_one_changed_pixel_has_a_finite_slope_everywhere() -> None:
    # Far from it only the wider filters notice: features differ where colours do not.
    reference = tensor(flat(90, 120, 60))
    test = reference.clone()
    test[..., 20, 25] = 1
    test.requires_grad_()
    flip(reference, test).sum().backward()
    assert test.grad is not None
    assert torch.isfinite(test.grad).all()


def test_descending_flip_restores_the_picture() -> None:
    original = tensor(drawn(64, 48))
    reference = Flip(original)
    test = tensor(noisy(drawn(64, 48), 30)).requires_grad_()
    before = reference.mean(test).item()
    optimiser = torch.optim.Adam([test], lr=0.01)
    for _ in range(30):
        optimiser.zero_grad()
        reference.mean(test).sum().backward()
        optimiser.step()
    assert reference.mean(test).item() < 0.6 * before


def test_many_pictures_against_one() -> None:
    reference, tests = random(1, 3, 20, 21), random(3, 3, 20, 21, seed=1)
    kept = Flip(reference)
    assert kept(tests).shape == (3, 1, 20, 21)
    assert kept.mean(tests).shape == (3,)
    for index in range(3):
        alone = flip(reference, tests[index : index + 1])
        assert torch.allclose(kept(tests)[index : index + 1], alone, atol=1e-12)
        assert kept.mean(tests)[index].item() == pytest.approx(alone.mean().item())


def test_a_picture_laid_out_otherwise_is_the_same() -> None:
    one, other = random(1, 3, 20, 21), random(1, 3, 20, 21, seed=1)
    errors = flip(one, other)
    last = [each.contiguous(memory_format=torch.channels_last) for each in (one, other)]
    assert torch.allclose(flip(last[0], last[1]), errors, atol=1e-12)


def test_strips_equal_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = drawn(60, 200), compressed(drawn(60, 200), 30)
    whole = flip(tensor(one), tensor(other)).mean().item()
    strips: list[int] = []

    def counted(reference: Tensor, test: Tensor, distance: float) -> Tensor:
        strips.append(reference.shape[2])
        return flip(reference, test, distance)

    monkeypatch.setattr(module, "flip", counted)
    monkeypatch.setattr(module, "_STRIP", 1)
    for rows in (1, 13, 64):
        monkeypatch.setattr(module, "_LEAST_ROWS", rows)
        strips.clear()
        assert flip_mean_of_arrays(one, other) == pytest.approx(whole, rel=1e-5)
        assert len(strips) == -(-200 // rows)
        assert max(strips) <= rows + 20  # the filters reach 10 rows


def test_arrays_must_fit() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        flip_mean_of_arrays(drawn(), drawn(100))
