"""Choosing a decoy and redrawing the artwork in it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from glaze.canvas import to_tensor
from glaze.decoys import styles
from glaze.decoys.choose import choose, style_centroid, within_percentiles
from glaze.decoys.redraw import _on_grid, _side_by_side, correspondence, rearrange, redraw
from glaze.decoys.styles import SAMPLE_SIDE, STYLES, draw_style, sample
from glaze.encoders import Ensemble, Latents
from tests.doubles import LinearEncoder, picture_of_everything


def test_candidates_are_those_between_the_50th_and_75th_percentile() -> None:
    distances = {f"style{i:02d}": float(i) for i in range(13)}
    assert list(within_percentiles(distances)) == ["style06", "style07", "style08", "style09"]


@pytest.mark.parametrize("distances", [{"only": 1.0}, {"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 1.0, "c": 1.0}])
def test_there_is_always_a_candidate(distances: dict[str, float]) -> None:
    assert within_percentiles(distances)


def test_the_choice_keeps_the_rule_and_depends_on_the_seed() -> None:
    picture = picture_of_everything(256, 256)
    choices = [choose(picture, LinearEncoder(), seed) for seed in range(4)]
    for choice in choices:
        assert set(choice.distances) == set(STYLES)
        assert choice.name in within_percentiles(choice.distances)
    assert choose(picture, LinearEncoder(), 2) == choices[2]
    assert len({c.name for c in choices}) > 1


@pytest.mark.parametrize("stride", [4, 8, 16, 32])
@pytest.mark.parametrize(("height", "width"), [(256, 192), (265, 199)])
def test_on_one_grid_every_cell_of_a_latent_stays_in_its_place(stride: int, height: int, width: int) -> None:
    def places(step: int) -> torch.Tensor:
        """Where the middle of each cell is: (1, 2, h, w), down and across, in pixels."""
        down, across = ((torch.arange(-(-side // step)) + 0.5) * step for side in (height, width))
        return torch.stack(torch.meshgrid(down, across, indexing="ij"))[None]

    wanted = places(8)
    laid = _on_grid(places(stride), (wanted.shape[2], wanted.shape[3]))
    assert laid.shape == wanted.shape
    # At the rim there is nothing beyond to go by; elsewhere places lie on a plane, which is met exactly.
    rim = max(1, stride // 8)
    inner = (slice(None), slice(None), slice(rim, wanted.shape[2] - rim), slice(rim, wanted.shape[3] - rim))
    assert (laid - wanted)[inner].abs().max() < 0.01


def test_families_of_one_grid_lie_side_by_side_as_they_are() -> None:
    picture = picture_of_everything(100, 70)
    seen = LinearEncoder().encode(picture)
    assert torch.equal(_side_by_side(picture, LinearEncoder()), torch.cat([seen["mean"], seen["slope"]], 1))


def test_an_artwork_matched_with_itself_finds_itself() -> None:
    latent = torch.randn(1, 6, 12, 15, generator=torch.Generator().manual_seed(0))
    assert correspondence(latent, latent).tolist() == list(range(12 * 15))


def test_laying_every_patch_in_its_own_place_gives_the_decoy_back() -> None:
    decoy = picture_of_everything(120, 96)
    laid = rearrange(decoy, torch.arange(12 * 15), (12, 15))
    torch.testing.assert_close(laid, decoy, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("width", "height"), [(160, 128), (131, 77), (64, 64)])
def test_the_redrawn_artwork_keeps_its_size_and_broad_colours_and_takes_the_decoys_texture(
    width: int, height: int
) -> None:
    artwork = torch.full((1, 3, height, width), 0.5)
    artwork[:, :, :, : width // 2] = torch.tensor([0.3, 0.4, 0.6]).view(1, 3, 1, 1)
    decoy = to_tensor(draw_style("woodcut", 0, 256, 256))
    redrawn = redraw(artwork, decoy, LinearEncoder())
    assert redrawn.shape == artwork.shape
    assert 0 <= redrawn.min() <= redrawn.max() <= 1
    left = redrawn[..., : width // 4].mean((0, 2, 3))
    np.testing.assert_allclose(left, [0.3, 0.4, 0.6], atol=0.12)
    assert artwork[..., : width // 4].std(dim=(2, 3)).max() == 0
    assert redrawn[..., : width // 4].std(dim=(2, 3)).min() > 0.03


class TestCandidates:
    def test_where_they_lie_is_worked_out_once_for_each_encoder(self) -> None:
        looks = []

        class Counting(LinearEncoder):
            def encode(self, pictures: torch.Tensor) -> Latents:
                looks.append(pictures.shape[-1])
                return super().encode(pictures)

        encoder, picture = Counting(), picture_of_everything(256, 256)
        first = choose(picture, encoder, 0)
        assert looks.count(SAMPLE_SIDE) == len(STYLES)
        assert choose(picture, encoder, 0) == first
        assert looks.count(SAMPLE_SIDE) == len(STYLES)
        assert choose(picture, Counting(), 0) == first
        assert looks.count(SAMPLE_SIDE) == 2 * len(STYLES)

    def test_through_an_ensemble_they_are_as_far_as_through_its_members(self) -> None:
        class Other(LinearEncoder):
            families: tuple[str, ...] = ("other",)

            def encode(self, pictures: torch.Tensor) -> Latents:
                return {"other": super().encode(pictures)["slope"] * 2}

        one, two, picture = LinearEncoder(), Other(), picture_of_everything(256, 256)
        together = choose(picture, Ensemble([one, two]), 0).distances
        for name in STYLES:
            parts = [style_centroid(to_tensor(sample(name)), e) - style_centroid(picture, e) for e in (one, two)]
            assert together[name] == pytest.approx(torch.cat(parts).square().mean().sqrt().item(), rel=1e-5)


def test_two_who_want_the_samples_at_once_share_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def draw(name: str, seed: int, width: int, height: int) -> NDArray[np.uint8]:
        drawn.append(name)
        return draw_style(name, seed, width, height)

    monkeypatch.setattr(styles, "draw_style", draw)
    styles._sample.cache_clear()
    with ThreadPoolExecutor(2) as pool:
        both = pool.map(lambda _: [sample(name) for name in STYLES], range(2))
        for pictures in both:
            assert len(pictures) == len(STYLES)
    assert sorted(drawn) == sorted(STYLES)
