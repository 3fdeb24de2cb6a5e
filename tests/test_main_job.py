"""The jobs that people come for, in both languages and from the keyboard alone, and what axe-core holds meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest

from glaze.decoys.styles import STYLES
from glaze.studio.page import route
from glaze.studio.words import Words, load
from tests.accessibility import barriers, violations
from tests.browser import Studio, open_studio
from tests.stand_in import draw

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Download, Page

EN, JA = load("en"), load("ja")
SEEDS = count(5000)
both = pytest.mark.parametrize("words", [EN, JA], ids=["en", "ja"])
# More than any page has on the way from its top to what is wanted.
MOST_TABS = 60


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with open_studio(tmp_path_factory.mktemp("studio"), {"steps": 8, "pause": 0.05}) as opened:
        yield opened


@pytest.fixture
def visit(studio: Studio, browser: Browser) -> Iterator[Callable[..., Page]]:
    def open_page(words: Words, name: str = "glaze") -> Page:
        page = studio.open(browser, route(words.language, name))
        # From now on, and not only once a key is pressed that opens one.
        page.on("filechooser", lambda _: None)
        if name == "glaze":
            page.locator("#another:visible, #drop:visible").first.wait_for()
            if page.is_visible("#another"):
                page.click("#another")
            page.wait_for_selector("#drop")
        return page

    yield open_page
    studio.hold.unlink(missing_ok=True)
    for context in browser.contexts:
        context.close()
    assert studio.strangers == [], "the page asked someone else for something"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Like no other: what the studio glazed before it does not glaze twice."""
    return draw(tmp_path / f"月 & {next(SEEDS)}.png", seed=next(SEEDS))


def has_focus(page: Page, selector: str) -> bool:
    return bool(page.evaluate("selector => document.activeElement.matches(selector)", selector))


def focused(page: Page, selector: str) -> None:
    """Wait for the focus to come by itself."""
    page.wait_for_function("selector => document.activeElement.matches(selector)", arg=selector)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until something has the focus; it is seen to have it."""
    for _ in range(MOST_TABS):
        if has_focus(page, selector):
            break
        page.keyboard.press("Tab")
    assert has_focus(page, selector), f"Tab never came to {selector}"
    # Of what is hidden beneath a label or fills its frame, these have the outline.
    outline = """() => {
        const one = document.activeElement;
        return [one, one.nextElementSibling, one.parentElement].some((each) => each &&
            (getComputedStyle(each).outlineStyle !== 'none' || getComputedStyle(each).boxShadow !== 'none'));
    }"""
    assert page.evaluate(outline), f"nobody sees that {selector} has the focus"


def heard(page: Page, text: str) -> None:
    page.wait_for_selector(f'#heard:has-text("{text}")', state="attached")


def same_bytes(download: Download, written: Path) -> None:
    assert download.suggested_filename == written.name
    assert download.path().read_bytes() == written.read_bytes()


@pytest.mark.browser
class TestInBothLanguages:
    @both
    def test_glaze_a_picture(self, visit: Callable[..., Page], studio: Studio, words: Words, picture: Path) -> None:
        page = visit(words)
        page.set_input_files("#drop input[type=file]", str(picture))
        page.wait_for_selector("#picture img")
        page.click("#glaze")
        page.wait_for_selector("#download")
        with page.expect_download() as downloading:
            page.click("#download")
        same_bytes(downloading.value, studio.results / f"{picture.stem}-glazed.png")

    @both
    def test_glaze_a_portfolio(self, visit: Callable[..., Page], studio: Studio, words: Words, picture: Path) -> None:
        page = visit(words, "portfolio")
        more = [picture, draw(picture.with_name(f"{picture.stem} b.png"), seed=next(SEEDS))]
        page.set_input_files("#drop input[type=file]", [str(path) for path in more])
        for path in more:
            page.wait_for_selector(f".queue tr.done:has-text('{path.name}')")
        page.click("#zip")
        with page.expect_download() as downloading:
            page.click("#zip-link")
        with ZipFile(downloading.value.path()) as archive:
            for path in more:
                name = f"{path.stem}-glazed.png"
                assert archive.read(name) == (studio.results / name).read_bytes()
        with page.expect_download() as downloading:
            page.click(f".queue a:text-is('{picture.stem}-glazed.png')")
        same_bytes(downloading.value, studio.results / f"{picture.stem}-glazed.png")

    @both
    def test_inspect_a_pair(self, visit: Callable[..., Page], words: Words, picture: Path) -> None:
        page = visit(words, "inspect")
        for which in ("picture", "glazed"):
            away = page.locator(f"#another-{which}")
            if away.is_visible():
                away.click()
            page.set_input_files(f"#drop-{which} input[type=file]", str(picture))
            page.wait_for_selector(f"#shown-{which} img")
        page.click("#inspect-button")
        page.wait_for_selector("#result .verdict")
        found = words("inspect.found", percent="20", style=words.name("style", "woodcut"))
        assert found in page.inner_text("#result .verdict")
        heard(page, found)
        assert violations(page) == []


@pytest.mark.browser
class TestFromTheKeyboard:
    def choose(self, page: Page, field: str, picture: Path) -> None:
        """Open the window that asks for a file from the keyboard, and answer it."""
        tab_to(page, field)
        with page.expect_file_chooser() as choosing:
            page.keyboard.press("Enter")
        choosing.value.set_files(str(picture))

    def test_from_the_top_of_the_page_to_the_glazed_file(
        self, visit: Callable[..., Page], studio: Studio, picture: Path
    ) -> None:
        page = visit(EN)
        page.evaluate("Object.assign(document.querySelector('h1'), {tabIndex: -1}).focus()")
        self.choose(page, "#drop button[aria-dropeffect]", picture)
        page.wait_for_selector("#picture img")
        focused(page, "#intensity input:checked")
        page.keyboard.press("ArrowDown")
        assert page.is_checked("#intensity input[value=high]")
        tab_to(page, "#render input")
        page.keyboard.press("ArrowUp")
        assert page.is_checked("#render input[value=fast]")
        studio.hold.touch()
        tab_to(page, "#glaze")
        page.keyboard.press("Space")
        focused(page, "#cancel")
        heard(page, "Step 1 of 8")
        studio.hold.unlink()
        focused(page, "#download")
        heard(page, "38 % of the way to the decoy (woodcut)")
        with page.expect_download() as downloading:
            page.keyboard.press("Enter")
        same_bytes(downloading.value, studio.results / f"{picture.stem}-glazed.png")

        page.keyboard.press("Shift+Tab")
        self.back_to(page, "[role=tab]")
        page.get_by_role("tab", name=EN("compare.single")).focus()
        page.keyboard.press("Enter")
        tab_to(page, "#flip input[value=after]")
        page.keyboard.press("ArrowLeft")
        page.get_by_alt_text(EN("compare.before_alt"), exact=True).wait_for()
        assert not page.get_by_alt_text(EN("compare.after_alt"), exact=True).is_visible()

        tab_to(page, "#another")
        page.keyboard.press("Enter")
        focused(page, "#drop button[aria-dropeffect]")

    def back_to(self, page: Page, selector: str) -> None:
        for _ in range(MOST_TABS):
            if has_focus(page, selector):
                return
            page.keyboard.press("Shift+Tab")
        raise AssertionError(f"Shift and Tab never came to {selector}")

    def test_to_stop_and_to_try_first(self, visit: Callable[..., Page], studio: Studio, picture: Path) -> None:
        page = visit(JA)
        page.evaluate("Object.assign(document.querySelector('h1'), {tabIndex: -1}).focus()")
        self.choose(page, "#drop button[aria-dropeffect]", picture)
        page.wait_for_selector("#picture img")
        tab_to(page, "#preview")
        page.keyboard.press("Enter")
        page.wait_for_selector(".rough")
        focused(page, "#preview")
        studio.hold.touch()
        tab_to(page, "#glaze")
        page.keyboard.press("Enter")
        focused(page, "#cancel")
        page.keyboard.press("Enter")
        page.wait_for_selector(f"text={JA('status.cancelled')}")
        focused(page, "#intensity input:checked")

    def test_the_style_that_a_copy_was_glazed_in_can_be_named(self, visit: Callable[..., Page]) -> None:
        page = visit(JA, "inspect")
        tab_to(page, "#glazed-with button")
        page.keyboard.press("Enter")
        page.wait_for_selector("#style input:visible")
        tab_to(page, "#style input")
        page.wait_for_selector("[role=option].selected.active")
        page.keyboard.press("ArrowDown")
        page.wait_for_selector("[role=option].active:not(.selected)")
        page.keyboard.press("Enter")
        page.wait_for_function(
            "names => names.includes(document.querySelector('#style input').value)",
            arg=[JA.name("style", name) for name in STYLES],
        )
        assert violations(page) == []

    def test_a_mouse_leaves_the_focus_where_it_is(self, visit: Callable[..., Page], picture: Path) -> None:
        page = visit(EN)
        page.set_input_files("#drop input[type=file]", str(picture))
        page.wait_for_selector("#picture img")
        page.click("#glaze")
        page.click(".masthead p")
        page.wait_for_selector("#download")
        assert has_focus(page, "body")

    @pytest.mark.parametrize(("words", "width"), [(EN, 1440), (JA, 390)], ids=["en", "ja"])
    def test_a_decoy_for_one_picture_that_waits(
        self, visit: Callable[..., Page], studio: Studio, picture: Path, words: Words, width: int
    ) -> None:
        page = visit(words, "portfolio")
        page.set_viewport_size({"width": width, "height": 844})
        studio.hold.touch()
        others = [draw(picture.with_name(f"{picture.stem} {n}.png"), seed=next(SEEDS)) for n in range(2)]
        page.set_input_files("#drop input[type=file]", [str(path) for path in (picture, *others)])
        row = f".queue tr:has-text('{others[1].name}')"
        page.wait_for_selector(row)
        page.wait_for_selector(".queue tr.running")
        page.evaluate("Object.assign(document.querySelector('h1'), {tabIndex: -1}).focus()")
        if width < 700:
            # The settings lie below the list.
            tab_to(page, "#portfolio .jump")
            page.keyboard.press("Enter")
            focused(page, "#intensity input:checked")
        tab_to(page, "#decoy-way input")
        page.keyboard.press("ArrowDown")
        page.wait_for_selector("#decoy-style:visible")
        tab_to(page, "#decoy-style input")
        for _ in range(2):
            page.keyboard.press("ArrowRight")
        assert page.is_checked("#decoy-style input[value=woodcut]")
        if width < 700:
            tab_to(page, "#change .jump")
            page.keyboard.press("Enter")
            focused(page, ".queue button")
            tab_to(page, f'[aria-label="{words("portfolio.does.change")}: {others[1].name}"]')
        else:
            self.back_to(page, f'[aria-label="{words("portfolio.does.change")}: {others[1].name}"]')
        page.keyboard.press("Enter")
        woodcut = words.name("style", "woodcut")
        page.wait_for_selector(f"{row}:has-text('{words('portfolio.decoy.style', style=woodcut)}')")
        assert page.locator(f".queue :text-is('{words('portfolio.decoy.automatic')}')").count() >= 2
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        studio.hold.unlink()
        page.wait_for_selector(f"{row}.done:has-text('{words('portfolio.moved', percent=38, style=woodcut)}')")
        assert violations(page) == []

    def test_a_row_that_is_gone_leaves_the_focus_in_the_list(self, visit: Callable[..., Page], tmp_path: Path) -> None:
        page = visit(EN, "portfolio")
        for name in ("no picture.png", "nor this.png"):
            (tmp_path / name).write_bytes(b"no picture")
            page.set_input_files("#drop input[type=file]", str(tmp_path / name))
            page.wait_for_selector(f".queue tr.failed:has-text('{name}')")
        tab_to(page, f'[aria-label="{EN("portfolio.does.remove")}: no picture.png"]')
        page.keyboard.press("Enter")
        page.wait_for_selector(".queue tr:has-text('no picture.png')", state="detached")
        focused(page, ".queue button")


@pytest.mark.browser
class TestNothingKeepsAnyoneOut:
    """axe-core, in every state of the page that glazes; the others are looked at in test_every_page.py."""

    def test_it_would_find_something(self, visit: Callable[..., Page]) -> None:
        page = visit(EN)
        page.evaluate("document.querySelector('h1').insertAdjacentHTML('afterend', '<img src=\"data:,\">')")
        assert any("image-alt" in found for found in violations(page))

    @pytest.mark.parametrize("name", ["glaze", "portfolio", "inspect"])
    def test_when_empty(self, visit: Callable[..., Page], name: str) -> None:
        page = visit(EN, name)
        for away in page.locator("#another-picture:visible, #another-glazed:visible, #clear:visible").all():
            away.click()
        page.wait_for_selector(".queue", state="detached")
        assert barriers(page) == []

    def test_on_the_way(self, visit: Callable[..., Page], studio: Studio, picture: Path, tmp_path: Path) -> None:
        page = visit(EN)
        (tmp_path / "no picture.png").write_bytes(b"no picture")
        page.set_input_files("#drop input[type=file]", str(tmp_path / "no picture.png"))
        page.wait_for_selector("[data-testid=toast-body]")
        found: dict[str, Any] = {"trouble": barriers(page)}
        page.click("[data-testid=toast-close]")
        page.set_input_files("#drop input[type=file]", str(picture))
        page.wait_for_selector("#picture img")
        page.click("#decoy-way input[value=style]")
        found["a picture and the styles"] = barriers(page)
        page.click("#decoy-way input[value=own]")
        page.set_input_files("#decoy input[type=file]", str(picture))
        page.wait_for_selector("#decoy img")
        found["a picture and a decoy"] = barriers(page)
        page.click("#preview")
        page.wait_for_selector(".rough")
        found["a preview"] = barriers(page)
        studio.hold.touch()
        page.click("#glaze")
        page.wait_for_selector("#progress [role=progressbar]")
        found["glazing"] = barriers(page)
        studio.hold.unlink()
        page.wait_for_selector("#download")
        for view in ("slider", "single", "difference", "where"):
            page.get_by_role("tab", name=EN(f"compare.{view}")).click()
            found[view] = barriers(page)
        assert {state: what for state, what in found.items() if what} == {}
