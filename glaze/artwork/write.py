"""A PNG to the disk: whole or not at all, and never over anything."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np

from glaze.artwork import png
from glaze.artwork.formats import FORMATS, SUFFIXES
from glaze.artwork.picture import Artwork, Pixels, bands, exactly_grey, shown
from glaze.artwork.place import Announce, create, digest, make, publish, told, unfinished
from glaze.artwork.read import open_artwork
from glaze.errors import ArtworkError, ArtworkNotFound, SaveError

_OURS: Final = re.compile(r"-(glazed|decoy)(-\d+)?\.png$", re.IGNORECASE)
_NAME_BYTES: Final = 255


def find_artworks(paths: Iterable[Path]) -> list[Path]:
    """Every path in its order, with a folder replaced by the pictures in it (not below it), by name.

    A folder's hidden files and what Glaze wrote there (NAME-glazed.png, NAME-decoy-2.png) are passed over, and so are
    repetitions. Paths of files are not checked. Raises ArtworkNotFound where a folder has no picture or may not be
    read; to go on with the others, ask for one path at a time.
    """
    found: dict[Path, None] = {}
    for path in paths:
        try:
            if not path.is_dir():
                found[path] = None
                continue
            inside = sorted(child for child in path.iterdir() if _is_input(child))
        except PermissionError as fault:
            raise ArtworkNotFound("no_permission", path=shown(path)) from fault
        except (OSError, ValueError):
            found[path] = None
            continue
        if not inside:
            raise ArtworkNotFound("empty_folder", path=shown(path), formats=", ".join(FORMATS))
        found.update(dict.fromkeys(inside))
    return list(found)


def save_artwork(
    artwork: Artwork,
    pixels: Pixels,
    folder: Path,
    suffix: str = "-glazed",
    check: Callable[[Pixels], None] | None = None,
    announce: Announce | None = None,
) -> Path:
    """Write `pixels` with the artwork's alpha, profile and metadata as NAME-glazed.png, and return that path.

    `pixels` has the artwork's shape and type. Where the name is taken, NAME-glazed-2.png and so on follow; a file or
    link that exists is never touched. The folder is made if missing. The PNG is written beside its place under another
    name, read again and compared bit for bit; then `check` gets the pixels as read, and may raise. Only then is it
    announced and gets its name. Whatever happens on the way (KeyboardInterrupt, too), nothing is left behind.

    Raises SaveError, whatever `check` and `announce` raise, and ValueError where `pixels` does not fit the artwork.
    """
    if pixels.shape != artwork.pixels.shape or pixels.dtype != artwork.pixels.dtype:
        msg = f"{pixels.shape} {pixels.dtype} does not fit {artwork.pixels.shape} {artwork.pixels.dtype}"
        raise ValueError(msg)
    make(folder)
    aim = folder / _name(folder, artwork.path.name, suffix)
    with unfinished(folder) as temporary:
        with told(aim, artwork.path):
            _write(temporary, artwork, pixels)
            written = _read_back(temporary, artwork, pixels, aim)
        if check:
            check(written)
        with told(aim, artwork.path):
            return publish(temporary, _names(folder, artwork.path.name, suffix), announce)


def save_finished(
    content: Iterable[bytes],
    sha256: str,
    original: Path,
    folder: Path,
    suffix: str = "-glazed",
    announce: Announce | None = None,
) -> Path:
    """Write a PNG that another computer finished for `original`, piece by piece, and return its path.

    Names, the folder and `announce` are as with `save_artwork`, and the file is whole, with that sha256, or not there.
    Raises SaveError, and whatever `content` and `announce` raise.
    """
    make(folder)
    aim = folder / _name(folder, original.name, suffix)
    with unfinished(folder) as temporary:
        with told(aim, original):
            descriptor = create(temporary)
        with os.fdopen(descriptor, "wb") as file:
            for piece in content:
                with told(aim, original):
                    file.write(piece)
            with told(aim, original):
                file.flush()
                os.fsync(file.fileno())
        with told(aim, original):
            if digest(temporary) != sha256:
                raise SaveError("not_written", path=shown(aim), reason="it arrived differently")
            return publish(temporary, _names(folder, original.name, suffix), announce)


def try_folder(folder: Path) -> None:
    """Make the folder if missing and write a file there, which is gone again afterwards. Raises SaveError."""
    make(folder)
    with unfinished(folder) as trial, told(trial, trial), os.fdopen(create(trial), "wb") as file:
        file.write(b"Glaze")
        file.flush()
        os.fsync(file.fileno())


def written_by_glaze(path: Path) -> bool:
    """Whether a file has a name that Glaze gives (NAME-glazed.png, NAME-decoy-2.png)."""
    return _OURS.search(path.name) is not None


def _is_input(path: Path) -> bool:
    return (
        path.suffix.lower() in SUFFIXES
        and not path.name.startswith(".")
        and not written_by_glaze(path)
        and path.is_file()
    )


def _write(path: Path, artwork: Artwork, pixels: Pixels) -> None:
    chunks = artwork.metadata.chunks
    grey = artwork.metadata.one_channel and exactly_grey(pixels)
    if artwork.metadata.one_channel and not grey:
        # A coloured decoy for grey art: a grey profile says nothing about it.
        chunks = tuple(chunk for chunk in chunks if chunk[0] != b"iCCP")
    with os.fdopen(create(path), "wb") as file:
        png.write(file, pixels, artwork.alpha, chunks, grey=grey)
        file.flush()
        os.fsync(file.fileno())


def _read_back(path: Path, artwork: Artwork, pixels: Pixels, aim: Path) -> Pixels:
    try:
        back = open_artwork(path)
    except ArtworkError as fault:
        raise SaveError("not_written", path=shown(aim), reason=str(fault)) from fault
    if not (_same(back.pixels, pixels) and _same(back.alpha, artwork.alpha)):
        raise SaveError("not_written", path=shown(aim), reason="it read back differently")
    return back.pixels


def _same(one: Pixels | None, other: Pixels | None) -> bool:
    """Equal in shape, type and every value; without a mask as large as the picture."""
    if one is None or other is None:
        return one is other
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return all(np.array_equal(one[rows], other[rows]) for rows in bands(len(one), one[0].size))


def _names(folder: Path, original: str, suffix: str) -> Iterator[Path]:
    """NAME-glazed.png, NAME-glazed-2.png and so on."""
    yield folder / _name(folder, original, suffix)
    for number in count(2):
        yield folder / _name(folder, original, f"{suffix}-{number}")


def _name(folder: Path, original: str, ending: str) -> str:
    """The original's name without its format, then the ending; shortened where the disk allows no such name."""
    stem, dot, format_name = original.rpartition(".")
    if not stem or f"{dot}{format_name}".lower() not in SUFFIXES:
        stem = original
    most = _NAME_BYTES
    if hasattr(os, "pathconf"):
        with suppress(OSError, ValueError):
            most = os.pathconf(folder, "PC_NAME_MAX")
    ending += ".png"
    while stem and len(os.fsencode(stem + ending)) > most:
        stem = stem[:-1]
    return stem + ending
