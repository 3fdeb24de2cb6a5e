"""What the bundled network learns from: drawn pictures, in the form in which a folder of art is loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training import drawn
from training.data import Crops, load_folder
from training.drawn import SHORT_SIDE, draw_pictures

SUBJECTS = [draw for draw, _ in drawn._SUBJECTS]


@pytest.mark.parametrize("draw", [*SUBJECTS, drawn.style, drawn.composition], ids=lambda draw: draw.__name__)
def test_every_kind_of_picture(draw: drawn.Draw) -> None:
    pictures = [draw(np.random.default_rng(seed), 150, 100) for seed in range(6)]
    for picture in pictures:
        assert picture.shape == (100, 150, 3)
        assert picture.dtype == np.uint8
    assert any(picture.std() > 5 for picture in pictures)
    assert not np.array_equal(pictures[0], pictures[1])


def test_the_shares_are_shares() -> None:
    assert sum(share for _, share in drawn._SUBJECTS) == pytest.approx(1)


def test_pictures_come_as_a_folder_does(tmp_path: Path) -> None:
    Image.new("RGB", (640, 512), "red").save(tmp_path / "red.png")
    loaded, made = load_folder(tmp_path), draw_pictures(3, 5)
    assert len(made) == 3
    for scales in made:
        (picture,) = scales
        assert picture.dtype == loaded[0][0].dtype
        assert min(picture.shape[:2]) == SHORT_SIDE
        assert max(picture.shape[:2]) <= SHORT_SIDE * 1.5
    crops = Crops(loaded + made, 0).draw(4, 224)
    assert crops.shape == (4, 3, 224, 224)
    assert crops.min() >= 0
    assert crops.max() <= 1


def test_the_seed_decides() -> None:
    two, three, other = draw_pictures(2, 1), draw_pictures(3, 1), draw_pictures(2, 2)
    for first, second in zip(two, three, strict=False):
        np.testing.assert_array_equal(first[0], second[0])
    assert not np.array_equal(two[0][0], other[0][0])


def test_no_pictures_and_a_wrong_count() -> None:
    assert draw_pictures(0, 0) == []
    with pytest.raises(ValueError, match="-1"):
        draw_pictures(-1, 0)
