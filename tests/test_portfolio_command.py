"""`python -m glaze portfolio` on one computer: each picture once, whenever it was stopped or killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

import glaze.glazing
from glaze import __main__ as cli
from glaze.crew import engine as engine_with
from glaze.crew import glaze_all
from glaze.jobs import Job, State
from glaze.settings import GlazeSettings
from tests.stand_in import StandIn, draw

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 120
PICTURES = 5
# A whole process, with the stand-in in the engine's place.
PROCESS = """
import sys, json, signal
# A shell that runs the tests in the background ignores Ctrl-C for all below it.
signal.signal(signal.SIGINT, signal.default_int_handler)
import glaze.glazing
from tests.stand_in import StandIn
glaze.glazing.glaze = StandIn(**json.loads(sys.argv.pop(1)))
from glaze.__main__ import run
run()
"""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    stand_in = StandIn(steps=3)
    monkeypatch.setattr(glaze.glazing, "glaze", stand_in)
    return stand_in


@pytest.fixture(autouse=True)
def _own_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere the same pictures may have been glazed before."""
    monkeypatch.setenv("GLAZE_LEDGER", str(tmp_path / "kept" / "ledger.sqlite3"))


@pytest.fixture
def art(tmp_path: Path) -> Path:
    folder = tmp_path / "art"
    folder.mkdir()
    for n in range(PICTURES):
        draw(folder / f"{n}.png", 80, 70, seed=n)
    return folder


@contextmanager
def process(options: dict[str, object], *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PROCESS, json.dumps(options), "portfolio", *map(str, arguments), "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        yield running


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def made(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


RESULTS = {f"{n}-glazed.png" for n in range(PICTURES)}


def test_a_folder_is_glazed_and_the_second_time_left_as_it_is(
    engine: StandIn, art: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "o"
    assert cli.main(["portfolio", str(art), "--out", str(out), "--json"]) == cli.ALL_DONE
    assert [Path(line["picture"]).name for line in lines(capsys.readouterr().out)] == [
        f"{n}.png" for n in range(PICTURES)
    ]
    assert made(out) == RESULTS
    before = list(engine.calls)
    assert cli.main(["portfolio", str(art), "--out", str(out), "--json"]) == cli.ALL_DONE
    told = lines(capsys.readouterr().out)
    assert engine.calls == before
    assert all(line["ok"] and line["known"] for line in told)
    assert {Path(line["result"]).name for line in told} == RESULTS
    assert cli.main(["portfolio", str(art)]) == cli.ALL_DONE
    assert f"{art / '0.png'} is glazed already: {out / '0-glazed.png'}" in capsys.readouterr().out


def test_what_is_new_or_to_be_different_or_gone_is_glazed(engine: StandIn, art: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    command = ["portfolio", str(art), "--out", str(out)]
    assert cli.main(command) == cli.ALL_DONE
    engine.calls.clear()
    draw(art / "new.png", 80, 70, seed=50)
    (out / "1-glazed.png").unlink()
    assert cli.main(command) == cli.ALL_DONE
    assert engine.calls == [art / "1.png", art / "new.png"]
    engine.calls.clear()
    assert cli.main([*command, "--seed", "9"]) == cli.ALL_DONE
    assert len(engine.calls) == PICTURES + 1
    engine.calls.clear()
    assert cli.main([*command, "--again"]) == cli.ALL_DONE
    assert len(engine.calls) == PICTURES + 1


def test_a_picture_that_cannot_be_glazed_explains_itself_and_the_rest_go_on(
    engine: StandIn, art: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (art / "1.png").write_bytes(b"")
    assert cli.main(["portfolio", str(art)]) == cli.SOME_FAILED
    assert len(engine.calls) == PICTURES
    assert "1.png' is empty" in capsys.readouterr().err
    assert RESULTS - made(art) == {"1-glazed.png"}
    assert cli.main(["portfolio", str(art)]) == cli.SOME_FAILED
    assert engine.calls[PICTURES:] == [art / "1.png"]


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_folder_without_pictures(
    name: str, engine: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert cli.main(["portfolio", str(tmp_path / name)]) == cli.NONE_DONE
    assert name in capsys.readouterr().err
    assert not engine.calls or name == "missing"


def test_a_decoy_that_cannot_be_read_is_told_once(
    engine: StandIn, art: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["portfolio", str(art), "--decoy", str(art / "none.png")]) == cli.USAGE
    assert capsys.readouterr().err.count("none.png") == 1
    assert engine.calls == []


@pytest.mark.parametrize("threads", ["0", "many"])
def test_threads_are_a_number(threads: str, art: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["portfolio", str(art), "--threads", threads])
    assert left.value.code == cli.USAGE
    assert "--threads" in capsys.readouterr().err


def test_a_glaze_has_the_threads_it_is_given(art: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    class Counting(StandIn):
        def __call__(self, *arguments: Any, **options: Any) -> Any:
            seen.append(torch.get_num_threads())
            return super().__call__(*arguments, **options)

    monkeypatch.setattr(glaze.glazing, "glaze", Counting(steps=1))
    before = torch.get_num_threads()
    for threads in (3, 1):
        assert cli.main(["portfolio", str(art), "--threads", str(threads), "--again"]) == cli.ALL_DONE
    torch.set_num_threads(before)
    assert seen == [3] * PICTURES + [1] * PICTURES


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process alone")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_stopped_or_killed_in_the_middle_it_goes_on_where_it_was(
    art: Path, tmp_path: Path, how: signal.Signals
) -> None:
    out = tmp_path / "o"
    with process({"steps": 20, "pause": 0.02}, art, "--out", out) as program:
        assert program.stdout is not None
        before = [json.loads(program.stdout.readline()) for _ in range(2)]
        program.send_signal(how)
        rest, err = program.communicate(timeout=PATIENCE)
    before += lines(rest)
    assert program.returncode == (cli.STOPPED if how == signal.SIGINT else -how), err
    assert "Traceback" not in err
    assert len(before) < PICTURES
    finished = made(out)
    assert finished == {Path(line["result"]).name for line in before}
    with process({"steps": 1}, art, "--out", out) as program:
        after, err = program.communicate(timeout=PATIENCE)
    assert program.returncode == cli.ALL_DONE, err
    assert {Path(line["result"]).name for line in lines(after) if line.get("known")} == finished
    assert made(out) == RESULTS


class TestACrew:
    """Several at once."""

    def run(self, art: Path, stand_in: StandIn, at_once: int, stop_after: int = PICTURES) -> tuple[list[Job], int]:
        """The jobs that finished, and how many ran at the same time at most."""
        finished: list[Job] = []
        most = 0
        pictures = sorted(art.glob("?.png"))
        looks = glaze_all(
            pictures,
            GlazeSettings(),
            folder=None,
            engine=stand_in,
            at_once=at_once,
            cancelled=lambda: len(finished) >= stop_after,
        )
        for jobs in looks:
            most = max(most, len(jobs))
            finished += [job for job in jobs if job.state.finished]
        return finished, most

    @pytest.mark.parametrize("at_once", [1, 3, 8])
    def test_every_picture_is_glazed_once(self, art: Path, at_once: int) -> None:
        engine = StandIn(steps=3)
        finished, most = self.run(art, engine, at_once)
        assert sorted(engine.calls) == sorted(job.path for job in finished) == sorted(art.glob("?.png"))
        assert {job.state for job in finished} == {State.DONE}
        assert most == min(at_once, PICTURES)

    def test_none_begins_once_it_is_to_stop(self, art: Path) -> None:
        finished, _ = self.run(art, StandIn(steps=30, pause=0.01), at_once=2, stop_after=1)
        states = [job.state for job in finished]
        assert 1 <= states.count(State.DONE) <= 2
        assert len(finished) <= 4
        assert len([name for name in made(art) if "glazed" in name]) == states.count(State.DONE)


def test_by_default_torch_keeps_its_threads(engine: StandIn, art: Path) -> None:
    before = torch.get_num_threads()
    engine_with(None)(
        art / "0.png",
        GlazeSettings(),
        folder=None,
        on_iterate=lambda _: None,
        cancelled=lambda: False,
        on_saving=lambda _path, _sha256, _glaze: None,
    )
    assert torch.get_num_threads() == before
    assert len(engine.calls) == 1
