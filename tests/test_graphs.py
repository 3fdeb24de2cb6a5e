"""CUDA graphs, with torch's recording simulated: used where they are right, and left aside where anything is not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from glaze import device, glazing
from glaze.encoders import BundledEncoder, Ensemble, Latents
from glaze.fallback import Place, on_best_device
from glaze.glazing import glaze
from glaze.graphs import Graphed, graphed, recorded
from glaze.settings import Effort, Engine, GlazeSettings, Render
from glaze.weights import load_bundled
from tests.doubles import LinearEncoder
from tests.stand_in import draw

Look = Callable[[Tensor], Latents]


class Recorder:
    """In the place of torch.cuda.make_graphed_callables: what it gives calls the function, `spoil`s it and counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.recordings, self.replays = 0, 0
        self.spoil: Callable[[Tensor], Tensor] = lambda right: right
        self.fail: Exception | None = None
        monkeypatch.setattr(torch.cuda, "make_graphed_callables", self.record)
        monkeypatch.setattr(torch.cuda, "device", lambda _: nullcontext())

    def record(self, look: Look, samples: tuple[Tensor]) -> Look:
        self.recordings += 1
        assert samples[0].requires_grad
        assert samples[0].is_leaf
        if self.fail is not None:
            raise self.fail

        def replay(pictures: Tensor) -> Latents:
            assert pictures.shape == samples[0].shape, "a graph has one size"
            self.replays += 1
            return {name: self.spoil(part) for name, part in look(pictures).items()}

        return replay


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    return Recorder(monkeypatch)


def picture(seed: int = 0) -> Tensor:
    return torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(seed)).requires_grad_()


def test_a_look_with_gradients_is_replayed_and_the_same(recorder: Recorder) -> None:
    encoder = BundledEncoder(load_bundled())
    replayed = Graphed(encoder)
    for seed in range(3):
        seen, right = replayed.look(picture(seed)), encoder.look(picture(seed))
        assert seen.keys() == right.keys()
        assert all(torch.equal(seen[name], right[name]) for name in right)
    assert recorder.recordings == 1
    assert recorder.replays == 1 + 3, "once to be tested"


def test_what_needs_no_gradients_is_not_replayed(recorder: Recorder) -> None:
    replayed = Graphed(BundledEncoder(load_bundled()))
    replayed.look(picture().detach())
    with torch.no_grad():
        replayed.look(torch.cat([picture(), picture(1)]))
    replayed.decode(replayed.encode(picture()))
    assert recorder.recordings == 0


@pytest.mark.parametrize(
    "error", [RuntimeError("operation not permitted when stream is capturing"), AssertionError(), ValueError("beta")]
)
def test_where_nothing_can_be_recorded_the_encoder_looks(recorder: Recorder, error: Exception) -> None:
    recorder.fail = error
    encoder = LinearEncoder()
    replayed = Graphed(encoder)
    for seed in range(2):
        assert torch.equal(replayed.look(picture(seed))["mean"], encoder.look(picture(seed))["mean"])
    assert (recorder.recordings, recorder.replays) == (1, 0)


SPOILERS: dict[str, Callable[[Tensor], Tensor]] = {
    "NaN": lambda right: right * float("nan"),
    "always the same": lambda right: right.detach() * 0 + right.mean() * 0 + 1,
    "imprecise": lambda right: right * 1.1,
    "without a slope": lambda right: right.detach() + 0 * right,
}


@pytest.mark.parametrize("spoil", SPOILERS.values(), ids=SPOILERS)
def test_a_recording_that_is_wrong_is_left_aside(
    recorder: Recorder, spoil: Callable[[Tensor], Tensor], caplog: pytest.LogCaptureFixture
) -> None:
    recorder.spoil = spoil
    encoder = LinearEncoder()
    assert recorded(encoder.look, picture()) == encoder.look
    assert "other numbers" in caplog.text


def test_beside_other_work_on_a_card_nothing_is_recorded(recorder: Recorder) -> None:
    encoder = LinearEncoder()
    with device.at_work(device.PROCESSOR), device.at_work(device.PROCESSOR):
        assert recorded(encoder.look, picture()) == encoder.look
    assert recorder.recordings == 0
    with device.at_work(device.PROCESSOR):
        assert recorded(encoder.look, picture()) != encoder.look


def test_each_member_has_its_own(recorder: Recorder) -> None:
    network = load_bundled()
    together = graphed(Ensemble([BundledEncoder(network, ["sd1"]), BundledEncoder(network, ["flux1"])]))
    assert [member.families for member in together.members] == [("sd1",), ("flux1",)]
    for member in together.members:
        member.look(picture())
    assert recorder.recordings == 2


def test_a_glaze_is_the_same_with_them(recorder: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Render, "effort", property(lambda _: Effort(steps=6, canvas=96)))
    settings = GlazeSettings(engine=Engine.BUNDLED, decoy_style="mosaic")
    path = draw(tmp_path / "picture.png", 130, 100)
    plain = glaze(path, settings, folder=tmp_path / "plain")
    assert recorder.recordings == 0, "only on CUDA"
    usual = on_best_device

    def with_graphs(work: Callable[[Place], Any], need: Any) -> Any:
        return usual(lambda place: work(Place(place.device, graphs=True)), need)

    monkeypatch.setattr(glazing, "on_best_device", with_graphs)
    replayed = glaze(path, settings, folder=tmp_path / "replayed")
    assert recorder.recordings == 1
    assert recorder.replays == 1 + 6
    with Image.open(plain.result) as one, Image.open(replayed.result) as other:
        assert np.array_equal(np.asarray(one), np.asarray(other))
