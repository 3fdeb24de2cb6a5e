"""What a computer means for Glaze: one of a few cases, from what was found, without asking anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from glaze.errors import MachineError
from glaze.machine.cards import Card, Maker, TorchBuild
from glaze.machine.describe import Machine, check
from glaze.machine.names import half_is_wrong, is_too_old

# The full autoencoders at 512 px take about 4 GB in half precision, and cards sold as 4 GB tell 3.7 to 4.0 GiB of it,
# by driver and system; those sold as 3 GB stay well below.
LEAST_CARD_MEMORY: Final = 3_600_000_000
# The oldest compute capability that any build of the torch in requirements.txt has programs for.
LEAST_CAPABILITY: Final = (5, 0)
# Below one of these, and without a card, a computer is called old: the largest pictures take 2.6 GB, beside what the
# system and a browser take, and a single processor has no time for the page while it glazes.
EASY_MEMORY: Final = 6_000_000_000
EASY_PROCESSORS: Final = 2


class Case(StrEnum):
    """What a computer is to Glaze. The first five are of an NVIDIA card, the best first.

    NO_CUDA_TORCH has nothing against the card, of which little may be known: its driver, or a torch for it, is missing.
    OTHER_CARD is of any other maker, OLD_PC can go on all the same, CANNOT_RUN is what `check` refuses.
    """

    NVIDIA_READY = "nvidia_ready"
    NVIDIA_NO_CUDA_TORCH = "nvidia_no_cuda_torch"
    NVIDIA_GTX16 = "nvidia_gtx16"
    NVIDIA_TOO_SMALL = "nvidia_too_small"
    NVIDIA_TOO_OLD = "nvidia_too_old"
    OTHER_CARD = "other_card"
    MAC = "mac"
    NO_CARD = "no_card"
    OLD_PC = "old_pc"
    CANNOT_RUN = "cannot_run"


_BEST_FIRST: Final = tuple(Case)
_SUPPORTED: Final = frozenset({Case.NVIDIA_READY, Case.NVIDIA_NO_CUDA_TORCH})
# A small card computes as rightly as a large one.
_MAY_HALVE: Final = _SUPPORTED | {Case.NVIDIA_TOO_SMALL}


@dataclass(frozen=True)
class Verdict:
    """A case and the card it is about; None where it is about none.

    What Glaze supports, not what it does: any card that passes its test is used (glaze/device.py).
    """

    case: Case
    card: Card | None = None

    @property
    def webglaze(self) -> bool:
        """Whether to point to WebGlaze: to all but those with an NVIDIA card that Glaze supports."""
        return self.case not in _SUPPORTED

    @property
    def here(self) -> bool:
        """Whether Glaze can go on here, on the processor."""
        return self.case is not Case.CANNOT_RUN

    @property
    def half(self) -> bool:
        """Whether half precision may be tried on the card, for `precision.half_precision_is_right` to decide."""
        return self.case in _MAY_HALVE


def assess(machine: Machine, cards: Sequence[Card], build: TorchBuild | None) -> Verdict:
    """The verdict on a computer with these cards; of several the best counts. build: None where it is not known."""
    try:
        check(machine)
    except MachineError:
        return Verdict(Case.CANNOT_RUN)
    if machine.system == "Darwin":
        # An NVIDIA card in a Mac changes nothing: its driver and its torch ended years ago.
        return Verdict(Case.MAC, max(cards, key=_memory, default=None))
    judged = [(_nvidia(card, build), card) for card in cards if card.maker is Maker.NVIDIA]
    if judged:
        return Verdict(*min(judged, key=lambda pair: (_BEST_FIRST.index(pair[0]), -_memory(pair[1]))))
    if machine.memory < EASY_MEMORY or machine.processors < EASY_PROCESSORS:
        return Verdict(Case.OLD_PC)
    if cards:
        return Verdict(Case.OTHER_CARD, max(cards, key=_memory))
    return Verdict(Case.NO_CARD)


def _nvidia(card: Card, build: TorchBuild | None) -> Case:
    name = card.name or ""
    # The name may be any; what the card itself says of its generation goes first.
    if card.capability < LEAST_CAPABILITY if card.capability else is_too_old(name):
        return Case.NVIDIA_TOO_OLD
    if half_is_wrong(name):
        return Case.NVIDIA_GTX16
    if card.memory is not None and card.memory < LEAST_CARD_MEMORY:
        return Case.NVIDIA_TOO_SMALL
    return Case.NVIDIA_READY if _served(card, build) else Case.NVIDIA_NO_CUDA_TORCH


def _served(card: Card, build: TorchBuild | None) -> bool:
    """Whether torch and a driver for the card are there, as far as is known."""
    if build is None or build.cuda is None or build.reaches is False:
        return False
    if card.capability and build.least and card.capability < build.least:
        return False
    return card.driver is not None or build.reaches is True


def _memory(card: Card) -> int:
    return card.memory or 0
