"""Glazes what waits, in a process of its own, so that the pages stay quick: the supervisor keeps it alive.

Whatever ends it, its jobs are not lost: what it had begun begins anew (queue.py). It stops when its standard input
ends, and so never outlives the server that holds the other end, however that died.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from glaze import machine
from glaze.errors import Cancelled, ClusterError, GlazeError, ServiceError
from glaze.jobs import Engine
from glaze.service import queue
from glaze.service.house import House, open_house
from glaze.service.queue import Claimed
from glaze.service.settings import load
from glaze.settings import GlazeSettings

if TYPE_CHECKING:
    from glaze.cloak import Iterate

LOOK: Final = 0.5  # seconds between looks for a job
BEAT: Final = 2.0  # seconds between signs of life, with which progress is told
PATIENCE: Final = 20.0  # seconds that a glaze has to stop

_log = logging.getLogger(__name__)


class Worker:
    """Works on the queue in as many threads as there are `seats`, each of which is called in its thread first.

    owner: this worker's name in the queue, which nobody else has.
    """

    def __init__(
        self, house: House, owner: str, engine: Engine, seats: Sequence[Callable[[], None]], stop: threading.Event
    ) -> None:
        self._house = house
        self._owner = owner
        self._engine = engine
        self._seats = seats
        self._stop = stop
        self._lock = threading.Lock()
        self._progress: dict[str, float] = {}
        self._lost: set[str] = set()

    def run(self) -> None:
        """Until told to stop; what is not done by then goes back into the queue."""
        threads = [threading.Thread(target=self._work, args=(seat,), daemon=True) for seat in self._seats]
        for thread in threads:
            thread.start()
        while not self._stop.wait(BEAT):
            self._beat()
        for thread in threads:
            thread.join(PATIENCE)
        queue.give_back(self._house, self._owner)

    def _beat(self) -> None:
        with self._lock:
            progress = dict(self._progress)
        if not progress:
            return
        try:
            kept = queue.renew(self._house, self._owner, progress)
        # A database that is away for a moment is no reason to stop; the lease says for how long.
        except Exception as fault:  # noqa: BLE001
            _log.warning("No sign of life could be given: %s", type(fault).__name__)
            return
        with self._lock:
            self._lost.update(progress.keys() - kept)

    def _work(self, seat: Callable[[], None]) -> None:
        seat()
        while not self._stop.is_set():
            try:
                claimed = queue.claim(self._house, self._owner)
            except Exception as fault:  # noqa: BLE001  as above
                _log.warning("The queue could not be asked: %s", type(fault).__name__)
                claimed = None
            if claimed is None:
                self._stop.wait(LOOK)
                continue
            with self._lock:
                self._progress[claimed.id] = 0.0
            try:
                self._glaze(claimed)
            finally:
                with self._lock:
                    self._progress.pop(claimed.id, None)
                    self._lost.discard(claimed.id)

    def _glaze(self, job: Claimed) -> None:
        _log.info("job %s begins", job.id)
        try:
            glaze = self._engine(
                job.picture,
                job.settings,
                folder=job.picture.parent,
                on_iterate=lambda iterate: self._note(job.id, iterate),
                cancelled=lambda: self._must_stop(job.id),
                on_saving=lambda _path, _sha256, _glaze: None,
            )
        except Cancelled:
            _log.info("job %s was stopped", job.id)
        except ClusterError as error:
            # No fault of the picture's, but of all pictures alike.
            queue.fail(self._house, self._owner, job.id, as_told(error, job))
            _log.error("job %s: %s", job.id, error.key)
        except GlazeError as error:
            queue.fail(self._house, self._owner, job.id, as_told(error, job))
            _log.info("job %s failed: %s.%s", job.id, type(error).__name__, error.key)
        # Whatever it was, the job ends and the next one begins.
        except Exception as error:  # noqa: BLE001
            queue.fail(self._house, self._owner, job.id, ServiceError("mistake"))
            # Without the error's own words, in which a name could stand.
            frames = "".join(traceback.format_tb(error.__traceback__))
            _log.error("job %s failed by a mistake: %s\n%s", job.id, type(error).__name__, frames)
        else:
            if queue.finish(self._house, self._owner, job.id, glaze):
                _log.info("job %s is done", job.id)
            else:
                # Deleted in the meantime, or another's: the result is nobody's.
                with suppress(OSError):
                    glaze.result.unlink()
                _log.info("job %s was not wanted any more", job.id)

    def _note(self, job_id: str, iterate: Iterate) -> None:
        with self._lock:
            self._progress[job_id] = iterate.step / max(1, iterate.steps)

    def _must_stop(self, job_id: str) -> bool:
        with self._lock:
            return self._stop.is_set() or job_id in self._lost


def as_told(error: GlazeError, job: Claimed) -> GlazeError:
    """The error with the artist's name of the picture in the place of the service's."""
    fields = {
        name: value if isinstance(value, int | float) else _renamed(str(value), job)
        for name, value in error.fields.items()
    }
    return type(error)(error.key, **fields)


def _renamed(text: str, job: Claimed) -> str:
    for place in (str(job.picture), job.picture.name, job.picture.stem):
        text = text.replace(place, job.name)
    # What is left of the service's own folders is nobody's business.
    return text.replace(str(job.picture.parent), "-")


@contextmanager
def engine_of(house: House) -> Iterator[tuple[Engine, list[Callable[[], None]]]]:
    """What glazes, and its seats: one for each graphics card, or for each station of a cluster. Raises ClusterError."""
    workers = house.settings.workers
    if not workers.cluster:
        from glaze import crew

        machine.share_processors()
        from glaze import device

        yield crew.engine(workers.threads or None), [partial(device.assign, found) for found in device.devices()]
        return
    from glaze.cluster import join

    threads = workers.threads or os.cpu_count() or 1
    with join(workers.cluster, GlazeSettings(), threads) as cluster:
        yield cluster, [_sit] * cluster.stations


def _sit() -> None:
    """A seat that needs nothing."""


def _stop_with_input(stop: threading.Event) -> None:
    with suppress(OSError, ValueError):
        while sys.stdin.buffer.read(1):
            pass
    stop.set()


def main(
    argv: Sequence[str] | None = None,
    engine: Callable[[House], Iterator[tuple[Engine, list[Callable[[], None]]]]] | None = None,
) -> int:
    """Work until standard input ends. Returns the exit code."""
    parser = argparse.ArgumentParser(description="A worker of the house service; the server starts it.")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--owner", required=True)
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    stop = threading.Event()
    threading.Thread(target=_stop_with_input, args=(stop,), daemon=True).start()
    house = open_house(load(arguments.config))
    if hasattr(os, "nice"):
        os.nice(house.settings.workers.nice)
    try:
        with contextmanager(engine)(house) if engine else engine_of(house) as (glazes, seats):
            Worker(house, arguments.owner, glazes, seats, stop).run()
    except GlazeError as error:
        _log.error("%s", error)
        return 1
    finally:
        house.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
