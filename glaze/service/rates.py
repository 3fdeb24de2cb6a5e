"""Too many requests: each artist, and each address that is not signed in, has so many a minute."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from glaze.errors import ServiceError

MINUTE: Final = 60.0
# Whoever asks from ever new addresses shall not fill the memory.
_REMEMBERED: Final = 10_000


class Rates:
    """Buckets that fill at a steady rate, one a key: a burst of a minute's worth is let through, and no more."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(a_minute)
        self._clock = clock
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, cost: float = 1.0) -> None:
        """One request of `key`, as heavy as `cost` plain ones. Raises ServiceError."""
        now = self._clock()
        with self._lock:
            left, then = self._left.pop(key, (self._most, now))
            left = min(self._most, left + (now - then) * self._most / MINUTE)
            enough = left >= cost
            self._left[key] = (left - cost if enough else left, now)
            if len(self._left) > _REMEMBERED:
                self._left.popitem(last=False)
        if not enough:
            raise ServiceError("too_fast")
