"""The loop runs where it is told to, and a card that cannot do it costs a glaze nothing but time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from glaze import device, glazing, memory
from glaze.canvas import Canvas
from glaze.cloak import cloak
from glaze.device import PROCESSOR, best_device
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
    device._broken.clear()


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


class Cards:
    """Simulated cards in torch's place: what it says of "cuda", "mps" and "xpu"."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = dict.fromkeys(device.KINDS, 0)
        self.gigabytes = 8.0
        self.wrong: set[str] = set()
        self.tested: list[str] = []
        for kind in device.KINDS:
            module = getattr(torch, kind)
            monkeypatch.setattr(module, "is_available", lambda kind=kind: self.count[kind] > 0)
            monkeypatch.setattr(module, "device_count", lambda kind=kind: self.count[kind])
        monkeypatch.setattr(memory, "total", lambda _: int(self.gigabytes * 1e9))
        monkeypatch.setattr(device, "computes_rightly", self._computes)
        monkeypatch.setattr(device, "_sees_rightly", lambda _: True)

    def _computes(self, card: str, dtype: torch.dtype) -> bool:
        assert dtype is torch.float32
        self.tested.append(card)
        return card not in self.wrong


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> Cards:
    return Cards(monkeypatch)


def named() -> list[str]:
    return [str(found) for found in device.devices()]


@pytest.mark.parametrize("kind", device.KINDS)
def test_a_card_of_any_maker_is_used_where_it_proves_itself(cards: Cards, kind: str) -> None:
    cards.count[kind] = 1
    assert best_device() == torch.device(kind, 0)
    assert cards.tested == [f"{kind}:0"]


def test_of_several_cards_those_that_are_right_are_used(cards: Cards, caplog: pytest.LogCaptureFixture) -> None:
    cards.count |= {"cuda": 3, "xpu": 1}
    cards.wrong = {"cuda:0", "cuda:2"}
    assert named() == ["cuda:1", "xpu:0"]
    assert "cuda:0 computes wrong numbers" in caplog.text


def test_where_no_card_is_right_it_is_the_processor(cards: Cards) -> None:
    cards.count["cuda"] = 1
    cards.wrong = {"cuda:0"}
    assert named() == ["cpu"]


def test_a_card_with_too_little_memory_is_not_even_tested(cards: Cards) -> None:
    cards.count["cuda"], cards.gigabytes = 1, 2.0
    assert named() == ["cpu"]
    assert cards.tested == []


def test_a_driver_that_breaks_when_it_is_asked_ends_nothing(cards: Cards, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> bool:
        raise RuntimeError("CUDA driver version is insufficient")

    cards.count["xpu"] = 1
    monkeypatch.setattr(torch.cuda, "is_available", broken)
    assert named() == ["xpu:0"]

    device._found.cache_clear()

    def crash(_: torch.device) -> bool:
        raise ValueError("no such kernel")

    monkeypatch.setattr(device, "_sees_rightly", crash)
    assert named() == ["cpu"]


SPOILERS: dict[str, Callable[[Tensor], Tensor]] = {
    "NaN": lambda right: right * float("nan"),
    "one NaN": lambda right: right.index_fill(3, torch.tensor([3]), float("nan")),
    "nothing": torch.zeros_like,
    "mixed up": lambda right: right.flip(3),
    "half of it": lambda right: right * (torch.arange(right.shape[3]) % 2),
    "imprecise": lambda right: right * 1.3,
}


@pytest.mark.parametrize("spoil", SPOILERS.values(), ids=SPOILERS)
def test_a_card_that_sees_wrongly_is_noticed(
    monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Tensor], Tensor]
) -> None:
    card = torch.device("cpu", 0)  # to Glaze another device than the processor
    assert device._sees_rightly(card)
    network = load_bundled(str(card))
    monkeypatch.setattr(network.encoder.head, "forward", lambda x, usual=network.encoder.head.forward: spoil(usual(x)))
    assert not device._sees_rightly(card)


def test_a_card_whose_slope_is_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    card = torch.device("cpu", 0)
    network = load_bundled(str(card))

    def backward_wrong(x: Tensor, usual: Callable[[Tensor], Tensor] = network.encoder.head.forward) -> Tensor:
        right = usual(x)
        right.register_hook(lambda slope: slope.flip(3))
        return right

    monkeypatch.setattr(network.encoder.head, "forward", backward_wrong)
    assert not device._sees_rightly(card)


def test_the_test_needs_no_gradients_of_whoever_asks() -> None:
    with torch.no_grad():
        assert device._sees_rightly(torch.device("cpu", 0))


def test_one_may_name_the_device(cards: Cards, monkeypatch: pytest.MonkeyPatch) -> None:
    cards.count["cuda"] = 1
    monkeypatch.setenv("GLAZE_DEVICE", "cpu")
    assert best_device() == PROCESSOR


def test_a_name_that_is_none_is_left_aside(
    cards: Cards, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert not any(cards.count.values())
    monkeypatch.setenv("GLAZE_DEVICE", "my graphics card")
    with caplog.at_level(logging.WARNING):
        assert best_device() == PROCESSOR
    assert "my graphics card" in caplog.text


def test_a_thread_may_have_a_device_of_its_own(cards: Cards) -> None:
    cards.count["cuda"] = 2
    first, second = device.devices()
    found: list[torch.device] = []

    def work() -> None:
        device.assign(second)
        found.append(best_device())
        device.give_up(second)
        found.append(best_device())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [second, PROCESSOR]
    assert best_device() == first
    assert device.devices() == (first,)


def test_nobody_begins_beside_one_who_wants_to_be_alone() -> None:
    begun = threading.Event()

    def work() -> None:
        with device.at_work(device.PROCESSOR):
            begun.set()

    with device.at_work(device.PROCESSOR):
        with device.alone() as undisturbed:
            assert undisturbed
            thread = threading.Thread(target=work)
            thread.start()
            assert not begun.wait(0.05)
        thread.join(30)
        assert begun.is_set()
        with device.at_work(device.PROCESSOR), device.alone() as undisturbed:
            assert not undisturbed


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
