"""The page of settings and help. Every choice is kept at once, for this studio and the next one.

The file of the preferences is what holds: the page shows it anew whenever it opens, and when a choice cannot be kept.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from glaze import preferences
from glaze.errors import GlazeError
from glaze.jobs import log_path
from glaze.settings import Intensity, Render
from glaze.studio import markup, updates
from glaze.studio import settings_markup as told
from glaze.studio.installed import networks
from glaze.studio.packs_section import StandardSection, StudioSection
from glaze.studio.page import QUIETLY, Page, Updates, route
from glaze.studio.places import check_folder, default_results, places
from glaze.studio.words import languages, load, preferred


class SettingsPage(Page):
    """Sections one beneath the other: what each is about, and beside it what there is to choose or to read."""

    name = "settings"
    landings = ("#folder-use",)

    def draw(self) -> None:
        """All sections; what is chosen in them is filled in when the page opens."""
        words = self.words
        # Written by an event, it leads on to another language.
        self.onward = gr.Textbox(visible="hidden", show_label=False)
        with gr.Column(elem_classes="sheet", elem_id="settings"):
            gr.HTML(told.title(words))
            self._draw_language()
            self._draw_results()
            self._draw_beginning()
            self._draw_updates()
            with self._section("packs"):
                self.pack = StandardSection(words, self.desk, self.desk.fetcher, "pack")
            with self._section("studio"):
                self.studio = StudioSection(words, self.desk, self.desk.studio_fetcher, "studio")
            with self._section("networks"):
                self.networks = gr.HTML(markup.status(words("settings.looking")))
            self.places = self._wide("places", markup.status(words("settings.looking")))
            self._wide("limits", told.limits(words))
            computer = route(words.language, "computer")
            self._wide("help", told.help_and_manual(words, log_path(), computer))
            self._wide("licence", told.licence(words, updates.CHECKOUT))

    def _draw_language(self) -> None:
        with self._section("language"):
            with gr.Row(elem_classes="choices"):
                self.tongues = {code: self._button(load(code)("language.name")) for code in languages()}
                self.browsers = self._button(self.words("settings.language.browser"))
            self.language_notice = gr.HTML()

    def _draw_results(self) -> None:
        with self._section("results"):
            self.folder = gr.Textbox(
                label=self.words("settings.results.label"), max_lines=1, elem_id="folder", container=False
            )
            with gr.Row(elem_classes="choices"):
                self.folder_use = self._button(self.words("settings.results.use"), elem_id="folder-use")
                self.folder_usual = self._button(self.words("settings.results.usual"), elem_id="folder-usual")
            self.folder_notice = gr.HTML(elem_id="folder-notice")

    def _draw_beginning(self) -> None:
        words = self.words
        with self._section("beginning"):
            with gr.Row(elem_classes="pair"):
                self.intensity = gr.Radio(
                    [(words(f"intensity.{choice}"), str(choice)) for choice in Intensity],
                    label=words("intensity.label"),
                    min_width=250,
                    elem_id="intensity",
                    elem_classes="cards",
                )
                self.render = gr.Radio(
                    [(words(f"render.{choice}"), str(choice)) for choice in Render],
                    label=words("render.label"),
                    min_width=250,
                    elem_id="render",
                    elem_classes="cards",
                )
            self.beginning_notice = gr.HTML()
        with self._section("metadata"):
            self.keep_gps = gr.Checkbox(label=words("settings.metadata.gps"), elem_id="keep-gps", container=False)
            self.metadata_notice = gr.HTML()

    def _draw_updates(self) -> None:
        words = self.words
        with self._section("updates"):
            self.check_updates = gr.Checkbox(label=words("update.label"), elem_id="check-updates", container=False)
            with gr.Row(elem_classes="choices"):
                self.look = self._button(words("update.now"), interactive=False, elem_id="look")
            self.update_notice = gr.HTML(elem_id="update-notice")

    def _section(self, name: str) -> gr.Column:
        """The column of a section's controls, with what it is about beside it."""
        with gr.Row(elem_classes="section"):
            with gr.Column(scale=2, min_width=240):
                gr.HTML(told.about(self.words, name))
            return gr.Column(scale=3, min_width=300, elem_classes="choose")

    def _wide(self, name: str, read: str) -> gr.HTML:
        """A section that is only read."""
        with self._section(name):
            return gr.HTML(read)

    def _button(self, text: str, **options: Any) -> gr.Button:
        return gr.Button(text, size="md", scale=0, min_width=120, **options)

    def wire(self, blocks: gr.Blocks) -> None:
        """Each choice changes its own section; opening the page fills in all of them."""
        self.blocks = blocks
        language = [self.onward, self.language_notice]
        for code, button in self.tongues.items():
            button.click(partial(self.on_language, code), None, language, **QUIETLY)
        self.browsers.click(self.on_browsers_language, None, language, **QUIETLY)
        self.onward.change(None, self.onward, js="(to) => { if (to) location.href = to; }")

        folder = [self.folder, self.folder_notice, self.folder_usual, self.places]
        gr.on([self.folder_use.click, self.folder.submit], self.on_folder, self.folder, folder, **QUIETLY)
        self.folder_usual.click(self.on_usual_folder, None, folder, **QUIETLY)

        beginning = [self.intensity, self.render, self.beginning_notice]
        self.intensity.input(self.on_intensity, self.intensity, beginning, **QUIETLY)
        self.render.input(self.on_render, self.render, beginning, **QUIETLY)
        self.keep_gps.input(self.on_gps, self.keep_gps, [self.keep_gps, self.metadata_notice], **QUIETLY)
        switch = [self.check_updates, self.look, self.update_notice]
        self.check_updates.input(self.on_switch, self.check_updates, switch, **QUIETLY)
        asking = self.look.click(self.on_asking, None, switch, **QUIETLY)
        asking.then(self.on_look, None, switch, **QUIETLY)

        self.pack.wire(self.studio)
        self.studio.wire(self.pack)

        filled = [*folder, *beginning, self.keep_gps, *switch, *self.tongues.values(), self.browsers]
        filled += [*self.pack.all, *self.studio.all]
        opened = blocks.load(self.on_open, None, [*filled, self.language_notice], **QUIETLY)
        opened.then(None, js=self.dress())
        files = opened.then(self.on_files, None, [self.networks, self.places], **QUIETLY)
        files.then(self.studio.timed, None, self.studio.choice, **QUIETLY)

    def on_open(self) -> Updates:
        """What was chosen, here or in another tab."""
        chosen = self.desk.preferences
        code = chosen.language if chosen.language in self.tongues else None
        return {
            **self._folder(),
            self.intensity: str(chosen.intensity),
            self.render: str(chosen.render),
            self.keep_gps: chosen.keep_gps,
            self.check_updates: chosen.check_updates,
            self.look: gr.update(interactive=chosen.check_updates),
            **{button: _marked(mine == code) for mine, button in self.tongues.items()},
            self.browsers: _marked(code is None),
            self.language_notice: told.language_now(self.words, code and load(code)("language.name")),
            **self.pack.shown(),
            **self.studio.shown(),
        }

    def on_files(self) -> Updates:
        """What is installed and where files are: the first look takes seconds."""
        return {
            self.networks: told.networks(self.words, networks()),
            self.places: told.places(self.words, places(self.desk.results)),
        }

    def on_language(self, code: str) -> Updates:
        """Glaze shall open in this language, whatever the browser asks for."""
        return self._to_language(code, code)

    def on_browsers_language(self, request: gr.Request) -> Updates:
        """Glaze shall open in the language that the browser asks for."""
        return self._to_language(None, preferred(request.headers.get("accept-language"), languages()))

    def on_folder(self, typed: str) -> Updates:
        """Glazed pictures shall go there from now on. What was typed stays where it cannot be."""
        try:
            folder = check_folder(typed)
            preferences.change(results=folder)
        except GlazeError as error:
            return {self.folder_notice: self._trouble(error)}
        return self._moved()

    def on_usual_folder(self) -> Updates:
        """Glazed pictures shall go where they go without any choice."""
        try:
            preferences.change(results=None)
        except GlazeError as error:
            return {self.folder_notice: self._trouble(error)}
        return self._moved()

    def on_intensity(self, chosen: str) -> Updates:
        """What the page that glazes begins with."""
        return {**self._keep(self.beginning_notice, intensity=Intensity(chosen)), **self._beginning()}

    def on_render(self, chosen: str) -> Updates:
        """The same for the time to take."""
        return {**self._keep(self.beginning_notice, render=Render(chosen)), **self._beginning()}

    def on_gps(self, chosen: bool) -> Updates:
        """Whether the place of a photograph goes along."""
        notice = self._keep(self.metadata_notice, keep_gps=chosen)
        return {**notice, self.keep_gps: self.desk.preferences.keep_gps}

    def on_switch(self, chosen: bool) -> Updates:
        """Whether anyone may be asked for a newer Glaze. Switching it on asks nobody yet."""
        notice = self._keep(self.update_notice, check_updates=chosen)
        on = self.desk.preferences.check_updates
        return {**notice, self.check_updates: on, self.look: gr.update(interactive=on)}

    def on_asking(self) -> Updates:
        """Before the answer, which takes up to a minute."""
        return {
            self.look: gr.update(interactive=False),
            self.update_notice: markup.status(self.words("update.asking")),
        }

    def on_look(self) -> Updates:
        """Ask for a newer Glaze, if that is still switched on."""
        chosen = self.desk.preferences
        update = updates.check(chosen)
        said = "" if update is None else markup.status(self.words(f"update.{update.outcome}", **update.fields))
        return {self.look: gr.update(interactive=chosen.check_updates), self.update_notice: said}

    def _to_language(self, chosen: str | None, shown: str) -> Updates:
        try:
            preferences.change(language=chosen)
        except GlazeError as error:
            return {self.language_notice: self._trouble(error)}
        return {self.onward: f"/{route(shown, self.name)}"}

    def _moved(self) -> Updates:
        """After the folder for glazed pictures has changed."""
        folder = str(self.desk.results)
        if folder not in self.blocks.allowed_paths:
            # Those in the folder before stay within reach of pages that show them.
            self.blocks.allowed_paths.append(folder)
        return {**self._folder(), self.places: told.places(self.words, places(self.desk.results))}

    def _folder(self) -> Updates:
        chosen, named = self.desk.preferences.results, self.desk.named
        return {
            self.folder: str(chosen or default_results()),
            self.folder_usual: gr.update(visible=chosen is not None),
            self.folder_notice: told.folder_now(self.words, self.desk.results, named=named is not None),
        }

    def _beginning(self) -> Updates:
        chosen = self.desk.preferences
        return {self.intensity: str(chosen.intensity), self.render: str(chosen.render)}

    def _keep(self, notice: gr.HTML, **chosen: Any) -> Updates:
        """Keep a choice, and say beneath it that it is kept or why it cannot be."""
        try:
            preferences.change(**chosen)
        except GlazeError as error:
            return {notice: self._trouble(error)}
        return {notice: told.kept(self.words)}

    def _trouble(self, error: GlazeError) -> str:
        return markup.trouble(self.words, self.words.error(error))


def _marked(chosen: bool) -> Any:
    return gr.update(variant="primary" if chosen else "secondary")
