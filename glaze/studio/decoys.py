"""What a page offers as the decoy, and how each of Glaze's own styles looks in small."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from glaze.decoys.styles import STYLES, sample
from glaze.studio.desk import address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glaze.settings import GlazeSettings
    from glaze.studio.desk import Desk
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


def ways(words: Words) -> list[tuple[str, str]]:
    """Label and value of each way, for a gr.Radio."""
    return [(words(f"decoy.way.{each}"), str(each)) for each in Way]


def styles(words: Words) -> list[tuple[str, str]]:
    """Label and value of each style, for a gr.Radio."""
    return [(words.name("style", name), name) for name in STYLES]


def swatches(desk: Desk) -> dict[str, Path]:
    """A picture of each style, by its name. The first time of a run it takes about a second. Raises SaveError."""
    found = {}
    for number, name in enumerate(STYLES):
        path = desk.scratch / f"style-{number}.png"
        found[name] = path if path.exists() else desk.keep(sample(name)[SWATCH], path.stem)
    return found


def dress(shown: Mapping[str, Path]) -> str:
    """What puts the swatches on the choice of styles, as HTML. The name beneath each is all that is read aloud."""
    rules = "".join(
        f'.swatches label:has(input[value="{name}"]) {{ --swatch: url("{address(path)}"); }}'
        for name, path in shown.items()
    )
    return f"<style>{rules}</style>"
