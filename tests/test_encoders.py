"""The bundled network as an encoder, and its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from glaze.encoders import SPREAD, BundledEncoder, fastest_precision
from glaze.errors import WeightsError
from glaze.network import FAMILY_CHANNELS, BundledNetwork, split_families
from glaze.visibility.lpips import Lpips
from glaze.weights import load_bundled, load_lpips, weights_folder
from tests.doubles import picture_of_everything

LPIPS_WEIGHTS = Path(__file__).resolve().parents[2] / "shared" / "lpips" / "squeezenet.safetensors"


@pytest.fixture
def no_cache() -> Iterator[None]:
    load_bundled.cache_clear()
    load_lpips.cache_clear()
    yield
    load_bundled.cache_clear()
    load_lpips.cache_clear()


@pytest.mark.parametrize(("height", "width"), [(128, 160), (77, 131), (64, 64)])
def test_latents_of_every_family_have_an_eighth_of_the_size_rounded_up(height: int, width: int) -> None:
    latents = BundledEncoder(load_bundled()).encode(picture_of_everything(width, height))
    assert {f: z.shape[1] for f, z in latents.items()} == dict(FAMILY_CHANNELS)
    for latent in latents.values():
        assert tuple(latent.shape[2:]) == (-(-height // 8), -(-width // 8))
        assert latent.dtype == torch.float32
        assert latent.isfinite().all()


def test_what_a_model_sees_resembles_the_picture() -> None:
    picture = picture_of_everything(256, 192)
    encoder = BundledEncoder(load_bundled())
    shown = encoder.decode(encoder.encode(picture))
    assert shown.shape == picture.shape
    assert (shown - picture).abs().mean() < 0.5 * (picture - picture.mean((2, 3), keepdim=True)).abs().mean()


def test_gradients_reach_the_picture() -> None:
    picture = picture_of_everything().requires_grad_(True)
    latents = BundledEncoder(load_bundled()).encode(picture)
    sum(z.square().mean() for z in latents.values()).backward()  # type: ignore[union-attr]
    assert picture.grad is not None
    assert picture.grad.isfinite().all()
    assert (picture.grad != 0).float().mean() > 0.9


def test_the_eye_sees_nothing_between_equal_pictures_and_more_the_stronger_the_noise() -> None:
    eye, picture = load_bundled().eye, picture_of_everything(256, 256)
    grain = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
    distances = [eye(picture, (picture + s * grain).clamp(0, 1)).item() for s in (0, 0.01, 0.03, 0.1)]
    assert distances[0] == 0
    assert distances == sorted(distances)
    assert distances[3] > 3 * distances[1]


@pytest.mark.skipif(not LPIPS_WEIGHTS.exists(), reason="LPIPS's own weights are not beside the project")
def test_the_eye_agrees_with_lpips_on_noise_of_many_strengths_and_on_smooth_changes() -> None:
    eye, lpips, picture = load_bundled().eye, Lpips(LPIPS_WEIGHTS), picture_of_everything(256, 256)
    grain = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
    smooth = 4 * F.avg_pool2d(grain, 9, 1, 4)
    for change in (grain, smooth, grain.mean(1, keepdim=True).expand_as(grain)):
        for strength in (0.005, 0.02, 0.08):
            changed = (picture + strength * change).clamp(0, 1)
            assert eye(picture, changed).item() == pytest.approx(lpips(picture, changed).item(), rel=0.25)


def test_families_are_split_in_the_order_of_the_head() -> None:
    latents = torch.arange(56.0).view(1, 56, 1, 1)
    parts = split_families(latents)
    assert parts["sd1"].flatten().tolist() == [0, 1, 2, 3]
    assert parts["flux2"].flatten().tolist() == list(range(24, 56))
    assert set(parts) == set(SPREAD)


def test_the_precision_is_one_the_loop_can_use() -> None:
    assert fastest_precision("cpu") in (torch.bfloat16, torch.float32)


def test_the_bundled_file_is_at_most_eight_megabytes() -> None:
    assert (weights_folder() / "bundled.safetensors").stat().st_size <= 8_000_000


@pytest.mark.usefixtures("no_cache")
def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLAZE_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match="is missing") as caught:
        load_bundled()
    assert str(tmp_path) in str(caught.value)


@pytest.mark.usefixtures("no_cache")
@pytest.mark.parametrize("content", [b"", b"no network at all", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bundled.safetensors").write_bytes(content)
    monkeypatch.setenv("GLAZE_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match="damaged"):
        load_bundled()


@pytest.mark.usefixtures("no_cache")
def test_lpips_is_used_only_where_its_weights_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLAZE_LPIPS", str(tmp_path / "nothing.safetensors"))
    assert load_lpips() is None
    load_lpips.cache_clear()
    (tmp_path / "half.safetensors").write_bytes(b"half a file")
    monkeypatch.setenv("GLAZE_LPIPS", str(tmp_path / "half.safetensors"))
    with pytest.raises(WeightsError, match="damaged"):
        load_lpips()


def test_the_network_has_the_shapes_its_docstrings_say() -> None:
    network = BundledNetwork()
    latents = network.encoder(torch.rand(2, 3, 64, 96))
    assert tuple(latents.shape) == (2, 56, 8, 12)
    assert tuple(network.decoder(latents).shape) == (2, 3, 64, 96)
