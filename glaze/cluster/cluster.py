"""In glazing.glaze's place: a picture goes out, and its glaze comes back and is written here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from glaze.artwork import open_artwork, save_finished
from glaze.artwork.picture import shown
from glaze.cluster.pool import Pool, Seat
from glaze.cluster.ray import running
from glaze.cluster.shares import MEMORY, shares
from glaze.cluster.station import Answer, File, Order
from glaze.crew import GLANCE
from glaze.errors import Cancelled, ClusterError, GlazeError
from glaze.packs import ways
from glaze.settings import GlazeSettings

if TYPE_CHECKING:
    from glaze.cloak import Iterate
    from glaze.glazing import OnSaving
    from glaze.outcome import Glaze

TRIES: Final = 3  # workers that a picture may cost before it is left alone
PIECE: Final = 4 * 2**20  # bytes of a finished file that travel at once


@contextmanager
def join(address: str, settings: GlazeSettings, threads: int) -> Iterator[Cluster]:
    """A cluster whose stations are ready for glazes with these settings, each with so many threads of a processor.

    address: HOST:PORT of a cluster that this computer belongs to, or "local" for one on this computer alone.
    Raises ClusterError and WeightsError.
    """
    with running(address) as ray:
        wanted = shares(ray.nodes(), threads)
        if not wanted:
            raise ClusterError("no_room", threads=threads, memory=round(MEMORY / 1e9), seconds=0)
        pool = Pool(ray, wanted, settings, threads)
        try:
            yield Cluster(ray, pool, len(wanted), threads)
        finally:
            pool.close()


class Cluster:
    """An engine, as glaze.jobs has it, for as many threads at once as it has `stations`.

    What a glaze is, what it is called, what is announced of it and what is raised are as with glazing.glaze; besides,
    ClusterError (lost, gone). A picture whose station is lost begins anew at another one.
    """

    def __init__(self, ray: Any, pool: Pool, stations: int, threads: int) -> None:
        self.stations = stations
        self._ray = ray
        self._pool = pool
        self._threads = threads

    def __call__(
        self,
        path: Path,
        settings: GlazeSettings,
        *,
        folder: Path | None,
        on_iterate: Callable[[Iterate], None],
        cancelled: Callable[[], bool],
        on_saving: OnSaving,
    ) -> Glaze:
        """Glaze one artwork. Raises GlazeError only."""
        decoy = None if settings.decoy is None else _read(settings.decoy)
        order = Order(_read(path), replace(settings, decoy=None), self._threads, decoy)
        errors = self._ray.exceptions
        for _ in range(TRIES):
            seat = self._pool.take(cancelled)
            try:
                answer = self._ask(seat, order, on_iterate, cancelled)
                fetch = partial(self._fetch, seat, cancelled)
                glaze = _bring(fetch, answer, path, settings, folder or path.parent, on_saving)
                seat.station.clear.remote()
            except errors.RayTaskError as error:
                self._pool.release(seat)
                raise error.cause from error
            except errors.RayError:
                self._pool.lost(seat)
            except BaseException:
                self._pool.release(seat)
                raise
            else:
                self._pool.release(seat)
                return glaze
        raise ClusterError("lost", path=shown(path), times=TRIES)

    def _ask(
        self, seat: Seat, order: Order, on_iterate: Callable[[Iterate], None], cancelled: Callable[[], bool]
    ) -> Answer:
        ray, station = self._ray, seat.station
        coming = station.glaze.remote(order)
        while not ray.wait([coming], timeout=GLANCE)[0]:
            if cancelled():
                # Each time anew: the first may have come before the glaze began.
                station.stop.remote()
            if iterate := ray.get(station.step.remote()):
                on_iterate(iterate)
        answer: Answer = ray.get(coming)
        return answer

    def _fetch(self, seat: Seat, cancelled: Callable[[], bool], file: File) -> Iterator[bytes]:
        """A finished file, piece by piece. Raises Cancelled."""
        for offset in range(0, file.size, PIECE):
            if cancelled():
                raise Cancelled("cancelled")
            yield self._ray.get(seat.station.read.remote(file.path, offset, PIECE))


def _bring(
    fetch: Callable[[File], Iterator[bytes]],
    answer: Answer,
    path: Path,
    settings: GlazeSettings,
    folder: Path,
    on_saving: OnSaving,
) -> Glaze:
    """Write the files of an answer, the result last, as glazing.glaze does."""
    if answer.error is not None:
        raise _as_here(answer.error, {answer.picture: path, answer.decoy_picture: settings.decoy})
    assert answer.glaze is not None
    assert answer.result is not None
    glaze = replace(answer.glaze, original=path, decoy=None, settings=_carried_out(settings, answer.glaze.settings))
    if (file := answer.decoy) is not None:
        decoy = save_finished(
            fetch(file), file.sha256, path, folder, "-decoy", lambda at, sha256: on_saving(at, sha256, None)
        )
        glaze = replace(glaze, decoy=decoy)
    file = answer.result
    try:
        result = save_finished(
            fetch(file),
            file.sha256,
            path,
            folder,
            announce=lambda at, sha256: on_saving(at, sha256, replace(glaze, result=at)),
        )
    except BaseException:
        if glaze.decoy is not None:
            with suppress(OSError):
                glaze.decoy.unlink()
        raise
    return replace(glaze, result=result)


def _carried_out(settings: GlazeSettings, there: GlazeSettings) -> GlazeSettings:
    """The settings as they were carried out by the station, with the places that encoders have here."""

    def names(carried_out: GlazeSettings) -> list[tuple[str, str | None]]:
        return [(encoder.path.name, encoder.family) for encoder in carried_out.encoders]

    here = ways(settings)
    return next((way for way in here if names(way) == names(there)), here[-1])


def _read(path: Path) -> bytes:
    """All of a picture's file. Where it cannot be read, what is raised is what opening the picture raises."""
    try:
        if path.is_file() and path.stat().st_size:
            return path.read_bytes()
    except OSError:
        pass
    open_artwork(path)
    return path.read_bytes()


def _as_here(error: GlazeError, places: dict[str, Path | None]) -> GlazeError:
    """The error with the paths of this computer in the place of the station's."""
    fields = dict(error.fields)
    for there, here in places.items():
        for name, value in fields.items():
            if isinstance(value, str) and here is not None:
                fields[name] = value.replace(there, str(shown(here)))
    return type(error)(error.key, **fields)
