"""How long people wait at the page: until it is open, for a preview, and for an answer while a picture is being glazed.

    ./launch.sh
    python -m benchmarks.page --out docs/page.json

The first command sets Glaze up (close it again); the second starts launch.sh anew for every round, with a home of its
own, and looks at it in chromium. All seconds are of the clock, so other programs count: the load is written beside
every figure. Opening ends when the page can be used. A preview counts from the click until both pictures are on the
page: `at once`, pressed as soon as the first picture of a run is there, `settled`, some seconds later, and `again`. An
answer counts from the click until it is drawn.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.drawn import landscape
from benchmarks.studio import PATIENCE, ROOT, chromium, opened
from glaze.machine import processor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES: Final = ((2000, 2000), (2000, 1333), (2000, 1125))
SETTLED: Final = 10  # seconds; who has just opened the page looks for a picture
ANSWERS: Final = 20
BOTH_THERE: Final = """() => {
    const both = [...document.querySelectorAll('#slider img')];
    return both.length === 2 && both.every((image) => image.complete && image.naturalWidth > 0);
}"""
NOTE_CLICKS: Final = "addEventListener('click', () => sessionStorage.setItem('clicked', Date.now()), true)"
SINCE_CLICK: Final = """() => new Promise((done) => requestAnimationFrame(
    () => done((Date.now() - sessionStorage.getItem('clicked')) / 1000)))"""
PAGES: Final = ("portfolio", "inspect", "computer", "settings", "glaze")


def visit(browser: Browser, address: str) -> Page:
    """A page that can be used."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US").new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(NOTE_CLICKS)
    page.goto(address)
    page.wait_for_selector("body.ready")
    page.wait_for_selector("#drop")
    return page


def drop(page: Page, picture: Path) -> None:
    """Give the first page a picture."""
    page.set_input_files("#drop input[type=file]", str(picture))
    page.wait_for_selector("#picture img")
    page.wait_for_selector("#preview:enabled")


def preview(page: Page) -> float:
    """Seconds from the click to the preview."""
    page.click("#preview")
    page.wait_for_selector("#rough:visible")
    page.wait_for_function(BOTH_THERE)
    return float(page.evaluate(SINCE_CLICK))


def waits(browser: Browser, folder: Path, size: tuple[int, int], *, settled: bool) -> dict[str, Any]:
    """One round: Glaze opened, and two previews of a picture of that size."""
    picture = folder / f"{size[0]}x{size[1]}.png"
    if not picture.exists():
        landscape(*size).save(picture)
    home = Path(tempfile.mkdtemp(dir=folder))
    load, began = os.getloadavg()[0], time.monotonic()
    with opened([str(ROOT / "launch.sh")], home) as address:
        page = visit(browser, address)
        seconds = time.monotonic() - began
        if settled:
            time.sleep(SETTLED)
        drop(page, picture)
        first = preview(page)
        page.click("#another")
        page.wait_for_selector("#drop")
        drop(page, picture)
        again = preview(page)
        page.context.close()
    round_ = {"open": seconds, "settled" if settled else "at once": first, "again": again, "load": load}
    return {"size": f"{size[0]}x{size[1]}"} | {name: round(value, 2) for name, value in round_.items()}


def answers(browser: Browser, folder: Path) -> dict[str, Any]:
    """While a picture is being glazed: a page that opens, a picture in a list, a word from the studio."""
    picture = folder / "2000x2000.png"
    told: list[float] = []
    pages: list[float] = []
    with opened([str(ROOT / "launch.sh")], Path(tempfile.mkdtemp(dir=folder))) as address:
        page = visit(browser, address)
        drop(page, picture)
        page.check("#render input[value=slowest]")
        page.click("#glaze")
        page.wait_for_selector('[role="progressbar"]')
        time.sleep(SETTLED)
        load = os.getloadavg()[0]
        for turn in range(ANSWERS):
            name = PAGES[turn % len(PAGES)]
            href = "/en" if name == "glaze" else f"/en-{name}"
            page.click(f'a[href$="{href}"] >> nth=0')
            page.wait_for_url(f"**{href}")
            page.wait_for_selector("body.ready")
            pages.append(page.evaluate(SINCE_CLICK))
        page.goto(f"{address}en-portfolio")
        page.wait_for_selector("body.ready")
        for turn in range(ANSWERS):
            page.fill("#folder textarea, #folder input", f"/no such folder {turn}")
            page.click("#add")
            page.wait_for_selector(f"#message:has-text('no such folder {turn}')")
            told.append(page.evaluate(SINCE_CLICK))
        page.click("#stop-all")
        page.context.close()
    return {"load": round(load, 2)} | {
        name: {"median": round(statistics.median(each), 3), "worst": round(max(each), 3)}
        for name, each in (("another page", pages), ("a word", told))
    }


def main() -> None:
    """All rounds; print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1, help="of every size, pressed at once and settled")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary, chromium() as browser:
        folder = Path(temporary)
        for _ in range(args.rounds):
            for size in SIZES:
                for settled in (False, True):
                    rows.append(waits(browser, folder, size, settled=settled))
                    print(rows[-1], flush=True)
        answered = answers(browser, folder)
        print(answered)
    computer = {"processor": processor(), "processors": os.cpu_count()}
    args.out.write_text(json.dumps({"computer": computer, "waits": rows, "answers": answered}, indent=1) + "\n")


if __name__ == "__main__":
    main()
