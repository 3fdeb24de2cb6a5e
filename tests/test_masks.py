"""Where a picture may change, and where not."""

from __future__ import annotations

import pytest
import torch

from glaze.visibility.masks import FLAT_LEVELS, MOST_LEVELS, change_mask, local_activity, pure, roughness
from tests.doubles import picture_of_everything


def mask_of(picture: torch.Tensor, *, grey: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    mask = change_mask(picture, 1 - pure(picture), grey=grey)
    return mask.bound[0, 0] * 255, mask.chroma[0, 0]


def test_texture_may_change_more_than_a_flat_sky() -> None:
    bound, _ = mask_of(picture_of_everything())
    sky, texture = bound[10:40, 10:140], bound[80:110, 62:96]
    assert torch.allclose(sky, torch.tensor(FLAT_LEVELS), atol=0.1)
    assert texture.mean() > 2 * sky.mean()
    assert bound.max() <= MOST_LEVELS + 1e-3


def test_beside_a_line_on_flat_colour_there_is_no_more_room_than_far_from_it() -> None:
    page = torch.full((1, 3, 64, 64), 0.3)
    page[:, :, 30] = 0.7
    bound, _ = mask_of(page)
    assert (bound[30] > 3 * FLAT_LEVELS).all()
    for row in (20, 28, 32, 40):
        assert torch.allclose(bound[row], torch.tensor(FLAT_LEVELS), atol=0.1), row


def test_a_shaded_surface_has_no_more_room_than_a_flat_one() -> None:
    ramp = torch.linspace(0.1, 0.9, 64).expand(1, 3, 64, 64)
    assert (local_activity(ramp, 5)[..., 4:-4, 4:-4] > 3).all(), "a plain window takes it for texture"
    bound, _ = mask_of(ramp)
    assert torch.allclose(bound[4:-4, 4:-4], torch.tensor(FLAT_LEVELS), atol=0.1)


def test_a_higher_intensity_has_more_room_everywhere_but_where_nothing_may_change() -> None:
    picture = picture_of_everything()
    usual, wide = (change_mask(picture, 1 - pure(picture), grey=False, room=room).bound for room in (1.0, 1.5))
    torch.testing.assert_close(wide, 1.5 * usual)
    assert (usual == 0).any()


def test_roughness_is_what_a_fitted_plane_leaves() -> None:
    picture = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(2))
    luma = 255 * (picture * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1)[0]
    places = torch.cartesian_prod(torch.arange(5.0), torch.arange(5.0))
    plane = torch.cat([places, torch.ones(25, 1)], 1)
    for row, column in ((2, 2), (10, 17), (17, 27)):
        window = luma[row - 2 : row + 3, column - 2 : column + 3].flatten()[:, None]
        left = window - plane @ torch.linalg.lstsq(plane, window).solution
        assert roughness(picture)[0, 0, row, column].item() == pytest.approx(
            left.square().mean().sqrt().item(), rel=1e-3
        )


def test_paper_white_and_pure_black_may_not_change_away_from_edges() -> None:
    bound, _ = mask_of(picture_of_everything())
    assert (bound[70:90, 112:125] == 0).all()
    assert (bound[105:125, 140:155] == 0).all()


def test_a_line_on_paper_may_change_but_not_the_paper() -> None:
    page = torch.ones(1, 3, 64, 64)
    page[:, :, :, 30:34] = 0.2
    bound, _ = mask_of(page)
    assert (bound[5:60, 30:34] > 0).all()
    assert (bound[:, :26] == 0).all()
    assert (bound[:, 38:] == 0).all()


def test_hatching_in_black_and_white_alone_may_change_but_not_its_paper_nor_its_solid_ink() -> None:
    page = torch.ones(1, 3, 96, 96)
    page[:, :, :, 40:70:4] = page[:, :, :, 41:70:4] = 0
    page[:, :, :, 80:] = 0
    bound, _ = mask_of(page)
    assert (bound[:, 40:70] > 0).all()
    assert (bound[:, :36] == 0).all()
    assert (bound[:, 84:] == 0).all()


def test_no_colour_gets_onto_grey_parts_and_none_at_all_onto_grey_art() -> None:
    picture = picture_of_everything()
    picture[:, :, :64, :80] = 0.5
    _, chroma = mask_of(picture)
    assert (chroma[8:56, 8:70] == 0).all()
    assert (chroma[8:56, 90:150] == 1).all()
    _, chroma = mask_of(picture, grey=True)
    assert (chroma == 0).all()


def test_passing_colour_keeps_a_change_grey_where_the_picture_is() -> None:
    picture = torch.full((1, 3, 64, 64), 0.5)
    mask = change_mask(picture, torch.ones(1, 1, 64, 64), grey=False)
    change = mask.pass_colour(torch.randn(1, 3, 64, 64))
    assert torch.allclose(change[:, 0], change[:, 1])
    assert torch.allclose(change[:, 1], change[:, 2])


def test_activity_is_the_standard_deviation_in_levels() -> None:
    generator = torch.Generator().manual_seed(0)
    grain = torch.randn(1, 1, 200, 200, generator=generator) * (5 / 255)
    assert abs(local_activity(0.5 + grain.expand(1, 3, -1, -1)).mean().item() - 5) < 0.15
    assert local_activity(torch.full((1, 3, 64, 64), 0.9)).max() < 0.02
