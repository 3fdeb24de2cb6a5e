"""axe-core in a page: what of it people cannot see, hear or reach.

It comes from the package in axe/ (MPL-2.0, for tests alone), pinned with its checksum, by `npm ci --prefix tests/axe`;
nothing is fetched here.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

SOURCE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
# What is found lies within these; the rest is taste.
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
GRAVE = {"serious", "critical"}


def violations(page: Page) -> list[str]:
    """What axe-core holds to be serious or critical on the page: which rule, where, why. Skips where it is missing."""
    if not SOURCE.exists():
        there = "" if shutil.which("npm") else ", which needs npm"
        pytest.skip(f"axe-core is not installed: npm ci --prefix tests/axe{there}")
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=SOURCE)
        # A choice is pressed anywhere on its card, which is the label around it.
        page.evaluate("axe.configure({rules: [{id: 'target-size', selector: '*:not(label *)'}]})")
    found: list[dict[str, Any]] = page.evaluate(
        """async (tags) => {
            const {violations} = await axe.run(document, {runOnly: {type: 'tag', values: tags}});
            return violations;
        }""",
        list(RULES),
    )
    return [
        f"{one['impact']} {one['id']} at {node['target']}: {node['failureSummary']}\n  {node['html']}"
        for one in found
        for node in one["nodes"]
        if one["impact"] in GRAVE
    ]


def barriers(page: Page) -> list[str]:
    """The violations in light and dark, on a telephone and on a large screen; the page is left as it was."""
    found = []
    before = page.viewport_size
    # Colours on their way from light to dark are neither, nor is what is fading away; a style that is there twice is
    # the same.
    page.emulate_media(reduced_motion="reduce")
    page.add_style_tag(content=".toast-wrap *, .toast-body { animation: none !important; opacity: 1 !important; }")
    for scheme in ("light", "dark"):
        page.evaluate("dark => document.body.classList.toggle('dark', dark)", scheme == "dark")
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            found += [f"{scheme}, {width} px: {one}" for one in violations(page)]
    page.evaluate("document.body.classList.remove('dark')")
    if before is not None:
        page.set_viewport_size(before)
    return found
