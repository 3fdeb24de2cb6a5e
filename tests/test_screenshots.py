"""The script that takes pictures of the pages, with the stand-in in the engine's place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from benchmarks.drawn import PICTURES
from scripts import screenshots
from scripts.screenshots import Camera
from tests.browser import open_studio

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


class Reader(Camera):
    """Also keeps what could be read on each picture."""

    texts: dict[str, str]

    def take(self, page: Page, name: str, *, whole: bool = False) -> None:
        super().take(page, name, whole=whole)
        self.texts[name] = page.inner_text("body") + page.evaluate(
            "[...document.querySelectorAll('input, textarea')].map((field) => field.value).join()"
        )


@pytest.mark.browser
def test_pictures_show_the_pages_and_not_where_they_were_made(browser: Browser, tmp_path: Path) -> None:
    artwork = tmp_path / "boat.png"
    PICTURES["boat"](400, 300).save(artwork)
    home, out = tmp_path / "studio", tmp_path / "taken"
    for folder in (home, out):
        folder.mkdir()
    with open_studio(home, {"steps": 3}) as studio:
        camera = Reader(browser, studio.address, home, out)
        camera.texts = {}
        glazed = screenshots.glaze(camera, artwork, "fast", ("en", "ja"))
        screenshots.read(camera, ("en",))
    assert glazed.name == "boat-glazed.png"
    with Image.open(out / "glaze.ja.webp") as picture:
        assert picture.size == (1440, 900)
    with Image.open(out / "settings.en.webp") as picture:
        assert picture.height > picture.width, "the whole page"
    assert set(camera.texts) == {path.stem for path in out.iterdir()}
    assert "~/out/boat-glazed.png" in camera.texts["glaze.en"]
    for name, text in camera.texts.items():
        assert str(tmp_path) not in text, name
