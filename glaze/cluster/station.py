"""A worker, in a process of the cluster: glazes one picture at a time, from bytes to bytes.

Ray calls its methods on two threads: a glaze runs on one, and on the other it is asked how far it is, or told to stop.
"""

from __future__ import annotations

import os
import platform
import shutil
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from glaze.cluster import scratch
from glaze.errors import GlazeError

if TYPE_CHECKING:
    from glaze.cloak import Iterate
    from glaze.outcome import Glaze
    from glaze.settings import GlazeSettings

_FOLDER: Final = "glaze-station"


@dataclass(frozen=True)
class Order:
    """A picture to be glazed. decoy: the artist's own, in the place of settings.decoy."""

    picture: bytes
    settings: GlazeSettings
    threads: int
    decoy: bytes | None = None


@dataclass(frozen=True)
class File:
    """A finished file that can be fetched with `Station.read`."""

    path: Path
    size: int
    sha256: str


@dataclass(frozen=True)
class Answer:
    """What came of an order: a glaze and its files, or an error. picture, decoy_picture: what they were called here."""

    picture: str
    decoy_picture: str
    error: GlazeError | None = None
    glaze: Glaze | None = None
    result: File | None = None
    decoy: File | None = None


class Station:
    """What Ray makes an actor of. Its files are for its own user alone, and gone once they were fetched."""

    def __init__(self) -> None:
        scratch.sweep(_FOLDER)
        self._folder: Path | None = None
        self._stop = threading.Event()
        self._iterate: Iterate | None = None

    def about(self) -> tuple[str, str]:
        """The version of Glaze here, and the computer's name: nothing that another version could not understand."""
        from glaze.cluster.same import version

        return version(), platform.node()

    def prepare(self, settings: GlazeSettings) -> dict[str, str]:
        """Load the encoders, for all orders to come. Returns what `same.networks` does. Raises GlazeError."""
        from glaze import machine
        from glaze.cluster.same import networks

        machine.check()
        machine.share_processors()
        found = networks(settings)
        from glaze.preview import get_ready

        get_ready(settings)
        return found

    def glaze(self, order: Order) -> Answer:
        """Glaze a picture. What is wrong with it is in the answer; a mistake in Glaze is raised."""
        from glaze.crew import engine

        self.clear()
        folder = self._folder = scratch.make(_FOLDER)
        picture, decoy_picture = folder / "picture", folder / "decoy"
        picture.write_bytes(order.picture)
        # What Stable Diffusion makes of it shows it, too.
        os.environ["GLAZE_REDRAWN"] = str(folder / "redrawn")
        settings = order.settings
        if order.decoy is not None:
            decoy_picture.write_bytes(order.decoy)
            settings = replace(settings, decoy=decoy_picture)
        files: dict[bool, File] = {}

        def note(path: Path, sha256: str, glaze: Glaze | None) -> None:
            files[glaze is not None] = File(path, 0, sha256)

        try:
            glaze = engine(order.threads)(
                picture,
                settings,
                folder=folder / "out",
                on_iterate=self._follow,
                cancelled=self._stop.is_set,
                on_saving=note,
            )
        except GlazeError as error:
            return Answer(str(picture), str(decoy_picture), error=_plain(error))
        weighed = {is_result: replace(file, size=file.path.stat().st_size) for is_result, file in files.items()}
        return Answer(str(picture), str(decoy_picture), glaze=glaze, result=weighed[True], decoy=weighed.get(False))

    def step(self) -> Iterate | None:
        """The latest step of the loop; None before the first."""
        return self._iterate

    def stop(self) -> None:
        """Let the glaze that runs end at its next step."""
        self._stop.set()

    def read(self, path: Path, offset: int, length: int) -> bytes:
        """A piece of a finished file. Raises OSError."""
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def clear(self) -> None:
        """Delete all files of the last order, which may not run any more."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._stop.clear()
        self._iterate = None

    def _follow(self, iterate: Iterate) -> None:
        # Nobody watches how a glaze grows in the cluster, and a preview takes a megabyte.
        self._iterate = replace(iterate, preview=None)


def _plain(error: GlazeError) -> GlazeError:
    """The error with fields that every computer can read."""
    fields = {name: value if isinstance(value, int | float) else str(value) for name, value in error.fields.items()}
    return type(error)(error.key, **fields)
