"""The page that inspects: what its handlers answer with a stand-in for the comparison, and the whole in a browser."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from glaze import inspection
from glaze.errors import InspectionError
from glaze.inspection import Comparison, Inspection
from glaze.jobs import Worker
from glaze.ledger import Ledger
from glaze.outcome import Glaze
from glaze.removals import REMOVALS
from glaze.settings import GlazeSettings
from glaze.studio.desk import Desk
from glaze.studio.inspector import Inspector, Look
from glaze.studio.quiet import quiet
from glaze.studio.words import load
from tests import guard
from tests.stand_in import StandIn, draw

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from glaze.studio.inspect_page import InspectPage, View

CHROMIUM = os.environ.get("GLAZE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 300_000  # milliseconds; the real engine looks, on a computer that may have other work
EN, JA = load("en"), load("ja")


class Eye:
    """In the place of inspect and inspect_pair: made-up figures, the settings that it was asked with, and a gate."""

    def __init__(self, made: Glaze) -> None:
        self.made = made
        self.asked: dict[str, Any] = {}
        self.fail: Exception | None = None
        self.go = threading.Event()
        self.go.set()

    def alone(self, picture: Path) -> Inspection:
        self._wait()
        seen = np.full((40, 60, 3), 90, np.uint8)
        return Inspection(picture, 60, 40, seen, seen, ())

    def pair(self, original: Path, glazed: Path, **asked: Any) -> Comparison:
        self._wait()
        self.asked = asked
        seen = self.made.report.seen_before
        return Comparison(
            original=original,
            glazed=glazed,
            before=seen,
            after=seen,
            decoy_style=asked["decoy_style"] or "woodcut",
            report=self.made.report,
            visibility=self.made.visibility,
            made=asked["made"],
            notes=tuple(self.made.notes),
        )

    def _wait(self) -> None:
        assert self.go.wait(30)
        if self.fail is not None:
            raise self.fail


@pytest.fixture
def made(tmp_path: Path) -> Glaze:
    return StandIn(steps=1)(draw(tmp_path / "sketch.png"), GlazeSettings(seed=7))


@pytest.fixture
def eye(made: Glaze, monkeypatch: pytest.MonkeyPatch) -> Eye:
    eye = Eye(made)
    monkeypatch.setattr(inspection, "inspect", eye.alone)
    monkeypatch.setattr(inspection, "inspect_pair", eye.pair)
    return eye


@pytest.fixture
def page(eye: Eye, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InspectPage]:
    del eye
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GLAZE_LEDGER", str(tmp_path / "ledger.sqlite3"))
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    scratch = quiet()
    import gradio as gr

    from glaze.studio.inspect_page import InspectPage

    worker = Worker(log=tmp_path / "log.txt", engine=StandIn())

    async def build() -> InspectPage:
        with gr.Blocks(analytics_enabled=False) as blocks:
            return InspectPage(EN, Desk(worker, tmp_path / "out", scratch), blocks)

    yield asyncio.run(build())
    worker.close()


def given(page: InspectPage, picture: Path | None = None, glazed: Path | None = None) -> View:
    from glaze.studio.inspect_page import View

    view = View()
    if picture is not None:
        view = page.on_picture(view, str(picture))[page.view]
    if glazed is not None:
        view = page.on_glazed(view, str(glazed))[page.view]
    return view


def finish(inspector: Inspector, look_id: str | None) -> Look:
    for _ in range(3000):
        look = inspector.get(look_id)
        assert look is not None
        if look.finished:
            return look
        time.sleep(0.01)
    raise AssertionError("never")


def found(page: InspectPage, view: View, seed: str = "", style: str | None = None) -> dict[Any, Any]:
    """What the page shows once the button was pressed and the inspection is over."""
    pressed = page.on_inspect(view, seed, style)
    view = pressed[page.view]
    finish(page.desk.inspector, view.look)
    # A quick one is over before the button's answer is there, which then has it all.
    return {**pressed, **page.on_watch(view)}


def test_a_pair_is_told_with_every_removal(page: InspectPage, made: Glaze) -> None:
    updates = found(page, given(page, made.original, made.result))
    told = updates[page.result]["value"]
    assert escape(EN("inspect.found", percent="38", style="woodcut")) in told
    for removal in REMOVALS:
        assert f'<th scope="row">{EN.name("removal", removal)}</th>' in told
    assert told.count(f"<td>{EN('inspect.kept')}</td>") + told.count(f"<td>{EN('inspect.lost')}</td>") == len(REMOVALS)
    assert EN("inspect.settings_unknown") in told
    assert EN("visibility.flip") in told
    assert EN("inspect.change", times=8) in told
    assert EN("note.gps_dropped") in told
    view = updates[page.view]
    assert page.result not in page.on_watch(view), "what is on the page is not sent again"


def test_what_the_ledger_knows_is_used(page: InspectPage, eye: Eye, made: Glaze, tmp_path: Path) -> None:
    with closing(Ledger()) as ledger:
        ledger.record(made, ledger.digest(made.original))
    elsewhere = Path(shutil.copy(made.original, tmp_path / "upload.png"))
    for copy in (made.result, draw(tmp_path / "web.png", seed=3)):
        told = found(page, given(page, elsewhere, copy))[page.result]["value"]
        assert eye.asked == {
            "settings": made.settings,
            "decoy_style": made.decoy_style,
            "made": pytest.approx(made.report.strength),
        }
        assert EN("inspect.left", left="100") in told
        assert EN("inspect.settings_known") in told
    found(page, given(page, elsewhere, made.result), "8")
    assert eye.asked == {"settings": replace(made.settings, seed=8), "decoy_style": None, "made": None}


def test_what_the_artist_says_is_used(page: InspectPage, eye: Eye, made: Glaze, tmp_path: Path) -> None:
    decoy = draw(tmp_path / "decoy.png", seed=4)
    view = page.on_decoy(given(page, made.original, made.result), str(decoy))[page.view]
    found(page, view, " 3 ")
    assert eye.asked == {"settings": GlazeSettings(decoy=decoy, seed=3), "decoy_style": None, "made": None}
    found(page, page.on_decoy_removed(view)[page.view])
    assert eye.asked["settings"] == GlazeSettings()


def test_a_style_that_was_picked_elsewhere_can_be_named(
    page: InspectPage, eye: Eye, made: Glaze, tmp_path: Path
) -> None:
    view = given(page, made.original, made.result)
    found(page, view, "", "mosaic")
    assert eye.asked == {"settings": GlazeSettings(decoy_style="mosaic"), "decoy_style": None, "made": None}
    own = page.on_decoy(view, str(draw(tmp_path / "decoy.png", seed=4)))[page.view]
    found(page, own, "", "mosaic")
    assert eye.asked["settings"] == GlazeSettings(decoy=own.decoy), "a picture goes before a style"
    with closing(Ledger()) as ledger:
        ledger.record(made, ledger.digest(made.original))
    found(page, view, "", "mosaic")
    assert eye.asked["settings"] == replace(made.settings, decoy_style="mosaic")
    assert eye.asked["made"] is None, "toward another decoy, nothing is left of what it was"
    found(page, view, "", made.decoy_style)
    assert eye.asked["made"] == pytest.approx(made.report.strength), "the very one that Glaze chose"
    assert page.on_load(view)[page.style]["value"] == made.decoy_style


def test_a_decoy_that_was_moved_can_be_named_anew(page: InspectPage, eye: Eye, made: Glaze, tmp_path: Path) -> None:
    settings = replace(made.settings, decoy=tmp_path / "gone.png")
    with closing(Ledger()) as ledger:
        ledger.record(replace(made, settings=settings, decoy_style="own"), ledger.digest(made.original))
    decoy = draw(tmp_path / "decoy.png", seed=4)
    view = page.on_decoy(given(page, made.original, made.result), str(decoy))[page.view]
    found(page, view)
    assert eye.asked["settings"].decoy == decoy
    assert eye.asked["made"] == pytest.approx(made.report.strength)


def test_a_decoy_picture_goes_before_the_style_that_is_known(
    page: InspectPage, eye: Eye, made: Glaze, tmp_path: Path
) -> None:
    settings = replace(made.settings, decoy_style="woodcut")
    with closing(Ledger()) as ledger:
        ledger.record(replace(made, settings=settings), ledger.digest(made.original))
    view = given(page, made.original, made.result)
    found(page, view)
    assert (eye.asked["settings"], eye.asked["decoy_style"]) == (settings, "woodcut")
    decoy = draw(tmp_path / "decoy.png", seed=4)
    found(page, page.on_decoy(given(page, made.original, made.result), str(decoy))[page.view])
    assert eye.asked == {"settings": replace(made.settings, decoy=decoy), "decoy_style": None, "made": None}


@pytest.mark.parametrize("field", ["picture", "glazed"])
def test_one_alone_is_seen_and_not_judged(page: InspectPage, made: Glaze, field: str) -> None:
    told = found(page, given(page, **{field: made.result}))[page.result]["value"]
    assert EN("inspect.alone") in told
    assert EN("inspect.shown") in told
    assert EN("distance.title") not in told
    assert made.original.name not in told
    with closing(Ledger()) as ledger:
        ledger.record(made, ledger.digest(made.original))
    told = found(page, given(page, **{field: made.result}))[page.result]["value"]
    assert "This very file was glazed here, from sketch.png" in told
    assert EN("inspect.alone.result") in told
    told = found(page, given(page, **{field: made.original}))[page.result]["value"]
    assert f"an original that was glazed here, as {made.result.name}" in told
    assert EN("inspect.alone.original") in told, "what to do, not that the original is missing"


def test_it_may_be_left_and_found_again(page: InspectPage, eye: Eye, made: Glaze) -> None:
    from glaze.studio.inspect_page import View

    eye.go.clear()
    view = page.on_inspect(given(page, made.original, made.result), "")[page.view]
    again = page.on_inspect(view, "")[page.view]
    assert again.look == view.look, "pressed twice, one inspection"
    other = page.on_load(View())
    assert other[page.view].look == view.look
    assert "turning" in other[page.progress]["value"]
    assert other[page.inspect]["interactive"] is False
    eye.go.set()
    finish(page.desk.inspector, view.look)
    assert EN("inspect.verdict") in page.on_load(View())[page.result]["value"]


def test_trouble_is_told_and_the_pictures_stay(page: InspectPage, eye: Eye, made: Glaze, tmp_path: Path) -> None:
    eye.fail = InspectionError("cropped", path=made.result, original=made.original.name, share=60)
    updates = found(page, given(page, made.original, made.result))
    assert "it was cropped" in updates[page.message]["value"]
    assert updates[page.result]["visible"] is False
    assert updates[page.shown["glazed"]]["visible"] is True
    eye.fail = ZeroDivisionError("by nought")
    updates = found(page, updates[page.view])
    assert "by nought" in updates[page.message]["value"]
    assert "Traceback" in (tmp_path / "log.txt").read_text(encoding="utf-8")
    eye.fail = None
    assert found(page, updates[page.view])[page.message]["visible"] is False


def test_what_is_no_picture_takes_nothing_away(page: InspectPage, made: Glaze, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no picture")
    view = given(page, made.original)
    updates = page.on_glazed(view, str(tmp_path / "a.txt"))
    assert "is not a picture" in updates[page.message]["value"]
    assert (updates[page.view].picture, updates[page.view].glazed) == (made.original, None)


def test_a_seed_that_is_no_number_is_told_and_nothing_begun(page: InspectPage, made: Glaze) -> None:
    updates = page.on_inspect(given(page, made.original, made.result), "seven")
    assert EN("inspect.seed_wrong") in updates[page.message]["value"]
    assert page.desk.inspector.latest is None


def test_only_the_last_few_are_kept(eye: Eye, made: Glaze, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del eye
    monkeypatch.setenv("GLAZE_LEDGER", str(tmp_path / "ledger.sqlite3"))
    inspector = Inspector(Worker(log=tmp_path / "log.txt").record)
    looks = []
    for _ in range(10):
        looks.append(inspector.start(Look(picture=made.original)))
        finish(inspector, looks[-1].id)
    assert inspector.get(looks[0].id) is None
    assert inspector.get(looks[-1].id) == inspector.latest


@pytest.mark.browser
def test_in_the_browser_in_english_and_japanese(tmp_path: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("no chromium here (Debian: apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
    picture = draw(tmp_path / "studie 夏.png", 120, 90)
    command = ["-m", "glaze", "studio", "--out", str(tmp_path / "out")]
    with guard.studio(tmp_path, command, GLAZE_NO_BROWSER="1") as address, api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page: Page = chromium.new_page(locale="en-US")
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address.rstrip('/')}/en-inspect")
        page.wait_for_selector("body.ready")
        for which in ("picture", "glazed"):
            page.set_input_files(f"#drop-{which} input[type=file]", str(picture))
            page.wait_for_selector(f"#shown-{which} img")
        page.click("#inspect-button")
        page.wait_for_selector("#result .verdict")
        assert "No glaze was found" in page.inner_text("#result .verdict"), "it is the same picture twice"
        assert page.locator("#result .seen img").count() == 3
        for width in (390, 820, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"wider than {width} px"
            if folder := os.environ.get("GLAZE_SCREENSHOTS"):
                page.screenshot(path=f"{folder}/inspect-{width}.png", full_page=True)
        page.click('.tongues a[lang="ja"]')
        page.wait_for_selector("#result .verdict")
        assert "グレーズは見つかりませんでした" in page.inner_text("#result .verdict")
        assert page.inner_text("#inspect-button") == JA("inspect.button")
        chromium.close()
