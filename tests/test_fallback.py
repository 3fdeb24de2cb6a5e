"""Memory runs out at every stage, on a simulated card: each picture is finished by the next fallback all the same."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from glaze import device, fallback, glazing, inspection, memory, preview
from glaze.device import PROCESSOR, best_device
from glaze.encoders import Autoencoder, InTurn, Turn, registry
from glaze.encoders.autoencoder import Sight
from glaze.encoders.tiny import TinyNetwork
from glaze.errors import Cancelled, OutOfMemory
from glaze.fallback import Need, Place, ladder, on_best_device
from glaze.glazing import glaze, load_encoder
from glaze.jobs import Worker
from glaze.outcome import Glaze
from glaze.settings import Effort, EncoderPath, Engine, GlazeSettings, Render
from glaze.visibility import Watch
from tests.stand_in import draw

# To torch the processor, to Glaze another device.
CARD: Final = torch.device("cpu", 0)
STEPS: Final = 6
SETTINGS: Final = GlazeSettings(engine=Engine.BUNDLED, decoy_style="mosaic")
SMALL: Final = Need((300, 200), Effort(steps=10, canvas=128))


@pytest.fixture(autouse=True)
def _with_a_card(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GLAZE_DEVICE", str(CARD))
    monkeypatch.setattr(Render, "effort", property(lambda _: Effort(steps=STEPS, canvas=96)))
    device._found.cache_clear()
    yield
    device._found.cache_clear()
    device._broken.clear()
    glazing._loaded.clear()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return draw(tmp_path / "picture.png", 130, 100)


def failing(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, error: Exception, times: range) -> list[int]:
    """Let a function raise where it is called at one of the `times`, counted from 1. Returns the calls as they come."""
    usual, calls = getattr(place, name), list[int]()

    def fail(*args: Any, **kwargs: Any) -> Any:
        calls.append(len(calls) + 1)
        if calls[-1] in times:
            raise error
        return usual(*args, **kwargs)

    monkeypatch.setattr(place, name, fail)
    return calls


def pixels(path: Path) -> np.ndarray[Any, np.dtype[Any]]:
    with Image.open(path) as image:
        return np.asarray(image)


ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    MemoryError(),
    RuntimeError("MPS backend out of memory (MPS allocated: 5.0 GB)"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("level_zero backend failed with error: UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
]
STAGES: dict[str, tuple[Any, str]] = {
    "loading the network": (glazing, "load_bundled"),
    "loading the eye": (glazing, "load_likeness"),
    "the canvas": (glazing, "make_canvas"),
    "the decoy": (glazing, "draw_style"),
    "redrawing": (glazing, "redraw"),
    "the genres": (glazing, "genres_of"),
    "what people see": (glazing, "Watch"),
    "the first step": (Watch, "__call__"),
    "fitting": (glazing, "fit"),
    "laying it on": (glazing, "lay_on"),
    "the report": (glazing, "make_report"),
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Glaze:
    """The glaze of the same picture without a card."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Render, "effort", property(lambda _: Effort(steps=STEPS, canvas=96)))
        return glaze(draw(folder / "picture.png", 130, 100), SETTINGS)


class TestEveryStage:
    def finished(self, picture: Path, undisturbed: Glaze) -> None:
        """Glazes, and holds the result to what it is without trouble."""
        before = hashlib.sha256(picture.read_bytes()).hexdigest()
        done = glaze(picture, replace(SETTINGS, save_decoy=True), folder=picture.parent / "out")
        assert hashlib.sha256(picture.read_bytes()).hexdigest() == before
        assert sorted(path.name for path in (picture.parent / "out").iterdir()) == [
            "picture-decoy.png",
            "picture-glazed.png",
        ]
        assert done.visibility.within(SETTINGS.intensity.budget)
        assert np.array_equal(pixels(done.result), pixels(undisturbed.result)), "slower, but the same glaze"
        assert done.report.strength == pytest.approx(undisturbed.report.strength)

    @pytest.mark.parametrize(("stage", "rungs"), [*((stage, 1) for stage in STAGES), ("redrawing", 2)])
    def test_the_next_rung_finishes_the_picture(
        self, monkeypatch: pytest.MonkeyPatch, picture: Path, undisturbed: Glaze, stage: str, rungs: int
    ) -> None:
        calls = failing(monkeypatch, *STAGES[stage], ERRORS[0], range(1, rungs + 1))
        self.finished(picture, undisturbed)
        assert len(calls) > rungs
        assert best_device() == CARD, "a smaller picture may have room"

    @pytest.mark.parametrize("step", [2, STEPS])
    def test_in_a_later_step_too(
        self, monkeypatch: pytest.MonkeyPatch, picture: Path, undisturbed: Glaze, step: int
    ) -> None:
        calls = failing(monkeypatch, Watch, "__call__", ERRORS[0], range(step, step + 1))
        self.finished(picture, undisturbed)
        assert len(calls) == step + STEPS

    @pytest.mark.parametrize("error", ERRORS, ids=str)
    def test_however_it_is_said(self, error: Exception) -> None:
        def work(place: Place) -> str:
            if place.device == CARD:
                raise error
            return "done"

        assert on_best_device(work, SMALL) == "done"
        assert best_device() == CARD

    def test_where_the_processor_has_none_either_it_is_said_in_words(
        self, monkeypatch: pytest.MonkeyPatch, picture: Path
    ) -> None:
        failing(monkeypatch, glazing, "cloak", ERRORS[-1], range(1, 100))
        with pytest.raises(OutOfMemory, match="ran out of memory"):
            glaze(picture, SETTINGS)
        assert [path.name for path in picture.parent.iterdir()] == ["picture.png"]

    def test_a_broken_driver_is_left_alone_from_then_on(
        self, monkeypatch: pytest.MonkeyPatch, picture: Path, undisturbed: Glaze
    ) -> None:
        failing(monkeypatch, glazing, "cloak", RuntimeError("CUDA error: unspecified launch failure"), range(1, 2))
        self.finished(picture, undisturbed)
        assert best_device() == PROCESSOR

    def test_stopping_is_no_failure(self, picture: Path) -> None:
        steps: list[object] = []
        with pytest.raises(Cancelled):
            glaze(picture, SETTINGS, on_iterate=steps.append, cancelled=lambda: len(steps) >= 2)
        assert len(steps) == 2
        assert best_device() == CARD

    def test_of_a_preview_and_an_inspection(self, monkeypatch: pytest.MonkeyPatch, picture: Path) -> None:
        glazed = glaze(picture, SETTINGS)
        shown = preview.preview(picture, SETTINGS)
        compared = inspection.inspect_pair(picture, glazed.result, settings=SETTINGS)
        seen = inspection.inspect(picture)
        failing(monkeypatch, preview, "search", ERRORS[0], range(1, 2))
        failing(monkeypatch, inspection, "make_report", ERRORS[0], range(1, 3))
        failing(monkeypatch, inspection, "what_is_seen", ERRORS[0], range(1, 3))
        assert np.array_equal(preview.preview(picture, SETTINGS).after, shown.after)
        again = inspection.inspect_pair(picture, glazed.result, settings=SETTINGS)
        assert again.report.strength == pytest.approx(compared.report.strength)
        assert np.array_equal(inspection.inspect(picture).seen, seen.seen)

    def test_of_an_estimate(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("GLAZE_PACE", str(tmp_path / "pace.json"))
        failing(monkeypatch, glazing, "load_bundled", ERRORS[0], range(1, 2))
        assert glazing.estimate((130, 100), SETTINGS) > 0


class TestLadder:
    def encoders(self, folder: Path, *sizes: int) -> tuple[EncoderPath, ...]:
        paths = [folder / f"{number} {size}.safetensors" for number, size in enumerate(sizes)]
        for path, size in zip(paths, sizes, strict=True):
            with path.open("wb") as file:
                file.truncate(size)
        return tuple(EncoderPath(path, path.stem) for path in paths)

    @pytest.fixture(autouse=True)
    def _measured(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fallback, "fastest_precision", lambda _: torch.float32)

    def rungs(self, name: str, need: Need) -> list[tuple[bool, bool, bool]]:
        *tried, last = ladder(torch.device(name), need)
        assert last == Place(PROCESSOR)
        assert all(place.device == torch.device(name) for place in tried)
        return [(place.graphs, place.in_turn, place.offload) for place in tried]

    def test_the_order(self, tmp_path: Path) -> None:
        several = replace(SMALL, encoders=self.encoders(tmp_path, 1, 1))
        assert self.rungs("mps", SMALL) == [(False, False, False), (False, False, True)]
        assert self.rungs("xpu", several) == [(False, False, False), (False, True, False), (False, True, True)]
        assert list(ladder(PROCESSOR, several)) == [Place(PROCESSOR)]

    def test_cuda_alone_has_graphs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(memory, "usable", lambda _: None)
        assert self.rungs("cuda", SMALL)[0] == (True, False, False)

    def test_what_has_no_room_is_not_tried(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        need = Need((1000, 800), Effort(steps=1, canvas=512), self.encoders(tmp_path, 10**9, 10**9, 5_000_000))
        places = [Place(torch.device("cuda"), graphs=True), Place(torch.device("cuda"))]
        places += [replace(places[1], in_turn=True), replace(places[1], in_turn=True, offload=True)]
        needed = [need.bytes(place) for place in places]
        assert needed == sorted(needed, reverse=True)
        for tried, room in enumerate([needed[0], *(least - 1 for least in needed)]):
            monkeypatch.setattr(memory, "usable", lambda _, room=room: room)
            assert len(self.rungs("cuda", need)) == 4 - tried

    def test_a_card_that_fails_while_it_is_planned_for_is_tried_all_the_same(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_: str) -> torch.dtype:
            raise torch.OutOfMemoryError("CUDA out of memory")

        monkeypatch.setattr(memory, "usable", lambda _: 1)
        monkeypatch.setattr(fallback, "fastest_precision", fail)
        assert len(self.rungs("xpu", SMALL)) == 2

    def test_a_full_encoder_and_a_larger_canvas_need_more(self, tmp_path: Path) -> None:
        card = Place(torch.device("cuda"))
        tiny, full = (replace(SMALL, encoders=self.encoders(tmp_path, size)) for size in (5_000_000, 300_000_000))
        assert SMALL.bytes(card) < tiny.bytes(card) < full.bytes(card)
        larger = replace(SMALL, size=(3000, 2000), effort=Effort(steps=10, canvas=512))
        assert larger.bytes(card) > SMALL.bytes(card)
        assert replace(larger, size=(30000, 20000)).bytes(card) == pytest.approx(larger.bytes(card), rel=0.01)
        gone = replace(SMALL, encoders=(EncoderPath(tmp_path / "nowhere"),))
        assert gone.bytes(card) == replace(SMALL, encoders=self.encoders(tmp_path, 1)).bytes(card) - 1

    def test_a_folder_counts_by_its_autoencoder(self, tmp_path: Path) -> None:
        (tmp_path / "model" / "vae").mkdir(parents=True)
        [file] = self.encoders(tmp_path / "model" / "vae", 300_000_000)
        card = Place(torch.device("cuda"))
        named = replace(SMALL, encoders=(EncoderPath(tmp_path / "model"),))
        assert named.bytes(card) == replace(SMALL, encoders=(file,)).bytes(card)

    def test_what_a_card_held_is_gone_before_the_next_is_tried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        held: list[bool] = []
        alive: set[int] = set()

        class Large:
            def __init__(self) -> None:
                alive.add(id(self))

            def __del__(self) -> None:
                alive.discard(id(self))

        def work(place: Place) -> str:
            held.append(bool(alive))
            assert best_device() == place.device, "also for those who ask by themselves"
            large = Large()
            if place.device == CARD:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return f"done {bool(large)}"

        emptied: list[torch.device] = []
        monkeypatch.setattr(memory, "let_go", emptied.append)
        assert on_best_device(work, SMALL) == "done True"
        assert held == [False] * 3
        assert emptied == [CARD, CARD]

    def test_a_missing_file_is_not_the_card_s_fault(self) -> None:
        def work(place: Place) -> None:
            assert best_device() == place.device
            raise FileNotFoundError("gone")

        with pytest.raises(FileNotFoundError):
            on_best_device(work, SMALL)
        assert best_device() == CARD

    def test_a_mistake_in_glaze_is_one_on_the_processor_too(self) -> None:
        def work(_: Place) -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            on_best_device(work, SMALL)


class TestMemory:
    def test_of_a_device_that_has_none_of_its_own(self) -> None:
        assert memory.usable(CARD) is None
        assert memory.total(CARD) is None
        memory.let_go(CARD)

    def test_of_nvidia_and_intel(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for kind in ("cuda", "xpu"):
            module = getattr(torch, kind)
            monkeypatch.setattr(module, "mem_get_info", lambda _: (3_000, 8_000))
            monkeypatch.setattr(module, "memory_reserved", lambda _: 500)
            assert memory.usable(torch.device(kind, 1)) == 3_500

    def test_of_apple(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 5_000)
        monkeypatch.setattr(torch.mps, "current_allocated_memory", lambda: 1_000)
        assert memory.total(torch.device("mps")) == 5_000
        assert memory.usable(torch.device("mps")) == 5_000
        monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 2**60)
        here = memory.usable(torch.device("mps"))
        assert here is not None
        assert 1_000 < here < 2**60, "no more than the computer has left"

    def test_other_errors_are_no_lack_of_memory(self) -> None:
        for error in (RuntimeError("illegal memory access"), ValueError("cannot allocate"), OSError("out of memory")):
            assert not memory.ran_out(error)


class Noting(nn.Module):
    """A network that notes where it is."""

    def __init__(self, log: list[tuple[int, str]], number: int) -> None:
        super().__init__()
        self.log, self.number = log, number

    def to(self, device: Any) -> Noting:  # type: ignore[override]
        self.log.append((self.number, str(device)))
        return self


class TestInTurn:
    def test_one_is_on_the_device_at_a_time(self) -> None:
        log: list[tuple[int, str]] = []
        turn = Turn(torch.device("cuda"))

        def see(pictures: Tensor) -> Tensor:
            return pictures[:, :, ::8, ::8]

        encoders = [InTurn(Autoencoder(str(n), Sight(see, see, Noting(log, n), 8, 8), 1.0), turn) for n in range(2)]
        assert log == [(0, "cpu"), (1, "cpu")]
        log.clear()
        picture = torch.rand(1, 3, 16, 16)
        for each in (0, 0, 1, 0):
            encoders[each].look(picture)
        encoders[1].decode(encoders[1].encode(picture))
        assert log == [(0, "cuda"), (0, "cpu"), (1, "cuda"), (1, "cpu"), (0, "cuda"), (0, "cpu"), (1, "cuda")]

    @pytest.fixture
    def real(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[EncoderPath, ...]:
        monkeypatch.setattr(registry, "fastest_precision", lambda _: torch.float32)
        paths = []
        for number, channels in enumerate((4, 16)):
            torch.manual_seed(number)
            path = tmp_path / f"{number}.safetensors"
            save_file(TinyNetwork(channels, pooled=False).state_dict(), path)
            paths.append(EncoderPath(path, ("sd1", "flux1")[number]))
        return tuple(paths)

    def test_they_see_the_same(self, real: tuple[EncoderPath, ...]) -> None:
        picture = torch.rand(1, 3, 64, 64)
        together, apart = (load_encoder(real, Place(CARD, in_turn=in_turn)) for in_turn in (False, True))
        assert load_encoder(real, Place(CARD, in_turn=True)).members[0] is not apart.members[0], "each work its own"
        assert together.families == apart.families
        for family, latent in together.encode(picture).items():
            assert torch.equal(latent, apart.encode(picture)[family])

    def test_those_of_before_go_before_others_come(
        self, real: tuple[EncoderPath, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = load_encoder(real[:1], Place(CARD))
        assert load_encoder(real[:1], Place(CARD)).members[0] is first.members[0]
        kept: list[int] = []
        usual = glazing._real_encoder

        def load(given: EncoderPath, device: str) -> Autoencoder:
            kept.append(len(glazing._loaded))
            return usual(given, device)

        monkeypatch.setattr(glazing, "_real_encoder", load)
        load_encoder(real, Place(CARD))
        assert kept == [0, 0]

    @pytest.mark.parametrize("rungs", [1, 3])
    def test_a_glaze_through_them_falls_back_as_well(
        self, real: tuple[EncoderPath, ...], monkeypatch: pytest.MonkeyPatch, picture: Path, rungs: int
    ) -> None:
        settings = GlazeSettings(encoders=real, decoy_style="mosaic")
        places: list[Place] = []
        usual = glazing.search

        def search(start: glazing.Start, *args: Any) -> Tensor:
            places.append(start.place)
            if len(places) <= rungs:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return usual(start, *args)

        whole = glaze(picture, settings, folder=picture.parent / "whole")
        monkeypatch.setattr(glazing, "search", search)
        done = glaze(picture, settings, folder=picture.parent / "out")
        assert places == list(ladder(CARD, *glazing.needs((130, 100), [settings])))[: rungs + 1]
        assert np.array_equal(pixels(done.result), pixels(whole.result))


class TestTwoCards:
    def test_each_glazes_pictures_of_a_portfolio_alike(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        cards = (torch.device("cpu", 0), torch.device("cpu", 1))
        monkeypatch.setattr(device, "devices", lambda: cards)
        both = threading.Barrier(2, timeout=60)
        found: list[torch.device] = []
        usual = glazing.search

        def search(start: glazing.Start, *args: Any) -> Tensor:
            found.append(start.place.device)
            both.wait()  # until the other card has begun, too
            return usual(start, *args)

        monkeypatch.setattr(glazing, "search", search)
        pictures = [draw(tmp_path / f"{name}.png", 130, 100) for name in "ab"]
        with closing(Worker(log=tmp_path / "log.txt")) as worker:
            jobs = [worker.wait(job.id, 120) for job in worker.submit_all(pictures, SETTINGS)]
        assert sorted(found, key=str) == list(cards)
        first, second = (job.result for job in jobs)
        assert first is not None
        assert second is not None
        assert np.array_equal(pixels(first.result), pixels(second.result))
