"""The page that inspects: a picture, and with its original what is left of its glaze.

It owns nothing. A tab remembers its pictures and which look it looks at (`View`); the desk's inspector does the work,
so a reload or a closed tab makes no difference to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from glaze.errors import GlazeError
from glaze.studio import decoys, inspect_markup, markup
from glaze.studio.inspector import Look
from glaze.studio.page import Page, Updates, name_the_fields

# The two fields, in the order in which they stand.
FIELDS = ("picture", "glazed")


@dataclass(frozen=True)
class View:
    """What one tab looks at, and what of it is on the page already (`mark`)."""

    picture: Path | None = None
    glazed: Path | None = None
    decoy: Path | None = None
    look: str | None = None
    mark: str = ""


class InspectPage(Page):
    """Draws itself into the gradio context it is made in; its methods are what happens when something is pressed."""

    name = "inspect"
    landings = ("#inspect-button", "#drop-picture button[aria-dropeffect]")

    def draw(self) -> None:
        """Two fields for pictures, what they were glazed with, and below them what was found."""
        words = self.words
        self.view = gr.State(View())
        self.timer = self.watch()
        self.zones: dict[str, gr.Column] = {}
        self.drops: dict[str, gr.File] = {}
        self.shown: dict[str, gr.HTML] = {}
        self.aways: dict[str, gr.Button] = {}
        with gr.Column(elem_id="work", elem_classes="inspect"):
            with gr.Row(elem_classes="pair"):
                for which in FIELDS:
                    self._field(which)
            with gr.Accordion(words("inspect.with"), open=False, elem_id="glazed-with"):
                gr.HTML(markup.hint(words("inspect.with_info")))
                with gr.Row(elem_classes="pair"):
                    with gr.Column(min_width=240):
                        self.decoy_button = gr.UploadButton(
                            words("decoy.drop"), type="filepath", size="md", elem_id="decoy-button"
                        )
                        self.decoy_picture = gr.HTML(visible=False)
                        self.decoy_remove = gr.Button(words("decoy.remove"), visible=False, size="sm")
                    self.style = gr.Dropdown(
                        [(words("inspect.style_unknown"), ""), *decoys.styles(words)],
                        value="",
                        filterable=False,
                        label=words("decoy.style"),
                        min_width=240,
                        elem_id="style",
                    )
                    # No gr.Number: left empty, it says 0, and the ledger's seed would count for nothing.
                    self.seed = gr.Textbox(max_lines=1, label=words("inspect.seed"), min_width=240, elem_id="seed")
            self.inspect = gr.Button(
                words("inspect.button"), variant="primary", interactive=False, elem_id="inspect-button"
            )
            self.progress = gr.HTML(visible=False, elem_id="progress")
            self.message = gr.HTML(visible=False, elem_id="message")
            self.result = gr.HTML(visible=False, elem_id="result")

    def _field(self, which: str) -> None:
        words = self.words
        with gr.Column(min_width=260):
            gr.HTML(markup.heading(words(f"inspect.drop.{which}")))
            with gr.Column(elem_classes="drop-zone") as self.zones[which]:
                self.drops[which] = gr.File(
                    label=words(f"inspect.drop.{which}"),
                    show_label=False,
                    container=False,
                    elem_id=f"drop-{which}",
                    elem_classes="drop-field",
                )
                hint = words("inspect.drop.glazed_hint")
                if which == "picture":
                    hint = self.where_it_goes("inspect.drop.picture_hint")
                gr.HTML(inspect_markup.drop_words(words, hint), elem_classes="drop-over")
            self.shown[which] = gr.HTML(visible=False, elem_id=f"shown-{which}")
            self.aways[which] = gr.Button(
                words("picture.another"), visible=False, size="sm", elem_id=f"another-{which}"
            )

    def wire(self, blocks: gr.Blocks) -> None:
        """Every event redraws what it changed, and only that."""
        fields = (self.zones, self.drops, self.shown, self.aways)
        everything: list[Any] = [
            *(component for each in fields for component in each.values()),
            *(self.view, self.decoy_button, self.decoy_picture, self.decoy_remove, self.style, self.seed),
            *(self.inspect, self.progress, self.message, self.result),
        ]

        on = self.wired(everything, [self.view])

        on(self.drops["picture"].upload, self.on_picture, self.drops["picture"])
        on(self.drops["glazed"].upload, self.on_glazed, self.drops["glazed"])
        on(self.aways["picture"].click, self.on_picture_away)
        on(self.aways["glazed"].click, self.on_glazed_away)
        on(self.decoy_button.upload, self.on_decoy, self.decoy_button)
        on(self.decoy_remove.click, self.on_decoy_removed)
        on(self.inspect.click, self.on_inspect, self.seed, self.style)
        on(self.timer.tick, self.on_watch)
        names = {f"drop-{which}": self.words(f"inspect.drop.{which}") for which in FIELDS}
        on(blocks.load, self.on_load).then(None, js=self.dress(name_the_fields(names)))

    def on_load(self, view: View) -> Updates:
        """A page that opens looks at the latest inspection, whoever started it."""
        del view
        look = self.desk.inspector.latest
        if look is None:
            return self._show(View())
        view = View(picture=look.picture, glazed=look.glazed, decoy=look.decoy, look=look.id)
        return {
            **self._show(view),
            self.style: gr.update(value=look.style or "", interactive=look.finished),
            self.seed: gr.update(value="" if look.seed is None else str(look.seed), interactive=look.finished),
        }

    def on_picture(self, view: View, file: str) -> Updates:
        """The original, or any picture, was dropped or chosen."""
        return self._take(view, replace(view, picture=Path(file), look=None), file)

    def on_glazed(self, view: View, file: str) -> Updates:
        """The copy was dropped or chosen."""
        return self._take(view, replace(view, glazed=Path(file), look=None), file)

    def on_picture_away(self, view: View) -> Updates:
        """Away with the picture; the file stays where it is."""
        return self._show(replace(view, picture=None, look=None))

    def on_glazed_away(self, view: View) -> Updates:
        """Away with the copy; the file stays where it is."""
        return self._show(replace(view, glazed=None, look=None))

    def on_decoy(self, view: View, file: str) -> Updates:
        """It was glazed toward this picture, the artist says."""
        return self._take(view, replace(view, decoy=Path(file), look=None), file)

    def on_decoy_removed(self, view: View) -> Updates:
        """Toward none of the artist's own after all."""
        return self._show(replace(view, decoy=None))

    def on_inspect(self, view: View, seed: str | None, style: str | None = None) -> Updates:
        """The button. Pressed without a picture, or twice, it does nothing. One picture is enough, in either field."""
        look = self.desk.inspector.get(view.look)
        # A field in a fold that was never opened sends nothing at all.
        picture, seed = view.picture or view.glazed, (seed or "").strip()
        if picture is None or (look is not None and not look.finished):
            return self._show(view)
        if seed and not seed.isdecimal():
            trouble = markup.trouble(self.words, self.words("inspect.seed_wrong"))
            return {**self._show(view), self.message: gr.update(value=trouble, visible=True)}
        look = self.desk.inspector.start(
            Look(
                picture=picture,
                glazed=view.glazed if view.picture is not None else None,
                decoy=view.decoy,
                style=style or None,
                seed=int(seed) if seed else None,
            )
        )
        return self._show(replace(view, look=look.id))

    def on_watch(self, view: View) -> Updates:
        """Once a second: what changed, and nothing else."""
        look = self.desk.inspector.get(view.look)
        if look is None or _mark(look) == view.mark:
            return self.unchanged(self.progress)
        return self._show(view)

    def _take(self, view: View, then: View, file: str) -> Updates:
        """The page with a new file; where that cannot be read, the page as it was, and why."""
        try:
            self.desk.show(Path(file))
        except GlazeError as error:
            return {**self._show(view), self.message: self._complain(error)}
        return self._show(then)

    def _complain(self, error: GlazeError) -> Any:
        text = self.words.error(error, private=self.desk.private)
        return gr.update(value=markup.trouble(self.words, text), visible=True)

    def _show(self, view: View) -> Updates:
        """The whole page as `view` and its look have it."""
        look = self.desk.inspector.get(view.look)
        busy = look is not None and not look.finished
        found, trouble = "", look.error if look else None
        try:
            found = self._found(look) if look is not None and look.finished and trouble is None else ""
        except GlazeError as error:
            # What the page shows could not be written: a full disk.
            trouble = error
        updates: Updates = {
            self.view: replace(view, mark=_mark(look) if look else ""),
            self.decoy_button: gr.update(visible=view.decoy is None, interactive=not busy),
            self.decoy_picture: gr.update(value=self._decoy(view), visible=view.decoy is not None),
            self.decoy_remove: gr.update(visible=view.decoy is not None and not busy),
            self.style: gr.update(interactive=not busy),
            self.seed: gr.update(interactive=not busy),
            self.inspect: gr.update(interactive=(view.picture or view.glazed) is not None and not busy),
            self.progress: gr.update(
                value=inspect_markup.waiting(self.words, look) if look and busy else "", visible=busy
            ),
            self.message: self._complain(trouble) if trouble else gr.update(value="", visible=False),
            self.result: gr.update(value=found, visible=bool(found)),
        }
        for which in FIELDS:
            path = getattr(view, which)
            updates |= {
                self.zones[which]: gr.update(visible=path is None),
                self.drops[which]: gr.update(value=None),
                self.shown[which]: gr.update(value=self._picture(path), visible=path is not None),
                self.aways[which]: gr.update(visible=path is not None and not busy),
            }
        return updates

    def _picture(self, path: Path | None) -> str:
        if path is None:
            return ""
        try:
            shown = self.desk.show(path)
        except GlazeError:
            # Removed since; pressing the button will say so.
            return ""
        caption = self.words("picture.size", name=path.name, width=shown.width, height=shown.height)
        return markup.mounted(shown.path, path.name, caption=caption, frame=shown.frame)

    def _decoy(self, view: View) -> str:
        if view.decoy is None:
            return ""
        try:
            return markup.thumbnail(self.desk.show(view.decoy).path, self.words("decoy.alt"))
        except GlazeError:
            return ""

    def _found(self, look: Look) -> str:
        """What a finished look found. Raises SaveError."""

        def keep(pixels: Any, name: str) -> Path:
            return self.desk.keep(pixels, f"look-{look.id}-{name}")

        if look.alone is not None:
            pictures = {"shown": keep(look.alone.shown, "shown"), "seen": keep(look.alone.seen, "seen")}
            return inspect_markup.alone(self.words, look, pictures)
        assert look.pair is not None
        # Imported here: torch, which it needs, was loaded for the look.
        from glaze.studio.verdict import verdict, visible
        from glaze.visibility import difference

        report = look.pair.report
        return inspect_markup.pair(
            self.words,
            look,
            verdict(self.words, look.pair),
            visible(self.words, look.pair),
            {
                "before": keep(report.seen_before, "before"),
                "after": keep(report.seen_after, "after"),
                "decoy": keep(report.seen_decoy, "decoy"),
            },
            keep(difference(look.pair.before, look.pair.after, inspect_markup.CHANGE), "change"),
        )


def _mark(look: Look) -> str:
    """Changes when the page must be drawn anew."""
    return f"{look.id} {look.stage}"
