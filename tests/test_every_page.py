"""Every page in every language and at every width, with something on it; and what axe-core holds of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from glaze.studio.page import route
from glaze.studio.reading import manual
from glaze.studio.words import Words, languages, load
from tests.accessibility import barriers, violations
from tests.browser import Studio, open_studio
from tests.stand_in import draw

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EN, JA = load("en"), load("ja")
# German is long, Japanese is broken anywhere: what they leave room for has room for the others.
WIDTHS: Final = [(code, width) for code in ("en", "ja") for width in (390, 820, 1440)] + [("de", 390)]
# What is on each page when all of it has arrived, and what one works it with.
ARRIVED: Final = {
    "glaze": "#slider img >> nth=1",
    "portfolio": ".queue img >> nth=3",
    "inspect": "#result .outlasts",
    "computer": ".times",
    "settings": ".places",
}
CONTROLS: Final = {
    "glaze": "#glaze, #preview, #another, #download, #decoy-way input, #intensity input, #render input, [role=tab]",
    "portfolio": "#pause, #stop-all, #clear, #zip, #change-all, #add, #folder input, .queue button, .queue a",
    "inspect": "#another-picture, #another-glazed, #glazed-with button, #inspect-button",
    "computer": "#again, a.go",
    "settings": "#folder-use, #folder input, .choices button, #intensity input, #check-updates input, #keep-gps input",
}
# Of what can be pressed: what sticks out of the window, what lies beneath something else, and what has no name.
AMISS: Final = """(selector) => [...document.querySelectorAll(selector)].filter((one) => {
    if (!one.checkVisibility({visibilityProperty: true}) || one.closest('.visually-hidden, [aria-hidden=true]'))
        return false;
    one.scrollIntoView({block: 'center', inline: 'nearest'});
    const {left, right, top, bottom, width} = one.getBoundingClientRect();
    // A link in running text may be broken, and then there is nothing of it in the middle.
    const above = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const hit = above && (one.contains(above) || above.closest('label')?.contains(one) || one.getClientRects()[1]);
    return width > 0 && (left < 0 || right > innerWidth || !hit);
}).map((one) => one.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Studio]:
    """One in which every page has something to show, brought there through the pages."""
    folder = tmp_path_factory.mktemp("studio")
    with open_studio(folder, {"steps": 3}) as opened:
        _fill(opened, browser, folder)
        yield opened
        opened.hold.unlink(missing_ok=True)


def _fill(studio: Studio, browser: Browser, folder: Path) -> None:
    picture = draw(folder / "a-picture-with-a-name-that-has-no-place-to-break-it-in-two.png", 900, 600)
    page = studio.open(browser, "en")
    page.set_input_files("#drop input[type=file]", str(picture))
    page.wait_for_selector("#picture img")
    page.click("#glaze")
    page.wait_for_selector("#download")

    page.goto(f"{studio.address.rstrip('/')}/en-inspect")
    page.wait_for_selector("body.ready")
    for which, path in (("picture", picture), ("glazed", next(studio.results.glob("*.png")))):
        page.set_input_files(f"#drop-{which} input[type=file]", str(path))
        page.wait_for_selector(f"#shown-{which} img")
    page.click("#inspect-button")
    page.wait_for_selector("#result .verdict")

    page.goto(f"{studio.address.rstrip('/')}/en-portfolio")
    page.wait_for_selector("body.ready")
    (folder / "no picture.png").write_bytes(b"no picture")
    done = draw(folder / "夏の海.png", seed=1)
    for path, state in ((done, "done"), (done, "skipped"), (folder / "no picture.png", "failed")):
        page.set_input_files("#drop input[type=file]", str(path))
        page.wait_for_selector(f".queue tr.{state}:last-child:has-text('{path.name}')")
    studio.hold.touch()
    waiting = [draw(folder / f"waiting {n}.png", 200, 300, seed=2 + n) for n in range(3)]
    page.set_input_files("#drop input[type=file]", [str(path) for path in waiting])
    page.wait_for_selector(".queue tr.queued >> nth=1")
    page.click(".queue tr.queued [data-does=stop] >> nth=1")
    page.wait_for_selector(".queue tr.cancelled")
    page.wait_for_selector(".queue tr.running")
    page.context.close()


@pytest.fixture
def visit(studio: Studio, browser: Browser) -> Iterator[Visit]:
    yield Visit(studio, browser)
    for context in browser.contexts:
        context.close()
    assert studio.strangers == [], "the page asked someone else for something"


class Visit:
    """Opens a page and waits until all of it is there."""

    def __init__(self, studio: Studio, browser: Browser) -> None:
        self.studio, self.browser = studio, browser

    def __call__(self, words: Words, name: str, width: int = 1440) -> Page:
        viewport = {"width": width, "height": 900}
        page = self.studio.open(self.browser, route(words.language, name), viewport=viewport)
        page.wait_for_selector(ARRIVED[name])
        return page


def english_beside(words: Words) -> set[str]:
    """Lines that an English page has and this language's has not, not even elsewhere or as a language's own name."""
    own = {line for text in words.texts.values() for line in text.splitlines()}
    names = {load(code)("language.name") for code in languages()}
    return {line for text in EN.texts.values() for line in text.splitlines()} - own - names


@pytest.mark.browser
@pytest.mark.parametrize("name", ARRIVED)
class TestEveryPage:
    @pytest.mark.parametrize(("language", "width"), WIDTHS)
    def test_all_of_it_can_be_seen_and_worked(self, visit: Visit, language: str, name: str, width: int) -> None:
        words = load(language)
        page = visit(words, name, width)
        assert page.get_attribute("html", "lang") == language
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "something sticks out"
        for control in CONTROLS[name].split(", "):
            page.locator(control).first.wait_for()  # gradio shows one after the other
        assert page.evaluate(AMISS, "button, a[href], input, [role=tab]") == []
        assert page.locator("nav.pages a:not([target])").count() == len(ARRIVED)
        assert page.get_attribute("nav.pages a[target]", "href") == manual(language)
        assert {line.strip() for line in page.inner_text("body").splitlines()} & english_beside(words) == set()

    def test_nothing_keeps_anyone_out(self, visit: Visit, name: str) -> None:
        assert barriers(visit(EN, name)) == []

    def test_nothing_keeps_japanese_out(self, visit: Visit, name: str) -> None:
        assert violations(visit(JA, name, 390)) == []


@pytest.mark.browser
@pytest.mark.parametrize(
    "harm",
    [
        "one.style.cssText = 'position:fixed;left:2000px'",
        "document.body.insertAdjacentHTML('beforeend', '<p style=\"position:fixed;inset:0;z-index:9999\">over</p>')",
    ],
    ids=["beside", "beneath"],
)
def test_what_is_amiss_is_found(visit: Visit, harm: str) -> None:
    page = visit(EN, "computer")
    assert page.evaluate(AMISS, "#again") == []
    page.evaluate(f"one => {{ {harm} }}", page.query_selector("#again"))
    assert len(page.evaluate(AMISS, "#again")) == 1
