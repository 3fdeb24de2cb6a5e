"""The page of this computer: what was found, what it means, and how long pictures take here."""

from __future__ import annotations

import gradio as gr

from glaze import machine
from glaze.errors import GlazeError
from glaze.machine import Findings
from glaze.settings import Render
from glaze.studio import computer_markup as markup
from glaze.studio import findings
from glaze.studio.markup import status
from glaze.studio.page import QUIETLY, Page, Updates, route


class ComputerPage(Page):
    """Looks when it is first opened, and again when asked."""

    name = "computer"

    def draw(self) -> None:
        """The verdict on top, then the times, then what was found."""
        words = self.words
        self.found: Findings | None = None
        self.asked_torch = False
        with gr.Column(elem_classes="sheet", elem_id="computer"):
            self.verdict = gr.HTML(markup.looking(words))
            self.go = gr.HTML()
            with gr.Row(elem_classes="facts"):
                with gr.Column(min_width=320):
                    self.times = gr.HTML(markup.timing(words), elem_id="times")
                with gr.Column(min_width=320):
                    self.table = gr.HTML(elem_id="found")
            with gr.Row(elem_classes="beside"):
                self.again = gr.Button(words("computer.again"), size="md", elem_id="again", scale=0, min_width=160)
                self.notice = gr.HTML(status(words("computer.private")), elem_id="notice")

    def wire(self, blocks: gr.Blocks) -> None:
        """Looking takes a second or two, finding out the times some more: each is shown when it is there."""
        shown = [self.verdict, self.go, self.times, self.table, self.notice]
        blocks.load(None, js=self.dress())
        blocks.load(self.on_open, None, shown, **QUIETLY).then(self.on_times, None, shown, **QUIETLY)
        self.again.click(self.on_again, None, shown, **QUIETLY).then(self.on_times, None, shown, **QUIETLY)

    def on_open(self) -> Updates:
        """What was found, the first time without torch: it takes seconds to load."""
        if self.found is None:
            self.found = machine.look()
        return self._show(self.found)

    def on_times(self) -> Updates:
        """How long pictures take here; and what torch, loaded now, says of the cards."""
        if self.found is None or not self.asked_torch:
            self.found, self.asked_torch = machine.look(with_torch=True), True
        found = self.found
        if not found.verdict.here:
            return {**self._show(found), self.times: ""}
        try:
            seconds = findings.times(self.desk.preferences.settings)
            tried = findings.tried(self.words, found)
        except GlazeError as error:
            return {**self._show(found), self.times: markup.no_times(self.words, self.words.error(error))}
        except (ImportError, OSError, RuntimeError) as error:
            # Where torch itself is broken, this is the page that people open to see it.
            return {**self._show(found), self.times: markup.no_times(self.words, str(error))}
        return {
            **self._show(found, seconds),
            self.verdict: markup.verdict(self.words, found, tried),
            self.times: markup.times(self.words, seconds),
        }

    def on_again(self) -> Updates:
        """Look anew: a card, a driver or memory may have come since."""
        before = self.found if self.asked_torch else None
        self.found, self.asked_torch = machine.look(with_torch=True), True
        told = "computer.same" if before in {None, self.found} else "computer.changed"
        return {**self._show(self.found), self.times: markup.timing(self.words), self.notice: status(self.words(told))}

    def _show(self, found: Findings, seconds: dict[Render, float] | None = None) -> Updates:
        home, render = route(self.words.language), self.desk.preferences.render
        return {
            self.verdict: markup.verdict(self.words, found),
            self.go: markup.go_on(self.words, found, home, render, seconds),
            self.table: markup.rows(self.words, found),
        }
