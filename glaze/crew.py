"""Many pictures, several at once where that helps, and each of them once however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from glaze import machine
from glaze.jobs import Engine, Job, Worker
from glaze.ledger import Ledger
from glaze.settings import GlazeSettings

if TYPE_CHECKING:
    from glaze.glazing import OnSaving
    from glaze.outcome import Glaze

GLANCE: Final = 0.2  # seconds between two looks at what runs: also how long Ctrl-C may take to be noticed


def engine(threads: int | None) -> Engine:
    """glazing.glaze with so many threads of the processor; None leaves them to torch, which takes all.

    The number changes the order in which numbers are added up, and with it the last digits of a glaze.
    """

    def glaze(path: Path, settings: GlazeSettings, **how: Any) -> Glaze:
        machine.share_processors()
        import torch

        from glaze import glazing

        if threads is not None:
            # Here and not once for all: OpenMP keeps the number for each thread that starts others.
            torch.set_num_threads(threads)
        return glazing.glaze(path, settings, **how)

    return glaze


def remembering(engine: Engine, ledger: Ledger) -> Engine:
    """The engine, with every glaze in the ledger before its file gets its name.

    So what a program finished before it was killed is recognised by the next one, and nothing else.
    """

    def glaze(path: Path, settings: GlazeSettings, *, on_saving: OnSaving, **how: Any) -> Glaze:
        original_sha256 = ledger.digest(path)

        def note(at: Path, sha256: str, glaze: Glaze | None) -> None:
            if glaze is not None:
                ledger.announce(glaze, original_sha256, sha256)
            on_saving(at, sha256, glaze)

        return engine(path, settings, on_saving=note, **how)

    return glaze


def glaze_all(
    pictures: Iterable[Path],
    settings: GlazeSettings,
    *,
    folder: Path | None,
    engine: Engine,
    at_once: int,
    cancelled: Callable[[], bool],
) -> Iterator[list[Job]]:
    """Glaze pictures in their order, so many at a time, with an engine that can be called from as many threads.

    Gives, five times a second, the jobs that run and those that have finished since it last gave some. Once
    `cancelled()` is true no other begins, and those that run stop at their next step.
    """
    waiting = iter(pictures)
    crew = [Worker(engine=engine) for _ in range(at_once)]
    running: dict[Worker, Job] = {}
    try:
        while True:
            for worker in crew:
                if worker not in running and not cancelled() and (path := next(waiting, None)) is not None:
                    running[worker] = worker.submit(path, settings, folder=folder)
            if not running:
                return
            first = next(iter(running))
            first.wait(running[first].id, GLANCE)
            for worker, job in running.items():
                running[worker] = worker.cancel(job.id) if cancelled() else worker.get(job.id)
            yield list(running.values())
            running = {worker: job for worker, job in running.items() if not job.state.finished}
    finally:
        for worker in crew:
            worker.cancel_all()
        for worker in crew:
            worker.close(timeout=None)
