"""What every test needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from glaze import machine

# Before any test imports torch: its threads would spin, and beside another program each test takes many times as long.
machine.share_processors()

pytest_plugins = ["tests.browser"]


@pytest.fixture(scope="session", autouse=True)
def _own_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is glazed, chosen and opened for the tests' sake shall not reach this computer's owner, nor the reverse."""
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLAZE_CARD", str(folder / "on-card"))
        patch.setenv("GLAZE_REDRAWN", str(folder / "redrawn"))
        for name in ("pace", "preferences", "running"):
            patch.setenv(f"GLAZE_{name.upper()}", str(folder / f"{name}.json"))
        patch.setenv("GLAZE_LEDGER", str(folder / "ledger.sqlite3"))
        patch.setenv("GLAZE_ORIGINALS", str(folder / "originals"))
        patch.setenv("GLAZE_PACKS", str(folder / "packs"))
        yield
