"""Where networks and the loop run: on a graphics card that is supported and proves itself, else on the processor."""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Callable
from functools import cache
from typing import Final, TypeVar

import torch

from glaze.machine import Case, assess, describe
from glaze.machine.cards import build_of_torch, from_torch
from glaze.precision import computes_rightly

Result = TypeVar("Result")

PROCESSOR: Final = torch.device("cpu")
_card_failed: Final = threading.Event()


@cache
def _found() -> torch.device:
    named = os.environ.get("GLAZE_DEVICE")
    if named:
        try:
            return torch.device(named)
        except RuntimeError:
            logging.getLogger(__name__).warning("GLAZE_DEVICE names no device and is left aside: %s", named)
    card = torch.device("cuda")
    return card if _is_ready() and computes_rightly(str(card), torch.float32) else PROCESSOR


def best_device() -> torch.device:
    """The device to run on, found out once a run. GLAZE_DEVICE names another ("cpu", "cuda:1"), which is not tested.

    A card must be one that `machine.assess` calls ready, and must get right, in single precision, what the processor
    computes; whether it may also halve, `fastest_precision` decides. Once a card failed it is the processor.
    """
    return PROCESSOR if _card_failed.is_set() else _found()


def on_best_device(work: Callable[[], Result]) -> Result:
    """What `work` gives, which asks for `best_device` itself. Where a card fails it: once more, on the processor.

    A card fails where its memory is too small or its driver breaks. All later work then runs on the processor, too.
    """
    device = best_device()
    try:
        return work()
    except (RuntimeError, AssertionError) as error:  # the second is how a torch without CUDA says so
        if device == PROCESSOR:
            raise
        logging.getLogger(__name__).warning("%s failed, going on with the processor: %s", device, error)
        _card_failed.set()
    return work()


def _is_ready() -> bool:
    """Whether torch reaches a card that Glaze supports."""
    with warnings.catch_warnings():
        # Of a card that it does not like, torch warns.
        warnings.simplefilter("ignore")
        try:
            return assess(describe(), from_torch(torch), build_of_torch(torch)).case is Case.NVIDIA_READY
        except (RuntimeError, AssertionError):  # a driver that is broken, or too old
            return False
