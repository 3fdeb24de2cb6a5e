"""The section of the settings about the pack: what it takes, getting it with progress, removing it, using it or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from glaze import preferences
from glaze.errors import GlazeError
from glaze.packs import load_pack, look, packs_folder, remove
from glaze.settings import Engine
from glaze.studio import markup, packs_markup
from glaze.studio.fetching import Step
from glaze.studio.page import QUIETLY, Updates

if TYPE_CHECKING:
    from glaze.studio.desk import Desk
    from glaze.studio.words import Words

WATCH_SECONDS = 0.5


class PacksSection:
    """Draws itself into the gradio context it is made in; its methods are what happens when something is pressed."""

    def __init__(self, words: Words, desk: Desk) -> None:
        self.words, self.desk = words, desk
        self.here = gr.HTML(elem_id="pack-here")
        self.news = gr.HTML(elem_id="pack-news")
        with gr.Row(elem_classes="choices"):
            self.ask = self._button("packs.ask", "pack-ask")
            self.go = self._button("packs.go", "pack-go", variant="primary")
            self.later = self._button("packs.later", "pack-later")
            self.cancel = self._button("action.cancel", "pack-cancel")
            self.remove = self._button("packs.remove", "pack-remove")
        self.engine = gr.Radio(
            [(words(f"engine.{engine}"), str(engine)) for engine in Engine],
            label=words("engine.label"),
            elem_id="engine",
            elem_classes="cards",
            visible=False,
        )
        self.engine_notice = gr.HTML()
        self.timer = gr.Timer(WATCH_SECONDS, active=False)

    def _button(self, text: str, name: str, **options: Any) -> gr.Button:
        return gr.Button(self.words(text), size="md", scale=0, min_width=120, elem_id=name, visible=False, **options)

    @property
    def all(self) -> list[Any]:
        """What its events may change."""
        buttons = [self.ask, self.go, self.later, self.cancel, self.remove]
        return [self.here, self.news, *buttons, self.engine, self.engine_notice, self.timer]

    def wire(self) -> None:
        """Each button begins something that the timer then watches."""
        for button, does in (
            (self.ask, self.on_ask),
            (self.go, self.on_go),
            (self.later, self.on_stop),
            (self.cancel, self.on_stop),
            (self.remove, self.on_remove),
        ):
            button.click(does, None, self.all, **QUIETLY)
        self.engine.input(self.on_engine, self.engine, self.all, **QUIETLY)
        self.timer.tick(self.shown, None, self.all, **QUIETLY)

    def shown(self) -> Updates:
        """As it stands now, whoever began it."""
        fetch, engine = self.desk.fetcher.now, self.desk.preferences.engine
        try:
            found = look(load_pack(self.desk.fetcher.pack))
        except GlazeError as error:
            return {self.here: markup.trouble(self.words, self.words.error(error))}
        some = any(one.bytes for one in found)
        missing = not all(one.bytes for one in found) or fetch.step is Step.FAILED
        idle = not fetch.busy and fetch.step is not Step.PLANNED
        return {
            self.here: packs_markup.here(self.words, found, engine),
            self.news: packs_markup.news(self.words, fetch, packs_folder()),
            self.ask: gr.update(visible=idle and missing),
            self.go: gr.update(visible=fetch.step is Step.PLANNED),
            self.later: gr.update(visible=fetch.step is Step.PLANNED),
            self.cancel: gr.update(visible=fetch.busy, interactive=not fetch.stopping),
            self.remove: gr.update(visible=idle and some),
            self.engine: gr.update(visible=some, value=str(engine)),
            self.timer: gr.update(active=fetch.busy),
        }

    def on_ask(self) -> Updates:
        """How much is missing: the first that is asked of anyone."""
        self.desk.fetcher.ask()
        return self.shown()

    def on_go(self) -> Updates:
        """The artist has read what it takes and wants it."""
        self.desk.fetcher.go()
        return self.shown()

    def on_stop(self) -> Updates:
        """Stop the download, or leave it at the plan."""
        self.desk.fetcher.stop()
        return self.shown()

    def on_remove(self) -> Updates:
        """Delete the pack; from the next picture on the bundled network sees alone."""
        self.desk.fetcher.stop()
        try:
            freed = remove(load_pack(self.desk.fetcher.pack))
        except GlazeError as error:
            return {**self.shown(), self.news: markup.trouble(self.words, self.words.error(error))}
        return {**self.shown(), self.news: markup.status(self.words("packs.removed", size=self.words.size(freed)))}

    def on_engine(self, chosen: str) -> Updates:
        """What glazes look through from now on."""
        try:
            preferences.change(engine=Engine(chosen))
        except GlazeError as error:
            return {**self.shown(), self.engine_notice: markup.trouble(self.words, self.words.error(error))}
        return {**self.shown(), self.engine_notice: markup.status(self.words("settings.kept"))}
