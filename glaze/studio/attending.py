"""For those who work a page with the keyboard, or hear it: the focus is not lost, and news is told. As JavaScript.

Gradio takes the focus away with what it hides or switches off, and what it puts on a page is not heard everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

# What is told must change in a place that was there before. An element with `data-heard` is told when it comes, and
# again when `data-heard` changes, however often its text does.
_HEARD: Final = """
    const voice = document.createElement('div'), told = new Set();
    voice.id = 'heard';
    voice.setAttribute('role', 'status');
    voice.style.cssText = 'position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)';
    document.body.append(voice);
    const tell = (aloud) => {
        const now = [...document.querySelectorAll('[data-heard]')].filter((one) => one.checkVisibility());
        const news = now.filter((one) => !told.has(one.dataset.heard));
        told.clear();
        now.forEach((one) => told.add(one.dataset.heard));
        if (aloud && news.length) voice.textContent = news.map((one) => one.innerText).join(' ');
    };
"""
# A button that is switched off for a while gets the focus back; for one that is gone, what comes next has it.
_FOCUS: Final = """
    let last = null, shown = false, off = false, soon = 0;
    document.addEventListener('focusin', (event) => {
        last = event.target;
        shown = last.matches(':focus-visible');
        off = false;
    });
    document.addEventListener('pointerdown', () => { last = null; });
    const seen = (one) => one.checkVisibility({visibilityProperty: true});
    const land = () => {
        if (!last || document.activeElement !== document.body || (seen(last) && (last.disabled || !off))) return;
        const next = [last, ...landings.map((one) => document.querySelector(one))];
        next.find((one) => one && seen(one) && !one.disabled)?.focus({preventScroll: !shown});
    };
    const hold = () => {
        if (last && last.disabled) off = true;
        // What comes in the place of the other may come a little later.
        clearTimeout(soon);
        soon = setTimeout(land, 100);
    };
"""
# Of gradio's own: the title of a toast is a button around the one that closes it; and each choice of several has a name
# of its own, so that the arrow keys do not lead from one to the next, and each is heard as the only one. The whole gets
# no name at all.
_MEND: Final = """
    const mend = () => {
        document.querySelectorAll('.toast-header[role]').forEach((one) => {
            one.removeAttribute('role');
            one.removeAttribute('tabindex');
        });
        document.querySelectorAll('fieldset:is(.cards, .swatches)').forEach((choice) => {
            choice.setAttribute('role', 'radiogroup');
            choice.setAttribute('aria-label', choice.querySelector('[data-testid=block-info]').textContent.trim());
            choice.querySelectorAll('input[type=radio]').forEach((one) => {
                if (one.name !== choice.id) one.name = choice.id;
            });
        });
    };
"""


def attend(landings: Sequence[str]) -> str:
    """JavaScript to run once a page is loaded. `landings`: selectors; the first that is there gets a lost focus."""
    return f"""(() => {{
    const landings = {json.dumps(list(landings))};{_HEARD}{_FOCUS}{_MEND}
    tell(false);
    mend();
    new MutationObserver(() => {{ hold(); tell(true); mend(); }}).observe(document.body, {{
        subtree: true, childList: true, attributeFilter: ['class', 'data-heard', 'disabled', 'style'],
    }});
}})();"""
