"""The ledger as others see it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from glaze import __version__
from glaze.errors import LedgerError
from glaze.ledger.database import Database, ledger_path
from glaze.ledger.digests import Digests
from glaze.ledger.glazes import Record, understood
from glaze.ledger.plain import settings_json
from glaze.ledger.queue import Queue
from glaze.outcome import Glaze
from glaze.packs import as_installed, ways
from glaze.settings import GlazeSettings


class Kind(StrEnum):
    """As what a file is known here."""

    RESULT = "result"
    ORIGINAL = "original"


@dataclass(frozen=True)
class Recognised:
    """A file that the ledger knows.

    kind    RESULT: the file is a glaze made here. ORIGINAL: it was glazed here, and the result is still as it was.
    glaze   that glaze. `number`: what the ledger counts it by.
    """

    kind: Kind
    glaze: Glaze
    number: int


class Ledger:
    """What was glazed on this computer, and the queue. For all threads; several programs may have the same file open.

    Never raises because of its file: where that is damaged or cannot be written, `tell` says so once.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._database = Database(path or ledger_path())
        self._digests = Digests()
        self._told: LedgerError | None = None
        self.queue = Queue(self._database, self._record)

    @property
    def durable(self) -> bool:
        """Whether it outlives the program."""
        return self._database.durable

    def tell(self) -> LedgerError | None:
        """What the artist should know about the ledger's file, if anything, and only the first time it is asked for."""
        trouble = self._database.trouble
        if trouble is self._told:
            return None
        self._told = trouble
        return trouble

    def close(self) -> None:
        """Let go of the file. Nothing may be asked afterwards."""
        self._database.close()

    def digest(self, path: Path) -> str | None:
        """The sha256 of a file, None where it cannot be read; at once where it is known and looks unchanged."""
        return self._digests(path)

    def record(self, glaze: Glaze, original_sha256: str | None) -> None:
        """Remember a glaze that no queue made. `original_sha256`: of the picture, taken before it was glazed."""
        sha256 = self.digest(glaze.result)
        if sha256 is not None:
            self._database.write(self._record(glaze, original_sha256, sha256).insert)

    def announce(self, glaze: Glaze, original_sha256: str | None, sha256: str) -> None:
        """Remember a glaze that no queue made, before its file gets its name: what counts afterwards is the file."""
        self._database.write(self._record(glaze, original_sha256, sha256).insert)

    def recognise(self, path: Path, settings: GlazeSettings | None = None) -> Recognised | None:
        """Whether this very file, whatever it is called, is a glaze made here or was glazed here; else None.

        An original is recognised where it was glazed by this version with these settings (any settings where None), a
        decoy picture of one's own counting by its content, and the result is unchanged where it was put.
        """
        sha256 = self.digest(path)
        if sha256 is None:
            return None
        asked = "SELECT * FROM glazes WHERE result_sha256 = ?1 OR original_sha256 = ?1 ORDER BY made DESC"
        rows = self._database.read(lambda connection: connection.execute(asked, (sha256,)).fetchall())
        # With a pack that came or went since, it would be another glaze.
        # Whichever way it was carried out: as a card with the memory does it, or as others do.
        same = None if settings is None else {self._same(way) for way in ways(settings)}
        for row in rows:
            glaze = understood(self._database, row)
            if glaze is None:
                continue
            there = self.digest(glaze.result) == row["result_sha256"]
            if row["result_sha256"] == sha256:
                # It may have been renamed or moved since.
                return Recognised(Kind.RESULT, glaze if there else replace(glaze, result=path), row["id"])
            if there and (same is None or row["same"] in same):
                return Recognised(Kind.ORIGINAL, glaze, row["id"])
        return None

    def _record(self, glaze: Glaze, original_sha256: str | None, sha256: str) -> Record:
        return Record(
            glaze, original_sha256=original_sha256, sha256=sha256, same=self._same(as_installed(glaze.settings))
        )

    def _same(self, settings: GlazeSettings) -> str:
        """Equal where the same picture would come out the same. `settings` as they are carried out."""
        decoy = None if settings.decoy is None else self.digest(settings.decoy)
        return f"{__version__} {settings_json(settings, decoy)}"
