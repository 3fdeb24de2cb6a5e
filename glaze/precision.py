"""In which numbers, and laid out how, a network runs fastest on this computer."""

from __future__ import annotations

import time
from functools import cache
from typing import TypeVar

import torch
from torch import nn

Net = TypeVar("Net", bound=nn.Module)


def channels_last(net: Net) -> Net:
    """The net with its weights laid out as convolutions on a CPU and on tensor cores like them best."""
    laid_out: Net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's types lack it
    return laid_out


@cache
def fastest_precision(device: str) -> torch.dtype:
    """bfloat16 where this machine computes it clearly faster than float32, else float32.

    Measured, not looked up: processors without bfloat16 units run it correctly but many times slower. Never float16:
    the activations of full autoencoders, SDXL's first of all, are too large for it.
    """
    convolution = channels_last(nn.Conv2d(64, 64, 3, padding=1).to(device))
    picture = torch.zeros(1, 64, 96, 96, device=device).contiguous(memory_format=torch.channels_last)

    def seconds(dtype: torch.dtype) -> float:
        net, x = convolution.to(dtype), picture.to(dtype)
        best = float("inf")
        with torch.inference_mode():
            for _ in range(4):
                start = time.perf_counter()
                net(x).sum().item()
                best = min(best, time.perf_counter() - start)
        return best

    return torch.bfloat16 if seconds(torch.bfloat16) < 0.75 * seconds(torch.float32) else torch.float32


def autocast(device: torch.device) -> torch.autocast:
    """Networks in the fastest precision of `device`, everything else as it is."""
    return torch.autocast(device.type, torch.bfloat16, enabled=fastest_precision(str(device)) == torch.bfloat16)
