"""The protection report of one glaze: how far its style moved, what survives the removals, what a model sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from glaze.advice import Ground
from glaze.canvas import Canvas
from glaze.cloak import style_distance
from glaze.device import best_device
from glaze.encoders import Encoder, Latents
from glaze.genres import likeliest
from glaze.outcome import UNTOUCHED, Genres, Report
from glaze.packs import CLIP, folder_of
from glaze.removals import MOVING, REMOVALS, TYPICAL
from glaze.visibility.figures import SMOOTH_ACTIVITY
from glaze.visibility.masks import local_activity

REPORT_SEED: Final = 1  # an odd one: `resize` then also saves in a lossy format


def ground(canvas: Canvas) -> Ground:
    """What there was to work on."""
    may_change = canvas.mask.bound > 0
    flat = may_change & (local_activity(canvas.picture) < SMOOTH_ACTIVITY)
    closed = 1 - min(may_change.float().mean().item(), canvas.open_share)
    return Ground(closed=closed, flat=flat.float().mean().item())


@torch.no_grad()
def genres_of(picture: Tensor, encoder: Encoder) -> tuple[str, ...] | None:
    """What CLIP takes a picture (1, 3, h, w) for, as a model sees it; None where CLIP is not installed.

    As a model sees it, since the paper asks of what models make of glazed pictures. Raises WeightsError (pack_damaged).
    """
    folder = folder_of(CLIP)
    return None if folder is None else likeliest(what_is_seen(encoder.encode(picture), encoder), folder, best_device())


@torch.no_grad()
def make_report(
    artwork: Tensor, glazed: Tensor, redrawn: Tensor, encoder: Encoder, own_genres: Sequence[str] | None = None
) -> Report:
    """Report on a glaze; all three pictures (1, 3, h, w) in [0, 1], at the size that a trainer uses.

    Artwork and glaze get the same removal with the same chances, so what the removal itself does cancels out. The goal
    stays what it is, or a glaze that a blur takes away would be told to survive wherever the blur takes the decoy's
    grain, too; but one that moves the picture (a crop) moves the goal along: elsewhere it would be another goal.

    own_genres: `genres_of` the artwork; where there are some, the glaze's are read as well.
    """
    distances: dict[str, dict[str, float]] = {family: {} for family in encoder.families}
    pair = torch.cat([artwork, glazed])
    goal = encoder.encode(redrawn)
    for name, remove in [(UNTOUCHED, None), *REMOVALS.items()]:
        seen = encoder.encode(pair if remove is None else remove(pair, TYPICAL, REPORT_SEED))
        there = encoder.encode(REMOVALS[name](redrawn, TYPICAL, REPORT_SEED)) if name in MOVING else goal
        parts = style_distance({f: z[1:] for f, z in seen.items()}, {f: z[:1] for f, z in seen.items()}, there)
        for family, part in parts.items():
            distances[family][name] = 100 * part
    survival = {
        name: float(np.mean([row[name] / max(row[UNTOUCHED], 1e-3) for row in distances.values()])) for name in REMOVALS
    }
    shown = [what_is_seen(encoder.encode(picture), encoder) for picture in (artwork, glazed, redrawn)]
    now = None if own_genres is None else genres_of(glazed, encoder)
    genres = None if own_genres is None or now is None else Genres(tuple(own_genres), now)
    return Report(distances, survival, shown[0], shown[1], shown[2], genres)


@torch.no_grad()
def what_is_seen(latents: Latents, encoder: Encoder) -> NDArray[np.uint8]:
    """The latents of one picture made visible: (h, w, 3) uint8."""
    picture = encoder.decode(latents)
    return (picture[0] * 255).round().byte().permute(1, 2, 0).cpu().numpy()
