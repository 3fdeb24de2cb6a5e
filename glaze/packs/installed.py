"""What a glaze uses of the packs that are here, and taking them away again."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from itertools import chain, repeat
from pathlib import Path, PurePosixPath
from typing import Any, Final

from glaze.errors import PackError
from glaze.packs.lock import lock_path
from glaze.packs.manifest import STANDARD, STUDIO, Item, Pack, load_packs
from glaze.packs.place import packs_folder, unfinished_folder
from glaze.settings import EncoderPath, Engine, GlazeSettings, Redraw

STABLE_DIFFUSION: Final = "stable-diffusion-v1-5"
CLIP: Final = "clip-vit-large-patch14"


class Through(StrEnum):
    """Through what a family was looked at.

    FULL     its full encoder, of the pack "studio".
    TINY     the tiny one, of the pack "standard".
    NAMED    an encoder that an artist named.
    BUNDLED  the bundled network, which imitates the family.
    """

    FULL = "full"
    TINY = "tiny"
    NAMED = "named"
    BUNDLED = "bundled"


def encoders(pack: str) -> dict[str, EncoderPath]:
    """The encoders of a pack that are here with all their files, by family. Raises WeightsError."""
    return {
        item.family: EncoderPath(_place(item), item.family)
        for item in _items(pack)
        if item.family is not None and _is_here(item)
    }


def folder_of(network: str) -> Path | None:
    """The folder of a network that comes in several files, where all of them are here. Raises WeightsError."""
    items = [item for pack in load_packs().values() for item in pack.items]
    return next((_place(item) for item in items if item.name == network and _is_here(item)), None)


def _items(pack: str) -> tuple[Item, ...]:
    """What a pack consists of; nothing where there is none of that name."""
    return load_packs()[pack].items if pack in load_packs() else ()


def _is_here(item: Item) -> bool:
    return all((packs_folder() / target).is_file() for target in item.targets)


def _place(item: Item) -> Path:
    """Its file, or the folder of its files."""
    return packs_folder() / PurePosixPath(item.targets[0]).parts[0]


def ways(settings: GlazeSettings) -> tuple[GlazeSettings, ...]:
    """The settings as they may be carried out here, the best first: with the encoders and the way to redraw meant.

    There are two where the full encoders are for a graphics card that can carry them; the last is for all others. Of
    what it gives it gives the same, whatever packs have come or gone. Raises WeightsError.
    """
    redraw = _redraw(settings)
    return tuple(replace(settings, redraw=redraw, **way) for way in _looked_through(settings))


def as_installed(settings: GlazeSettings) -> GlazeSettings:
    """The last of `ways`: as a processor carries them out. Raises WeightsError."""
    return ways(settings)[-1]


def _looked_through(settings: GlazeSettings) -> list[dict[str, Any]]:
    """The bundled network where none of the encoders is here."""
    if settings.engine is Engine.BUNDLED or settings.encoders:
        return [{}]
    tiny = encoders(STANDARD)
    full = {} if settings.engine is Engine.TINY else encoders(STUDIO)
    choices = [tiny | full] if settings.engine is Engine.FULL else [tiny | full, tiny] if full else [tiny]
    return [
        {"engine": Engine.PACKS, "encoders": tuple(choice.values())} if choice else {"engine": Engine.BUNDLED}
        for choice in choices
    ]


def through(settings: GlazeSettings, families: Iterable[str]) -> dict[str, Through]:
    """Through what each family was looked at by a glaze.

    settings  as they were carried out. families: of its report, in its order: those of the encoders come first.
    Raises WeightsError.
    """
    of_packs = {
        _place(item): kind for pack, kind in ((STANDARD, Through.TINY), (STUDIO, Through.FULL)) for item in _items(pack)
    }
    real = [of_packs.get(encoder.path, Through.NAMED) for encoder in settings.encoders]
    return dict(zip(families, chain(real, repeat(Through.BUNDLED)), strict=False))


def _redraw(settings: GlazeSettings) -> Redraw:
    """PATCHES or DIFFUSION: nobody else decides it."""
    if settings.decoy is not None:
        return Redraw.PATCHES
    if settings.redraw is not Redraw.PACKS:
        return settings.redraw
    # Whoever chose the bundled network chose speed.
    by_choice = settings.engine is Engine.BUNDLED
    return Redraw.PATCHES if by_choice or folder_of(STABLE_DIFFUSION) is None else Redraw.DIFFUSION


def remove(pack: Pack, *, forget: bool = False) -> int:
    """Delete the files of a pack and what of it was left unfinished. Returns how many bytes came free.

    What was written down of it stays unless it is to be forgotten: should it come back, it must be the same.
    Raises PackError (not_removed).
    """
    folder, free = packs_folder(), 0
    for target in (target for item in pack.items for target in item.targets):
        path = folder / target
        try:
            if path.is_file():
                size = path.stat().st_size
                path.unlink()
                free += size
            _tidy(path.parent, folder)
        except OSError as error:
            raise PackError("not_removed", path=path, reason=error.strerror or error) from error
    shutil.rmtree(unfinished_folder() / pack.name, ignore_errors=True)
    if forget:
        lock_path(pack.name).unlink(missing_ok=True)
    return free


def _tidy(folder: Path, up_to: Path) -> None:
    """Delete folders that became empty."""
    while folder != up_to and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
