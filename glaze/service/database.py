"""The database: SQLite in the data folder, or PostgreSQL by its address. One writer at a time in both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from glaze.errors import HostError
from glaze.service.models import Base, Fact

VERSION: Final = "1"
# Seconds to wait for another's transaction. Each takes milliseconds.
BUSY: Final = 30.0
# Any number will do, as long as all of one service's programs take the same.
_LOCK: Final = 0x476C617A


class Database:
    """Sessions to read and to write. Raises HostError where it cannot be opened or is of a newer Glaze."""

    def __init__(self, address: str) -> None:
        self._engine = _engine(address)
        self.is_sqlite = self._engine.dialect.name == "sqlite"
        try:
            with self.write() as session:
                Base.metadata.create_all(session.connection())
                fact = session.get(Fact, "version")
                if fact is None:
                    session.add(Fact(name="version", value=VERSION))
                elif fact.value != VERSION:
                    raise HostError("other_database", found=fact.value, expected=VERSION)
        except SQLAlchemyError as fault:
            # Without the address: a password may stand in it.
            raise HostError("no_database", reason=type(fault).__name__) from fault

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that changes nothing, and waits for nobody."""
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that has the database to itself: kept as a whole where the block ends well, else not at all.

        One writer at a time makes counting and then inserting safe, and every transaction here takes milliseconds.
        """
        connection = self._engine.connect().execution_options(glaze_writes=True)
        with connection, Session(connection, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _engine(address: str) -> Engine:
    try:
        url = make_url(address)
        if url.get_backend_name() == "postgresql":
            url = url.set(drivername="postgresql+pg8000")
        engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)
    except (ArgumentError, ImportError) as fault:
        raise HostError("no_database", reason=type(fault).__name__) from fault
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "begin", _begin_postgresql)
    else:
        raise HostError("no_database", reason=engine.dialect.name)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # SQLAlchemy then begins its transactions by `_begin_sqlite`, not by sqlite3's own rules.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {round(BUSY * 1000)}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # What was deleted is overwritten: names and settings do not linger in the file.
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    writes = connection.get_execution_options().get("glaze_writes")
    # A reader that turned writer would fail where another wrote meanwhile; this one waits its turn instead.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Any) -> None:
    if connection.get_execution_options().get("glaze_writes"):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
