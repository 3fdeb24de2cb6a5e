"""Half precision is used where it is right and faster, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from glaze import precision
from glaze.precision import fastest_precision, half_precision_is_right

Spoiler = Callable[[Tensor], Tensor]


def one(value: float) -> Spoiler:
    """A single number gone wrong, as on a card where most are right."""

    def spoil(result: Tensor) -> Tensor:
        spoilt = result.clone()
        spoilt.view(-1)[7] = value
        return spoilt

    return spoil


def mixed_up(result: Tensor) -> Tensor:
    return result.flip(-1)


def imprecise(result: Tensor) -> Tensor:
    return result * 1.05


SPOILERS = [one(float("nan")), one(float("inf")), one(6e4), torch.zeros_like, mixed_up, imprecise]


def spoilt(operation: Callable[..., Tensor], spoil: Spoiler, dtype: torch.dtype) -> Callable[..., Tensor]:
    """The operation of a device that computes wrongly in this precision."""

    def run(*arguments: Any, **options: Any) -> Tensor:
        result = operation(*arguments, **options)
        return spoil(result) if result.dtype is dtype else result

    return run


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    fastest_precision.cache_clear()
    yield
    fastest_precision.cache_clear()


def test_this_processor_computes_rightly() -> None:
    assert half_precision_is_right("cpu")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("spoil", SPOILERS)
def test_wrong_convolutions_are_noticed(monkeypatch: pytest.MonkeyPatch, spoil: Spoiler, dtype: torch.dtype) -> None:
    monkeypatch.setattr(torch.nn.functional, "conv2d", spoilt(torch.nn.functional.conv2d, spoil, dtype))
    assert not half_precision_is_right("cpu")


@pytest.mark.parametrize("spoil", SPOILERS)
def test_wrong_products_are_noticed(monkeypatch: pytest.MonkeyPatch, spoil: Spoiler) -> None:
    monkeypatch.setattr(torch, "matmul", spoilt(torch.matmul, spoil, torch.float16))
    assert not half_precision_is_right("cpu")


def test_a_device_that_refuses_is_not_right(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> Tensor:
        raise RuntimeError("not implemented for 'Half'")

    monkeypatch.setattr(torch.nn.functional, "conv2d", refuse)
    assert not half_precision_is_right("cpu")
    assert not half_precision_is_right("cuda:99"), "a card that is not there"


@pytest.mark.parametrize(
    ("right", "name", "faster", "dtype"),
    [
        (True, "NVIDIA GeForce RTX 3070", True, torch.bfloat16),
        (True, "NVIDIA GeForce RTX 3070", False, torch.float32),
        (False, "NVIDIA GeForce RTX 3070", True, torch.float32),
        (True, "NVIDIA GeForce GTX 1660 Ti", True, torch.float32),
        (False, "NVIDIA GeForce GTX 1660 Ti", True, torch.float32),
    ],
)
def test_a_card_needs_the_test_the_name_and_the_speed(
    monkeypatch: pytest.MonkeyPatch, right: bool, name: str, faster: bool, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(precision, "half_precision_is_right", lambda _: right)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: name)
    slow = torch.float32 if faster else torch.bfloat16
    monkeypatch.setattr(precision, "_seconds", lambda _, dtype: 2.0 if dtype is slow else 1.0)
    assert fastest_precision("cuda:0") is dtype


def test_a_processor_needs_the_speed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "_seconds", lambda _, dtype: 1.0 if dtype is torch.bfloat16 else 2.0)
    assert fastest_precision("cpu") is torch.bfloat16


@pytest.mark.parametrize("kind", ["mps", "xpu"])
@pytest.mark.parametrize("right", [True, False])
def test_a_card_of_another_maker_needs_the_test_and_the_speed(
    monkeypatch: pytest.MonkeyPatch, kind: str, right: bool
) -> None:
    tested: list[str] = []

    def test(card: str) -> bool:
        tested.append(card)
        return right

    monkeypatch.setattr(precision, "half_precision_is_right", test)
    monkeypatch.setattr(precision, "_seconds", lambda _, dtype: 1.0 if dtype is torch.bfloat16 else 2.0)
    assert fastest_precision(f"{kind}:0") is (torch.bfloat16 if right else torch.float32)
    assert tested == [f"{kind}:0"]
