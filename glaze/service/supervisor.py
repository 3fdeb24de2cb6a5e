"""Keeps the worker alive: started with the server, started again when it dies, ended when it hangs."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from glaze.service import queue
from glaze.service.codes import new_id
from glaze.service.house import House

LOOK: Final = 0.5  # seconds
FIRST_WAIT: Final = 1.0  # seconds before the next one is started; doubled each time
LONGEST_WAIT: Final = 60.0
PATIENCE: Final = 30.0  # seconds to stop in good order

_log = logging.getLogger(__name__)

Command = Callable[[str], Sequence[str]]
"""The command that starts a worker of that name (Worker's owner)."""


def worker_command(config: Path | None) -> Command:
    """The worker of this Glaze, with these settings."""
    settings = [] if config is None else ["--config", str(config.absolute())]
    return lambda owner: [sys.executable, "-m", "glaze.service.worker", *settings, "--owner", owner]


class Supervisor:
    """One worker process at a time. A worker that dies gives its jobs back, and counts as a try for each of them."""

    def __init__(self, house: House, command: Command) -> None:
        self._house = house
        self._command = command
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> int | None:
        """The worker's process id, while there is one."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start the first worker."""
        self._thread.start()

    def close(self) -> None:
        """Stop the worker in good order, so that its jobs lose no try; wait until it has."""
        self._closed.set()
        self._thread.join()

    def _watch(self) -> None:
        wait = FIRST_WAIT
        while not self._closed.is_set():
            owner = new_id()
            began = self._house.now()
            self._process = subprocess.Popen(
                list(self._command(owner)), stdin=subprocess.PIPE, cwd=Path(__file__).resolve().parents[2]
            )
            self._wait(self._process, owner)
            with suppress(Exception):
                if queue.recover(self._house, owner):
                    _log.warning("A worker died at work; what it had begins anew.")
            if self._house.now() - began > LONGEST_WAIT:
                wait = FIRST_WAIT
            if not self._closed.wait(wait):
                wait = min(2 * wait, LONGEST_WAIT)

    def _wait(self, process: subprocess.Popen[bytes], owner: str) -> None:
        """Until the process has ended, by itself or because it hangs or is not wanted any more."""
        assert process.stdin is not None
        while process.poll() is None:
            if self._closed.wait(LOOK):
                with suppress(OSError):
                    process.stdin.close()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(PATIENCE)
                    return
                process.kill()
            elif self._hangs(owner):
                _log.warning("A worker gave no sign of life, and was ended.")
                process.kill()
            else:
                continue
            process.wait()
        with suppress(OSError):
            process.stdin.close()

    def _hangs(self, owner: str) -> bool:
        try:
            return queue.is_late(self._house, owner)
        # A database that is away is no fault of the worker's.
        except Exception as fault:  # noqa: BLE001
            _log.warning("The queue could not be asked: %s", type(fault).__name__)
            return False
