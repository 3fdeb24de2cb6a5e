"""The protection report."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from glaze.canvas import make_canvas
from glaze.outcome import Report
from glaze.removals import REMOVALS
from glaze.report import ground, make_report
from tests.doubles import LinearEncoder, artwork_of, picture_of_everything


def test_an_untouched_picture_did_not_move_and_the_decoy_itself_went_all_the_way() -> None:
    artwork = picture_of_everything()
    redrawn = (artwork + 0.2 * torch.sin(torch.arange(160) / 9.0)).clamp(0, 1)
    still = make_report(artwork, artwork, redrawn, LinearEncoder())
    assert still.mean_style_distance == pytest.approx(0)
    there = make_report(artwork, redrawn, redrawn, LinearEncoder())
    assert there.mean_style_distance == pytest.approx(100)
    half = make_report(artwork, (artwork + redrawn) / 2, redrawn, LinearEncoder())
    assert half.mean_style_distance == pytest.approx(50, abs=1)


def test_every_family_and_removal_has_a_figure_and_fine_grain_does_not_survive_a_blur() -> None:
    artwork = picture_of_everything()
    redrawn = (artwork + 0.2 * torch.sin(torch.arange(160) / 9.0)).clamp(0, 1)
    report = make_report(artwork, (artwork + redrawn) / 2, redrawn, LinearEncoder())
    for row in report.style_distance.values():
        assert list(row) == ["none", *REMOVALS]
    assert list(report.survival) == list(REMOVALS)
    assert 0.7 < report.survival["compress"] <= 1.2  # a wave of 57 px survives JPEG
    fine = (artwork + 0.1 * torch.sign(torch.sin(torch.arange(160) * 3.0))).clamp(0, 1)
    aimed_fine = make_report(artwork, fine, fine, LinearEncoder())
    assert aimed_fine.survival["smooth"] < 0.6


def test_what_a_crop_keeps_survives_it() -> None:
    artwork = picture_of_everything()
    redrawn = (artwork + 0.2 * torch.sin(torch.arange(160) / 9.0)).clamp(0, 1)
    report = make_report(artwork, (artwork + redrawn) / 2, redrawn, LinearEncoder())
    # A wave of 57 px, half a wave away after the crop: toward a goal that stayed it would lead nowhere.
    assert report.survival["crop"] > 0.8


def test_the_figures_are_ready_for_json_and_the_pictures_for_the_page() -> None:
    artwork = picture_of_everything()
    redrawn = artwork.flip(3)
    report = make_report(artwork, (artwork * 0.9 + redrawn * 0.1), redrawn, LinearEncoder())
    parsed = json.loads(json.dumps(report.as_dict()))
    assert set(parsed) == {
        "style_distance_percent",
        "survival",
        "mean_style_distance_percent",
        "mean_survival",
        "strength_percent",
        "genres",
    }
    for picture in (report.seen_before, report.seen_after, report.seen_decoy):
        assert picture.shape == (128, 160, 3)
        assert picture.dtype.name == "uint8"


def test_strength_is_what_removals_leave_and_never_more_than_there_was() -> None:
    shown = np.zeros((1, 1, 3), np.uint8)
    moved = {"a": {"none": 10.0}, "b": {"none": 30.0}}
    assert Report(moved, {"crop": 0.5, "noise": 0.7}, shown, shown, shown).strength == pytest.approx(12)
    assert Report(moved, {"crop": 1.5, "noise": 1.1}, shown, shown, shown).strength == pytest.approx(20)


def test_the_ground_is_what_may_not_change_and_what_is_smooth() -> None:
    pixels = np.full((100, 200, 3), 255, np.uint8)
    pixels[:, 50:100] = 120
    pixels[:, 100:] = np.random.default_rng(0).integers(60, 200, (100, 100, 3))
    seen = ground(make_canvas(artwork_of(pixels), 100))
    assert seen.closed == pytest.approx(0.25, abs=0.02)
    assert seen.flat == pytest.approx(0.25, abs=0.05)
