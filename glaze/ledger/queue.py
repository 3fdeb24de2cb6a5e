"""The queue's jobs. Each that is not finished has an owner, the one program that may run it.

A job that was running when its program was killed is settled by the next program to come, exactly: the result's name
and sha256 are written down before the file gets that name (`announce`), so the file itself says if it was finished.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from glaze.artwork.place import digest, sweep
from glaze.ledger.database import Database
from glaze.ledger.entry import Entry, State
from glaze.ledger.glazes import Record, fetch
from glaze.ledger.owner import lives, new_owner, process_of
from glaze.ledger.plain import error_json, error_of, path_bytes, path_of, settings_json, settings_of
from glaze.outcome import Glaze

MakeRecord = Callable[[Glaze, str | None, str], Record]

_PUT: Final = """
    INSERT INTO jobs (id, position, owner, path, folder, settings, again, state, error, glaze, queued, started, ended)
    VALUES (:id, (SELECT coalesce(max(position), 0) + 1 FROM jobs), :owner, :path, :folder, :settings, :again, :state,
        :error, :glaze, :queued, :started, :ended)
    ON CONFLICT (id) DO UPDATE SET owner = :owner, settings = :settings, again = :again, state = :state,
        error = :error, glaze = :glaze, queued = :queued, started = :started, ended = :ended,
        announced = NULL, loose = NULL, loose_sha256 = NULL
    WHERE owner IS NULL OR owner = :me"""
_FIRST: Final = "UPDATE jobs SET position = (SELECT min(position) - 1 FROM jobs) WHERE id = ?"
_LAST: Final = "UPDATE jobs SET position = (SELECT max(position) + 1 FROM jobs) WHERE id = ?"
_FORGET: Final = "DELETE FROM jobs WHERE id = ? AND state NOT IN ('queued', 'running')"
_FINISHED: Final = "SELECT * FROM jobs WHERE state NOT IN ('queued', 'running') ORDER BY number"
_OWNERS: Final = "SELECT DISTINCT owner FROM jobs WHERE state IN ('queued', 'running')"
_OWNED: Final = "SELECT * FROM jobs WHERE owner IS ? AND state IN ('queued', 'running')"


class Queue:
    """The jobs in the ledger, for one program. Whoever asks keeps to the order of states; here nothing is run."""

    def __init__(self, database: Database, make_record: MakeRecord) -> None:
        self._database = database
        self._make_record = make_record
        self._me = new_owner()

    @property
    def renewed(self) -> int:
        """How often the ledger began anew: then it knows no job of before, until it is kept again."""
        return self._database.renewed

    @property
    def paused(self) -> bool:
        """Whether the queue rests. Outlives the program."""
        asked = "SELECT value FROM facts WHERE name = 'paused'"
        row = self._database.read(lambda connection: connection.execute(asked).fetchone())
        return row is not None and row["value"] == "yes"

    @paused.setter
    def paused(self, paused: bool) -> None:
        news = ("yes" if paused else "no",)
        self._database.write(
            lambda connection: connection.execute("INSERT OR REPLACE INTO facts VALUES ('paused', ?)", news)
        )

    def finished(self) -> list[Entry]:
        """The finished jobs of all programs, oldest first."""
        return self._database.read(
            lambda connection: self._entries(connection, connection.execute(_FINISHED).fetchall())
        )

    def keep(self, entries: Iterable[Entry], *, first: bool = False, last: bool = False) -> bool:
        """Write jobs down as they are: queued, and from then on this program's; failed or cancelled, and nobody's.

        New ones go to the end of the queue, others where they were, unless to the front or the end. What they had
        announced is forgotten. Returns whether all were this program's to change.
        """

        def put(connection: sqlite3.Connection) -> bool:
            kept = True
            for entry in entries:
                self._withdraw(connection, entry.id)
                if self._put(connection, entry, None):
                    if first or last:
                        connection.execute(_FIRST if first else _LAST, (entry.id,))
                else:
                    kept = False
            return kept

        return self._database.write(put)

    def start(self, entry: Entry) -> bool:
        """Note that a job runs. Returns False where it is another program's by now."""
        return self._database.write(lambda connection: self._put(connection, entry, None))

    def announce(self, job_id: str, original_sha256: str | None, path: Path, sha256: str, glaze: Glaze | None) -> None:
        """Note what a running job is about to save: its result, with the glaze, or its decoy, with None."""
        record = None if glaze is None else self._make_record(glaze, original_sha256, sha256)

        def note(connection: sqlite3.Connection) -> None:
            mine = connection.execute("SELECT 1 FROM jobs WHERE id = ? AND owner = ?", (job_id, self._me)).fetchone()
            if not mine:
                return
            if record is None:
                news = (path_bytes(path), sha256, job_id)
                connection.execute("UPDATE jobs SET loose = ?, loose_sha256 = ? WHERE id = ?", news)
            else:
                self._withdraw(connection, job_id)
                connection.execute("UPDATE jobs SET announced = ? WHERE id = ?", (record.insert(connection), job_id))

        self._database.write(note)

    def done(self, entry: Entry, original_sha256: str | None) -> Glaze:
        """Note that a job has its result. Returns that, with its pictures left in the ledger."""
        result = entry.result
        assert result is not None

        def finish(connection: sqlite3.Connection) -> Glaze | None:
            row = connection.execute("SELECT announced FROM jobs WHERE id = ?", (entry.id,)).fetchone()
            number = row["announced"] if row else None
            if number is None:
                # The ledger began anew in the meantime.
                number = self._make_record(result, original_sha256, _sha256(result.result)).insert(connection)
            connection.execute("UPDATE jobs SET announced = NULL WHERE id = ?", (entry.id,))
            self._put(connection, entry, number)
            return fetch(self._database, connection, number)

        return self._database.write(finish) or result

    def skip(self, entry: Entry, number: int) -> None:
        """Note that a job was not run, because of a glaze that was there already."""
        self._database.write(lambda connection: self._put(connection, entry, number))

    def forget(self, job_id: str) -> None:
        """Take a finished job off the list. What was glazed is still recognised."""
        self._database.write(lambda connection: connection.execute(_FORGET, (job_id,)))

    def release(self) -> None:
        """Leave what still waits to the next program."""
        self._database.write(
            lambda connection: connection.execute(
                "UPDATE jobs SET owner = NULL WHERE owner = ? AND state = 'queued'", (self._me,)
            )
        )

    def take_over(self) -> list[Entry]:
        """Make the jobs of programs that have ended this program's. Returns them in order, each queued or done.

        What was running when its program ended comes first and starts over, unless its result was already saved.
        """
        owners = self._database.read(lambda connection: [row["owner"] for row in connection.execute(_OWNERS)])
        left = [owner for owner in owners if owner is None or not (owner == self._me or lives(owner))]
        return self._database.write(lambda connection: self._claim(connection, left)) if left else []

    def _claim(self, connection: sqlite3.Connection, owners: list[str | None]) -> list[Entry]:
        """In one transaction, so that whoever is killed here leaves all of it to the next."""
        claimed: list[int] = []
        for owner in owners:
            for row in connection.execute(_OWNED, (owner,)).fetchall():
                claimed.append(row["number"])
                connection.execute("UPDATE jobs SET owner = ? WHERE number = ?", (self._me, row["number"]))
                if row["state"] == State.RUNNING:
                    self._settle(connection, row, process_of(owner or ""))
        asked = "SELECT * FROM jobs WHERE number = ?"
        rows = [connection.execute(asked, (number,)).fetchone() for number in claimed]
        return self._entries(connection, sorted(rows, key=lambda row: row["position"]))

    def _settle(self, connection: sqlite3.Connection, row: sqlite3.Row, process: int) -> None:
        """A job that was running when its program, of that process id, was killed: done, or queued in front."""
        asked = "SELECT result, result_sha256, made FROM glazes WHERE id = ?"
        announced = connection.execute(asked, (row["announced"],)).fetchone()
        if announced is not None and _is_there(path_of(announced["result"]), announced["result_sha256"]):
            connection.execute(
                "UPDATE jobs SET state = 'done', owner = NULL, glaze = announced, announced = NULL, loose = NULL, "
                "loose_sha256 = NULL, ended = ? WHERE number = ?",
                (announced["made"], row["number"]),
            )
        else:
            if announced is not None:
                _remove_placeholder(path_of(announced["result"]))
            if row["loose"] is not None:
                decoy = path_of(row["loose"])
                _remove_placeholder(decoy)
                if _is_there(decoy, row["loose_sha256"]):
                    with suppress(OSError):
                        decoy.unlink()
            self._withdraw(connection, row["id"])
            connection.execute(
                "UPDATE jobs SET state = 'queued', started = NULL, loose = NULL, loose_sha256 = NULL WHERE number = ?",
                (row["number"],),
            )
            connection.execute(_FIRST, (row["id"],))
        folder = path_of(row["path"]).parent if row["folder"] is None else path_of(row["folder"])
        sweep(folder, process)

    def _withdraw(self, connection: sqlite3.Connection, job_id: str) -> None:
        """Forget the glaze that a job of this program announced and did not save."""
        asked = "DELETE FROM glazes WHERE id = (SELECT announced FROM jobs WHERE id = ? AND owner = ?)"
        connection.execute(asked, (job_id, self._me))

    def _put(self, connection: sqlite3.Connection, entry: Entry, glaze: int | None) -> bool:
        """Returns whether it was this program's to change."""
        changed = connection.execute(
            _PUT,
            {
                "id": entry.id,
                "me": self._me,
                "owner": None if entry.state.finished else self._me,
                "path": path_bytes(entry.path),
                "folder": None if entry.folder is None else path_bytes(entry.folder),
                "settings": settings_json(entry.settings),
                "again": entry.again,
                "state": str(entry.state),
                "error": None if entry.error is None else error_json(entry.error),
                "glaze": glaze,
                "queued": entry.queued,
                "started": entry.started,
                "ended": entry.ended,
            },
        )
        return changed.rowcount > 0

    def _entries(self, connection: sqlite3.Connection, rows: Iterable[sqlite3.Row]) -> list[Entry]:
        """Without those that cannot be understood."""
        entries = []
        for row in rows:
            with suppress(ValueError):
                entries.append(self._entry(connection, row))
        return entries

    def _entry(self, connection: sqlite3.Connection, row: sqlite3.Row) -> Entry:
        path = path_of(row["path"])
        return Entry(
            id=row["id"],
            path=path,
            settings=settings_of(row["settings"]),
            folder=None if row["folder"] is None else path_of(row["folder"]),
            again=bool(row["again"]),
            state=State(row["state"]),
            result=fetch(self._database, connection, row["glaze"]),
            error=None if row["error"] is None else error_of(row["error"], path),
            queued=row["queued"],
            started=row["started"],
            ended=row["ended"],
        )


def _is_there(path: Path, sha256: str) -> bool:
    return bool(sha256) and _sha256(path) == sha256


def _sha256(path: Path) -> str:
    """Empty where the file cannot be read."""
    try:
        return digest(path)
    except (OSError, ValueError):
        return ""


def _remove_placeholder(path: Path) -> None:
    """Remove the empty file that holds a name for a moment where there are no hard links (glaze/artwork/place.py)."""
    with suppress(OSError):
        if path.lstat().st_size == 0:
            path.unlink()
