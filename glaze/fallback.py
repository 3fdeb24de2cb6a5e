"""What is done where memory is short: one ladder, from the fastest way to the one that needs least.

On a card: with CUDA graphs; without; one encoder at a time on the card; what the way back needs kept in the computer's
own memory; and at last the processor. Each is slower, and each finds the same glaze but for rounding. A smaller canvas
is not among them: it would lose a quarter to a third of the glaze (docs/research.md). Where full encoders are here and
nobody named them, the ladder with them comes first, as far as the card surely has room, and then the same with the tiny
ones, which find another glaze; with those alone is the processor tried.

Memory is planned before the run, from what the card has for Glaze, and a rung that cannot hold the work is not tried.
As a plan knows little of what else a computer does, the next rung follows wherever the card says that it has no more.
None of it was ever run on a card (docs/method.md); tests put simulated ones in its place.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

import torch

from glaze import memory
from glaze.device import PROCESSOR, at_work, best_device, give_up
from glaze.errors import GlazeError
from glaze.pace import work
from glaze.precision import fastest_precision
from glaze.settings import Effort, EncoderPath

Result = TypeVar("Result")

# Bytes for each pixel that encoders see: the peak of all that the loop holds at once, in float32 with LPIPS, counted on
# the processor operation by operation (24 steps at 256 px; a full autoencoder at 128 px).
BUNDLED: Final = 2_400
TINY: Final = 4_700
FULL: Final = 18_000
FULL_WEIGHS: Final = 50_000_000  # bytes of a file; those of tiny autoencoders have 5 to 10 million
HALVED: Final = 0.75  # what is left of it in bfloat16: .64 (tiny) and .76 (bundled)
OFFLOADED: Final = 0.75  # and where what the way back needs waits elsewhere: .65 (bundled), .72 (tiny), .54 (full)
# What the driver, its libraries and their workspaces take beside it: a guess, for there was no card to ask.
BESIDE: Final = 600_000_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where, and how sparingly, a piece of work is done.

    device   of networks and loop.
    graphs   the loop's looks may be replayed as CUDA graphs, each of which keeps its memory.
    in_turn  of several encoders only one lies on the device at a time.
    offload  what the loop needs for its way back waits in the computer's own memory.
    way      of the ways in which the work can be done, the number: 0 needs most.
    """

    device: torch.device = PROCESSOR
    graphs: bool = False
    in_turn: bool = False
    offload: bool = False
    way: int = 0


@dataclass(frozen=True)
class Need:
    """What a piece of work is.

    size      of the picture: width, height, in pixels.
    effort    on which canvas.
    encoders  real ones that look, besides the bundled network.
    """

    size: tuple[int, int]
    effort: Effort
    encoders: Sequence[EncoderPath] = ()

    def bytes(self, place: Place) -> int:
        """About how much memory of a card it takes there."""
        pixels = work(self.size, self.effort).trained
        weights = [_weight(encoder.path) for encoder in self.encoders]
        looks = [BUNDLED, *(FULL if weight > FULL_WEIGHS else TINY for weight in weights)]
        share = 1.0 if fastest_precision(str(place.device)) == torch.float32 else HALVED
        held = max(weights, default=0) if place.in_turn else sum(weights)
        if place.offload:
            share *= OFFLOADED
        # One encoder looks at a time; but each graph has its own memory.
        return math.ceil(BESIDE + held + share * pixels * (sum(looks) if place.graphs else max(looks)))


def _weight(path: Path) -> int:
    """Bytes of an encoder's file; 0 where there is none, which loading it will say."""
    folder = path / "vae" if (path / "vae").is_dir() else path
    files = folder.glob("*.safetensors") if path.is_dir() else [path]
    with suppress(OSError):
        return max((file.stat().st_size for file in files), default=0)
    return 0


def ladder(device: torch.device, *needs: Need) -> Iterator[Place]:
    """The places to try, in order. needs: of each way to do the work, the one that needs most first.

    On the processor there is one, the last way: what helps there is to close other programs.
    """
    last = len(needs) - 1
    if device != PROCESSOR:
        for way, need in enumerate(needs):
            rungs = [Place(device, graphs=True, way=way)] if device.type == "cuda" else []
            rungs.append(Place(device, way=way))
            if len(need.encoders) > 1:
                rungs.append(Place(device, in_turn=True, way=way))
            # How slow that is nobody knows: a way that needs less comes before it.
            if way == last:
                rungs.append(replace(rungs[-1], offload=True))
            yield from (place for place in rungs if _has_room(place, need, unsure=way == last))
    yield Place(PROCESSOR, way=last)


def _has_room(place: Place, need: Need, *, unsure: bool) -> bool:
    """Whether it should be tried; `unsure` where a card cannot say."""
    usable = memory.usable(place.device)
    # What half precision is worth there is tried out, and may fail as all else on a card.
    with suppress(RuntimeError, AssertionError):
        return unsure if usable is None else need.bytes(place) <= usable
    return unsure


def on_best_device(work: Callable[[Place], Result], *needs: Need) -> Result:
    """What `work` gives, done at the first place of the `ladder` that can do it, on the best device.

    needs: of each way to do it, of which the place has the number.

    A card that is out of memory is tried again for the next picture, which may be smaller. One that fails in another
    way is not: its driver is broken, or it lacks something, and all later work is done elsewhere. What fails on the
    processor fails. `work` may be begun several times, and must leave nothing behind where it raises.
    """
    for place in ladder(best_device(), *needs):
        try:
            with at_work(place.device):
                return work(place)
        except (GlazeError, OSError):
            raise
        except Exception as error:
            if place.device == PROCESSOR:
                raise
            # As text: a log that kept the error would keep all that it holds.
            _log.warning("%s failed, going on with less: %s", place, str(error))
            broken = not memory.ran_out(error)
        # Only here is the error gone, and with it all that it held on the card.
        if broken:
            give_up(place.device)
            break
        memory.let_go(place.device)
    with at_work(PROCESSOR):
        return work(Place(PROCESSOR, way=len(needs) - 1))
