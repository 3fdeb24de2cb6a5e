"""Settings, errors and glazes to JSON and back. What another version wrote is read as far as it is understood."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glaze.advice import Advice
from glaze.artwork import Note
from glaze.errors import GlazeError, SettingsError, Unexpected
from glaze.outcome import Genres, Glaze, Report, Visibility
from glaze.settings import EncoderPath, Engine, GlazeSettings, Intensity, Redraw, Render

Look = Callable[[str], NDArray[np.uint8]]
"""Brings one of a report's pictures, "before", "after" or "decoy", as (h, w, 3) uint8."""

_N = TypeVar("_N", bound=Note)


def path_bytes(path: Path) -> bytes:
    """An absolute path as SQLite can hold it: its text cannot hold every name that a disk can."""
    return os.fsencode(path.absolute())


def path_of(kept: bytes) -> Path:
    """The path that `path_bytes` made into bytes."""
    return Path(os.fsdecode(kept))


def settings_json(settings: GlazeSettings, decoy: str | None = None) -> str:
    """Settings as JSON; where `decoy` is given, it stands for the decoy's path."""
    decoy_path = None if settings.decoy is None else str(settings.decoy.absolute())
    return _json(
        {
            "intensity": settings.intensity,
            "render": settings.render,
            "encoders": [{"path": str(e.path.absolute()), "family": e.family} for e in settings.encoders],
            "decoy": decoy or decoy_path,
            "seed": settings.seed,
            "save_decoy": settings.save_decoy,
            "keep_gps": settings.keep_gps,
            # Left out for the bundled network, as before there were packs: what was glazed then is still recognised.
            **({} if settings.engine is Engine.BUNDLED else {"engine": settings.engine}),
            # As above: it was done by patches before there was another way.
            **({} if settings.redraw is Redraw.PATCHES else {"redraw": settings.redraw}),
            # Only where there is one: else what was written before there were any would not be recognised.
            **({} if settings.decoy_style is None else {"decoy_style": settings.decoy_style}),
        }
    )


def settings_of(kept: str) -> GlazeSettings:
    """Raises ValueError where they cannot be understood."""
    with _understood():
        found = json.loads(kept)
        return GlazeSettings(
            intensity=Intensity(found["intensity"]),
            render=Render(found["render"]),
            encoders=tuple(EncoderPath(Path(e["path"]), e["family"]) for e in found["encoders"]),
            engine=Engine(found.get("engine", Engine.BUNDLED)),
            redraw=Redraw(found.get("redraw", Redraw.PATCHES)),
            decoy=None if found["decoy"] is None else Path(found["decoy"]),
            decoy_style=None if found.get("decoy_style") is None else str(found["decoy_style"]),
            seed=int(found["seed"]),
            save_decoy=bool(found["save_decoy"]),
            keep_gps=bool(found["keep_gps"]),
        )


def error_json(error: GlazeError) -> str:
    """An error by its class, key and fields; with its text, for a version that lost the words."""
    fields = {name: value if isinstance(value, int | float) else str(value) for name, value in error.fields.items()}
    return _json({"class": type(error).__name__, "key": error.key, "fields": fields, "text": str(error)})


def error_of(kept: str, path: Path) -> GlazeError:
    """The error that befell `path`; one that this version has no words for comes back as Unexpected."""
    reason: object = kept
    try:
        with _understood():
            found = json.loads(kept)
            reason = found.get("text", kept)
            classes = {error.__name__: error for error in _below(GlazeError)}
            return classes[found["class"]](found["key"], **found["fields"])
    except ValueError:
        return Unexpected("mistake", path=path, reason=reason, log="-")


def glaze_json(glaze: Glaze) -> str:
    """What a glaze is, but for its files, its settings and the pictures of its report."""
    return _json(
        {
            "decoy_style": glaze.decoy_style,
            "notes": _notes_json(glaze.notes),
            "visibility": asdict(glaze.visibility),
            "style_distance": {family: dict(row) for family, row in glaze.report.style_distance.items()},
            "survival": dict(glaze.report.survival),
            "genres": None if glaze.report.genres is None else asdict(glaze.report.genres),
            "advice": _notes_json(glaze.advice),
            "seconds": glaze.seconds,
        },
        # Families and removals are told in the order in which they were measured.
        in_order=False,
    )


def glaze_of(
    kept: str, *, original: Path, result: Path, decoy: Path | None, settings: GlazeSettings, look: Look
) -> Glaze:
    """Raises ValueError where `kept` is no glaze."""
    with _understood():
        found = json.loads(kept)
        return Glaze(
            original=original,
            result=result,
            decoy=decoy,
            decoy_style=str(found["decoy_style"]),
            notes=tuple(_notes_of(Note, found["notes"])),
            visibility=Visibility(**found["visibility"]),
            report=KeptReport(found["style_distance"], found["survival"], look, _genres_of(found.get("genres"))),
            advice=tuple(_notes_of(Advice, found["advice"])),
            seconds=float(found["seconds"]),
            settings=settings,
        )


class KeptReport(Report):
    """A report whose pictures stay in the ledger: hundreds of jobs with theirs would fill the memory."""

    def __init__(
        self,
        style_distance: Mapping[str, Mapping[str, float]],
        survival: Mapping[str, float],
        look: Look,
        genres: Genres | None = None,
    ) -> None:
        # A frozen dataclass is filled like this.
        object.__setattr__(self, "style_distance", style_distance)
        object.__setattr__(self, "survival", survival)
        object.__setattr__(self, "genres", genres)
        object.__setattr__(self, "_look", look)

    _look: Look

    @property
    def seen_before(self) -> NDArray[np.uint8]:
        return self._look("before")

    @property
    def seen_after(self) -> NDArray[np.uint8]:
        return self._look("after")

    @property
    def seen_decoy(self) -> NDArray[np.uint8]:
        return self._look("decoy")


def png_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """(h, w, 3) uint8 as a PNG."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def pixels_of(kept: bytes) -> NDArray[np.uint8]:
    """Raises OSError and ValueError where it is no PNG."""
    with Image.open(BytesIO(kept), formats=("PNG",)) as picture:
        return np.asarray(picture.convert("RGB"))


def _notes_json(notes: Iterable[Note]) -> list[dict[str, object]]:
    return [{"key": note.key, "fields": dict(note.fields)} for note in notes]


def _notes_of(kind: type[_N], kept: Iterable[Mapping[str, Any]]) -> Iterator[_N]:
    """Without those that this version has no words for."""
    for note in kept:
        try:
            yield kind(note["key"], note["fields"])
        except KeyError:
            continue


def _genres_of(kept: Mapping[str, Any] | None) -> Genres | None:
    return None if kept is None else Genres(before=tuple(kept["before"]), after=tuple(kept["after"]))


def _below(root: type[GlazeError]) -> Iterator[type[GlazeError]]:
    yield root
    for child in root.__subclasses__():
        yield from _below(child)


def _json(value: object, *, in_order: bool = True) -> str:
    # Numbers of numpy know their value as Python has it; the keys are sorted so that the same is written the same.
    return json.dumps(value, sort_keys=in_order, default=lambda other: other.item())


@contextmanager
def _understood() -> Iterator[None]:
    """Whatever fails on JSON that is not as expected is a ValueError."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, RecursionError, SettingsError) as fault:
        raise ValueError(str(fault)) from fault
