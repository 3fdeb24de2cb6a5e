"""Every page in every language, in a real browser: no English remains, and nothing sticks out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from glaze.studio.words import FALLBACK, languages, load
from tests.browser import PATIENCE, Studio, open_studio
from tests.stand_in import draw

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGES: Final = ("", "-portfolio", "-inspect", "-computer", "-settings")
# What is wider than the window and cannot be moved into it. Toasts and hidden fields of gradio lie outside on purpose.
STICKS_OUT: Final = """() => {
    const moved = (element) => element.closest(
        '.scroll, .flip .mount, #slider, .toast-wrap, .tab-container, .visually-hidden, caption'
    );
    const wide = [...document.querySelectorAll('body *')].filter((element) => {
        const box = element.getBoundingClientRect();
        return element.checkVisibility({visibilityProperty: true}) && box.width > 1 && !moved(element)
            && (box.right > window.innerWidth + 1 || box.left < -1);
    });
    return wide.map((element) => element.outerHTML.slice(0, 120));
}"""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with open_studio(tmp_path_factory.mktemp("studio"), {"steps": 2}) as opened:
        yield opened


def show(browser: Browser, studio: Studio, path: str, width: int) -> Page:
    """A page in a browser of its own that asks for English, whatever the page's language is."""
    page = browser.new_context(locale="en-US", viewport={"width": width, "height": 844}).new_page()
    page.set_default_timeout(15000)
    page.goto(studio.address.rstrip("/") + f"/{path}")
    page.wait_for_selector("body.ready")
    return page


def lines(page: Page) -> set[str]:
    return {line.strip() for line in page.inner_text("body").splitlines()}


@pytest.fixture(autouse=True)
def closed(browser: Browser) -> Iterator[None]:
    yield
    for context in browser.contexts:
        context.close()


@pytest.mark.parametrize("language", languages())
def test_each_page_speaks_its_language_and_keeps_within_a_telephone(
    browser: Browser, studio: Studio, tmp_path: Path, language: str
) -> None:
    words, english = load(language), load(FALLBACK).texts
    names = {load(code)("language.name") for code in languages()}
    foreign = {line for key, text in english.items() if words.texts[key] != text for line in text.splitlines()} - names
    # A word may be English in one place and this language's own in another.
    foreign -= {line for text in words.texts.values() for line in text.splitlines()}
    for name in PAGES:
        page = show(browser, studio, f"{language}{name}", 390)
        if name == "-settings":
            page.wait_for_selector(".places")
        if name == "-computer":
            page.wait_for_selector(".times")
        assert page.get_attribute("html", "lang") == language
        assert page.evaluate(STICKS_OUT) == []
        told = lines(page)
        if name == "":
            page.locator("#another:visible, #drop:visible").first.wait_for()
            if page.is_visible("#another"):
                # What was glazed in the language before.
                page.click("#another")
            page.set_input_files("#drop input[type=file]", str(draw(tmp_path / "a.png", seed=hash(language) % 2**31)))
            page.wait_for_selector("#picture img")
            page.click("#glaze")
            page.wait_for_selector("#download")
            page.wait_for_selector(".result")
            assert page.evaluate(STICKS_OUT) == []
            told |= lines(page)
        if name == "-portfolio":
            page.wait_for_selector(".queue tr, .queue caption")
            assert page.evaluate(STICKS_OUT) == []
            told |= lines(page)
        assert told & foreign == (told & foreign if language == FALLBACK else set())


def test_the_settings_offer_each_language_by_its_own_name(browser: Browser, studio: Studio) -> None:
    page = show(browser, studio, "ko-settings", 1440)
    offered = page.locator("#settings .choices").first.locator("button").all_inner_texts()
    assert offered == [*(load(code)("language.name") for code in languages()), load("ko")("settings.language.browser")]
    page.click("#settings button:text-is('Deutsch')")
    page.wait_for_url("**/de-settings")
    page.wait_for_selector("html[lang=de]")
    assert json.loads((studio.folder / "preferences.json").read_text())["language"] == "de"
