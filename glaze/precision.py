"""In which numbers, and laid out how, a network runs fastest on this computer."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Final, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glaze.machine import half_is_wrong

Net = TypeVar("Net", bound=nn.Module)

HALVES: Final = (torch.bfloat16, torch.float16)
# An error, RMS, as a share of the numbers themselves. Rounding alone makes 0.003 in bfloat16.
WRONG: Final = 0.02


def channels_last(net: Net) -> Net:
    """The net with its weights laid out as convolutions on a CPU and on tensor cores like them best."""
    laid_out: Net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's types lack it
    return laid_out


def half_precision_is_right(device: str) -> bool:
    """Whether `device` ("cpu", "cuda", "cuda:1") computes rightly in bfloat16 and float16; see `computes_rightly`."""
    return all(computes_rightly(device, half) for half in HALVES)


def computes_rightly(device: str, dtype: torch.dtype) -> bool:
    """Whether `device` computes in `dtype` what the processor computes in float32.

    A few convolutions and a product of matrices of known numbers, the kinds that came out as NaN, zeros or nonsense on
    cards of the GTX 16 family; takes a fraction of a second. False too where the device refuses.
    """
    dice = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=dice)

    def convolved(stride: int) -> Callable[[Tensor, Tensor], Tensor]:
        return lambda picture, weight: F.conv2d(picture, weight, stride=stride, padding=1)

    def laid_out(numbers: Tensor) -> Tensor:
        return numbers.contiguous(memory_format=torch.channels_last)

    picture, features = drawn(1, 3, 64, 64), drawn(1, 64, 48, 48)
    first, middle, narrowing = drawn(64, 3, 3, 3), drawn(64, 64, 3, 3), drawn(96, 64, 3, 3)
    tasks: list[tuple[Callable[[Tensor, Tensor], Tensor], Tensor, Tensor]] = [
        (convolved(1), picture, first),
        (convolved(1), features, middle),
        (convolved(1), laid_out(features), laid_out(middle)),
        (convolved(2), laid_out(features), laid_out(narrowing)),
        (torch.matmul, drawn(256, 320), drawn(320, 192)),
    ]
    try:
        with torch.inference_mode():
            return all(
                _close(compute(a.to(device, dtype), b.to(device, dtype)).float().cpu(), compute(a, b))
                for compute, a, b in tasks
            )
    except (RuntimeError, AssertionError):  # the second is how a torch without CUDA says so
        return False


def _close(found: Tensor, right: Tensor) -> bool:
    """Not when anything is NaN or infinite: comparing with NaN is False."""
    return bool((found - right).square().mean().sqrt() < WRONG * right.square().mean().sqrt())


@cache
def fastest_precision(device: str) -> torch.dtype:
    """bfloat16 where `device` computes it rightly, and clearly faster than float32; else float32.

    Measured, not looked up: processors without bfloat16 units run it correctly but many times slower. Never float16:
    the activations of full autoencoders, SDXL's first of all, are too large for it. Of a card the self-test must allow
    it, and of NVIDIA's the name as well: numbers can go wrong in sizes that the test does not try.
    """
    if torch.device(device).type != "cpu" and not _allows_half(device):
        return torch.float32
    return (
        torch.bfloat16 if _seconds(device, torch.bfloat16) < 0.75 * _seconds(device, torch.float32) else torch.float32
    )


def _allows_half(card: str) -> bool:
    named = torch.device(card).type == "cuda"
    return half_precision_is_right(card) and not (named and half_is_wrong(torch.cuda.get_device_name(card)))


def _seconds(device: str, dtype: torch.dtype) -> float:
    """How long a convolution takes."""
    net = channels_last(nn.Conv2d(64, 64, 3, padding=1).to(device)).to(dtype)
    # A card does a small one in less time than it takes to ask for it.
    side = 96 if torch.device(device).type == "cpu" else 512
    picture = torch.zeros(1, 64, side, side, device=device).contiguous(memory_format=torch.channels_last).to(dtype)
    best = float("inf")
    with torch.inference_mode():
        for _ in range(4):
            start = time.perf_counter()
            net(picture).sum().item()
            best = min(best, time.perf_counter() - start)
    return best


def autocast(device: torch.device) -> torch.autocast:
    """Networks in the fastest precision of `device`, everything else as it is."""
    return torch.autocast(device.type, torch.bfloat16, enabled=fastest_precision(str(device)) == torch.bfloat16)
