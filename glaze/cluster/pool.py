"""The stations that are there, and new ones in the place of those that are lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from glaze.cluster.same import networks, version
from glaze.cluster.shares import MEMORY, Share
from glaze.cluster.station import Station
from glaze.crew import GLANCE
from glaze.errors import Cancelled, ClusterError
from glaze.settings import GlazeSettings

PATIENCE: Final = 120.0  # seconds to wait for a station to start, where none is there
LATECOMERS: Final = 10.0  # seconds to wait for the others once one is there


@dataclass(eq=False)
class Seat:
    """A station on its way or there. about, networks: where Ray will have the answers of its first two methods."""

    share: Share
    station: Any
    about: Any
    networks: Any
    asked: float = field(default_factory=time.monotonic)


class Pool:
    """Stations for the shares of a cluster. For any number of threads.

    Raises ClusterError where a station that started must not be used (no_glaze, other_glaze, other_networks), and
    where none started (no_room); and what `Station.prepare` raises.
    """

    def __init__(self, ray: Any, shares: Sequence[Share], settings: GlazeSettings, threads: int) -> None:
        self._ray = ray
        # A decoy picture goes along with each order; its path says nothing to others.
        self._settings = replace(settings, decoy=None)
        self._networks = networks(settings)
        self._changed = threading.Condition()
        self._free: list[Seat] = []
        self._busy: set[Seat] = set()
        # Two calls at once: a glaze, and questions about it.
        self._actor = ray.remote(max_concurrency=2, max_restarts=0)(Station)
        self._coming = [self._seat(share) for share in shares]
        try:
            self._begin(threads)
        except BaseException:
            self.close()
            raise

    def take(self, cancelled: Callable[[], bool]) -> Seat:
        """A station that is free, to be given back with `release` or `lost`. Raises Cancelled, and ClusterError (gone).

        One that started late and must not be used is left aside.
        """
        while not cancelled():
            self._admit()
            with self._changed:
                if self._free:
                    seat = self._free.pop()
                    self._busy.add(seat)
                    return seat
                latest = max((seat.asked for seat in self._coming), default=float("-inf"))
                if not self._busy and time.monotonic() - latest > PATIENCE:
                    raise ClusterError("gone", seconds=round(PATIENCE))
                self._changed.wait(GLANCE)
        raise Cancelled("cancelled")

    def release(self, seat: Seat) -> None:
        """Give a station back."""
        with self._changed:
            self._busy.discard(seat)
            self._free.append(seat)
            self._changed.notify_all()

    def lost(self, seat: Seat) -> None:
        """A station is no more: ask for another, wherever there is room."""
        self._kill(seat)
        another = self._seat(seat.share)
        with self._changed:
            self._busy.discard(seat)
            self._coming.append(another)
            self._changed.notify_all()

    def close(self) -> None:
        """Let all stations delete their files, and end them."""
        with self._changed:
            there = [*self._free, *self._busy]
            every = [*there, *self._coming]
            self._free, self._coming = [], []
        self._ray.wait(
            [seat.station.clear.remote() for seat in there], num_returns=len(there), timeout=5
        ) if there else None
        for seat in every:
            self._kill(seat)

    def _seat(self, share: Share) -> Seat:
        station = self._actor.options(**share.options).remote()
        return Seat(share, station, station.about.remote(), station.prepare.remote(self._settings))

    def _kill(self, seat: Seat) -> None:
        self._ray.kill(seat.station)

    def _begin(self, threads: int) -> None:
        """Wait for one station and a little longer for the others, so that what is wrong anywhere is told at once."""
        began, first = time.monotonic(), float("inf")
        while self._coming and time.monotonic() < min(began + PATIENCE, first + LATECOMERS):
            for seat in self._started(GLANCE):
                self._check(seat)
                self._free.append(seat)
                first = min(first, time.monotonic())
        if not self._free:
            raise ClusterError("no_room", threads=threads, memory=round(MEMORY / 1e9), seconds=round(PATIENCE))

    def _admit(self) -> None:
        for seat in self._started(0):
            try:
                self._check(seat)
            except (ClusterError, self._ray.exceptions.RayError):
                self._kill(seat)
            else:
                self.release(seat)

    def _started(self, timeout: float) -> list[Seat]:
        """The stations that have started, or failed to, since the last look; whoever looks has them from then on."""
        with self._changed:
            refs = [ref for seat in self._coming for ref in (seat.about, seat.networks)]
            if not refs:
                return []
            ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=timeout, fetch_local=False)
            started = [seat for seat in self._coming if seat.about in ready and seat.networks in ready]
            self._coming = [seat for seat in self._coming if seat not in started]
            return started

    def _check(self, seat: Seat) -> None:
        """Raises ClusterError for a station that would make other glazes, and what `Station.prepare` raises."""
        errors = self._ray.exceptions
        try:
            theirs, computer = self._ray.get(seat.about)
        except errors.RayError as error:
            raise ClusterError("no_glaze", reason=str(error).strip().splitlines()[-1]) from error
        if theirs != version():
            raise ClusterError("other_glaze", computer=computer, theirs=theirs, ours=version())
        try:
            found = self._ray.get(seat.networks)
        except errors.RayTaskError as error:
            raise error.cause from error
        other = {name for name, _ in found.items() ^ self._networks.items()}
        if other:
            raise ClusterError("other_networks", computer=computer, names=", ".join(sorted(other)))
