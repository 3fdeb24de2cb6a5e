"""Server and worker are killed in the middle of it all: every job ends once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from sqlalchemy import select, text

from glaze.errors import HostError
from glaze.service import accounts, invitations, queue, tokens
from glaze.service.house import House
from glaze.service.models import Job as Row
from glaze.service.serve import serve
from glaze.service.settings import load
from tests.service.lodge import PASSPHRASE, wait_for
from tests.service.running import Running
from tests.stand_in import draw

ARTISTS, JOBS = 4, 4
# Counts ends, whoever brings them about.
WITNESS = (
    "CREATE TABLE ends (job TEXT)",
    """CREATE TRIGGER witness AFTER UPDATE OF state ON jobs WHEN new.state NOT IN ('queued', 'running')
    BEGIN INSERT INTO ends VALUES (new.id); END""",
)


def states(house: House) -> Counter[str]:
    with house.database.read() as session:
        return Counter(session.scalars(select(Row.state)))


def hand_in_all(running: Running, house: House, folder: Path) -> set[str]:
    picture, handed_in = draw(folder / "picture.png").read_bytes(), set()
    for number in range(ARTISTS):
        _, code = invitations.make(house)
        artist = accounts.join(house, code=code, name=f"artist {number}", passphrase=PASSPHRASE, rules=True)
        _, secret = tokens.make(house, artist.id, "test")
        with httpx.Client(base_url=running.url, headers={"authorization": f"Bearer {secret}"}, timeout=60) as program:
            for _ in range(JOBS):
                answer = program.post("/api/v1/jobs", files={"picture": ("picture.png", picture)})
                handed_in.add(answer.json()["id"])
    assert len(handed_in) == ARTISTS * JOBS
    return handed_in


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to kill with")
def test_every_job_ends_once(tmp_path: Path) -> None:
    with Running.at(tmp_path, {}, steps=20, pause=0.02) as running:
        house = running.house()
        with house.database.write() as session:
            for statement in WITNESS:
                session.execute(text(statement))
        handed_in = hand_in_all(running, house, tmp_path)

        def done(count: int) -> Callable[[], bool]:
            return lambda: states(house)["done"] >= count and states(house)["running"] > 0

        wait_for(done(2))
        (worker,) = running.workers()
        worker.kill()
        wait_for(done(5))
        (worker,) = running.workers()
        running.kill()
        # It holds the other end of nothing now, and goes by itself.
        wait_for(lambda: not psutil.pid_exists(worker.pid) or worker.status() == psutil.STATUS_ZOMBIE)
        running.start()
        wait_for(done(8))
        (worker,) = running.workers()
        running.kill()
        worker.kill()
        running.start()
        wait_for(lambda: states(house) == {"done": len(handed_in)})
        running.stop()
        with house.database.read() as session:
            ends = Counter(session.scalars(text("SELECT job FROM ends")))
            rows = session.scalars(select(Row)).all()
            assert ends == dict.fromkeys(handed_in, 1)
            assert all(row.attempts <= 3 for row in rows)
        for artist in accounts.all_of(house):
            mine = queue.of_artist(house, artist.id)
            assert len(mine) == JOBS
            assert len({queue.result(house, artist.id, job.id) for job in mine}) == JOBS
            folder = queue.folder_of(house, artist.id)
            assert {queue.result(house, artist.id, job.id).parent.name for job in mine} == {folder}
        house.close()
        assert "artist 0" not in running.log()
        assert "picture.png" not in running.log()


def test_a_second_server_is_refused_and_one_stopped_in_good_order_costs_no_job_a_try(tmp_path: Path) -> None:
    with Running.at(tmp_path, {}, steps=1000, pause=0.02) as running:
        with pytest.raises(HostError, match="already"):
            serve(load(running.config), running.config)
        house = running.house()
        hand_in_all(running, house, tmp_path)
        wait_for(lambda: states(house)["running"] == 1)
        running.stop()
        with house.database.read() as session:
            rows: list[Any] = list(session.scalars(select(Row)))
        house.close()
        assert {(row.state, row.attempts, row.owner) for row in rows} == {("queued", 0, None)}
