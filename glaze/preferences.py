"""What an artist chose once and for all, kept in a file of their own."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from platformdirs import user_config_path

from glaze.errors import SaveError
from glaze.files import write_whole
from glaze.settings import Engine, GlazeSettings, Intensity, Redraw, Render

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")
# Two pages may change something at the same time.
_LOCK: Final = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What a page and a glaze begin with.

    language       the code of a language; None: the one that the browser asks for.
    results        where glazed pictures go, a full path that need not be there now; None: the usual folder.
    keep_gps       keep the place where a photograph was taken. Rights metadata is always kept.
    intensity, render: chosen from the start.
    engine         what to look through where a pack is there.
    redraw         how to redraw artworks where Stable Diffusion is there.
    check_updates  whether the place this copy of Glaze came from may be asked for a newer one.
    """

    language: str | None = None
    results: Path | None = None
    keep_gps: bool = GlazeSettings.keep_gps
    intensity: Intensity = GlazeSettings.intensity
    render: Render = GlazeSettings.render
    engine: Engine = GlazeSettings.engine
    redraw: Redraw = GlazeSettings.redraw
    check_updates: bool = False

    @property
    def settings(self) -> GlazeSettings:
        """The settings that a glaze begins with."""
        return GlazeSettings(
            intensity=self.intensity,
            render=self.render,
            engine=self.engine,
            redraw=self.redraw,
            keep_gps=self.keep_gps,
        )


def preferences_path() -> Path:
    """Where the preferences are kept; GLAZE_PREFERENCES names another file."""
    named = os.environ.get("GLAZE_PREFERENCES")
    return Path(named) if named else user_config_path("glaze", appauthor=False) / "preferences.json"


def damaged_path() -> Path:
    """Where a file goes that was damaged or held a value that cannot be: preferences-damaged.json, beside it."""
    path = preferences_path()
    return path.with_name(f"{path.stem}-damaged{path.suffix}")


def load() -> Preferences:
    """The preferences as they were saved; what is missing or cannot be is as it is without any. Never raises.

    A file with something in it that cannot be is set aside first, so that nothing in it is lost.
    """
    with _LOCK:
        try:
            written = preferences_path().read_bytes()
        except OSError:
            return Preferences()
        said, whole = _said(written)
        good, all_good = _understood(said)
        if not (whole and all_good):
            kept = {name: value for name, value in said.items() if name not in _READ or name in good}
            # Where nothing can be written, the next start finds the same file and comes to the same.
            with suppress(OSError):
                write_whole(damaged_path(), written)
                write_whole(preferences_path(), _as_json(kept))
        return Preferences(**good)


def save(preferences: Preferences) -> None:
    """Keep the preferences, and whatever a newer Glaze wrote beside them. Raises SaveError (not_kept)."""
    change(**vars(preferences))


def change(**chosen: Any) -> None:
    """Keep some anew, by their names in Preferences, and all others as they are. Raises SaveError (not_kept)."""
    preferences = Preferences(**chosen)
    news = {name: getattr(preferences, name) for name in chosen}
    if news.get("results") is not None:
        news["results"] = str(news["results"])
    path = preferences_path()
    with _LOCK:
        try:
            said: Mapping[str, Any] = {}
            with suppress(FileNotFoundError):
                written = path.read_bytes()
                said, whole = _said(written)
                if not whole:
                    write_whole(damaged_path(), written)
            write_whole(path, _as_json({**said, **news}))
        except OSError as fault:
            raise SaveError("not_kept", path=path, reason=fault.strerror or fault) from fault


def _said(written: bytes) -> tuple[dict[str, Any], bool]:
    """What the file says, by name, and whether it could be read as a whole."""
    try:
        # Editors on Windows put a mark before the text, which json would stumble over.
        said = json.loads(written.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return {}, False
    return (said, True) if isinstance(said, dict) else ({}, False)


def _as_json(said: Mapping[str, Any]) -> bytes:
    # In ASCII, a folder whose name is no text in any encoding comes back as it was.
    return json.dumps(said, indent=2, ensure_ascii=True).encode()


def _understood(said: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The values that can be, and whether those are all."""
    good: dict[str, Any] = {}
    known = [name for name in _READ if name in said]
    for name in known:
        with suppress(ValueError):
            good[name] = _READ[name](said[name])
    return good, len(good) == len(known)


def _language(value: object) -> str | None:
    if value is None or (isinstance(value, str) and _LANGUAGE.fullmatch(value)):
        return value
    raise ValueError(value)


def _folder(value: object) -> Path | None:
    if value is None:
        return None
    if isinstance(value, str) and "\0" not in value and Path(value).is_absolute():
        return Path(value)
    raise ValueError(value)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(value)


# From what the file says to a value; ValueError where it cannot be.
_READ: Final[Mapping[str, Callable[[Any], object]]] = {
    "language": _language,
    "results": _folder,
    "keep_gps": _flag,
    "intensity": Intensity,
    "render": Render,
    "engine": Engine,
    "redraw": Redraw,
    "check_updates": _flag,
}
