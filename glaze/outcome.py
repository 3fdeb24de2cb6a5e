"""What came of a glaze: the files, how visible it is, how far its style moved. Loading it loads nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from glaze.advice import Advice
from glaze.artwork import Note
from glaze.settings import Budget, GlazeSettings

FIGURES: Final = ("lpips", "flip", "flat", "colour")
UNTOUCHED: Final = "none"


@dataclass(frozen=True)
class Visibility:
    """The figures of one finished glaze. `tint` (largest chroma, levels) only for grey art, else None.

    lpips_is_estimate: the bundled network's eye gave the figure, since LPIPS's own weights are not installed.
    """

    lpips: float
    flip: float
    flat: float
    colour: float
    tint: int | None
    lpips_is_estimate: bool

    @property
    def figures(self) -> dict[str, float]:
        """The four figures that a budget bounds."""
        return {name: getattr(self, name) for name in FIGURES}

    def within(self, budget: Budget) -> bool:
        """Whether every figure keeps its bound."""
        return all(figure <= getattr(budget, name) for name, figure in self.figures.items()) and not self.tint

    def as_dict(self) -> dict[str, float | int | bool | None]:
        """The figures, rounded to what is worth reading."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


@dataclass(frozen=True)
class Genres:
    """What CLIP takes a picture for: before, after (the glaze), the likeliest of the genres first.

    The paper's genre shift, with the likeliest genre in the place of what the artwork is known to be of.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def own(self) -> str:
        """The artwork's own genre."""
        return self.before[0]

    @property
    def shifted(self) -> bool:
        """Whether the own genre is no longer among the likeliest."""
        return self.own not in self.after

    def as_dict(self) -> dict[str, object]:
        return {"before": list(self.before), "after": list(self.after), "shifted": self.shifted}


@dataclass(frozen=True)
class Report:
    """What came of a glaze.

    style_distance  family -> removal ("none" first) -> percent of the way from the artwork's own style to the
                    decoy's, 0 to about 100. Negative where the removal alone led away from the decoy.
    survival        removal -> the part of the style distance that is left after it, mean over families.
    seen_before, seen_after, seen_decoy
                    (h, w, 3) uint8: what a model sees of the artwork, of its glaze, of the redrawn artwork.
    genres          what CLIP takes seen_before and seen_after for; None where it is not installed.
    """

    style_distance: Mapping[str, Mapping[str, float]]
    survival: Mapping[str, float]
    seen_before: NDArray[np.uint8]
    seen_after: NDArray[np.uint8]
    seen_decoy: NDArray[np.uint8]
    genres: Genres | None = None

    @property
    def mean_style_distance(self) -> float:
        """Percent, mean over families of the untouched file."""
        return float(np.mean([row[UNTOUCHED] for row in self.style_distance.values()]))

    @property
    def mean_survival(self) -> float:
        """Mean over the removals."""
        return float(np.mean(list(self.survival.values())))

    @property
    def strength(self) -> float:
        """Percent of the way to the decoy that is left after an average removal: what targets are set in.

        A removal that leads nearer to the decoy by itself does not count for more than the untouched file.
        """
        return self.mean_style_distance * min(1.0, self.mean_survival)

    def as_dict(self) -> dict[str, object]:
        """The figures, without the pictures, ready for JSON."""
        return {
            "style_distance_percent": {
                family: {removal: round(value, 2) for removal, value in row.items()}
                for family, row in self.style_distance.items()
            },
            "survival": {removal: round(value, 3) for removal, value in self.survival.items()},
            "mean_style_distance_percent": round(self.mean_style_distance, 2),
            "mean_survival": round(self.mean_survival, 3),
            "strength_percent": round(self.strength, 2),
            "genres": None if self.genres is None else self.genres.as_dict(),
        }


def genre_shift(genres: Iterable[Genres | None]) -> tuple[int, int]:
    """Of how many pictures the genre shifted, and of how many it is known; the share is the paper's genre shift."""
    known = [found.shifted for found in genres if found is not None]
    return sum(known), len(known)


@dataclass(frozen=True)
class Glaze:
    """One finished glaze.

    result, decoy   the files written (decoy only with settings.save_decoy); original was only read.
    decoy_style     the name of the style, or "own" for the artist's own picture.
    notes           what happened to the file on its way (colours converted, place removed, ...).
    advice          that it is weaker than the settings promise, and what to change; empty where it is not.
    """

    original: Path
    result: Path
    decoy: Path | None
    decoy_style: str
    notes: Sequence[Note]
    visibility: Visibility
    report: Report
    advice: Sequence[Advice]
    seconds: float
    settings: GlazeSettings
