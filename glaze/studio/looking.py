"""The ways to look at before and after, as HTML, and the script that lets two pictures flicker."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from glaze.studio import markup
from glaze.studio.desk import Shown
from glaze.studio.views import USUAL_TIMES, colours
from glaze.studio.words import Words

if TYPE_CHECKING:
    from glaze.studio.previewing import Trial

# Before and after once in 2/3 s: well below the three flashes a second that can harm.
HALF_PERIOD: Final = 333  # milliseconds

# It starts only when it is pressed: those who want less motion have none before. A wish that comes later is heard.
FLICKER: Final = f"""(() => {{
    let playing = null;
    const stop = () => {{
        if (!playing) return;
        clearInterval(playing.beat);
        playing.button.setAttribute('aria-pressed', 'false');
        playing = null;
    }};
    const turn = (flip) => {{ flip.querySelector('input[name="glaze-which"]:not(:checked)').checked = true; }};
    const toggle = (button) => {{
        const flip = button.closest('.flip'), own = playing && playing.button === button;
        stop();
        if (own) return;
        button.setAttribute('aria-pressed', 'true');
        turn(flip);
        const beat = setInterval(() => flip.isConnected ? turn(flip) : stop(), {HALF_PERIOD});
        playing = {{ button, beat }};
    }};
    document.addEventListener('click', (event) => {{
        const button = event.target.closest('.flicker');
        if (button) toggle(button);
    }});
    document.addEventListener('change', (event) => {{ if (event.target.name === 'glaze-which') stop(); }});
    document.addEventListener('keydown', (event) => {{
        if (event.key.toLowerCase() !== 'f' || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
        if (event.target.closest('textarea, select, input:not([type="radio"]):not([type="checkbox"])')) return;
        const button = [...document.querySelectorAll('.flicker')].find((one) => one.checkVisibility());
        if (button) {{ event.preventDefault(); toggle(button); }}
    }});
    const calm = matchMedia('(prefers-reduced-motion: reduce)');
    calm.addEventListener('change', () => {{ if (calm.matches) stop(); }});
}})();"""


def flip(words: Words, before: Shown, after: Shown, *, rough: bool = False) -> str:
    """Before and after in one place, changed with the arrow keys, and by the browser itself: at once."""
    alts = {"before": words("compare.before_alt"), "after": words("rough.alt" if rough else "compare.after_alt")}
    pictures = "".join(
        markup.image(shown.path, alts[which], shown.frame, which)
        for which, shown in (("before", before), ("after", after))
    )
    which = _choice("glaze-which", words("compare.which"), {w: words(f"compare.{w}") for w in alts}, "after")
    zoom = {size: words(f"compare.{size}") for size in ("fit", "actual")}
    return (
        f'<div class="flip"><div class="ways-to-look">{which}'
        f'<button type="button" class="flicker" aria-pressed="false" aria-keyshortcuts="F">'
        f"{words.html('compare.flicker')}</button>{_choice('glaze-zoom', words('compare.zoom'), zoom, 'fit')}</div>"
        f'<figure class="mount" tabindex="0" aria-label="{words.html("compare.area")}">{pictures}</figure>'
        f"{compare_note(words, after)}</div>"
    )


def sides(words: Words) -> str:
    """Which side of the line is which, for eyes: of the other view it is told."""
    names = "".join(f"<span>{words.html(f'compare.{side}')}</span>" for side in ("before", "after"))
    return f'<p class="sides" aria-hidden="true">{names}</p>'


def compare_note(words: Words, after: Shown) -> str:
    """That the page shows less than the file holds, where it does."""
    if not after.scaled:
        return ""
    return markup.hint(words("compare.scaled", width=after.width, height=after.height))


def rough(words: Words, trial: Trial) -> str:
    """What a preview is, and what it is not."""
    style = words.name("style", trial.decoy_style)
    told = words("rough.told", percent=round(max(0.0, trial.percent)), style=style)
    return (
        f'<div class="rough" role="status"><strong>{words.html("rough.title")}</strong> '
        f"<span>{words.html('rough.limits')} {escape(told)}</span></div>"
    )


def difference(words: Words, pictures: Mapping[int, Path]) -> str:
    """The enlarged differences, one at a time. `pictures`: how many times as large -> file."""
    alts = {times: words("difference.alt", n=times) for times in pictures}
    shown = "".join(
        f'<figure class="mount times-{times}">{markup.image(path, alts[times], None)}</figure>'
        for times, path in pictures.items()
    )
    labels = {str(times): words("difference.times", n=times) for times in pictures}
    choice = _choice("glaze-times", words("difference.choice"), labels, str(USUAL_TIMES))
    return f'<div class="flip difference">{choice}{shown}{markup.hint(words("difference.info"))}</div>'


def seen_map(words: Words, picture: Path) -> str:
    """The map of where a glaze may be seen, and what its colours mean."""
    import numpy as np

    steps = ",".join(f"rgb({r} {g} {b})" for r, g, b in colours(np.linspace(0, 1, 9, dtype=np.float32)).tolist())
    return (
        f'<div class="seen-map">{markup.mounted(picture, words("where.alt"))}'
        f'<p class="legend"><span>{words.html("where.least")}</span>'
        f'<span class="scale" aria-hidden="true" style="background:linear-gradient(to right,{steps})"></span>'
        f"<span>{words.html('where.most')}</span></p>{markup.hint(words('where.info'))}</div>"
    )


def _choice(name: str, legend: str, labels: Mapping[str, str], chosen: str) -> str:
    choices = "".join(
        f'<label><input type="radio" name="{name}" value="{value}"{" checked" if value == chosen else ""}>'
        f"<span>{escape(label)}</span></label>"
        for value, label in labels.items()
    )
    return f"<fieldset><legend>{escape(legend)}</legend>{choices}</fieldset>"
