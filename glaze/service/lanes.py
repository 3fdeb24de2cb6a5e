"""Slow work of requests, a few at a time and apart from the rest: a page never waits behind a queue of uploads."""

from __future__ import annotations

import weakref
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any, Final, TypeVar

from anyio import CapacityLimiter, to_thread

_R = TypeVar("_R")


class Lane(StrEnum):
    """Each has its own queue."""

    DECODE = "decode"
    PASSPHRASE = "passphrase"  # noqa: S105  a name
    QUICK = "quick"


_WIDTH: Final = {Lane.DECODE: 2, Lane.PASSPHRASE: 2, Lane.QUICK: 16}
_lanes: Final[weakref.WeakKeyDictionary[AbstractEventLoop, dict[Lane, CapacityLimiter]]] = weakref.WeakKeyDictionary()


async def run(lane: Lane, function: Callable[..., _R], *arguments: Any, **named: Any) -> _R:
    """Call a function that blocks, in a thread of the lane, when it is its turn there."""
    limiters = _lanes.setdefault(get_running_loop(), {})
    limiter = limiters.setdefault(lane, CapacityLimiter(_WIDTH[lane]))
    return await to_thread.run_sync(partial(function, *arguments, **named), limiter=limiter)
