"""Redrawing by Stable Diffusion: the real loading code and diffusers' own pipeline, on a small random model."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from torch import Tensor

from glaze.artwork import open_artwork
from glaze.cloak import Iterate
from glaze.decoys import diffusion, kept
from glaze.decoys.diffusion import GUIDANCE, STEPS, STRENGTH, Img2Img
from glaze.decoys.kept import keep, recall, redrawn_folder
from glaze.decoys.styles import STYLES
from glaze.device import PROCESSOR
from glaze.encoders.saved import load_saved
from glaze.errors import Cancelled, OutOfMemory, WeightsError
from glaze.glazing import estimate, glaze, prepare
from glaze.inspection import inspect_pair
from glaze.ledger import Ledger
from glaze.ledger.plain import settings_json, settings_of
from glaze.packs import STABLE_DIFFUSION, as_installed, folder_of
from glaze.preview import preview
from glaze.settings import Engine, GlazeSettings, Redraw
from tests.doubles import picture_of_everything
from tests.small_models import isolate, put_stable_diffusion
from tests.stand_in import draw

ROOT = Path(__file__).resolve().parents[1]
PATCHED = GlazeSettings(redraw=Redraw.PATCHES)
DONE = int(STEPS * STRENGTH) + 1  # PNDM does the first step twice


@pytest.fixture(autouse=True)
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As `isolate` leaves them, in exact numbers."""
    monkeypatch.setattr(diffusion, "fastest_precision", lambda _: torch.float32)
    return isolate(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put_stable_diffusion(tmp_path_factory.mktemp("made"))


@pytest.fixture
def model(made: Path, packs: Path) -> Path:
    """Stable Diffusion, installed."""
    shutil.copytree(made, packs / made.name)
    return packs / made.name


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return draw(tmp_path / "picture.png", 150, 110)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """With what diffusers' pipeline was called, and how many `steps` it did."""
    calls: list[dict[str, Any]] = []
    run = StableDiffusionImg2ImgPipeline.__call__

    def spy(pipeline: Any, **options: Any) -> Any:
        call = {**options, "steps": 0}
        calls.append(call)
        after = options["callback_on_step_end"]

        def count(*arguments: Any) -> Any:
            call["steps"] += 1
            return after(*arguments)

        return run(pipeline, **{**options, "callback_on_step_end": count})

    monkeypatch.setattr(StableDiffusionImg2ImgPipeline, "__call__", spy)
    return calls


def drawn(model: Path, artwork: Tensor, prompt: str = "a woodcut print", seed: int = 0) -> Tensor:
    return Img2Img(model, prompt, seed).draw(artwork, PROCESSOR)


class TestDrawing:
    def test_the_recipe_reaches_the_pipeline(self, model: Path, runs: list[dict[str, Any]]) -> None:
        drawn(model, picture_of_everything(64, 64))
        [run] = runs
        assert run["prompt"] == "a woodcut print"
        assert (run["strength"], run["guidance_scale"], run["num_inference_steps"]) == (STRENGTH, GUIDANCE, STEPS)
        assert run["steps"] == DONE

    @pytest.mark.parametrize(
        ("width", "height"), [(64, 64), (96, 64), (64, 97), (37, 50), (512, 300), (400, 40), (33, 700), (16, 16)]
    )
    def test_any_size_and_aspect(self, model: Path, width: int, height: int) -> None:
        artwork = picture_of_everything(width, height)
        found = drawn(model, artwork)
        assert found.shape == artwork.shape
        assert found.min() >= 0
        assert found.max() <= 1
        levels = found * 255
        torch.testing.assert_close(levels, levels.round(), atol=1e-4, rtol=0)
        assert found.std() > 0.02
        assert not torch.allclose(found, artwork, atol=0.02)

    def test_a_long_picture_goes_in_tiles_that_cover_it_and_are_as_large_as_the_model_knows(
        self, model: Path, runs: list[dict[str, Any]]
    ) -> None:
        drawn(model, picture_of_everything(150, 64))
        shapes = [tuple(run["image"].shape[2:]) for run in runs]
        assert shapes == [(64, 96), (64, 96)]
        runs.clear()
        drawn(model, picture_of_everything(96, 64))
        assert len(runs) == 1

    def test_where_tiles_meet_there_is_no_edge(self, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Img2Img, "_tile", lambda _self, _pipeline, tile, number, _on_step: tile * 0 + number)
        row = drawn(model, picture_of_everything(150, 64))[0, 0, 32]
        assert row[0] == 0
        assert row[-1] == 1
        assert row.diff().min() >= 0
        assert row.diff().max() < 0.2

    def test_the_seed_decides(self, model: Path) -> None:
        artwork = picture_of_everything(80, 64)
        first = drawn(model, artwork)
        assert torch.equal(first, drawn(model, artwork))
        assert not torch.equal(first, drawn(model, artwork, seed=1))
        assert not torch.equal(first, drawn(model, artwork, seed=2**70)), "any whole number is a seed"

    def test_the_prompt_and_the_artwork_decide(self, model: Path) -> None:
        artwork = picture_of_everything(80, 64)
        first = drawn(model, artwork)
        assert not torch.equal(first, drawn(model, artwork, "a stained glass window"))
        assert not torch.equal(first, drawn(model, artwork.flip(3)))

    def test_it_is_quiet(self, model: Path, capfd: pytest.CaptureFixture[str]) -> None:
        drawn(model, picture_of_everything(64, 64))
        assert "".join(capfd.readouterr()) == ""

    def test_it_stops_between_two_steps(self, model: Path, runs: list[dict[str, Any]]) -> None:
        with pytest.raises(Cancelled):
            Img2Img(model, "a woodcut print", 0).draw(
                picture_of_everything(64, 64), PROCESSOR, lambda: bool(runs and runs[0]["steps"] >= 4)
            )
        assert runs[0]["steps"] == 4

    def test_an_autoencoder_with_the_old_names_of_its_attention_is_whole(self, model: Path) -> None:
        file = model / "vae" / "diffusion_pytorch_model.fp16.safetensors"
        before = {name: value.clone() for name, value in load_file(file).items()}
        old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
        renamed = {}
        for name, value in before.items():
            for new_name, old_name in old.items():
                name = name.replace(f"attentions.0.{new_name}.", f"attentions.0.{old_name}.")  # noqa: PLW2901
            renamed[name] = value
        assert renamed.keys() != before.keys()
        save_file(renamed, file, metadata={"format": "pt"})
        found = load_saved("diffusers", "AutoencoderKL", model / "vae").state_dict()
        assert all(torch.equal(found[name], value) for name, value in before.items())


class TestFiles:
    @pytest.mark.parametrize(
        "name",
        [
            "scheduler/scheduler_config.json",
            "text_encoder/config.json",
            "text_encoder/model.fp16.safetensors",
            "tokenizer/vocab.json",
            "unet/config.json",
            "unet/diffusion_pytorch_model.fp16.safetensors",
            "vae/diffusion_pytorch_model.fp16.safetensors",
        ],
    )
    @pytest.mark.parametrize("how", ["missing", "half", "nonsense"])
    def test_what_is_missing_or_damaged_is_told_with_what_helps(self, model: Path, name: str, how: str) -> None:
        file = model / name
        whole = file.read_bytes()
        file.unlink()
        if how != "missing":
            file.write_bytes(whole[: len(whole) // 2] if how == "half" else b"nonsense")
        with pytest.raises(WeightsError, match="weights get studio") as caught:
            drawn(model, picture_of_everything(64, 64))
        assert caught.value.key == "pack_damaged"

    @pytest.mark.parametrize("part", ["unet", "text_encoder"])
    def test_weights_that_lack_a_layer_are_not_filled_with_chance(self, model: Path, part: str) -> None:
        [file] = (model / part).glob("*.safetensors")
        numbers = load_file(file)
        lost = next(name for name in numbers if name.endswith("weight"))
        save_file({name: value.clone() for name, value in numbers.items() if name != lost}, file)
        with pytest.raises(WeightsError, match="weights get studio"):
            drawn(model, picture_of_everything(64, 64))

    def test_numbers_that_are_none_are_noticed(self, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        [file] = (model / "unet").glob("*.safetensors")
        broken = {name: value * float("nan") for name, value in load_file(file).items()}
        save_file(broken, file, metadata={"format": "pt"})
        with pytest.raises(WeightsError, match="weights get studio"):
            drawn(model, picture_of_everything(64, 64))
        # On a card it may be the card: then the processor tries.
        monkeypatch.setattr(diffusion, "PROCESSOR", torch.device("meta"))
        monkeypatch.setattr(Tensor, "to", lambda self, *_, **__: self)
        with pytest.raises(RuntimeError, match="no number"):
            Img2Img(model, "a woodcut print", 0).draw(picture_of_everything(64, 64), torch.device("cpu"))

    def test_what_is_whole_and_too_large_for_the_memory_is_not_called_damaged(
        self, model: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 5 bytes.")

        monkeypatch.setattr(UNet2DConditionModel, "from_pretrained", refuse)
        assert folder_of(STABLE_DIFFUSION) == model
        with pytest.raises(OutOfMemory):
            glaze(picture)

    def test_a_pickle_is_not_opened(self, model: Path) -> None:
        [file] = (model / "unet").glob("*.safetensors")
        torch.save(load_file(file), model / "unet" / "diffusion_pytorch_model.bin")
        file.unlink()
        with pytest.raises(WeightsError, match="weights get studio"):
            drawn(model, picture_of_everything(64, 64))

    def test_without_it_nothing_of_it_is_imported(self) -> None:
        modules = "glaze.glazing, glaze.preview, glaze.inspection, glaze.studio.app, glaze.genres"
        code = f"import sys, {modules}; print(*sys.modules)"
        answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert not {"transformers", "tokenizers", "diffusers"} & set(answer.stdout.split())


class TestKept:
    @pytest.fixture
    def one(self) -> Tensor:
        return (picture_of_everything(40, 30) * 255).round() / 255

    def test_it_comes_back_as_it_was(self, one: Tensor) -> None:
        assert recall("a", (30, 40)) is None
        keep("a", one)
        found = recall("a", (30, 40))
        assert found is not None
        assert torch.equal(found, one)
        assert recall("b", (30, 40)) is None
        assert recall("a", (30, 41)) is None
        assert [file.name for file in redrawn_folder().iterdir()] == ["a"]

    @pytest.mark.parametrize("place", [0, 40, 200, -1])
    def test_a_damaged_one_is_none(self, one: Tensor, place: int) -> None:
        keep("a", one)
        path = redrawn_folder() / "a"
        written = bytearray(path.read_bytes())
        written[place] ^= 1
        path.write_bytes(bytes(written))
        assert recall("a", (30, 40)) is None
        path.write_bytes(b"")
        assert recall("a", (30, 40)) is None

    def test_the_oldest_go_where_it_becomes_too_much(self, one: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
        keep("a", one)
        size = (redrawn_folder() / "a").stat().st_size
        monkeypatch.setattr(kept, "MOST_BYTES", 2 * size + 10)
        keep("b", one)
        assert recall("a", (30, 40)) is not None, "asked for last"
        keep("c", one)
        assert {file.name for file in redrawn_folder().iterdir()} == {"a", "c"}
        monkeypatch.setattr(kept, "MOST_BYTES", 0)
        keep("d", one)
        assert {file.name for file in redrawn_folder().iterdir()} == {"d"}

    def test_a_disk_that_takes_nothing_is_no_trouble(self, one: Tensor, tmp_path: Path) -> None:
        (tmp_path / "redrawn").write_bytes(b"a file")
        keep("a", one)
        assert recall("a", (30, 40)) is None

    def test_the_key_holds_all_that_it_depends_on(self, model: Path, one: Tensor) -> None:
        img2img = Img2Img(model, "a woodcut print", 0)
        key = img2img.key(one)
        assert key == img2img.key(one.clone())
        others = [
            img2img.key(one.flip(3)),
            img2img.key(one.transpose(2, 3)),
            replace(img2img, prompt="another").key(one),
            replace(img2img, seed=1).key(one),
        ]
        with (model / "unet" / "config.json").open("a", encoding="utf-8") as file:
            file.write(" ")
        others.append(img2img.key(one))
        assert len({key, *others}) == 6


class TestWhoDecides:
    def test_it_is_used_where_all_of_it_is_here(self, packs: Path, model: Path) -> None:
        assert folder_of(STABLE_DIFFUSION) == model
        assert as_installed(GlazeSettings()).redraw is Redraw.DIFFUSION
        assert as_installed(GlazeSettings(redraw=Redraw.PATCHES)).redraw is Redraw.PATCHES
        (packs / "stable-diffusion-v1-5" / "vae" / "config.json").unlink()
        assert folder_of(STABLE_DIFFUSION) is None
        assert as_installed(GlazeSettings()).redraw is Redraw.PATCHES

    @pytest.mark.usefixtures("model")
    def test_a_decoy_picture_and_the_bundled_network_by_choice_leave_it_aside(self, picture: Path) -> None:
        assert as_installed(GlazeSettings(decoy=picture)).redraw is Redraw.PATCHES
        assert as_installed(GlazeSettings(decoy=picture, redraw=Redraw.DIFFUSION)).redraw is Redraw.PATCHES
        assert as_installed(GlazeSettings(engine=Engine.BUNDLED)).redraw is Redraw.PATCHES
        both = GlazeSettings(engine=Engine.BUNDLED, redraw=Redraw.DIFFUSION)
        assert as_installed(both) == both

    def test_what_is_carried_out_stays_so(self, model: Path) -> None:
        found = as_installed(GlazeSettings())
        shutil.rmtree(model)
        assert as_installed(found) == found

    @pytest.mark.parametrize("redraw", list(Redraw))
    def test_it_is_kept_with_the_other_settings(self, redraw: Redraw) -> None:
        settings = GlazeSettings(redraw=redraw)
        assert settings_of(settings_json(settings)) == settings

    def test_what_was_kept_before_there_was_a_choice_was_redrawn_by_patches(self) -> None:
        assert "redraw" not in json.loads(settings_json(GlazeSettings(redraw=Redraw.PATCHES)))


class TestGlazing:
    @pytest.fixture(autouse=True)
    def installed(self, model: Path) -> Path:
        return model

    def test_the_decoy_is_the_artwork_redrawn_in_the_words_of_the_style(
        self, picture: Path, runs: list[dict[str, Any]]
    ) -> None:
        finished = glaze(picture, GlazeSettings(save_decoy=True))
        assert finished.settings.redraw is Redraw.DIFFUSION
        assert {run["prompt"] for run in runs} == {STYLES[finished.decoy_style].description}
        assert all(run["steps"] == DONE for run in runs)
        assert finished.decoy is not None
        assert finished.report.mean_style_distance > 0
        by_patches = glaze(picture, GlazeSettings(redraw=Redraw.PATCHES))
        assert by_patches.report.as_dict() != finished.report.as_dict()
        assert (by_patches.report.seen_decoy != finished.report.seen_decoy).any()

    def test_it_keeps_the_artworks_broad_colours(self, picture: Path) -> None:
        start = prepare(open_artwork(picture), as_installed(GlazeSettings()))
        assert start.redrawn.shape == start.trained.shape
        assert start.diffused > 0
        means = [tensor.mean((2, 3)) for tensor in (start.redrawn, start.trained)]
        torch.testing.assert_close(*means, atol=0.05, rtol=0)

    def test_the_second_glaze_does_not_diffuse(self, picture: Path, runs: list[dict[str, Any]]) -> None:
        first = glaze(picture)
        runs.clear()
        second = glaze(picture)
        assert runs == []
        assert first.result.read_bytes() == second.result.read_bytes()
        glaze(picture, GlazeSettings(seed=1))
        assert len(runs) > 0

    def test_a_damaged_one_is_made_again(self, picture: Path, runs: list[dict[str, Any]]) -> None:
        first = glaze(picture)
        [kept_file] = (file for file in redrawn_folder().iterdir() if not file.suffix)
        whole = kept_file.read_bytes()
        kept_file.write_bytes(whole[: len(whole) // 2])
        runs.clear()
        second = glaze(picture)
        assert len(runs) > 0
        assert first.result.read_bytes() == second.result.read_bytes()
        assert kept_file.read_bytes() == whole

    def test_stopped_in_the_middle_it_leaves_nothing(self, picture: Path, runs: list[dict[str, Any]]) -> None:
        with pytest.raises(Cancelled):
            glaze(picture, cancelled=lambda: bool(runs and runs[-1]["steps"] >= 5))
        assert runs[-1]["steps"] == 5
        assert not redrawn_folder().exists() or not list(redrawn_folder().iterdir())
        assert [file.name for file in picture.parent.glob("*.png")] == [picture.name]

    def test_asked_for_and_not_here_it_is_told(self, picture: Path, model: Path) -> None:
        shutil.rmtree(model)
        with pytest.raises(WeightsError, match="weights get studio") as caught:
            glaze(picture, GlazeSettings(redraw=Redraw.DIFFUSION))
        assert caught.value.key == "no_diffusion"
        assert glaze(picture).settings.redraw is Redraw.PATCHES

    def test_the_artists_own_decoy_is_matched_by_patches(
        self, picture: Path, tmp_path: Path, runs: list[dict[str, Any]]
    ) -> None:
        decoy = draw(tmp_path / "decoy.png", 300, 260, seed=3)
        finished = glaze(picture, GlazeSettings(decoy=decoy, redraw=Redraw.DIFFUSION))
        assert finished.settings.redraw is Redraw.PATCHES
        assert runs == []

    @pytest.mark.parametrize(("width", "height"), [(150, 110), (330, 100), (2300, 400)])
    def test_a_preview_waits_for_nothing_and_shows_what_is_there(
        self, tmp_path: Path, runs: list[dict[str, Any]], width: int, height: int
    ) -> None:
        picture = draw(tmp_path / "any.png", width, height)
        settings = as_installed(GlazeSettings(decoy_style="woodcut"))

        def seen(redraw: Redraw) -> bytes:
            return preview(picture, replace(settings, redraw=redraw)).seen_decoy.tobytes()

        by_patches = seen(Redraw.PATCHES)
        assert seen(Redraw.DIFFUSION) == by_patches
        assert runs == []
        prepare(open_artwork(picture), settings)
        runs.clear()
        assert seen(Redraw.DIFFUSION) != by_patches
        assert runs == []

    def test_it_is_inspected_toward_what_it_was_made_toward(self, picture: Path, runs: list[dict[str, Any]]) -> None:
        made = glaze(picture)
        runs.clear()
        found = inspect_pair(picture, made.result, settings=made.settings, decoy_style=made.decoy_style)
        assert runs == []
        for family, row in made.report.style_distance.items():
            assert found.report.style_distance[family]["none"] == pytest.approx(row["none"], abs=2.0)

    def test_to_the_ledger_it_is_another_glaze(self, picture: Path, model: Path, tmp_path: Path) -> None:
        with closing(Ledger(tmp_path / "ledger.sqlite3")) as ledger:
            ledger.record(glaze(picture), ledger.digest(picture))
            assert ledger.recognise(picture, GlazeSettings()) is not None
            assert ledger.recognise(picture, GlazeSettings(redraw=Redraw.PATCHES)) is None
            shutil.rmtree(model)
            assert ledger.recognise(picture, GlazeSettings()) is None

    def test_it_tells_how_far_it_is_before_the_loop_does(self, picture: Path) -> None:
        told: list[Iterate] = []
        glaze(picture, on_iterate=told.append)
        before = [iterate for iterate in told if iterate.redrawing]
        assert [iterate.step for iterate in before] == list(range(DONE + 1))
        assert {iterate.steps for iterate in before[1:]} == {DONE}
        assert [iterate.redrawing for iterate in told] == sorted((i.redrawing for i in told), reverse=True)
        assert before[2].left > before[-1].left == 0
        assert {iterate.share for iterate in before} == {0.0}
        assert told[-1].share == 1.0
        told.clear()
        glaze(picture, on_iterate=told.append)
        assert not any(iterate.redrawing for iterate in told), "it was kept"

    def test_of_tiles_all_steps_are_counted_together(self, tmp_path: Path, model: Path) -> None:
        told: list[tuple[int, int]] = []
        long = picture_of_everything(220, 64)
        Img2Img(model, "a woodcut print", 0).draw(long, PROCESSOR, on_step=lambda *step: told.append(step))
        tiles = len(told) // DONE
        assert tiles > 1
        assert told == [(step + 1, tiles * DONE) for step in range(tiles * DONE)]
        del tmp_path

    def test_what_is_kept_is_not_foretold_to_take_time_again(self, picture: Path, tmp_path: Path) -> None:
        settings = GlazeSettings(decoy_style="woodcut")

        def foretold(settings: GlazeSettings, picture: Path = picture) -> bool:
            """Whether redrawing is counted."""
            return estimate((150, 110), settings, picture) > estimate((150, 110), PATCHED)

        assert foretold(settings)
        preview(picture, settings)
        assert foretold(settings), "a preview redraws nothing"
        glaze(picture, settings)
        assert not foretold(settings)
        assert not foretold(settings, shutil.copyfile(picture, tmp_path / "copy.png")), "what counts is what is in it"
        assert foretold(replace(settings, seed=1))
        assert foretold(replace(settings, decoy_style="mosaic"))
        assert foretold(settings, draw(tmp_path / "other.png", 150, 110, seed=5))
        assert foretold(settings, tmp_path / "missing.png")
        chosen = glaze(picture)
        assert not foretold(GlazeSettings())
        for file in redrawn_folder().iterdir():
            if not file.suffix:
                file.unlink()
        assert foretold(settings), "the picture itself is gone"
        assert foretold(chosen.settings)

    def test_its_time_is_learned_apart_and_foretold(
        self, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GLAZE_PACE", str(tmp_path / "pace.json"))
        late, now, usual = [0.0], time.monotonic, Img2Img.draw

        def slow(img2img: Img2Img, *arguments: Any) -> Tensor:
            late[0] += 1000
            return usual(img2img, *arguments)

        monkeypatch.setattr(time, "monotonic", lambda: now() + late[0])
        monkeypatch.setattr(Img2Img, "draw", slow)
        assert 0 < estimate((150, 110)) < 500
        assert glaze(picture).seconds > 1000
        assert 1000 < estimate((150, 110)) < 1500
        assert estimate((150, 110), GlazeSettings(redraw=Redraw.PATCHES)) < 500
        glaze(picture)
        assert 1000 < estimate((150, 110)) < 1500, "what was kept took no time, and that says nothing"
