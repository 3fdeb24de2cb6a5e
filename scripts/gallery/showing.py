"""What the gallery shows of one glaze: files small enough for a page, and details that nothing was lost of."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from glaze.decoys.styles.paint import Picture
from glaze.outcome import Glaze
from glaze.visibility import difference, seen_where
from scripts.gallery.publish import publish

TIMES: Final = 8  # as large as it is, the difference is shown
DETAIL: Final = 256  # pixels across a detail, one of the picture's for one of the screen's
QUALITY: Final = 86
DIFFERENCE_QUALITY: Final = 15  # it is all noise, and looks the same with less
SMALL_QUALITY: Final = 72
# What there is of every picture: NAME/KIND.webp.
KINDS: Final = (
    "before", "after", "detail-before", "detail-after", "difference", "decoy",
    "seen-before", "seen-after", "seen-decoy",
)  # fmt: skip


def show(before: Picture, finished: Glaze, folder: Path) -> dict[str, object]:
    """Write all KINDS of one glaze into a folder; returns where its detail is and what the files lost of the glaze.

    Raises OSError.
    """
    after = _opened(finished.result)
    left, top = most_seen(before, after)
    part = (slice(top, top + DETAIL), slice(left, left + DETAIL))
    report, decoy = finished.report, finished.decoy
    assert decoy is not None
    publish(folder / "before.webp", _lossy(before))
    publish(folder / "after.webp", _lossy(after))
    publish(folder / "detail-before.webp", _lossless(before[part]))
    publish(folder / "detail-after.webp", _lossless(after[part]))
    publish(folder / "difference.webp", _lossy(difference(before, after, TIMES), DIFFERENCE_QUALITY))
    with Image.open(decoy) as file:
        publish(folder / "decoy.webp", _lossy(_small(file.convert("RGB")), SMALL_QUALITY))
    for kind, seen in (("before", report.seen_before), ("after", report.seen_after), ("decoy", report.seen_decoy)):
        publish(folder / f"seen-{kind}.webp", _lossy(_small(Image.fromarray(seen)), SMALL_QUALITY))
    change = after.astype(float) - before
    shown = _opened(folder / "after.webp").astype(float) - _opened(folder / "before.webp")
    kept = (change * shown).sum() / max((change * change).sum(), 1.0)
    return {"detail": [left, top, DETAIL], "shown_percent": round(100 * float(kept))}


def most_seen(before: Picture, after: Picture) -> tuple[int, int]:
    """Left and top of the detail in which the difference is seen most."""
    height, width = before.shape[:2]
    seen = Image.fromarray(seen_where(before, after)).resize((width, height), Image.Resampling.BILINEAR)
    side = min(DETAIL, height, width)
    total = np.cumsum(np.cumsum(np.pad(np.asarray(seen, np.float64), ((1, 0), (1, 0))), 0), 1)
    inside = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    top, left = np.unravel_index(int(inside.argmax()), inside.shape)
    return int(left), int(top)


def _opened(path: Path) -> Picture:
    with Image.open(path) as file:
        return np.asarray(file.convert("RGB"))


def _small(picture: Image.Image) -> Picture:
    """At most 512 pixels across."""
    scale = min(1.0, 512 / picture.width)
    size = (round(picture.width * scale), round(picture.height * scale))
    return np.asarray(picture.resize(size, Image.Resampling.LANCZOS))


def _lossy(picture: Picture, quality: int = QUALITY) -> bytes:
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "webp", quality=quality, method=6)
    return content.getvalue()


def _lossless(picture: Picture) -> bytes:
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "webp", lossless=True, quality=100, method=6)
    return content.getvalue()
