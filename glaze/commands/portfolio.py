"""`python -m glaze portfolio`: glaze a folder of pictures, here or on a cluster, and go on where it was stopped."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Final

from glaze.commands.answers import (
    ALL_DONE,
    CANNOT_RUN,
    NONE_DONE,
    SOME_FAILED,
    STOPPED,
    USAGE,
    can_run,
    say,
)
from glaze.commands.options import all_settings, settings_of
from glaze.commands.tell import Json, Text
from glaze.commands.watch import bar, interrupts
from glaze.errors import ArtworkNotFound, ClusterError, GlazeError, WeightsError
from glaze.settings import GlazeSettings

if TYPE_CHECKING:
    from glaze.jobs import Engine
    from glaze.ledger import Ledger
    from glaze.outcome import Genres

EXIT_CODES: Final = """\
exit codes:
  0    every picture is glazed, now or before
  1    some pictures failed, the others are glazed
  2    the command could not be understood, or the decoy picture or an encoder cannot be read
  3    no picture was glazed
  4    Glaze cannot run on this computer or the cluster, and the message says why
  130  stopped with Ctrl-C; pictures finished before are kept, nothing is half-written
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    portfolio = commands.add_parser(
        "portfolio",
        help="glaze a folder of pictures, here or on a cluster",
        description="Glaze the pictures in a folder. NAME-glazed.png is written beside each, and no file is ever\n"
        "replaced. Run again, it goes on where it was stopped: what is glazed already, with the same\n"
        "settings, is left as it is.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    portfolio.add_argument("folder", type=Path, metavar="FOLDER", help="a folder of pictures")
    portfolio.add_argument("--out", type=Path, metavar="DIR", help="write the results here instead of in the folder")
    portfolio.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="glaze on a Ray cluster that this computer belongs to, HOST:PORT, or with 'local' several at once on this "
        "computer; the pictures travel to the cluster (docs/cluster.md)",
    )
    portfolio.add_argument(
        "--threads",
        type=_threads,
        metavar="N",
        help="how many threads of a processor compute a glaze; on a cluster also how many processors a worker takes. "
        "With the same number glazes are the same to the byte, here and there (default: as many as there are here)",
    )
    portfolio.add_argument("--again", action="store_true", help="also glaze what is glazed already")
    all_settings(portfolio)
    portfolio.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object a line for each picture as it finishes, and nothing else, to standard output",
    )


def _threads(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out. Returns the exit code."""
    if not can_run():
        return CANNOT_RUN
    try:
        settings = settings_of(arguments)
    except GlazeError as error:
        say(str(error))
        return USAGE
    try:
        return _run(settings, arguments)
    except ArtworkNotFound as error:
        say(str(error))
        return NONE_DONE
    except (ClusterError, WeightsError) as error:
        say(str(error))
        return CANNOT_RUN


def _run(settings: GlazeSettings, arguments: argparse.Namespace) -> int:
    """Returns the exit code. Raises ArtworkNotFound where there are no pictures, ClusterError and WeightsError."""
    from glaze.artwork import find_artworks
    from glaze.ledger import Ledger

    pictures = find_artworks([arguments.folder])
    tell = Json(sys.stdout) if arguments.json else Text(sys.stdout)
    with closing(Ledger()) as ledger, interrupts() as asked_to_stop:
        if trouble := ledger.tell():
            say(str(trouble))
        left = pictures if arguments.again else list(_left(pictures, settings, ledger, tell))
        done = _glaze(left, settings, arguments, ledger, tell, asked_to_stop) if left else 0
        if asked_to_stop():
            say("Stopped. What was finished before is kept; nothing is half-written.")
            return STOPPED
    if done == len(left):
        return ALL_DONE
    return SOME_FAILED if done or len(left) < len(pictures) else NONE_DONE


def _left(pictures: Sequence[Path], settings: GlazeSettings, ledger: Ledger, tell: Json | Text) -> Iterator[Path]:
    """The pictures that are not glazed yet; of the others it is told where their glaze is."""
    for path in pictures:
        known = ledger.recognise(path, settings)
        if known is None:
            yield path
        else:
            tell.known(path, known.glaze)


def _glaze(
    pictures: Sequence[Path],
    settings: GlazeSettings,
    arguments: argparse.Namespace,
    ledger: Ledger,
    tell: Json | Text,
    asked_to_stop: Callable[[], bool],
) -> int:
    """Glaze the pictures and tell of each. Returns how many were done. Raises ClusterError and WeightsError."""
    from glaze.crew import glaze_all, remembering

    done = finished = 0
    genres: list[Genres | None] = []
    # What a library prints must not end up between the lines of --json.
    with redirect_stdout(sys.stderr), _engine(settings, arguments) as (engine, at_once), bar(len(pictures)) as shown:
        looks = glaze_all(
            pictures,
            settings,
            folder=arguments.out,
            engine=remembering(engine, ledger),
            at_once=min(at_once, len(pictures)),
            cancelled=asked_to_stop,
        )
        for jobs in looks:
            over = [job for job in jobs if job.state.finished]
            under_way = sum(job.iterate.share for job in jobs if job.iterate and job not in over)
            finished += len(over)
            shown.set_description_str(f"{finished} of {len(pictures)} ", refresh=False)
            shown.update(finished + under_way - shown.n)
            with shown.external_write_mode(file=sys.stderr):
                for job in over:
                    if job.result is not None:
                        done += 1
                        tell.done(job.path, job.result, None)
                        genres.append(job.result.report.genres)
                    elif job.error is not None:
                        tell.failed(job.path, job.error)
    tell.all_done(genres)
    return done


@contextmanager
def _engine(settings: GlazeSettings, arguments: argparse.Namespace) -> Iterator[tuple[Engine, int]]:
    """What glazes, and how many pictures at once. Raises ClusterError and WeightsError."""
    if arguments.cluster is None:
        from glaze.crew import engine

        yield engine(arguments.threads), 1
        return
    from glaze.cluster import join

    if arguments.threads is None:
        import torch

        arguments.threads = torch.get_num_threads()
    with join(arguments.cluster, settings, arguments.threads) as cluster:
        yield cluster, cluster.stations
