"""Glaze: the smallest change to a picture that makes an image model see a different style.

    from pathlib import Path

    from glaze import GlazeSettings, glaze

    finished = glaze(Path("picture.jpg"), GlazeSettings())
    print(finished.result, finished.report.mean_style_distance)

docs/python.md has more, and runs as it stands. Importing the package loads nothing heavy; the engine comes in with the
first use of `glaze`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from glaze.errors import Cancelled, GlazeError
from glaze.settings import Budget, EncoderPath, Engine, GlazeSettings, Intensity, Redraw, Render

if TYPE_CHECKING:
    from glaze.artwork import find_artworks
    from glaze.cloak import Iterate
    from glaze.glazing import estimate, glaze
    from glaze.outcome import Glaze

__all__ = [
    "Budget",
    "Cancelled",
    "EncoderPath",
    "Engine",
    "Glaze",
    "GlazeError",
    "GlazeSettings",
    "Intensity",
    "Iterate",
    "Redraw",
    "Render",
    "estimate",
    "find_artworks",
    "glaze",
]
__version__ = "0.1.0"

# What brings heavy libraries along, and where it is.
_LATE: Final = {
    "Glaze": "glaze.outcome",
    "Iterate": "glaze.cloak",
    "estimate": "glaze.glazing",
    "find_artworks": "glaze.artwork",
    "glaze": "glaze.glazing",
}


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
