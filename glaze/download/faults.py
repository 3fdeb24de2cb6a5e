"""What goes wrong on the way, and whether asking again may help."""

from __future__ import annotations

import errno
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from glaze.errors import DownloadError

MISSING: Final = (404, 410)
FORBIDDEN: Final = (401, 403, 451)
BUSY: Final = (408, 425, 429)
FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Unanswered(Exception):
    """No answer, half of one, or one that says "later". Asking again may help.

    after   seconds that the other side asks to wait. status: of its answer, None where it gave none.
    silent  it was there and said nothing for too long.
    """

    def __init__(
        self, reason: object, *, status: int | None = None, after: float | None = None, silent: bool = False
    ) -> None:
        super().__init__(str(reason) or type(reason).__name__)
        self.status, self.after, self.silent = status, after, silent


def refusal(host: str, file: str, status: int, retry_after: str | None) -> DownloadError | Unanswered:
    """What an answer that is not the file means."""
    if status in BUSY or status >= 500:
        return Unanswered(f"HTTP {status}", status=status, after=_seconds(retry_after))
    key = "not_found" if status in MISSING else "forbidden" if status in FORBIDDEN else "refused"
    return DownloadError(key, host=host, file=file, status=status)


def given_up(fault: Unanswered, host: str, kept: int) -> DownloadError:
    """The last of several tries. kept: bytes that the next download need not bring again."""
    if fault.status is not None:
        key = "busy" if fault.status in BUSY else "trouble"
        return DownloadError(key, host=host, status=fault.status)
    if kept:
        key = "silent" if fault.silent else "broken"
        return DownloadError(key, host=host, done=megabytes(kept))
    return DownloadError("unreachable", host=host, reason=fault)


def megabytes(count: int) -> str:
    """Bytes in MB, for a message."""
    return f"{count / 1e6:.1f}"


def _seconds(retry_after: str | None) -> float | None:
    """What Retry-After asks for: seconds, or a date."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
