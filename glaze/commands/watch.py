"""Watching what runs: the bar, and Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import FrameType

    from tqdm import tqdm

# How often the progress bar looks, in seconds: also how long Ctrl-C may take to be noticed on Windows.
GLANCE: Final = 0.2


@contextmanager
def bar(pictures: int) -> Iterator[tqdm[Any]]:
    """One bar for all pictures, on standard error, where that is a terminal."""
    from tqdm import tqdm

    with tqdm(
        total=pictures,
        file=sys.stderr,
        disable=not sys.stderr.isatty(),
        bar_format="{desc}{percentage:3.0f} % |{bar}| {elapsed} gone, about {remaining} left",
        leave=False,
    ) as shown:
        yield shown


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed, asked for instead of thrown; pressed once more, it is thrown after all.

    Thrown, it could come between two steps of a lock that the worker needs to end cleanly.
    """
    pressed = False
    usual = signal.getsignal(signal.SIGINT)

    def press(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, usual)

    # Where Ctrl-C is ignored (nohup), or someone else's thread calls main(), it stays as it is.
    ours = usual is signal.default_int_handler and threading.current_thread() is threading.main_thread()
    if ours:
        signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        if ours:
            signal.signal(signal.SIGINT, usual)
