"""What an inspection found, in sentences and rows, for the page and the command line."""

from __future__ import annotations

from glaze.inspection import NOISE, Comparison
from glaze.outcome import UNTOUCHED
from glaze.studio.distance import genres
from glaze.studio.words import Words


def verdict(words: Words, comparison: Comparison) -> list[str]:
    """The sentences on top: whether there is a glaze, how much of it is left, and what it would outlast."""
    percent = f"{comparison.report.mean_style_distance:.0f}"
    style = words.name("style", comparison.decoy_style)
    if not comparison.found:
        return [words("inspect.none", percent=percent, style=style, noise=f"{NOISE:.0f}")]
    said = [words("inspect.found", percent=percent, style=style)]
    if comparison.left is not None:
        said.append(words("inspect.left", left=f"{100 * comparison.left:.0f}"))
    kept = [name for name in comparison.report.survival if name in comparison.survived]
    lost = [name for name in comparison.report.survival if name not in comparison.survived]
    if kept:
        said.append(words("inspect.survives", removals=_listed(words, kept)))
    if lost:
        said.append(words("inspect.yields", removals=_listed(words, lost)))
    return [*said, *filter(None, [genres(words, comparison.report)])]


def moved(words: Words, comparison: Comparison) -> list[list[str]]:
    """A table: a head with the removals, and for each family how far it is moved after each, in percent."""
    rows = comparison.report.style_distance
    columns = list(next(iter(rows.values())))
    head = [words("distance.none") if name == UNTOUCHED else words.name("removal", name) for name in columns]
    body = [[words.name("family", family), *(f"{row[name]:.0f}" for name in columns)] for family, row in rows.items()]
    return [["", *head], *body]


def visible(words: Words, comparison: Comparison) -> list[list[str]]:
    """A table: each figure of visibility and its value."""
    seen = comparison.visibility
    lpips = words("visibility.lpips_estimate") if seen.lpips_is_estimate else words("visibility.lpips")
    rows = [
        [lpips, words.figure(seen.lpips, 3)],
        [words("visibility.flip"), words.figure(seen.flip, 3)],
        [words("visibility.flat"), words.figure(seen.flat, 1)],
        [words("visibility.colour"), words.figure(seen.colour, 1)],
    ]
    if seen.tint is not None:
        kept = words("visibility.tint_lost", levels=seen.tint) if seen.tint else words("visibility.tint_kept")
        rows.append([words("visibility.tint"), kept])
    return rows


def _listed(words: Words, removals: list[str]) -> str:
    return words("inspect.separator").join(words.name("removal", name) for name in removals)
