"""The worker: order, cancelling, mistakes, previews, and that no picture ever takes the next one down with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glaze.errors import ArtworkUnreadable, Unexpected
from glaze.jobs import PREVIEWS_KEPT, Job, State, Worker
from glaze.settings import GlazeSettings, Intensity
from tests.stand_in import StandIn, draw

PATIENCE = 30.0


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return draw(tmp_path / "picture.png")


class Workers:
    """Makes workers that a test need not close."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[Worker] = []

    def __call__(self, engine: StandIn) -> Worker:
        self.made.append(Worker(previews=self.folder / "previews", log=self.folder / "log.txt", engine=engine))
        return self.made[-1]


@pytest.fixture
def worker_of(tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(tmp_path)
    yield workers
    for worker in workers.made:
        worker.close()


def until(worker: Worker, job: Job, state: State) -> Job:
    """The job once it is in `state`; the test fails where it never is."""
    if worker.wait(job.id, 0).state is state:
        return worker.get(job.id)
    waiting = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if worker.get(job.id).state is state:
            return worker.get(job.id)
        waiting.wait(0.01)
    raise AssertionError(f"never {state}: {worker.get(job.id)}")


def test_a_job_is_done_and_keeps_what_it_was_given(worker_of: Workers, picture: Path, tmp_path: Path) -> None:
    worker = worker_of(StandIn(steps=4))
    settings = GlazeSettings(intensity=Intensity.HIGH, seed=3)
    handed_in = worker.submit(picture, settings, folder=tmp_path / "out")
    job = worker.wait(handed_in.id, PATIENCE)
    assert job.state is State.DONE
    assert (job.path, job.settings, job.folder) == (picture, settings, tmp_path / "out")
    assert job.result is not None
    assert job.result.result.parent == tmp_path / "out"
    assert job.result.settings == settings
    assert job.iterate is not None
    assert (job.iterate.step, job.iterate.steps) == (4, 4)
    assert job.error is None
    assert job.started is not None
    assert job.ended is not None
    assert job.queued <= job.started <= job.ended
    assert handed_in.state is State.QUEUED, "a snapshot never changes"


def test_jobs_run_one_after_the_other_in_order(worker_of: Workers, tmp_path: Path) -> None:
    pictures = [draw(tmp_path / f"{name}.png", 80, 70) for name in "cab"]
    engine = StandIn(steps=2)
    worker = worker_of(engine)
    jobs = [worker.submit(path) for path in pictures]
    finished = [worker.wait(job.id, PATIENCE) for job in jobs]
    assert [job.state for job in finished] == [State.DONE] * 3
    assert engine.calls == pictures
    assert [job.id for job in worker.jobs] == [job.id for job in jobs]
    assert worker.latest is not None
    assert worker.latest.id == jobs[-1].id
    for first, second in pairwise(finished):
        assert first.ended is not None
        assert second.started is not None
        assert first.ended <= second.started


def test_a_waiting_job_is_cancelled_at_once_and_never_starts(worker_of: Workers, tmp_path: Path) -> None:
    engine = StandIn()
    engine.go.clear()
    worker = worker_of(engine)
    first, second = (worker.submit(draw(tmp_path / f"{n}.png", 80, 70)) for n in range(2))
    until(worker, first, State.RUNNING)
    assert worker.cancel(second.id).state is State.CANCELLED
    engine.go.set()
    assert worker.wait(first.id, PATIENCE).state is State.DONE
    worker.close()
    assert engine.calls == [first.path]


def test_a_running_job_stops_and_writes_nothing(worker_of: Workers, picture: Path, tmp_path: Path) -> None:
    engine = StandIn()
    engine.go.clear()
    worker = worker_of(engine)
    job = until(worker, worker.submit(picture, folder=tmp_path / "out"), State.RUNNING)
    assert worker.cancel(job.id).stopping
    stopped = worker.wait(job.id, PATIENCE)
    assert stopped.state is State.CANCELLED
    assert stopped.result is None
    assert stopped.error is None
    assert not list((tmp_path / "out").glob("*"))


def test_cancelling_what_has_finished_changes_nothing(worker_of: Workers, picture: Path) -> None:
    worker = worker_of(StandIn(steps=1))
    done = worker.wait(worker.submit(picture).id, PATIENCE)
    assert worker.cancel(done.id) == done
    assert worker.get(done.id).state is State.DONE


def test_an_error_meant_for_the_artist_is_kept_as_it_is(worker_of: Workers, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"")
    worker = worker_of(StandIn())
    job = worker.wait(worker.submit(bad).id, PATIENCE)
    assert job.state is State.FAILED
    assert isinstance(job.error, ArtworkUnreadable)
    assert job.error.key == "empty"


def test_a_mistake_in_glaze_fails_one_job_and_is_written_down(
    worker_of: Workers, picture: Path, tmp_path: Path
) -> None:
    engine = StandIn(steps=1, fail=ZeroDivisionError("by nought"))
    worker = worker_of(engine)
    failed = worker.wait(worker.submit(picture).id, PATIENCE)
    assert failed.state is State.FAILED
    assert isinstance(failed.error, Unexpected)
    assert "ZeroDivisionError: by nought" in str(failed.error)
    log = (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert "Traceback" in log
    assert picture.name in log
    engine.fail = None
    assert worker.wait(worker.submit(picture).id, PATIENCE).state is State.DONE, "the worker lives on"


def test_a_mistake_is_told_even_where_no_log_can_be_written(tmp_path: Path, picture: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    worker = Worker(log=tmp_path / "file" / "log.txt", engine=StandIn(fail=ValueError("odd")))
    job = worker.wait(worker.submit(picture).id, PATIENCE)
    worker.close()
    assert isinstance(job.error, Unexpected)
    assert "ValueError: odd" in str(job.error)


def test_previews_are_files_and_do_not_pile_up(worker_of: Workers, picture: Path, tmp_path: Path) -> None:
    worker = worker_of(StandIn(steps=300))
    job = worker.wait(worker.submit(picture).id, PATIENCE)
    assert job.preview is not None
    assert job.preview.name.endswith("-00291.png")
    with Image.open(job.preview) as preview:
        assert np.asarray(preview).shape == (64, 96, 3)
    assert len(list((tmp_path / "previews").iterdir())) == PREVIEWS_KEPT


def test_a_preview_that_cannot_be_written_costs_no_glaze(picture: Path, tmp_path: Path) -> None:
    (tmp_path / "previews").write_text("a file where the folder should be")
    worker = Worker(previews=tmp_path / "previews", engine=StandIn(steps=2))
    job = worker.wait(worker.submit(picture).id, PATIENCE)
    worker.close()
    assert job.state is State.DONE
    assert job.preview is None


def test_waiting_gives_up_after_its_time(worker_of: Workers, picture: Path) -> None:
    engine = StandIn()
    engine.go.clear()
    worker = worker_of(engine)
    job = worker.submit(picture)
    assert not worker.wait(job.id, 0.05).state.finished
    engine.go.set()
    assert worker.wait(job.id, PATIENCE).state is State.DONE


def test_closing_stops_everything_and_takes_nothing_more(worker_of: Workers, tmp_path: Path) -> None:
    engine = StandIn()
    engine.go.clear()
    worker = worker_of(engine)
    first, second = (worker.submit(draw(tmp_path / f"{n}.png", 80, 70)) for n in range(2))
    until(worker, first, State.RUNNING)
    worker.close()
    assert worker.get(first.id).state is State.CANCELLED
    assert worker.get(second.id).state is State.CANCELLED
    with pytest.raises(RuntimeError):
        worker.submit(first.path)


def test_unknown_jobs_are_refused(worker_of: Workers) -> None:
    worker = worker_of(StandIn())
    assert worker.latest is None
    for ask in (worker.get, worker.cancel, worker.wait):
        with pytest.raises(KeyError):
            ask("no such job")


def test_many_threads_may_hand_in_and_watch(worker_of: Workers, tmp_path: Path) -> None:
    worker = worker_of(StandIn(steps=3))
    picture = draw(tmp_path / "p.png", 70, 70)
    seen: list[Job] = []

    def hand_in() -> None:
        mine = [worker.submit(picture, folder=tmp_path / "out") for _ in range(4)]
        seen.extend(worker.wait(job.id, PATIENCE) for job in mine)

    threads = [threading.Thread(target=hand_in) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert [job.state for job in seen] == [State.DONE] * 16
    assert len({job.result.result for job in seen if job.result}) == 16, "no file is ever written over"
    assert not any(job.state is State.RUNNING for job in worker.jobs)
