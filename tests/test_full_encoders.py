"""The full encoders of the pack "studio": used by themselves where a card can carry them, on a simulated one."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from glaze import device, fallback, glazing, memory
from glaze.cloak import Iterate
from glaze.cluster.cluster import _carried_out
from glaze.device import PROCESSOR
from glaze.encoders.tiny import TinyNetwork
from glaze.errors import WeightsError
from glaze.fallback import Need, Place, ladder, on_best_device
from glaze.glazing import estimate, glaze
from glaze.inspection import inspect_pair
from glaze.jobs import Job, State
from glaze.ledger import Ledger
from glaze.ledger.plain import settings_json, settings_of
from glaze.outcome import Report
from glaze.packs import Through, as_installed, through, ways
from glaze.preview import preview
from glaze.settings import Effort, EncoderPath, Engine, GlazeSettings, Redraw
from glaze.studio.distance import distance, looked_through
from glaze.studio.markup import progress
from glaze.studio.portfolio_markup import _running
from glaze.studio.words import languages, load
from tests.small_models import isolate, put_full
from tests.stand_in import draw

# To torch the processor, to Glaze another device.
CARD: Final = torch.device("cpu", 0)
STYLED: Final = GlazeSettings(decoy_style="mosaic")
BUNDLED: Final = GlazeSettings(engine=Engine.BUNDLED)
ENGINES: Final = {Engine.FULL: ["full", "tiny"], Engine.TINY: ["tiny", "tiny"]}
NAMES: Final = {"sd1": "sd-vae-ft-mse", "sdxl": "sdxl-vae-fp16-fix", "flux1": "flux1-vae", "flux2": "flux2-vae"}


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The full encoder of sd1, and the tiny ones of sd1 and flux1."""
    folder = isolate(tmp_path, monkeypatch)
    put_full(folder)
    for name, channels in (("taesd", 4), ("taef1", 16)):
        torch.manual_seed(0)
        save_file(TinyNetwork(channels, pooled=False).state_dict(), folder / f"{name}.safetensors")
    device._found.cache_clear()
    yield folder
    device._found.cache_clear()
    device._broken.clear()
    glazing._loaded.clear()


@pytest.fixture
def card(packs: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], None]:
    """A card, and how to say what memory it has."""
    del packs
    monkeypatch.setenv("GLAZE_DEVICE", str(CARD))
    monkeypatch.setattr(fallback, "_weight", lambda path: 335_000_000 if path.is_dir() else 5_000_000)
    monkeypatch.setattr(memory, "usable", lambda _: 10**11)
    return lambda usable: monkeypatch.setattr(memory, "usable", lambda _: usable)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return draw(tmp_path / "picture.png", 130, 100)


def kinds(settings: GlazeSettings) -> list[str]:
    return [str(kind) for kind in through(settings, ["sd1", "flux1", "sdxl", "flux2"]).values()]


class TestWays:
    def test_of_several_ways_the_best_comes_first_and_a_processor_takes_the_last(self, packs: Path) -> None:
        best, last = ways(GlazeSettings())
        tiny = {
            family: EncoderPath(packs / f"{name}.safetensors", family)
            for family, name in (("sd1", "taesd"), ("flux1", "taef1"))
        }
        assert best.encoders == (EncoderPath(packs / "sd-vae-ft-mse", "sd1"), tiny["flux1"])
        assert last.encoders == tuple(tiny.values())
        assert last == as_installed(GlazeSettings())

    @pytest.mark.usefixtures("packs")
    @pytest.mark.parametrize("engine", ENGINES)
    def test_an_artist_may_say_which(self, engine: Engine) -> None:
        [only] = ways(GlazeSettings(engine=engine))
        assert kinds(only)[:2] == ENGINES[engine]

    @pytest.mark.usefixtures("packs")
    @pytest.mark.parametrize("engine", Engine)
    def test_what_is_carried_out_stays_so(self, engine: Engine) -> None:
        for way in ways(GlazeSettings(engine=engine)):
            assert ways(way) == (way,)
            assert settings_of(settings_json(way)) == way

    def test_of_one_that_is_not_whole_the_tiny_one_is_used(self, packs: Path) -> None:
        (packs / "sd-vae-ft-mse" / "config.json").unlink()
        assert [kinds(way)[:2] for way in ways(GlazeSettings())] == [["tiny", "tiny"]]
        [asked] = ways(GlazeSettings(engine=Engine.FULL))
        assert kinds(asked)[:2] == ["tiny", "tiny"]

    def test_all_four_take_the_place_of_the_tiny_ones(self, packs: Path) -> None:
        for name in NAMES.values():
            put_full(packs, name)
        found = ways(GlazeSettings())[0].encoders
        assert {encoder.family: encoder.path.name for encoder in found} == NAMES

    def test_without_the_standard_pack_a_processor_has_the_bundled_network(self, packs: Path) -> None:
        for name in ("taesd", "taef1"):
            (packs / f"{name}.safetensors").unlink()
        best, last = ways(GlazeSettings())
        assert kinds(best) == ["full", "bundled", "bundled", "bundled"]
        assert last == GlazeSettings(engine=Engine.BUNDLED, redraw=Redraw.PATCHES)

    @pytest.mark.usefixtures("packs")
    def test_an_encoder_that_was_named_is_told_as_such(self) -> None:
        assert kinds(GlazeSettings(encoders=(EncoderPath(Path("mine"), "sd1"),)))[:2] == ["named", "bundled"]
        assert Through.BUNDLED in kinds(GlazeSettings(engine=Engine.BUNDLED))


class TestLadder:
    FULL, TINY = Need((300, 200), Effort(steps=1, canvas=128)), Need((300, 200), Effort(steps=1, canvas=64))

    def test_what_needs_most_comes_first_and_waits_nowhere(self, card: Callable[[int | None], None]) -> None:
        *tried, last = ladder(CARD, self.FULL, self.TINY)
        assert [(place.way, place.offload) for place in tried] == [(0, False), (1, False), (1, True)]
        assert last == Place(PROCESSOR, way=1)
        card(None)
        assert {place.way for place in ladder(CARD, self.FULL, self.TINY)} == {1}, "only a card that surely can"

    def test_a_processor_is_not_asked_to(self) -> None:
        assert list(ladder(PROCESSOR, self.FULL, self.TINY)) == [Place(PROCESSOR, way=1)]


class TestGlazing:
    def test_a_card_with_the_memory_uses_them(self, card: Callable[[int | None], None], picture: Path) -> None:
        finished = glaze(picture, STYLED)
        assert finished.settings == ways(STYLED)[0]
        assert kinds(finished.settings)[:2] == ["full", "tiny"]
        assert list(finished.report.style_distance) == ["sd1", "flux1", "sdxl", "flux2"]
        seen = inspect_pair(picture, finished.result, settings=finished.settings, decoy_style="mosaic")
        for family, row in finished.report.style_distance.items():
            assert seen.report.style_distance[family]["none"] == pytest.approx(row["none"], abs=2.0)
        del card

    def test_one_without_and_one_that_cannot_say_use_the_tiny_ones(self, card: Callable[[int | None], None]) -> None:
        needs = glazing.needs((130, 100), ways(STYLED))
        least = needs[0].bytes(Place(CARD, in_turn=True))
        assert needs[1].bytes(Place(CARD)) < least
        for usable, way in ((least, 0), (least - 1, 1), (None, 1)):
            card(usable)
            assert on_best_device(lambda place: place, *needs) == Place(CARD, in_turn=way == 0, way=way)

    @pytest.mark.usefixtures("packs")
    def test_the_processor_uses_them_only_where_it_is_told_to(
        self, monkeypatch: pytest.MonkeyPatch, picture: Path
    ) -> None:
        monkeypatch.setenv("GLAZE_DEVICE", "cpu")
        assert kinds(glaze(picture, STYLED).settings)[:2] == ["tiny", "tiny"]
        assert kinds(glaze(picture, replace(STYLED, engine=Engine.FULL)).settings)[:2] == ["full", "tiny"]

    def test_out_of_memory_the_tiny_ones_finish_it(
        self, card: Callable[[int | None], None], monkeypatch: pytest.MonkeyPatch, picture: Path
    ) -> None:
        whole = glaze(picture, replace(STYLED, engine=Engine.TINY), folder=picture.parent / "tiny")
        places: list[Place] = []
        usual = glazing.search

        def search(start: glazing.Start, *args: Any) -> Tensor:
            places.append(start.place)
            if start.place.way == 0:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return usual(start, *args)

        monkeypatch.setattr(glazing, "search", search)
        finished = glaze(picture, STYLED)
        assert [(place.way, place.in_turn) for place in places] == [(0, False), (0, True), (1, False)]
        assert finished.settings == whole.settings
        assert finished.result.read_bytes() == whole.result.read_bytes()
        del card

    def test_a_card_that_breaks_leaves_them_as_well(self, card: Callable[[int | None], None]) -> None:
        def work(place: Place) -> Place:
            if place.device == CARD:
                raise RuntimeError("CUDA error: unspecified launch failure")
            return place

        assert on_best_device(work, *glazing.needs((130, 100), ways(STYLED))) == Place(PROCESSOR, way=1)
        del card

    def test_a_preview_and_an_estimate_look_through_the_same(
        self, card: Callable[[int | None], None], picture: Path
    ) -> None:
        assert preview(picture, STYLED).settings == ways(STYLED)[0]
        assert estimate((130, 100), STYLED) > 0
        assert glazing._loaded[CARD][0] == ways(STYLED)[0].encoders
        card(None)
        assert preview(picture, STYLED).settings == as_installed(STYLED)

    def test_a_damaged_one_is_told_with_what_helps(
        self, card: Callable[[int | None], None], packs: Path, picture: Path
    ) -> None:
        weights = packs / "sd-vae-ft-mse" / "diffusion_pytorch_model.safetensors"
        weights.write_bytes(weights.read_bytes()[:5_000])
        with pytest.raises(WeightsError, match="weights get studio"):
            glaze(picture, STYLED)
        del card

    @pytest.mark.usefixtures("packs")
    def test_to_the_ledger_either_way_is_a_glaze_of_the_picture(self, picture: Path, tmp_path: Path) -> None:
        finished = glaze(picture, STYLED)
        asked = {engine: replace(STYLED, engine=engine) for engine in Engine}
        for way, engines in zip(ways(STYLED), ({Engine.PACKS, Engine.FULL}, {Engine.PACKS, Engine.TINY}), strict=True):
            with closing(Ledger(tmp_path / f"{engines}.sqlite3")) as ledger:
                ledger.record(replace(finished, settings=way), ledger.digest(picture))
                found = {engine for engine, settings in asked.items() if ledger.recognise(picture, settings)}
            assert found == engines


class TestTelling:
    @pytest.mark.usefixtures("packs")
    @pytest.mark.parametrize("language", languages())
    def test_the_report_says_through_what_was_looked(self, language: str) -> None:
        words = load(language)
        families = {family: {"none": 1.0, "crop": 1.0} for family in ("sd1", "flux1", "sdxl")}
        seen = np.zeros((1, 1, 3), np.uint8)
        report = Report(families, {"crop": 1.0}, seen, seen, seen)
        best, last = ways(GlazeSettings())
        named = GlazeSettings(encoders=(EncoderPath(Path("mine"), "sd1"),))
        for settings, expected in ((best, "full"), (last, "tiny"), (named, "named"), (BUNDLED, "bundled")):
            told = looked_through(words, report, settings)
            assert words(f"through.{expected}", family=words.name("family", "sd1")) in told
            assert words("through.bundled", family=words.name("family", "sdxl")) in told
            assert html.escape(told) in distance(words, report, settings)

    def test_the_page_says_that_the_picture_is_redrawn(self) -> None:
        words = load("en")
        job = Job(id="a", path=Path("a.png"), settings=STYLED, folder=None, started=1.0, state=State.RUNNING)
        at = Iterate(0, 1, 0.0, 0.0, None, 0.0, 0.0, redrawing=True)
        begins, later = (
            progress(words, replace(job, iterate=each)) for each in (at, replace(at, step=13, steps=26, left=120.0))
        )
        assert words.html("progress.redrawing.begins") in begins
        assert 'aria-valuenow="0"' in begins
        assert words.html("progress.redrawing", step=13, steps=26, left=words.duration(120)) in later
        assert words.html("progress.redrawing.once") in later
        assert 'aria-valuenow="50"' in later
        assert words("progress.redrawing.begins") in _running(words, replace(job, iterate=at))
        over = replace(at, step=26, steps=26, redrawing=False)
        assert words.html("progress.finishing") in progress(words, replace(job, iterate=over))


@pytest.mark.usefixtures("packs")
def test_a_station_of_the_cluster_tells_which_it_used() -> None:
    for way in ways(GlazeSettings()):
        there = replace(
            way, encoders=tuple(EncoderPath(Path("/elsewhere") / e.path.name, e.family) for e in way.encoders)
        )
        assert _carried_out(GlazeSettings(), there) == way
