"""The page: what its handlers answer, and the whole of it in a real browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from glaze import glazing, machine
from glaze.artwork import open_artwork
from glaze.decoys.styles import STYLES
from glaze.errors import ArtworkNotFound, SaveError, WeightsError
from glaze.jobs import Worker
from glaze.settings import GlazeSettings, Intensity, Render
from glaze.studio.desk import Desk, address
from glaze.studio.quiet import quiet
from glaze.studio.words import Words, load
from tests import stand_in
from tests.browser import PATIENCE, Studio, in_a_loop, open_studio
from tests.stand_in import StandIn, estimate, worker_of

if TYPE_CHECKING:
    # Named only here: gradio reads its environment when it is imported, and quiet() comes first.
    from playwright.sync_api import Browser, Page

    from glaze.studio.glaze_page import GlazePage, View

EN, JA = load("en"), load("ja")
SEEDS = count(1000)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with open_studio(tmp_path_factory.mktemp("studio"), {"steps": 30, "pause": 0.03}) as opened:
        yield opened


class Visit:
    """Opens pages of a studio in a browser and hears of every request that they make."""

    def __init__(self, browser: Browser, studio: Studio) -> None:
        self.browser = browser
        self.studio = studio

    def __call__(self, *, fresh: bool = True, **options: Any) -> Page:
        """A new browser with its own cookies. `fresh`: with no picture on the page, whatever was glazed before."""
        options = {"locale": "en-US", "viewport": {"width": 1440, "height": 900}, **options}
        page = self.browser.new_context(**options).new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: self.studio.hear(request.url))
        page.goto(self.studio.address)
        page.wait_for_selector("body.ready")
        page.locator("#another:visible, #drop:visible, #cancel:visible").first.wait_for()
        if fresh and page.is_visible("#another"):
            page.click("#another")
        if fresh:
            page.wait_for_selector("#drop")
        return page


@pytest.fixture
def visit(browser: Browser, studio: Studio) -> Iterator[Visit]:
    yield Visit(browser, studio)
    studio.hold.unlink(missing_ok=True)
    for context in browser.contexts:
        context.close()
    assert studio.strangers == [], "the page asked someone else for something"


def draw(path: Path, width: int = 300, height: int = 220, seed: int | None = None) -> Path:
    """A picture like no other, unless a seed is given: what the studio glazed before it does not glaze twice."""
    return stand_in.draw(path, width, height, next(SEEDS) if seed is None else seed)


def drop(page: Page, picture: Path) -> None:
    page.set_input_files("#drop input[type=file]", str(picture))


def glaze(page: Page, picture: Path) -> None:
    """Drop a picture and wait for its glaze."""
    drop(page, picture)
    page.wait_for_selector("#picture img")
    page.click("#glaze")
    page.wait_for_selector("#download")


def sizes(page: Page, selector: str) -> list[list[int]]:
    """Width and height of the pictures, once they have all arrived."""
    page.wait_for_function(
        "selector => { const all = [...document.querySelectorAll(selector)];"
        " return all.length > 0 && all.every(image => image.naturalWidth > 0) }",
        arg=selector,
    )
    found: list[list[int]] = page.eval_on_selector_all(
        selector, "all => all.map(image => [image.naturalWidth, image.naturalHeight])"
    )
    return found


class TestPicturesOnThePage:
    @pytest.fixture
    def desk(self, tmp_path: Path) -> Desk:
        (tmp_path / "scratch").mkdir()
        return Desk(Worker(engine=StandIn()), tmp_path / "out", tmp_path / "scratch")

    def test_what_fits_the_screen_is_shown_to_the_last_bit(self, desk: Desk, tmp_path: Path) -> None:
        shown = desk.show(draw(tmp_path / "a.png", 123, 77))
        assert (shown.width, shown.height, shown.scaled) == (123, 77, False)
        assert np.array_equal(open_artwork(shown.path).pixels, open_artwork(tmp_path / "a.png").pixels)

    def test_what_does_not_is_scaled_and_said_so(self, desk: Desk, tmp_path: Path) -> None:
        shown = desk.show(draw(tmp_path / "a.png", 3000, 90))
        assert (shown.width, shown.height, shown.scaled) == (3000, 90, True)
        with Image.open(shown.path) as copy:
            assert copy.size == shown.frame == (2048, 61)

    def test_sixteen_bits_and_transparency(self, desk: Desk, tmp_path: Path) -> None:
        deep = np.random.default_rng(0).integers(0, 65536, (80, 90, 4), dtype=np.uint16)
        tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb", extrasamples=["unassalpha"])
        with Image.open(desk.show(tmp_path / "a.tif").path) as copy:
            assert np.array_equal(np.asarray(copy), deep >> 8)

    def test_the_colour_profile_goes_along(self, desk: Desk, tmp_path: Path) -> None:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        Image.new("RGB", (80, 80), (200, 30, 30)).save(tmp_path / "a.png", icc_profile=profile)
        with Image.open(desk.show(tmp_path / "a.png").path) as copy:
            assert copy.info["icc_profile"] == profile

    def test_a_file_that_changed_is_shown_anew(self, desk: Desk, tmp_path: Path) -> None:
        first = desk.show(draw(tmp_path / "a.png", 100, 80))
        assert desk.show(tmp_path / "a.png") == first
        second = desk.show(draw(tmp_path / "a.png", 120, 80))
        assert (second.width, second.path != first.path) == (120, True)

    def test_what_cannot_be_shown_says_why(self, desk: Desk, tmp_path: Path) -> None:
        with pytest.raises(ArtworkNotFound):
            desk.show(tmp_path / "none.png")
        shutil.rmtree(desk.scratch)
        with pytest.raises(SaveError):
            desk.show(draw(tmp_path / "a.png"))

    def test_addresses_survive_odd_names(self) -> None:
        assert address(Path("/a b/#?&月.png")).startswith("gradio_api/file=/a%20b/%23%3F%26%E6%9C%88.png")


class TestWithoutABrowser:
    """What the handlers answer when called as gradio calls them."""

    @pytest.fixture
    def engine(self) -> StandIn:
        return StandIn(steps=2)

    @pytest.fixture
    def page(self, engine: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GlazePage]:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
        scratch = quiet()
        import gradio as gr

        from glaze.studio.glaze_page import GlazePage

        worker = Worker(previews=scratch / "previews", log=tmp_path / "log.txt", engine=engine)
        monkeypatch.setattr(glazing, "estimate", estimate)

        def build() -> GlazePage:
            with gr.Blocks(analytics_enabled=False) as blocks:
                return GlazePage(EN, Desk(worker, tmp_path / "out", scratch), blocks)

        yield in_a_loop(build)
        worker.close()

    def test_watching_sends_only_what_changed(self, page: GlazePage, engine: StandIn, tmp_path: Path) -> None:
        from glaze.studio.glaze_page import View

        engine.go.clear()
        view = page.on_picture(View(), str(draw(tmp_path / "a.png")))[page.view]
        assert page.on_watch(view) == page.unchanged(page.progress)
        view = page.on_glaze(view, "high", "fast")[page.view]
        again = page.on_glaze(view, "high", "fast")[page.view]
        assert again.job == view.job, "pressed twice, one job"
        view = wait_for(page, view, lambda updates: page.progress in updates and page.glaze not in updates)
        assert page.picture not in page.on_watch(view), "the same preview is not sent twice"
        engine.go.set()
        assert view.job is not None
        worker_of(page.desk).wait(view.job, 30)
        updates = page.on_watch(view)
        before, after = updates[page.comparison.slider]
        assert isinstance(before, str)
        assert isinstance(after, str)
        assert page.on_watch(updates[page.view]) == page.unchanged(page.progress)

    def test_settings_of_the_page_reach_the_engine(self, page: GlazePage, tmp_path: Path) -> None:
        from glaze.studio.glaze_page import View

        picture, decoy = draw(tmp_path / "a.png"), draw(tmp_path / "d.png", seed=2)
        view = page.on_decoy(page.on_picture(View(), str(picture))[page.view], str(decoy))[page.view]
        own = page.on_glaze(view, "low", "slowest", "own", "mosaic")[page.view]
        job = worker_of(page.desk).wait(own.job, 30)
        assert job.settings == GlazeSettings(intensity=Intensity.LOW, render=Render.SLOWEST, decoy=decoy)
        assert (job.path, job.folder) == (picture, tmp_path / "out")
        picked = page.on_glaze(view, "default", "fast", "style", "mosaic")[page.view]
        job = worker_of(page.desk).wait(picked.job, 30)
        assert job.settings == GlazeSettings(render=Render.FAST, decoy_style="mosaic")
        automatic = page.on_glaze(view, "default", "fast", "automatic", "mosaic")[page.view]
        job = worker_of(page.desk).wait(automatic.job, 30)
        assert job.settings == GlazeSettings(render=Render.FAST), "what is not chosen does not count"

    def test_an_own_decoy_that_is_not_there_yet_is_asked_for(self, page: GlazePage, tmp_path: Path) -> None:
        from glaze.studio.glaze_page import View

        view = page.on_picture(View(), str(draw(tmp_path / "a.png")))[page.view]
        for press in (page.on_glaze, page.on_preview):
            updates = press(view, "default", "fast", "own", "drip")
            assert "No decoy picture" in updates[page.message]["value"]
        assert page.desk.worker.jobs == ()

    def test_a_page_without_swatches_still_offers_the_styles(self, page: GlazePage) -> None:
        shown = page.decoy.on_swatches()
        for style in STYLES:
            assert f'input[value="{style}"]' in shown
        assert len(list(page.desk.scratch.glob("style-*.png"))) == len(STYLES)
        shutil.rmtree(page.desk.scratch)
        assert page.decoy.on_swatches() == ""

    def test_a_result_that_was_taken_away_is_no_disaster(self, page: GlazePage, tmp_path: Path) -> None:
        from glaze.studio.glaze_page import View

        view = page.on_picture(View(), str(draw(tmp_path / "a.png")))[page.view]
        job = worker_of(page.desk).wait(page.on_glaze(view, "default", "fast")[page.view].job, 30)
        assert job.result is not None
        job.result.result.unlink()
        updates = page.on_load(View())
        assert "There is no file" in updates[page.message]["value"]
        assert updates[page.result]["visible"] is False

    def test_a_job_that_fails_complains_once(self, page: GlazePage, engine: StandIn, tmp_path: Path) -> None:
        from glaze.studio.glaze_page import View

        engine.fail = ZeroDivisionError("by nought")
        view = page.on_picture(View(), str(draw(tmp_path / "a.png")))[page.view]
        view = page.on_glaze(view, "default", "fast")[page.view]
        worker_of(page.desk).wait(view.job, 30)
        updates = page.on_watch(view)
        assert "by nought" in updates[page.trouble][0]
        assert page.trouble not in page.on_watch(updates[page.view])

    def test_each_level_says_its_time_for_the_picture(
        self, page: GlazePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from glaze.studio.glaze_page import View

        asked: list[tuple[int, int]] = []

        def note(size: tuple[int, int], settings: GlazeSettings, picture: Path) -> float:
            asked.append(size)
            assert picture.name == "a.png"
            return estimate(size, settings)

        monkeypatch.setattr(glazing, "estimate", note)
        updates = page.on_picture(View(), str(draw(tmp_path / "a.png", 321, 123)))
        plain = [(EN(f"render.{render}"), str(render)) for render in Render]
        assert updates[page.render]["choices"] == plain, "the picture does not wait for its times"
        timed = page.on_times(updates[page.view])["choices"]
        for render, (label, value) in zip(Render, timed, strict=True):
            assert value == render
            assert EN.about(estimate((321, 123), GlazeSettings(render=render))) in label
        assert set(asked) == {(321, 123)}
        assert page.on_another(updates[page.view])[page.render]["choices"] == plain

    def test_times_are_told_anew_once_a_glaze_showed_how_long_it_takes(
        self, page: GlazePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from glaze.studio.glaze_page import View

        view = page.on_picture(View(), str(draw(tmp_path / "a.png")))[page.view]
        view = page.on_glaze(view, "default", "fast")[page.view]
        worker_of(page.desk).wait(view.job, 30)
        monkeypatch.setattr(glazing, "estimate", lambda *_: 7200.0)
        update = page.on_watch(view)[page.render]
        assert all(EN.about(7200) in label for label, _ in update["choices"])
        assert update["interactive"] is True

    def test_without_a_picture_or_a_network_there_are_no_times(
        self, page: GlazePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from glaze.studio.glaze_page import View

        def refuse(*_: object) -> float:
            raise WeightsError("missing", path=tmp_path)

        assert "choices" not in page.on_times(View())
        view = page.on_picture(View(), str(draw(tmp_path / "a.png")))[page.view]
        monkeypatch.setattr(glazing, "estimate", refuse)
        assert "choices" not in page.on_times(view)
        (tmp_path / "a.png").unlink()
        assert "choices" not in page.on_times(view)

    def test_a_weak_glaze_is_flagged_and_a_strong_one_is_not(
        self, page: GlazePage, engine: StandIn, tmp_path: Path
    ) -> None:
        from glaze.studio.glaze_page import View

        shown = []
        for engine.moved in (42.0, 10.0):
            view = page.on_picture(View(), str(draw(tmp_path / "a.png")))[page.view]
            view = page.on_glaze(view, "default", "fast")[page.view]
            worker_of(page.desk).wait(view.job, 30)
            shown.append(page.on_watch(view)[page.told]["value"])
        strong, weak = shown
        assert EN("advice.title") not in strong
        assert EN("advice.title") in weak
        assert f"{Render.FAST.target:.0f} % was the aim" in weak

    def test_it_is_launched_for_this_computer_alone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        from glaze.studio import app

        blocks = in_a_loop(lambda: app.build(Worker(engine=StandIn()), results=tmp_path / "out"))
        asked: dict[str, Any] = {}

        def launch(**options: Any) -> tuple[None, str, None]:
            asked.update(options)
            return None, "http://127.0.0.1:1/", None

        monkeypatch.setattr(blocks, "launch", launch)
        app.launch(blocks, results=tmp_path / "out")
        for off in ("share", "run_history", "mcp_server", "enable_monitoring", "ssr_mode", "pwa", "inbrowser"):
            assert asked[off] is False, off
        assert asked["server_name"] == "127.0.0.1"
        assert asked["strict_cors"] is True
        assert asked["allowed_paths"] == [str(tmp_path / "out")]
        assert not blocks.get_api_info()["named_endpoints"], "no endpoint that anyone was promised"
        assert {"en", "ja"} <= {path for path, *_ in blocks.pages}

    def test_quiet_wipes_what_dead_runs_left_and_spares_the_living(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
        monkeypatch.setenv("NO_PROXY", "example.org")
        parent = quiet().parent
        monkeypatch.delenv("GRADIO_TEMP_DIR")
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as living:
            for name in ("999999999", str(living.pid), "odd", str(os.getpid())):
                (parent / name).mkdir(exist_ok=True)
                (parent / name / "upload.png").write_bytes(b"x")
            scratch = quiet()
            assert {path.name for path in parent.iterdir()} == {str(living.pid), str(os.getpid())}
            living.communicate(b"")
        assert list(scratch.iterdir()) == []
        assert quiet() == scratch
        assert os.environ["GRADIO_TEMP_DIR"] == str(scratch)
        assert os.environ["NO_PROXY"] == "example.org,127.0.0.1,localhost"
        assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
        if os.name == "posix":
            assert scratch.stat().st_mode & 0o077 == 0, "nobody else may look"


def wait_for(page: GlazePage, view: View, wanted: Callable[[dict[Any, Any]], bool]) -> View:
    """Watch as the timer does until an update is as wanted; the view after it."""
    for _ in range(1000):
        updates = page.on_watch(view)
        view = updates.get(page.view, view)
        if wanted(updates):
            return view
        time.sleep(0.01)
    raise AssertionError("never")


@pytest.mark.browser
class TestInTheBrowser:
    def test_from_a_picture_to_the_very_file_the_engine_wrote(
        self, visit: Visit, studio: Studio, tmp_path: Path
    ) -> None:
        page = visit()
        picture = draw(tmp_path / "moon & 月.png")
        drop(page, picture)
        page.wait_for_selector("#picture img")
        assert EN("picture.size", name=picture.name, width=300, height=220) in page.inner_text("#picture")
        assert sizes(page, "#picture img") == [[300, 220]]
        page.click("#glaze")
        page.wait_for_selector('[role="progressbar"]')
        page.wait_for_selector("#download")

        assert sizes(page, "#slider img") == [[300, 220]] * 2
        with page.expect_download() as downloading:
            page.click("#download")
        written = [path for path in studio.results.iterdir() if path.name == downloading.value.suggested_filename]
        assert len(written) == 1, "the download has the name that the engine gave"
        assert written[0].read_bytes() == downloading.value.path().read_bytes()
        assert str(written[0]) in page.inner_text("#download-area")

    def test_three_clicks_lead_from_the_opened_page_to_the_file(
        self, visit: Visit, studio: Studio, tmp_path: Path
    ) -> None:
        page = visit()
        page.evaluate("clicks = 0; addEventListener('click', (event) => { clicks += event.isTrusted }, true)")
        with page.expect_file_chooser() as choosing:
            page.click("#drop")
        choosing.value.set_files(str(draw(tmp_path / "three.png")))
        page.click("#glaze")
        with page.expect_download() as downloading:
            page.click("#download")
        assert page.evaluate("clicks") <= 3
        assert (studio.results / downloading.value.suggested_filename).is_file(), "the last one is not even needed"

    @pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
    def test_every_level_says_its_time_once_a_picture_is_there(
        self, words: Words, visit: Visit, tmp_path: Path
    ) -> None:
        page = visit(locale=words.language)
        levels = page.locator("#render label")
        assert levels.all_inner_texts() == [words(f"render.{render}") for render in Render]
        page.click("#render label:has(input[value=slow])")
        drop(page, draw(tmp_path / "timed.png"))
        seconds = [estimate((300, 220), GlazeSettings(render=render)) for render in Render]
        page.wait_for_selector(f"#render label:has-text('{words.about(seconds[0])}')")
        for told, time_of_it in zip(levels.all_inner_texts(), seconds, strict=True):
            assert words.about(time_of_it) in told.splitlines()[0]
        assert seconds == sorted(set(seconds)), "a higher level takes longer"
        assert page.is_checked("#render input[value=slow]"), "what was chosen stays chosen"
        page.click("#another")
        page.wait_for_selector("#drop")
        assert levels.all_inner_texts() == [words(f"render.{render}") for render in Render]

    def test_the_slider_shows_the_pictures_themselves(self, visit: Visit, studio: Studio, tmp_path: Path) -> None:
        page = visit()
        picture = draw(tmp_path / "pixels.png", 120, 90)
        glaze(page, picture)
        sizes(page, "#slider img")
        shown = page.eval_on_selector_all("#slider img", "all => all.map(image => image.src)")
        for source, original in zip(shown, (picture, studio.results / "pixels-glazed.png"), strict=True):
            body = page.request.get(source).body()
            (tmp_path / "seen.png").write_bytes(body)
            assert np.array_equal(open_artwork(tmp_path / "seen.png").pixels, open_artwork(original).pixels)

    def test_the_result_is_explained(self, visit: Visit, tmp_path: Path) -> None:
        page = visit()
        glaze(page, draw(tmp_path / "told.png"))
        result = page.inner_text("#result")
        assert "38 % of the way" in result
        assert "FLUX.2" in result
        assert "0.041 of 0.05" in result
        assert "The decoy: woodcut" in result
        assert EN("note.gps_dropped") in result
        rows = page.locator("#result table tr")
        assert rows.count() == 6
        assert rows.nth(1).locator("th, td").all_inner_texts()[:3] == ["Stable Diffusion 1 and 2", "42", "40"]
        assert len(sizes(page, "#result .seen img")) == 3

    def test_a_reload_in_mid_glaze_loses_nothing(self, visit: Visit, studio: Studio, tmp_path: Path) -> None:
        page = visit()
        drop(page, draw(tmp_path / "reload.png"))
        page.wait_for_selector("#picture img")
        studio.hold.touch()
        page.click("text=Thorough")
        page.click("#glaze")
        page.wait_for_selector("text=Step 1 of 30")
        page.reload()
        page.wait_for_selector("text=Step 1 of 30")
        assert page.is_checked("#render input[value=slow]"), "the settings that it runs with"
        assert page.is_visible("#cancel")
        assert not page.is_visible("#glaze")
        assert page.get_attribute("#picture img", "alt") == EN("preview.alt")
        other = visit(fresh=False, locale="ja-JP")
        other.wait_for_selector("text=30 ステップ中 1")
        studio.hold.unlink()
        for tab in (page, other):
            tab.wait_for_selector("#download")
        assert len(list(studio.results.glob("reload-glazed*.png"))) == 1

    def test_a_second_tab_learns_of_what_begins_elsewhere(self, visit: Visit, studio: Studio, tmp_path: Path) -> None:
        first, second = visit(), visit()
        studio.hold.touch()
        drop(first, draw(tmp_path / "tabs.png"))
        first.wait_for_selector("#picture img")
        first.click("#glaze")
        second.wait_for_selector("text=Step 1 of 30")
        studio.hold.unlink()
        second.wait_for_selector("#download")

    def test_cancel_stops_and_writes_nothing(self, visit: Visit, studio: Studio, tmp_path: Path) -> None:
        page = visit()
        studio.hold.touch()
        drop(page, draw(tmp_path / "stopped.png"))
        page.wait_for_selector("#picture img")
        page.click("#glaze")
        page.wait_for_selector("text=Step 1 of 30")
        page.click("#cancel")
        page.wait_for_selector(f"text={EN('status.cancelled')}")
        assert not list(studio.results.glob("stopped*"))
        assert page.is_enabled("#glaze"), "the same picture can be tried again"
        assert page.get_attribute("#picture img", "alt") == EN("picture.alt")

    def test_trouble_is_told_beside_the_picture_and_in_a_toast(self, visit: Visit, tmp_path: Path) -> None:
        page = visit(locale="ja-JP")
        bad = tmp_path / "絵 <b>x.png"
        bad.write_bytes(b"no picture")
        for _ in range(2):
            drop(page, bad)
            page.wait_for_selector(".trouble")
            for selector in (".trouble", "[data-testid=toast-text]"):
                told = page.locator(selector).last.inner_text()
                assert JA("error.title") in told
                assert "読み取れる画像ではありません" in told
                assert "studio" not in told, "folders of ours mean nothing to anyone"
            assert page.locator(".trouble b, [data-testid=toast-text] b").count() == 0
            page.click("[data-testid=toast-close]")
            page.wait_for_selector("[data-testid=toast-body]", state="detached")
        assert not page.is_enabled("#glaze")
        drop(page, draw(tmp_path / "good.png"))
        page.wait_for_selector("#picture img")
        assert not page.is_visible(".trouble")
        assert page.is_enabled("#glaze")

    def test_an_own_decoy_is_used_and_can_be_taken_back(self, visit: Visit, tmp_path: Path) -> None:
        page = visit()
        decoy = draw(tmp_path / "decoy.png", 90, 90, seed=3)
        assert not page.is_visible("#decoy-own")
        page.click("#decoy-way input[value=own]")
        page.set_input_files("#decoy input[type=file]", str(decoy))
        page.wait_for_selector("#decoy img")
        assert page.get_attribute("#decoy img", "alt") == EN("decoy.alt")
        glaze(page, draw(tmp_path / "with-decoy.png"))
        assert "The decoy: your own picture" in page.inner_text("#result")
        page.reload()
        page.wait_for_selector("#decoy img")
        assert page.is_checked("#decoy-way input[value=own]")
        page.click("#decoy-way input[value=automatic]")
        assert not page.is_visible("#decoy img")
        page.click("#glaze")
        page.wait_for_selector("text=The decoy: woodcut")

    @pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
    def test_a_style_is_picked_with_the_keyboard_and_survives_a_reload(
        self, words: Words, visit: Visit, tmp_path: Path
    ) -> None:
        page = visit(locale=words.language, viewport={"width": 390, "height": 844})
        drop(page, draw(tmp_path / "picked.png"))
        page.wait_for_selector("#picture img")
        # The choice before may still stand.
        page.click("#decoy-way input[value=style]")
        page.click("#decoy-style input[value=drip]")
        page.click("#decoy-way input[value=automatic]")
        assert not page.is_visible("#decoy-style")
        assert page.get_by_role("radiogroup", name=words("decoy.label"), exact=True).is_visible()
        page.focus("#decoy-way input[value=automatic]")
        page.keyboard.press("ArrowDown")
        page.wait_for_selector("#decoy-style")
        page.keyboard.press("Tab")
        for _ in range(7):
            page.keyboard.press("ArrowRight")
        mosaic = page.get_by_role("radio", name=words("style.mosaic"), exact=True)
        assert mosaic.is_checked()
        assert mosaic.evaluate("input => input === document.activeElement")
        swatch, bar = page.locator("#decoy-style label:has(input[value=mosaic])"), page.locator("#actions")
        box, buttons = swatch.bounding_box(), bar.bounding_box()
        assert box is not None
        assert buttons is not None
        assert box["y"] + box["height"] <= buttons["y"], "it is not behind the buttons"
        page.click("#preview")
        page.wait_for_selector("#rough >> text=" + words.name("style", "mosaic"))
        page.click("#glaze")
        told = words("seen.decoy", style=words.name("style", "mosaic"))
        page.wait_for_selector(f"text={told}")
        page.reload()
        page.wait_for_selector(f"text={told}")
        assert page.is_checked("#decoy-way input[value=style]")
        assert page.is_checked("#decoy-style input[value=mosaic]")

    @pytest.mark.parametrize("width", [390, 820, 1440])
    def test_every_style_has_a_name_and_a_picture_and_nothing_sticks_out(self, visit: Visit, width: int) -> None:
        page = visit(viewport={"width": width, "height": 844}, locale="ja-JP")
        page.click("#decoy-way input[value=style]")
        page.wait_for_function(
            "() => getComputedStyle(document.querySelector('#decoy-style label'), '::before')"
            ".backgroundImage.startsWith('url')"
        )
        labels = page.locator("#decoy-style label")
        assert labels.all_inner_texts() == [JA.name("style", style) for style in STYLES]
        pictures = labels.evaluate_all(
            "all => all.map(label => getComputedStyle(label, '::before').backgroundImage.slice(5, -2))"
        )
        assert len(set(pictures)) == len(STYLES)
        assert all(page.request.get(picture).headers["content-type"] == "image/png" for picture in pictures)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        cut = labels.evaluate_all("all => all.filter(label => label.scrollWidth > label.clientWidth).length")
        assert cut == 0

    def test_the_keyboard_flips_between_before_and_after(self, visit: Visit, tmp_path: Path) -> None:
        page = visit()
        glaze(page, draw(tmp_path / "keys.png"))
        page.get_by_role("tab", name=EN("compare.single")).press("Enter")
        after, before = (page.get_by_alt_text(EN(f"compare.{which}_alt"), exact=True) for which in ("after", "before"))
        after.wait_for()
        assert not before.is_visible()
        page.focus("#flip input[value=after]")
        page.keyboard.press("ArrowLeft")
        assert before.is_visible()
        assert not after.is_visible()
        page.keyboard.press("ArrowRight")
        assert after.is_visible()

    def test_every_picture_and_control_has_a_name(self, visit: Visit, tmp_path: Path) -> None:
        page = visit()
        assert page.get_attribute("#drop button[aria-dropeffect]", "aria-label") == EN("drop.label")
        glaze(page, draw(tmp_path / "names.png"))
        page.get_by_role("tab", name=EN("compare.single")).click()
        nameless = page.eval_on_selector_all(
            "img", "all => all.filter(i => !i.alt && !i.closest('#slider') && i.checkVisibility()).map(i => i.src)"
        )
        assert nameless == []
        mute = page.eval_on_selector_all(
            "button, a", "all => all.filter(b => b.checkVisibility() && !(b.innerText.trim() || b.ariaLabel)).length"
        )
        assert mute == 0

    def test_the_language_is_the_browsers_until_another_is_chosen(self, visit: Visit) -> None:
        page = visit(locale="ja-JP")
        assert page.inner_text(".drop-title") == JA("drop.title")
        assert page.get_attribute("html", "lang") == "ja"
        page.click("nav a[hreflang=en]")
        page.wait_for_selector(f"text={EN('page.tagline')}")
        page.wait_for_selector("html[lang=en]")
        page.goto(urlsplit(page.url)._replace(path="/").geturl())
        page.wait_for_selector(f"text={EN('page.tagline')}")

    def test_no_english_is_left_on_the_japanese_page(self, visit: Visit, tmp_path: Path) -> None:
        page = visit(locale="ja-JP")
        shown = page.inner_text("body")
        glaze(page, draw(tmp_path / "ja.png"))
        shown += page.inner_text("body")
        page.get_by_role("tab", name=JA("compare.single")).click()
        shown += page.inner_text("body")
        same = {text for key, text in JA.texts.items() if EN.texts[key] == text}
        left = [text for text in EN.texts.values() if text in shown and text not in same and text != "English"]
        # Short words stand inside Japanese text too ("Glaze", "px"): only whole lines are English.
        assert [text for text in left if text in shown.splitlines()] == []
        assert JA("distance.limit") in shown

    @pytest.mark.parametrize("width", [390, 820, 1440])
    def test_nothing_sticks_out(self, visit: Visit, width: int, tmp_path: Path) -> None:
        page = visit(viewport={"width": width, "height": 844})

        def check() -> None:
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            box = page.locator("#glaze").bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            # At hand without scrolling, however many settings stand above it.
            assert box["y"] + box["height"] <= 844

        check()
        glaze(page, draw(tmp_path / "a-picture-with-a-name-that-has-no-place-to-break-it-in-two.png", 900, 200))
        check()

    def test_a_link_that_is_pressed_shows_it_while_the_other_page_loads(self, visit: Visit) -> None:
        page = visit()
        page.evaluate("addEventListener('click', (event) => event.preventDefault())")  # and never comes
        page.click(".masthead .pages a[href$=portfolio]")
        page.wait_for_selector(".masthead a.pressed")
        assert page.locator(".masthead a.pressed").all_inner_texts() == [EN("nav.portfolio")]

    def test_light_and_dark(self, visit: Visit) -> None:
        shades = []
        for scheme in ("light", "dark"):
            page = visit(color_scheme=scheme)
            paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
            ink = page.evaluate("getComputedStyle(document.querySelector('.drop-title')).color")
            shades.append([sum(int(part) for part in colour[4:-1].split(",")) for colour in (paper, ink)])
        (light_paper, light_ink), (dark_paper, dark_ink) = shades
        assert min(light_paper, dark_ink) > 600
        assert max(light_ink, dark_paper) < 200

    def test_limits_and_other_places_are_told(self, visit: Visit) -> None:
        page = visit()
        footer = page.inner_text("footer.colophon")
        assert "does not end it" in footer
        assert "Independent of the University of Chicago" in footer
        assert page.get_attribute("footer.colophon a", "href") == machine.WEBGLAZE

    def test_with_the_real_engine(self, browser: Browser, tmp_path: Path) -> None:
        with open_studio(tmp_path, None) as opened:
            page = Visit(browser, opened)()
            page.set_default_timeout(5 * PATIENCE)
            picture = draw(tmp_path / "real.png", 200, 150)
            drop(page, picture)
            page.wait_for_selector("#picture img")
            page.click("text=Quick")
            page.click("#glaze")
            page.wait_for_selector(f"text=of {Render.FAST.effort.steps} ")
            page.wait_for_selector("#download")
            with page.expect_download() as downloading:
                page.click("#download")
            result = opened.results / "real-glazed.png"
            assert result.read_bytes() == downloading.value.path().read_bytes()
            with Image.open(result) as after, Image.open(picture) as before:
                assert after.size == before.size
                assert np.abs(np.asarray(after, int) - np.asarray(before, int)).max() > 0
            assert len(sizes(page, "#result .seen img")) == 3
            page.context.close()
            assert opened.strangers == []
