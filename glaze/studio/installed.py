"""The networks that Glaze looks at pictures with, and which of them are on this computer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from glaze import machine


@dataclass(frozen=True)
class Network:
    """One network. `network.KEY` is its name; bytes: what its file takes, None where it is not there."""

    key: str
    path: Path
    bytes: int | None


def networks() -> tuple[Network, ...]:
    """The bundled network, without which nothing goes, and LPIPS. The first call of all may take seconds."""
    # As in the worker: torch takes seconds to load.
    machine.share_processors()
    from glaze.weights import bundled_path, lpips_path

    return tuple(
        Network(key, path, _size(path)) for key, path in (("bundled", bundled_path()), ("lpips", lpips_path()))
    )


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None
