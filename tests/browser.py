"""A studio in a process of its own, and a real browser."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import pytest

from tests import guard

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

T = TypeVar("T")

CHROMIUM = os.environ.get("GLAZE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 60_000  # milliseconds
# The studio as people start it, with the stand-in in the engine's place where a test says so.
STUDIO = """
import json, sys
stand_in = json.loads(sys.argv.pop(1))
if stand_in is not None:
    import glaze.glazing
    import glaze.inspection
    import glaze.preview
    from tests.stand_in import StandIn, estimate, inspect, inspect_pair, preview
    glaze.glazing.glaze = StandIn(**stand_in)
    glaze.inspection.inspect = inspect
    glaze.inspection.inspect_pair = inspect_pair
    glaze.glazing.estimate = estimate
    glaze.preview.preview = preview
    glaze.preview.get_ready = lambda: None
from glaze.__main__ import run
run()
"""


@dataclass
class Studio:
    """A studio in a process of its own, under guard."""

    address: str
    folder: Path
    hold: Path
    strangers: list[str] = field(default_factory=list)

    @property
    def results(self) -> Path:
        return self.folder / "out"

    def hear(self, url: str) -> None:
        """Note a request that leaves this computer."""
        parts = urlsplit(url)
        if parts.scheme not in {"data", "blob"} and parts.hostname != "127.0.0.1":
            self.strangers.append(url)

    def open(self, browser: Browser, path: str, **options: Any) -> Page:
        """A page of the studio, ready, in a browser with its own cookies; every request that it makes is heard.

        path: "en", "ja-portfolio".
        """
        page = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options}).new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: self.hear(request.url))
        page.goto(f"{self.address.rstrip('/')}/{path}")
        page.wait_for_selector("body.ready")
        return page


@contextmanager
def open_studio(folder: Path, stand_in: dict[str, object] | None) -> Iterator[Studio]:
    hold = folder / "hold"
    engine = None if stand_in is None else {**stand_in, "hold": str(hold)}
    command = ["-c", STUDIO, json.dumps(engine), "studio", "--out", str(folder / "out")]
    with guard.studio(folder, command, GLAZE_NO_BROWSER="1") as address:
        yield Studio(address=address, folder=folder, hold=hold)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium here (Debian: apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def in_a_loop(build: Callable[[], T]) -> T:
    """What `build` gives. Outside an event loop gradio makes loops that nobody closes, and pytest hears of it."""

    async def inside() -> T:
        return build()

    return asyncio.run(inside())
