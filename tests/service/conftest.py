"""Houses to try: on SQLite and on PostgreSQL, each empty, with a clock that tests turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="the service's packages are not installed (requirements-service.txt)")

from argon2 import PasswordHasher

from glaze.service import passphrases
from tests.service.lodge import Lodge, PostgreSQL


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 as it is, and as weak as it gets: tests sign in often."""
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passphrases, "_hasher", weak)
    monkeypatch.setattr(passphrases, "_NOBODY", weak.hash("nobody's own passphrase"))


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    with PostgreSQL.running(tmp_path_factory) as server:
        yield server


@pytest.fixture
def lodge(tmp_path: Path) -> Iterator[Lodge]:
    """A house on SQLite."""
    with Lodge.opened(tmp_path / "data") as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def any_lodge(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lodge]:
    """A house on each kind of database."""
    database = "" if request.param == "sqlite" else request.getfixturevalue("postgresql").new_database()
    with Lodge.opened(tmp_path / "data", storage={"database": database}) as opened:
        yield opened
