"""The loop: it moves what a model sees, inside the budget, and stops when told."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from glaze.canvas import Canvas, lay_on, make_canvas, over_white, to_tensor
from glaze.cloak import Iterate, cloak, style_distance
from glaze.encoders import Ensemble, Latents
from glaze.errors import Cancelled
from glaze.fitting import fit, inside
from glaze.settings import Budget, Effort, Intensity
from glaze.visibility import Original, Watch
from tests.doubles import LinearEncoder, SquaredLikeness, artwork_of, as_pixels, picture_of_everything

EFFORT = Effort(steps=24, canvas=512)


def setting(*, grey: bool = False) -> tuple[Canvas, Tensor, Watch]:
    picture = picture_of_everything()
    if grey:
        picture = picture.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    canvas = make_canvas(artwork_of(as_pixels(picture), grey=grey), 128)
    redrawn = (canvas.picture + 0.2 * torch.sin(torch.arange(160) / 9.0)).clamp(0, 1)
    return canvas, redrawn, Watch(canvas.picture, canvas.screen_scale, SquaredLikeness())


def run(canvas: Canvas, redrawn: Tensor, watch: Watch, budget: Budget, **kwargs: object) -> Tensor:
    return cloak(canvas, redrawn, LinearEncoder(), watch, budget, EFFORT, **kwargs)  # type: ignore[arg-type]


def progress(canvas: Canvas, redrawn: Tensor, change: Tensor) -> float:
    encoder = LinearEncoder()
    seen = [encoder.encode(p) for p in (canvas.picture + change, canvas.picture, redrawn)]
    parts = style_distance(seen[0], seen[1], seen[2])
    return sum(parts.values()) / len(parts)


def test_the_model_sees_more_of_the_decoy_and_a_larger_budget_buys_more() -> None:
    canvas, redrawn, watch = setting()
    low, high = (run(canvas, redrawn, watch, i.budget) for i in (Intensity.LOW, Intensity.HIGH))
    assert progress(canvas, redrawn, low) > 0.01
    assert progress(canvas, redrawn, high) > 1.3 * progress(canvas, redrawn, low)


def test_a_decoy_that_can_be_reached_is_not_passed_by() -> None:
    canvas, _, watch = setting()
    near = (canvas.picture + 0.03 * torch.sin(torch.arange(160) / 9.0)).clamp(0, 1)
    endless = Budget(lpips=9, flip=9, flat=99, colour=99)
    assert 0.7 < progress(canvas, near, run(canvas, near, watch, endless)) < 1.3


@pytest.mark.parametrize("intensity", list(Intensity))
def test_the_kept_iterate_is_inside_the_budget_on_the_canvas(intensity: Intensity) -> None:
    canvas, redrawn, watch = setting()
    change = run(canvas, redrawn, watch, intensity.budget)
    with torch.no_grad():
        figures = watch((canvas.picture + change).clamp(0, 1)).figures
    for name, figure in figures.items():
        assert figure.item() <= 1.1 * getattr(intensity.budget, name), name


def test_the_fitted_picture_keeps_every_bound_at_eight_bits() -> None:
    canvas, redrawn, watch = setting()
    budget = Intensity.DEFAULT.budget
    pixels = as_pixels(canvas.picture)
    original = Original(over_white(pixels, None), SquaredLikeness(), grey=False)
    change = 3 * run(canvas, redrawn, watch, budget)  # far outside, so that there is something to mend
    scale, figures = fit(change, canvas, original, inside(budget, estimated=False))
    assert 0 < scale < 0.8
    assert figures.within(budget)
    laid = lay_on(pixels, None, change * scale, canvas.mask, grey=False)
    assert original.compare(over_white(laid, None)).within(budget)
    assert not original.compare(over_white(lay_on(pixels, None, change, canvas.mask, grey=False), None)).within(budget)


def test_a_change_that_is_far_outside_is_scaled_down_and_not_given_up() -> None:
    canvas, redrawn, watch = setting()
    budget = Intensity.LOW.budget
    original = Original(over_white(as_pixels(canvas.picture), None), SquaredLikeness(), grey=False)
    change = run(canvas, redrawn, watch, budget)
    for times in (1, 10, 60):
        scale, figures = fit(times * change, canvas, original, inside(budget, estimated=False))
        assert scale > 0, times
        assert figures.within(budget), times


def test_a_small_artwork_is_seen_enlarged_as_trainers_enlarge_it() -> None:
    pixels = as_pixels(picture_of_everything())
    canvas = make_canvas(artwork_of(pixels), 256)
    assert canvas.picture.shape[2:] == (128, 160)
    assert canvas.enlargement == 2
    sizes = set()

    class Noting(LinearEncoder):
        def encode(self, pictures: Tensor) -> Latents:
            sizes.add(tuple(pictures.shape[2:]))
            return super().encode(pictures)

    redrawn = canvas.as_trained((canvas.picture * 0.9 + 0.05).clamp(0, 1))
    watch = Watch(canvas.picture, canvas.screen_scale, SquaredLikeness(), canvas.enlargement)
    change = cloak(canvas, redrawn, Noting(), watch, Intensity.DEFAULT.budget, Effort(steps=4, canvas=256))
    assert change.shape == canvas.picture.shape
    assert sizes == {(256, 320)}


def test_closed_pixels_stay_and_grey_art_stays_grey() -> None:
    canvas, redrawn, watch = setting(grey=True)
    change = run(canvas, redrawn, watch, Intensity.HIGH.budget)
    assert change.abs().max() > 1 / 255
    assert (change[canvas.mask.bound.expand_as(change) == 0] == 0).all()
    assert torch.allclose(change[:, 0], change[:, 1], atol=1e-7)
    assert torch.allclose(change[:, 0], change[:, 2], atol=1e-7)


def test_of_an_ensemble_one_member_looks_a_step_and_each_gets_its_turn() -> None:
    canvas, redrawn, watch = setting()
    looks: list[str] = []

    class Member(LinearEncoder):
        def __init__(self, name: str) -> None:
            self.name = name
            self.families = (name,)

        def encode(self, pictures: Tensor) -> Latents:
            if pictures.requires_grad:
                looks.append(self.name)
            return {self.name: super().encode(pictures)["mean"]}

    ensemble = Ensemble([Member(name) for name in ("one", "two", "three")])
    cloak(canvas, redrawn, ensemble, watch, Intensity.DEFAULT.budget, EFFORT)
    assert len(looks) == EFFORT.steps
    assert min(looks.count(name) for name in ("one", "two", "three")) >= EFFORT.steps // 5


def test_where_any_change_costs_the_same_it_is_spent_on_a_part_and_not_spread_thin() -> None:
    """As LPIPS has it on flat colour: the first level costs nearly all that there is to cost."""
    canvas, redrawn, _ = setting()

    class Touched(SquaredLikeness):
        def features(self, picture: Tensor) -> list[Tensor]:
            return [torch.tanh((picture.float() - canvas.picture) * 500) / 16]

    change = run(canvas, redrawn, Watch(canvas.picture, canvas.screen_scale, Touched()), Intensity.DEFAULT.budget)
    levels = (change * 255).abs().amax(1)
    free = canvas.mask.bound[:, 0] > 0
    untouched = (levels[free] < 0.5).float().mean().item()
    assert 0.2 < untouched < 0.9
    assert levels.max() > 2


def test_the_same_seed_gives_the_same_change_and_another_seed_another() -> None:
    canvas, redrawn, watch = setting()
    first, again, other = (run(canvas, redrawn, watch, Intensity.DEFAULT.budget, seed=s) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_every_step_reports_and_the_last_has_a_picture() -> None:
    canvas, redrawn, watch = setting()
    told: list[Iterate] = []
    run(canvas, redrawn, watch, Intensity.DEFAULT.budget, on_iterate=told.append)
    assert [i.step for i in told] == list(range(1, EFFORT.steps + 1))
    assert told[-1].preview is not None
    assert told[-1].preview.shape == (128, 160, 3)
    assert told[-1].left == 0
    assert all(math.isfinite(i.loss) for i in told)
    assert told[-1].style_distance > told[0].style_distance


def test_cancelling_stops_before_the_next_step() -> None:
    canvas, redrawn, watch = setting()
    told: list[Iterate] = []
    with pytest.raises(Cancelled):
        run(
            canvas,
            redrawn,
            watch,
            Intensity.DEFAULT.budget,
            on_iterate=told.append,
            cancelled=lambda: len(told) >= 3,
        )
    assert len(told) == 3


def test_style_distance_is_zero_at_the_start_one_at_the_goal_and_ignores_what_leads_nowhere() -> None:
    start, goal, aside = torch.zeros(1, 2, 1, 1), torch.zeros(1, 2, 1, 1), torch.zeros(1, 2, 1, 1)
    goal[0, 0], aside[0, 1] = 2.0, 5.0
    for seen, expected in ((start, 0.0), (goal, 1.0), (aside, 0.0), (goal / 4 + aside, 0.25), (-goal, -1.0)):
        assert style_distance({"f": seen}, {"f": start}, {"f": goal})["f"] == pytest.approx(expected)


def test_the_canvas_is_what_a_trainer_loads() -> None:
    pixels = as_pixels(picture_of_everything())
    torch.testing.assert_close(make_canvas(artwork_of(pixels), 512).picture, to_tensor(pixels))
