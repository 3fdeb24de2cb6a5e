"""The page of settings and help: what its handlers answer, and the whole of it in a real browser."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from glaze import preferences
from glaze.jobs import Worker
from glaze.preferences import Preferences
from glaze.settings import GlazeSettings, Intensity, Render
from glaze.studio import updates, words
from glaze.studio.app import Doorkeeper, build, language_of
from glaze.studio.desk import Desk, address
from glaze.studio.places import default_results
from glaze.studio.quiet import quiet
from glaze.studio.updates import Outcome, Update
from glaze.studio.words import Words, languages, load
from tests import guard
from tests.browser import PATIENCE, STUDIO, Studio, in_a_loop
from tests.stand_in import StandIn, draw, worker_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from glaze.studio.glaze_page import GlazePage
    from glaze.studio.settings_page import SettingsPage

EN, JA = load("en"), load("ja")
MORE = "qz"  # a language that nobody speaks


def one_more_language(folder: Path) -> Path:
    """The locales there are, and one more file: every text of it has a mark."""
    folder.mkdir()
    for code in languages():
        name = f"{code}.json"
        (folder / name).write_bytes((words.LOCALE / name).read_bytes())
    texts = {key: f"{MORE} {text}" for key, text in EN.texts.items()}
    (folder / f"{MORE}.json").write_text(json.dumps(texts), encoding="utf-8")
    return folder


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_PICTURES_DIR", str(tmp_path / "pictures"))
    monkeypatch.setenv("GLAZE_PREFERENCES", str(tmp_path / "own" / "preferences.json"))
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    scratch = quiet()
    worker = Worker(previews=scratch / "previews", log=tmp_path / "log.txt", engine=StandIn())
    yield Desk(worker, None, scratch)
    worker.close()


def make(desk: Desk, language: Words = EN) -> SettingsPage:
    import gradio as gr

    from glaze.studio.settings_page import SettingsPage

    def build() -> SettingsPage:
        with gr.Blocks(analytics_enabled=False) as blocks:
            return SettingsPage(language, desk, blocks)

    return in_a_loop(build)


@pytest.fixture
def page(desk: Desk) -> SettingsPage:
    return make(desk)


@pytest.fixture
def blocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Preferences that cannot be kept: a file is where their folder would be."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GLAZE_PREFERENCES", str(tmp_path / "file" / "preferences.json"))
    return tmp_path / "file"


class TestWithoutABrowser:
    def test_it_shows_what_was_chosen(self, page: SettingsPage, tmp_path: Path) -> None:
        opened = page.on_open()
        assert opened[page.folder] == str(default_results()) == str(tmp_path / "pictures" / "Glaze")
        assert opened[page.folder_usual]["visible"] is False
        assert (opened[page.intensity], opened[page.render]) == ("default", "default")
        assert (opened[page.keep_gps], opened[page.check_updates]) == (False, False)
        assert opened[page.browsers]["variant"] == "primary"
        preferences.save(
            Preferences(
                language="ja",
                results=tmp_path / "mine",
                keep_gps=True,
                intensity=Intensity.HIGH,
                render=Render.SLOW,
                check_updates=True,
            )
        )
        opened = page.on_open()
        assert opened[page.folder] == str(tmp_path / "mine")
        assert (opened[page.intensity], opened[page.render]) == ("high", "slow")
        assert (opened[page.keep_gps], opened[page.check_updates]) == (True, True)
        assert opened[page.look]["interactive"] is True
        assert [button["variant"] for button in (opened[page.tongues["ja"]], opened[page.browsers])] == [
            "primary",
            "secondary",
        ]
        assert load("ja")("language.name") in opened[page.language_notice]

    def test_another_folder_is_used_at_once(self, page: SettingsPage, tmp_path: Path) -> None:
        chosen = tmp_path / "my <pictures>" / "絵"
        updates = page.on_folder(f' "{chosen}" ')
        assert chosen.is_dir()
        assert page.desk.results == preferences.load().results == chosen
        assert str(chosen) in page.blocks.allowed_paths, "the page may show and offer what is there"
        assert "my &lt;pictures&gt;" in updates[page.folder_notice]
        assert "my &lt;pictures&gt;" in updates[page.places]
        job = worker_of(page.desk).submit(draw(tmp_path / "a.png"), GlazeSettings(), folder=page.desk.results)
        done = worker_of(page.desk).wait(job.id, 30)
        assert done.result is not None
        assert done.result.result.parent == chosen
        updates = page.on_usual_folder()
        assert page.desk.results == default_results()
        assert updates[page.folder] == str(default_results())
        assert str(chosen) in page.blocks.allowed_paths, "what was glazed there can still be shown"

    @pytest.mark.parametrize("language", [EN, JA], ids=["en", "ja"])
    def test_a_folder_that_cannot_be_stays_typed_and_is_explained(self, desk: Desk, language: Words) -> None:
        page = make(desk, language)
        before = list(page.blocks.allowed_paths)
        updates = page.on_folder("Pictures")
        assert page.folder not in updates
        told = language("error.SaveError.relative", folder="Pictures", example=default_results())
        assert told.split("\u2019")[0].split("'")[0] in updates[page.folder_notice]
        assert preferences.load().results is None
        assert page.blocks.allowed_paths == before

    def test_the_folder_of_the_command_line_wins_this_time(self, desk: Desk, tmp_path: Path) -> None:
        page = make(Desk(desk.worker, tmp_path / "out", desk.scratch))
        updates = page.on_folder(str(tmp_path / "mine"))
        assert page.desk.results == tmp_path / "out"
        assert EN("settings.results.named")[:20] in updates[page.folder_notice]
        assert str(tmp_path / "out") in updates[page.folder_notice]
        assert updates[page.folder] == str(tmp_path / "mine")
        assert desk.results == tmp_path / "mine", "the next time, it is the chosen one"

    def test_what_cannot_be_kept_is_told_and_nothing_is_lost(
        self, page: SettingsPage, blocked: Path, tmp_path: Path
    ) -> None:
        folder = page.on_folder(str(tmp_path / "mine"))
        assert (page.folder in folder, page.desk.results) == (False, default_results())
        language = page.on_language("ja")
        assert page.onward not in language, "the page stays"
        intensity, gps, switch = page.on_intensity("high"), page.on_gps(True), page.on_switch(True)
        for told, notice in (
            (folder, page.folder_notice),
            (page.on_usual_folder(), page.folder_notice),
            (language, page.language_notice),
            (intensity, page.beginning_notice),
            (gps, page.metadata_notice),
            (switch, page.update_notice),
        ):
            assert str(blocked) in told[notice]
            assert 'role="alert"' in told[notice]
        assert intensity[page.intensity] == "default", "it shows what holds"
        assert gps[page.keep_gps] is False
        assert (switch[page.check_updates], switch[page.look]["interactive"]) == (False, False)

    def test_a_choice_leaves_the_others_as_they_are(self, page: SettingsPage, tmp_path: Path) -> None:
        page.on_folder(str(tmp_path / "mine"))
        for chosen in (page.on_intensity("low"), page.on_render("slowest")):
            assert EN("settings.kept") in chosen[page.beginning_notice]
        page.on_gps(True)
        page.on_switch(True)
        page.on_language("ja")
        assert preferences.load() == Preferences(
            language="ja",
            results=tmp_path / "mine",
            keep_gps=True,
            intensity=Intensity.LOW,
            render=Render.SLOWEST,
            check_updates=True,
        )

    def test_glazes_begin_with_what_was_chosen(self, page: SettingsPage, tmp_path: Path) -> None:
        import gradio as gr

        from glaze.studio.glaze_page import GlazePage, View

        def build() -> GlazePage:
            with gr.Blocks(analytics_enabled=False) as blocks:
                return GlazePage(EN, page.desk, blocks)

        glazes = in_a_loop(build)
        page.on_intensity("low")
        page.on_render("slow")
        page.on_gps(True)
        opened = glazes.on_load(View())
        assert (opened[glazes.intensity]["value"], opened[glazes.render]["value"]) == ("low", "slow")
        view = glazes.on_picture(View(), str(draw(tmp_path / "a.png")))[glazes.view]
        job = worker_of(page.desk).wait(glazes.on_glaze(view, "high", "fast")[glazes.view].job, 30)
        assert job.settings == GlazeSettings(intensity=Intensity.HIGH, render=Render.FAST, keep_gps=True)

    def test_nobody_is_asked_for_updates_until_that_is_switched_on(
        self, page: SettingsPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        asked: list[Preferences] = []

        def check(chosen: Preferences) -> Update | None:
            asked.append(chosen)
            return Update(Outcome.NEWER, tmp_path, "https://example.org/<x>") if chosen.check_updates else None

        monkeypatch.setattr(updates, "check", check)
        page.on_open()
        page.on_files()
        assert page.on_switch(True)[page.look]["interactive"] is True
        assert asked == [], "switching it on asks nobody yet"
        assert page.on_asking()[page.look]["interactive"] is False, "once is enough"
        looked = page.on_look()
        assert "https://example.org/&lt;x&gt;" in looked[page.update_notice]
        assert looked[page.look]["interactive"] is True
        page.on_switch(False)
        looked = page.on_look()
        assert (looked[page.update_notice], looked[page.look]["interactive"]) == ("", False)
        assert [chosen.check_updates for chosen in asked] == [True, False]

    def test_what_is_installed_is_what_is_there(
        self, page: SettingsPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GLAZE_LPIPS", str(tmp_path / "lpips.safetensors"))
        assert str(tmp_path / "lpips.safetensors") in page.on_files()[page.networks]
        (tmp_path / "lpips.safetensors").write_bytes(bytes(3_000_000))
        assert EN("network.yes", size="3.0 MB") in page.on_files()[page.networks]
        monkeypatch.setenv("GLAZE_WEIGHTS", str(tmp_path / "none"))
        told = page.on_files()[page.networks]
        assert EN.html("network.bundled.absent", path=tmp_path / "none" / "bundled.safetensors") in told

    @pytest.mark.parametrize(
        ("count", "told"),
        [
            (0, "nothing yet"),
            (1, "1 kB"),
            (53_400, "53 kB"),
            (7_460_000, "7.5 MB"),
            (949_000_000, "949 MB"),
            (23_400_000_000, "23 GB"),
        ],
    )
    def test_sizes_are_told_in_round_figures(self, count: int, told: str) -> None:
        assert EN.size(count) == told

    def test_a_language_is_chosen_for_good_or_left_to_the_browser(self, page: SettingsPage) -> None:
        assert page.on_language("ja") == {page.onward: "/ja-settings"}
        assert preferences.load().language == "ja"
        request: Any = SimpleNamespace(headers={"accept-language": "pt, en;q=0.5"})
        assert page.on_browsers_language(request) == {page.onward: "/en-settings"}
        assert preferences.load().language is None

    def test_one_more_language_is_one_more_file(
        self, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(words, "LOCALE", one_more_language(tmp_path / "locale"))
        assert languages() == ("en", "de", "es", "fr", "ja", "ko", MORE, "zh")
        try:
            blocks = in_a_loop(lambda: build(worker_of(desk)))
            addresses = {path: title for path, title, *_ in blocks.pages}
            assert {path.replace("en", MORE, 1) for path in addresses if path.startswith("en")} <= addresses.keys()
        finally:
            load.cache_clear()

    def test_a_language_that_cannot_be_read_is_left_out_and_the_log_says_so(
        self, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = one_more_language(tmp_path / "locale")
        (folder / f"{MORE}.json").write_text('{"page.title": ', encoding="utf-8")
        monkeypatch.setattr(words, "LOCALE", folder)
        blocks = in_a_loop(lambda: build(worker_of(desk)))
        assert not [path for path, *_ in blocks.pages if path.startswith(MORE)]
        assert f"{MORE}.json is left out" in (tmp_path / "log.txt").read_text(encoding="utf-8")


class TestWhichLanguage:
    """What a browser gets that asks for the address itself."""

    @pytest.fixture(autouse=True)
    def own_preferences(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GLAZE_PREFERENCES", str(tmp_path / "preferences.json"))

    def ask(self, path: str, **headers: str) -> dict[str, str]:
        from starlette.applications import Starlette
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route
        from starlette.testclient import TestClient

        inside = Starlette(routes=[Route("/{any:path}", lambda _: PlainTextResponse("page"))])
        client = TestClient(Doorkeeper(inside), follow_redirects=False)
        answer = client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return dict(answer.headers)

    def test_the_browser_decides_unless_a_language_was_chosen(self) -> None:
        assert self.ask("/", accept_language="ja")["location"] == "/ja"
        preferences.change(language="en")
        assert self.ask("/", accept_language="ja")["location"] == "/en"
        preferences.change(language="xx")
        assert self.ask("/", accept_language="ja")["location"] == "/ja", "a language that is no longer there"

    def test_a_link_to_another_language_holds_in_that_browser(self) -> None:
        preferences.change(language="en")
        cookie = self.ask("/ja-settings", accept_language="en")["set-cookie"]
        assert "Max-Age=31536000" in cookie
        assert self.ask("/", accept_language="en", cookie=cookie.partition(";")[0])["location"] == "/ja"

    def test_a_page_belongs_to_the_longest_language_that_it_is_called_after(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for code in ("en", "zh", "zh-Hant"):
            (tmp_path / f"{code}.json").write_text("{}", encoding="utf-8")
        monkeypatch.setattr(words, "LOCALE", tmp_path)
        asked = ("/zh", "/zh-portfolio", "/zh-Hant", "/zh-Hant-portfolio", "/zhang", "/gradio_api/info")
        assert [language_of(path) for path in asked] == ["zh", "zh", "zh-Hant", "zh-Hant", None, None]

    def test_coming_back_to_the_usual_one_forgets_that(self) -> None:
        assert "Max-Age=0" in self.ask("/en", accept_language="en")["set-cookie"]
        preferences.change(language="ja")
        assert "Max-Age=0" in self.ask("/ja-settings", accept_language="en")["set-cookie"]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio to which no folder was named, and that has one language more."""
    folder = tmp_path_factory.mktemp("studio")
    locale = one_more_language(folder / "locale")
    more = f"import pathlib, glaze.studio.words as words\nwords.LOCALE = pathlib.Path({str(locale)!r})\n"
    (folder / "path").mkdir()
    environ = {
        "XDG_PICTURES_DIR": str(folder / "pictures"),
        # No git is found there, so nobody can be asked for updates.
        "PATH": str(folder / "path"),
    }
    command = ["-c", more + STUDIO, json.dumps({"steps": 2}), "studio"]
    with guard.studio(folder, command, GLAZE_NO_BROWSER="1", **environ) as where:
        yield Studio(address=where.rstrip("/"), folder=folder, hold=folder / "hold")


@pytest.fixture
def visit(browser: Browser, studio: Studio) -> Iterator[Any]:
    chosen = studio.folder / "preferences.json"
    chosen.unlink(missing_ok=True)

    def open_page(path: str, **options: Any) -> Page:
        options = {"locale": "en-US", "viewport": {"width": 1440, "height": 900}, **options}
        tab = browser.new_context(**options).new_page()
        tab.set_default_timeout(PATIENCE)
        tab.goto(f"{studio.address}/{path}")
        tab.wait_for_selector("body.ready")
        if path.endswith("settings"):
            tab.wait_for_selector(".places")
        return tab

    yield open_page
    for context in browser.contexts:
        context.close()


@pytest.mark.browser
class TestInTheBrowser:
    @pytest.mark.parametrize("language", [EN, JA], ids=["en", "ja"])
    def test_all_of_it_is_there_in_both_languages(self, visit: Any, language: Words, studio: Studio) -> None:
        tab = visit(f"{language.language}-settings")
        shown = tab.inner_text("#settings")
        sections = ("language", "results", "beginning", "metadata", "updates")
        for section in (*sections, "packs", "networks", "places", "limits", "help", "licence"):
            assert language(f"settings.{section}") in shown
            assert language(f"settings.{section}.info") in shown
        for text in ("licence.independent", "limit.washing", "place.scratch.info", "network.bundled.installed"):
            assert language(text) in shown
        assert str(studio.folder / "preferences.json") in shown
        if language is JA:
            same = {text for key, text in JA.texts.items() if EN.texts[key] == text} | {"English"}
            lines = tab.inner_text("body").splitlines()
            assert [text for text in EN.texts.values() if text in lines and text not in same] == []

    def test_pictures_go_to_the_folder_that_was_chosen(self, visit: Any, studio: Studio, tmp_path: Path) -> None:
        tab = visit("ja-settings")
        tab.fill("#folder input, #folder textarea", "Pictures")
        tab.press("#folder input, #folder textarea", "Enter")
        tab.wait_for_selector("#folder-notice .trouble")
        assert "Pictures" in tab.inner_text("#folder-notice")
        chosen = studio.folder / "elsewhere" / "絵"
        tab.fill("#folder input, #folder textarea", str(chosen))
        tab.click("#folder-use")
        tab.wait_for_selector(f"#folder-notice code:text-is('{chosen}')")
        tab.goto(f"{studio.address}/en")
        tab.set_input_files("#drop input[type=file]", str(draw(tmp_path / "a.png")))
        tab.wait_for_selector("#picture img")
        tab.click("#glaze")
        tab.wait_for_selector("#download")
        with tab.expect_download() as downloading:
            tab.click("#download")
        assert (chosen / "a-glazed.png").read_bytes() == downloading.value.path().read_bytes()
        secret = chosen / "letter.txt"
        secret.write_text("mine")
        answer = tab.request.get(f"{studio.address}/{address(secret)}")
        around = f"{studio.address}/{address(chosen / 'a-glazed.png')}/../letter.txt"
        assert tab.request.get(around).status == 404
        assert tab.request.get(f"{studio.address}/gradio_api/file=%00").status == 404
        assert answer.status == 404, "of what else is in the folder, nothing is given out"

    def test_the_page_that_glazes_begins_with_what_was_chosen(self, visit: Any, studio: Studio) -> None:
        tab = visit("en-settings")
        tab.click("#intensity label:has(input[value=low])")
        tab.click("#render label:has(input[value=slowest])")
        tab.click("#keep-gps label")
        until = time.monotonic() + 30
        written = studio.folder / "preferences.json"
        while "keep_gps" not in (said := json.loads(written.read_text()) if written.exists() else {}):
            assert time.monotonic() < until, said
            tab.wait_for_timeout(50)
        assert (said["intensity"], said["render"], said["keep_gps"]) == ("low", "slowest", True)
        tab.reload()
        tab.wait_for_selector("body.ready")
        assert tab.is_checked("#render input[value=slowest]")
        assert tab.is_checked("#keep-gps input")

    def test_each_language_is_offered_by_its_own_name(self, visit: Any) -> None:
        buttons = visit("ko-settings").locator("#settings .choices").first.locator("button")
        names = [load(code)("language.name") for code in languages()]
        assert buttons.all_inner_texts()[: len(names) - 1] == names[:-1]
        assert buttons.last.inner_text() == load("ko")("settings.language.browser")

    def test_a_language_for_good(self, visit: Any, studio: Studio) -> None:
        tab = visit("en-settings")
        tab.click("#settings button:text-is('日本語')")
        tab.wait_for_url("**/ja-settings")
        tab.wait_for_selector("html[lang=ja]")
        assert visit("").url.endswith("/ja"), "in a browser of its own that asks for English"
        tab.wait_for_selector("body.ready")
        tab.click(f"text={JA('settings.language.browser')}")
        tab.wait_for_url("**/en-settings")
        tab.goto(studio.address)
        tab.wait_for_url("**/en")

    def test_looking_for_updates_has_to_be_switched_on(self, visit: Any) -> None:
        tab = visit("en-settings")
        assert tab.is_disabled("#look")
        tab.focus("#check-updates input")
        tab.keyboard.press("Space")
        tab.wait_for_selector("#look:enabled")
        tab.click("#look")
        # Git cannot be found, or this copy has none: either way somebody answers, and nobody was asked.
        tab.wait_for_selector("#update-notice:has-text('by hand')")

    @pytest.mark.parametrize("name", ["", "-computer", "-settings"])
    def test_one_more_language_is_one_more_file(self, visit: Any, name: str) -> None:
        tab = visit(f"{MORE}{name}")
        assert tab.get_attribute("html", "lang") == MORE
        assert f"{MORE} {EN('page.tagline')}" in tab.inner_text("header")
        links = tab.eval_on_selector_all("nav a", "all => all.map(link => link.getAttribute('href'))")
        assert {MORE, f"{MORE}-computer", f"{MORE}-settings", f"ja{name}"} <= set(links)

    def test_it_can_be_heard_and_worked_from_the_keyboard(self, visit: Any) -> None:
        tab = visit("en-settings")
        heard = tab.locator("#settings").aria_snapshot()
        for name in ("network.caption", "place.caption"):
            assert f'table "{EN(name)}"' in heard
        assert f'textbox "{EN("settings.results.label")}"' in heard
        assert f'checkbox "{EN("update.label")}"' in heard
        assert 'radio "Low hard to find even side by side"' in heard
        levels = tab.eval_on_selector_all("h1, h2, h3", "all => all.map(h => Number(h.tagName[1]))")
        assert levels[0] == 1
        assert all(level <= before + 1 for before, level in pairwise(levels)), levels

    @pytest.mark.parametrize("width", [390, 820, 1440])
    def test_nothing_sticks_out(self, visit: Any, width: int) -> None:
        tab = visit("en-settings", viewport={"width": width, "height": 844})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        for shown in tab.locator("#settings table, #settings button, #settings input, #settings code").all():
            box = shown.bounding_box()
            if box is not None:
                assert 0 <= box["x"] <= box["x"] + box["width"] <= width
