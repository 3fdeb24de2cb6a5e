"""Previews, with the real network on a small canvas."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glaze.artwork import open_artwork
from glaze.canvas import canvas_size
from glaze.cloak import Iterate
from glaze.decoys.choose import _CENTROIDS
from glaze.decoys.styles import STYLES, _sample, draw_style
from glaze.errors import ArtworkNotFound, ArtworkTooPlain, Cancelled
from glaze.glazing import prepare
from glaze.preview import STEPS, _short_side, get_ready, preview
from glaze.report import what_is_seen
from glaze.settings import Effort, GlazeSettings, Intensity, Render
from glaze.visibility.figures import SCREEN_SIDE
from tests.doubles import as_pixels, picture_of_everything


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Render, "effort", property(lambda _: Effort(steps=3, canvas=160)))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "studie 夏.png"
    Image.fromarray(draw_style("knife", 5, 200, 150)).save(path)
    return path


def test_getting_ready_draws_the_candidates() -> None:
    _sample.cache_clear()
    _CENTROIDS.clear()
    get_ready(GlazeSettings())
    assert _sample.cache_info().currsize == len(STYLES)


def test_it_is_seen_and_moves_the_style_and_nothing_is_written(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLAZE_PACE", str(tmp_path / "pace.json"))
    digest = hashlib.sha256(picture.read_bytes()).hexdigest()
    iterates: list[Iterate] = []
    seen = preview(picture, GlazeSettings(intensity=Intensity.LOW), on_iterate=iterates.append)
    assert [path.name for path in tmp_path.iterdir()] == [picture.name], "no glaze, and nothing learned of the pace"
    assert hashlib.sha256(picture.read_bytes()).hexdigest() == digest
    assert np.array_equal(seen.before, np.asarray(Image.open(picture)))
    assert seen.after.shape == seen.before.shape
    assert seen.after.dtype == np.uint8
    assert 0 < np.abs(seen.after.astype(int) - seen.before).mean() < 6
    assert seen.visibility.within(Intensity.LOW.budget)
    assert seen.mean_style_distance > 1
    assert seen.seen_before.shape == seen.seen_after.shape == seen.seen_decoy.shape
    assert not np.array_equal(seen.seen_before, seen.seen_after)
    assert [iterate.step for iterate in iterates] == list(range(1, STEPS + 1))


def test_it_shows_what_a_model_sees_and_has_the_decoy_of_a_glaze(picture: Path) -> None:
    artwork, settings = open_artwork(picture), GlazeSettings(seed=1)
    seen, glaze = preview(picture, settings), prepare(artwork, settings)
    assert seen.decoy_style == glaze.decoy_style
    start = prepare(artwork, settings, glaze.decoy_style, short_side=_short_side(200, 150, 160))
    encoder = start.tools.encoder
    assert np.array_equal(seen.seen_before, what_is_seen(encoder.encode(start.trained), encoder))
    assert np.array_equal(seen.seen_decoy, what_is_seen(encoder.encode(start.redrawn), encoder))


@pytest.mark.parametrize(("width", "height"), [(640, 640), (1280, 720), (300, 900), (4000, 400)])
def test_a_wide_picture_costs_no_more_than_a_square_one(width: int, height: int) -> None:
    across, down = canvas_size(width, height, _short_side(width, height, 512))
    assert across * down <= 512**2 * 1.01


def test_a_large_picture_is_shown_as_a_screen_shows_it(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.fromarray(draw_style("knife", 5, 700, 100)).resize((2100, 300)).save(path)
    seen = preview(path)
    assert seen.before.shape == seen.after.shape == (round(300 * SCREEN_SIDE / 2100), SCREEN_SIDE, 3)


def test_grey_art_stays_grey(tmp_path: Path) -> None:
    path = tmp_path / "ink.png"
    Image.fromarray(as_pixels(picture_of_everything(200, 160))).convert("L").save(path)
    seen = preview(path)
    assert seen.visibility.tint == 0
    assert (np.ptp(seen.after, axis=2) == 0).all()


def test_what_is_transparent_is_white_and_stays_so(tmp_path: Path) -> None:
    alpha = np.full((160, 200), 255, np.uint8)
    alpha[:60] = 0
    path = tmp_path / "figure.png"
    Image.fromarray(np.dstack([draw_style("knife", 5, 200, 160), alpha])).save(path)
    seen = preview(path)
    assert (seen.before[:60] == 255).all()
    assert (seen.after[:58] == 255).all()
    assert not np.array_equal(seen.before, seen.after)


def test_it_can_be_stopped(picture: Path) -> None:
    steps: list[Iterate] = []
    with pytest.raises(Cancelled):
        preview(picture, on_iterate=steps.append, cancelled=lambda: len(steps) >= 1)
    assert len(steps) == 1


def test_what_cannot_be_glazed_cannot_be_previewed(tmp_path: Path) -> None:
    blank = tmp_path / "blank.png"
    Image.new("RGB", (120, 120), "white").save(blank)
    with pytest.raises(ArtworkTooPlain):
        preview(blank)
    with pytest.raises(ArtworkNotFound):
        preview(tmp_path / "none.png")
