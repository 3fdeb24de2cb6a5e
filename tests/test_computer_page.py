"""The page of this computer: what its handlers answer, and the whole of it in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from glaze import device, glazing, machine, preferences
from glaze.errors import WeightsError
from glaze.jobs import Worker
from glaze.machine import Card, Findings, Machine, Maker, TorchBuild
from glaze.settings import GlazeSettings, Render
from glaze.studio import findings
from glaze.studio.desk import Desk
from glaze.studio.quiet import quiet
from glaze.studio.words import Words, load
from tests.browser import PATIENCE, Studio, in_a_loop, open_studio
from tests.stand_in import StandIn, estimate

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from glaze.studio.computer_page import ComputerPage

EN, JA = load("en"), load("ja")
PC = Machine(processors=8, memory=16_000_000_000, bits=64, python=(3, 12), system="Windows")
GTX_1660 = Card(maker=Maker.NVIDIA, name="NVIDIA GeForce GTX 1660", memory=6 * 2**30, driver="560.1")
RTX_3060 = Card(maker=Maker.NVIDIA, name="NVIDIA GeForce RTX 3060", memory=12 * 2**30, driver="560.1")


def computer(*cards: Card, pc: Machine = PC) -> Findings:
    return Findings(pc, "A <processor>", cards, TorchBuild(version="2.13.0", cuda="12.9"))


class Look:
    """In the place of machine.look."""

    def __init__(self, found: Findings) -> None:
        self.found = found
        self.asked: list[bool] = []

    def __call__(self, *, with_torch: bool = False) -> Findings:
        self.asked.append(with_torch)
        return self.found


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Look:
    look = Look(computer(GTX_1660))
    monkeypatch.setattr(machine, "look", look)
    return look


@pytest.fixture
def page(look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ComputerPage:
    del look
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GLAZE_PREFERENCES", str(tmp_path / "preferences.json"))
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    monkeypatch.setattr(glazing, "estimate", estimate)
    quiet()
    import gradio as gr

    from glaze.studio.computer_page import ComputerPage

    def build() -> ComputerPage:
        with gr.Blocks(analytics_enabled=False) as blocks:
            return ComputerPage(EN, Desk(Worker(engine=StandIn()), None, tmp_path), blocks)

    return in_a_loop(build)


def seconds(render: Render) -> str:
    return EN.about(estimate(findings.PICTURE, GlazeSettings(render=render)))


class TestWithoutABrowser:
    def test_what_was_found_does_not_wait_for_the_times(
        self, page: ComputerPage, look: Look, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(glazing, "estimate", lambda *_: pytest.fail("asked for times"))
        updates = page.on_open()
        assert page.times not in updates, "it says already that they are being found out"
        assert look.asked == [False], "torch is not waited for either"
        assert "<td>NVIDIA GeForce GTX 1660</td>" in updates[page.table]
        assert "A &lt;processor&gt;" in updates[page.table]
        assert EN("computer.go_on") in updates[page.go]

    def test_the_times_follow(self, page: ComputerPage) -> None:
        page.on_open()
        updates = page.on_times()
        for render in Render:
            assert f"<td>{seconds(render)}</td>" in updates[page.times]
        assert seconds(Render.DEFAULT) in updates[page.go]
        preferences.change(render=Render.SLOWEST)
        assert seconds(Render.SLOWEST) in page.on_times()[page.go], "as the page that glazes begins"

    def test_it_looks_once_until_asked_again(self, page: ComputerPage, look: Look) -> None:
        for _ in range(2):
            page.on_open()
            page.on_times()
        assert look.asked == [False, True]
        assert EN("computer.same") in page.on_again()[page.notice]
        look.found = computer(RTX_3060)
        updates = page.on_again()
        assert EN("computer.changed") in updates[page.notice]
        assert "RTX 3060" in updates[page.table]
        assert EN("computer.timing") in updates[page.times], "the times are found out anew"

    @pytest.mark.parametrize(
        ("found", "elsewhere"),
        [
            (computer(GTX_1660), True),
            (computer(), True),
            (computer(pc=replace(PC, system="Darwin")), True),
            (computer(pc=replace(PC, memory=4_000_000_000)), True),
            (computer(RTX_3060), False),
        ],
    )
    def test_webglaze_is_pointed_to_where_the_verdict_says_so(
        self, page: ComputerPage, look: Look, found: Findings, elsewhere: bool
    ) -> None:
        look.found = found
        verdict = page.on_open()[page.verdict]
        assert findings.sentence(EN, found) in verdict
        assert (EN("computer.elsewhere") in verdict) is elsewhere
        link = f'<a href="{machine.WEBGLAZE}" target="_blank" rel="noreferrer">{machine.WEBGLAZE}</a>'
        assert verdict.count(link) == elsewhere

    @pytest.mark.parametrize(
        ("found", "used", "told"),
        [(computer(GTX_1660), True, True), (computer(GTX_1660), False, False), (computer(RTX_3060), True, False)],
    )
    def test_a_card_that_is_not_supported_and_used_all_the_same_is_told(
        self,
        page: ComputerPage,
        look: Look,
        monkeypatch: pytest.MonkeyPatch,
        found: Findings,
        used: bool,
        told: bool,
    ) -> None:
        look.found = found
        monkeypatch.setattr(device, "best_device", lambda: torch.device("cuda", 0) if used else device.PROCESSOR)
        assert EN("computer.tried").partition("'")[0] not in page.on_open()[page.verdict], "torch was not asked yet"
        assert (EN("computer.tried").partition("'")[0] in page.on_times()[page.verdict]) is told

    def test_a_computer_that_cannot_go_on_is_offered_nothing_here(self, page: ComputerPage, look: Look) -> None:
        look.found = computer(pc=replace(PC, memory=2_000_000_000))
        updates = page.on_open()
        assert updates[page.go] == ""
        assert "3 GB" in updates[page.verdict]
        assert page.on_times()[page.times] == ""

    @pytest.mark.parametrize("fault", [WeightsError("missing", path="w.safetensors"), ImportError("libtorch <x>")])
    def test_times_that_cannot_be_found_out_are_said_to_be_missing(
        self, page: ComputerPage, monkeypatch: pytest.MonkeyPatch, fault: Exception
    ) -> None:
        def refuse(*_: object) -> float:
            raise fault

        monkeypatch.setattr(glazing, "estimate", refuse)
        updates = page.on_times()
        assert ("w.safetensors" if isinstance(fault, WeightsError) else "libtorch &lt;x&gt;") in updates[page.times]
        assert "GTX 1660" in updates[page.table], "the rest is there"
        assert EN("computer.go_on") in updates[page.go]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with open_studio(tmp_path_factory.mktemp("studio"), {"steps": 2}) as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser, studio: Studio) -> Iterator[Any]:
    def open_page(language: str, **options: Any) -> Page:
        tab = browser.new_context(viewport={"width": 1440, "height": 900}, **options).new_page()
        tab.set_default_timeout(PATIENCE)
        tab.goto(f"{studio.address.rstrip('/')}/{language}-computer")
        tab.wait_for_selector("body.ready")
        tab.wait_for_selector(".times")
        return tab

    yield open_page
    for context in browser.contexts:
        context.close()


@pytest.mark.browser
class TestInTheBrowser:
    @pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
    def test_it_says_what_was_found_and_how_long_pictures_take(self, visit: Any, words: Words) -> None:
        tab = visit(words.language)
        assert tab.title() == f"{words('nav.computer')} · {words('page.title')}"
        found = machine.look()
        assert words.html("computer.processor") in tab.inner_text("#found")
        assert findings.sentence(words, found) in tab.inner_text(".verdict")
        for render in Render:
            told = words.about(estimate(findings.PICTURE, GlazeSettings(render=render)))
            assert told in tab.inner_text("#times")
        if words is JA:
            same = {text for key, text in JA.texts.items() if EN.texts[key] == text} | {"English"}
            lines = tab.inner_text("body").splitlines()
            assert [text for text in EN.texts.values() if text in lines and text not in same] == []
        tab.click(f"text={words('computer.again')}")
        tab.wait_for_selector(f"text={words('computer.same')}")
        tab.click(f".go:text-is('{words('computer.go_on')}')")
        tab.wait_for_selector("#drop")
        assert tab.get_attribute("html", "lang") == words.language

    def test_webglaze_opens_in_a_tab_of_its_own(self, visit: Any) -> None:
        tab = visit("en")
        links = tab.locator(f'a[href="{machine.WEBGLAZE}"]')
        assert links.count() >= 1
        for link in links.all():
            assert (link.get_attribute("target"), link.get_attribute("rel")) == ("_blank", "noreferrer")

    def test_it_can_be_heard(self, visit: Any) -> None:
        tab = visit("en")
        heard = tab.locator("#computer").aria_snapshot()
        assert re.search(r"table .*1500 . 1000 px", heard)
        assert 'rowheader "Quick a first try"' in heard
        assert f'columnheader "{EN("computer.takes")}"' in heard
        levels = tab.eval_on_selector_all("h1, h2, h3", "all => all.map(h => Number(h.tagName[1]))")
        assert levels[0] == 1
        assert all(level <= before + 1 for before, level in pairwise(levels)), levels

    @pytest.mark.parametrize("width", [390, 820, 1440])
    def test_nothing_sticks_out(self, visit: Any, width: int) -> None:
        tab = visit("en")
        tab.set_viewport_size({"width": width, "height": 844})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        for shown in tab.locator(".verdict, .elsewhere, .go, table, #again").all():
            box = shown.bounding_box()
            assert box is not None
            assert 0 <= box["x"] <= box["x"] + box["width"] <= width
