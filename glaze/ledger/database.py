"""The ledger's file: opened, brought up to date, set aside where it is damaged, and never a reason to stop.

Where nothing can be kept, the ledger goes on in memory: a picture can still be glazed, and the artist is told once.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from platformdirs import user_data_path

from glaze.errors import LedgerError

# "Glaz": SQLite keeps it in the file's head, so that another program's database is not taken for a ledger.
APPLICATION: Final = 0x476C617A
# Seconds to wait for another program's transaction. Each takes milliseconds.
BUSY: Final = 30.0

# What brings a ledger from each version to the next. What was published is never changed, only followed.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        # A row is there from just before its result gets its name; what counts is the file.
        """CREATE TABLE glazes (
            id INTEGER PRIMARY KEY,
            original BLOB NOT NULL,
            original_sha256 TEXT,
            result BLOB NOT NULL,
            result_sha256 TEXT NOT NULL,
            decoy BLOB,
            settings TEXT NOT NULL,
            same TEXT NOT NULL,
            made REAL NOT NULL,
            record TEXT NOT NULL)""",
        "CREATE INDEX glazes_by_result ON glazes (result_sha256)",
        "CREATE INDEX glazes_by_original ON glazes (original_sha256)",
        """CREATE TABLE pictures (
            glaze INTEGER PRIMARY KEY REFERENCES glazes ON DELETE CASCADE,
            before BLOB NOT NULL,
            after BLOB NOT NULL,
            decoy BLOB NOT NULL)""",
        # announced: the glaze that a running job is about to save. loose: a decoy that it saved before, and its sha256.
        """CREATE TABLE jobs (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            position INTEGER NOT NULL,
            owner TEXT,
            path BLOB NOT NULL,
            folder BLOB,
            settings TEXT NOT NULL,
            again INTEGER NOT NULL,
            state TEXT NOT NULL,
            error TEXT,
            glaze INTEGER REFERENCES glazes ON DELETE SET NULL,
            announced INTEGER REFERENCES glazes ON DELETE SET NULL,
            loose BLOB,
            loose_sha256 TEXT,
            queued REAL NOT NULL,
            started REAL,
            ended REAL)""",
        "CREATE INDEX jobs_by_state ON jobs (state, position)",
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    ),
)
# One look at every column: tables that another hand changed are damage, found now rather than in the middle of work.
_PROBES: Final = (
    "SELECT id, original, original_sha256, result, result_sha256, decoy, settings, same, made, record FROM glazes",
    "SELECT glaze, before, after, decoy FROM pictures",
    """SELECT number, id, position, owner, path, folder, settings, again, state, error, glaze, announced, loose,
        loose_sha256, queued, started, ended FROM jobs""",
    "SELECT name, value FROM facts",
)
_DAMAGE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)

T = TypeVar("T")


def ledger_path() -> Path:
    """Where the ledger is kept; GLAZE_LEDGER names another file."""
    named = os.environ.get("GLAZE_LEDGER")
    return Path(named) if named else user_data_path("glaze", appauthor=False) / "ledger.sqlite3"


class Database:
    """One file, for all threads of a program.

    durable  whether what is written outlives the program.
    trouble  why the file had to be set aside or cannot be used; None where all is well.
    renewed  how often it began anew, with nothing of before in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.durable = True
        self.trouble: LedgerError | None = None
        self.renewed = 0
        self._lock = threading.RLock()
        self._connection = self._begin()

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` answers: all of it as of one moment."""
        return self._run("BEGIN", work)

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The same where `work` changes something: all of it is kept, or nothing."""
        return self._run("BEGIN IMMEDIATE", work)

    def close(self) -> None:
        """Let go of the file. Nothing may be asked afterwards."""
        with self._lock:
            self._connection.close()

    def _run(self, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                return _transaction(self._connection, begin, work)
            except sqlite3.DatabaseError as fault:
                if not _is_the_disks(fault):
                    raise
                self._connection.close()
                self._connection = self._begin_anew(fault)
                self.renewed += 1
            return _transaction(self._connection, begin, work)

    def _begin(self) -> sqlite3.Connection:
        fault: Exception
        # Twice, because another program may have set the same damaged file aside a moment ago.
        for _ in range(2):
            try:
                return _opened(self.path)
            except _NewerError:
                return self._in_memory(LedgerError("newer", path=self.path))
            except (_DamagedError, sqlite3.Error, OSError, ValueError) as found:
                fault = found
        return self._begin_anew(fault)

    def _begin_anew(self, fault: Exception) -> sqlite3.Connection:
        """A new file in the place of a damaged one, or else a ledger in memory."""
        if _is_damage(fault):
            try:
                aside = self._set_aside()
                connection = _opened(self.path)
            except (_NewerError, _DamagedError, sqlite3.Error, OSError) as other:
                fault = other
            else:
                self.trouble = LedgerError("damaged", aside=aside)
                return connection
        return self._in_memory(LedgerError("unwritable", path=self.path, reason=fault))

    def _in_memory(self, trouble: LedgerError) -> sqlite3.Connection:
        self.trouble = trouble
        self.durable = False
        return _opened(None)

    def _set_aside(self) -> Path:
        """Give the damaged file another name, together with what SQLite keeps beside it. Raises OSError."""
        number = 1
        while os.path.lexists(aside := self.path.with_stem(f"{self.path.stem}-damaged-{number}")):
            number += 1
        self.path.rename(aside)
        for ending in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                self.path.with_name(self.path.name + ending).rename(aside.with_name(aside.name + ending))
        return aside


class _DamagedError(Exception):
    """What is there is no ledger."""


class _NewerError(Exception):
    """A newer Glaze wrote it."""


def _code(fault: Exception) -> int:
    """SQLite's own number for what went wrong, without its finer distinctions."""
    return getattr(fault, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _is_damage(fault: Exception) -> bool:
    return isinstance(fault, _DamagedError) or _code(fault) in _DAMAGE


def _is_the_disks(fault: sqlite3.DatabaseError) -> bool:
    """Whether the file or its disk is to blame, and not what was asked."""
    full_or_locked = isinstance(fault, sqlite3.OperationalError) and _code(fault) != sqlite3.SQLITE_ERROR
    return full_or_locked or _is_damage(fault)


def _transaction(connection: sqlite3.Connection, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
    connection.execute(begin)
    try:
        answer = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return answer


def _opened(path: Path | None) -> sqlite3.Connection:
    """The ledger in a file, or one in memory, with the tables of this version.

    Raises sqlite3.Error, OSError, ValueError, _DamagedError and _NewerError.
    """
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path or ":memory:", timeout=BUSY, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        # A letter that was damaged is no reason to lose a row.
        connection.text_factory = lambda kept: kept.decode("utf-8", "replace")
        # Two programs that begin at once get in each other's way here; one of them will do.
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
        # What was announced must outlive a power cut, or the file that follows would have no record.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        _transaction(connection, "BEGIN IMMEDIATE", _bring_up_to_date)
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Take every step that this version knows and the file has not seen. A new file has seen none."""
    [version] = connection.execute("PRAGMA user_version").fetchone()
    [application] = connection.execute("PRAGMA application_id").fetchone()
    [tables] = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION:
        raise _DamagedError
    if version > len(STEPS):
        raise _NewerError
    if version < len(STEPS):
        for step in STEPS[version:]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(STEPS)}")
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
    try:
        for probe in _PROBES:
            connection.execute(f"{probe} LIMIT 1").fetchone()
    except sqlite3.OperationalError as fault:
        if _code(fault) == sqlite3.SQLITE_ERROR:
            raise _DamagedError from fault
        raise
