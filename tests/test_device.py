"""The loop runs where it is told to, and a card that cannot do it costs a glaze nothing but time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from glaze import device, glazing
from glaze.canvas import Canvas
from glaze.cloak import cloak
from glaze.device import PROCESSOR, best_device, on_best_device
from glaze.encoders import BundledEncoder, bundled
from glaze.glazing import glaze
from glaze.settings import Effort, GlazeSettings, Intensity, Render
from glaze.visibility import Watch, figures
from glaze.visibility.masks import change_mask
from glaze.weights import load_bundled
from tests.stand_in import draw


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("GLAZE_DEVICE", raising=False)
    device._found.cache_clear()
    yield
    device._found.cache_clear()
    device._card_failed.clear()


class OneDevice(TorchDispatchMode):
    """Refuses every operation on tensors of two devices; single numbers and copies from one to another are free."""

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = [
            each for each in tree_flatten((args, dict(kwargs or {})))[0] if isinstance(each, Tensor) and each.dim()
        ]
        if "copy" not in func.__name__:
            assert len({each.device for each in given}) <= 1, f"{func} of tensors on two devices"
        return func(*args, **kwargs or {})


def on_meta(answer: Callable[[Tensor], Tensor], usual: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A method of tensors with an answer for those that have no numbers."""
    return lambda tensor: answer(tensor) if tensor.is_meta else usual(tensor)


def test_the_whole_loop_stays_on_its_device(monkeypatch: pytest.MonkeyPatch) -> None:
    # torch's "meta" device computes nothing, but keeps its tensors apart from the processor's like a card does.
    for module in (bundled, figures):
        monkeypatch.setattr(module, "autocast", lambda _: nullcontext())
    monkeypatch.setattr(Tensor, "item", lambda _: 0.5)
    answered = {
        "cpu": lambda tensor: torch.zeros(tensor.shape, dtype=tensor.dtype),
        "nonzero": lambda tensor: torch.zeros(40, tensor.dim(), dtype=torch.long, device="meta"),
    }
    for name, answer in answered.items():
        monkeypatch.setattr(Tensor, name, on_meta(answer, getattr(Tensor, name)))

    card = torch.device("meta")
    picture = torch.rand(1, 3, 128, 160, generator=torch.Generator().manual_seed(0))
    whole = torch.ones(1, 1, 128, 160)
    canvas = Canvas(picture, change_mask(picture, whole, grey=False), 1.0, enlargement=1.5).to(card)
    network = load_bundled("meta")
    iterates: list[object] = []
    with OneDevice():  # type: ignore[no-untyped-call]
        redrawn = canvas.as_trained(canvas.picture.flip(3))
        watch = Watch(canvas.picture, canvas.screen_scale, network.eye, canvas.enlargement)
        budget, effort = Intensity.DEFAULT.budget, Effort(steps=24, canvas=128)
        change = cloak(canvas, redrawn, BundledEncoder(network), watch, budget, effort, on_iterate=iterates.append)
    assert change.device == card
    assert len(iterates) == 24


def test_the_guard_sees_two_devices() -> None:
    with pytest.raises(AssertionError, match="two devices"), OneDevice():  # type: ignore[no-untyped-call]
        torch.mm(torch.ones(2, 2, device="meta"), torch.ones(2, 2))


@pytest.mark.parametrize(
    ("ready", "right", "found"), [(True, True, "cuda"), (True, False, "cpu"), (False, True, "cpu")]
)
def test_a_card_is_used_where_it_is_ready_and_right(
    monkeypatch: pytest.MonkeyPatch, ready: bool, right: bool, found: str
) -> None:
    monkeypatch.setattr(device, "_is_ready", lambda: ready)
    monkeypatch.setattr(device, "computes_rightly", lambda *_: right)
    assert best_device().type == found


def test_one_may_name_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_is_ready", lambda: True)
    monkeypatch.setattr(device, "computes_rightly", lambda *_: True)
    monkeypatch.setenv("GLAZE_DEVICE", "cpu")
    assert best_device() == PROCESSOR


def test_a_name_that_is_none_is_left_aside(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(device, "_is_ready", lambda: False)
    monkeypatch.setenv("GLAZE_DEVICE", "my graphics card")
    with caplog.at_level(logging.WARNING):
        assert best_device() == PROCESSOR
    assert "my graphics card" in caplog.text


def test_work_that_a_card_fails_is_done_on_the_processor(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GLAZE_DEVICE", "cuda")
    tried = []

    def work() -> str:
        tried.append(best_device().type)
        if best_device().type == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return "done"

    with caplog.at_level(logging.WARNING):
        assert on_best_device(work) == "done"
    assert tried == ["cuda", "cpu"]
    assert "out of memory" in caplog.text
    assert on_best_device(work) == "done"
    assert tried == ["cuda", "cpu", "cpu"], "a card that failed is not tried again"


def test_what_fails_on_the_processor_fails() -> None:
    def work() -> None:
        raise RuntimeError("the sky fell")

    assert best_device() == PROCESSOR
    with pytest.raises(RuntimeError, match="the sky fell"):
        on_best_device(work)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card that would do it")
def test_a_picture_is_glazed_where_the_named_card_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GLAZE_DEVICE", "cuda")
    monkeypatch.setattr(Render, "effort", Effort(steps=10, canvas=96))
    settings = GlazeSettings()
    assert glazing.estimate((120, 100), settings) > 0
    assert glaze(draw(tmp_path / "a.png", 120, 100, 0), settings).result.is_file()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no card")
def test_a_card_finds_what_the_processor_finds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Render, "effort", Effort(steps=30, canvas=256))
    picture = draw(tmp_path / "a.png", 300, 260, 0)
    strengths = []
    for name in ("cpu", "cuda"):
        monkeypatch.setenv("GLAZE_DEVICE", name)
        device._found.cache_clear()
        strengths.append(glaze(picture, GlazeSettings(), folder=tmp_path / name).report.strength)
    assert best_device().type == "cuda", "it failed on the way"
    assert strengths[1] == pytest.approx(strengths[0], rel=0.15)
