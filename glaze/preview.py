"""A preview in seconds: a real glaze of the whole picture, ended after a few steps and measured in less detail."""

from __future__ import annotations

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
from glaze.canvas import as_8_bit, lay_on, over_white, to_tensor
from glaze.cloak import OnIterate, style_distance
from glaze.decoys.choose import LOOK_SIDE, choose
from glaze.decoys.styles import STYLES, draw_style
from glaze.device import on_best_device
from glaze.fitting import fit
from glaze.glazing import load_encoder, load_likeness, memory_told, prepare, search
from glaze.packs import as_installed
from glaze.report import what_is_seen
from glaze.settings import Effort, GlazeSettings
from glaze.visibility import Likeness, Original, Visibility, on_screen

STEPS: Final = 3  # each takes half a second to a second of one processor; more moved the style little further
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

    The same canvas, decoy and loop as `glaze`, with STEPS steps instead of a hundred, on the picture as a screen shows
    it. It looks as the glaze will and is weaker. On four pictures, beside render `default`: as visible where there is
    texture (FLIP .99 to 1.08 of the glaze's on three), a third as visible on a flat illustration, where a glaze takes
    more steps; the style moved .42, .47, .85 and, on the flat one, .30 of how far the glaze moves it. A picture larger
    than a screen may get another decoy where two are about as far. Where Stable Diffusion is to redraw the artwork,
    which takes longer than a preview may, it is redrawn by patches, unless it has been redrawn for a glaze already.

    On two processors 3.1 s for 1940x1600 px, 4.5 to 4.8 s for 16:9; the first of a run two to three more (`get_ready`).

    Raises GlazeError only: ArtworkError and DecoyError for what cannot be glazed, WeightsError, OutOfMemory, and
    Cancelled once `cancelled()` is true.
    """
    settings = as_installed(settings or GlazeSettings())
    started = time.monotonic()
    with memory_told(path):
        artwork = open_artwork(path)
        before = np.asarray(on_screen(over_white(artwork.pixels, artwork.alpha)))
        shown = replace(artwork, pixels=before, alpha=None)
        return on_best_device(lambda: _preview(shown, before, settings, on_iterate, cancelled, started=started))


def _preview(
    artwork: Artwork,
    before: NDArray[np.uint8],
    settings: GlazeSettings,
    on_iterate: OnIterate | None,
    cancelled: Callable[[], bool],
    *,
    started: float,
) -> Preview:
    """Of an artwork whose pixels are `before`."""
    start = prepare(artwork, settings, hurried=True, cancelled=cancelled)
    canvas, encoder = start.canvas, start.tools.encoder
    effort = Effort(steps=STEPS, canvas=settings.render.effort.canvas)
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


def get_ready() -> None:
    """Do beforehand what the first preview of a run would wait three seconds for: networks, decoys, torch.

    Raises WeightsError.
    """
    picture = to_tensor(draw_style(next(iter(STYLES)), 0, LOOK_SIDE, LOOK_SIDE))
    on_best_device(lambda: choose(picture, load_encoder(as_installed(GlazeSettings()).encoders), 0))
    # With its first optimiser, torch imports eight hundred modules more.
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])


def _measured(picture: NDArray[np.uint8], likeness: Likeness, *, grey: bool) -> Original:
    """The picture (h, w, 3) made ready for measuring at no more than MEASURED_SIDE."""
    scale = max(1.0, max(picture.shape) / MEASURED_SIDE)
    size = (round(picture.shape[1] / scale), round(picture.shape[0] / scale))
    copy = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
    return Original(copy, likeness, grey=grey, screen_scale=scale)
