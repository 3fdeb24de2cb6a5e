"""Fair shares, limits, and every job ends once: on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from glaze.errors import ArtworkTooPlain, ServiceError
from glaze.ledger import State
from glaze.service import accounts, queue
from glaze.service.models import Job as Row
from glaze.settings import GlazeSettings
from tests.service.lodge import Lodge, wait_for
from tests.stand_in import StandIn


def begun(lodge: Lodge, count: int) -> list[str]:
    """Of whom the next jobs are: the first letters of the pictures' names."""
    found = [queue.claim(lodge.house, "a worker") for _ in range(count)]
    return [one.name[0] for one in found if one is not None]


class TestShares:
    def test_artists_take_turns_whoever_came_first_with_many(self, any_lodge: Lodge) -> None:
        for name in ("a", "b", "c"):
            artist = any_lodge.artist(f"artist {name}")
            for number in range({"a": 5, "b": 2, "c": 1}[name]):
                any_lodge.clock.at += 1
                any_lodge.row(artist, f"{name}{number}.png")
        assert begun(any_lodge, 8) == list("abcabaaa")
        assert queue.claim(any_lodge.house, "a worker") is None

    def test_whoever_was_served_today_waits_for_whoever_was_not(self, any_lodge: Lodge) -> None:
        ada, bea = any_lodge.artist("Ada"), any_lodge.artist("Bea")
        for number in range(3):
            any_lodge.row(ada, f"a{number}.png")
        assert begun(any_lodge, 3) == list("aaa")
        any_lodge.clock.at += 60
        any_lodge.row(ada, "a.png")
        any_lodge.clock.at += 60
        any_lodge.row(bea, "b.png")
        assert [job.ahead for job in queue.of_artist(any_lodge.house, ada.id) if job.state == "queued"] == [1]
        assert begun(any_lodge, 1) == ["b"]
        # A day later it is forgotten.
        any_lodge.clock.at += 25 * 3600
        any_lodge.row(bea, "b.png")
        assert begun(any_lodge, 1) == ["a"]

    def test_how_many_come_before_is_the_order_in_which_they_begin(self, any_lodge: Lodge) -> None:
        artists = [any_lodge.artist(f"artist {n}") for n in range(4)]
        for number in range(12):
            any_lodge.clock.at += 1
            any_lodge.row(artists[number * number % 4], f"{number:02}.png")
        ahead = {job.name: job.ahead for artist in artists for job in queue.of_artist(any_lodge.house, artist.id)}
        order = [found.name for _ in range(12) if (found := queue.claim(any_lodge.house, "a worker"))]
        assert sorted(ahead, key=lambda name: ahead[name] or 0) == order


class TestLimits:
    def test_a_day_has_so_many_and_deleting_gives_none_back(self, any_lodge: Lodge) -> None:
        house, ada = any_lodge.house, any_lodge.artist()
        for _ in range(2):
            for _ in range(10):
                any_lodge.row(ada)
            for job in queue.of_artist(house, ada.id):
                queue.remove(house, ada.id, job.id)
        with pytest.raises(ServiceError, match="20 pictures a day") as full:
            any_lodge.row(ada)
        assert full.value.fields["hours"] == 24
        any_lodge.clock.at += 24 * 3600 + 1
        queue.forget_shares(house)
        assert queue.room(house, ada.id) == queue.Room(20, 10, 0.0)

    def test_only_so_many_wait_at_once(self, any_lodge: Lodge) -> None:
        ada = any_lodge.artist()
        for _ in range(10):
            any_lodge.row(ada)
        with pytest.raises(ServiceError, match="10 of your pictures wait"):
            any_lodge.row(ada)
        any_lodge.row(any_lodge.artist("Bea"))

    def test_thirty_at_the_same_moment_are_counted_as_thirty(self, any_lodge: Lodge) -> None:
        ada = any_lodge.artist()
        barrier = threading.Barrier(15)

        def hand_in(_: int) -> bool:
            barrier.wait()
            try:
                any_lodge.row(ada)
            except ServiceError:
                return False
            return True

        with ThreadPoolExecutor(15) as pool:
            assert sum(pool.map(hand_in, range(30))) == 10
        assert len(queue.of_artist(any_lodge.house, ada.id)) == 10


class TestEnds:
    def test_workers_at_the_same_moment_get_each_job_once(self, any_lodge: Lodge) -> None:
        for number in range(4):
            artist = any_lodge.artist(f"artist {number}")
            for _ in range(5):
                any_lodge.row(artist)

        def take(name: int) -> list[str]:
            found = []
            while job := queue.claim(any_lodge.house, f"worker {name}"):
                found.append(job.id)
            return found

        with ThreadPoolExecutor(6) as pool:
            taken = [job for jobs in pool.map(take, range(6)) for job in jobs]
        assert len(taken) == len(set(taken)) == 20

    def test_what_a_worker_says_of_a_job_that_is_not_its_own_counts_for_nothing(self, any_lodge: Lodge) -> None:
        house, ada = any_lodge.house, any_lodge.artist()
        any_lodge.row(ada)
        first = queue.claim(house, "first")
        assert first is not None
        # It was taken for dead, and a second one has the job.
        any_lodge.clock.at += house.settings.workers.lease_seconds + 1
        assert queue.recover(house) == 1
        second = queue.claim(house, "second")
        assert second is not None
        assert second.id == first.id
        assert queue.renew(house, "first", {first.id: 0.5}) == set()
        assert not queue.fail(house, "first", first.id, ArtworkTooPlain("no_room", path="sea.png"))
        assert queue.get(house, ada.id, first.id).state == "running"
        assert queue.fail(house, "second", first.id, ArtworkTooPlain("no_room", path="sea.png"))
        assert not queue.fail(house, "second", first.id, ArtworkTooPlain("no_room", path="sea.png"))
        ended = queue.get(house, ada.id, first.id)
        assert (ended.state, type(ended.error)) == ("failed", ArtworkTooPlain)

    def test_a_job_that_costs_three_workers_is_given_up(self, any_lodge: Lodge) -> None:
        house, ada = any_lodge.house, any_lodge.artist()
        job = any_lodge.row(ada)
        for number in range(queue.TRIES):
            assert queue.claim(house, f"worker {number}")
            assert queue.recover(house, f"worker {number}") == 1
        ended = queue.get(house, ada.id, job.id)
        assert (ended.state, str(ended.error)) == ("failed", str(ServiceError("lost", times=3)))
        assert queue.claim(house, "another") is None

    def test_a_worker_that_closes_costs_no_try(self, any_lodge: Lodge) -> None:
        house, ada = any_lodge.house, any_lodge.artist()
        any_lodge.row(ada)
        for number in range(10):
            assert queue.claim(house, f"worker {number}")
            queue.give_back(house, f"worker {number}")
        assert queue.of_artist(house, ada.id)[0].state == "queued"

    def test_one_that_waits_too_long_is_given_up_in_words(self, any_lodge: Lodge) -> None:
        house, ada = any_lodge.house, any_lodge.artist()
        any_lodge.row(ada)
        any_lodge.clock.at += 71 * 3600
        late = any_lodge.row(ada)
        any_lodge.clock.at += 3600
        assert queue.give_up_waiting(house) == 1
        states = {job.id == late.id: job.state for job in queue.of_artist(house, ada.id)}
        assert states == {True: "queued", False: "failed"}


class TestWorker:
    def test_everything_is_done_and_told(self, any_lodge: Lodge) -> None:
        house, ada = any_lodge.house, any_lodge.artist()
        job = any_lodge.hand_in(ada, "das Meer.png")
        assert (job.state, job.ahead, job.width, job.height) == ("queued", 0, 300, 220)
        any_lodge.work()
        done = queue.get(house, ada.id, job.id)
        assert (done.state, done.progress, done.decoy_style, done.error) == ("done", 1.0, "woodcut", None)
        assert done.strength is not None
        assert done.expires == any_lodge.clock.at + 24 * 3600
        assert done.download_name == "das Meer-glazed.png"
        assert queue.result(house, ada.id, job.id).read_bytes()[:4] == b"\x89PNG"

    def test_progress_is_told_while_it_runs_and_a_deleted_job_stops(
        self, any_lodge: Lodge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("glaze.service.worker.BEAT", 0.05)
        house, ada = any_lodge.house, any_lodge.artist()
        job = any_lodge.hand_in(ada)
        engine = StandIn(steps=4)
        engine.go.clear()
        seen: list[float] = []

        def watch() -> bool:
            if not seen:
                progress = queue.get(house, ada.id, job.id).progress
                if progress > 0:
                    seen.append(progress)
                    queue.remove(house, ada.id, job.id)
                return False
            return not any(threading.current_thread() is not t and t.name == "glaze" for t in threading.enumerate())

        any_lodge.work(engine, until=watch)
        assert seen == [0.25]
        assert any_lodge.files() == []

    def test_a_result_that_nobody_wants_any_more_is_not_left(self, any_lodge: Lodge) -> None:
        house, ada = any_lodge.house, any_lodge.artist()
        any_lodge.hand_in(ada)

        class Deleting(StandIn):
            def __call__(self, path: Path, *given: object, **how: object) -> object:  # type: ignore[override]
                made = super().__call__(path, *given, **how)  # type: ignore[arg-type]
                accounts.delete(house, ada.id)
                made.result.parent.mkdir(exist_ok=True)
                made.result.write_bytes(b"written a moment too late")
                return made

        engine = Deleting(steps=1)
        any_lodge.work(engine, until=lambda: not accounts.all_of(house))
        wait_for(lambda: any_lodge.files() == [])

    def test_what_goes_wrong_names_the_artists_picture_and_no_place_of_the_hosts(self, any_lodge: Lodge) -> None:
        house, ada = any_lodge.house, any_lodge.artist()
        job = any_lodge.hand_in(ada, "sea.png")

        class Refusing(StandIn):
            def __call__(self, path: Path, *_: object, **_how: object) -> object:  # type: ignore[override]
                raise ArtworkTooPlain("no_room", path=path)

        any_lodge.work(Refusing())
        error = queue.get(house, ada.id, job.id).error
        assert str(error) == str(ArtworkTooPlain("no_room", path="sea.png"))
        with house.database.read() as session:
            (kept,) = session.scalars(select(Row.error))
        assert str(any_lodge.folder) not in (kept or "")

    def test_a_mistake_ends_one_job_and_not_the_worker(self, any_lodge: Lodge) -> None:
        house, ada = any_lodge.house, any_lodge.artist()
        any_lodge.hand_in(ada)
        any_lodge.work(StandIn(fail=ZeroDivisionError("sea.png")))
        any_lodge.hand_in(ada)
        any_lodge.work()
        assert [job.state for job in queue.of_artist(house, ada.id)].count(State.DONE) == 1
        (failed,) = [job for job in queue.of_artist(house, ada.id) if job.error]
        assert str(failed.error) == str(ServiceError("mistake"))


def test_settings_come_back_as_they_were(any_lodge: Lodge) -> None:
    ada = any_lodge.artist()
    settings = replace(GlazeSettings(), seed=7, decoy_style="mosaic", keep_gps=True)
    job = queue.add(any_lodge.house, ada.id, name="x.png", size=(64, 64), original=f"{'1' * 32}.png", settings=settings)
    assert job.settings == settings
    claimed = queue.claim(any_lodge.house, "a worker")
    assert claimed is not None
    assert claimed.settings == settings
