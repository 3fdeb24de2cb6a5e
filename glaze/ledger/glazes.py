"""The rows of glazes, each inside somebody's transaction."""

from __future__ import annotations

import secrets
import sqlite3
import time
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from glaze.ledger.database import Database
from glaze.ledger.plain import (
    glaze_json,
    glaze_of,
    path_bytes,
    path_of,
    pixels_of,
    png_bytes,
    settings_json,
    settings_of,
)
from glaze.outcome import Glaze

_UNKNOWN: Final = np.full((64, 64, 3), 128, np.uint8)


class Record:
    """A glaze made ready for the ledger, which takes longer than a transaction should.

    original_sha256  of the file that was glazed; None where it could not be read.
    sha256           of the result.
    same             what the glaze depended on besides the picture (`Ledger.recognise`).
    """

    def __init__(self, glaze: Glaze, *, original_sha256: str | None, sha256: str, same: str) -> None:
        report = glaze.report
        self._glaze = {
            # By chance, and not counted: after a ledger began anew, an old number must mean nothing.
            "id": secrets.randbits(62),
            "original": path_bytes(glaze.original),
            "original_sha256": original_sha256,
            "result": path_bytes(glaze.result),
            "result_sha256": sha256,
            "decoy": None if glaze.decoy is None else path_bytes(glaze.decoy),
            "settings": settings_json(glaze.settings),
            "same": same,
            "made": time.time(),
            "record": glaze_json(glaze),
        }
        # Whole and lossless: about a megabyte for each glaze, a tenth of what the result itself takes.
        self._pictures = [png_bytes(seen) for seen in (report.seen_before, report.seen_after, report.seen_decoy)]

    def insert(self, connection: sqlite3.Connection) -> int:
        """Write it down. Returns its number."""
        columns = ", ".join(self._glaze)
        blanks = ", ".join(f":{column}" for column in self._glaze)
        connection.execute(f"INSERT INTO glazes ({columns}) VALUES ({blanks})", self._glaze)  # noqa: S608 - our names
        number = self._glaze["id"]
        connection.execute("INSERT INTO pictures VALUES (?, ?, ?, ?)", (number, *self._pictures))
        assert isinstance(number, int)
        return number


def fetch(database: Database, connection: sqlite3.Connection, number: int | None) -> Glaze | None:
    """A glaze by its number; None where there is none that can be understood."""
    row = connection.execute("SELECT * FROM glazes WHERE id = ?", (number,)).fetchone()
    return None if row is None else understood(database, row)


def understood(database: Database, row: sqlite3.Row) -> Glaze | None:
    """The glaze in a row; None where it cannot be understood."""
    try:
        return glaze_of(
            row["record"],
            original=path_of(row["original"]),
            result=path_of(row["result"]),
            decoy=None if row["decoy"] is None else path_of(row["decoy"]),
            settings=settings_of(row["settings"]),
            look=partial(_look, database, row["id"]),
        )
    except ValueError:
        return None


def _look(database: Database, number: int, which: str) -> NDArray[np.uint8]:
    """One picture of a glaze's report, plain grey where the ledger has it no more."""
    statement = f"SELECT {which} FROM pictures WHERE glaze = ?"  # noqa: S608 - a column, named in plain.py
    row = database.read(lambda connection: connection.execute(statement, (number,)).fetchone())
    try:
        return _UNKNOWN if row is None else pixels_of(row[0])
    except (OSError, ValueError, SyntaxError):
        return _UNKNOWN
