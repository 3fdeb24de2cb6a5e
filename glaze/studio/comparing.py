"""Before and after on the first page, in four ways: a slider, one at a time, the difference, where it may be seen."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from glaze.errors import GlazeError
from glaze.studio import looking, markup, views
from glaze.studio.page import QUIETLY, Updates

if TYPE_CHECKING:
    from gradio.blocks import Block

    from glaze.studio.desk import Desks, Shown
    from glaze.studio.words import Words

# The files of what is before and after on the page; empty where nothing is.
Pair = tuple[str, str]


class Tab(StrEnum):
    """One of the four."""

    SLIDER = "slider"
    SINGLE = "single"
    DIFFERENCE = "difference"
    WHERE = "where"


class Comparison:
    """Draws itself, not to be seen yet, into the gradio context it is made in.

    all   the components that `shown` and `hidden` change.
    """

    def __init__(self, words: Words, desks: Desks) -> None:
        self.words, self.desks = words, desks
        self.pair = gr.State(("", ""))
        self.tab = gr.State(Tab.SLIDER)
        with gr.Column(visible=False, elem_id="compare") as self.area, gr.Tabs():
            with gr.Tab(words("compare.slider")) as slider:
                self.slider = gr.ImageSlider(
                    type="filepath",
                    format="png",
                    interactive=False,
                    label=words("compare.label"),
                    show_label=False,
                    container=False,
                    buttons=["fullscreen"],
                    max_height=720,
                    elem_id="slider",
                )
                self.note = gr.HTML()
            with gr.Tab(words("compare.single")) as single:
                self.flip = gr.HTML(elem_id="flip")
            with gr.Tab(words("compare.difference")) as difference:
                self.difference = gr.HTML(elem_id="difference")
            with gr.Tab(words("compare.where")) as where:
                self.where = gr.HTML(elem_id="where")
        self.tabs = {Tab.SLIDER: slider, Tab.SINGLE: single, Tab.DIFFERENCE: difference, Tab.WHERE: where}
        self.all: list[Block] = [self.area, self.slider, self.note, self.flip, self.pair]

    def wire(self) -> None:
        """Another pair, or another tab: what is looked at now is made."""
        made: dict[str, Any] = {"inputs": [self.pair, self.tab], "outputs": [self.difference, self.where], **QUIETLY}
        self.pair.change(self.on_view, **made)
        for name, tab in self.tabs.items():
            tab.select(partial(str, name), None, self.tab, **QUIETLY).then(self.on_view, **made)

    def shown(self, before: Shown, after: Shown, *, rough: bool = False) -> Updates:
        """Two pictures of one size side by side; rough: they are a preview."""
        pair = (str(before.path), str(after.path))
        return {
            self.area: gr.update(visible=True),
            # Paths of files, never pixels: gradio would encode pixels anew, and lossily.
            self.slider: pair,
            self.note: looking.sides(self.words) + looking.compare_note(self.words, after),
            self.flip: looking.flip(self.words, before, after, rough=rough),
            self.pair: pair,
        }

    def hidden(self) -> Updates:
        """Nothing to compare."""
        return {self.area: gr.update(visible=False), self.pair: ("", "")}

    def on_view(self, pair: Pair, tab: str) -> Iterator[tuple[str, str]]:
        """The difference, or where it may be seen: only what is looked at, since each takes a second or two."""
        if not all(pair) or tab not in (Tab.DIFFERENCE, Tab.WHERE):
            yield "", ""
            return
        before, after = map(Path, pair)

        def alone(picture: str) -> tuple[str, str]:
            return (picture, "") if tab == Tab.DIFFERENCE else ("", picture)

        yield alone(markup.status(self.words("views.working")))
        try:
            if tab == Tab.DIFFERENCE:
                yield alone(looking.difference(self.words, views.differences(self.desks.mine, before, after)))
            else:
                yield alone(looking.seen_map(self.words, views.seen_map(self.desks.mine, before, after)))
        except (GlazeError, OSError, ValueError):
            # The original was changed since, or the disk is full: the comparison itself is still there.
            yield alone(markup.status(self.words("views.none")))
