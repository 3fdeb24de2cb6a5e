"""A process beside the pages, for what takes long or may go wrong: one task at a time, each within its time.

The pages of many artists must answer at once, whatever one of them looks at. A task that needs too long, or too much
memory, ends with its process; the next one gets another.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any, Final, TypeVar

from glaze.errors import BenchError

T = TypeVar("T")

MEGA: Final = 1_000_000
# Pictures leave memory in pieces: a new process has it whole again.
_TASKS: Final = 200


class Bench:
    """Called with a function of a module and what it takes, by any thread: gives what that gives.

    seconds    that one task may take, from when it begins.
    megabytes  of memory for the process, where the system can hold it to that; None leaves it alone.
    nice       how far it gives way to the pages.
    queue      tasks that may wait.

    Raises BenchError: busy where more wait already, broke_off where a task was ended.
    """

    def __init__(self, *, seconds: float, megabytes: int | None = None, nice: int = 5, queue: int = 32) -> None:
        self._seconds = seconds
        self._begin = (megabytes, nice)
        self._turn = threading.Lock()
        self._room = threading.BoundedSemaphore(queue)
        self._pool: ProcessPoolExecutor | None = None
        self._closed = False

    def __call__(self, does: Callable[..., T], *takes: Any) -> T:
        if not self._room.acquire(blocking=False):
            raise BenchError("busy")
        try:
            with self._turn:
                return self._do(does, *takes)
        finally:
            self._room.release()

    def close(self) -> None:
        """End the process, and what it is at."""
        self._closed = True
        self._end()

    def _do(self, does: Callable[..., T], *takes: Any) -> T:
        if self._closed:
            raise BenchError("broke_off")
        if self._pool is None:
            # Never forked: this program has threads. One process in all, and not a new one in the middle.
            self._pool = ProcessPoolExecutor(
                1, multiprocessing.get_context("spawn"), _begin, self._begin, max_tasks_per_child=_TASKS
            )
        try:
            future: Future[T] = self._pool.submit(does, *takes)
            return future.result(self._seconds)
        except (TimeoutError, BrokenProcessPool, MemoryError) as fault:
            self._end()
            raise BenchError("broke_off") from fault

    def _end(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        # There is no gentler way to end a task in the middle of a library.
        for process in list((pool._processes or {}).values()):  # noqa: SLF001  the executor names them nowhere else
            with suppress(OSError):
                process.kill()
        pool.shutdown(wait=False, cancel_futures=True)


def _begin(megabytes: int | None, nice: int) -> None:
    """What the process does first."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if hasattr(os, "nice"):
        os.nice(nice)
    if megabytes is not None:
        with suppress(ImportError):
            import resource

            resource.setrlimit(resource.RLIMIT_AS, (megabytes * MEGA, megabytes * MEGA))
