"""How long a glaze takes on this computer: what the work is, and how fast this computer does it.

    seconds = loop(work) * step_pace + rest(work) * rest_pace

loop and rest are what the loop, and all that is not the loop, took one processor of the reference. The two paces are
this computer's: 1 as fast as that processor, 2 half as fast. They are the medians of what its latest finished glazes
took; before the first, a few steps of the real loop on a small canvas are timed, once.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import torch
from platformdirs import user_cache_path
from torch import Tensor, nn

from glaze import machine
from glaze.canvas import Canvas, canvas_size, enlargement
from glaze.cloak import Iterate, cloak
from glaze.device import PROCESSOR
from glaze.encoders import Encoder
from glaze.files import write_whole
from glaze.precision import channels_last, fastest_precision
from glaze.removals import REMOVALS
from glaze.settings import Effort, EncoderPath, Intensity
from glaze.visibility import Likeness, Watch
from glaze.visibility.figures import SCREEN_SIDE
from glaze.visibility.masks import change_mask

# Raised when the work itself changes so much that what was learned before misleads.
EDITION: Final = 4
KEPT: Final = 7  # finished glazes that the medians are of: a busy hour is forgotten soon
TRIAL: Final = Effort(steps=7, canvas=256)
# The paces of real glazes as multiples of the trial's, six pictures on one thread or two: large canvases leave the
# processor's cache, and the first glaze of a run also draws all decoys and loads the networks.
STEP_TO_TRIAL, REST_TO_TRIAL = 1.25, 1.5
STEP_A_PIXEL: Final = 1.04e-6  # seconds of the reference for each pixel of `trained`, in a step
REST_A_PIXEL: Final = 21e-6  # and in all the rest, of a picture of one megapixel


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one glaze has to go through: steps of the loop, and pixels.

    canvas    of the canvas, where people look in the loop.
    trained   of the canvas as encoders see it: enlarged where the picture is small.
    screen    of the whole picture as a screen shows it, where the result is fitted and measured.
    file      of the picture itself, which is read, laid on, written and read again.
    """

    steps: int
    canvas: int
    trained: int
    screen: int
    file: int

    # The figures: seconds of processor time, one thread of an AMD EPYC with bfloat16, bundled network, pictures of
    # 0.07 to 12 megapixels, canvases of 128 to 640 px. They fit within 25 %, most within 15.

    @property
    def step(self) -> float:
        """Seconds of one step on the reference."""
        return 0.0136 + 0.2e-6 * self.canvas + 0.62e-6 * self.trained

    @property
    def loop(self) -> float:
        """Seconds of all steps on the reference; the first of them also look at artwork and decoy, once a removal."""
        return (self.steps + 0.6 * min(self.steps, 2 * len(REMOVALS) + 2)) * self.step

    @property
    def rest(self) -> float:
        """Seconds of all but the steps on the reference."""
        return 0.5 + 5e-6 * self.trained + 3.3e-6 * self.screen + 0.4e-6 * self.file


def work(size: tuple[int, int], effort: Effort) -> Work:
    """The work that a picture of `size` (width, height) in pixels is."""
    width, height = size
    on_canvas = canvas_size(width, height, effort.canvas)
    canvas = math.prod(on_canvas)
    shown = min(1.0, SCREEN_SIDE / max(size))
    return Work(
        steps=effort.steps,
        canvas=canvas,
        trained=round(canvas * enlargement(on_canvas, effort.canvas) ** 2),
        screen=round(width * height * shown**2),
        file=width * height,
    )


@dataclass(frozen=True)
class Redrawing:
    """What redrawing by Stable Diffusion is besides: of as many pixels as an encoder sees."""

    pixels: int

    # Of the same reference, in bfloat16: a step of Stable Diffusion 1.5 with guidance took 7.5 s at 512 px, and there
    # are 26; the autoencoder was counted by its operations. Loading was timed without the disk.

    @property
    def loop(self) -> float:
        """Seconds of its steps on the reference."""
        return 8.2e-4 * self.pixels

    @property
    def rest(self) -> float:
        """Seconds of loading it on the reference."""
        return 8.0


CONVOLUTION: Final = 0.029  # seconds of the reference for one convolution as Stable Diffusion's largest are


@dataclass(frozen=True)
class Tools:
    """What the time depends on besides the work. given: the real encoders that were named. device: of all networks."""

    encoder: Encoder
    likeness: Likeness
    given: Sequence[EncoderPath] = ()
    device: torch.device = PROCESSOR

    @property
    def name(self) -> str:
        """The name under which paces are kept: networks, torch, threads, processor."""
        # Neither the paths themselves nor the families: a folder can be named after anyone, and a family after it.
        paths = blake2b("\n".join(map(str, self.given)).encode(errors="replace"), digest_size=4).hexdigest()
        parts = (
            f"edition {EDITION}",
            f"encoders {paths}" if self.given else " ".join(self.encoder.families),
            type(self.likeness).__name__,
            f"torch {version('torch')}",
            f"{torch.get_num_threads()} threads",
            self.computer,
        )
        return ", ".join(parts)

    @property
    def redrawing_name(self) -> str:
        """The same for Stable Diffusion, which depends on no encoder."""
        parts = (f"edition {EDITION}", "Stable Diffusion", f"torch {version('torch')}")
        return ", ".join((*parts, f"{torch.get_num_threads()} threads", self.computer))

    @property
    def computer(self) -> str:
        """What computes."""
        return machine.processor() if self.device == PROCESSOR else torch.cuda.get_device_name(self.device)

    def trial(self) -> Paces:
        """What a few steps of the real loop on a small canvas say; takes the reference two seconds."""
        members = self.encoder.members
        if len(members) == 1:
            alone = self._step_pace(self.encoder)
            return Paces((STEP_TO_TRIAL * alone,), (REST_TO_TRIAL * alone,))
        looks = {member: _look(member) for member in members}
        quickest = min(members, key=lambda member: looks[member])
        base, least = self._step_pace(quickest), looks[quickest]
        longer, others = statistics.mean(looks.values()) - least, sum(looks.values()) - least
        # What the other members add, by the pixels that they see. A step looks through one of them and back, which is
        # 1.9 looks. The rest takes 26 looks through all (the report, the choice of the decoy, redrawing).
        step = STEP_TO_TRIAL * base + 1.9 * longer / STEP_A_PIXEL
        rest = REST_TO_TRIAL * base + 26 * others / REST_A_PIXEL
        return Paces((step,), (rest,))

    def _step_pace(self, encoder: Encoder) -> float:
        """How fast the steps of the real loop are, against the reference."""
        picture, side = _drawn().to(self.device), TRIAL.canvas
        open_share = torch.ones_like(picture[:, :1])
        canvas = Canvas(picture, change_mask(picture, open_share, grey=False), screen_scale=1.0)
        watch = Watch(picture, canvas.screen_scale, self.likeness)
        iterates: list[Iterate] = []
        cloak(canvas, picture.flip(3), encoder, watch, Intensity.DEFAULT.budget, TRIAL, on_iterate=iterates.append)
        # The first step also waits for what torch prepares once.
        step = (iterates[-1].elapsed - iterates[0].elapsed) / (len(iterates) - 1)
        trial = work((side, side), TRIAL)
        return step / (trial.loop / trial.steps)


def _drawn() -> Tensor:
    """A picture to try things out on: half texture, half flat, so that every figure of visibility has its work."""
    side = TRIAL.canvas
    picture = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.25
    picture[..., : side // 2] = 0.5
    return picture


@torch.no_grad()
def _look(encoder: Encoder) -> float:
    """Seconds for each pixel that an encoder sees."""
    picture = _drawn()
    encoder.encode(picture)  # the first time also waits for what torch prepares once
    started = time.perf_counter()
    encoder.encode(picture)
    return (time.perf_counter() - started) / picture[0, 0].numel()


@dataclass(frozen=True)
class Paces:
    """How fast tools are here: a pair of paces for each of the latest glazes, oldest first, or those of the trial."""

    step: tuple[float, ...] = ()
    rest: tuple[float, ...] = ()

    def seconds(self, work: Work | Redrawing) -> float:
        """How long the work takes. Raises StatisticsError where nothing is known."""
        return work.loop * statistics.median(self.step) + work.rest * statistics.median(self.rest)


def book_path() -> Path:
    """Where the paces are kept; GLAZE_PACE names another file."""
    named = os.environ.get("GLAZE_PACE")
    return Path(named) if named else user_cache_path("glaze", appauthor=False) / "pace.json"


class Book:
    """The paces in a file, by the name of their tools: numbers only, nothing of any picture.

    The file may vanish, be damaged or not be writable: what was learned since the start is then known all the same.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._known: dict[str, _Entry] = {}

    def estimate(self, work: Work | Redrawing, tools: str, trial: Callable[[], Paces]) -> float:
        """About how many seconds the work takes here; `trial` is called where nothing is known yet."""
        with self._lock:
            entry = self._entry(tools)
            if entry is None:
                entry = _Entry(trial(), tried=True)
                self._keep(tools, entry)
        return entry.paces.seconds(work)

    def learn(self, work: Work | Redrawing, tools: str, *, loop: float, rest: float) -> None:
        """Remember a finished glaze: seconds in the loop, and seconds for all the rest."""
        step, other = loop / work.loop, rest / work.rest
        if not (_is_pace(step) and _is_pace(other)):
            return  # the clock was set, or the computer slept
        with self._lock:
            entry = self._entry(tools)
            # Real glazes say better than a trial.
            old = Paces() if entry is None or entry.tried else entry.paces
            news = Paces((*old.step, step)[-KEPT:], (*old.rest, other)[-KEPT:])
            self._keep(tools, _Entry(news, tried=False))

    def _entry(self, tools: str) -> _Entry | None:
        return self._known.get(tools) or _understood(self._read().get(tools))

    def _keep(self, tools: str, entry: _Entry) -> None:
        self._known[tools] = entry
        news = {"tried": entry.tried, "step": entry.paces.step, "rest": entry.paces.rest}
        with suppress(OSError):
            write_whole(self.path, json.dumps({**self._read(), tools: news}, indent=1).encode())

    def _read(self) -> Mapping[str, Any]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class _Entry:
    """Paces, and whether they are a trial's."""

    paces: Paces
    tried: bool


@cache
def book(path: Path) -> Book:
    """The one book of a file."""
    return Book(path)


def estimate(size: tuple[int, int], effort: Effort, tools: Tools) -> float:
    """About how many seconds a glaze of a picture of `size` (width, height) takes here.

    Where these tools never glazed, they are tried out first, once: some seconds.
    """
    return book(book_path()).estimate(work(size, effort), tools.name, tools.trial)


def learn(size: tuple[int, int], effort: Effort, tools: Tools, *, loop: float, rest: float) -> None:
    """Remember a finished glaze of a picture of `size`: seconds in the loop, and seconds for all the rest."""
    book(book_path()).learn(work(size, effort), tools.name, loop=loop, rest=rest)


def estimate_redrawing(size: tuple[int, int], effort: Effort, tools: Tools) -> float:
    """About how many seconds Stable Diffusion takes for a picture of `size`; where it never ran, by one convolution."""
    task = Redrawing(work(size, effort).trained)
    return book(book_path()).estimate(task, tools.redrawing_name, lambda: _convolution_pace(tools.device))


def learn_redrawing(size: tuple[int, int], effort: Effort, tools: Tools, seconds: float) -> None:
    """Remember how many seconds Stable Diffusion took for a picture of `size`, from loading it to the picture."""
    task = Redrawing(work(size, effort).trained)
    loop = seconds * task.loop / (task.loop + task.rest)
    book(book_path()).learn(task, tools.redrawing_name, loop=loop, rest=seconds - loop)


@torch.inference_mode()
def _convolution_pace(device: torch.device) -> Paces:
    """How fast a convolution of 320 channels on 64x64 cells, guidance's two at once, is against the reference."""
    precision = fastest_precision(str(device))
    net = channels_last(nn.Conv2d(320, 320, 3, padding=1)).to(device, precision)
    features = torch.zeros(2, 320, 64, 64, device=device, dtype=precision).contiguous(memory_format=torch.channels_last)
    best = math.inf
    for _ in range(3):
        started = time.perf_counter()
        net(features).sum().item()
        best = min(best, time.perf_counter() - started)
    # Loading is the disk's business and the processor's: as on the reference.
    return Paces((best / CONVOLUTION,), (1.0,))


def _understood(entry: object) -> _Entry | None:
    """An entry of the file; None where it is none: anyone may have written there."""
    match entry:
        case {"tried": bool(tried), "step": [*step], "rest": [*rest]} if step and rest:
            if all(_is_pace(value) for value in (*step, *rest)):
                return _Entry(Paces(tuple(step), tuple(rest)), tried)
    return None


def _is_pace(value: object) -> bool:
    return isinstance(value, int | float) and 1e-4 < value < 1e4
