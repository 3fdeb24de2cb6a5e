"""The bundled network as an encoder, and its file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from glaze.encoders import SPREAD, BundledEncoder, Encoder, Ensemble, Latents
from glaze.encoders.encoder import overheard
from glaze.errors import WeightsError
from glaze.network import FAMILY_CHANNELS, BundledNetwork, split_families
from glaze.packs import weights_folder
from glaze.precision import fastest_precision
from glaze.visibility.lpips import Lpips
from glaze.weights import load_bundled, load_lpips
from tests.doubles import LinearEncoder, picture_of_everything

LPIPS_WEIGHTS = Path(__file__).resolve().parents[2] / "shared" / "lpips" / "squeezenet.safetensors"


@pytest.fixture
def no_cache() -> Iterator[None]:
    load_bundled.cache_clear()
    yield
    load_bundled.cache_clear()


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


def test_of_fewer_families_the_bundled_network_says_the_same() -> None:
    picture = picture_of_everything()
    whole, part = BundledEncoder(load_bundled()), BundledEncoder(load_bundled(), ["flux1", "sdxl"])
    assert whole.members == (whole,)
    assert part.members == (part,)
    seen = part.encode(picture)
    assert tuple(seen) == part.families == ("flux1", "sdxl")
    assert torch.equal(seen["sdxl"], whole.encode(picture)["sdxl"])
    with pytest.raises(KeyError):
        part.decode(seen)


def test_the_loop_is_given_layers_besides_the_latents_and_they_can_be_pressed_on() -> None:
    encoder = BundledEncoder(load_bundled())
    picture = picture_of_everything().requires_grad_(True)
    seen = encoder.look(picture)
    assert set(encoder.families) < set(seen)
    assert torch.equal(seen["sdxl"], encoder.encode(picture)["sdxl"])
    layers = [seen[name] for name in seen if name not in encoder.families]
    assert [picture.shape[3] // layer.shape[3] for layer in layers] == [4, 8]
    for layer in layers:
        (slope,) = torch.autograd.grad(layer.float().sum(), picture, retain_graph=True)
        assert slope.abs().max() > 0
    # Nobody listens any more.
    assert set(encoder.encode(picture)) == set(encoder.families)
    assert not any(module._forward_hooks for module in encoder.network.modules())


class Brightness:
    """An encoder of one family, which shows pictures of one grey."""

    def __init__(self, family: str, grey: float = 0.5) -> None:
        self.families: tuple[str, ...] = (family,)
        self.grey = grey

    @property
    def members(self) -> tuple[Encoder, ...]:
        return (self,)

    def encode(self, pictures: Tensor) -> Latents:
        return {self.families[0]: pictures.mean((1, 2, 3), keepdim=True)}

    def look(self, pictures: Tensor) -> Latents:
        return self.encode(pictures)

    def decode(self, latents: Latents) -> Tensor:
        return torch.full((len(latents[self.families[0]]), 3, 8, 8), self.grey)


class TestEnsemble:
    def test_it_sees_what_all_of_its_encoders_see(self) -> None:
        picture = picture_of_everything()
        linear, bright = LinearEncoder(), Brightness("bright")
        ensemble = Ensemble([linear, bright])
        assert ensemble.families == ("mean", "slope", "bright")
        seen = ensemble.encode(picture)
        assert tuple(seen) == ensemble.families
        for encoder in (linear, bright):
            for family, latent in encoder.encode(picture).items():
                assert torch.equal(seen[family], latent)

    def test_a_step_of_the_loop_can_look_through_each_network_alone(self) -> None:
        linear, bright, dark = LinearEncoder(), Brightness("bright"), Brightness("dark")
        assert Ensemble([Ensemble([linear, bright]), dark]).members == (linear, bright, dark)

    def test_it_shows_what_the_first_sees_whose_families_are_given(self) -> None:
        ensemble = Ensemble([Brightness("bright", 0.9), Brightness("dark", 0.1)])
        latent = torch.zeros(2, 1, 1, 1)
        assert ensemble.decode({"bright": latent, "dark": latent}).unique().tolist() == pytest.approx([0.9])
        assert ensemble.decode({"dark": latent}).unique().tolist() == pytest.approx([0.1])
        with pytest.raises(KeyError, match="other"):
            ensemble.decode({"other": latent})

    def test_two_of_one_family_are_refused(self) -> None:
        with pytest.raises(WeightsError, match="'bright'") as caught:
            Ensemble([Brightness("bright"), LinearEncoder(), Brightness("bright")])
        assert caught.value.key == "same_family"

    def test_none_at_all_is_a_mistake(self) -> None:
        with pytest.raises(ValueError, match="needs an encoder"):
            Ensemble([])


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
    assert set(parts) <= set(SPREAD)


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
    (tmp_path / "half.safetensors").write_bytes(b"half a file")
    monkeypatch.setenv("GLAZE_LPIPS", str(tmp_path / "half.safetensors"))
    with pytest.raises(WeightsError, match="damaged"):
        load_lpips()


def test_the_network_has_the_shapes_its_docstrings_say() -> None:
    network = BundledNetwork()
    latents = network.encoder(torch.rand(2, 3, 64, 96))
    assert tuple(latents.shape) == (2, 56, 8, 12)
    assert tuple(network.decoder(latents).shape) == (2, 3, 64, 96)


def test_threads_that_look_at_once_do_not_hear_each_other() -> None:
    layer = torch.nn.Identity()
    with overheard([layer]) as heard:
        layer(torch.zeros(1))
        other = threading.Thread(target=layer, args=(torch.ones(1),))
        other.start()
        other.join()
    assert heard["layer 1"].item() == 0
