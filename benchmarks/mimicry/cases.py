"""What may have been done to an artist's pictures before a mimic got them: nothing, noise, our glazes, the peers'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from benchmarks.peers import PEERS
from glaze.settings import Intensity

CLEAN: Final = "clean"
NOISE: Final = "noise"
WITHOUT: Final = "without"
BASE: Final = "base"  # no case: what the generator does before any mimic taught it


@dataclass(frozen=True)
class Case:
    """One way of treating pictures.

    loop        "clean", "noise", a name of benchmarks.peers.PEERS, or what our loop looks through: "bundled", the
                bundled network alone; "ensemble", all families' tiny encoders; "without", all but the mimic's family.
    intensity   how visible the result may be. Only our loop has more than Intensity.DEFAULT.
    one_decoy   all of an artist's pictures are led to the style chosen for the first of them.
    """

    loop: str
    intensity: Intensity = Intensity.DEFAULT
    one_decoy: bool = False


CASES: Final[Mapping[str, Case]] = MappingProxyType(
    {
        CLEAN: Case("clean"),
        NOISE: Case("noise"),
        "bundled": Case("bundled"),
        "bundled-one": Case("bundled", one_decoy=True),
        "bundled-high": Case("bundled", Intensity.HIGH),
        "ensemble": Case("ensemble"),
        "ensemble-one": Case("ensemble", one_decoy=True),
        "ensemble-high": Case("ensemble", Intensity.HIGH),
        WITHOUT: Case(WITHOUT),
    }
    | {peer: Case(peer) for peer in PEERS}
)
