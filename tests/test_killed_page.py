"""The studio killed in the middle of a portfolio, as it is seen on the page: what is done stays, the rest goes on."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from glaze.ledger import Ledger
from glaze.studio.page import route
from glaze.studio.words import load
from tests.browser import Studio, open_studio
from tests.stand_in import draw

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EN, JA = load("en"), load("ja")
FIRST, BROKEN = "夏の海.png", "half of it.png"
SOUND = [FIRST, "b.png", "c.png", "d.png"]
NAMES = [FIRST, "b.png", BROKEN, "c.png", "d.png"]
PATIENCE = 60
Rows = list[tuple[str, str, str]]


def until(happened: Callable[[], object]) -> None:
    for _ in range(PATIENCE * 100):
        if happened():
            return
        sleep(0.01)
    raise AssertionError("it never happened")


def result(name: str) -> str:
    return f"{Path(name).stem}-glazed.png"


def in_both(studio: Studio, browser: Browser) -> dict[str, Page]:
    """The portfolio's page in a tab for each language, by the language's code."""
    return {words.language: studio.open(browser, route(words.language, "portfolio")) for words in (EN, JA)}


def close(tabs: dict[str, Page]) -> None:
    for tab in tabs.values():
        tab.context.close()


def rows(tab: Page) -> Rows:
    """Of each picture in the list its name, its state and what was chosen for it."""
    found = tab.locator(".queue tbody tr").evaluate_all(
        """all => all.map((row) => [row.querySelector('.name').innerText, row.className,
            [...row.querySelectorAll('.chosen')].map((one) => one.innerText).join('; ')])"""
    )
    return [(name, state, chosen) for name, state, chosen in found]


def held(tab: Page) -> Rows:
    """The rows, once the first is done and the second is in the making."""
    tab.wait_for_selector("body.ready")
    tab.wait_for_selector(".queue tr.done + tr.running")
    return rows(tab)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def looks(path: Path) -> tuple[bytes, int]:
    return path.read_bytes(), path.stat().st_mtime_ns


def killed(home: Path, browser: Browser, pictures: list[Path]) -> dict[str, Rows]:
    """Hand pictures in, and kill the studio while the second is in the making. Returns what the tabs showed."""
    # Slow enough that the second is not done before it is held.
    with open_studio(home, {"steps": 25, "pause": 0.1}) as studio:
        tabs = in_both(studio, browser)
        tabs["en"].check("#intensity input[value=high]")
        tabs["en"].check("#decoy-way input[value=style]")
        tabs["en"].check("#decoy-style input[value=mosaic]")
        tabs["en"].set_input_files("#drop input[type=file]", [str(path) for path in pictures])
        until((studio.results / result(FIRST)).exists)
        studio.hold.touch()
        shown = {language: held(tab) for language, tab in tabs.items()}
        tabs["ja"].reload()
        assert held(tabs["ja"]) == shown["ja"]
        process = json.loads((home / "running.json").read_bytes())["process"]
        os.kill(process, signal.SIGKILL)
        close(tabs)
    assert studio.strangers == []
    assert files(studio.results) == {result(FIRST)}
    return shown


def finished(home: Path, browser: Browser, shown: dict[str, Rows]) -> dict[str, bytes]:
    """Start it again and let it do what is left. Returns what is in the zip that the page gives."""
    # Held as well, so that what is found can be looked at.
    with open_studio(home, {"steps": 2}) as studio:
        tabs = in_both(studio, browser)
        for language, tab in tabs.items():
            assert held(tab) == shown[language], "what was killed goes on first, and by itself"
            assert tab.inner_text(".queue tr.done a") == result(FIRST)
        studio.hold.unlink()
        for words in (EN, JA):
            tab = tabs[words.language]
            for name in SOUND:
                tab.wait_for_selector(f".queue tr.done:has-text('{name}') a:text-is('{result(name)}')")
            assert tab.inner_text(".queue tr.failed .why") == words("error.ArtworkUnreadable.damaged", path=BROKEN)
            assert [name for name, _, _ in rows(tab)] == NAMES
        tabs["ja"].click("#zip")
        with tabs["ja"].expect_download() as downloading:
            tabs["ja"].click("#zip-link")
        with ZipFile(downloading.value.path()) as archive:
            inside = {name: archive.read(name) for name in archive.namelist()}
        if shots := os.environ.get("GLAZE_TEST_SHOTS"):
            tabs["ja"].screenshot(path=f"{shots}/killed-ja.png", full_page=True)
        close(tabs)
    assert studio.strangers == []
    return inside


@pytest.mark.browser
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nothing here ends a program like that")
def test_the_page_goes_on_where_it_was_killed(browser: Browser, tmp_path: Path) -> None:
    art, home = tmp_path / "art", tmp_path / "home"
    art.mkdir()
    home.mkdir()
    for seed, name in enumerate(SOUND):
        draw(art / name, 90, 70, seed=seed)
    (art / BROKEN).write_bytes((art / FIRST).read_bytes()[:4000])
    before = {name: looks(art / name) for name in NAMES}
    results = {name: home / "out" / result(name) for name in SOUND}

    shown = killed(home, browser, [art / name for name in NAMES])
    for words in (EN, JA):
        high, good = (words(key).partition("\n")[0] for key in ("intensity.high", "render.default"))
        decoy = words("portfolio.decoy.style", style=words.name("style", "mosaic"))
        chosen = f"{words('portfolio.chosen', intensity=high, render=good)}; {decoy}"
        states = ["done", "running", "queued", "queued", "queued"]
        assert shown[words.language] == [(name, state, chosen) for name, state in zip(NAMES, states, strict=True)]
    glazed = looks(results[FIRST])
    inside = finished(home, browser, shown)

    assert looks(results[FIRST]) == glazed, "what was done is not done again"
    assert inside == {path.name: path.read_bytes() for path in results.values()}
    assert {name: looks(art / name) for name in NAMES} == before
    with closing(Ledger(home / "ledger.sqlite3")) as ledger:
        assert ledger.tell() is None
        assert {entry.result.decoy_style for entry in ledger.queue.finished() if entry.result} == {"mosaic"}
        recorded = ledger._database.read(lambda c: c.execute("SELECT result FROM glazes").fetchall())
    assert sorted(os.fsdecode(path) for (path,) in recorded) == sorted(map(str, results.values()))
    # Of what was in the making nothing is left; of what the last run had to do, it still has the picture before.
    copies = {f"originals/{sha256(data).hexdigest()}/{name}" for name, (data, _) in before.items() if name != FIRST}
    saved = {f"out/{path.name}" for path in results.values()}
    # Beside these there are only the guard's file, and matplotlib's list of fonts.
    assert {name for name in files(home) if not name.startswith(("sitecustomize", "cache/matplotlib/"))} == {
        *("ledger.sqlite3", "running.lock"),
        *copies,
        *saved,
    }
