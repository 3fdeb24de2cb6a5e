"""The sections of the settings about packs: what one takes, getting it with progress, removing it, and its use.

Each draws itself into the gradio context it is made in; its methods are what happens when something is pressed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import gradio as gr

from glaze import preferences
from glaze.errors import GlazeError
from glaze.packs import STABLE_DIFFUSION, STUDIO, Found, encoders, folder_of, load_pack, look, packs_folder, remove
from glaze.settings import Engine, Redraw
from glaze.studio import markup, packs_markup
from glaze.studio.fetching import Step
from glaze.studio.page import QUIETLY, Updates

if TYPE_CHECKING:
    from glaze.studio.desk import Desk
    from glaze.studio.fetching import Fetcher
    from glaze.studio.words import Words

WATCH_SECONDS = 0.5


class _Section(ABC):
    """One pack, and one choice about what it brings, which is kept in the preferences under the name `setting`."""

    setting: str

    def __init__(self, words: Words, desk: Desk, fetcher: Fetcher, name: str) -> None:
        """fetcher: who downloads the pack. name: what the ids of the parts begin with."""
        self.words, self.desk, self.fetcher = words, desk, fetcher
        self.here = gr.HTML(elem_id=f"{name}-here")
        self.news = gr.HTML(elem_id=f"{name}-news")
        with gr.Row(elem_classes="choices"):
            self.ask = self._button("packs.ask", f"{name}-ask")
            self.go = self._button("packs.go", f"{name}-go", variant="primary")
            self.later = self._button("packs.later", f"{name}-later")
            self.cancel = self._button("action.cancel", f"{name}-cancel")
            self.remove = self._button("packs.remove", f"{name}-remove")
        self.choice = gr.Radio(
            [],
            label=words(f"{self.setting}.label"),
            elem_id=self.setting,
            elem_classes="cards",
            visible=False,
        )
        self.choice_notice = gr.HTML()
        self.timer = gr.Timer(WATCH_SECONDS, active=False)

    def _button(self, text: str, name: str, **options: Any) -> gr.Button:
        return gr.Button(self.words(text), size="md", scale=0, min_width=120, elem_id=name, visible=False, **options)

    @property
    def all(self) -> list[Any]:
        """What its events may change."""
        buttons = [self.ask, self.go, self.later, self.cancel, self.remove]
        return [self.here, self.news, *buttons, self.choice, self.choice_notice, self.timer]

    def wire(self, other: _Section) -> None:
        """Each button begins something that the timer then watches. What happens may change what `other` offers."""
        happened = [
            self.ask.click(self.on_ask, None, self.all, **QUIETLY),
            self.go.click(self.on_go, None, self.all, **QUIETLY),
            self.later.click(self.on_stop, None, self.all, **QUIETLY),
            self.cancel.click(self.on_stop, None, self.all, **QUIETLY),
            self.remove.click(self.on_remove, None, self.all, **QUIETLY),
            self.choice.input(self.on_choice, self.choice, self.all, **QUIETLY),
            self.timer.tick(self.shown, None, self.all, **QUIETLY),
        ]
        for event in happened:
            event.then(other.shown, None, other.all, **QUIETLY)

    def shown(self) -> Updates:
        """As it stands now, whoever began it."""
        fetch, chosen = self.fetcher.now, self.desk.preferences
        try:
            found = look(load_pack(self.fetcher.pack))
            offered = self.offered(found)
        except GlazeError as error:
            return {self.here: markup.trouble(self.words, self.words.error(error))}
        some = any(one.bytes for one in found)
        missing = not all(one.bytes for one in found) or fetch.step is Step.FAILED
        idle = not fetch.busy and fetch.step is not Step.PLANNED
        return {
            self.here: packs_markup.here(self.words, found, used=chosen.engine is not Engine.BUNDLED),
            self.news: packs_markup.news(self.words, fetch, packs_folder()),
            self.ask: gr.update(visible=idle and missing),
            self.go: gr.update(visible=fetch.step is Step.PLANNED),
            self.later: gr.update(visible=fetch.step is Step.PLANNED),
            self.cancel: gr.update(visible=fetch.busy, interactive=not fetch.stopping),
            self.remove: gr.update(visible=idle and some),
            self.choice: gr.update(
                choices=[(self.told(choice), str(choice)) for choice in offered],
                visible=bool(offered),
                value=str(getattr(chosen, self.setting)),
            ),
            self.timer: gr.update(active=fetch.busy),
        }

    @abstractmethod
    def offered(self, found: Iterable[Found]) -> list[StrEnum]:
        """What there is to choose from, with this of the pack here; nothing where that would change nothing."""

    @abstractmethod
    def told(self, choice: StrEnum) -> str:
        """What a choice is called."""

    @abstractmethod
    def keep(self, chosen: str) -> None:
        """Keep a choice. Raises SaveError."""

    def on_ask(self) -> Updates:
        """How much is missing: the first that is asked of anyone."""
        self.fetcher.ask()
        return self.shown()

    def on_go(self) -> Updates:
        """The artist has read what it takes and wants it."""
        self.fetcher.go()
        return self.shown()

    def on_stop(self) -> Updates:
        """Stop the download, or leave it at the plan."""
        self.fetcher.stop()
        return self.shown()

    def on_remove(self) -> Updates:
        """Delete the pack; from the next picture on Glaze does without."""
        self.fetcher.stop()
        try:
            freed = remove(load_pack(self.fetcher.pack))
        except GlazeError as error:
            return {**self.shown(), self.news: markup.trouble(self.words, self.words.error(error))}
        return {**self.shown(), self.news: markup.status(self.words("packs.removed", size=self.words.size(freed)))}

    def on_choice(self, chosen: str) -> Updates:
        """How it is to be from now on."""
        try:
            self.keep(chosen)
        except GlazeError as error:
            return {**self.shown(), self.choice_notice: markup.trouble(self.words, self.words.error(error))}
        return {**self.shown(), self.choice_notice: markup.status(self.words("settings.kept"))}


class StandardSection(_Section):
    """The pack "standard", and what glazes look through."""

    setting = "engine"

    def offered(self, found: Iterable[Found]) -> list[StrEnum]:
        if encoders(STUDIO):
            return list(Engine)
        # The one that was chosen while there were full ones as well.
        chosen = [engine for engine in (Engine.FULL, Engine.TINY) if engine is self.desk.preferences.engine]
        return [Engine.PACKS, *chosen, Engine.BUNDLED] if any(one.bytes for one in found) else []

    def told(self, choice: StrEnum) -> str:
        many = choice is Engine.PACKS and bool(encoders(STUDIO))
        return self.words("engine.packs.best" if many else f"engine.{choice}")

    def keep(self, chosen: str) -> None:
        preferences.change(engine=Engine(chosen))


class StudioSection(_Section):
    """The pack "studio", and how artworks are redrawn where Stable Diffusion is here."""

    setting = "redraw"

    def __init__(self, words: Words, desk: Desk, fetcher: Fetcher, name: str) -> None:
        super().__init__(words, desk, fetcher, name)
        self.seconds: float | None = None

    def offered(self, found: Iterable[Found]) -> list[StrEnum]:
        del found
        # Whoever chose the bundled network chose speed: it is then redrawn by patches.
        by_choice = self.desk.preferences.engine is Engine.BUNDLED
        return [] if by_choice or folder_of(STABLE_DIFFUSION) is None else [Redraw.PACKS, Redraw.PATCHES]

    def told(self, choice: StrEnum) -> str:
        if choice is Redraw.PACKS and self.seconds is not None:
            return self.words("redraw.packs.timed", time=self.words.about(self.seconds))
        return self.words(f"redraw.{choice}")

    def keep(self, chosen: str) -> None:
        preferences.change(redraw=Redraw(chosen))

    def timed(self) -> Any:
        """With how long Stable Diffusion takes here, where it is here: the first time, finding out takes seconds."""
        if not self.offered(()):
            return gr.update()
        try:
            self.seconds = self.desk.redrawing()
        except GlazeError:
            # Whatever it is, glazing will say so.
            return gr.update()
        return self.shown().get(self.choice, gr.update())
