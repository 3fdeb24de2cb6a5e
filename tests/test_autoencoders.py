"""Real autoencoders as encoders: small random ones that diffusers saved, and the teachers where they are."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import diffusers
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from glaze import glazing
from glaze.encoders import SPREAD, Autoencoder, load_autoencoder, load_tiny, registry
from glaze.encoders.tiny import TinyNetwork, read_tiny
from glaze.errors import WeightsError
from glaze.glazing import glaze, load_encoder
from glaze.settings import Effort, EncoderPath, GlazeSettings, Render
from tests.doubles import picture_of_everything
from tests.stand_in import draw

SHARED = Path(__file__).resolve().parents[2] / "shared"
TEACHERS = sorted((SHARED / "teachers").glob("*.safetensors"))
needs_teachers = pytest.mark.skipif(not TEACHERS, reason="the teachers are not beside the project")

SMALL: dict[str, dict[str, Any]] = {
    "AutoencoderTiny": {
        "encoder_block_out_channels": (8, 8, 8, 8),
        "decoder_block_out_channels": (8, 8, 8, 8),
        "num_encoder_blocks": (1, 1, 1, 1),
        "num_decoder_blocks": (1, 1, 1, 1),
        "scaling_factor": 1.7,
        "shift_factor": 0.3,
    },
    "AutoencoderKL": {
        "block_out_channels": (8, 8, 8, 8),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "norm_num_groups": 4,
        "scaling_factor": 0.6,
        "shift_factor": 0.2,
    },
    "AutoencoderKLFlux2": {
        "block_out_channels": (8, 8, 8, 8),
        "norm_num_groups": 4,
        "layers_per_block": 1,
        "latent_channels": 3,
    },
}


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """In float32, so that figures can be compared, and without a connection."""
    monkeypatch.setattr(registry, "fastest_precision", lambda _: torch.float32)

    def refuse(*_: object) -> None:
        raise AssertionError("loading an encoder opens no connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(autouse=True)
def no_cache() -> Iterator[None]:
    glazing._loaded.clear()
    yield
    glazing._loaded.clear()


def make(kind: str, seed: int = 0, **options: Any) -> Any:
    """A small random network of a class of diffusers, whose latents change with the picture."""
    torch.manual_seed(seed)
    network = getattr(diffusers, kind)(**{**SMALL[kind], **options}).eval().requires_grad_(False)
    if kind == "AutoencoderKLFlux2":
        network.bn.running_mean.normal_()
        network.bn.running_var.uniform_(0.5, 3)
    return network


def save(folder: Path, kind: str, **options: Any) -> Path:
    make(kind, **options).save_pretrained(folder, safe_serialization=True)
    return folder


def in_patches(latents: Tensor) -> Tensor:
    """As diffusers' pipeline of FLUX.2 lays them out: (N, C, h, w) -> (N, 4C, h/2, w/2)."""
    n, channels, height, width = latents.shape
    cells = latents.view(n, channels, height // 2, 2, width // 2, 2).permute(0, 1, 3, 5, 2, 4)
    return cells.reshape(n, 4 * channels, height // 2, width // 2)


def as_its_model_gets_them(network: Any, pictures: Tensor) -> Tensor:
    """The latents as diffusers' pipelines make them, in their own layout."""
    config = network.config
    seen = network.encode(2 * pictures - 1)
    if config["_class_name"] == "AutoencoderTiny":
        return torch.as_tensor((seen.latents - config.shift_factor) * config.scaling_factor)
    mean = seen.latent_dist.mode()
    if config["_class_name"] == "AutoencoderKLFlux2":
        deviation = (network.bn.running_var + config.batch_norm_eps).sqrt()
        patches = in_patches(mean) - network.bn.running_mean.view(1, -1, 1, 1)
        return torch.as_tensor(patches / deviation.view(1, -1, 1, 1))
    if config.latents_mean:
        channels = [torch.tensor(c).view(1, -1, 1, 1) for c in (config.latents_mean, config.latents_std)]
        return torch.as_tensor((mean - channels[0]) * config.scaling_factor / channels[1])
    return torch.as_tensor((mean - (config.shift_factor or 0)) * config.scaling_factor)


class TestFolders:
    @pytest.mark.parametrize(
        ("kind", "options"),
        [
            ("AutoencoderTiny", {}),
            ("AutoencoderKL", {}),
            ("AutoencoderKL", {"shift_factor": None, "use_quant_conv": False, "use_post_quant_conv": False}),
            ("AutoencoderKL", {"latents_mean": [0.1, 0.2, -0.3, 0.4], "latents_std": [0.5, 1.5, 2.5, 3.5]}),
            ("AutoencoderKLFlux2", {}),
        ],
    )
    def test_latents_are_what_the_diffusion_model_gets(
        self, kind: str, options: dict[str, Any], tmp_path: Path
    ) -> None:
        pictures = torch.cat([picture_of_everything(96, 64, seed) for seed in (0, 1)])
        network = make(kind, **options)
        network.save_pretrained(tmp_path / "one", safe_serialization=True)
        seen = load_autoencoder(tmp_path / "one", "sd1").encode(pictures)["sd1"] * SPREAD["sd1"]
        expected = as_its_model_gets_them(network, pictures)
        assert seen.dtype == torch.float32
        assert tuple(seen.shape[2:]) == (8, 12)
        laid_out = in_patches(seen) if kind == "AutoencoderKLFlux2" else seen
        torch.testing.assert_close(laid_out, expected, atol=1e-4, rtol=1e-4)
        assert expected.std() > 1e-3, "the test itself sees something"

    @pytest.mark.parametrize(("kind", "multiple"), [(k, 16 if k == "AutoencoderKLFlux2" else 8) for k in SMALL])
    @pytest.mark.parametrize(("height", "width"), [(77, 131), (64, 72)])
    def test_pictures_of_any_size_are_padded_with_their_borders(
        self, kind: str, multiple: int, height: int, width: int, tmp_path: Path
    ) -> None:
        encoder = load_autoencoder(save(tmp_path / "one", kind), "sd1")
        picture = picture_of_everything(width, height)
        seen = encoder.encode(picture)["sd1"]
        assert tuple(seen.shape[2:]) == (-(-height // 8), -(-width // 8))
        padded = F.pad(picture, (0, -width % multiple, 0, -height % multiple), mode="replicate")
        whole = encoder.encode(padded)["sd1"][:, :, : seen.shape[2], : seen.shape[3]]
        torch.testing.assert_close(seen, whole, atol=1e-4, rtol=1e-4)
        shown = encoder.decode({"sd1": seen})
        assert tuple(shown.shape) == (1, 3, 8 * seen.shape[2], 8 * seen.shape[3])

    @pytest.mark.parametrize("kind", SMALL)
    def test_it_shows_what_diffusers_decodes(self, kind: str, tmp_path: Path) -> None:
        network, picture = make(kind), picture_of_everything(96, 64)
        network.save_pretrained(tmp_path / "one", safe_serialization=True)
        encoder = load_autoencoder(tmp_path / "one", "flux1")
        raw = network.encode(2 * picture - 1)
        latents = raw.latents if kind == "AutoencoderTiny" else raw.latent_dist.mode()
        expected = (network.decode(latents).sample / 2 + 0.5).clamp(0, 1)
        shown = encoder.decode(encoder.encode(picture))
        torch.testing.assert_close(shown, expected, atol=1e-4, rtol=1e-4)
        assert expected.std() > 1e-3, "the test itself sees something"

    @pytest.mark.parametrize(("kind", "strides"), [("AutoencoderTiny", [2, 4, 8]), ("AutoencoderKL", [2, 4, 8, 8])])
    def test_the_ends_of_its_stages_can_be_pressed_on(self, kind: str, strides: list[int], tmp_path: Path) -> None:
        blocks: dict[str, Any] = {"num_encoder_blocks": (1, 3, 3, 3)} if kind == "AutoencoderTiny" else {}
        make(kind, **blocks).save_pretrained(tmp_path)
        encoder = load_autoencoder(tmp_path, "other", lambda: unrelated(2))
        seen = encoder.look(torch.rand(1, 3, 64, 64, requires_grad=True))
        assert "other" in seen
        layers = [layer for name, layer in seen.items() if name != "other"]
        assert [64 // layer.shape[3] for layer in layers] == strides
        assert all(layer.requires_grad for layer in layers)

    @pytest.mark.parametrize("kind", SMALL)
    def test_gradients_reach_the_picture_and_nothing_else(self, kind: str, tmp_path: Path) -> None:
        encoder = load_autoencoder(save(tmp_path / "one", kind), "sd1")
        picture = picture_of_everything(64, 64).requires_grad_(True)
        latent = encoder.encode(picture)["sd1"]
        latent.square().mean().backward()
        assert picture.grad is not None
        assert picture.grad.isfinite().all()
        assert (picture.grad != 0).float().mean() > 0.9

    @pytest.mark.parametrize("kind", SMALL)
    def test_less_precise_it_sees_nearly_the_same(
        self, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        picture = picture_of_everything(64, 64)
        folder = save(tmp_path / "one", kind)
        exactly = load_autoencoder(folder, "sd1").encode(picture)["sd1"]
        monkeypatch.setattr(registry, "fastest_precision", lambda _: torch.bfloat16)
        capfd.readouterr()
        nearly = load_autoencoder(folder, "sd1").encode(picture)["sd1"]
        assert capfd.readouterr() == ("", ""), "a library's remarks would end up among ours"
        assert nearly.dtype == torch.float32
        assert 0 < (nearly - exactly).abs().mean() < 0.1 * (exactly - exactly.mean((2, 3), keepdim=True)).abs().mean()

    def test_half_precision_files_are_read_too(self, tmp_path: Path) -> None:
        network, picture = make("AutoencoderKL"), picture_of_everything(64, 64)
        network.half().save_pretrained(tmp_path / "one", safe_serialization=True, variant="fp16")
        assert [path.name for path in (tmp_path / "one").glob("*.safetensors")] == [
            "diffusion_pytorch_model.fp16.safetensors"
        ]
        seen = load_autoencoder(tmp_path / "one", "sd1").encode(picture)["sd1"] * SPREAD["sd1"]
        torch.testing.assert_close(seen, as_its_model_gets_them(network.float(), picture), atol=1e-4, rtol=1e-4)

    def test_five_stages_make_cells_of_sixteen_pixels(self, tmp_path: Path) -> None:
        options = {"block_out_channels": (8,) * 5, "down_block_types": ("DownEncoderBlock2D",) * 5}
        folder = save(tmp_path / "one", "AutoencoderKL", **options, up_block_types=("UpDecoderBlock2D",) * 5)
        encoder = load_autoencoder(folder, "sd1")
        latents = encoder.encode(picture_of_everything(100, 70))
        assert tuple(latents["sd1"].shape[2:]) == (5, 7)
        assert tuple(encoder.decode(latents).shape) == (1, 3, 80, 112)


class TestFamilies:
    @pytest.mark.parametrize(
        ("family", "kind", "options", "name"),
        [
            ("sd1", "AutoencoderKL", {"scaling_factor": 0.18215, "shift_factor": None}, "some vae"),
            ("sdxl", "AutoencoderKL", {"scaling_factor": 0.13025, "shift_factor": None}, "some vae"),
            ("sd3", "AutoencoderKL", {"scaling_factor": 1.5305, "latent_channels": 16}, "some vae"),
            ("flux1", "AutoencoderKL", {"scaling_factor": 0.3611, "latent_channels": 16}, "some vae"),
            ("flux2", "AutoencoderKLFlux2", {}, "some vae"),
            ("sdxl", "AutoencoderTiny", {}, "taesdxl"),
            ("flux1", "AutoencoderTiny", {}, "TAEF1"),
        ],
    )
    def test_a_known_one_is_recognised_and_has_its_unit(
        self, family: str, kind: str, options: dict[str, Any], name: str, tmp_path: Path
    ) -> None:
        encoder = load_autoencoder(save(tmp_path / name, kind, **options))
        assert encoder.families == (family,)
        assert encoder.spread == SPREAD[family]
        assert encoder.members == (encoder,)

    def test_of_a_whole_model_the_autoencoder_is_taken(self, tmp_path: Path) -> None:
        save(tmp_path / "Model 9" / "vae", "AutoencoderKL")
        for path in (tmp_path / "Model 9", tmp_path / "Model 9" / "vae"):
            encoder = load_autoencoder(path, unrelated=lambda: unrelated(4))
            assert encoder.families == ("Model 9",)

    def test_the_unit_of_an_unknown_one_is_measured(self, tmp_path: Path) -> None:
        folder = save(tmp_path / "new", "AutoencoderKL")
        pictures = unrelated(5)
        encoder = load_autoencoder(folder, unrelated=lambda: pictures)
        latents = [encoder.encode(picture)["new"] for picture in pictures]
        assert median((a - b).square().mean().sqrt().item() for a, b in combinations(latents, 2)) == pytest.approx(1)
        with pytest.raises(ValueError, match="new has no SPREAD"):
            load_autoencoder(folder)
        assert load_autoencoder(folder, "sdxl").families == ("sdxl",)


def unrelated(number: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    small = torch.rand(number, 3, 6, 6, generator=generator)
    return list(F.interpolate(small, (64, 64), mode="bilinear").split(1))


# What is written over config.json, as text, or which of its entries are others.
CONFIGS: dict[str, str | dict[str, object]] = {
    "config no JSON": "{",
    "config a list": "[]",
    "no class": "{}",
    "another class": {"_class_name": "AutoencoderRAE"},
    "odd numbers": {"encoder_block_out_channels": [8, 8]},
    "other sizes": {"latent_channels": 5},
}


def spoilt(folder: Path, what: str) -> Path:
    """A folder of diffusers with one thing wrong."""
    save(folder, "AutoencoderTiny")
    config, weights = folder / "config.json", folder / "diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    if what in CONFIGS:
        other = CONFIGS[what]
        whole = other if isinstance(other, str) else json.dumps({**json.loads(config.read_text()), **other})
        config.write_text(whole)
    match what:
        case "no config":
            config.unlink()
        case "a pickle":
            torch.save(tensors, folder / "diffusion_pytorch_model.bin")
            weights.unlink()
        case "half a file":
            weights.write_bytes(weights.read_bytes()[:2000])
        case "a layer missing":
            save_file({k: v for k, v in tensors.items() if not k.startswith("encoder.layers.3.")}, weights)
        case "a branch more":
            save_file({**tensors, "encoder.layers.7.pool.0.weight": torch.zeros(32, 8, 1, 1)}, weights)
    return folder


class TestErrors:
    @pytest.mark.parametrize(
        ("what", "key"),
        [
            ("no config", "no_config"),
            ("config no JSON", "encoder_damaged"),
            ("config a list", "encoder_damaged"),
            ("no class", "unknown_kind"),
            ("another class", "unknown_kind"),
            ("odd numbers", "encoder_damaged"),
            ("other sizes", "encoder_damaged"),
            ("a pickle", "no_safetensors"),
            ("half a file", "encoder_damaged"),
            ("a layer missing", "encoder_damaged"),
            ("a branch more", "encoder_damaged"),
        ],
    )
    def test_a_folder_that_cannot_serve_says_why(self, what: str, key: str, tmp_path: Path) -> None:
        folder = spoilt(tmp_path / "one", what)
        with pytest.raises(WeightsError) as caught:
            load_autoencoder(folder, "sd1")
        assert caught.value.key == key
        assert str(folder) in str(caught.value)

    def test_the_folder_they_spoil_was_sound(self, tmp_path: Path) -> None:
        assert load_autoencoder(spoilt(tmp_path / "one", "nothing"), "sd1").families == ("sd1",)

    def test_an_unknown_class_is_told_what_would_do(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsError, match=r"AutoencoderRAE.*AutoencoderTiny, AutoencoderKL, AutoencoderKLFlux2"):
            load_autoencoder(spoilt(tmp_path / "one", "another class"))

    def test_what_is_not_there_is_named(self, tmp_path: Path) -> None:
        for load in (load_autoencoder, load_tiny):
            with pytest.raises(WeightsError, match="nowhere") as caught:
                load(tmp_path / "nowhere", "sd1")
            assert caught.value.key == "no_encoder"

    @pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
    def test_a_damaged_tiny_file_is_refused(self, content: bytes, tmp_path: Path) -> None:
        (tmp_path / "taesd.safetensors").write_bytes(content)
        with pytest.raises(WeightsError, match="no tiny autoencoder"):
            load_autoencoder(tmp_path / "taesd.safetensors")

    def test_a_file_of_another_network_is_refused(self, tmp_path: Path) -> None:
        weights = {**TinyNetwork(4, pooled=False).state_dict(), "encoder.99.weight": torch.zeros(1)}
        save_file(weights, tmp_path / "other.safetensors")
        with pytest.raises(WeightsError, match="no tiny autoencoder"):
            load_tiny(tmp_path / "other.safetensors", "sd1")


class TestTinyFiles:
    @pytest.mark.parametrize("pooled", [False, True])
    def test_one_is_loaded_with_and_without_the_branch(self, pooled: bool, tmp_path: Path) -> None:
        torch.manual_seed(0)
        network = TinyNetwork(6, pooled=pooled)
        save_file(network.state_dict(), tmp_path / "taef2.safetensors")
        encoder = load_autoencoder(tmp_path / "taef2.safetensors")
        assert encoder.families == ("flux2",)
        picture = picture_of_everything(90, 60)
        seen = encoder.encode(picture)
        expected = network.encoder(F.pad(picture, (0, 6, 0, 4), mode="replicate"))
        torch.testing.assert_close(seen["flux2"] * SPREAD["flux2"], expected, atol=1e-5, rtol=1e-4)
        assert tuple(encoder.decode(seen).shape) == (1, 3, 64, 96)

    def test_the_branch_looks_at_the_whole_picture(self) -> None:
        torch.manual_seed(0)
        near, far = picture_of_everything(256, 64), picture_of_everything(256, 64)
        far[..., 192:] = 1 - far[..., 192:]
        for pooled in (False, True):
            network = TinyNetwork(4, pooled=pooled).requires_grad_(False)
            same = torch.equal(network.encoder(near)[..., 0], network.encoder(far)[..., 0])
            assert same != pooled

    def test_without_the_branch_it_is_the_one_of_diffusers(self, tmp_path: Path) -> None:
        torch.manual_seed(0)
        network = diffusers.AutoencoderTiny().eval()
        network.save_pretrained(tmp_path / "taesd", safe_serialization=True)
        through_diffusers = load_autoencoder(tmp_path / "taesd")
        ours = load_autoencoder(tmp_path / "taesd" / "diffusion_pytorch_model.safetensors", "sd1")
        picture = picture_of_everything(96, 64)
        seen = through_diffusers.encode(picture)
        torch.testing.assert_close(ours.encode(picture), seen, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(ours.decode(seen), through_diffusers.decode(seen), atol=1e-5, rtol=1e-4)

    @needs_teachers
    @pytest.mark.parametrize("path", TEACHERS, ids=lambda path: path.stem)
    def test_through_the_teachers_it_sees_what_the_yardstick_sees(self, path: Path) -> None:
        spec = spec_from_file_location("yardstick_nets", SHARED / "yardstick" / "nets.py")
        assert spec is not None
        assert spec.loader is not None
        nets = module_from_spec(spec)
        spec.loader.exec_module(nets)
        encoder: Autoencoder = load_tiny(path, path.stem)
        picture = picture_of_everything(128, 96)
        seen = encoder.encode(picture)
        latent = nets.load(path, "encoder")(picture)
        torch.testing.assert_close(seen[path.stem] * SPREAD[path.stem], latent, atol=1e-4, rtol=1e-4)
        shown = encoder.decode(seen)
        torch.testing.assert_close(shown, nets.load(path, "decoder")(latent).clamp(0, 1), atol=1e-4, rtol=1e-4)
        assert (shown - picture).abs().mean() < 0.1, "and it is the picture"

    @needs_teachers
    def test_flux_2_alone_among_the_teachers_has_the_branch(self) -> None:
        for path in TEACHERS:
            assert any(".pool." in key for key in read_tiny(path).state_dict()) == (path.stem == "flux2")


class TestGlazing:
    def test_without_any_the_bundled_network_sees_alone(self) -> None:
        encoder = load_encoder(())
        assert encoder.families == ("sd1", "sdxl", "flux1", "flux2")
        assert len(encoder.members) == 1

    def test_a_real_one_takes_the_place_of_its_imitation(self, tmp_path: Path) -> None:
        folder = save(tmp_path / "vae", "AutoencoderKL", scaling_factor=0.13025)
        encoder = load_encoder((EncoderPath(folder),))
        assert encoder.families == ("sdxl", "sd1", "flux1", "flux2")
        assert [member.families for member in encoder.members] == [("sdxl",), ("sd1", "flux1", "flux2")]

    def test_where_all_are_real_the_bundled_network_is_left_out(self, tmp_path: Path) -> None:
        folder = save(tmp_path / "vae", "AutoencoderTiny")
        given = tuple(EncoderPath(folder, family) for family in ("sd1", "sdxl", "flux1", "flux2", "new"))
        encoder = load_encoder(given)
        assert [member.families for member in encoder.members] == [(path.family,) for path in given]

    def test_two_of_one_family_are_refused(self, tmp_path: Path) -> None:
        folder = save(tmp_path / "vae", "AutoencoderTiny")
        with pytest.raises(WeightsError, match="'sd1'"):
            load_encoder((EncoderPath(folder, "sd1"), EncoderPath(folder, "sd1")))

    def test_a_picture_is_glazed_through_both_and_reported_for_all_families(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Render, "effort", property(lambda _: Effort(steps=6, canvas=128)))
        folder = save(tmp_path / "new", "AutoencoderKLFlux2")
        picture = draw(tmp_path / "picture.png", 150, 110)
        finished = glaze(picture, GlazeSettings(encoders=(EncoderPath(folder, "new"),)))
        assert set(finished.report.style_distance) == {"new", "sd1", "sdxl", "flux1", "flux2"}
        assert finished.report.seen_after.std() > 0
        assert finished.result.is_file()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("folder/vae", EncoderPath(Path("folder/vae"))),
        ("sd1=folder/vae", EncoderPath(Path("folder/vae"), "sd1")),
        ("my-model.2=C:/x=y", EncoderPath(Path("C:/x=y"), "my-model.2")),
        ("./a=b", EncoderPath(Path("./a=b"))),
        ("=b", EncoderPath(Path("=b"))),
    ],
)
def test_an_encoder_is_named_by_a_word_before_its_path(text: str, meant: EncoderPath) -> None:
    assert EncoderPath.parse(text) == meant


def test_an_encoder_is_told_as_it_was_named() -> None:
    for text in ("sd1=vae", "vae"):
        assert str(EncoderPath.parse(text)) == text
