"""One studio at a time: who starts Glaze a second time is shown the one that is open.

The system's lock on a file says who is the studio: it goes with its process, however that ends, and of two that start
at once one gets it. A record beside it says where the page is, and a secret that only that studio can know; whoever
finds the record asks there before believing it.
"""

from __future__ import annotations

import hmac
import http.client
import json
import os
import platform
import re
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil
from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from glaze.errors import StudioError
from glaze.files import write_whole

# The page's own server answers what follows this with `proof`.
PATH: Final = "/running/"
PATIENCE: Final = 60.0  # seconds: another one that just starts may be on a slow disk
GLANCE: Final = 0.2
ANSWER_SECONDS: Final = 5.0
_ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:([0-9]{1,5})/?")
_PORTS: Final = range(1, 65536)
_PROCESSES: Final = range(1, 2**31)


@dataclass(frozen=True)
class Record:
    """A studio that is open: its process, that process's computer, where its page is, and its secret."""

    process: int
    computer: str
    address: str
    token: str

    @property
    def port(self) -> int:
        """The page's port. Raises ValueError where the address is not one of this computer."""
        # A browser is sent there: nowhere but to this computer.
        found = _ADDRESS.fullmatch(self.address)
        if found is None or int(found[1]) not in _PORTS:
            raise ValueError(self.address)
        return int(found[1])


class Claim:
    """To be the studio. It ends with `release`, at the latest with the process."""

    def __init__(self, path: Path, lock: FileLock) -> None:
        self._path = path
        self._lock = lock
        self._token = secrets.token_hex(32)
        self._answering = True

    def prove(self, question: str) -> str | None:
        """The answer to whoever asks whether this is the studio; None once it closes."""
        return proof(self._token, question) if self._answering else None

    def open_at(self, address: str) -> None:
        """Let others find the page. Where that cannot be written, they learn that they cannot start, and why."""
        record = Record(os.getpid(), platform.node(), address, self._token)
        with suppress(OSError):
            write_whole(self._path, json.dumps(asdict(record)).encode())

    def withdraw(self) -> None:
        """Be found no longer: whoever starts Glaze while this one closes waits for that, and then opens a new one."""
        self._answering = False
        found = _read(self._path)
        if found is not None and found.token == self._token:
            with suppress(OSError):
                self._path.unlink()

    def release(self) -> None:
        """Let another be the studio."""
        self.withdraw()
        self._lock.release()


def record_path() -> Path:
    """Where the record is, with the lock beside it; GLAZE_RUNNING names another file."""
    named = os.environ.get("GLAZE_RUNNING")
    return Path(named) if named else user_cache_path("glaze", appauthor=False) / "running.json"


def proof(token: str, question: str) -> str:
    """What only who knows the token can answer; nobody learns it from the answer."""
    return hmac.new(token.encode(), question.encode(), "sha256").hexdigest()


def claim(patience: float = PATIENCE) -> Claim | Record:
    """The right to be the studio, or the record of the one that is open.

    Waits up to `patience` seconds for one that is just starting or closing. Where the disk has no locks or cannot be
    written on, a studio that nobody finds is better than none. Raises StudioError (no_answer, still_starting).
    """
    path = record_path()
    # Without thread_local: it may be released by another thread. A lock that is a mere file would outlive its process.
    lock = FileLock(path.with_suffix(".lock"), thread_local=False, fallback_to_soft=False)
    until = time.monotonic() + patience
    while True:
        free = _take(lock, path)
        found = _read(path)
        # Even with the lock: what cleans up caches may have removed the file that another one had locked.
        if found is not None and _is_open(found):
            lock.release()
            return found
        if free:
            # What a dead one left must not be taken for this one's.
            with suppress(OSError):
                path.unlink(missing_ok=True)
            return Claim(path, lock)
        if time.monotonic() > until:
            if found is None:
                raise StudioError("still_starting", seconds=round(patience))
            raise StudioError("no_answer", process=found.process, computer=found.computer)
        time.sleep(GLANCE)


def _take(lock: FileLock, path: Path) -> bool:
    """Whether nobody else has the lock; where there can be none, nobody has."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout:
        return False
    except (OSError, NotImplementedError):
        return True
    return True


def _read(path: Path) -> Record | None:
    """The record as it stands; None where there is none or it is not one of ours."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    match found:
        case {"process": int(process), "computer": str(computer), "address": str(address), "token": str(token)}:
            record = Record(process, computer, address, token)
            with suppress(ValueError):
                return record if record.port and process in _PROCESSES else None
    return None


def _is_open(record: Record) -> bool:
    """Whether the studio of the record answers, and not another program that has its number or its port by now."""
    # Where nobody listens, Windows takes seconds to say so.
    if not psutil.pid_exists(record.process):
        return False
    question = secrets.token_hex(16)
    connection = http.client.HTTPConnection("127.0.0.1", record.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", f"{PATH}{question}")
        answer = connection.getresponse()
        told = answer.read(1000)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return answer.status == 200 and hmac.compare_digest(told, proof(record.token, question).encode())
