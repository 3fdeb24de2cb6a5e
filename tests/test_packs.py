"""What a glaze makes of the packs that are here: the real loading code, on small random networks and on real ones."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from glaze import pace
from glaze.encoders import BundledEncoder
from glaze.encoders.tiny import TinyNetwork
from glaze.errors import WeightsError
from glaze.glazing import estimate, glaze, load_encoder, load_likeness
from glaze.inspection import inspect_pair
from glaze.ledger import Ledger
from glaze.ledger.plain import settings_json, settings_of
from glaze.network import Eye
from glaze.outcome import Glaze
from glaze.packs import State, as_installed, load_pack, packs_folder, remove, verify
from glaze.preview import preview
from glaze.settings import Effort, EncoderPath, Engine, GlazeSettings, Redraw, Render
from glaze.visibility.lpips import Lpips
from glaze.weights import load_bundled, load_lpips
from tests.stand_in import draw

SHARED = Path(__file__).resolve().parents[2] / "shared"
TEACHERS = {"sd1": "taesd", "sdxl": "taesdxl", "flux1": "taef1", "flux2": "taef2"}
LPIPS = SHARED / "lpips" / "squeezenet.safetensors"
needs_real = pytest.mark.skipif(
    not (LPIPS.is_file() and (SHARED / "teachers" / "sd1.safetensors").is_file()),
    reason="the real networks are not beside the project",
)
BUNDLED = GlazeSettings(engine=Engine.BUNDLED, redraw=Redraw.PATCHES)


@pytest.fixture(autouse=True)
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packs of this test alone, and short glazes."""
    monkeypatch.setenv("GLAZE_PACKS", str(tmp_path / "packs"))
    monkeypatch.setattr(Render, "effort", property(lambda _: Effort(steps=5, canvas=128)))
    (tmp_path / "packs").mkdir()
    return tmp_path / "packs"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return draw(tmp_path / "picture.png", 150, 110)


def put(folder: Path, name: str = "taesd", channels: int = 4) -> Path:
    """A random tiny autoencoder, by the name that the pack has for it."""
    torch.manual_seed(0)
    network = TinyNetwork(channels, pooled=False)
    save_file(network.state_dict(), folder / f"{name}.safetensors")
    return folder / f"{name}.safetensors"


class TestWhatIsLookedThrough:
    def test_without_a_pack_it_is_the_bundled_network_and_said_to_be(self) -> None:
        bundled = GlazeSettings(seed=3, engine=Engine.BUNDLED, redraw=Redraw.PATCHES)
        assert as_installed(GlazeSettings(seed=3)) == bundled

    def test_what_is_here_is_named_by_family_and_place(self, packs: Path) -> None:
        paths = put(packs, "taef1", 16), put(packs)
        found = as_installed(GlazeSettings()).encoders
        assert found == (EncoderPath(paths[1], "sd1"), EncoderPath(paths[0], "flux1"))
        assert as_installed(as_installed(GlazeSettings())) == as_installed(GlazeSettings())

    def test_bundled_alone_stays_so_and_encoders_that_are_named_are_the_only_ones(self, packs: Path) -> None:
        put(packs)
        assert as_installed(BUNDLED) == BUNDLED
        named = GlazeSettings(encoders=(EncoderPath(Path("x"), "new"),), redraw=Redraw.PATCHES)
        assert as_installed(named) == named

    def test_the_bundled_network_stands_in_for_families_that_no_pack_brought(self, packs: Path) -> None:
        put(packs)
        encoder = load_encoder(as_installed(GlazeSettings()).encoders)
        assert [member.families for member in encoder.members] == [("sd1",), ("sdxl", "flux1", "flux2")]

    def test_a_damaged_file_is_told_with_what_helps(self, packs: Path) -> None:
        (packs / "taesd.safetensors").write_bytes(b"half")
        with pytest.raises(WeightsError, match="weights get standard"):
            load_encoder(as_installed(GlazeSettings()).encoders)
        (packs / "lpips-squeezenet.safetensors").write_bytes(b"half")
        with pytest.raises(WeightsError, match="weights get standard"):
            load_likeness()

    def test_paces_are_kept_apart(self, packs: Path) -> None:
        put(packs)
        eye = load_bundled().eye
        given = as_installed(GlazeSettings()).encoders
        names = {
            pace.Tools(BundledEncoder(load_bundled()), eye).name,
            pace.Tools(load_encoder(given), eye, given).name,
        }
        assert len(names) == 2


class TestGlazing:
    @pytest.fixture
    def glazed(self, packs: Path, picture: Path) -> Glaze:
        put(packs)
        return glaze(picture)

    def test_the_pack_is_used_by_itself_and_told(self, glazed: Glaze, packs: Path) -> None:
        assert glazed.settings.encoders == (EncoderPath(packs / "taesd.safetensors", "sd1"),)
        assert list(glazed.report.style_distance) == ["sd1", "sdxl", "flux1", "flux2"], "the real one first"

    def test_a_setting_leaves_it_aside(self, glazed: Glaze, picture: Path) -> None:
        other = glaze(picture, BUNDLED)
        assert other.settings == BUNDLED
        assert other.report.as_dict() != glazed.report.as_dict()

    def test_without_the_pack_all_is_as_before_there_were_any(self, packs: Path, picture: Path) -> None:
        put(packs)
        remove(load_pack("standard"))
        first, second = glaze(picture), glaze(picture, BUNDLED)
        assert first.result.read_bytes() == second.result.read_bytes()
        assert first.settings == second.settings

    def test_a_preview_and_an_estimate_look_through_the_same(self, packs: Path, picture: Path) -> None:
        put(packs)
        assert preview(picture).settings.encoders
        assert estimate((150, 110)) > 0

    def test_it_is_inspected_with_what_it_was_made_with_whatever_came_since(self, packs: Path, picture: Path) -> None:
        made = glaze(picture)
        put(packs)
        found = inspect_pair(picture, made.result, settings=made.settings, decoy_style=made.decoy_style)
        for family, row in made.report.style_distance.items():
            assert found.report.style_distance[family]["none"] == pytest.approx(row["none"], abs=2.0)

    def test_with_a_pack_it_is_another_glaze_to_the_ledger(self, packs: Path, picture: Path, tmp_path: Path) -> None:
        with closing(Ledger(tmp_path / "ledger.sqlite3")) as ledger:
            ledger.record(glaze(picture), ledger.digest(picture))
            assert ledger.recognise(picture, GlazeSettings()) is not None
            put(packs)
            assert ledger.recognise(picture, GlazeSettings()) is None
            assert ledger.recognise(picture, BUNDLED) is not None
            ledger.record(glaze(picture), ledger.digest(picture))
            assert ledger.recognise(picture, GlazeSettings()) is not None

    def test_lpips_counts_from_the_moment_it_is_here(self, packs: Path) -> None:
        assert load_lpips() is None
        if LPIPS.is_file():
            shutil.copyfile(LPIPS, packs / "lpips-squeezenet.safetensors")
            assert isinstance(load_likeness(), Lpips)
            (packs / "lpips-squeezenet.safetensors").unlink()
        assert isinstance(load_likeness(), Eye)


class TestKept:
    @pytest.mark.parametrize("settings", [GlazeSettings(), BUNDLED, replace(BUNDLED, seed=4)])
    def test_the_engine_is_kept_with_the_other_settings(self, settings: GlazeSettings) -> None:
        assert settings_of(settings_json(settings)) == settings

    def test_what_was_kept_before_there_were_packs_was_bundled(self) -> None:
        assert "engine" not in json.loads(settings_json(BUNDLED)), "or none of it would be recognised"
        assert settings_of(settings_json(BUNDLED)).engine is Engine.BUNDLED


@needs_real
class TestReal:
    @pytest.fixture(autouse=True)
    def standard(self, packs: Path) -> None:
        """The standard pack, put there by hand, but for the one network that is not beside the project."""
        for family, name in TEACHERS.items():
            shutil.copyfile(SHARED / "teachers" / f"{family}.safetensors", packs / f"{name}.safetensors")
        shutil.copyfile(LPIPS, packs / "lpips-squeezenet.safetensors")

    def test_all_of_it_is_found_whole(self) -> None:
        states = {found.path.stem: found.state for found in verify(load_pack("standard"))}
        assert states.pop("taesd3") is State.ABSENT
        assert set(states.values()) == {State.HERE}

    def test_a_picture_is_glazed_through_the_real_encoders_and_measured_by_lpips(self, picture: Path) -> None:
        finished = glaze(picture)
        assert list(finished.report.style_distance) == list(TEACHERS)
        assert [encoder.path.parent for encoder in finished.settings.encoders] == [packs_folder()] * 4
        assert not finished.visibility.lpips_is_estimate
        assert finished.visibility.within(finished.settings.intensity.budget)
        assert finished.report.mean_style_distance > 1
