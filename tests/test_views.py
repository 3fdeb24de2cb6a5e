"""Previews on the page, and the ways to look at before and after."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from glaze import glazing as whole_engine
from glaze import preferences
from glaze import preview as engine
from glaze.errors import ArtworkTooPlain, Cancelled
from glaze.jobs import State, Worker
from glaze.settings import Engine, GlazeSettings, Render
from glaze.studio import looking, views
from glaze.studio.comparing import Tab
from glaze.studio.desk import Desk, Shown
from glaze.studio.previewing import Previewer, Trial
from glaze.studio.quiet import quiet
from glaze.studio.words import load
from tests.browser import Studio, in_a_loop, open_studio
from tests.stand_in import FAMILIES, REMOVALS, StandIn, draw, preview, worker_of
from tests.test_page import Visit, drop, sizes, visit

if TYPE_CHECKING:
    from glaze.studio.glaze_page import GlazePage, View
    from glaze.studio.page import Updates

__all__ = ["visit"]  # a fixture

EN = load("en")


@pytest.fixture
def glazing() -> StandIn:
    return StandIn(steps=2)


@pytest.fixture
def desk(glazing: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    monkeypatch.setattr(engine, "preview", preview)
    scratch = quiet()
    worker = Worker(log=tmp_path / "log.txt", engine=glazing)
    yield Desk(worker, tmp_path / "out", scratch)
    worker.close()


@pytest.fixture
def page(desk: Desk) -> GlazePage:
    import gradio as gr

    from glaze.studio.glaze_page import GlazePage

    def build() -> GlazePage:
        with gr.Blocks(analytics_enabled=False) as blocks:
            return GlazePage(EN, desk, blocks)

    return in_a_loop(build)


@pytest.fixture
def view(page: GlazePage, tmp_path: Path) -> View:
    from glaze.studio.glaze_page import View

    return page.on_picture(View(), str(draw(tmp_path / "a.png")))[page.view]  # type: ignore[no-any-return]


def until(true: Callable[[], bool]) -> None:
    for _ in range(3000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("never")


def ended(previewer: Previewer, trial_id: str | None) -> Trial:
    def trial() -> Trial:
        found = previewer.get(trial_id or "")
        assert found is not None
        return found

    until(lambda: trial().state is not State.RUNNING)
    return trial()


class TestPreviews:
    def test_one_is_shown_and_marked_as_one_and_nothing_is_written(
        self, page: GlazePage, desk: Desk, view: View, tmp_path: Path
    ) -> None:
        begun = page.on_preview(view, "default", "fast")
        assert begun[page.progress]["visible"] is True
        assert begun[page.preview]["interactive"] is False
        trial = ended(desk.previewer, begun[page.view].trial)
        shown = page.on_watch(begun[page.view])
        assert shown[page.comparison.slider] == (str(trial.before), str(trial.after))
        assert EN("rough.limits") in shown[page.rough]["value"]
        assert "at least about 9 %" in shown[page.rough]["value"]
        assert EN("rough.alt") in shown[page.comparison.flip]
        assert shown[page.comparison.area]["visible"] is True
        assert shown[page.result]["visible"] is False
        assert shown[page.progress]["visible"] is False
        assert not (tmp_path / "out").exists()
        assert page.on_watch(shown[page.view]) == page.unchanged(page.progress)
        left = page.on_cancel(shown[page.view])
        assert left[page.comparison.area]["visible"] is False
        assert left[page.picture]["visible"] is True

    def test_the_finished_glaze_is_there_again_when_a_preview_is_left(
        self, page: GlazePage, desk: Desk, view: View
    ) -> None:
        glazed = page.on_glaze(view, "default", "fast")[page.view]
        worker_of(desk).wait(glazed.job, 30)
        trying = page.on_preview(glazed, "high", "fast")[page.view]
        ended(desk.previewer, trying.trial)
        shown = page.on_watch(trying)
        assert shown[page.download]["visible"] is True
        assert shown[page.result]["visible"] is False
        assert shown[page.told]["visible"] is False, "a preview says itself what it is"
        left = page.on_cancel(shown[page.view])
        assert left[page.result]["visible"] is True
        assert left[page.told]["visible"] is True
        assert left[page.comparison.slider][1].endswith(desk.show(desk.worker.get(glazed.job).result.result).path.name)  # type: ignore[union-attr]

    def test_there_is_none_while_a_picture_is_glazed_and_it_is_said(
        self, page: GlazePage, glazing: StandIn, desk: Desk, view: View, tmp_path: Path
    ) -> None:
        glazing.go.clear()
        job = worker_of(desk).submit(draw(tmp_path / "b.png", seed=1), folder=tmp_path / "out")
        updates = page.on_preview(view, "default", "fast")
        assert updates[page.view].trial is None
        assert EN("rough.busy") in updates[page.message]["value"]
        glazing.go.set()
        assert worker_of(desk).wait(job.id, 30).state is State.DONE

    def test_the_page_waits_until_one_is_there(self, page: GlazePage, view: View) -> None:
        begun = page.on_preview(view, "default", "fast")[page.view]
        page.on_begun(begun)
        shown = page.on_watch(begun)
        assert shown[page.rough]["visible"] is True, "no second look is needed"

    @pytest.fixture
    def stopped(self, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
        """Set once a preview that never ends by itself was stopped."""
        event = threading.Event()

        def endless(_path: Path, _settings: GlazeSettings, *, cancelled: Callable[[], bool], **_: Any) -> None:
            until(cancelled)
            event.set()
            raise Cancelled("cancelled")

        monkeypatch.setattr(engine, "preview", endless)
        return event

    @pytest.mark.parametrize("by", ["on_picture", "on_glaze", "on_cancel", "on_another"])
    def test_one_that_runs_is_stopped(self, by: str, page: GlazePage, view: View, stopped: threading.Event) -> None:
        trying = page.on_preview(view, "default", "fast")[page.view]
        waiting = threading.Thread(target=page.on_begun, args=(trying,))
        waiting.start()
        takes = {"on_picture": (str(view.picture),), "on_glaze": ("default", "fast")}.get(by, ())
        after = getattr(page, by)(trying, *takes)
        assert stopped.wait(30)
        assert after[page.view].trial is None
        assert after[page.progress]["visible"] is (by == "on_glaze")
        waiting.join(30)
        assert not waiting.is_alive(), "what was stopped is not waited for"

    def test_one_makes_room_for_a_glaze_that_begins_elsewhere(
        self, page: GlazePage, glazing: StandIn, view: View, stopped: threading.Event, tmp_path: Path
    ) -> None:
        trying = page.on_preview(view, "default", "fast")[page.view]
        glazing.go.clear()
        worker_of(page.desk).submit(draw(tmp_path / "b.png", seed=1), folder=tmp_path / "out")
        assert stopped.wait(30)
        assert ended(page.desk.previewer, trying.trial).state is State.CANCELLED
        assert EN("rough.busy") in page.on_watch(trying)[page.message]["value"]
        glazing.go.set()

    @pytest.mark.parametrize("error", [ArtworkTooPlain("no_room", path=Path("a.png")), ZeroDivisionError("by nought")])
    def test_trouble_is_told_once(
        self, error: Exception, page: GlazePage, desk: Desk, view: View, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr(engine, "preview", fail)
        trying = page.on_preview(view, "default", "fast")[page.view]
        assert ended(desk.previewer, trying.trial).state is State.FAILED
        updates = page.on_watch(trying)
        assert updates[page.trouble][0]
        assert updates[page.picture]["visible"] is True
        assert page.trouble not in page.on_watch(updates[page.view])

    def test_getting_ready_happens_once_and_beside_the_page(
        self, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        go, done, calls = threading.Event(), threading.Event(), []

        def get_ready(settings: GlazeSettings) -> None:
            calls.append((threading.current_thread().name, settings))
            go.wait(30)

        monkeypatch.setattr(engine, "get_ready", get_ready)
        monkeypatch.setattr(whole_engine, "estimate", lambda *_: done.set())
        # For the tests that follow, what was chosen stays as it was.
        monkeypatch.setenv("GLAZE_PREFERENCES", str(tmp_path / "preferences.json"))
        preferences.change(engine=Engine.BUNDLED)
        desk.warm()
        desk.warm()
        assert not done.is_set(), "nobody waited for it"
        go.set()
        assert done.wait(30), "nor is how fast this computer is found out when the first picture is there"
        assert calls == [("glaze-preview-warm", GlazeSettings(engine=Engine.BUNDLED))]

    def test_who_wants_a_preview_meanwhile_does_not_wait_for_a_trial(
        self, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        picture = draw(tmp_path / "study.png")
        go, order = threading.Event(), []
        monkeypatch.setattr(engine, "get_ready", lambda _: go.wait(30))

        def estimate(*_: object) -> float:
            order.append("trial")
            return 1.0

        monkeypatch.setattr(whole_engine, "estimate", estimate)

        def preview(*_: object, **__: object) -> None:
            order.append("preview")
            raise Cancelled("cancelled")

        monkeypatch.setattr(engine, "preview", preview)
        desk.warm()
        trial = desk.previewer.start(picture, GlazeSettings())
        times = threading.Thread(target=desk.seconds, args=(picture,))
        go.set()
        desk.previewer.wait(trial.id)
        times.start()
        times.join(30)
        assert order == ["preview", *["trial"] * len(Render)]


class TestViews:
    @pytest.fixture
    def pair(self, tmp_path: Path) -> tuple[Path, Path]:
        before = np.full((90, 120, 3), 120, np.uint8)
        after = before.copy()
        after[:, 60:] += 5
        for name, pixels in (("before", before), ("after", after)):
            Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        return tmp_path / "before.png", tmp_path / "after.png"

    def test_the_difference_is_made_large_around_grey_and_only_once(self, desk: Desk, pair: tuple[Path, Path]) -> None:
        made = views.differences(desk, *pair)
        assert tuple(made) == views.TIMES
        for times, path in made.items():
            pixels = np.asarray(Image.open(path))
            assert pixels[0, 0].tolist() == [128] * 3
            assert pixels[0, -1].tolist() == [128 + 5 * times] * 3
        written = [path.stat().st_mtime_ns for path in made.values()]
        assert [path.stat().st_mtime_ns for path in views.differences(desk, *pair).values()] == written

    def test_the_map_is_grey_where_nothing_is_seen(self, desk: Desk, pair: tuple[Path, Path]) -> None:
        pixels = np.asarray(Image.open(views.seen_map(desk, *pair))).astype(int)
        coloured = np.ptp(pixels, axis=2) > 20
        assert not coloured[:, :30].any()
        assert coloured[:, 75:].all()

    def test_more_is_always_lighter(self) -> None:
        rgb = views.colours(np.linspace(0, 1, 64, dtype=np.float32))
        linear = (rgb / 255) ** 2.2 @ [0.2126, 0.7152, 0.0722]
        assert (np.diff(linear) > 0).all()

    def test_pictures_that_cannot_be_compared_are_no_disaster(
        self, page: GlazePage, pair: tuple[Path, Path], tmp_path: Path
    ) -> None:
        small, look = draw(tmp_path / "small.png", 80, 70), page.comparison.on_view
        for before, after in ((small, pair[1]), (pair[0], tmp_path / "gone.png")):
            *_, (difference, _) = look((str(before), str(after)), Tab.DIFFERENCE)
            *_, (_, where) = look((str(before), str(after)), Tab.WHERE)
            assert EN("views.none") in difference
            assert EN("views.none") in where

    def test_only_what_is_looked_at_is_made(self, page: GlazePage, desk: Desk, pair: tuple[Path, Path]) -> None:
        look, both = page.comparison.on_view, (str(pair[0]), str(pair[1]))
        assert list(look(both, Tab.SLIDER)) == list(look(("", ""), Tab.WHERE)) == [("", "")]
        assert not list(desk.scratch.glob("difference-*"))
        working, (difference, where) = look(both, Tab.DIFFERENCE)
        assert EN("views.working") in working[0]
        assert difference.count("<img") == len(views.TIMES)
        assert where == ""
        assert not list(desk.scratch.glob("where-*"))
        *_, (difference, where) = look(both, Tab.WHERE)
        assert EN("where.most") in where
        assert difference == ""


class TestWhatCameOfIt:
    def test_a_job_that_was_taken_off_the_list_elsewhere_leaves_the_picture(self, page: GlazePage, view: View) -> None:
        view = page.on_glaze(view, "default", "fast")[page.view]
        worker_of(page.desk).wait(view.job or "", 30)
        view = page.on_watch(view)[page.view]
        assert page.desk.worker.remove(view.job or "")
        updates = page.on_watch(view)
        assert updates[page.picture]["visible"] is True
        assert updates[page.comparison.area]["visible"] is False
        assert page.on_watch(updates[page.view]) == page.unchanged(page.progress)

    def test_a_picture_larger_than_the_page_shows_says_so_beside_the_full_size(self) -> None:
        small, large = Shown(Path("a.png"), 300, 200), Shown(Path("b.png"), 4000, 3000)
        note = EN("compare.scaled", width=4000, height=3000)
        assert note in looking.flip(EN, large, large)
        assert note not in looking.flip(EN, small, small)

    def glazed(self, page: GlazePage, view: View) -> Updates:
        view = page.on_glaze(view, "default", "fast")[page.view]
        worker_of(page.desk).wait(view.job or "", 30)
        return page.on_watch(view)

    def test_one_sentence_says_what_was_achieved(self, page: GlazePage, view: View) -> None:
        updates = self.glazed(page, view)
        seen = EN("told.seen.default")
        assert EN("told.achieved", percent=38, style="woodcut", seen=seen) in updates[page.told]["value"]
        assert updates[page.told]["visible"] is True
        left, right = re.findall("<span>(.*?)</span>", updates[page.comparison.note])
        assert (left, right) == (EN("compare.before"), EN("compare.after"))

    def test_each_family_is_a_mark_on_its_line_with_a_ghost_for_each_removal(
        self, page: GlazePage, glazing: StandIn, view: View
    ) -> None:
        glazing.moved = 9.0  # the last family's figures are then below nought, and stay on the line
        lines = str(self.glazed(page, view)[page.result]["value"]).split('<svg class="line"')[1:]
        assert len(lines) == len(FAMILIES)
        for number, line in enumerate(lines):
            marks = [float(at) for at in re.findall(r'cx="([\d.-]+)%"', line.partition("</svg>")[0])]
            most = 9 - 3 * number
            assert marks == [*(max(0.0, most - 2 * j) for j in range(1, len(REMOVALS) + 1)), max(0.0, most)]
        assert 'role="img"' in lines[0]
        assert "9 % of the way" in lines[0]
        assert f"{EN('removal.photo')} 7 %" in lines[0]


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path, {"steps": 3}) as opened:
        yield opened


@pytest.mark.browser
def test_preview_flicker_full_size_and_difference(visit: Visit, tmp_path: Path) -> None:
    page = visit()
    drop(page, draw(tmp_path / "wide.png", 1500, 900))
    page.wait_for_selector("#picture img")
    page.click("#preview")
    page.wait_for_selector("#rough .rough")
    assert EN("rough.limits") in page.inner_text("#rough")
    page.get_by_role("tab", name=EN("compare.single")).click()
    after, before = (page.get_by_alt_text(EN(alt), exact=True) for alt in ("rough.alt", "compare.before_alt"))
    after.wait_for()
    page.keyboard.press("f")
    before.wait_for()
    after.wait_for()
    before.wait_for()
    assert page.get_attribute(".flicker", "aria-pressed") == "true"
    page.keyboard.press("f")
    assert page.get_attribute(".flicker", "aria-pressed") == "false"
    page.wait_for_timeout(3 * looking.HALF_PERIOD)
    assert before.is_visible() != after.is_visible()
    shown = page.locator("#flip img:visible")
    fitting = shown.bounding_box()
    page.check("#flip input[value=actual]", force=True)
    whole = shown.bounding_box()
    assert fitting is not None
    assert whole is not None
    assert fitting["width"] < whole["width"] == 1500
    page.focus("#flip figure")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('#flip figure').scrollLeft > 0")
    page.get_by_role("tab", name=EN("compare.difference")).click()
    page.get_by_alt_text(EN("difference.alt", n=8), exact=True).wait_for()
    page.check("#difference input[value='16']", force=True)
    assert sizes(page, "#difference .times-16 img") == [[1500, 900]]
    assert not page.get_by_alt_text(EN("difference.alt", n=8), exact=True).is_visible()
    page.get_by_role("tab", name=EN("compare.where")).click()
    page.get_by_alt_text(EN("where.alt"), exact=True).wait_for()
    page.click("#cancel")
    page.wait_for_selector("#picture img")
    assert page.is_enabled("#preview")
