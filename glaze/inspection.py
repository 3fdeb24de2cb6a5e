"""What can be said of a picture afterwards: what a model sees of it, and what is left of its glaze.

Nothing is kept with a glazed picture. The decoy that it was glazed toward follows from the original and the settings,
so it is worked out once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from glaze.artwork import Artwork, Note, open_artwork
from glaze.artwork.colours import converted
from glaze.artwork.lossy import saved_like
from glaze.canvas import as_trained, over_white
from glaze.errors import ArtworkNotFound, InspectionError
from glaze.fallback import Place, on_best_device
from glaze.glazing import OWN_DECOY, load_encoder, load_likeness, memory_told, needs, prepare
from glaze.outcome import Report
from glaze.packs import ways
from glaze.registration import match
from glaze.report import genres_of, make_report, what_is_seen
from glaze.settings import Engine, GlazeSettings
from glaze.visibility import Original, Visibility, on_screen
from glaze.visibility.figures import TRAINING_SIDE

# Percent of the way to the decoy that a copy without a glaze seems moved by. 27 pictures of all genres, each saved in
# eight ways (300 to 1200 px, JPEG and WebP of quality 40 to 90, twice in a row): 214 of 216 copies came to -1.3 to 3.5,
# a 400 px WebP of quality 50 to 4.4, a smooth render saved twice to 6.2. Fresh glazes of four came to 21 to 44.
NOISE: Final = 4.0
SURVIVES: Final = 0.5  # of what is left in the file; a removal that leaves less has won
COMPARED_SIDE: Final = 64  # pixels; enough to tell one way of reading colours from another


@dataclass(frozen=True)
class Inspection:
    """What a model sees of one picture.

    shown  (h, w, 3) uint8, as a screen shows it: long side at most 2048 px.
    seen   (h, w, 3) uint8: the bundled network's view of it at training size, made visible.
    notes  what had to be done to the file to read it.
    """

    picture: Path
    width: int
    height: int
    shown: NDArray[np.uint8]
    seen: NDArray[np.uint8]
    notes: tuple[Note, ...]

    def as_dict(self) -> dict[str, object]:
        """Without the pictures, ready for JSON."""
        return {
            "picture": str(self.picture),
            "width": self.width,
            "height": self.height,
            "notes": [{"key": note.key, "text": str(note)} for note in self.notes],
        }


def inspect(picture: Path) -> Inspection:
    """What a model sees of any picture. Raises ArtworkError, WeightsError and OutOfMemory."""
    with memory_told(picture):
        artwork = open_artwork(picture)
        whole = over_white(artwork.pixels, artwork.alpha)
        plain = GlazeSettings(engine=Engine.BUNDLED)
        trained = as_trained(artwork, TRAINING_SIDE)
        seen = on_best_device(lambda place: _seen(trained, place), *needs(whole.size, [plain]))
        shown = np.asarray(on_screen(whole))
        return Inspection(picture, artwork.width, artwork.height, shown, seen, artwork.notes)


@torch.no_grad()
def _seen(trained: Tensor, place: Place) -> NDArray[np.uint8]:
    encoder = load_encoder((), place)
    return what_is_seen(encoder.encode(trained), encoder)


@dataclass(frozen=True)
class Comparison:
    """What is left of a glaze in a copy of the picture.

    before, after  (h, w, 3) uint8, both of one size: as a screen shows the smaller of the two.
    report         as for a new glaze: what a model sees of both, and how far the style is moved, now and after each
                   removal that may follow.
    visibility     how visible the difference is. It holds what a website did to the copy, too.
    made           percent, `Report.strength` when it was made; None where it is not known.
    """

    original: Path
    glazed: Path
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    decoy_style: str
    report: Report
    visibility: Visibility
    made: float | None
    notes: tuple[Note, ...]

    @property
    def found(self) -> bool:
        """Whether there is a glaze at all: the style is moved by more than saving a picture anew can do."""
        return self.report.mean_style_distance > NOISE

    @property
    def survived(self) -> tuple[str, ...]:
        """The removals that would leave at least half of what there is now, and more than nothing."""
        rows = self.report.style_distance.values()
        least = max(NOISE, SURVIVES * self.report.mean_style_distance)
        return tuple(name for name in self.report.survival if np.mean([row[name] for row in rows]) >= least)

    @property
    def left(self) -> float | None:
        """The part of the glaze that is left of what was made, about 0 to 1; None where that is not known."""
        if not self.made:
            return None
        return self.report.strength / self.made if self.found else 0.0

    def as_dict(self) -> dict[str, object]:
        """The figures, without the pictures, ready for JSON."""
        return {
            "picture": str(self.original),
            "glazed": str(self.glazed),
            "found": self.found,
            "noise_percent": NOISE,
            "decoy_style": self.decoy_style,
            "report": self.report.as_dict(),
            "survived": list(self.survived),
            "left": None if self.left is None else round(self.left, 3),
            "visibility": self.visibility.as_dict(),
            "notes": [{"key": note.key, "text": str(note)} for note in self.notes],
        }


def inspect_pair(
    original: Path,
    glazed: Path,
    *,
    settings: GlazeSettings | None = None,
    decoy_style: str | None = None,
    made: float | None = None,
) -> Comparison:
    """Compare an original with its glazed copy: as it was written, or as a website scaled and saved it anew.

    settings, decoy_style  those it was glazed with, as in `Glaze`; by default the default settings, and the decoy that
                           Glaze chooses with them.
    made                   percent, `Glaze.report.strength`.

    Raises InspectionError for another picture, a cropped one, and a decoy picture that is gone; ArtworkError,
    DecoyError, WeightsError and OutOfMemory.
    """
    here = ways(settings or GlazeSettings())
    own_decoy = here[-1].decoy
    if decoy_style == OWN_DECOY and own_decoy is None:
        raise InspectionError("decoy_unknown")
    with memory_told(glazed):
        first, second = open_artwork(original), open_artwork(glazed)
        before = over_white(first.pixels, first.alpha)
        after = _in_the_colours_of(first, before, second)
        fits = match(before, after)
        if not fits.same:
            key = "cropped" if fits.cropped else "another_picture"
            raise InspectionError(key, path=glazed, original=original.name, share=round(100 * fits.share))
        # For a model the original goes the copy's way, scaling and compression, so that what these do cancels out.
        alike = saved_like(before.resize(after.size, Image.Resampling.LANCZOS), glazed)

        def compared(place: Place) -> tuple[str, Report]:
            style = None if decoy_style == OWN_DECOY else decoy_style
            start = prepare(first, here[place.way], style, place=place)
            canvas, encoder = start.canvas, start.tools.encoder
            own, moved = (canvas.as_trained(canvas.scaled(picture)) for picture in (alike, after))
            return start.decoy_style, make_report(own, moved, start.redrawn, encoder, genres_of(own, encoder))

        try:
            decoy_name, report = on_best_device(compared, *needs((first.width, first.height), here))
        except ArtworkNotFound as error:
            raise InspectionError("decoy_gone", path=own_decoy) from error
        smaller = min(before.size, after.size)
        before, after = (picture.resize(smaller, Image.Resampling.LANCZOS) for picture in (before, after))
        return Comparison(
            original=original,
            glazed=glazed,
            before=np.asarray(on_screen(before)),
            after=np.asarray(on_screen(after)),
            decoy_style=decoy_name,
            report=report,
            visibility=Original(before, load_likeness(), grey=first.grey).compare(after),
            made=made,
            notes=second.notes,
        )


def _in_the_colours_of(original: Artwork, shown: Image.Image, copy: Artwork) -> Image.Image:
    """The copy over white, in the numbers of the original's colour profile.

    Websites convert to sRGB, or leave the profile out and the numbers as they are: whichever is nearer to the original.
    """
    plain = over_white(copy.pixels, copy.alpha)
    if copy.profile == original.profile:
        return plain
    through = converted(plain, copy.profile, original.profile)
    return plain if through is None else min((plain, through), key=lambda read: _apart(read, shown))


def _apart(a: Image.Image, b: Image.Image) -> float:
    """Mean difference of two pictures in levels."""
    side = (COMPARED_SIDE, COMPARED_SIDE)
    first, second = (np.asarray(each.resize(side, Image.Resampling.BOX), np.float32) for each in (a, b))
    return float(np.abs(first - second).mean())
