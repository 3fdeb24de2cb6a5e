"""The page of many pictures: what its handlers answer, a studio killed in the middle, and the whole in a browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest

from glaze import glazing, preferences
from glaze.errors import ArtworkUnreadable, DecoyError
from glaze.jobs import Job, State, Worker
from glaze.ledger import Ledger
from glaze.settings import GlazeSettings, Intensity, Render
from glaze.studio import originals
from glaze.studio.desk import Desk
from glaze.studio.quiet import quiet
from glaze.studio.words import load
from tests import guard
from tests.browser import CHROMIUM, STUDIO, in_a_loop
from tests.stand_in import StandIn, draw, estimate, worker_of

if TYPE_CHECKING:
    from glaze.studio.portfolio_page import PortfolioPage

EN = load("en")
CHOSEN = ("default", "fast")
PATIENCE = 60


@dataclass
class House:
    """A folder with a ledger, for one run of the page after the other."""

    folder: Path
    scratch: Path

    def upload(self, name: str, seed: int = 0) -> str:
        """A picture as gradio leaves it."""
        at = self.scratch / f"upload-{seed}"
        at.mkdir(exist_ok=True)
        return str(draw(at / name, 90, 70, seed=seed))

    @property
    def kept(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "originals").rglob("*") if path.is_file())


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GLAZE_ORIGINALS", str(tmp_path / "originals"))
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    monkeypatch.setattr(glazing, "estimate", estimate)
    return House(tmp_path, quiet())


@pytest.fixture
def engine() -> StandIn:
    return StandIn(steps=2)


@pytest.fixture
def page(house: House, engine: StandIn) -> Iterator[PortfolioPage]:
    with closing(Ledger(house.folder / "ledger.sqlite3")) as ledger:
        worker = Worker(log=house.folder / "log.txt", engine=engine, ledger=ledger)
        yield a_page(Desk(worker, house.folder / "out", house.scratch, ledger))
        worker.close()


def a_page(desk: Desk) -> PortfolioPage:
    import gradio as gr

    from glaze.studio.portfolio_page import PortfolioPage

    def build() -> PortfolioPage:
        with gr.Blocks(analytics_enabled=False) as blocks:
            return PortfolioPage(EN, desk, blocks)

    return in_a_loop(build)


def press(page: PortfolioPage, does: str, job: str, *decoy: object) -> dict[Any, Any]:
    event: Any = SimpleNamespace(does=does, job=job)
    return page.on_button(event, "high", "slow", *decoy)


def finish(page: PortfolioPage) -> list[Job]:
    return [worker_of(page.desk).wait(job.id, PATIENCE) for job in page.desk.worker.jobs]


def finished(engine: StandIn, page: PortfolioPage) -> list[Job]:
    """Let the engine go, and wait."""
    engine.go.set()
    return finish(page)


def until(happened: Callable[[], object]) -> None:
    for _ in range(PATIENCE * 100):
        if happened():
            return
        time.sleep(0.01)
    raise AssertionError("it never happened")


def test_what_was_chosen_once_and_for_all_holds_here_too(
    page: PortfolioPage, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLAZE_PREFERENCES", str(house.folder / "preferences.json"))
    preferences.change(keep_gps=True, intensity=Intensity.LOW, render=Render.SLOW)
    updates = page.on_load()
    assert (updates[page.intensity], updates[page.render]) == ("low", "slow")
    assert str(house.folder / "out") in updates[page.where]
    page.on_drop([house.upload("a.png")], *CHOSEN)
    [job] = finish(page)
    assert job.settings == GlazeSettings(render=Render.FAST, keep_gps=True), "what stands on the page, and the rest"


class TestAddingPictures:
    def test_what_is_dropped_is_glazed_with_what_was_chosen(self, page: PortfolioPage, house: House) -> None:
        page.on_drop([house.upload("a.png", 1), house.upload("b.png", 2)], "high", "fast")
        jobs = finish(page)
        assert [job.state for job in jobs] == [State.DONE] * 2
        assert {job.settings for job in jobs} == {GlazeSettings(intensity=Intensity.HIGH, render=Render.FAST)}
        listed = page.on_load()[page.list]
        assert listed.index("a.png") < listed.index("b.png")
        assert "a-glazed.png" in listed
        assert EN("portfolio.state.done") in listed

    def test_a_folder_is_added_once_its_path_is_whole(self, page: PortfolioPage, house: House) -> None:
        art = house.folder / "art"
        art.mkdir()
        pictures = [draw(art / name, 80, 70, seed=n) for n, name in enumerate(("a.png", "b.png"))]
        assert page.on_folder(f' "{art}" ', *CHOSEN)[page.folder] == ""
        assert [job.path for job in finish(page)] == pictures

    @pytest.mark.parametrize(("typed", "told"), [("art", "art"), ("/no/such", "/no/such"), ("\0", "")])
    def test_what_is_no_folder_is_told_in_words(self, page: PortfolioPage, typed: str, told: str) -> None:
        complaint = page.on_folder(typed, *CHOSEN)[page.message]
        assert complaint["visible"]
        assert "There is no file" in complaint["value"]
        assert told in complaint["value"]
        assert page.desk.worker.jobs == ()

    def test_what_was_told_stays_until_something_else_is_done(self, page: PortfolioPage, house: House) -> None:
        page.on_drop([house.upload("a.png")], *CHOSEN)
        assert page.on_folder("no/such", *CHOSEN)[page.message]["visible"]
        watched = page.on_watch("as it was before")
        assert page.list in watched
        assert page.message not in watched, "a list that changes each second would wipe it off"
        assert page.on_pause()[page.message] == {"value": "", "visible": False, "__type__": "update"}

    def test_an_empty_folder_is_told_too(self, page: PortfolioPage, tmp_path: Path) -> None:
        (tmp_path / "none").mkdir()
        assert "No pictures in" in page.on_folder(str(tmp_path / "none"), *CHOSEN)[page.message]["value"]


class TestTheList:
    def test_each_row_can_be_changed_stopped_tried_again_and_removed(
        self, page: PortfolioPage, engine: StandIn, house: House
    ) -> None:
        engine.go.clear()
        page.on_drop([house.upload(f"{n}.png", n) for n in range(3)], *CHOSEN)
        first, second, third = page.desk.worker.jobs
        until(lambda: page.desk.worker.get(first.id).iterate)
        press(page, "change", third.id)
        assert page.desk.worker.get(third.id).settings.render is Render.SLOW
        press(page, "stop", second.id)
        assert page.desk.worker.get(second.id).state is State.CANCELLED
        press(page, "again", second.id)
        engine.go.set()
        assert {job.state for job in finish(page)} == {State.DONE}
        listed = press(page, "remove", first.id)[page.list]
        assert "0-glazed.png" not in listed
        assert "1-glazed.png" in listed
        assert page.list in press(page, "remove", first.id), "of one that is gone nothing happens"
        assert (page.desk.results / "0-glazed.png").is_file()

    def test_all_that_wait_can_be_changed_and_stopped(self, page: PortfolioPage, engine: StandIn, house: House) -> None:
        engine.go.clear()
        page.on_drop([house.upload(f"{n}.png", n) for n in range(3)], *CHOSEN)
        until(lambda: page.desk.worker.jobs[0].iterate)
        page.on_change("low", "slowest")
        assert [job.settings.render for job in page.desk.worker.jobs] == [Render.FAST, *[Render.SLOWEST] * 2]
        page.on_stop()
        assert {job.state for job in finish(page)} == {State.CANCELLED}
        assert page.on_clear()[page.summary] == ""
        assert house.kept == []

    def test_a_picture_that_was_glazed_here_says_so_and_can_be_glazed_again(
        self, page: PortfolioPage, house: House
    ) -> None:
        for _ in range(2):
            page.on_drop([house.upload("a.png")], *CHOSEN)
            finish(page)
        job = page.desk.worker.jobs[1]
        assert job.state is State.SKIPPED
        assert f"Already glazed here on {time.strftime('%Y-')}" in page.on_load()[page.list]
        press(page, "anyway", job.id)
        assert worker_of(page.desk).wait(job.id, PATIENCE).state is State.DONE
        assert (page.desk.results / "a-glazed-2.png").is_file()

    def test_a_picture_that_fails_says_why(self, page: PortfolioPage, engine: StandIn, house: House) -> None:
        engine.fail = ArtworkUnreadable("empty", path=house.folder / "originals" / "x" / "<b>.png")
        page.on_drop([house.upload("a.png")], *CHOSEN)
        finish(page)
        listed = page.on_load()[page.list]
        assert "&#x27;&lt;b&gt;.png&#x27; is empty" in listed
        assert 'data-does="again"' in listed

    def test_pictures_and_times_come_by_and_by(self, page: PortfolioPage, engine: StandIn, house: House) -> None:
        engine.go.clear()
        assert "<img" not in page.on_drop([house.upload(f"{n}.png", n) for n in range(2)], *CHOSEN)[page.list]
        until(lambda: page.desk.worker.jobs[0].iterate)
        updates = page.on_watch("")
        until(lambda: (page.on_watch(""), page.desk.looks.seconds(page.desk.worker.jobs[1]))[1])
        updates = page.on_watch("")
        assert updates[page.list].count("<img") == 2
        seconds = estimate((90, 70), GlazeSettings(render=Render.FAST))
        assert EN.about(seconds) in updates[page.list]
        assert "left for all" in updates[page.summary]
        running, waiting = updates[page.list].split("<tr")[2:]
        assert EN("portfolio.left_one", time=EN("about.moment")) in running
        assert EN.html("portfolio.left_one", time="") not in waiting
        assert page.on_watch(updates[page.mark]).keys() == {page.summary}, "the list does not flicker"
        engine.go.set()

    def test_a_pause_is_said_and_ended(self, page: PortfolioPage, engine: StandIn, house: House) -> None:
        engine.go.clear()
        page.on_drop([house.upload("a.png")], *CHOSEN)
        updates = page.on_pause()
        assert updates[page.pause]["value"] == EN("portfolio.go_on")
        assert EN("portfolio.paused") in updates[page.summary]
        engine.go.set()
        page.on_pause()
        assert [job.state for job in finish(page)] == [State.DONE]

    def test_the_zip_has_the_very_files(self, page: PortfolioPage, house: House) -> None:
        assert "no finished picture" in page.on_zip()[page.message]["value"]
        page.on_drop([house.upload(f"{n}.png", n) for n in range(2)], *CHOSEN)
        finish(page)
        assert "glazed.zip" in page.on_zip()[page.zipped]["value"]
        with ZipFile(house.scratch / "glazed.zip") as archive:
            inside = {name: archive.read(name) for name in archive.namelist()}
        assert inside == {f"{n}-glazed.png": (page.desk.results / f"{n}-glazed.png").read_bytes() for n in range(2)}

    def test_a_ledger_in_trouble_is_told_calmly(self, house: House, capsys: pytest.CaptureFixture[str]) -> None:
        (house.folder / "bad.sqlite3").write_bytes(b"no ledger at all" * 99)
        with closing(Ledger(house.folder / "bad.sqlite3")) as ledger:
            worker = Worker(engine=StandIn(), ledger=ledger)
            page = a_page(Desk(worker, house.folder / "out", house.scratch, ledger))
            for _ in range(2):
                assert "was damaged" in page.on_load()[page.notice]["value"]
            assert capsys.readouterr().err.count("was damaged") == 1
            worker.close()


class TestTheDecoy:
    """Automatic, one of the drawn styles or a picture of the artist's: for what is added, for one row, for all."""

    def test_each_picture_has_its_own_and_its_result_says_which(
        self, page: PortfolioPage, engine: StandIn, house: House
    ) -> None:
        engine.go.clear()
        own = Path(house.upload("<mine>.png", 9))
        taken = page.on_decoy(str(own))
        assert taken[page.own] == own
        assert taken[page.decoy.picture]["visible"]
        for seed, how in enumerate((("automatic",), ("style", "mosaic"), ("own", "mosaic", own), ("automatic",))):
            page.on_drop([house.upload(f"{seed}.png", seed)], *CHOSEN, *how)
        until(lambda: page.desk.worker.jobs[0].iterate)
        press(page, "change", page.desk.worker.jobs[3].id, "style", "woodcut", own)
        asked = [
            (job.settings.decoy_style, job.settings.decoy and job.settings.decoy.name) for job in finished(engine, page)
        ]
        assert asked == [(None, None), ("mosaic", None), (None, "<mine>.png"), ("woodcut", None)]
        rows = page.on_load()[page.list].split("<tr")[2:]
        for row, decoy, style in zip(
            rows,
            (
                EN.html("portfolio.decoy.automatic"),
                EN.html("portfolio.decoy.style", style="mosaic"),
                EN.html("portfolio.decoy.own", name="<mine>.png"),
                EN.html("portfolio.decoy.style", style="woodcut"),
            ),
            ("woodcut", "mosaic", EN("style.own"), "woodcut"),
            strict=True,
        ):
            assert decoy in row
            assert EN.html("portfolio.moved", percent=38, style=style) in row

    def test_all_that_wait_get_it_and_keep_the_rest(self, page: PortfolioPage, engine: StandIn, house: House) -> None:
        engine.go.clear()
        page.desk.hand_in(
            [Path(house.upload(f"{n}.png", n)) for n in range(3)],
            GlazeSettings(seed=5, decoy_style="mosaic"),
            portfolio=True,
        )
        until(lambda: page.desk.worker.jobs[0].iterate)
        page.on_change(*CHOSEN, "own", "woodcut", Path(house.upload("d.png", 9)))
        jobs = finished(engine, page)
        assert [job.settings.seed for job in jobs] == [5] * 3
        assert [job.result.decoy_style for job in jobs if job.result] == ["mosaic", "own", "own"]

    def test_ones_own_outlives_its_upload_and_the_program(self, house: House) -> None:
        engine = StandIn(steps=2)
        engine.go.clear()
        decoy = Path(house.upload("d.png", 9))
        for run in range(2):
            with closing(Ledger(house.folder / "ledger.sqlite3")) as ledger:
                worker = Worker(log=house.folder / "log.txt", engine=engine, ledger=ledger)
                page = a_page(Desk(worker, house.folder / "out", house.scratch, ledger))
                if run == 0:
                    page.on_drop([house.upload(f"{n}.png", n) for n in range(2)], *CHOSEN)
                    until(lambda: worker.jobs[0].iterate)  # noqa: B023
                    press(page, "change", worker.jobs[1].id, "own", "mosaic", decoy)
                    decoy.unlink()
                    assert house.kept == ["0.png", "1.png", "d.png"]
                else:
                    assert EN("portfolio.decoy.own", name="d.png") in page.on_load()[page.list]
                    last = finished(engine, page)[1]
                    assert last.settings.decoy is not None
                    assert last.settings.decoy.is_relative_to(house.folder / "originals")
                    assert last.result is not None
                    assert last.result.decoy_style == "own"
                    page.on_clear()
                    assert house.kept == [], "no job needs it any more"
                worker.close()

    def test_a_picture_that_failed_can_be_tried_with_another(
        self, page: PortfolioPage, engine: StandIn, house: House
    ) -> None:
        engine.fail = DecoyError("too_plain", path=house.folder / "d.png")
        page.on_drop([house.upload("a.png")], *CHOSEN, "own", "mosaic", Path(house.upload("d.png", 9)))
        [job] = finish(page)
        assert 'data-does="retry"' in page.on_load()[page.list]
        engine.fail = None
        press(page, "retry", job.id, "style", "mosaic")
        done = worker_of(page.desk).wait(job.id, PATIENCE)
        assert done.result is not None
        assert done.result.decoy_style == "mosaic"
        assert house.kept == ["a.png"], "the other decoy is needed no more"

    def test_without_a_picture_of_ones_own_nothing_is_done(
        self, page: PortfolioPage, engine: StandIn, house: House
    ) -> None:
        engine.go.clear()
        page.on_drop([house.upload(f"{n}.png", n) for n in range(2)], *CHOSEN)
        before = [job.settings for job in page.desk.worker.jobs]
        last = page.desk.worker.jobs[1].id
        for updates in (
            page.on_drop([house.upload("c.png", 3)], *CHOSEN, "own"),
            page.on_folder(str(draw(house.folder / "d.png", 80, 70)), *CHOSEN, "own"),
            page.on_change(*CHOSEN, "own"),
            press(page, "change", last, "own"),
        ):
            assert "No decoy picture is there yet" in updates[page.message]["value"]
            assert page.folder not in updates, "what was typed stays to be tried again"
        assert [job.settings for job in page.desk.worker.jobs] == before
        engine.go.set()

    def test_what_is_no_picture_is_no_decoy(self, page: PortfolioPage, house: House) -> None:
        (house.scratch / "no.png").write_bytes(b"no picture")
        updates = page.on_decoy(str(house.scratch / "no.png"))
        assert updates[page.message]["visible"]
        assert page.own not in updates


class TestUploadsOutliveTheirFolder:
    def test_they_are_kept_until_no_job_needs_them(self, house: House) -> None:
        upload, engine = Path(house.upload("a.png")), StandIn(steps=2)
        engine.go.clear()
        with closing(Ledger(house.folder / "ledger.sqlite3")) as ledger:
            worker = Worker(engine=engine, ledger=ledger)
            desk = Desk(worker, house.folder / "out", house.scratch, ledger)
            desk.hand_in([upload, upload], GlazeSettings(decoy=Path(house.upload("d.png", 2))))
            upload.unlink()
            worker.close()
            desk.tidy()
            assert house.kept == ["a.png", "d.png"]
        engine.go.set()
        with closing(Ledger(house.folder / "ledger.sqlite3")) as ledger:
            worker = Worker(engine=engine, ledger=ledger)
            desk = Desk(worker, house.folder / "out", house.scratch, ledger)
            states = {worker.wait(job.id, PATIENCE).state for job in worker.jobs}
            assert states == {State.DONE, State.SKIPPED}
            desk.tidy()
            assert house.kept == ["a.png", "d.png"], "this run still shows it"
            for job in worker.jobs:
                worker.remove(job.id)
            desk.tidy()
            assert house.kept == []
            worker.close()

    def test_where_the_ledger_cannot_be_used_nothing_is_removed(self, house: House) -> None:
        kept = originals.keep(Path(house.upload("a.png")), house.folder / "originals")
        at = house.folder / "no folder"
        at.write_bytes(b"x")
        with closing(Ledger(at / "ledger.sqlite3")) as ledger:
            worker = Worker(engine=StandIn(steps=1), ledger=ledger)
            desk = Desk(worker, house.folder / "out", house.scratch, ledger)
            upload = Path(house.upload("b.png", 2))
            [job] = desk.hand_in([upload], GlazeSettings())
            assert worker.wait(job.id, PATIENCE).state is State.DONE
            assert job.path == upload, "it need not last longer than its queue"
            desk.tidy()
            assert kept.is_file()
            worker.close()

    def test_nothing_else_is_ever_removed(self, tmp_path: Path) -> None:
        folder, others = tmp_path / "originals", tmp_path / "others"
        others.mkdir()
        (others / "mine.png").write_bytes(b"x")
        (folder / "notes").mkdir(parents=True)
        (folder / "notes" / "mine.txt").write_bytes(b"x")
        (folder / "mine.txt").write_bytes(b"x")
        link = folder / ("0" * 64)
        try:
            link.symlink_to(others, target_is_directory=True)
        except OSError:
            pytest.skip("no links here")
        copy = originals.keep(others / "mine.png", folder)
        originals.tidy(folder, [copy])
        assert copy.is_file()
        originals.tidy(folder, [])
        assert not copy.parent.exists()
        assert (others / "mine.png").is_file()
        assert (folder / "notes" / "mine.txt").is_file()
        assert (folder / "mine.txt").is_file()

    def test_a_picture_of_ones_own_is_not_copied(self, page: PortfolioPage, house: House) -> None:
        picture = draw(house.folder / "own.png", 80, 70)
        page.on_folder(str(picture), *CHOSEN)
        assert finish(page)[0].path == picture
        assert house.kept == []


class TestThePageOfOnePicture:
    def test_it_looks_at_nothing_that_finished_in_an_earlier_run(self, page: PortfolioPage, house: House) -> None:
        desk = page.desk
        desk.hand_in([draw(house.folder / "a.png", 80, 70)], GlazeSettings())
        [job] = finish(page)
        assert desk.latest == job
        assert Desk(desk.worker, desk.results, desk.scratch).latest is None

    def test_a_picture_glazed_before_is_shown_and_can_be_glazed_again(self, page: PortfolioPage, house: House) -> None:
        import gradio as gr

        from glaze.studio.glaze_page import GlazePage, View

        def build() -> GlazePage:
            with gr.Blocks(analytics_enabled=False) as blocks:
                return GlazePage(EN, page.desk, blocks)

        one = in_a_loop(build)
        page.on_drop([house.upload("a.png")], *CHOSEN)
        finish(page)
        page.on_clear()
        assert house.kept == [], "the copy that was glazed is gone"
        view = one.on_picture(View(), house.upload("a.png"))[one.view]
        view = one.on_glaze(view, *CHOSEN)[one.view]
        assert worker_of(page.desk).wait(view.job, PATIENCE).state is State.SKIPPED
        updates = one.on_watch(view)
        assert EN("status.skipped") in updates[one.message]["value"]
        assert updates[one.comparison.area]["visible"]
        view = one.on_glaze(updates[one.view], *CHOSEN)[one.view]
        assert worker_of(page.desk).wait(view.job, PATIENCE).state is State.DONE
        assert (page.desk.results / "a-glazed-2.png").is_file()

    def test_it_looks_at_one_that_was_left_and_not_at_many(
        self, page: PortfolioPage, engine: StandIn, house: House
    ) -> None:
        engine.go.clear()
        desk = page.desk
        page.on_drop([house.upload("a.png", 1)], *CHOSEN)
        assert desk.latest is None
        later = Desk(desk.worker, desk.results, desk.scratch).latest
        assert later is not None
        assert later.id == desk.worker.jobs[0].id
        page.on_drop([house.upload("b.png", 2)], *CHOSEN)
        assert Desk(desk.worker, desk.results, desk.scratch).latest is None
        engine.go.set()


def command(folder: Path, **engine: object) -> list[str]:
    """What starts a studio with the stand-in."""
    asked = {"steps": 3, "hold": str(folder / "hold"), **engine}
    return ["-c", STUDIO, json.dumps(asked), "studio", "--out", str(folder / "out")]


class TestKilled:
    # The studio as people start it, with a page in its process that does what a browser would make it do.
    PROGRAM = """
import asyncio, json, os, sys, threading
from pathlib import Path
folder, uploads = Path(sys.argv.pop(1)), json.loads(sys.argv.pop(1))
from glaze.studio import app
from glaze.studio.portfolio_page import PortfolioPage
import glaze.glazing, psutil
from tests.stand_in import StandIn, draw, estimate
engine = StandIn(steps=2)
glaze.glazing.estimate = estimate

def glazing(path, settings, **options):
    # In the middle of the second picture of the first run everything ends at once.
    if uploads and len(engine.calls) == 1:
        options["on_iterate"] = lambda iterate: psutil.Process().kill()
    with open(folder / "calls.txt", "a") as calls:
        calls.write(path.name + chr(10))
    return engine(path, settings, **options)

glaze.glazing.glaze = glazing

drawn = PortfolioPage.wire
def wire(page, blocks):
    drawn(page, blocks)
    if page.words.language == "en":
        at = page.desk.scratch / "upload"
        at.mkdir()
        # Handed in at once, so that the first has not begun before the last is there.
        page.on_drop([str(draw(at / name, 80, 70, seed=n)) for n, name in enumerate(uploads)], "default", "fast")
PortfolioPage.wire = wire
raise SystemExit(app.main(["--no-browser", "--out", str(folder / "out")]))
"""

    def test_in_mid_portfolio_nothing_is_lost_and_nothing_done_twice(self, tmp_path: Path) -> None:
        environment = {**guard.environment(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        names = [f"{n}.png" for n in range(4)]

        def run(uploads: list[str]) -> subprocess.Popen[str]:
            return subprocess.Popen(
                [sys.executable, "-c", self.PROGRAM, str(tmp_path), json.dumps(uploads)],
                cwd=guard.ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )

        with run(names) as killed:
            told, _ = killed.communicate(timeout=PATIENCE)
        assert killed.returncode not in {0, 1}, f"it was to be killed: {told}"
        with run([]) as next_one:
            try:
                results = {f"{n}-glazed.png" for n in range(4)}
                out = tmp_path / "out"
                until(lambda: out.is_dir() and {path.name for path in out.glob("*.png")} == results)
            finally:
                next_one.terminate()
        calls = (tmp_path / "calls.txt").read_text(encoding="utf-8").split()
        assert calls == ["0.png", "1.png", "1.png", "2.png", "3.png"], (
            "the one that was killed starts over as the first"
        )
        with closing(Ledger(tmp_path / "ledger.sqlite3")) as ledger:
            worker = Worker(engine=StandIn(steps=2), ledger=ledger)
            jobs = [worker.wait(job.id, PATIENCE) for job in worker.jobs]
            assert [(job.path.name, job.state) for job in jobs] == [(name, State.DONE) for name in names]
            worker.close()
        assert guard.leaks(tmp_path) == []


@pytest.mark.browser
def test_a_portfolio_in_the_browser(tmp_path: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("no chromium here (Debian: apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
    pictures = [draw(tmp_path / f"{n}.png", 90, 70, seed=n) for n in range(3)]
    hold = tmp_path / "hold"
    hold.touch()
    with (
        guard.studio(tmp_path, command(tmp_path), GLAZE_NO_BROWSER="1") as address,
        api.sync_playwright() as playwright,
    ):
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_context(locale="en-US", viewport={"width": 820, "height": 1100}).new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{address.rstrip('/')}/en-portfolio")
        page.wait_for_selector("body.ready")
        page.wait_for_selector(f'#drop button[aria-label="{EN("portfolio.drop_label")}"]')
        page.set_input_files("#drop input[type=file]", [str(picture) for picture in pictures])
        page.wait_for_selector(".queue tbody tr:nth-child(3)")
        page.wait_for_selector(".queue tr.running")
        page.wait_for_function("() => document.querySelectorAll('.queue img').length === 3")
        page.click("#pause")
        page.wait_for_selector(".queue tr.running", state="detached")
        # A button in the list, with the keyboard; the focus stays in it as long as it is there.
        page.focus("[data-does=stop] >> nth=2")
        page.keyboard.press("Enter")
        page.wait_for_selector(".queue tr.cancelled")
        page.click("[data-does=again]")
        page.wait_for_selector(".queue tr.cancelled", state="detached")
        page.reload()
        page.wait_for_selector("body.ready")
        hold.unlink()
        page.get_by_role("button", name=EN("portfolio.go_on")).click()
        page.wait_for_function("() => document.querySelectorAll('.queue tr.done').length === 3")
        page.click("#zip")
        with page.expect_download() as download:
            page.click("#zip-link")
        shots = os.environ.get("GLAZE_TEST_SHOTS")
        for width in (390, 820, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, "nothing sticks out"
            if shots:
                page.screenshot(path=f"{shots}/portfolio-{width}.png", full_page=True)
        with ZipFile(download.value.path()) as archive:
            inside = {name: archive.read(name) for name in archive.namelist()}
        chromium.close()
    assert inside == {f"{n}-glazed.png": (tmp_path / "out" / f"{n}-glazed.png").read_bytes() for n in range(3)}
