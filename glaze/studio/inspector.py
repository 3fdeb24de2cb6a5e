"""Who inspects for the pages: in the background, one at a time, so that a tab may be left and come back to."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from glaze import machine
from glaze.errors import GlazeError
from glaze.ledger import Kind, Ledger, Recognised
from glaze.settings import GlazeSettings

if TYPE_CHECKING:
    from glaze.inspection import Comparison, Inspection

Record = Callable[[Path, GlazeSettings, Exception], GlazeError]
Compute = Callable[..., Any]
Recognise = Callable[["Look"], Recognised | None]

# Each holds some pictures as large as a screen.
KEPT: Final = 8


class Stage(StrEnum):
    """How far an inspection is."""

    WAITING = "waiting"
    RECOGNISING = "recognising"
    SEEING = "seeing"
    COMPARING = "comparing"
    FINISHED = "finished"


@dataclass(frozen=True, kw_only=True)
class Look:
    """One inspection, as far as it is.

    picture, glazed  what was given; without `glazed` the picture alone is looked at.
    decoy, style, seed
                     what the artist says it was glazed with: a picture of their own, else a style that Glaze draws;
                     where None, what the ledger knows, else the defaults.
    known            what the ledger knows of the copy, or else of the original.
    alone, pair      what was found; one of the two, or `error`, is set once it is finished.
    """

    picture: Path
    glazed: Path | None = None
    decoy: Path | None = None
    style: str | None = None
    seed: int | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    stage: Stage = Stage.WAITING
    known: Recognised | None = None
    alone: Inspection | None = None
    pair: Comparison | None = None
    error: GlazeError | None = None

    @property
    def finished(self) -> bool:
        return self.stage is Stage.FINISHED


class Inspector:
    """Inspects. For all threads.

    record     writes a mistake of Glaze down and says where (Worker.record).
    compute    carries out what takes long, given as a function and what it takes.
    recognise  says what is known of a look's pictures; by default, what this computer's ledger knows.
    """

    def __init__(self, record: Record, compute: Compute | None = None, recognise: Recognise | None = None) -> None:
        self._record = record
        self._compute = compute or (lambda does, *takes: does(*takes))
        self._recognise = recognise or _recognised
        self._looks: dict[str, Look] = {}
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def start(self, look: Look) -> Look:
        """Begin one in the background, once those before it are done. Nothing is ever written."""
        with self._lock:
            old = [each.id for each in self._looks.values() if each.finished]
            for look_id in old[: max(0, len(self._looks) + 1 - KEPT)]:
                del self._looks[look_id]
            self._looks[look.id] = look
        threading.Thread(target=self._work, args=(look.id,), name="inspection", daemon=True).start()
        return look

    def get(self, look_id: str | None) -> Look | None:
        """As it is now; None where it is not kept any more."""
        return self._looks.get(look_id or "")

    @property
    def latest(self) -> Look | None:
        """The one that was begun last."""
        with self._lock:
            return next(reversed(self._looks.values()), None)

    def _work(self, look_id: str) -> None:
        with self._turn:
            try:
                self._inspect(look_id)
            except GlazeError as error:
                self._note(look_id, stage=Stage.FINISHED, error=error)
            # Whatever it was: the artist must have an answer.
            except Exception as error:  # noqa: BLE001
                look = self._looks[look_id]
                settings = glazed_with(look, look.known)["settings"]
                told = self._record(look.glazed or look.picture, settings, error)
                self._note(look_id, stage=Stage.FINISHED, error=told)

    def _inspect(self, look_id: str) -> None:
        look = self._note(look_id, stage=Stage.RECOGNISING)
        known = self._recognise(look)
        self._note(look_id, known=known, stage=Stage.SEEING if look.glazed is None else Stage.COMPARING)
        if look.glazed is None:
            self._note(look_id, alone=self._compute(_alone, look.picture), stage=Stage.FINISHED)
        else:
            pair = self._compute(_pair, look.picture, look.glazed, glazed_with(look, known))
            self._note(look_id, pair=pair, stage=Stage.FINISHED)

    def _note(self, look_id: str, **news: Any) -> Look:
        with self._lock:
            self._looks[look_id] = replace(self._looks[look_id], **news)
            return self._looks[look_id]


def _alone(picture: Path) -> Inspection:
    # Imported here, as in the worker: torch takes seconds to load, and a page must not wait for it.
    machine.share_processors()
    from glaze import inspection

    return inspection.inspect(picture)


def _pair(picture: Path, glazed: Path, how: dict[str, Any]) -> Comparison:
    machine.share_processors()
    from glaze import inspection

    return inspection.inspect_pair(picture, glazed, **how)


def glazed_with(look: Look, known: Recognised | None) -> dict[str, Any]:
    """`settings`, `decoy_style` and `made` of `inspect_pair`: the artist's word goes before the ledger's."""
    settings = GlazeSettings() if known is None else known.glaze.settings
    seed = settings.seed if look.seed is None else look.seed
    decoy, style = settings.decoy, settings.decoy_style
    if look.decoy is not None or look.style is not None:
        decoy, style = look.decoy, None if look.decoy is not None else look.style
    asked = replace(settings, decoy=decoy, decoy_style=style, seed=seed)
    if known is None:
        return {"settings": asked, "decoy_style": None, "made": None}
    made = known.glaze.report.strength
    # The style that Glaze chose may be named as well.
    if asked in {settings, replace(settings, decoy=None, decoy_style=known.glaze.decoy_style)}:
        return {"settings": settings, "decoy_style": known.glaze.decoy_style, "made": made}
    # A decoy of one's own that was found again in another place is still that decoy; another seed chooses another.
    moved = settings.decoy is not None and look.decoy is not None and seed == settings.seed
    return {"settings": asked, "decoy_style": None, "made": made if moved else None}


def _recognised(look: Look) -> Recognised | None:
    with closing(Ledger()) as ledger:
        if look.glazed is None:
            return ledger.recognise(look.picture)
        copy = ledger.recognise(look.glazed)
        if copy is not None and copy.kind is Kind.RESULT:
            return copy
        original = ledger.recognise(look.picture)
        return original if original is not None and original.kind is Kind.ORIGINAL else None
