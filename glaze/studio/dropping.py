"""Pictures that are dropped while the field has no room for them, or beside it. As JavaScript, for Page.dress.

While gradio uploads, its field takes nothing; and what no field takes, the browser opens in the place of the page.
"""

from __future__ import annotations

from typing import Final

# Of what comes meanwhile nothing is lost: it is handed over once the field is empty again. Where it takes one picture,
# the last one counts, as it would if each had been uploaded first.
KEEP: Final = """(() => {
    let kept = [], asked = false, soon = 0;
    const field = () => document.querySelector('#drop:not(:has(.file-preview)) input[type=file]');
    const give = () => {
        if (!kept.length) return;
        const into = field(), another = document.querySelector('#another');
        if (into) {
            const carried = new DataTransfer();
            (into.multiple ? kept : kept.slice(-1)).forEach((file) => carried.items.add(file));
            kept = [];
            asked = false;
            into.files = carried.files;
            into.dispatchEvent(new Event('change', {bubbles: true}));
        } else if (!asked && another?.checkVisibility()) {
            asked = true;
            another.click();
        }
    };
    document.addEventListener('dragover', (event) => {
        if (event.dataTransfer.types.includes('Files')) event.preventDefault();
    });
    document.addEventListener('drop', (event) => {
        if (event.defaultPrevented || !event.dataTransfer.files.length) return;
        event.preventDefault();
        if (event.target.closest('#drop-zone') && !field()) kept.push(...event.dataTransfer.files);
    });
    new MutationObserver(() => {
        clearTimeout(soon);
        // What an answer changes, it changes one after the other.
        soon = setTimeout(give, 100);
    }).observe(document.body, {subtree: true, childList: true, attributeFilter: ['class', 'style']});
})();"""
