"""A file to an Artwork, and every way in which that can go wrong to words for the artist."""

from __future__ import annotations

import logging
import stat
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from PIL import Image

from glaze.artwork import formats, metadata, png
from glaze.artwork.decode import decode
from glaze.artwork.formats import Format
from glaze.artwork.limits import check_frames, check_size
from glaze.artwork.picture import Artwork, Metadata, nearly_grey, shown
from glaze.artwork.tiff import decode_tiff
from glaze.errors import ArtworkNotFound, ArtworkUnreadable, ArtworkUnsupported, OutOfMemory

_FAULTS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    Image.DecompressionBombError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What Pillow and tifffile raise on damaged files: nearly anything, since they read first and check later."""

_SRGB: Final = ((b"sRGB", b"\0"),)

_quiet_lock = threading.Lock()


def open_artwork(path: Path, *, keep_gps: bool = False) -> Artwork:
    """Read a picture of any of FORMATS, upright and in full, judged by its content and never by its name.

    `keep_gps` keeps the place where it was taken in the metadata for the result. The file is opened for reading only.
    Its size is checked before anything is decoded. Raises ArtworkError, whose subclass and key say what is wrong, and
    OutOfMemory.
    """
    with _told(path), _opened(path) as file, _quiet():
        kind = _kind(path, file)
        if kind is formats.TIFF:
            decoded = decode_tiff(path, file)
        else:
            image = kind.open(file)
            check_size(path, *image.size)
            check_frames(path, getattr(image, "n_frames", 1))
            decoded = decode(path, file, kind, png.survey(file) if kind is formats.PNG else None)
        plan, found, canvas = decoded.plan, decoded.found, decoded.canvas
        if plan.convert:
            found.colour = _SRGB
        chunks, notes = metadata.chunks(found, plan.profile, sideways=decoded.sideways, keep_gps=keep_gps)
        return Artwork(
            path=path,
            pixels=canvas.pixels,
            alpha=canvas.alpha,
            grey=plan.one_channel or nearly_grey(canvas.pixels),
            metadata=Metadata(one_channel=plan.one_channel, chunks=chunks),
            notes=(*decoded.notes, *((plan.note,) if plan.note else ()), *notes),
        )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what goes wrong while reading into words for the artist."""
    try:
        yield
    except MemoryError as fault:
        raise OutOfMemory("memory", path=shown(path)) from fault
    except PermissionError as fault:
        raise ArtworkNotFound("no_permission", path=shown(path)) from fault
    except FileNotFoundError as fault:
        raise ArtworkNotFound("missing", path=shown(path)) from fault
    except _FAULTS as fault:
        raise ArtworkUnreadable("damaged", path=shown(path)) from fault


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The file, for reading. Pipes and devices are not touched: opening one can wait for ever."""
    try:
        status = path.stat()
    except PermissionError:
        raise
    except (OSError, ValueError) as fault:
        # No such file, a loop of links, a name that is too long or impossible.
        raise ArtworkNotFound("missing", path=shown(path)) from fault
    if stat.S_ISDIR(status.st_mode):
        raise ArtworkNotFound("folder", path=shown(path))
    if not stat.S_ISREG(status.st_mode):
        raise ArtworkUnreadable("not_a_picture", path=shown(path), formats=", ".join(formats.FORMATS))
    if status.st_size == 0:
        raise ArtworkUnreadable("empty", path=shown(path))
    with path.open("rb") as file:
        yield file


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pillow's and tifffile's remarks about odd files from the terminal; what matters becomes a Note.

    The warning filters belong to the whole process, hence one picture at a time.
    """
    loggers = [logging.getLogger(name) for name in ("PIL", "tifffile")]
    with _quiet_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        levels = [logger.level for logger in loggers]
        try:
            for logger in loggers:
                logger.setLevel(logging.CRITICAL + 1)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _kind(path: Path, file: IO[bytes]) -> Format:
    head = file.read(formats.HEAD)
    kind = formats.recognise(head)
    if kind is None:
        if name := formats.foreign(head):
            raise ArtworkUnsupported("format", path=shown(path), format=name)
        raise ArtworkUnreadable("not_a_picture", path=shown(path), formats=", ".join(formats.FORMATS))
    if size := formats.size_in_head(kind, head):
        check_size(path, *size)
    file.seek(0)
    return kind
