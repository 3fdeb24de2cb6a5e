"""A program killed in the middle of a portfolio, at any moment: the next one loses nothing and does nothing twice."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from glaze import jobs
from glaze.jobs import State, Worker
from glaze.ledger import Entry, Ledger
from glaze.ledger.queue import Queue
from glaze.settings import GlazeSettings
from tests.stand_in import StandIn, draw

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60
PICTURES = 4
# A program that glazes what it is given, and what was left, and is killed at a call of one of its functions.
PROGRAM = """
import json, os, sys
from collections import namedtuple
from contextlib import closing
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
import psutil
# The loop brings torch along, which takes a second to load; the stand-in only wants the shape of a step.
step = namedtuple("Iterate", "step steps loss style_distance preview elapsed left")
sys.modules["glaze.cloak"] = SimpleNamespace(Iterate=step)
from glaze.jobs import Worker
from glaze.ledger import Ledger
from glaze.settings import GlazeSettings
from tests.stand_in import StandIn

at, what, engine, pictures = sys.argv[1], *map(json.loads, sys.argv[2:])
if what:
    module, names, call, when = what
    *owners, name = names.split(".")
    owner = import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    function, calls = getattr(owner, name), 0

    def killing(*arguments, **options):
        global calls
        calls += 1
        if calls == call and when == "before":
            psutil.Process().kill()
        answer = function(*arguments, **options)
        if calls == call and when == "after":
            psutil.Process().kill()
        return answer

    setattr(owner, name, killing)
    if name == "replace":
        def refuse(*_):
            raise OSError("no hard links on this disk")
        os.link = refuse
with closing(Ledger(Path(at))) as ledger:
    worker = Worker(engine=StandIn(**engine), ledger=ledger)
    worker.submit_all([Path(path) for path in pictures], GlazeSettings(save_decoy=True))
    for job in worker.jobs:
        worker.wait(job.id)
    worker.close()
"""
# Each picture calls on_iterate twice, and writes two files: the decoy, then the result. The second picture's are the
# third and the fourth. What, at which call, before or after it; and how many pictures are then still to be done.
MOMENTS = {
    "all handed in": ("glaze.ledger.queue", "Queue.keep", 1, "after", 4),
    "about to begin": ("glaze.ledger.queue", "Queue.start", 2, "before", 3),
    "begun": ("glaze.ledger.queue", "Queue.start", 2, "after", 3),
    "running": ("glaze.jobs", "Worker._on_iterate", 3, "after", 3),
    "decoy announced": ("glaze.artwork.place", "_move", 3, "before", 3),
    "decoy named": ("glaze.artwork.place", "_move", 3, "after", 3),
    "result half written": ("glaze.artwork.write", "_read_back", 4, "before", 3),
    "result about to be announced": ("glaze.ledger.queue", "Queue.announce", 4, "before", 3),
    "result announced": ("glaze.artwork.place", "_move", 4, "before", 3),
    "name taken by an empty file": ("pathlib", "Path.replace", 4, "before", 3),
    "result named": ("glaze.artwork.place", "_move", 4, "after", 2),
    "about to be recorded": ("glaze.ledger.queue", "Queue.done", 2, "before", 2),
    "recorded": ("glaze.ledger.queue", "Queue.done", 2, "after", 2),
}


class House:
    """A folder of pictures and a ledger, for one program after the other."""

    def __init__(self, folder: Path) -> None:
        self.at = folder / "kept" / "ledger.sqlite3"
        self.art = folder / "art"
        self.art.mkdir()
        self.pictures = [draw(self.art / f"{n}.png", 80, 70, seed=n) for n in range(PICTURES)]
        self.before = {path: path.read_bytes() for path in self.pictures}

    def program(self, pictures: list[Path], what: object = None, **engine: object) -> subprocess.Popen[bytes]:
        asked = [json.dumps(value) for value in (what, {"steps": 2, **engine}, [str(path) for path in pictures])]
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(self.at), *asked],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def killed(self, pictures: list[Path], what: object) -> None:
        with self.program(pictures, what) as program:
            _, err = program.communicate(timeout=PATIENCE)
        assert program.returncode not in {0, 1}, f"it was to be killed: {err.decode()}"

    def finish(self) -> int:
        """Let a worker do what is left. Returns how many pictures it glazed; all is as it should be."""
        engine = StandIn(steps=2)
        with closing(Ledger(self.at)) as ledger:
            worker = Worker(engine=engine, ledger=ledger)
            finished = [worker.wait(job.id, PATIENCE) for job in worker.jobs]
            worker.close()
            assert ledger.tell() is None
            rows = ledger._database.read(lambda c: c.execute("SELECT count(*) FROM glazes").fetchone()[0])
            assert [job.path for job in finished] == self.pictures
            assert {job.state for job in finished} == {State.DONE}
            assert rows == PICTURES
            results = [job.result for job in finished if job.result is not None]
            assert {glaze.result for glaze in results} == {self.art / f"{n}-glazed.png" for n in range(PICTURES)}
            assert all(glaze.report.seen_after.any() for glaze in results)
        made = {f"{n}{ending}.png" for n in range(PICTURES) for ending in ("", "-glazed", "-decoy")}
        assert {path.name for path in self.art.iterdir()} == made
        assert {path: path.read_bytes() for path in self.pictures} == self.before
        return len(engine.calls)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def until(happened: Callable[[], object]) -> None:
    waiting = threading.Event()
    for _ in range(PATIENCE * 100):
        if happened():
            return
        waiting.wait(0.01)
    raise AssertionError("it never happened")


@pytest.fixture
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LOOK_AROUND", 0.05)


@pytest.mark.parametrize("moment", MOMENTS)
def test_every_picture_has_one_result_whenever_it_was_killed(house: House, moment: str) -> None:
    *what, left = MOMENTS[moment]
    house.killed(house.pictures, what)
    assert house.finish() == left
    assert house.finish() == 0, "and it stays so"


def test_killed_once_more_while_it_was_found_out_what_is_left(house: House) -> None:
    *what, left = MOMENTS["result announced"]
    house.killed(house.pictures, what)
    house.killed([], ["glaze.ledger.queue", "sweep", 1, "before"])
    house.killed([], ["glaze.ledger.queue", "Queue.start", 1, "after"])
    assert house.finish() == left


def test_a_file_of_somebody_else_under_the_announced_name_is_left_alone(house: House) -> None:
    *what, left = MOMENTS["result announced"]
    house.killed(house.pictures, what)
    theirs = house.art / "1-glazed.png"
    theirs.write_bytes(b"somebody else's")
    with closing(Ledger(house.at)) as ledger:
        engine = StandIn(steps=1)
        worker = Worker(engine=engine, ledger=ledger)
        finished = [worker.wait(job.id, PATIENCE) for job in worker.jobs]
        worker.close()
    assert len(engine.calls) == left
    assert finished[1].result is not None
    assert finished[1].result.result.name == "1-glazed-2.png"
    assert theirs.read_bytes() == b"somebody else's"


@pytest.mark.usefixtures("looking_often")
def test_another_program_takes_over_only_once_the_first_has_ended(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Queue] = []
    take_over = Queue.take_over

    def looking(queue: Queue) -> list[Entry]:
        looks.append(queue)
        return take_over(queue)

    monkeypatch.setattr(Queue, "take_over", looking)
    hold, mark = tmp_path / "hold", tmp_path / "begun"
    hold.touch()
    engine = StandIn(steps=2)
    with house.program(house.pictures, hold=str(hold), mark=str(mark)) as first, closing(Ledger(house.at)) as ledger:
        worker = Worker(engine=engine, ledger=ledger)
        try:
            until(mark.exists)
            other = draw(tmp_path / "own.png", 80, 70, seed=9)
            own = worker.submit(other, GlazeSettings(save_decoy=True), folder=tmp_path / "o")
            assert worker.wait(own.id, PATIENCE).state is State.DONE
            looked = len(looks)
            until(lambda: len(looks) >= looked + 3)
            assert [job.id for job in worker.jobs] == [own.id], "what runs elsewhere is none of ours"
        finally:
            first.kill()
        until(lambda: len(worker.jobs) == PICTURES + 1 and all(job.state.finished for job in worker.jobs))
        assert engine.calls == [own.path, *house.pictures]
        assert worker.remove(own.id)
        worker.close()
        sha256 = ledger.digest(own.path)
        ledger._database.write(lambda c: c.execute("DELETE FROM glazes WHERE original_sha256 = ?", (sha256,)))
    assert house.finish() == 0


def test_two_programs_at_once_do_each_picture_once(house: House) -> None:
    half = PICTURES // 2
    with house.program(house.pictures[:half]) as first, house.program(house.pictures[half:]) as second:
        for program in (first, second):
            _, err = program.communicate(timeout=PATIENCE)
            assert program.returncode == 0, err.decode()
    with closing(Ledger(house.at)) as ledger:
        order = [entry.path for entry in ledger.queue.finished()]
    house.pictures.sort(key=order.index)
    assert house.finish() == 0


@pytest.mark.usefixtures("looking_often")
def test_what_a_program_leaves_on_closing_is_done_by_one_that_runs_already(house: House) -> None:
    engine = StandIn(steps=2)
    with closing(Ledger(house.at)) as mine, closing(Ledger(house.at)) as theirs:
        waiting = Worker(engine=engine, ledger=mine)
        closing_one = Worker(engine=StandIn(), ledger=theirs)
        closing_one.pause()
        closing_one.submit_all(house.pictures, GlazeSettings(save_decoy=True))
        closing_one.close()
        until(lambda: len(waiting.jobs) == PICTURES and all(job.state is State.DONE for job in waiting.jobs))
        waiting.close()
        mine.queue.paused = False
    assert engine.calls == house.pictures
    assert house.finish() == 0


@pytest.mark.usefixtures("looking_often")
def test_what_a_pause_stopped_comes_first_also_before_what_another_program_left(house: House) -> None:
    engine = StandIn(steps=2)
    engine.go.clear()
    left, own = house.pictures[:1], house.pictures[1:]
    with closing(Ledger(house.at)) as mine, closing(Ledger(house.at)) as theirs:
        other = Worker(engine=StandIn(), ledger=theirs)
        other.pause()
        other.submit_all(left, GlazeSettings(save_decoy=True))
        worker = Worker(engine=engine, ledger=mine)
        worker.submit_all(own, GlazeSettings(save_decoy=True))
        other.close()
        until(lambda: len(worker.waiting) == PICTURES)
        worker.go_on()
        until(lambda: engine.calls)
        worker.pause()
        until(lambda: len(worker.waiting) == PICTURES)
        worker.close()
    engine.go.set()
    engine.calls.clear()
    with closing(Ledger(house.at)) as mine:
        worker = Worker(engine=engine, ledger=mine)
        assert worker.waiting[0].path == own[0]
        worker.go_on()
        assert all(worker.wait(job.id, PATIENCE).state is State.DONE for job in worker.jobs)
        worker.close()
    assert engine.calls[0] == own[0]
