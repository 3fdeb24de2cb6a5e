"""The worker with the engine itself, and what its supervisor does with one that is no good."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from glaze.artwork import open_artwork
from glaze.service import queue
from glaze.service.supervisor import Supervisor
from glaze.service.worker import Worker, engine_of
from glaze.settings import Effort, Render
from tests.service.lodge import Lodge, wait_for


def test_the_engine_itself_glazes(lodge: Lodge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Render, "effort", property(lambda _: Effort(steps=2, canvas=64)))
    house, ada = lodge.house, lodge.artist()
    job = lodge.hand_in(ada)
    with engine_of(house) as (engine, seats):
        assert len(seats) >= 1
        stop = threading.Event()
        thread = threading.Thread(target=Worker(house, "a worker", engine, seats[:1], stop).run)
        thread.start()
        try:
            wait_for(lambda: queue.get(house, ada.id, job.id).state.finished, 120)
        finally:
            stop.set()
            thread.join()
    done = queue.get(house, ada.id, job.id)
    assert done.error is None
    original, result = queue.original(house, ada.id, job.id), queue.result(house, ada.id, job.id)
    assert open_artwork(result).pixels.shape == open_artwork(original).pixels.shape
    assert result.read_bytes() != original.read_bytes()


def supervised(lodge: Lodge, program: str) -> Supervisor:
    return Supervisor(lodge.house, lambda owner: [sys.executable, "-c", program, owner, str(lodge.folder)])


def test_a_worker_that_dies_is_started_again(lodge: Lodge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glaze.service.supervisor.FIRST_WAIT", 0.01)
    program = "import sys, pathlib; pathlib.Path(sys.argv[2], sys.argv[1] + '.began').touch(); sys.exit(1)"
    supervisor = supervised(lodge, program)
    supervisor.start()
    wait_for(lambda: len(list(lodge.folder.glob("*.began"))) >= 3)
    supervisor.close()
    assert supervisor.process is None


def test_a_worker_that_hangs_is_ended_and_its_job_begins_anew(lodge: Lodge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glaze.service.supervisor.FIRST_WAIT", 0.01)
    lodge.row(lodge.artist())
    program = "import sys, pathlib, time; pathlib.Path(sys.argv[2], sys.argv[1] + '.began').touch(); time.sleep(600)"
    supervisor = supervised(lodge, program)
    supervisor.start()
    wait_for(lambda: len(list(lodge.folder.glob("*.began"))) == 1)
    (first,) = lodge.folder.glob("*.began")
    assert queue.claim(lodge.house, first.stem)
    lodge.clock.at += lodge.house.settings.workers.lease_seconds + 1
    wait_for(lambda: len(list(lodge.folder.glob("*.began"))) == 2)
    assert queue.claim(lodge.house, "another") is not None
    monkeypatch.setattr("glaze.service.supervisor.PATIENCE", 0.1)
    supervisor.close()


def test_a_worker_stops_when_the_server_is_gone(tmp_path: Path) -> None:
    import subprocess

    from tests.service.running import ROOT, WORKER

    config = tmp_path / "service.toml"
    config.write_text("[storage]\ndata = 'data'\n")
    command = [sys.executable, "-c", WORKER.format(steps=1, pause=0), str(config), "a worker"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as worker:
        assert worker.stdin is not None
        worker.stdin.close()
        assert worker.wait(60) == 0
