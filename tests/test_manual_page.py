"""The manual in a real browser, as the studio gives it out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from glaze.studio.reading import manual
from glaze.studio.words import load
from tests.accessibility import violations
from tests.browser import Studio, open_studio

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
# One with pictures side by side, one with a wide table, one of plain text, the first.
LOOKED_AT = ("index", "levels", "measured", "limits")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with open_studio(tmp_path_factory.mktemp("manual"), {"steps": 2}) as opened:
        yield opened


@pytest.fixture
def page(studio: Studio, browser: Browser) -> Iterator[Page]:
    """A browser's own page; every request that it makes is heard, and every answer that is none."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    unanswered: list[str] = []
    context.on("request", lambda request: studio.hear(request.url))
    context.on("response", lambda answer: unanswered.append(answer.url) if answer.status >= 400 else None)
    yield page
    assert studio.strangers == [], "nothing leaves this computer"
    assert unanswered == []
    context.close()


def at(studio: Studio, path: str) -> str:
    return studio.address.rstrip("/") + path


def test_the_help_of_a_page_opens_it_in_the_pages_language(studio: Studio, page: Page) -> None:
    for language, title in (("ja", "Glazeの手引き"), ("de", "Glaze, the manual")):
        page.goto(at(studio, f"/{language}"))
        page.wait_for_selector("body.ready")
        with page.context.expect_page() as opening:
            page.click(f"nav.pages a:text-is('{load(language)('nav.manual')}')")
        read = opening.value
        assert read.inner_text("h1").startswith(title)
        assert read.get_attribute("html", "lang") == ("ja" if language == "ja" else "en")
        read.close()


def test_one_can_change_the_language_and_stay_where_one_is(studio: Studio, page: Page) -> None:
    page.goto(at(studio, manual("en", "limits")))
    page.hover(".md-select")
    page.click(".md-select a[hreflang=ja]")
    page.wait_for_url(at(studio, manual("ja", "limits")))
    assert page.inner_text("h1").startswith("危険と限界")


@pytest.mark.parametrize(
    ("language", "word", "found"), [("en", "upscaling", "Risks and limits"), ("ja", "除去", "危険と限界")]
)
def test_it_can_be_searched(studio: Studio, page: Page, language: str, word: str, found: str) -> None:
    page.goto(at(studio, manual(language)))
    page.click("input.md-search__input")
    page.keyboard.type(word)
    page.locator(".md-search-result__item h1", has_text=found).wait_for()


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("name", LOOKED_AT)
def test_it_fits_and_keeps_nobody_out(studio: Studio, page: Page, language: str, name: str) -> None:
    page.goto(at(studio, manual(language, name)))
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "something sticks out"
        page.wait_for_function("[...document.images].every((one) => one.complete && one.naturalWidth > 0)")
    assert violations(page) == []
