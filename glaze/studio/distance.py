"""The style distance of a glaze: a line from the own style to the decoy for each family, and all figures."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from glaze.outcome import UNTOUCHED, Report
from glaze.packs import through
from glaze.settings import GlazeSettings
from glaze.studio.words import Words


def distance(words: Words, report: Report, settings: GlazeSettings) -> str:
    """How far each family's view was moved toward the decoy, as it is and after each removal.

    settings: as they were carried out.
    """
    worst = min(report.survival, key=lambda removal: report.survival[removal])
    summary = words(
        "distance.summary",
        percent=round(report.mean_style_distance),
        survival=_percent(report.mean_survival),
        worst=_percent(report.survival[worst]),
        removal=words.name("removal", worst),
    )
    names = {family: escape(words.name("family", family)) for family in report.style_distance}
    ways = "".join(
        f'<li><span class="name">{names[family]}</span>{_line(words, moved)}'
        f'<span class="figure">{words.percent(moved[UNTOUCHED])}</span></li>'
        for family, moved in report.style_distance.items()
    )
    columns = [UNTOUCHED, *report.survival]
    heads = "".join(
        f'<th scope="col">{escape(words("distance.none") if c == UNTOUCHED else words.name("removal", c))}</th>'
        for c in columns
    )
    rows = "".join(
        f'<tr><th scope="row">{names[family]}</th>{"".join(_cell(moved[c]) for c in columns)}</tr>'
        for family, moved in report.style_distance.items()
    )
    families = report.style_distance.values()
    means = "".join(_cell(sum(moved[c] for moved in families) / len(families)) for c in columns)
    networks = escape(looked_through(words, report, settings))
    return (
        f'<section class="distance"><h2>{words.html("distance.title")}</h2><p class="summary">{escape(summary)}</p>'
        f'<div class="ways"><p class="ends" aria-hidden="true"><span>{words.html("distance.own")}</span>'
        f"<span>{words.html('distance.decoy')}</span></p><ul>{ways}</ul>"
        f'<p class="marks" aria-hidden="true">{_key("mark", words("distance.mark"))}'
        f"{_key('ghost', words('distance.ghost'))}</p></div>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{words.html("distance.title")}"><table>'
        f"<caption><span>{words.html('distance.table')}</span></caption>"
        f'<thead><tr><th scope="col">{words.html("distance.family")}</th>{heads}</tr></thead>'
        f'<tbody>{rows}<tr class="all"><th scope="row">{words.html("distance.all")}</th>{means}</tr></tbody>'
        f'</table></div>{_genres(words, report)}<p class="through">{networks}</p>'
        f'<p class="fine">{words.html("distance.limit")}</p></section>'
    )


def looked_through(words: Words, report: Report, settings: GlazeSettings) -> str:
    """Through which networks a glaze and its report looked, as a sentence. settings: as they were carried out."""
    found = through(settings, report.style_distance)
    told = (words(f"through.{kind}", family=words.name("family", family)) for family, kind in found.items())
    return words("distance.through", networks=words("inspect.separator").join(told))


def genres(words: Words, report: Report) -> str:
    """What CLIP took the picture for and takes it for now, as a sentence; empty where nobody asked it."""
    found = report.genres
    if found is None:
        return ""
    after = words("inspect.separator").join(words.name("genre", name) for name in found.after)
    said = "genres.shifted" if found.shifted else "genres.kept"
    return words(said, own=words.name("genre", found.own), after=after)


def _genres(words: Words, report: Report) -> str:
    said = genres(words, report)
    return f'<p class="genres">{escape(said)}</p>' if said else ""


def _percent(part: float) -> int:
    """A part as percent from 0 to 100: a removal can lead nowhere, or by chance a little nearer to the decoy."""
    return round(100 * min(1.0, max(0.0, part)))


def _line(words: Words, moved: Mapping[str, float]) -> str:
    """The way from the own style to the decoy: a mark where the file is, ghosts where each removal leaves it."""
    left = {name: percent for name, percent in moved.items() if name != UNTOUCHED}
    told = words(
        "distance.line",
        percent=f"{moved[UNTOUCHED]:.0f}",
        removals=words("inspect.separator").join(
            f"{words.name('removal', n)} {words.percent(p)}" for n, p in left.items()
        ),
    )
    ghosts = "".join(
        f'<circle class="ghost" cx="{_along(percent)}" cy="50%" r="5"><title>'
        f"{escape(words.name('removal', name))}: {words.percent(percent)}</title></circle>"
        for name, percent in left.items()
    )
    here = _along(moved[UNTOUCHED])
    return (
        f'<svg class="line" role="img" aria-label="{escape(told)}"><line class="whole" x1="0" x2="100%" y1="50%" '
        f'y2="50%"/><line class="gone" x1="0" x2="{here}" y1="50%" y2="50%"/>{ghosts}'
        f'<circle class="mark" cx="{here}" cy="50%" r="6"/></svg>'
    )


def _along(percent: float) -> str:
    return f"{min(100.0, max(0.0, percent)):.1f}%"


def _key(mark: str, meaning: str) -> str:
    dot = f'<svg class="key"><circle class="{mark}" cx="50%" cy="50%" r="5"/></svg>'
    return f"<span>{dot} {escape(meaning)}</span>"


def _cell(percent: float) -> str:
    shade = min(1.0, max(0.0, percent / 100))
    return f'<td style="--shade:{shade:.2f}">{percent:.0f}</td>'
