"""Into how many workers a cluster is divided: one a graphics card, or as many processors as a glaze takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

MEMORY: Final = 2_000_000_000  # bytes that a worker asks for; for 12 megapixels it took 1.3 GB at most


@dataclass(frozen=True)
class Share:
    """What a worker asks for. Wherever that is free it may run."""

    processors: float
    cards: int = 0

    @property
    def options(self) -> dict[str, float]:
        """The same, as Ray's options of an actor."""
        return {"num_cpus": self.processors, "num_gpus": self.cards, "memory": MEMORY}


def shares(nodes: Iterable[Mapping[str, Any]], threads: int) -> list[Share]:
    """The workers for a cluster, from what `ray.nodes()` says, where each glaze computes with so many threads.

    With a graphics card anywhere, only cards count: beside one, a processor takes many times as long, and its glazes
    are not the same to the byte. A computer with fewer processors than `threads` still gets a worker.
    """
    rooms = [node["Resources"] for node in nodes if node["Alive"]]
    with_cards = [room for room in rooms if room.get("GPU", 0) >= 1]
    if with_cards:
        return [
            Share(min(1, room.get("CPU", 0) / int(room["GPU"])), 1)
            for room in with_cards
            for _ in range(min(int(room["GPU"]), _fit(room)))
        ]
    return [
        Share(min(threads, int(room["CPU"])))
        for room in rooms
        if room.get("CPU", 0) >= 1
        for _ in range(min(max(1, int(room["CPU"]) // threads), _fit(room)))
    ]


def _fit(room: Mapping[str, float]) -> int:
    """How many workers the memory is enough for."""
    return int(room.get("memory", 0) // MEMORY)
