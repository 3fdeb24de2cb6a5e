"""A studio in a home of its own, and a browser that visits it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 600_000  # milliseconds; a glaze may take minutes


@contextmanager
def opened(command: Sequence[str], home: Path) -> Iterator[str]:
    """The address of a studio that `command` starts, as of a person whose home is `home`. Not on Windows."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("GLAZE_", "XDG_"))}
    environ = {**own, "HOME": str(home), "GLAZE_NO_BROWSER": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as process:
        started = psutil.Process(process.pid)
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            if "Glaze is open at" not in first:
                raise SystemExit(f"The studio did not open: {first}")
            yield first.split()[-1]
        finally:
            # launch.sh waits for the Python that it started.
            for one in [*started.children(recursive=True), started]:
                one.terminate()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window: Debian's chromium, or what GLAZE_CHROMIUM names, else Playwright's own."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("GLAZE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
