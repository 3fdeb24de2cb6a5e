"""Pictures of the pages for docs/screenshots: a real studio, the real engine, and artwork that is drawn here.

    python -m scripts.screenshots

Glazes one picture, fills a portfolio, inspects, and takes every page in every one of LANGUAGES. Takes some minutes.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from benchmarks.drawn import PICTURES
from benchmarks.studio import PATIENCE, ROOT, chromium, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LANGUAGES: Final = ("en", "ja")
DESKTOP: Final = {"width": 1440, "height": 900}
WHOLE_WIDTH: Final = 1080  # pixels; a whole page is long, and read in its parts
PHONE: Final = {"width": 390, "height": 844}
# Whoever looks at the pictures shall not read where they were made: text nodes and fields, from -> to.
RENAME: Final = """names => {
    const renamed = (text) => names.reduce((so_far, [from, to]) => so_far.replaceAll(from, to), text);
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = renamed(texts.currentNode.data);
        if (text !== texts.currentNode.data) texts.currentNode.data = text;
    }
    document.querySelectorAll('input, textarea').forEach((field) => {
        if (renamed(field.value) !== field.value) field.value = renamed(field.value);
    });
}"""
ALL_THERE: Final = "() => [...document.images].every((image) => image.complete)"


class Camera:
    """Takes pictures of the pages at `address` into `out`, as WebP. home: what is called ~ on them."""

    def __init__(self, browser: Browser, address: str, home: Path, out: Path) -> None:
        self.browser, self.address, self.out = browser, address.rstrip("/"), out
        self.names = [[str(home), "~"], [str(ROOT), "~/glaze"]]

    @contextmanager
    def at(self, route: str, viewport: dict[str, int] = DESKTOP) -> Iterator[Page]:
        """A page of its own, once it can be used. route: "en", "ja-inspect"."""
        options: dict[str, Any] = {"viewport": viewport, "locale": route[:2], "color_scheme": "light"}
        context = self.browser.new_context(**options)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{self.address}/{route}")
        page.wait_for_selector("body.ready")
        yield page
        context.close()

    def take(self, page: Page, name: str, *, whole: bool = False) -> None:
        """Save what the page shows, or the `whole` of it, as NAME.webp."""
        page.wait_for_function(ALL_THERE)
        page.mouse.move(0, 0)
        if whole:
            # The window grows instead: what sticks to its edge would lie across the middle of the picture.
            tall = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": page.viewport_size["width"] if page.viewport_size else 0, "height": tall})
        page.wait_for_timeout(500)
        page.evaluate(RENAME, self.names)
        picture = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
        if whole:
            height = round(picture.height * WHOLE_WIDTH / picture.width)
            picture = picture.resize((WHOLE_WIDTH, height), Image.Resampling.LANCZOS)
        picture.save(self.out / f"{name}.webp", quality=86, method=6)


def glaze(camera: Camera, artwork: Path, render: str, languages: Sequence[str]) -> Path:
    """The first page with a finished glaze, also as on a phone. Returns the glazed file."""
    with camera.at(languages[0]) as page:
        page.set_input_files("#drop input[type=file]", str(artwork))
        page.wait_for_selector("#picture img")
        page.check(f"#render input[value={render}]")
        page.click("#glaze")
        with page.expect_download() as downloading:
            page.click("#download")
        glazed = artwork.with_name(downloading.value.suggested_filename)
        downloading.value.save_as(glazed)
    for language in languages:
        with camera.at(language) as page:
            page.wait_for_selector("#slider img >> nth=1")
            camera.take(page, f"glaze.{language}")
    with camera.at(languages[0], PHONE) as page:
        page.wait_for_selector("#slider img >> nth=1")
        camera.take(page, f"glaze-phone.{languages[0]}")
    return glazed


def portfolio(camera: Camera, artworks: Sequence[Path], render: str, languages: Sequence[str]) -> None:
    """The list with a picture that is finished (the one of the first page), one on its way and one that waits."""
    with camera.at(f"{languages[0]}-portfolio") as page:
        page.check(f"#render input[value={render}]")
        page.set_input_files("#drop input[type=file]", [str(artwork) for artwork in artworks])
        page.wait_for_selector("#list tbody tr >> nth=2")
        getting_ready = page.inner_text("#summary")
        page.wait_for_function("told => document.querySelector('#summary').innerText !== told", arg=getting_ready)
        for language in languages:
            with camera.at(f"{language}-portfolio") as another:
                another.wait_for_selector("#list .small img >> nth=2")
                camera.take(another, f"portfolio.{language}", whole=True)
        page.click("#stop-all")


def inspect(camera: Camera, artwork: Path, copy: Path, languages: Sequence[str]) -> None:
    """What is left of the glaze in a copy."""
    with camera.at(f"{languages[0]}-inspect") as page:
        for which, path in (("picture", artwork), ("glazed", copy)):
            page.set_input_files(f"#drop-{which} input[type=file]", str(path))
            page.wait_for_selector(f"#shown-{which} img")
        page.click("#inspect-button")
        page.wait_for_selector("#result:visible")
    for language in languages:
        with camera.at(f"{language}-inspect") as page:
            page.wait_for_selector("#result:visible")
            camera.take(page, f"inspect.{language}", whole=True)


def read(camera: Camera, languages: Sequence[str]) -> None:
    """The pages that are read more than operated."""
    for language in languages:
        with camera.at(f"{language}-computer") as page:
            page.wait_for_selector(".times td >> nth=0")
            camera.take(page, f"computer.{language}", whole=True)
        with camera.at(f"{language}-settings") as page:
            page.wait_for_selector(".places td >> nth=0")
            camera.take(page, f"settings.{language}", whole=True)


def take_all(camera: Camera, folder: Path, render: str, languages: Sequence[str] = LANGUAGES) -> None:
    """Every page. folder: for the artwork; render: the quality of the glaze on the first page."""
    artworks = []
    for name, draw in PICTURES.items():
        artworks.append(folder / f"{name}.png")
        draw(1600, 1200 if name == "roofs" else 1067).save(artworks[-1])
    evening, *others = artworks
    glazed = glaze(camera, evening, render, languages)
    copy = folder / "evening-from-a-site.jpg"
    with Image.open(glazed) as picture:
        picture.convert("RGB").save(copy, quality=85)
    inspect(camera, evening, copy, languages)
    portfolio(camera, others, "default", languages)
    read(camera, languages)


def main() -> None:
    """Open the studio and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screenshots")
    parser.add_argument("--render", default="default")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        home = Path(folder) / "home"
        home.mkdir()
        with opened([sys.executable, "-m", "glaze", "studio"], home) as address:
            take_all(Camera(browser, address, home, args.out), Path(folder), args.render)
    for path in sorted(args.out.glob("*.webp")):
        print(f"{path.name:20} {path.stat().st_size / 1e3:6.0f} kB")


if __name__ == "__main__":
    main()
