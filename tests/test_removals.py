"""Each removal attempt: what it does to a picture, and that gradients come back through it."""

from __future__ import annotations

import pytest
import torch

from glaze.removals import REMOVALS, TYPICAL
from tests.doubles import picture_of_everything


@pytest.mark.parametrize("name", REMOVALS)
@pytest.mark.parametrize("size", [(160, 128), (97, 65)])
def test_a_removal_changes_the_picture_and_keeps_its_shape_and_range(name: str, size: tuple[int, int]) -> None:
    picture = picture_of_everything(*size)
    washed = REMOVALS[name](picture, TYPICAL, 1)
    assert washed.shape == picture.shape
    assert 0 <= washed.min() <= washed.max() <= 1
    assert (washed - picture).abs().mean() > 1e-4


@pytest.mark.parametrize("name", REMOVALS)
def test_harsh_changes_more_than_mild(name: str) -> None:
    picture = picture_of_everything()
    mild, harsh = (REMOVALS[name](picture, strength, 1) for strength in (0.0, 1.0))
    assert (harsh - picture).square().mean() > (mild - picture).square().mean()


@pytest.mark.parametrize("name", REMOVALS)
def test_gradients_come_back_finite_and_not_zero(name: str) -> None:
    picture = picture_of_everything().requires_grad_(True)
    weights = torch.randn(picture.shape, generator=torch.Generator().manual_seed(3))
    (REMOVALS[name](picture, TYPICAL, 1) * weights).sum().backward()
    assert picture.grad is not None
    assert picture.grad.isfinite().all()
    assert picture.grad.abs().mean() > 1e-3


@pytest.mark.parametrize("name", REMOVALS)
def test_the_same_seed_gives_the_same_and_all_pictures_of_a_batch_get_the_same_chance(name: str) -> None:
    picture = picture_of_everything()
    both = REMOVALS[name](torch.cat([picture, picture]), TYPICAL, 5)
    torch.testing.assert_close(both[0], both[1])
    torch.testing.assert_close(both[:1], REMOVALS[name](picture, TYPICAL, 5))


def test_noise_and_crop_depend_on_the_seed() -> None:
    picture = picture_of_everything()
    for name in ("noise", "crop", "photo"):
        assert not torch.equal(REMOVALS[name](picture, TYPICAL, 1), REMOVALS[name](picture, TYPICAL, 2))


def test_the_seven_attempts_that_artists_are_told_of_are_all_there() -> None:
    assert list(REMOVALS) == ["photo", "crop", "denoise", "resize", "compress", "smooth", "noise"]
