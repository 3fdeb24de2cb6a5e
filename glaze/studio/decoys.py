"""The choice of the decoy, as every page that glazes has it, and how each of Glaze's own styles looks in small."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import gradio as gr

from glaze.decoys.styles import STYLES, sample
from glaze.errors import DecoyError, GlazeError, SaveError
from glaze.studio import markup
from glaze.studio.desk import address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glaze.settings import GlazeSettings
    from glaze.studio.desk import Desk, Desks
    from glaze.studio.page import Updates
    from glaze.studio.words import Words

# The rows of a sample, at twice the density. Not the artist's picture redrawn: so small, most styles could not be told
# apart in it.
SWATCH: Final = slice(24, 168)
FIRST: Final = next(iter(STYLES))


class Way(StrEnum):
    """How the decoy is chosen."""

    AUTOMATIC = "automatic"
    STYLE = "style"
    OWN = "own"


def way(settings: GlazeSettings) -> Way:
    """How the decoy of a glaze with these settings was chosen."""
    if settings.decoy is not None:
        return Way.OWN
    return Way.AUTOMATIC if settings.decoy_style is None else Way.STYLE


def chosen(settings: GlazeSettings, way: str, style: str, own: Path | None) -> GlazeSettings:
    """The settings with the decoy that is chosen on a page. own: the artist's picture, where one is there.

    Raises DecoyError where it shall be an own picture and there is none yet.
    """
    if way == Way.OWN and own is None:
        raise DecoyError("no_picture")
    return replace(settings, decoy=own if way == Way.OWN else None, decoy_style=style if way == Way.STYLE else None)


class Controls:
    """Draws itself into the gradio context it is made in: the way, the styles, the artist's own picture."""

    def __init__(self, words: Words, desks: Desks) -> None:
        self._words, self._desks = words, desks
        with gr.Column(elem_id="decoy"):
            self.way = gr.Radio(
                ways(words, own=not desks.hosted),
                value=str(Way.AUTOMATIC),
                label=words("decoy.label"),
                info=words("decoy.info"),
                elem_id="decoy-way",
                elem_classes="cards",
            )
            # Which of these two is seen follows from the way, in theme.py.
            self.style = gr.Radio(
                styles(words), value=FIRST, label=words("decoy.style"), elem_id="decoy-style", elem_classes="swatches"
            )
            with gr.Column(elem_id="decoy-own"):
                self.button = gr.UploadButton(words("decoy.drop"), type="filepath", size="md", elem_id="decoy-button")
                self.picture = gr.HTML(visible=False)
            self.swatches = gr.HTML(elem_id="swatches")

    def on_swatches(self) -> str:
        """How each style looks, once it is drawn; without, their names are there."""
        try:
            return dress(swatches(self._desks.mine))
        except SaveError:
            return ""

    def show(self, own: Path | None, **more: Any) -> Updates:
        """The artist's picture and the button that brings one, or another. more: for the button."""
        label = self._words("decoy.drop" if own is None else "decoy.another")
        return {
            self.button: gr.update(label=label, **more),
            self.picture: gr.update(value=self._thumbnail(own), visible=own is not None),
        }

    def _thumbnail(self, own: Path | None) -> str:
        if own is None:
            return ""
        try:
            return markup.thumbnail(self._desks.mine.show(own).path, self._words("decoy.alt"))
        except GlazeError:
            return ""


def ways(words: Words, *, own: bool = True) -> list[tuple[str, str]]:
    """Label and value of each way, for a gr.Radio. own: whether it may be a picture of the artist's."""
    return [(words(f"decoy.way.{each}"), str(each)) for each in Way if own or each is not Way.OWN]


def styles(words: Words) -> list[tuple[str, str]]:
    """Label and value of each style, for a gr.Radio."""
    return [(words.name("style", name), name) for name in STYLES]


def swatches(desk: Desk) -> dict[str, Path]:
    """A picture of each style, by its name. The first time of a run it takes about a second. Raises SaveError."""
    found = {}
    for number, name in enumerate(STYLES):
        path = desk.samples / f"style-{number}.png"
        found[name] = path if path.exists() else desk.keep(sample(name)[SWATCH], path.stem, desk.samples)
    return found


def dress(shown: Mapping[str, Path]) -> str:
    """What puts the swatches on the choice of styles, as HTML. The name beneath each is all that is read aloud."""
    rules = "".join(
        f'.swatches label:has(input[value="{name}"]) {{ --swatch: url("{address(path)}"); }}'
        for name, path in shown.items()
    )
    return f"<style>{rules}</style>"
