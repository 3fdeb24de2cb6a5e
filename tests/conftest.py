"""What every test needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is glazed here for the tests' sake shall not change what Glaze tells this computer's owner."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLAZE_PACE", str(tmp_path_factory.mktemp("pace") / "pace.json"))
        patch.setenv("GLAZE_LEDGER", str(tmp_path_factory.mktemp("ledger") / "ledger.sqlite3"))
        yield
