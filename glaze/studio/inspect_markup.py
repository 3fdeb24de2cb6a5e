"""What an inspection found, as HTML. Pure functions: words and figures in, markup out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from glaze.ledger import Kind
from glaze.outcome import UNTOUCHED
from glaze.studio import markup

if TYPE_CHECKING:
    from glaze.inspection import Comparison
    from glaze.ledger import Recognised
    from glaze.studio.inspector import Look
    from glaze.studio.words import Words

# So many times as large is the difference of two pictures shown.
CHANGE: Final = 8


def drop_words(words: Words, hint: str) -> str:
    """What is written over a field that takes a picture."""
    return f'<p class="drop-title">{words.html("drop.title")}</p><p>{escape(hint)}</p>'


def waiting(words: Words, look: Look) -> str:
    """What is being done, and that one need not wait for it."""
    return (
        f'<div class="waiting" role="status"><span class="turning" aria-hidden="true"></span>'
        f"<p>{words.html(f'inspect.stage.{look.stage}')}<br>"
        f'<span class="hint">{words.html("inspect.may_leave")}</span></p></div>'
    )


def alone(words: Words, look: Look, pictures: Mapping[str, Path]) -> str:
    """One picture by itself. `pictures`: under shown and seen."""
    assert look.alone is not None
    told = [words("inspect.alone")]
    if look.known is not None:
        whose = "original" if look.known.kind is Kind.ORIGINAL else "result"
        told = [_made_here(words, look.known), words(f"inspect.alone.{whose}")]
    return _whole(
        _verdict(words, told),
        _seen(words, pictures, {which: words(f"inspect.{which}") for which in pictures}),
        markup.notes(words, look.alone.notes),
    )


def pair(
    words: Words,
    look: Look,
    sentences: Sequence[str],
    visible: Sequence[Sequence[str]],
    seen: Mapping[str, Path],
    change: Path,
) -> str:
    """An original and its copy.

    sentences, visible  of verdict.py.
    seen                pictures under before, after and decoy. change: a picture of the difference, enlarged.
    """
    comparison = look.pair
    assert comparison is not None
    style = words.name("style", comparison.decoy_style)
    captions = {which: words(f"inspect.pair.{which}", style=style) for which in seen}
    source = "inspect.settings_known" if look.known is not None else "inspect.settings_unknown"
    return _whole(
        _verdict(words, sentences),
        _seen(words, seen, captions),
        _moved(words, comparison),
        _visible(words, visible, change),
        markup.notes(words, comparison.notes),
        markup.hint(words(source)),
    )


def _whole(*sections: str) -> str:
    return f'<div class="result">{"".join(sections)}</div>'


def _made_here(words: Words, known: Recognised) -> str:
    glaze = known.glaze
    if known.kind is Kind.ORIGINAL:
        return words("inspect.is_original", name=glaze.result.name)
    return words(
        "inspect.is_result",
        name=glaze.original.name,
        percent=f"{glaze.report.mean_style_distance:.0f}",
        style=words.name("style", glaze.decoy_style),
    )


def _verdict(words: Words, sentences: Sequence[str]) -> str:
    first, *rest = map(escape, sentences)
    more = "".join(f"<p>{sentence}</p>" for sentence in rest)
    title = words.html("inspect.verdict")
    return (
        f'<section class="verdict"><h2>{title}</h2><p class="summary" data-heard="{first}">{first}</p>{more}</section>'
    )


def _seen(words: Words, pictures: Mapping[str, Path], captions: Mapping[str, str]) -> str:
    figures = "".join(
        markup.mounted(path, captions[which], caption=captions[which]) for which, path in pictures.items()
    )
    return (
        f'<section class="seen"><h2>{words.html("seen.title")}</h2><p>{words.html("inspect.seen_info")}</p>'
        f'<div class="row">{figures}</div></section>'
    )


def _moved(words: Words, comparison: Comparison) -> str:
    """The way of each family, and what each removal would leave of it, where there is anything to leave."""
    report = comparison.report
    ways = "".join(
        f'<li><span class="name">{escape(words.name("family", family))}</span>{markup.way(row[UNTOUCHED])}'
        f'<span class="figure">{words.percent(row[UNTOUCHED])}</span></li>'
        for family, row in report.style_distance.items()
    )
    return (
        f'<section class="distance"><h2>{words.html("distance.title")}</h2>'
        f'<p class="hint">{words.html("inspect.moved_info")}</p>'
        f'<div class="ways"><p class="ends" aria-hidden="true"><span>{words.html("distance.own")}</span>'
        f"<span>{words.html('distance.decoy')}</span></p><ul>{ways}</ul></div>"
        f"{_outlasts(words, comparison) if comparison.found else ''}"
        f'<p class="fine">{words.html("distance.limit")}</p></section>'
    )


def _outlasts(words: Words, comparison: Comparison) -> str:
    rows = []
    for removal in comparison.report.survival:
        percent = float(np.mean([row[removal] for row in comparison.report.style_distance.values()]))
        which = "kept" if removal in comparison.survived else "lost"
        rows.append(
            f'<tr class="{which}"><th scope="row">{escape(words.name("removal", removal))}</th>'
            f"<td>{words.percent(percent)}</td><td>{words.html(f'inspect.{which}')}</td></tr>"
        )
    heads = "".join(
        f'<th scope="col">{words.html(f"inspect.head.{name}")}</th>' for name in ("removal", "then", "fate")
    )
    return (
        f'<table class="outlasts"><caption>{words.html("inspect.removals")}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _visible(words: Words, rows: Sequence[Sequence[str]], change: Path) -> str:
    items = "".join(
        f'<li><span class="name">{escape(name)}</span><span class="figure">{escape(figure)}</span></li>'
        for name, figure in rows
    )
    caption = words("inspect.change", times=CHANGE)
    return (
        f'<section class="visibility"><h2>{words.html("visibility.title")}</h2>'
        f"<p>{words.html('inspect.visible')}</p><ul>{items}</ul>"
        f"{markup.mounted(change, caption, caption=caption)}</section>"
    )
