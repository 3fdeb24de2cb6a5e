"""`python -m glaze apply`: glaze pictures, one after the other."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glaze.commands.answers import (
    ALL_DONE,
    CANNOT_RUN,
    EXIT_CODES,
    NONE_DONE,
    SOME_FAILED,
    STOPPED,
    USAGE,
    can_run,
    say,
)
from glaze.commands.options import all_settings, settings_of
from glaze.commands.tell import Json, Text
from glaze.commands.watch import GLANCE, bar, interrupts
from glaze.errors import GlazeError
from glaze.settings import GlazeSettings

if TYPE_CHECKING:
    from tqdm import tqdm

    from glaze.jobs import Job, Worker
    from glaze.outcome import Genres


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    apply = commands.add_parser(
        "apply",
        help="glaze pictures",
        description="Glaze pictures. NAME-glazed.png is written beside each; no file is ever replaced.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    apply.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE", help="a picture, or a folder of pictures")
    apply.add_argument("--out", type=Path, metavar="DIR", help="write the results here instead of beside the originals")
    all_settings(apply)
    apply.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object a line for each picture as it finishes, and nothing else, to standard output",
    )


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out. Returns the exit code."""
    if not can_run():
        return CANNOT_RUN
    try:
        settings = settings_of(arguments)
    except GlazeError as error:
        say(str(error))
        return USAGE

    pictures, missing = _find(arguments.pictures)
    tell = Json(sys.stdout) if arguments.json else Text(sys.stdout)
    for path, reason in missing:
        tell.failed(path, reason)
    with interrupts() as asked_to_stop:
        done = _glaze_all(pictures, settings, arguments.out, tell, asked_to_stop)
        if asked_to_stop():
            say("Stopped. What was finished before is kept; nothing is half-written.")
            return STOPPED
    if done == len(pictures) and not missing:
        return ALL_DONE
    return SOME_FAILED if done else NONE_DONE


def _glaze_all(
    pictures: Sequence[Path],
    settings: GlazeSettings,
    folder: Path | None,
    tell: Json | Text,
    asked_to_stop: Callable[[], bool],
) -> int:
    """Glaze one picture after the other and tell of each. Returns how many were done."""
    from glaze.jobs import State, Worker
    from glaze.ledger import Ledger

    done = 0
    genres: list[Genres | None] = []
    worker = Worker()
    # What a library prints must not end up between the lines of --json.
    with closing(Ledger()) as ledger, redirect_stdout(sys.stderr), bar(len(pictures)) as shown:
        try:
            for number, path in enumerate(pictures, 1):
                seconds = _estimate(path, settings)
                with shown.external_write_mode(file=sys.stderr):
                    tell.begins(path, seconds)
                original_sha256 = ledger.digest(path)
                job = _follow(worker, worker.submit(path, settings, folder=folder), shown, number, asked_to_stop)
                if job.result is not None:
                    # For the studio, which then recognises it.
                    ledger.record(job.result, original_sha256)
                with shown.external_write_mode(file=sys.stderr):
                    if job.result is not None:
                        tell.done(path, job.result, seconds)
                        genres.append(job.result.report.genres)
                    elif job.error is not None:
                        tell.failed(path, job.error)
                done += job.state is State.DONE
                if asked_to_stop():
                    break
        finally:
            worker.close(timeout=None)
    tell.all_done(genres)
    return done


def _estimate(path: Path, settings: GlazeSettings) -> float | None:
    """About how many seconds a picture will take; None where it cannot be glazed, of which the engine will say why."""
    from glaze import machine

    machine.share_processors()
    from glaze import glazing
    from glaze.artwork import open_artwork

    try:
        artwork = open_artwork(path)
        return glazing.estimate((artwork.width, artwork.height), settings, path)
    except GlazeError:
        return None


def _find(named: Sequence[Path]) -> tuple[list[Path], list[tuple[Path, GlazeError]]]:
    """The pictures meant, each once, and what is wrong with the names that mean none."""
    from glaze.artwork import find_artworks

    pictures: dict[Path, Path] = {}
    missing: list[tuple[Path, GlazeError]] = []
    for path in named:
        try:
            for picture in find_artworks([path]):
                pictures.setdefault(picture.absolute(), picture)
        except GlazeError as error:
            missing.append((path, error))
    return list(pictures.values()), missing


def _follow(worker: Worker, job: Job, bar: tqdm[Any], number: int, asked_to_stop: Callable[[], bool]) -> Job:
    """Watch a job to its end, and tell it to stop when asked to."""
    while not job.state.finished:
        if asked_to_stop():
            worker.cancel(job.id)
        job = worker.wait(job.id, GLANCE)
        share = job.iterate.share if job.iterate else 0.0
        redrawn = job.iterate if job.iterate and job.iterate.redrawing else None
        doing = f", redrawing {redrawn.step}/{redrawn.steps}" if redrawn else ""
        bar.set_description_str(f"{job.path.name} ({number} of {bar.total}{doing}) ", refresh=False)
        bar.update(number - 1 + (1.0 if job.state.finished else share) - bar.n)
        bar.refresh()
    return job
