"""The pack on the page of settings: what it takes is told first, and then it comes, stops, goes on and is removed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from glaze import preferences
from glaze.download import hub as hub_client
from glaze.download import stream
from glaze.jobs import Worker
from glaze.packs import load_pack, packs_folder, remove
from glaze.settings import Engine, Redraw
from glaze.studio.desk import Desk
from glaze.studio.fetching import Step
from glaze.studio.quiet import quiet
from glaze.studio.words import Words, load
from tests import guard
from tests.browser import STUDIO, Studio, in_a_loop
from tests.hub import COMMIT, Hub, drops, serve, slowly, status, waits, weights, write_manifest
from tests.small_models import put_full, put_stable_diffusion
from tests.stand_in import StandIn

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from glaze.studio.packs_section import StandardSection, StudioSection
    from glaze.studio.page import Updates

EN, JA = load("en"), load("ja")
PATIENCE = 60
ONE, TWO, CONFIG = weights(1), weights(2, 60_000), b"{}"
PATH_ONE = f"/someone/tiny/resolve/{COMMIT}/one.safetensors"
SIZE = len(ONE) + len(TWO) + len(CONFIG)


@contextmanager
def a_hub(manifest: Path) -> Iterator[Hub]:
    with serve() as hub:
        hub.put("one.safetensors", ONE)
        hub.put("vae/config.json", CONFIG)
        hub.put("vae/two.safetensors", TWO)
        write_manifest(manifest, hub.address)
        yield hub


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GLAZE_PACKS", str(tmp_path / "packs"))
    monkeypatch.setenv("GLAZE_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("GLAZE_PREFERENCES", str(tmp_path / "preferences.json"))
    monkeypatch.setattr(stream, "PAUSES", (0.01,) * 3)
    monkeypatch.setattr(hub_client, "PATIENCE", 2.0)
    with a_hub(tmp_path / "weights") as ours:
        monkeypatch.setenv("HF_ENDPOINT", ours.address)
        yield ours


@pytest.fixture
def section(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandardSection]:
    assert hub.asked == []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    scratch = quiet()
    worker = Worker(previews=scratch / "previews", log=tmp_path / "log.txt", engine=StandIn())
    desk = Desk(worker, None, scratch)
    yield make(desk)
    desk.fetcher.stop()
    desk.fetcher.wait(PATIENCE)
    worker.close()


def make(desk: Desk, words: Words = EN) -> StandardSection:
    import gradio as gr

    from glaze.studio.packs_section import StandardSection

    def build() -> StandardSection:
        with gr.Blocks(analytics_enabled=False):
            return StandardSection(words, desk, desk.fetcher, "pack")

    return in_a_loop(build)


def make_large(desk: Desk) -> StudioSection:
    import gradio as gr

    from glaze.studio.packs_section import StudioSection

    def build() -> StudioSection:
        with gr.Blocks(analytics_enabled=False):
            return StudioSection(EN, desk, desk.studio_fetcher, "studio")

    return in_a_loop(build)


def offered(shown: Updates, section: StandardSection | StudioSection) -> list[str]:
    """What there is to choose from."""
    choice = shown[section.choice]
    assert choice["visible"] == bool(choice["choices"])
    return [value for _, value in choice["choices"]]


def buttons(section: StandardSection) -> set[str]:
    """Those that can be pressed now, by what they do."""
    shown = section.shown()
    return {
        name
        for name in ("ask", "go", "later", "cancel", "remove")
        if shown[getattr(section, name)]["visible"] and shown[getattr(section, name)].get("interactive", True)
    }


def planned(section: StandardSection) -> None:
    section.on_ask()
    section.desk.fetcher.wait(PATIENCE)


class TestWithoutABrowser:
    def test_looking_at_the_page_asks_nobody(self, section: StandardSection, hub: Hub) -> None:
        shown = section.shown()
        assert EN("packs.absent") in shown[section.here]
        assert shown[section.news] == ""
        assert buttons(section) == {"ask"}
        assert shown[section.choice]["visible"] is False, "there is nothing to choose yet"
        assert hub.asked == []

    def test_size_room_and_licences_are_told_before_anything_comes(self, section: StandardSection, hub: Hub) -> None:
        planned(section)
        shown = section.shown()
        assert EN.size(SIZE) in shown[section.news]
        assert str(packs_folder()) in shown[section.news]
        assert 'href="https://example.org/licence"' in shown[section.news]
        assert buttons(section) == {"go", "later"}
        assert {method for method, *_ in hub.asked} == {"HEAD"}
        section.on_stop()
        assert buttons(section) == {"ask"}

    def test_it_comes_and_is_used(self, section: StandardSection) -> None:
        planned(section)
        assert section.on_go()[section.timer]["active"] is True
        section.desk.fetcher.wait(PATIENCE)
        shown = section.shown()
        assert EN("packs.done") in shown[section.news]
        assert EN("packs.here", size=EN.size(SIZE)) in shown[section.here]
        assert buttons(section) == {"remove"}
        assert shown[section.timer]["active"] is False
        assert shown[section.choice] == {**shown[section.choice], "visible": True, "value": "packs"}
        again = make(section.desk, JA)
        assert JA("packs.here", size=JA.size(SIZE)) in again.shown()[again.here], "another tab sees the same"

    def test_progress_is_told_and_it_can_be_stopped(self, section: StandardSection, hub: Hub) -> None:
        hub.faults[PATH_ONE] = [slowly(0.02)]
        planned(section)
        section.on_go()
        fetcher = section.desk.fetcher
        while fetcher.now.progress is None or not fetcher.now.progress.done:
            assert fetcher.now.busy
        assert buttons(section) == {"cancel"}
        told = section.shown()[section.news]
        assert "File 1 of 3" in told
        assert EN.size(SIZE) in told
        section.on_stop()
        fetcher.wait(PATIENCE)
        assert section.desk.fetcher.now.step is Step.STOPPED
        assert EN.html("error.Cancelled.download") in section.shown()[section.news]
        assert buttons(section) == {"ask"}
        planned(section)
        section.on_go()
        fetcher.wait(PATIENCE)
        assert EN("packs.done") in section.shown()[section.news]
        assert hub.got(PATH_ONE)[-1] is not None, "it went on where it was stopped"

    def test_what_goes_wrong_is_told_and_can_be_tried_again(self, section: StandardSection, hub: Hub) -> None:
        hub.faults[PATH_ONE] = [drops(300_000), *[drops(0)] * 9]
        planned(section)
        section.on_go()
        section.desk.fetcher.wait(PATIENCE)
        told = section.shown()[section.news]
        assert 'role="alert"' in told
        assert "0.3 MB of the file are kept" in told
        assert buttons(section) == {"ask"}
        hub.faults[f"HEAD {PATH_ONE}"] = [status(404)]
        planned(section)
        assert "does not have" in section.shown()[section.news]

    def test_it_is_removed(self, section: StandardSection) -> None:
        planned(section)
        section.on_go()
        section.desk.fetcher.wait(PATIENCE)
        shown = section.on_remove()
        assert EN("packs.removed", size=EN.size(SIZE)) in shown[section.news]
        assert EN("packs.absent") in shown[section.here]
        assert buttons(section) == {"ask"}

    def test_part_of_it_is_told_as_part(self, section: StandardSection) -> None:
        packs_folder().mkdir(parents=True)
        (packs_folder() / "one.safetensors").write_bytes(ONE)
        told = EN("packs.partly", here=1, all=3, size=EN.size(len(ONE)))
        assert told in section.shown()[section.here]
        assert buttons(section) == {"ask", "remove"}

    def test_what_glazes_look_through_is_kept(self, section: StandardSection) -> None:
        packs_folder().mkdir(parents=True)
        (packs_folder() / "one.safetensors").write_bytes(ONE)
        shown = section.on_choice("bundled")
        assert EN("settings.kept") in shown[section.choice_notice]
        assert preferences.load().settings.engine is Engine.BUNDLED
        assert shown[section.choice]["value"] == "bundled"

    def test_with_full_encoders_there_is_more_to_choose(
        self, section: StandardSection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("GLAZE_WEIGHTS")
        packs_folder().mkdir(parents=True)
        assert not offered(section.shown(), section)
        put_full(packs_folder())
        shown = section.on_choice("full")
        assert offered(shown, section) == ["packs", "full", "tiny", "bundled"]
        assert preferences.load().settings.engine is Engine.FULL
        assert (EN("engine.packs.best"), "packs") in shown[section.choice]["choices"]
        remove(load_pack("studio"))
        (packs_folder() / "taesd.safetensors").write_bytes(ONE)
        assert offered(section.shown(), section) == ["packs", "full", "bundled"], "what was chosen stays there"

    def test_how_pictures_are_redrawn_is_asked_where_stable_diffusion_is_here(
        self, section: StandardSection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("GLAZE_WEIGHTS")
        large = make_large(section.desk)
        assert not offered(large.shown(), large)
        model = put_stable_diffusion(packs_folder())
        assert offered(large.shown(), large) == ["packs", "patches"]
        monkeypatch.setattr("glaze.glazing.redrawing_time", lambda _size, _effort: 240.0)
        assert (EN("redraw.packs.timed", time=EN.about(240.0)), "packs") in large.timed()["choices"]
        shown = large.on_choice("patches")
        assert EN("settings.kept") in shown[large.choice_notice]
        assert preferences.load().settings.redraw is Redraw.PATCHES
        section.on_choice("bundled")
        assert not offered(large.shown(), large), "by patches whatever is chosen"
        section.on_choice("packs")
        (model / "model_index.json").unlink()
        assert not offered(large.shown(), large)

    def test_each_pack_has_its_own_download(self, section: StandardSection, hub: Hub) -> None:
        large = make_large(section.desk)
        large.on_ask()
        large.fetcher.wait(PATIENCE)
        assert "studio" in large.shown()[large.here], "this manifest has no such pack"
        assert hub.asked == []
        assert section.fetcher.now.step is Step.IDLE

    def test_a_mistake_of_glaze_itself_gets_an_answer(
        self, section: StandardSection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise ZeroDivisionError("by nought")

        monkeypatch.setattr("glaze.download.look_up", broken)
        planned(section)
        assert "by nought" in section.shown()[section.news]
        assert buttons(section) == {"ask"}


@pytest.mark.browser
def test_in_the_browser(browser: Browser, tmp_path: Path) -> None:
    with a_hub(tmp_path / "weights") as hub:
        environ = {"GLAZE_WEIGHTS": str(tmp_path / "weights"), "HF_ENDPOINT": hub.address, "GLAZE_NO_BROWSER": "1"}
        go = threading.Event()
        hub.faults[PATH_ONE] = [waits(go)]
        command = ["-c", STUDIO, json.dumps({"steps": 2}), "studio"]
        with guard.studio(tmp_path, command, **environ) as address:
            studio = Studio(address=address, folder=tmp_path, hold=tmp_path / "hold")
            tab = studio.open(browser, "ja-settings", locale="ja")
            tab.click("#pack-ask")
            tab.click("#pack-go")
            tab.wait_for_selector("#pack-news [role=progressbar]")
            tab.reload()
            tab.wait_for_selector("#pack-cancel")
            go.set()
            tab.wait_for_selector(f"#pack-news :text('{JA('packs.done')}')")
            assert JA("packs.here", size=JA.size(SIZE)) in tab.inner_text("#pack-here")
            tab.click("#engine label:has(input[value=bundled])")
            tab.wait_for_selector(f"#pack-here :text('{JA('packs.unused', size=JA.size(SIZE))}')")
            tab.click("#pack-remove")
            tab.wait_for_selector(f"#pack-here :text('{JA('packs.absent')}')")
            assert studio.strangers == []
            tab.context.close()
