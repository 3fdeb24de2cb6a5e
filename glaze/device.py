"""Where networks and the loop may run: on graphics cards that prove themselves, else on the processor.

None of it was ever run on a card: there was none where it was written. So nothing is believed of one but what it shows.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from typing import Final

import torch
from torch import Tensor

from glaze import memory
from glaze.encoders import BundledEncoder
from glaze.last_run import ended_on_card, on_card
from glaze.machine import LEAST_CARD_MEMORY, processor
from glaze.precision import computes_rightly
from glaze.weights import load_bundled

PROCESSOR: Final = torch.device("cpu")
# By torch's names; AMD's cards are "cuda" as well, with a torch made for ROCm.
KINDS: Final = ("cuda", "mps", "xpu")
# The error, RMS, as a share of the numbers, of a look and of the slope back through it. bfloat16 on one side alone
# makes .01 and .06; a wrong kernel makes 1 and more.
AGREES: Final = 0.15

_log = logging.getLogger(__name__)
_broken: Final[set[torch.device]] = set()
_assigned = threading.local()


@cache
def _found() -> tuple[torch.device, ...]:
    named = os.environ.get("GLAZE_DEVICE")
    if named:
        try:
            return (torch.device(named),)
        except RuntimeError:
            _log.warning("GLAZE_DEVICE names no device and is left aside: %s", named)
    cards = tuple(_cards())
    if cards and ended_on_card():
        _log.warning("The last run ended while it worked on a card: this one is left to the processor.")
        cards = ()
    return tuple(card for card in cards if _proves_itself(card)) or (PROCESSOR,)


def devices() -> tuple[torch.device, ...]:
    """The devices to run on, found out once a run; only the processor where no card is fit.

    GLAZE_DEVICE names another one ("cpu", "cuda:1"), which is not tested. A card must have the memory that
    `machine.LEAST_CARD_MEMORY` asks for, whoever made it, and must get right what the processor computes; whether it
    may also halve, `fastest_precision` decides.
    """
    return tuple(device for device in _found() if device not in _broken) or (PROCESSOR,)


def best_device() -> torch.device:
    """The one that work runs on (`at_work`); else the device of this thread (`assign`), else the first of `devices`."""
    now: torch.device | None = getattr(_assigned, "now", None)
    if now is not None:
        return now
    own: torch.device | None = getattr(_assigned, "device", None)
    if own is None:
        return devices()[0]
    return PROCESSOR if own in _broken else own


def assign(device: torch.device) -> None:
    """Let this thread run on `device` alone: how several cards share the work."""
    _assigned.device = device


def give_up(device: torch.device) -> None:
    """Leave a device alone until the program ends: its driver is broken, or it lacks something that Glaze needs."""
    _broken.add(device)


def name_of(device: torch.device) -> str:
    """What a device is called, by which its pace is remembered."""
    if device.type in {"cuda", "xpu"}:
        return str(getattr(torch, device.type).get_device_name(device))
    return processor() if device == PROCESSOR else f"{processor()} ({device.type})"


def _cards() -> Iterator[torch.device]:
    """Those that torch reaches."""
    for kind in KINDS:
        # Of a card that it does not like, torch warns; a driver that is broken, or too old, it raises.
        with warnings.catch_warnings(), suppress(RuntimeError, AssertionError):
            warnings.simplefilter("ignore")
            if getattr(torch, kind).is_available():
                yield from [torch.device(kind, index) for index in range(getattr(torch, kind).device_count())]


def _proves_itself(card: torch.device) -> bool:
    if (memory.total(card) or 0) < LEAST_CARD_MEMORY:
        return False
    try:
        with on_card():
            right = computes_rightly(str(card), torch.float32) and _sees_rightly(card)
    # Drivers fail in every way, and none of them may end Glaze.
    except Exception as error:  # noqa: BLE001
        _log.warning("%s failed its test and is left aside: %s", card, error)
        return False
    if not right:
        _log.warning("%s computes wrong numbers and is left aside", card)
    return right


def _sees_rightly(card: torch.device) -> bool:
    """Whether the bundled network sees there what it sees on the processor, and the slope back through it is the same.

    A glaze is found along that slope, and how far it got is told by that look: a card that gets the small sums of
    `computes_rightly` right and this wrong would make a weak glaze and call it strong.
    """
    pairs = zip(_look(PROCESSOR), _look(card), strict=True)
    # Comparing with NaN is False.
    return all(bool((a - b).square().mean() < AGREES**2 * a.square().mean()) for a, b in pairs)


@torch.enable_grad()  # whoever asks may need no slope
def _look(device: torch.device) -> list[Tensor]:
    drawn = torch.rand(1, 3, 96, 64, generator=torch.Generator().manual_seed(0))
    picture = drawn.to(device).requires_grad_()
    seen = BundledEncoder(load_bundled(str(device))).look(picture)
    torch.stack([part.float().square().mean() for part in seen.values()]).sum().backward()
    assert picture.grad is not None
    return [part.detach().float().cpu() for part in (*seen.values(), picture.grad)]


_traffic = threading.Lock()
_at_work = 0


@contextmanager
def at_work(device: torch.device) -> Iterator[None]:
    """Around all that runs on a device, which is the best one as long as this lasts."""
    global _at_work  # noqa: PLW0603
    with _traffic:
        _at_work += 1
    before, _assigned.now = getattr(_assigned, "now", None), device
    try:
        with nullcontext() if device == PROCESSOR else on_card():
            yield
    finally:
        _assigned.now = before
        with _traffic:
            _at_work -= 1


@contextmanager
def alone() -> Iterator[bool]:
    """Whether what asks, from within `at_work`, is the only one there; as long as this lasts, others wait to begin."""
    with _traffic:
        yield _at_work <= 1
