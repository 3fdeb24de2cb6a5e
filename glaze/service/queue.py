"""The jobs of all artists: fair shares, daily limits, and each of them ends once, whoever is killed.

A job belongs to the worker that began it. Nothing that a worker says of a job counts unless the job is still its own,
so one that was taken for dead and was not can do no harm. A job that was deleted is nobody's: its worker notices and
stops.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import CursorResult, Select, Subquery, delete, func, select, update
from sqlalchemy.orm import Session

from glaze.errors import GlazeError, ServiceError
from glaze.ledger import State
from glaze.ledger.plain import error_json, error_of, glaze_json, settings_json, settings_of
from glaze.outcome import Glaze
from glaze.service import codes, mail_states, storage
from glaze.service.house import House
from glaze.service.models import Artist, Share
from glaze.service.models import Job as Row
from glaze.service.settings import HOUR
from glaze.settings import GlazeSettings

DAY: Final = 24 * HOUR
TRIES: Final = 3  # workers that a job may cost before it is given up
SUBMITTED: Final = "submitted"
SERVED: Final = "served"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One picture on its way, as its artist sees it.

    ahead      how many jobs come before it, where it waits.
    progress   0 to 1, of the loop.
    error      why it failed. Fields called `path` hold the picture's name.
    strength   how far the style moved, in percent, and target, what was to be reached; None until it is done.
    decoy_style   toward which style; None until it is done.
    queued, started, ended, expires   seconds since the epoch.
    """

    id: str
    name: str
    width: int
    height: int
    settings: GlazeSettings
    state: State
    ahead: int | None
    progress: float
    error: GlazeError | None
    strength: float | None
    target: float
    decoy_style: str | None
    queued: float
    started: float | None
    ended: float | None
    expires: float | None

    @property
    def download_name(self) -> str:
        """What the result is to be called on the artist's computer."""
        return f"{Path(self.name).stem or 'picture'}-glazed.png"


@dataclass(frozen=True)
class Room:
    """What an artist may still hand in: today, and at once. day_opens: in how many seconds there is more, if full."""

    today: int
    waiting: int
    day_opens: float


@dataclass(frozen=True)
class Claimed:
    """A job for a worker: the picture, and what its artist calls it."""

    id: str
    name: str
    picture: Path
    settings: GlazeSettings

    @property
    def folder(self) -> Path:
        """For the result."""
        return self.picture.parent


# --- for an artist


def add(
    house: House, artist_id: str, *, name: str, size: tuple[int, int], original: str, settings: GlazeSettings
) -> Job:
    """Put a picture into the queue. original: its file's name in the artist's folder. Raises ServiceError."""
    now = house.now()
    row = Row(
        id=codes.new_id(),
        artist_id=artist_id,
        name=shown_name(name),
        width=size[0],
        height=size[1],
        settings=settings_json(settings),
        state=State.QUEUED,
        progress=0.0,
        original=original,
        attempts=0,
        queued=now,
        mail_tries=0,
    )
    with house.database.write() as session:
        if session.get(Artist, artist_id) is None:
            raise ServiceError("signed_out")
        _must_have_room(house, _room(house, session, artist_id))
        session.add_all([row, Share(artist_id=artist_id, kind=SUBMITTED, at=now)])
    return get(house, artist_id, row.id)


def room(house: House, artist_id: str) -> Room:
    """What the artist may still hand in."""
    with house.database.read() as session:
        return _room(house, session, artist_id)


def check_room(house: House, artist_id: str) -> None:
    """Raises ServiceError where nothing may be handed in."""
    _must_have_room(house, room(house, artist_id))


def of_artist(house: House, artist_id: str) -> list[Job]:
    """The artist's jobs, the newest first."""
    asked = select(Row).where(Row.artist_id == artist_id).order_by(Row.queued.desc(), Row.id)
    with house.database.read() as session:
        rows = session.scalars(asked).all()
        waiting = any(row.state == State.QUEUED for row in rows)
        return [_job(row, _ahead(house, session) if waiting else {}) for row in rows]


def get(house: House, artist_id: str, job_id: str) -> Job:
    """One of the artist's jobs. Raises ServiceError where it is none of them, whosoever else's it is."""
    with house.database.read() as session:
        row = _row(session, artist_id, job_id)
        return _job(row, _ahead(house, session) if row.state == State.QUEUED else {})


def result(house: House, artist_id: str, job_id: str) -> Path:
    """The finished picture. Raises ServiceError."""
    with house.database.read() as session:
        row = _row(session, artist_id, job_id)
        if row.result is None:
            raise ServiceError("not_done")
        return _file(house, session, row, row.result)


def original(house: House, artist_id: str, job_id: str) -> Path:
    """The picture as it came in, as a PNG. Raises ServiceError."""
    with house.database.read() as session:
        row = _row(session, artist_id, job_id)
        return _file(house, session, row, row.original)


def remove(house: House, artist_id: str, job_id: str) -> None:
    """Delete a job with its pictures; one that runs stops at its next step. Raises ServiceError."""
    with house.database.write() as session:
        row = _row(session, artist_id, job_id)
        folder = _folder(session, row)
        session.delete(row)
    storage.remove(house, folder, row.original, row.result)


def folder_of(house: House, artist_id: str) -> str:
    """The name of the artist's folder. Raises ServiceError where the account is gone."""
    with house.database.read() as session:
        folder = session.scalar(select(Artist.folder).where(Artist.id == artist_id))
    if folder is None:
        raise ServiceError("signed_out")
    return folder


# --- for the host


def unfinished(house: House) -> int:
    """How many jobs wait or run, of all artists."""
    asked = select(func.count()).where(Row.state.in_([State.QUEUED, State.RUNNING]))
    with house.database.read() as session:
        return session.scalar(asked) or 0


# --- for a worker


def claim(house: House, owner: str) -> Claimed | None:
    """The job whose turn it is, from now on the owner's; None where nothing waits."""
    now = house.now()
    with house.database.read() as session:
        # Whoever looks twice a second shall not keep others from writing.
        if session.scalar(select(Row.id).where(Row.state == State.QUEUED).limit(1)) is None:
            return None
    with house.database.write() as session:
        turn = _turns(house).limit(1)
        found = session.execute(turn).first()
        row = None if found is None else session.get(Row, found.id)
        if row is None:
            return None
        row.state, row.owner, row.lease = State.RUNNING, owner, now + house.settings.workers.lease_seconds
        row.started, row.progress, row.attempts = now, 0.0, row.attempts + 1
        session.add(Share(artist_id=row.artist_id, kind=SERVED, at=now))
        return Claimed(row.id, row.name, _file(house, session, row, row.original), settings_of(row.settings))


def renew(house: House, owner: str, progress: Mapping[str, float]) -> set[str]:
    """A sign of life: jobs and how far they are. Returns those that are still the owner's; the others must stop."""
    lease, kept = house.now() + house.settings.workers.lease_seconds, set()
    with house.database.write() as session:
        for job_id, share in progress.items():
            mine = _mine(owner, job_id).values(lease=lease, progress=min(max(share, 0.0), 1.0))
            if _changed(session, mine):
                kept.add(job_id)
    return kept


def finish(house: House, owner: str, job_id: str, glaze: Glaze) -> bool:
    """The job is done, and its result lies in the artist's folder. False where it is not the owner's any more."""
    return _end(house, owner, job_id, state=State.DONE, result=glaze.result.name, glaze=_kept(glaze), progress=1.0)


def fail(house: House, owner: str, job_id: str, error: GlazeError) -> bool:
    """The job failed. False where it is not the owner's any more."""
    return _end(house, owner, job_id, state=State.FAILED, error=error_json(error))


def give_back(house: House, owner: str) -> None:
    """The worker closes in good order: what it has begins anew elsewhere, and that is no try."""
    with house.database.write() as session:
        running = update(Row).where(Row.owner == owner, Row.state == State.RUNNING)
        session.execute(running.values(**_AFRESH, attempts=Row.attempts - 1))


def recover(house: House, owner: str | None = None) -> int:
    """Workers are dead: the one named, or without a name all whose lease has run out. Returns how many jobs they had.

    Their jobs begin anew, unless they have cost as many workers as they may.
    """
    dead = Row.owner == owner if owner is not None else Row.lease <= house.now()
    with house.database.write() as session:
        return _recover(house, session, select(Row).where(Row.state == State.RUNNING, dead))


def is_late(house: House, owner: str) -> bool:
    """Whether a worker has a job that it has not renewed in time."""
    asked = select(Row.id).where(Row.owner == owner, Row.state == State.RUNNING, Row.lease <= house.now())
    with house.database.read() as session:
        return session.scalar(asked.limit(1)) is not None


def recover_all(house: House) -> int:
    """No worker lives: for a server that starts, and is alone. Returns how many jobs were begun."""
    with house.database.write() as session:
        return _recover(house, session, select(Row).where(Row.state == State.RUNNING))


# --- inside

_AFRESH: Final[dict[str, Any]] = {
    "state": State.QUEUED,
    "owner": None,
    "lease": None,
    "started": None,
    "progress": 0.0,
}


def shown_name(name: str) -> str:
    """A picture's name without the folders that some programs send, and nothing in it that no name has."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    text = "".join(letter for letter in last if letter.isprintable()).strip(" .")
    return text[-120:] or "picture"


def _served(house: House) -> Subquery:
    """How many jobs of each artist were begun in the last day."""
    asked = select(Share.artist_id, func.count().label("count")).where(
        Share.kind == SERVED, Share.at > house.now() - DAY
    )
    return asked.group_by(Share.artist_id).subquery()


def _turns(house: House) -> Select[Any]:
    """The jobs that wait, in their order: whoever was served least comes first, and then who waits longest.

    An artist's second job counts as if the first had been served.
    """
    served = _served(house)
    earlier = func.row_number().over(partition_by=Row.artist_id, order_by=(Row.queued, Row.id)) - 1
    turn = (func.coalesce(served.c.count, 0) + earlier).label("turn")
    asked = select(Row.id, turn).outerjoin(served, served.c.artist_id == Row.artist_id)
    return asked.where(Row.state == State.QUEUED).order_by(turn, Row.queued, Row.id)


def _ahead(house: House, session: Session) -> dict[str, int]:
    return {row.id: place for place, row in enumerate(session.execute(_turns(house)))}


def _room(house: House, session: Session, artist_id: str) -> Room:
    limits, now = house.settings.limits, house.now()
    asked = select(func.count(), func.min(Share.at)).where(
        Share.artist_id == artist_id, Share.kind == SUBMITTED, Share.at > now - DAY
    )
    submitted, first = session.execute(asked).one()
    unfinished = select(func.count()).where(Row.artist_id == artist_id, Row.state.in_([State.QUEUED, State.RUNNING]))
    waiting = session.scalar(unfinished) or 0
    today = max(0, limits.jobs_per_day - submitted)
    return Room(today, max(0, limits.jobs_waiting - waiting), 0.0 if today else first + DAY - now)


def _must_have_room(house: House, found: Room) -> None:
    limits = house.settings.limits
    if not found.today:
        raise ServiceError("day_full", most=limits.jobs_per_day, hours=max(1, round(found.day_opens / HOUR)))
    if not found.waiting:
        raise ServiceError("queue_full", most=limits.jobs_waiting)


def _row(session: Session, artist_id: str, job_id: str) -> Row:
    known = select(Row).where(Row.id == job_id, Row.artist_id == artist_id)
    row = session.scalar(known) if codes.is_id(job_id) else None
    if row is None:
        raise ServiceError("no_job")
    return row


def _folder(session: Session, row: Row) -> str:
    folder = session.scalar(select(Artist.folder).where(Artist.id == row.artist_id))
    assert folder is not None, "a job goes with its artist"
    return folder


def _file(house: House, session: Session, row: Row, name: str) -> Path:
    return storage.file_in(house, _folder(session, row), name)


def _mine(owner: str, job_id: str) -> Any:
    return update(Row).where(Row.id == job_id, Row.owner == owner, Row.state == State.RUNNING)


def _changed(session: Session, statement: Any) -> bool:
    done = session.execute(statement)
    assert isinstance(done, CursorResult)
    return bool(done.rowcount)


def _end(house: House, owner: str, job_id: str, **news: Any) -> bool:
    with house.database.write() as session:
        return _changed(session, _mine(owner, job_id).values(**_ended(house), **news))


def _ended(house: House) -> dict[str, Any]:
    now = house.now()
    told = mail_states.WAITING if house.settings.mail.host else None
    expires = now + house.settings.storage.retention_hours * HOUR
    return {"owner": None, "lease": None, "ended": now, "expires": expires, "mail": told}


def _recover(house: House, session: Session, asked: Select[Any]) -> int:
    rows = session.scalars(asked).all()
    for row in rows:
        lost = row.attempts >= TRIES
        error = error_json(ServiceError("lost", times=TRIES))
        news = {**_ended(house), "state": State.FAILED, "error": error} if lost else _AFRESH
        session.execute(update(Row).where(Row.id == row.id).values(**news))
    return len(rows)


def give_up_waiting(house: House) -> int:
    """End the jobs that have waited too long. Returns how many."""
    hours = house.settings.storage.waiting_hours
    error = error_json(ServiceError("waited", hours=round(hours)))
    late = update(Row).where(Row.state == State.QUEUED, Row.queued <= house.now() - hours * HOUR)
    with house.database.write() as session:
        done = session.execute(late.values(**_ended(house), state=State.FAILED, error=error))
        assert isinstance(done, CursorResult)
        return done.rowcount


def forget_shares(house: House) -> None:
    """Shares older than a day count no more."""
    with house.database.write() as session:
        session.execute(delete(Share).where(Share.at <= house.now() - DAY))


def _kept(glaze: Glaze) -> str:
    """What a glaze is, with the one figure that the pages show first."""
    return json.dumps({"glaze": json.loads(glaze_json(glaze)), "strength": glaze.report.strength})


def _job(row: Row, ahead: Mapping[str, int]) -> Job:
    settings = settings_of(row.settings)
    kept = json.loads(row.glaze) if row.glaze else None
    return Job(
        id=row.id,
        name=row.name,
        width=row.width,
        height=row.height,
        settings=settings,
        state=State(row.state),
        ahead=ahead.get(row.id) if row.state == State.QUEUED else None,
        progress=row.progress,
        error=None if row.error is None else error_of(row.error, Path(row.name)),
        strength=None if kept is None else float(kept["strength"]),
        target=settings.target,
        decoy_style=None if kept is None else str(kept["glaze"]["decoy_style"]),
        queued=row.queued,
        started=row.started,
        ended=row.ended,
        expires=row.expires,
    )
