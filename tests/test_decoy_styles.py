"""The decoy styles: there for every size, the same for every run, full of texture, and each unlike the others."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from glaze.decoys.styles import LEAST_SIDE, STYLES, draw_style
from glaze.errors import DecoyError

EVERY_STYLE = pytest.mark.parametrize("name", list(STYLES))
Values = NDArray[np.floating]


def windows_contrast(picture: NDArray[np.uint8], side: int) -> Values:
    """The standard deviation, in 8-bit levels, of every window of `side` px (mean variance over the channels)."""
    values = picture.astype(float)

    def mean(field: Values) -> Values:
        total = np.pad(field.cumsum(0).cumsum(1), ((1, 0), (1, 0), (0, 0)))
        inside: Values = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
        return inside / side**2

    contrast: Values = np.sqrt((mean(values**2) - mean(values) ** 2).clip(0).mean(2))
    return contrast


def texture(picture: NDArray[np.uint8]) -> Values:
    """What kind of texture a picture has, blind to its colours and its contrast: 30 numbers."""
    grey = picture.astype(float).mean(2)
    found: list[float] = []
    for _ in range(5):
        down, right = np.gradient(grey)
        size = np.hypot(down, right) + 1e-9
        half = grey[: grey.shape[0] // 2 * 2, : grey.shape[1] // 2 * 2]
        half = half.reshape(half.shape[0] // 2, 2, half.shape[1] // 2, 2).mean((1, 3))
        fine = grey[: 2 * half.shape[0], : 2 * half.shape[1]] - half.repeat(2, 0).repeat(2, 1)
        normal = (fine - fine.mean()) / (fine.std() + 1e-9)
        found += [
            float(np.log(fine.std() / picture.std() + 1e-6)),
            float((normal**3).mean()),
            float(np.log((normal**4).mean())),
            float(size.std() / size.mean()),
            float(np.log((right**2).mean() / (down**2).mean())),
            float(np.abs(down * right).mean() / (size**2).mean()),
        ]
        grey = half
    return np.array(found)


def test_there_are_many_and_each_can_be_told_to_a_model() -> None:
    assert len(STYLES) >= 12
    descriptions = {style.description for style in STYLES.values()}
    assert len(descriptions) == len(STYLES)
    for name, style in STYLES.items():
        assert style.name == name == name.lower()
        assert len(style.description.split()) >= 6


@EVERY_STYLE
@pytest.mark.parametrize(("width", "height"), [(64, 64), (64, 200), (301, 97)])
def test_any_size_and_aspect(name: str, width: int, height: int) -> None:
    picture = draw_style(name, 1, width, height)
    assert picture.shape == (height, width, 3)
    assert picture.dtype == np.uint8
    assert np.ptp(picture) > 100


@EVERY_STYLE
def test_the_seed_decides_and_nothing_else(name: str) -> None:
    picture = draw_style(name, 7, 160, 120)
    np.random.seed(99)  # noqa: NPY002  (the global generator must not matter)
    np.testing.assert_array_equal(draw_style(name, 7, 160, 120), picture)
    other = draw_style(name, 8, 160, 120)
    assert np.abs(other.astype(int) - picture).mean() > 8


@EVERY_STYLE
def test_texture_is_everywhere(name: str) -> None:
    contrast = windows_contrast(draw_style(name, 3, 512, 512), 24)
    assert contrast.min() > 3.5
    assert np.quantile(contrast, 0.01) > 8
    assert np.median(contrast) > 20


@EVERY_STYLE
def test_marks_grow_with_the_picture(name: str) -> None:
    """Seen at half the scale, a picture twice as large has no finer texture: as much of its contrast is local."""

    def local(picture: NDArray[np.uint8]) -> float:
        return float(windows_contrast(picture, 10).mean() / picture.std())

    small = [local(draw_style(name, seed, 192, 192)) for seed in range(2)]
    large = [draw_style(name, seed, 384, 384).reshape(192, 2, 192, 2, 3).mean((1, 3)) for seed in range(2)]
    ratio = np.mean(small) / np.mean([local(picture.astype(np.uint8)) for picture in large])
    assert 0.75 < ratio < 1.33


@EVERY_STYLE
def test_palettes_vary(name: str) -> None:
    means = np.array([draw_style(name, seed, 64, 64).mean((0, 1)) for seed in range(6)])
    assert np.ptp(means, axis=0).max() > 12


def test_textures_tell_the_styles_apart() -> None:
    """Without colours, the picture most like a picture is nearly always one of the same style."""
    names = [name for name in STYLES for _ in range(3)]
    found = np.array([texture(draw_style(name, seed % 3, 192, 192)) for seed, name in enumerate(names)])
    found = (found - found.mean(0)) / found.std(0)
    apart = np.linalg.norm(found[:, None] - found[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = [names[i] for i in apart.argmin(1)]
    assert np.mean([a == b for a, b in zip(nearest, names, strict=True)]) > 0.8


def test_styles_of_one_seed_do_not_share_their_forms() -> None:
    one, other = (draw_style(name, 0, 128, 128).astype(float).mean(2) for name in ("impasto", "pastel"))
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.5


def test_an_unknown_style_is_named_with_the_choices() -> None:
    with pytest.raises(DecoyError, match="'crochet'") as caught:
        draw_style("crochet", 0, 64, 64)
    assert caught.value.key == "unknown_style"
    assert "mosaic" in str(caught.value)


@pytest.mark.parametrize(("width", "height"), [(LEAST_SIDE - 1, 200), (200, LEAST_SIDE - 1), (0, 0)])
def test_too_small_is_a_mistake_of_the_caller(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="at least 64 px"):
        draw_style("mosaic", 0, width, height)
