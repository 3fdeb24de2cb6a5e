"""What the pages ask of who glazes: this program's own worker, or a host's queue that many artists share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from glaze.errors import GlazeError
    from glaze.jobs import Job
    from glaze.settings import GlazeSettings


class Glazier(Protocol):
    """As `glaze.jobs.Worker` does it: a job is a snapshot, and an id that is not there raises KeyError."""

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All there are, oldest first."""

    @property
    def waiting(self) -> tuple[Job, ...]:
        """Those that wait for their turn, the next one first."""

    @property
    def paused(self) -> bool:
        """Whether the queue rests."""

    def submit_all(
        self,
        paths: Iterable[Path],
        settings: GlazeSettings | None = None,
        *,
        folder: Path | None = None,
        again: bool = False,
    ) -> list[Job]:
        """Put pictures at the end of the queue, all or none. Raises GlazeError where they may not be."""

    def get(self, job_id: str) -> Job:
        """The job as it stands."""

    def change(self, job_id: str, settings: GlazeSettings) -> Job:
        """Give a job that waits other settings."""

    def cancel(self, job_id: str) -> Job:
        """Ask a job to stop."""

    def cancel_all(self) -> None:
        """Ask every job to stop that has not finished."""

    def again(self, job_id: str, settings: GlazeSettings | None = None) -> Job:
        """Put a job that brought no glaze at the end of the queue."""

    def remove(self, job_id: str) -> bool:
        """Take a finished job off the list."""

    def pause(self) -> None:
        """Let the queue rest."""

    def go_on(self) -> None:
        """End that."""

    def record(self, path: Path, settings: GlazeSettings, error: Exception) -> GlazeError:
        """Write a mistake of Glaze down, and say where."""
