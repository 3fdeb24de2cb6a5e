"""Pictures that come while others are still on their way into the page: none is lost."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import Studio, open_studio
from tests.stand_in import draw

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

UPLOAD = re.compile(r"/upload(\?|$)")
# As from a folder of this computer. Whether the browser would go to the file itself then.
DROP = """([where, name, data]) => {
    const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0)), dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name, {type: 'image/png'}));
    const at = document.querySelector(where), how = {bubbles: true, cancelable: true, dataTransfer};
    return ['dragover', 'drop'].map((kind) => at.dispatchEvent(new DragEvent(kind, how))).includes(true);
}"""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with open_studio(tmp_path_factory.mktemp("studio"), {"steps": 2}) as opened:
        yield opened


@dataclass
class Gate:
    """Uploads that have not been let through yet, and whether those that come still wait."""

    held: list[Route] = field(default_factory=list)
    shut: bool = True

    def hold(self, route: Route) -> None:
        if self.shut:
            self.held.append(route)
        else:
            route.continue_()

    def let_through(self, page: Page, count: int) -> None:
        """All, once there are so many of them."""
        while len(self.held) < count:
            page.wait_for_timeout(20)
        self.shut = False
        for route in self.held:
            route.continue_()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    return [draw(tmp_path / f"{name}.png", 90, 70, seed=seed) for seed, name in enumerate("abc")]


def visit(studio: Studio, browser: Browser, path: str, gate: Gate) -> Page:
    page = studio.open(browser, path)
    page.route(UPLOAD, gate.hold)
    return page


def drop(page: Page, picture: Path, where: str) -> None:
    data = base64.b64encode(picture.read_bytes()).decode()
    assert not page.evaluate(DROP, [where, picture.name, data]), "the browser would leave the page"


@pytest.mark.browser
class TestWhileOneIsOnItsWay:
    def test_of_two_pictures_the_page_shows_the_last(
        self, studio: Studio, browser: Browser, gate: Gate, pictures: list[Path]
    ) -> None:
        page = visit(studio, browser, "en", gate)
        drop(page, pictures[0], "#drop button")
        page.wait_for_selector("#drop input", state="detached")
        drop(page, pictures[1], "#drop")
        gate.let_through(page, 1)
        page.wait_for_selector("#picture:has-text('b.png')")
        assert page.is_enabled("#glaze")
        page.context.close()

    def test_a_portfolio_gets_all_of_them_once(
        self, studio: Studio, browser: Browser, gate: Gate, pictures: list[Path]
    ) -> None:
        page = visit(studio, browser, "en-portfolio", gate)
        drop(page, pictures[0], "#drop button")
        page.wait_for_selector("#drop input", state="detached")
        for picture in pictures[1:]:
            drop(page, picture, "#drop")
        gate.let_through(page, 1)
        page.wait_for_selector(".queue tr.done >> nth=2")
        assert page.locator(".queue tbody .name").all_inner_texts() == ["a.png", "b.png", "c.png"]
        page.context.close()

    def test_what_is_dropped_beside_the_field_takes_nobody_away(
        self, studio: Studio, browser: Browser, gate: Gate, pictures: list[Path]
    ) -> None:
        page = visit(studio, browser, "en", gate)
        drop(page, pictures[0], "#controls")
        page.context.close()

    @pytest.mark.parametrize("first", ["picture", "decoy"])
    def test_a_picture_and_a_decoy_in_the_same_instant(
        self, studio: Studio, browser: Browser, gate: Gate, pictures: list[Path], first: str
    ) -> None:
        page = visit(studio, browser, "en", gate)
        page.click("#decoy-way input[value=own]")
        page.wait_for_selector("#decoy-own:visible")
        fields = {"picture": ("#drop", pictures[0]), "decoy": ("#decoy", pictures[1])}
        for at, picture in sorted(fields.values(), reverse=first == "picture"):
            page.set_input_files(f"{at} input[type=file]", str(picture))
        gate.let_through(page, 2)
        page.wait_for_selector("#picture:has-text('a.png')")
        page.wait_for_selector("#decoy img")
        assert page.is_enabled("#glaze")
        page.context.close()
