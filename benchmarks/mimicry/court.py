"""What samples are judged by: reference windows of clean pictures, the classifier, and its accuracy on others.

The classifier learns from pictures that no mimic gets, so a sample is named for its style and not for being a copy. Its
accuracy is measured on clean pictures that it did not learn from: the targets' that mimics get, and every second
picture of the others. All windows are seen as the mimic's own autoencoder gives them back: what it smooths away, no
sample has either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from PIL import Image
from torch import Tensor

from benchmarks.mimicry.artists import Artist, read, square
from benchmarks.mimicry.classifier import Classifier, fit_classifier
from benchmarks.mimicry.frechet import Directions, frechet, main_directions
from benchmarks.mimicry.judges import Judges, Seen, together
from glaze.canvas import to_tensor

CUTS: Final = 8  # windows of each picture
NAMED: Final = 4  # pictures without which an artist is only one of the others
OTHERS: Final = "others"


@dataclass(frozen=True)
class Verdict:
    """How a lot of samples stands to an artist.

    named    the share of them that the classifier takes for the artist's.
    frechet  distance of the deep features from those of the artist's clean pictures.
    gram     the same of the Gram statistics.
    """

    named: float
    frechet: float
    gram: float


@dataclass(frozen=True)
class Looks:
    """How the judges look at clean pictures.

    window   side of the windows, in pixels of a picture at `side` px.
    through  windows (N, 3, H, W) in [0, 1] as the mimic's autoencoder gives them back.
    """

    window: int
    side: int
    through: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Court:
    """The judges with all they know of clean pictures."""

    judges: Judges
    classifier: Classifier
    accuracy: dict[str, float]
    deep: Directions
    gram: Directions
    clean: dict[str, Seen]

    def judge(self, samples: Tensor, artist: str) -> Verdict:
        """Samples (N, 3, H, W) in [0, 1] of one artist's mimic."""
        seen, clean = self.judges.see(samples), self.clean[artist]
        return Verdict(
            named=self.classifier.name(seen.style).count(artist) / len(seen),
            frechet=frechet(self.deep.project(seen.deep), self.deep.project(clean.deep)),
            gram=frechet(self.gram.project(seen.gram), self.gram.project(clean.gram)),
        )


def cut(picture: Image.Image, side: int, count: int, seed: int) -> Tensor:
    """`count` windows of `side` px (count, 3, side, side) in [0, 1], where the seed says."""
    dice, whole = torch.Generator().manual_seed(seed), to_tensor(picture)[0]
    places = [
        [int(torch.randint(length - side + 1, (), generator=dice)) for length in whole.shape[1:]] for _ in range(count)
    ]
    return torch.stack([whole[:, top : top + side, left : left + side] for top, left in places])


def open_court(
    artists: dict[str, Artist], targets: dict[str, tuple[Path, ...]], judges: Judges, looks: Looks, kept: Path
) -> Court:
    """Look at every picture and fit the classifier; what was seen is kept in a file.

    targets   the artists to be mimicked, with the pictures that their mimics get.
    """
    seen = _look(artists, judges, looks, kept)
    learn: list[tuple[Path, str]] = []
    test: list[tuple[Path, str]] = []
    counts = Counter[str]()
    for name, artist in artists.items():
        for path in artist.pictures:
            label = name if name in targets or len(artist.pictures) >= NAMED else OTHERS
            unseen = path in targets[name] if name in targets else counts[label] % 2 == 1
            (test if unseen else learn).append((path, label))
            counts[label] += 1
    style = together([seen[path.stem] for path, _ in learn])
    classifier = fit_classifier(style.style, [label for path, label in learn for _ in range(len(seen[path.stem]))])
    right: dict[str, list[bool]] = {}
    for path, label in test:
        right.setdefault(label, []).extend(name == label for name in classifier.name(seen[path.stem].style))
    everything = together(list(seen.values()))
    return Court(
        judges=judges,
        classifier=classifier,
        accuracy={label: sum(found) / len(found) for label, found in right.items()},
        deep=main_directions(everything.deep),
        gram=main_directions(everything.gram),
        clean={name: together([seen[path.stem] for path in artists[name].pictures]) for name in targets},
    )


def _look(artists: dict[str, Artist], judges: Judges, looks: Looks, kept: Path) -> dict[str, Seen]:
    """stem -> what the judges see in CUTS windows of the picture's middle."""
    if kept.exists():
        return {stem: Seen(*parts) for stem, parts in torch.load(kept, weights_only=True).items()}
    paths = [path for artist in artists.values() for path in artist.pictures]
    seen = {}
    for number, path in enumerate(paths):
        windows = cut(square(read(path), looks.side), looks.window, CUTS, number)
        seen[path.stem] = judges.see(looks.through(windows))
    torch.save({stem: (one.style, one.deep, one.gram) for stem, one in seen.items()}, kept.with_suffix(".part"))
    kept.with_suffix(".part").replace(kept)
    return seen
