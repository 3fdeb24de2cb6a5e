"""What this computer is, whether Glaze can run on it, and where to send its owner if it cannot."""

from glaze.machine.cards import Card, Maker, TorchBuild
from glaze.machine.describe import (
    LEAST_MEMORY,
    LEAST_PYTHON,
    NICE,
    WEBGLAZE,
    Machine,
    check,
    describe,
    give_way,
    processor,
    share_processors,
)
from glaze.machine.look import Findings, Probes, look
from glaze.machine.names import half_is_wrong
from glaze.machine.verdict import LEAST_CARD_MEMORY, Case, Verdict, assess

__all__ = [
    "LEAST_CARD_MEMORY",
    "LEAST_MEMORY",
    "LEAST_PYTHON",
    "NICE",
    "WEBGLAZE",
    "Card",
    "Case",
    "Findings",
    "Machine",
    "Maker",
    "Probes",
    "TorchBuild",
    "Verdict",
    "assess",
    "check",
    "describe",
    "give_way",
    "half_is_wrong",
    "look",
    "processor",
    "share_processors",
]
