"""How far a message about a job is."""

from __future__ import annotations

from typing import Final

WAITING: Final = "waiting"
SENDING: Final = "sending"
SENT: Final = "sent"
FAILED: Final = "failed"
