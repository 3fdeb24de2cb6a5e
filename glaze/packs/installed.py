"""What a glaze uses of the packs that are here, and taking them away again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from glaze.errors import PackError
from glaze.packs.lock import lock_path
from glaze.packs.manifest import STANDARD, Pack, load_pack, load_packs
from glaze.packs.place import packs_folder, unfinished_folder
from glaze.settings import EncoderPath, Engine, GlazeSettings, Redraw

STABLE_DIFFUSION: Final = "stable-diffusion-v1-5"
CLIP: Final = "clip-vit-large-patch14"


def encoders() -> tuple[EncoderPath, ...]:
    """The encoders of the standard pack that are here, as many as there are. Raises WeightsError."""
    folder = packs_folder()
    if not folder.is_dir():
        return ()
    return tuple(
        EncoderPath(folder / target, item.family)
        for item in load_pack(STANDARD).items
        if item.family is not None
        for target in item.targets
        if (folder / target).is_file()
    )


def folder_of(network: str) -> Path | None:
    """The folder of a network that comes in several files, where all of them are here. Raises WeightsError."""
    for pack in load_packs().values():
        for item in pack.items:
            if item.name == network and all((packs_folder() / target).is_file() for target in item.targets):
                return packs_folder() / PurePosixPath(item.targets[0]).parts[0]
    return None


def as_installed(settings: GlazeSettings) -> GlazeSettings:
    """The settings as they are carried out here: with the encoders and the way to redraw that they stand for.

    Of what it gives it gives the same, whatever packs have come or gone. Raises WeightsError.
    """
    return replace(settings, redraw=_redraw(settings), **_looked_through(settings))


def _looked_through(settings: GlazeSettings) -> dict[str, Any]:
    """The bundled network where none of the encoders is here."""
    if settings.engine is Engine.BUNDLED or settings.encoders:
        return {}
    here = encoders()
    return {"encoders": here} if here else {"engine": Engine.BUNDLED}


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
