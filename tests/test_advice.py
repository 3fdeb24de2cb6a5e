"""What is advised where a glaze is weaker than its settings promise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from glaze.advice import Advice, Ground, advise
from glaze.settings import GlazeSettings, Intensity, Render

OPEN = Ground(closed=0.05, flat=0.1)
DEFAULT = GlazeSettings()
BUDGET = DEFAULT.intensity.budget
# One bound is all used up, or none by half.
HELD_BACK = {"lpips": BUDGET.lpips * 0.2, "flip": BUDGET.flip * 0.97, "flat": 0.0, "colour": BUDGET.colour * 0.3}
FREE = {name: figure * 0.5 for name, figure in HELD_BACK.items()}


def keys(
    strength: float,
    figures: dict[str, float] = HELD_BACK,
    settings: GlazeSettings = DEFAULT,
    ground: Ground = OPEN,
) -> list[str]:
    return [advice.key for advice in advise(strength, figures, settings, ground)]


def test_a_glaze_that_keeps_its_promise_is_not_flagged() -> None:
    assert keys(DEFAULT.target) == []
    assert keys(DEFAULT.target + 30, ground=Ground(closed=0.9, flat=0.05)) == []


def test_one_that_does_not_is_told_both_figures() -> None:
    [advice] = advise(DEFAULT.target - 5, HELD_BACK, DEFAULT, OPEN)
    assert f"{DEFAULT.target - 5:.0f} %" in str(advice)
    assert f"{DEFAULT.target:.0f} %" in str(advice)


def test_figures_that_are_told_alike_are_alike() -> None:
    assert keys(DEFAULT.target - 0.4) == []


def test_every_level_and_intensity_has_its_own_target() -> None:
    for intensity in Intensity:
        targets = [GlazeSettings(render=render, intensity=intensity).target for render in Render]
        assert targets == sorted(set(targets)), "a higher level promises more"
    for render in Render:
        targets = [GlazeSettings(render=render, intensity=intensity).target for intensity in Intensity]
        assert targets == sorted(set(targets)), "so does a higher intensity"
    enough = (GlazeSettings(render=Render.FAST).target + GlazeSettings(render=Render.SLOWEST).target) / 2
    assert keys(enough, settings=GlazeSettings(render=Render.FAST)) == []
    assert keys(enough, settings=GlazeSettings(render=Render.SLOWEST)) != []


@pytest.mark.parametrize("render", Render)
@pytest.mark.parametrize("intensity", Intensity)
def test_nothing_is_advised_that_is_done_already(render: Render, intensity: Intensity) -> None:
    settings = GlazeSettings(render=render, intensity=intensity)
    figures = {name: getattr(intensity.budget, name) for name in HELD_BACK}
    for ground in (OPEN, Ground(closed=0.0, flat=0.8)):
        [key] = keys(0, figures, settings, ground)
        assert not ("render" in key and render is Render.SLOWEST)
        assert not ("intensity" in key and intensity is Intensity.HIGH)


def test_more_may_be_seen_only_where_that_is_what_holds_the_glaze_back() -> None:
    assert keys(1, HELD_BACK) == ["render_or_intensity"]
    assert keys(1, FREE) == ["render"]
    slowest = GlazeSettings(render=Render.SLOWEST)
    assert keys(1, HELD_BACK, slowest) == ["intensity"]
    assert keys(1, FREE, slowest) == ["decoy"]


def test_at_the_end_of_both_another_decoy_is_left() -> None:
    most = GlazeSettings(render=Render.SLOWEST, intensity=Intensity.HIGH)
    figures = {name: getattr(most.intensity.budget, name) for name in HELD_BACK}
    assert keys(1, figures, most) == ["decoy"]
    assert keys(1, figures, replace(most, decoy=Path("own.png"))) == ["own_decoy"]
    assert keys(1, figures, replace(most, decoy_style="mosaic")) == ["decoy_style"]


def test_where_the_picture_is_the_reason_it_is_named_with_its_share() -> None:
    [closed] = advise(1, HELD_BACK, DEFAULT, Ground(closed=0.62, flat=0.3))
    assert closed.key == "closed"
    assert "62 % of the picture is pure white" in str(closed)
    [flat] = advise(1, HELD_BACK, DEFAULT, Ground(closed=0.3, flat=0.62))
    assert flat.key == "flat_intensity"
    assert "62 % of the picture is flat" in str(flat)
    assert keys(1, HELD_BACK, replace(DEFAULT, intensity=Intensity.HIGH), Ground(closed=0.3, flat=0.62)) == ["flat"]


def test_every_text_can_be_filled() -> None:
    for key in Advice.templates:
        assert "{" not in str(Advice(key, {"reached": 1, "target": 2, "share": 3}))
