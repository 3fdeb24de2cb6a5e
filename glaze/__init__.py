"""Glaze: the smallest change to a picture that makes an image model see a different style.

    from glaze import GlazeSettings, glaze

    finished = glaze(Path("picture.jpg"), GlazeSettings())
    print(finished.result, finished.report.mean_style_distance)

Importing the package loads nothing heavy; the engine comes in with the first use of `glaze`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glaze.errors import GlazeError
from glaze.settings import Budget, EncoderPath, GlazeSettings, Intensity, Render

if TYPE_CHECKING:
    from glaze.glazing import glaze
    from glaze.outcome import Glaze

__all__ = ["Budget", "EncoderPath", "Glaze", "GlazeError", "GlazeSettings", "Intensity", "Render", "glaze"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in {"Glaze", "glaze"}:
        from glaze import glazing

        return getattr(glazing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
