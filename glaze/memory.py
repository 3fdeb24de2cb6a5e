"""The memory of graphics cards, whatever torch calls it for each kind, and when it was not enough."""

from __future__ import annotations

import gc
from typing import Any

import psutil
import torch


def ran_out(error: BaseException) -> bool:
    """Whether this is how Python, torch or a library below it says that there was no memory left.

    Only some of it comes as OutOfMemoryError; the processor's, Metal's and that of cuBLAS and cuDNN is a RuntimeError.
    """
    said = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and ("alloc" in said or "out of memory" in said or "out_of_" in said)
    )


def total(device: torch.device) -> int | None:
    """Bytes that a card has; of one that shares the computer's, those meant for it. None where that is not known."""
    try:
        if device.type == "mps":
            return int(torch.mps.recommended_max_memory())
        return int(_kind(device).get_device_properties(device).total_memory)
    except (RuntimeError, AssertionError, AttributeError, ValueError):
        return None


def usable(device: torch.device) -> int | None:
    """Bytes of a card that nobody else has: free, or torch's own already. None where that is not known.

    With torch's own, since most of that are encoders that stay for the next picture, and count for it.
    """
    try:
        if device.type == "mps":
            # The computer's own memory, in which other programs live, too.
            left = psutil.virtual_memory().available + torch.mps.current_allocated_memory()
            return int(min(left, torch.mps.recommended_max_memory()))
        kind = _kind(device)
        return int(kind.mem_get_info(device)[0] + kind.memory_reserved(device))
    except (RuntimeError, AssertionError, AttributeError, ValueError):
        return None


def let_go(device: torch.device) -> None:
    """Give back what nothing uses any more. Does nothing where there is no card, or one that is broken."""
    gc.collect()
    try:
        _kind(device).empty_cache()
    except (RuntimeError, AssertionError, AttributeError):
        return


def _kind(device: torch.device) -> Any:
    """torch.cuda, which is ROCm's as well, torch.xpu or torch.mps."""
    return getattr(torch, device.type)
