"""A preview in seconds: a real glaze of the whole picture, ended after a few steps and measured in less detail."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from glaze.artwork import Artwork, Note, open_artwork
from glaze.canvas import as_8_bit, as_trained, lay_on, over_white, to_tensor
from glaze.cloak import OnIterate, style_distance
from glaze.decoys.choose import choose
from glaze.decoys.styles import STYLES, sample
from glaze.fallback import Place, on_best_device
from glaze.fitting import fit
from glaze.glazing import load_encoder, load_likeness, memory_told, needs, prepare, search
from glaze.packs import ways
from glaze.report import what_is_seen
from glaze.settings import Effort, GlazeSettings
from glaze.visibility import Likeness, Original, Visibility, on_screen

STEPS: Final = 3  # each takes half a second of one processor; a fifth step moved the style a tenth further
MEASURED_SIDE: Final = 768  # pixels, at most; a measurement at 2048 takes the time of a step
TRIES: Final = 5


@dataclass(frozen=True)
class Preview:
    """How a glaze of a picture will look; not the glaze itself.

    before, after  (h, w, 3) uint8, the whole picture as a screen shows it, transparency over white: long side at most
                   2048 px.
    visibility     the figures of `after`, within the budget of the settings, taken of a smaller copy: FLIP came out
                   0 to 7 % above that of the whole, on line art 40 %, on a flat picture 30 % below its little.
    style_distance family -> percent of the way from the artwork's own style to the decoy's, of `after` as it is.
    seen_before, seen_after, seen_decoy
                   (h, w, 3) uint8: what a model sees of the artwork, of the preview, of the artwork redrawn.
    notes          what happened to the file on its way.
    """

    original: Path
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    decoy_style: str
    visibility: Visibility
    style_distance: Mapping[str, float]
    seen_before: NDArray[np.uint8]
    seen_after: NDArray[np.uint8]
    seen_decoy: NDArray[np.uint8]
    notes: tuple[Note, ...]
    seconds: float
    settings: GlazeSettings

    @property
    def mean_style_distance(self) -> float:
        """Percent, mean over families."""
        return float(np.mean(list(self.style_distance.values())))


def preview(
    path: Path,
    settings: GlazeSettings | None = None,
    *,
    on_iterate: OnIterate | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Preview:
    """Glaze one picture in seconds, to be looked at. Writes no file.

    The same decoy and loop as `glaze`, with STEPS steps instead of a hundred, on the picture as a screen shows it and a
    canvas of as many pixels as a square one. It looks as the glaze will and is weaker. On five pictures, beside render
    `default`: FLIP .83 to 1.09 of the glaze's, the style moved .33 to .80 of how far the glaze moves it, the same decoy
    (on canvases of the full size: .95 to 1.23 and .32 to .81). Where Stable Diffusion is to redraw the artwork, which
    takes longer than a preview may, it is redrawn by patches, unless it has been redrawn already.

    Raises GlazeError only: ArtworkError and DecoyError for what cannot be glazed, WeightsError, OutOfMemory, and
    Cancelled once `cancelled()` is true.
    """
    here = ways(settings or GlazeSettings())
    started = time.monotonic()
    with memory_told(path):
        artwork = open_artwork(path)
        before = np.asarray(on_screen(over_white(artwork.pixels, artwork.alpha)))
        shown = replace(artwork, pixels=before, alpha=None)
        return on_best_device(
            lambda place: _preview(
                artwork, shown, here[place.way], on_iterate, cancelled, started=started, place=place
            ),
            *needs((shown.width, shown.height), here),
        )


def _preview(
    whole: Artwork,
    artwork: Artwork,
    settings: GlazeSettings,
    on_iterate: OnIterate | None,
    cancelled: Callable[[], bool],
    *,
    started: float,
    place: Place,
) -> Preview:
    """Of an artwork as a screen shows it; `whole`: the artwork itself."""
    before = as_8_bit(artwork.pixels)
    side = _short_side(artwork.width, artwork.height, settings.render.effort.canvas)
    style = _style(artwork, settings, place)
    start = prepare(artwork, settings, style, short_side=side, whole=whole, cancelled=cancelled, place=place)
    canvas, encoder = start.canvas, start.tools.encoder
    effort = Effort(steps=STEPS, canvas=side)
    change = search(start, effort, settings.seed, on_iterate, cancelled)
    original = _measured(before, load_likeness(), grey=artwork.grey)
    scale, figures = fit(change, canvas, original, start.aim, tries=TRIES)
    after = as_8_bit(lay_on(before, None, change * scale, canvas.mask, grey=artwork.grey))
    glazed = canvas.as_trained(canvas.scaled(Image.fromarray(after)))
    with torch.no_grad():
        own, moved, decoy = (encoder.encode(picture) for picture in (start.trained, glazed, start.redrawn))
    return Preview(
        original=artwork.path,
        before=before,
        after=after,
        decoy_style=start.decoy_style,
        visibility=figures,
        style_distance={family: 100 * part for family, part in style_distance(moved, own, decoy).items()},
        seen_before=what_is_seen(own, encoder),
        seen_after=what_is_seen(moved, encoder),
        seen_decoy=what_is_seen(decoy, encoder),
        notes=artwork.notes,
        seconds=time.monotonic() - started,
        settings=settings,
    )


def get_ready(settings: GlazeSettings) -> None:
    """Do beforehand what the first preview of a run would wait two seconds for: networks, decoys, torch.

    Raises WeightsError.
    """
    picture, here = to_tensor(sample(next(iter(STYLES)))), ways(settings)
    on_best_device(
        lambda place: choose(picture, load_encoder(here[place.way].encoders, place), settings.seed),
        *needs((picture.shape[3], picture.shape[2]), here),
    )


def _short_side(width: int, height: int, square: int) -> int:
    """The short side of a canvas of as many pixels as a square one of that side: a panorama costs no more."""
    return round(square * math.sqrt(min(width, height) / max(width, height)))


def _style(artwork: Artwork, settings: GlazeSettings, place: Place) -> str | None:
    """The style that a glaze of the artwork will choose: as its canvas shows it, not the preview's. None if given."""
    if settings.decoy is not None or settings.decoy_style is not None:
        return None
    trained = as_trained(artwork, settings.render.effort.canvas)
    return choose(trained, load_encoder(settings.encoders, place), settings.seed).name


def _measured(picture: NDArray[np.uint8], likeness: Likeness, *, grey: bool) -> Original:
    """The picture (h, w, 3) made ready for measuring at no more than MEASURED_SIDE."""
    scale = max(1.0, max(picture.shape) / MEASURED_SIDE)
    size = (round(picture.shape[1] / scale), round(picture.shape[0] / scale))
    copy = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
    return Original(copy, likeness, grey=grey, screen_scale=scale)
