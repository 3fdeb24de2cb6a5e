"""One file from an address into a part, which goes on where it stopped, and which is what it should be or is gone."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx2

import glaze
from glaze.download.faults import FULL, Unanswered, given_up, refusal
from glaze.download.progress import Cancelled as IsCancelled
from glaze.download.progress import Phase
from glaze.download.wanted import Wanted
from glaze.errors import Cancelled, DownloadError
from glaze.packs.lock import Print

Answer = TypeVar("Answer")
Tell = Callable[[Phase, int], None]

# Seconds without a byte after which the connection counts as broken. Whoever cancels waits no longer than this.
SILENCE: Final = 10.0
# Seconds between tries of which none brought a byte; after the last, it is given up.
PAUSES: Final = (1.0, 2.0, 5.0, 10.0)
LONGEST_PAUSE: Final = 60.0  # however long the other side asks to wait
GLANCE: Final = 0.1


@contextmanager
def client() -> Iterator[httpx2.Client]:
    """Through the proxies that the environment names, and with its certificates."""
    with httpx2.Client(
        follow_redirects=True, timeout=SILENCE, headers={"User-Agent": f"glaze/{glaze.__version__}"}
    ) as ours:
        yield ours


def patiently(
    ask: Callable[[], Answer],
    host: Callable[[], str],
    done: Callable[[], int],
    tell: Tell,
    cancelled: IsCancelled,
    *,
    keeps: bool = True,
) -> Answer:
    """What `ask` answers, asked again while it raises Unanswered and either bytes came or tries are left.

    host: whom it asks. done: how many bytes came so far. keeps: whether they are of use tomorrow.
    """
    tries, before = 0, done()
    while True:
        try:
            return ask()
        except Unanswered as fault:
            now = done()
            tries = 0 if now > before else tries + 1
            before = now
            if tries > len(PAUSES):
                raise given_up(fault, host(), now if keeps else 0) from fault
            pause = PAUSES[max(0, tries - 1)] if fault.after is None else min(fault.after, LONGEST_PAUSE)
            tell(Phase.WAITING, now)
            _wait(pause, cancelled)


def fetch(ours: httpx2.Client, wanted: Wanted, folder: Path, tell: Tell, cancelled: IsCancelled) -> tuple[Path, Print]:
    """Bring a file into `folder`; its path there and what it is. `tell` gets how many bytes of it are there.

    Raises DownloadError and Cancelled. Where going on makes sense, what came is kept for the next time.
    """
    part = folder / wanted.part_name
    with _told(folder, wanted):
        folder.mkdir(parents=True, exist_ok=True)
        if not wanted.pinned:
            part.unlink(missing_ok=True)
        resumed = _length(part) > 0
        print_ = _whole(ours, wanted, part, tell, cancelled)
        if resumed and not _is(wanted, print_):
            # The beginning may be of a power cut: nobody but us is to blame.
            part.unlink()
            print_ = _whole(ours, wanted, part, tell, cancelled)
        if not _is(wanted, print_):
            part.unlink()
            raise DownloadError("wrong_hash", host=wanted.host, file=wanted.source.name)
        return part, print_


def _whole(ours: httpx2.Client, wanted: Wanted, part: Path, tell: Tell, cancelled: IsCancelled) -> Print:
    def pour() -> None:
        _pour(ours, wanted, part, tell, cancelled)

    patiently(pour, lambda: wanted.host, lambda: _length(part), tell, cancelled, keeps=wanted.pinned)
    tell(Phase.CHECKING, _length(part))
    return Print.of(part)


def _is(wanted: Wanted, found: Print) -> bool:
    return wanted.sha256 in {None, found.sha256} and wanted.size in {None, found.size}


def _pour(ours: httpx2.Client, wanted: Wanted, part: Path, tell: Tell, cancelled: IsCancelled) -> None:
    """What is missing of a file. Raises Unanswered, DownloadError, Cancelled, OSError."""
    have = _length(part)
    if wanted.size is not None and have > wanted.size:
        part.unlink()
        have = 0
    if have and have == wanted.size:
        return
    # Compressed, it could not go on where it stopped.
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    try:
        with ours.stream("GET", wanted.address, headers=headers) as answer:
            have, total = _answered(answer, wanted, part, have)
            if total is not None and wanted.size not in {None, total}:
                raise _wrong_size(wanted, part, total)
            with part.open("ab" if have else "wb") as file:
                # In no fixed size: of a line that breaks, what had come by then is kept.
                for chunk in answer.iter_bytes():
                    _go_on(cancelled)
                    file.write(chunk)
                    have += len(chunk)
                    if wanted.size is not None and have > wanted.size:
                        raise _wrong_size(wanted, part, have)
                    tell(Phase.LOADING, have)
                file.flush()
                os.fsync(file.fileno())
    except httpx2.TooManyRedirects as error:
        raise DownloadError("circles", host=wanted.host, file=wanted.source.name) from error
    except httpx2.TimeoutException as error:
        raise Unanswered(error, silent=True) from error
    except (httpx2.RequestError, httpx2.InvalidURL) as error:
        raise Unanswered(error) from error
    if wanted.size is not None and have < wanted.size:
        # Where the other side does not say how much it sends, the end of the line is all there is to hear.
        raise Unanswered("the connection was closed")


def _answered(answer: Any, wanted: Wanted, part: Path, have: int) -> tuple[int, int | None]:
    """How many bytes of the part hold, and how many the whole has by this answer; None where it does not say."""
    status = answer.status_code
    if status == 416:
        part.unlink(missing_ok=True)
        raise Unanswered("HTTP 416")
    if status not in {200, 206}:
        raise refusal(wanted.host, wanted.source.name, status, answer.headers.get("Retry-After"))
    if status == 206:
        said = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if said is None or int(said[1]) != have:
            part.unlink(missing_ok=True)
            raise Unanswered("another part than asked for")
        return have, None if said[2] == "*" else int(said[2])
    encoded = answer.headers.get("Content-Encoding", "identity") != "identity"
    length = None if encoded else answer.headers.get("Content-Length")
    return 0, int(length) if length and length.isdecimal() else None


def _wrong_size(wanted: Wanted, part: Path, found: int) -> DownloadError:
    part.unlink(missing_ok=True)
    return DownloadError("wrong_size", host=wanted.host, file=wanted.source.name, found=found, expected=wanted.size)


@contextmanager
def _told(folder: Path, wanted: Wanted) -> Iterator[None]:
    """A disk that fails, in words. Where it is full, what came is given up: it would keep it full."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            (folder / wanted.part_name).unlink(missing_ok=True)
            raise DownloadError("disk_full", folder=folder) from error
        raise DownloadError("not_written", folder=folder, reason=error.strerror or error) from error


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _go_on(cancelled: IsCancelled) -> None:
    if cancelled():
        raise Cancelled("download")


def _wait(seconds: float, cancelled: IsCancelled) -> None:
    end = time.monotonic() + seconds
    while True:
        _go_on(cancelled)
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(GLANCE, left))
