"""What is to be done now and then, beside the pages: each in a thread of its own, and nothing ends it but the end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from glaze.service import mail, queue, retention
from glaze.service.house import House

TIDY_EVERY: Final = 60.0  # seconds
MAIL_EVERY: Final = 2.0

_log = logging.getLogger(__name__)


class Chores:
    """Deleting in time, and telling by e-mail."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=self._every, args=(seconds, what), name=name, daemon=True)
            for seconds, what, name in (
                (TIDY_EVERY, self._tidy, "tidy"),
                *([(MAIL_EVERY, self._mail, "mail")] if house.settings.mail.host else []),
            )
        ]

    def start(self) -> None:
        """At once, and from then on."""
        mail.recover(self._house)
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        self._closed.set()
        for thread in self._threads:
            thread.join()

    def _every(self, seconds: float, what: Callable[[], None]) -> None:
        while True:
            try:
                what()
            # Whatever it was: next time it may do, and pictures must go in time.
            except Exception as fault:  # noqa: BLE001
                _log.error("%s went wrong: %s", what.__name__, type(fault).__name__)
            if self._closed.wait(seconds):
                return

    def _tidy(self) -> None:
        queue.recover(self._house)
        retention.tidy(self._house)

    def _mail(self) -> None:
        while not self._closed.is_set() and mail.send_next(self._house):
            pass
