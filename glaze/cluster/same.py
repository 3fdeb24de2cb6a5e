"""What must be the same on all computers, so that the same picture, settings and threads make the same glaze."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import glaze
from glaze.artwork.place import digest
from glaze.packs import State, as_installed, load_packs, look, packs_folder
from glaze.settings import GlazeSettings


@cache
def version() -> str:
    """Glaze's version, with a digest of its own source: between two versions there are many."""
    root = Path(glaze.__file__).parent
    found = hashlib.sha256()
    for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
        found.update(path.relative_to(root).as_posix().encode())
        # As git writes them on Windows, too.
        found.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return f"{glaze.__version__} ({found.hexdigest()[:8]})"


def networks(settings: GlazeSettings) -> dict[str, str]:
    """The networks that a glaze with these settings may look through here: names, and what tells one from another.

    Raises WeightsError.
    """
    from glaze.weights import bundled_path, lpips_path

    found = {path.name: _told(path) for path in (bundled_path(), lpips_path()) if path.is_file()}
    for pack in load_packs().values():
        # By their sizes: reading gigabytes takes long, and each was checked when it came.
        found |= {_name(one.path): str(one.bytes) for one in look(pack) if one.state is not State.ABSENT}
    for encoder in as_installed(settings).encoders:
        if not encoder.path.is_relative_to(packs_folder()):
            inside = sorted(encoder.path.glob("*")) if encoder.path.is_dir() else [encoder.path]
            files = [path for path in inside if path.suffix in {".json", ".safetensors"} and path.is_file()]
            found[str(encoder)] = " ".join(map(_told, files))
    return found


def _name(path: Path) -> str:
    return path.relative_to(packs_folder()).as_posix()


def _told(path: Path) -> str:
    """The sha256 of a file; "unreadable" where it cannot be read, which the engine will say more about."""
    try:
        return digest(path)
    except OSError:
        return "unreadable"
