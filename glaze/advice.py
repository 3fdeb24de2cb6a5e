"""What to change where a glaze came out weaker than its settings promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from glaze.artwork import Note
from glaze.settings import GlazeSettings, Intensity, Render

MOSTLY: Final = 0.5  # the share of a picture from which on the picture itself is why it moved little
BINDING: Final = 0.8  # the part of a bound from which on it holds the glaze back; the loop aims at .84 to .99 of each


@dataclass(frozen=True)
class Advice(Note):
    """How far the glaze got, how far it should have, and what to change. Key and fields as in Note."""

    templates: ClassVar[dict[str, str]] = {
        "closed": "After an average removal this glaze holds the picture {reached} % of the way to the decoy, and "
        "{target} % was the aim: {share} % of the picture is pure white, pure black or transparent, where nothing "
        "may change, so no setting will do much more.",
        "flat": "After an average removal this glaze holds the picture {reached} % of the way to the decoy, and "
        "{target} % was the aim: {share} % of the picture is flat, where every change shows, so no setting will do "
        "much more.",
        "flat_intensity": "After an average removal this glaze holds the picture {reached} % of the way to the "
        "decoy, and {target} % was the aim: {share} % of the picture is flat, where every change shows, so only a "
        "higher intensity will do much more.",
        "render": "After an average removal this glaze holds the picture {reached} % of the way to the decoy, and "
        "{target} % was the aim: choose a higher render quality, which searches longer.",
        "render_or_intensity": "After an average removal this glaze holds the picture {reached} % of the way to the "
        "decoy, and {target} % was the aim: choose a higher render quality, which searches longer, or a higher "
        "intensity, which may be more visible.",
        "intensity": "After an average removal this glaze holds the picture {reached} % of the way to the decoy, and "
        "{target} % was the aim: choose a higher intensity, which may be more visible.",
        "decoy": "After an average removal this glaze holds the picture {reached} % of the way to the decoy, and "
        "{target} % was the aim: try another decoy, a style that you pick or a picture of your own.",
        "decoy_style": "After an average removal this glaze holds the picture {reached} % of the way to the decoy, and "
        "{target} % was the aim: try another decoy style, or let Glaze choose it.",
        "own_decoy": "After an average removal this glaze holds the picture {reached} % of the way to the decoy, and "
        "{target} % was the aim: try another decoy picture, or let Glaze draw one.",
    }


@dataclass(frozen=True)
class Ground:
    """What a glaze has to work on, as shares of the picture, 0 to 1.

    closed  nothing may change there: paper white, solid black, transparent.
    flat    smooth, so that every change shows.
    """

    closed: float
    flat: float


def advise(
    strength: float, figures: Mapping[str, float], settings: GlazeSettings, ground: Ground
) -> tuple[Advice, ...]:
    """What the artist should change where the glaze is weaker than its settings promise; else nothing.

    strength  Report.strength, percent; it counts in whole percent, as it is told.
    figures   Visibility.figures.
    """
    reached, target = round(strength), round(settings.target)
    if reached >= target:
        return ()
    key = _what_to_change(figures, settings, ground)
    share = round(100 * (ground.closed if key == "closed" else ground.flat))
    return (Advice(key, {"reached": reached, "target": target, "share": share}),)


def _what_to_change(figures: Mapping[str, float], settings: GlazeSettings, ground: Ground) -> str:
    """The key of the advice: first what no setting changes, then what costs time, then what people may see."""
    held_back = any(figure >= BINDING * getattr(settings.intensity.budget, name) for name, figure in figures.items())
    searched_all, shows_most = settings.render is Render.SLOWEST, settings.intensity is Intensity.HIGH
    if ground.closed >= MOSTLY:
        key = "closed"
    elif ground.flat >= MOSTLY:
        key = "flat" if shows_most else "flat_intensity"
    elif held_back and not shows_most:
        key = "intensity" if searched_all else "render_or_intensity"
    elif not searched_all:
        key = "render"
    else:
        key = "own_decoy" if settings.decoy else "decoy_style" if settings.decoy_style else "decoy"
    return key
