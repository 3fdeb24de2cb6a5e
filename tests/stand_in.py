"""An engine that does what glazing.glaze promises in no time: for tests of what is around it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glaze.advice import Ground, advise
from glaze.artwork import Note, open_artwork, save_artwork
from glaze.cloak import Iterate
from glaze.errors import Cancelled
from glaze.outcome import UNTOUCHED, Glaze, Report, Visibility
from glaze.settings import GlazeSettings

if TYPE_CHECKING:
    from glaze.inspection import Comparison, Inspection
    from glaze.jobs import Worker
    from glaze.preview import Preview
    from glaze.studio.desk import Desk

FAMILIES = ("sd1", "sdxl", "flux1", "flux2")
# By name, so that a process with the stand-in need not wait for torch.
REMOVALS = ("photo", "crop", "denoise", "resize", "compress", "smooth", "noise")


def draw(path: Path, width: int = 300, height: int = 220, seed: int = 0) -> Path:
    """A small picture with smooth parts, edges and grain."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 200 / width, y * 200 / height, 120 + 60 * np.sin(x / 17) * np.cos(y / 11)], -1)
    pixels[(x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2] *= 0.5
    noisy = np.clip(pixels + rng.normal(0, 4, pixels.shape), 0, 255).astype(np.uint8)
    Image.fromarray(noisy).save(path)
    return path


def worker_of(desk: Desk) -> Worker:
    """The worker of a desk on one's own computer, with all that the pages do not ask of it."""
    # Here, since a process with the stand-in may need none.
    from glaze.jobs import Worker

    assert isinstance(desk.worker, Worker)
    return desk.worker


def estimate(_size: tuple[int, int], settings: GlazeSettings, _picture: Path | None = None) -> float:
    """In the place of glazing.estimate: made-up seconds, more for more steps."""
    return 20.0 + settings.render.effort.steps


class StandIn:
    """Called like glazing.glaze.

    go, hold  it waits after each step until `go` is set, and, for other processes, while the file `hold` exists.
    fail      is raised instead of glazing.
    mark      a file to make on starting.
    moved     the most that a family moved toward the decoy, percent; the targets lie between 5 and 23.
    """

    def __init__(
        self,
        *,
        steps: int = 5,
        pause: float = 0.0,
        fail: Exception | None = None,
        mark: str | None = None,
        hold: str | None = None,
        moved: float = 42.0,
    ) -> None:
        self.steps = steps
        self.pause = pause
        self.fail = fail
        self.mark = mark
        self.hold = hold
        self.moved = moved
        self.go = threading.Event()
        self.go.set()
        self.calls: list[Path] = []

    def held(self) -> bool:
        return not self.go.wait(0.01) or (self.hold is not None and Path(self.hold).exists())

    def __call__(
        self,
        path: Path,
        settings: GlazeSettings | None = None,
        *,
        folder: Path | None = None,
        on_iterate: Callable[[Iterate], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        on_saving: Callable[[Path, str, Glaze | None], None] = lambda _path, _sha256, _glaze: None,
    ) -> Glaze:
        """Add one level of grain and report made-up figures."""
        settings = settings or GlazeSettings()
        started = time.monotonic()
        self.calls.append(path)
        if self.mark is not None:
            Path(self.mark).touch()
        artwork = open_artwork(path)
        if self.fail is not None:
            raise self.fail
        small = np.asarray(Image.fromarray((artwork.pixels >> (artwork.depth - 8)).astype(np.uint8)).resize((96, 64)))
        for step in range(1, self.steps + 1):
            if cancelled():
                raise Cancelled("cancelled")
            if on_iterate is not None:
                left = (self.steps - step) * max(self.pause, 0.01)
                preview = small if step % 10 == 1 else None
                on_iterate(
                    Iterate(step, self.steps, 1 / step, 0.4 * step / self.steps, preview, step * self.pause, left)
                )
            time.sleep(self.pause)
            while self.held():
                if cancelled():
                    raise Cancelled("cancelled")
        rng = np.random.default_rng(settings.seed)
        grain = rng.integers(0, 2, artwork.pixels.shape, dtype=np.uint8)
        pixels = np.where(artwork.pixels > 250, artwork.pixels, artwork.pixels + grain).astype(artwork.pixels.dtype)
        target = folder or path.parent
        report = _report(small, self.moved)
        visibility = Visibility(
            lpips=0.041, lpips_is_estimate=True, flip=0.062, flat=1.2, colour=3.4, tint=0 if artwork.grey else None
        )
        glaze = Glaze(
            original=path,
            result=path,
            decoy=None,
            decoy_style="own" if settings.decoy else settings.decoy_style or "woodcut",
            notes=(*artwork.notes, Note("gps_dropped")),
            visibility=visibility,
            report=report,
            advice=advise(report.strength, visibility.figures, settings, Ground(closed=0.1, flat=0.2)),
            seconds=time.monotonic() - started,
            settings=settings,
        )
        if settings.save_decoy:
            decoy = save_artwork(
                artwork, pixels, target, "-decoy", announce=lambda at, sha256: on_saving(at, sha256, None)
            )
            glaze = replace(glaze, decoy=decoy)
        result = save_artwork(
            artwork, pixels, target, announce=lambda at, sha256: on_saving(at, sha256, replace(glaze, result=at))
        )
        return replace(glaze, result=result)


def _report(seen: NDArray[np.uint8], most: float) -> Report:
    removals = (UNTOUCHED, *REMOVALS)
    moved = {f: {r: most - 3 * i - 2 * j for j, r in enumerate(removals)} for i, f in enumerate(FAMILIES)}
    survival = {r: 0.95 - 0.04 * j for j, r in enumerate(REMOVALS)}
    return Report(moved, survival, seen, np.ascontiguousarray(seen[::-1]), np.ascontiguousarray(seen[:, ::-1]))


def preview(
    path: Path,
    settings: GlazeSettings,
    *,
    on_iterate: Callable[[Iterate], None],
    cancelled: Callable[[], bool],
) -> Preview:
    """In the place of preview.preview: a level of grain, 9 % of the way."""
    # Here, since some tests put something else in the engine's place before this file is read.
    from glaze.preview import Preview

    before = open_artwork(path).pixels
    for step in (1, 2):
        if cancelled():
            raise Cancelled("cancelled")
        on_iterate(Iterate(step, 2, 1.0, 0.05 * step, None, 0.0, 0.0))
    after = before ^ np.random.default_rng(0).integers(0, 4, before.shape, dtype=np.uint8)
    return Preview(
        original=path,
        before=before,
        after=after,
        decoy_style=settings.decoy_style or "woodcut",
        visibility=Visibility(lpips=0.04, lpips_is_estimate=True, flip=0.06, flat=1.2, colour=3.4, tint=None),
        style_distance=dict.fromkeys(FAMILIES, 9.0),
        seen_before=before[:64, :64],
        seen_after=after[:64, :64],
        seen_decoy=before[:64, :64],
        notes=(),
        seconds=0.1,
        settings=settings,
    )


def inspect(picture: Path) -> Inspection:
    """In the place of inspection.inspect: the picture, and a corner of it as what a model sees."""
    from glaze.inspection import Inspection

    pixels = open_artwork(picture).pixels
    return Inspection(picture, pixels.shape[1], pixels.shape[0], pixels, pixels[:64, :64], ())


def inspect_pair(
    original: Path,
    glazed: Path,
    *,
    settings: GlazeSettings | None = None,
    decoy_style: str | None = None,
    made: float | None = None,
) -> Comparison:
    """In the place of inspection.inspect_pair: a glaze of which most is left."""
    from glaze.inspection import Comparison

    del settings
    before, after = open_artwork(original).pixels, open_artwork(glazed).pixels
    return Comparison(
        original=original,
        glazed=glazed,
        before=before,
        after=after,
        decoy_style=decoy_style or "woodcut",
        report=_report(before[:64, :96], 24.0),
        visibility=Visibility(lpips=0.04, lpips_is_estimate=True, flip=0.06, flat=1.2, colour=3.4, tint=None),
        made=made,
        notes=(Note("gps_dropped"),),
    )
