"""A program that a driver ended does not end the same way the next time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from glaze import device
from glaze.device import PROCESSOR, at_work, devices
from glaze.last_run import ended_on_card, note_path, on_card

CARD = torch.device("meta")


@pytest.fixture(autouse=True)
def _own_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GLAZE_CARD", str(tmp_path / "cache" / "on-card"))
    monkeypatch.delenv("GLAZE_DEVICE", raising=False)
    device._found.cache_clear()
    yield
    device._found.cache_clear()


def run(code: str) -> int:
    """The exit code of a program of its own, in the middle of work on a card."""
    lines = f"import os, signal, sys\nfrom glaze.last_run import on_card\nwork = on_card()\nwork.__enter__()\n{code}"
    return subprocess.run([sys.executable, "-c", lines], check=False, capture_output=True).returncode


def test_there_is_a_note_as_long_as_anything_runs_on_a_card() -> None:
    with at_work(PROCESSOR):
        assert not note_path().exists()
    with at_work(CARD):
        with on_card():
            assert note_path().read_text() == str(os.getpid())
        assert note_path().exists(), "the first is still at work"
        assert not ended_on_card(), "it lives"
    assert not note_path().exists()
    with pytest.raises(RuntimeError), at_work(CARD):
        raise RuntimeError("a driver that says something")
    assert not note_path().exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")
@pytest.mark.parametrize("end", ["os.abort()", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_after_an_abort_the_cards_are_left_alone_for_one_run(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_cards", lambda: iter([CARD]))
    monkeypatch.setattr(device, "_proves_itself", lambda _: True)
    assert run(end) in {-signal.SIGABRT, -signal.SIGKILL}
    assert note_path().exists()
    assert devices() == (PROCESSOR,)
    device._found.cache_clear()  # the next run
    assert devices() == (CARD,)


def test_a_program_that_ends_as_it_should_leaves_no_note() -> None:
    assert run("sys.exit(3)") == 3
    assert not note_path().exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"no number"])
def test_a_note_that_says_nothing_is_none(content: bytes) -> None:
    note_path().parent.mkdir()
    note_path().write_bytes(content)
    assert not ended_on_card()


def test_where_no_note_can_be_written_the_work_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("GLAZE_CARD", str(tmp_path / "file" / "on-card"))
    with on_card():
        pass
    assert not ended_on_card()
