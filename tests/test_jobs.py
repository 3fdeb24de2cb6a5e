"""The worker: order, cancelling, mistakes, previews, and that no picture ever takes the next one down with it."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glaze import machine
from glaze.errors import ArtworkUnreadable, Unexpected
from glaze.jobs import PREVIEWS_KEPT, Job, State, Worker
from glaze.ledger import Ledger
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

    def __call__(self, engine: StandIn, ledger: Ledger | None = None) -> Worker:
        previews, log = self.folder / "previews", self.folder / "log.txt"
        self.made.append(Worker(previews=previews, log=log, engine=engine, ledger=ledger))
        return self.made[-1]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "kept" / "ledger.sqlite3")) as opened:
        yield opened


# The ledger is asked for here too, so that it is closed after the workers.
@pytest.fixture
def worker_of(tmp_path: Path, ledger: Ledger) -> Iterator[Workers]:  # noqa: ARG001
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


def several(folder: Path, number: int) -> list[Path]:
    folder.mkdir(exist_ok=True)
    return [draw(folder / f"{n}.png", 80, 70, seed=n) for n in range(number)]


def test_a_failing_picture_in_the_middle_explains_itself_and_the_rest_go_on(
    worker_of: Workers, ledger: Ledger, tmp_path: Path
) -> None:
    pictures = several(tmp_path / "art", 3)
    pictures[1].write_bytes(b"")
    worker = worker_of(StandIn(steps=1), ledger)
    jobs = [worker.wait(job.id, PATIENCE) for job in worker.submit_all(pictures)]
    assert [job.state for job in jobs] == [State.DONE, State.FAILED, State.DONE]
    worker.close()
    [_, failed, _] = worker_of(StandIn(), ledger).jobs
    assert isinstance(failed.error, ArtworkUnreadable)
    assert str(failed.error) == str(jobs[1].error), "also after a restart"


def test_what_failed_or_was_cancelled_can_be_tried_again(worker_of: Workers, ledger: Ledger, tmp_path: Path) -> None:
    worker = worker_of(StandIn(steps=1), ledger)
    path = tmp_path / "late.png"
    failed = worker.wait(worker.submit(path).id, PATIENCE)
    assert failed.state is State.FAILED
    draw(path, 80, 70)
    waiting = worker.again(failed.id)
    assert (waiting.state, waiting.error, waiting.ended) == (State.QUEUED, None, None)
    done = worker.wait(failed.id, PATIENCE)
    assert done.state is State.DONE
    assert worker.again(done.id) == done, "what is done stays done"
    worker.pause()
    cancelled = worker.cancel(worker.submit(path, again=True).id)
    assert worker.again(cancelled.id).state is State.QUEUED
    worker.go_on()
    assert worker.wait(cancelled.id, PATIENCE).state is State.DONE


def test_what_failed_can_be_tried_with_other_settings(worker_of: Workers, ledger: Ledger, tmp_path: Path) -> None:
    worker = worker_of(StandIn(steps=1), ledger)
    job = worker.wait(worker.submit(tmp_path / "late.png", GlazeSettings(seed=1)).id, PATIENCE)
    worker.pause()
    other = GlazeSettings(decoy_style="mosaic")
    assert worker.again(job.id, other).settings == other
    worker.close()
    draw(tmp_path / "late.png", 80, 70)
    worker = worker_of(StandIn(steps=1), ledger)
    worker.go_on()
    done = worker.wait(job.id, PATIENCE)
    assert done.result is not None
    assert (done.settings, done.result.decoy_style) == (other, "mosaic"), "also after a restart"


def test_every_picture_may_have_settings_of_its_own_until_it_runs(
    worker_of: Workers, ledger: Ledger, tmp_path: Path
) -> None:
    engine = StandIn(steps=2)
    engine.go.clear()
    worker = worker_of(engine, ledger)
    first, second, third = worker.submit_all(several(tmp_path / "art", 3), GlazeSettings(seed=1), folder=tmp_path / "o")
    until(worker, first, State.RUNNING)
    own = GlazeSettings(intensity=Intensity.LOW, seed=2)
    assert worker.change(first.id, own).settings.seed == 1, "too late"
    assert worker.change(second.id, own).settings == own
    worker.close()
    engine.go.set()
    worker = worker_of(engine, ledger)
    finished = [worker.wait(job.id, PATIENCE) for job in (first, second, third)]
    assert [job.settings.seed for job in finished] == [1, 2, 1], "also after a restart"
    assert [job.result.settings.seed for job in finished if job.result] == [1, 2, 1]
    assert {job.folder for job in finished} == {tmp_path / "o"}


def test_a_pause_frees_the_computer_and_outlives_the_program(
    worker_of: Workers, ledger: Ledger, tmp_path: Path
) -> None:
    engine = StandIn(steps=2)
    engine.go.clear()
    worker = worker_of(engine, ledger)
    first, second = worker.submit_all(several(tmp_path / "art", 2))
    until(worker, first, State.RUNNING)
    worker.pause()
    stopped = until(worker, first, State.QUEUED)
    assert (stopped.started, stopped.iterate) == (None, None)
    assert [job.id for job in worker.waiting] == [first.id, second.id], "in front again"
    late = worker.submit(draw(tmp_path / "late.png", 80, 70, seed=8))
    worker.close()
    engine.go.set()
    engine.calls.clear()
    worker = worker_of(engine, ledger)
    assert worker.paused
    assert [job.id for job in worker.waiting] == [first.id, second.id, late.id]
    assert not worker.wait(first.id, 0.2).state.finished
    assert engine.calls == []
    worker.go_on()
    for job in (first, second, late):
        assert worker.wait(job.id, PATIENCE).state is State.DONE
    assert engine.calls == [first.path, second.path, late.path]
    assert not ledger.queue.paused


def test_a_pause_without_a_ledger(worker_of: Workers, picture: Path) -> None:
    engine = StandIn()
    worker = worker_of(engine)
    worker.pause()
    job = worker.submit(picture)
    assert not worker.wait(job.id, 0.1).state.finished
    worker.go_on()
    assert worker.wait(job.id, PATIENCE).state is State.DONE


def test_a_job_cancelled_during_a_pause_never_runs(worker_of: Workers, ledger: Ledger, tmp_path: Path) -> None:
    engine = StandIn()
    worker = worker_of(engine, ledger)
    worker.pause()
    jobs = worker.submit_all(several(tmp_path / "art", 3))
    worker.cancel(jobs[0].id)
    worker.cancel_all()
    worker.go_on()
    assert {worker.get(job.id).state for job in jobs} == {State.CANCELLED}
    worker.close()
    assert engine.calls == []
    assert {job.state for job in worker_of(engine, ledger).jobs} == {State.CANCELLED}


def test_cancelling_all_stops_what_runs_too(worker_of: Workers, ledger: Ledger, tmp_path: Path) -> None:
    engine = StandIn()
    engine.go.clear()
    worker = worker_of(engine, ledger)
    jobs = worker.submit_all(several(tmp_path / "art", 3), folder=tmp_path / "out")
    until(worker, jobs[0], State.RUNNING)
    worker.cancel_all()
    assert {worker.wait(job.id, PATIENCE).state for job in jobs} == {State.CANCELLED}
    assert not list((tmp_path / "out").glob("*"))


def test_a_picture_glazed_before_is_skipped_unless_asked(
    worker_of: Workers, ledger: Ledger, picture: Path, tmp_path: Path
) -> None:
    engine = StandIn(steps=1)
    worker = worker_of(engine, ledger)
    done = worker.wait(worker.submit(picture).id, PATIENCE)
    assert done.result is not None
    copy = tmp_path / "copy.png"
    copy.write_bytes(picture.read_bytes())
    for again in (copy, done.result.result):
        skipped = worker.wait(worker.submit(again).id, PATIENCE)
        assert skipped.state is State.SKIPPED
        assert skipped.result is not None
        assert skipped.result.result == done.result.result
    assert len(engine.calls) == 1
    assert worker.wait(worker.submit(picture, GlazeSettings(seed=5)).id, PATIENCE).state is State.DONE
    asked = worker.wait(worker.submit(copy, again=True).id, PATIENCE)
    assert asked.state is State.DONE
    assert asked.result is not None
    assert asked.result.result.name == "copy-glazed.png"
    skipped = worker.wait(worker.submit(copy).id, PATIENCE)
    worker.close()
    restarted = worker_of(engine, ledger)
    assert [job.state for job in restarted.jobs].count(State.SKIPPED) == 3
    assert restarted.get(skipped.id).result is not None
    restarted.again(skipped.id)
    assert restarted.wait(skipped.id, PATIENCE).state is State.DONE, "asked for by hand"
    assert ledger.recognise(done.result.result) is not None, "the earlier one is still known"


def test_a_finished_job_is_complete_after_a_restart(worker_of: Workers, ledger: Ledger, picture: Path) -> None:
    worker = worker_of(StandIn(steps=1), ledger)
    done = worker.wait(worker.submit(picture, GlazeSettings(save_decoy=True)).id, PATIENCE)
    worker.close()
    [kept] = worker_of(StandIn(), ledger).jobs
    assert done.result is not None
    assert kept.result is not None
    assert (kept.state, kept.started, kept.ended) == (done.state, done.started, done.ended)
    assert replace(kept.result, report=done.result.report) == done.result
    assert np.array_equal(kept.result.report.seen_decoy, done.result.report.seen_decoy)


def test_a_finished_job_can_be_taken_off_the_list(worker_of: Workers, ledger: Ledger, tmp_path: Path) -> None:
    engine = StandIn(steps=1)
    worker = worker_of(engine, ledger)
    done, waits = several(tmp_path / "art", 2)
    first = worker.wait(worker.submit(done).id, PATIENCE)
    worker.pause()
    second = worker.submit(waits)
    assert worker.remove(first.id)
    assert not worker.remove(second.id), "it has not finished"
    with pytest.raises(KeyError):
        worker.get(first.id)
    worker.close()
    assert [job.id for job in worker_of(engine, ledger).jobs] == [second.id]
    assert first.result is not None
    assert first.result.result.exists()
    assert ledger.recognise(done) is not None


def test_a_glaze_that_could_not_be_saved_leaves_no_record(
    worker_of: Workers, ledger: Ledger, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    worker = worker_of(StandIn(steps=1), ledger)
    with monkeypatch.context() as patched:
        patched.setattr("glaze.artwork.place._move", fail)
        failed = worker.wait(worker.submit(picture).id, PATIENCE)
    assert failed.state is State.FAILED
    assert ledger._database.read(lambda c: c.execute("SELECT count(*) FROM glazes").fetchone()[0]) == 0
    worker.again(failed.id)
    assert worker.wait(failed.id, PATIENCE).state is State.DONE


def test_a_ledger_damaged_in_the_middle_costs_no_picture(worker_of: Workers, ledger: Ledger, tmp_path: Path) -> None:
    engine = StandIn(steps=2)
    engine.go.clear()
    worker = worker_of(engine, ledger)
    jobs = worker.submit_all(several(tmp_path / "art", 3))
    until(worker, jobs[0], State.RUNNING)
    kept = tmp_path / "kept" / "ledger.sqlite3"
    with closing(sqlite3.connect(kept)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept.write_bytes(kept.read_bytes()[:4096] + b"\xff" * (kept.stat().st_size - 4096))
    engine.go.set()
    assert [worker.wait(job.id, PATIENCE).state for job in jobs] == [State.DONE] * 3
    assert ledger.tell() is not None
    worker.close()
    assert [job.id for job in worker_of(engine, ledger).jobs] == [job.id for job in jobs]


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
@pytest.mark.parametrize("behind", [True, False])
def test_a_page_that_is_waited_for_comes_before_the_glaze(behind: bool, picture: Path, tmp_path: Path) -> None:
    nice: list[int] = []

    class Noting(StandIn):
        def held(self) -> bool:
            nice.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            return super().held()

    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    worker = Worker(log=tmp_path / "log.txt", engine=Noting(steps=1), behind=behind)
    worker.wait(worker.submit(picture, folder=tmp_path / "out").id, PATIENCE)
    worker.close()
    assert nice[0] == (machine.NICE if behind else own)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own
