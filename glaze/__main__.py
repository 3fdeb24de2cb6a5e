"""The command line: `python -m glaze apply PICTURE...` glazes, `inspect` looks at glazes, `studio` opens the page."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stdout
from dataclasses import dataclass, fields
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from glaze import weights_command
from glaze.errors import GlazeError
from glaze.settings import EncoderPath, Engine, GlazeSettings, Intensity, Redraw, Render

if TYPE_CHECKING:
    from types import FrameType
    from typing import TextIO

    from tqdm import tqdm

    from glaze.inspection import Comparison, Inspection
    from glaze.jobs import Job, Worker
    from glaze.outcome import Genres, Glaze

ALL_DONE: Final = 0
SOME_FAILED: Final = 1
# 2 is argparse's own, for a command that cannot be understood.
USAGE: Final = 2
NONE_DONE: Final = 3
CANNOT_RUN: Final = 4
STOPPED: Final = 130

# How often the progress bar looks, in seconds: also how long Ctrl-C may take to be noticed on Windows.
GLANCE: Final = 0.2

EXIT_CODES: Final = """\
exit codes:
  0    every picture was glazed
  1    some pictures failed, the others were glazed
  2    the command could not be understood, or the decoy picture or an encoder cannot be read
  3    no picture was glazed
  4    Glaze cannot run on this computer
  130  stopped with Ctrl-C; pictures finished before are kept, nothing is half-written
"""

_DEFAULTS: Final = {field.name: field.default for field in fields(GlazeSettings)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="glaze",
        description="Protect artworks from style mimicry. It raises the cost of mimicry; it does not end it.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    apply = commands.add_parser(
        "apply",
        help="glaze pictures",
        description="Glaze pictures. NAME-glazed.png is written beside each; no file is ever replaced.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    apply.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE", help="a picture, or a folder of pictures")
    apply.add_argument("--out", type=Path, metavar="DIR", help="write the results here instead of beside the originals")
    apply.add_argument(
        "--intensity",
        choices=[str(choice) for choice in Intensity],
        default=str(_DEFAULTS["intensity"]),
        help="how visible the glaze may be, and with it how strong (default: %(default)s)",
    )
    apply.add_argument(
        "--render",
        choices=[str(choice) for choice in Render],
        default=str(_DEFAULTS["render"]),
        help="how long to look for the best glaze (default: %(default)s)",
    )
    _aims(apply)
    apply.add_argument(
        "--save-decoy",
        action="store_true",
        default=_DEFAULTS["save_decoy"],
        help="also write NAME-decoy.png, the artwork redrawn in the decoy style",
    )
    apply.add_argument(
        "--keep-gps",
        action="store_true",
        default=_DEFAULTS["keep_gps"],
        help="keep in the result where a photograph was taken",
    )
    apply.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object a line for each picture as it finishes, and nothing else, to standard output",
    )

    computer = commands.add_parser(
        "computer",
        help="what this computer is to Glaze, and how long a picture takes here",
        description="What was found on this computer, what it means, and how long a picture takes here.",
    )
    computer.add_argument("--json", action="store_true", help="print one JSON object, and nothing else")

    look = commands.add_parser(
        "inspect",
        help="what is left of a glaze",
        description="Tell how much of a glaze is left in a copy of a picture, as it was written or downloaded again. "
        "Nothing is written.",
        epilog="The encoders, the decoy and the seed must be those that it was glazed with.",
    )
    look.add_argument("picture", type=Path, metavar="PICTURE", help="the original, or any picture")
    look.add_argument("glazed", nargs="?", type=Path, metavar="GLAZED", help="its glazed copy")
    _aims(look)
    look.add_argument("--json", action="store_true", help="print one JSON object, and nothing else, to standard output")

    weights_command.add(commands)

    # Only to be listed: main() hands what follows "studio" to the page, so that gradio is imported when it is wanted.
    commands.add_parser("studio", help="open the page in the browser", add_help=False)
    return parser


def _aims(command: argparse.ArgumentParser) -> None:
    """The options that decide where a glaze leads to."""
    from glaze.decoys.styles import STYLES

    command.add_argument(
        "--encoder",
        action="append",
        type=EncoderPath.parse,
        default=[],
        metavar="[FAMILY=]FOLDER",
        help="also look through this autoencoder: a folder that diffusers saved, or a tiny one's .safetensors file; "
        "may be given several times (default: what --engine says)",
    )
    command.add_argument(
        "--engine",
        choices=[str(choice) for choice in Engine],
        default=str(_DEFAULTS["engine"]),
        help="what to look through where no encoder is named: the encoders of the pack 'standard' where they are here, "
        "or the bundled network alone, which is weaker and takes about half the time (default: %(default)s)",
    )
    command.add_argument(
        "--redraw",
        choices=[str(choice) for choice in Redraw],
        default=str(_DEFAULTS["redraw"]),
        help="how the artwork is redrawn in the style of the decoy, which the glaze then leads toward: by Stable "
        "Diffusion where the pack 'studio' is here, by patches, or by Stable Diffusion and else not at all; toward a "
        "picture of your own (--decoy) always by patches (default: %(default)s)",
    )
    command.add_argument(
        "--decoy",
        type=Path,
        metavar="FILE",
        default=_DEFAULTS["decoy"],
        help="a picture in the style that a model shall see instead (default: one that Glaze draws)",
    )
    command.add_argument(
        "--decoy-style",
        choices=list(STYLES),
        metavar="NAME",
        default=_DEFAULTS["decoy_style"],
        help="draw the decoy in this style instead of one that Glaze chooses for the picture: "
        f"{', '.join(STYLES)} (a name of two words in quotation marks)",
    )
    command.add_argument(
        "--seed",
        type=int,
        metavar="N",
        default=_DEFAULTS["seed"],
        help="the same seed, picture and machine give the same glaze (default: %(default)s)",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. Returns the exit code; the help text says what each means."""
    _speak_utf8()
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["studio"]:
        from glaze.studio.app import main as studio

        return studio(words[1:])
    parser = _parser()
    arguments = parser.parse_args(words)
    if arguments.command is None:
        parser.print_help()
        return ALL_DONE
    try:
        run = {"computer": _computer, "inspect": _inspect, "weights": _weights}.get(arguments.command, _apply)
        return run(arguments)
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:
        # Whoever read the output has left; the interpreter must not complain when it closes the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SOME_FAILED


def _speak_utf8() -> None:
    """Keep a console that lacks a character of a file name from ending the run."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _computer(arguments: argparse.Namespace) -> int:
    from glaze import machine
    from glaze.studio import findings
    from glaze.studio.words import FALLBACK, load

    words = load(FALLBACK)
    found = machine.look(with_torch=True)
    meaning, elsewhere = findings.sentence(words, found), findings.webglaze(words, found)
    if not arguments.json:
        print(words("computer.title"), *_pairs(findings.rows(words, found)), sep="\n")
        for text in filter(None, (meaning, elsewhere)):
            print("", *wrap(text, 100, break_long_words=False, break_on_hyphens=False), sep="\n", flush=True)
    seconds = None
    if found.verdict.here:
        _say(words("computer.timing"))
        try:
            with redirect_stdout(sys.stderr):
                seconds = findings.times()
        except (GlazeError, ImportError, OSError, RuntimeError) as error:
            # Where torch itself is broken, this is the command that people run to see it.
            _say(str(error))
    if arguments.json:
        told = {"text": meaning, "webglaze": elsewhere, "picture": findings.PICTURE, "seconds": seconds}
        print(json.dumps({**found.as_dict(), **told}))
    elif found.verdict.here:
        width, height = findings.PICTURE
        names = [words(f"render.{render}").partition("\n")[0] for render in Render]
        times = [words.about(seconds[render]) if seconds else words("computer.unknown") for render in Render]
        print("", words("computer.time", width=width, height=height), sep="\n")
        print(*_pairs(list(zip(names, times, strict=True))), sep="\n")
    return ALL_DONE if found.verdict.here else CANNOT_RUN


def _pairs(pairs: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(label) for label, _ in pairs)
    return [f"  {label.ljust(width)}  {value}" for label, value in pairs]


def _apply(arguments: argparse.Namespace) -> int:
    # Brings Pillow and more: --help and a mistyped option need not wait for it.
    from glaze.artwork import open_artwork

    if not _can_run():
        return CANNOT_RUN
    try:
        settings = GlazeSettings(
            intensity=Intensity(arguments.intensity),
            render=Render(arguments.render),
            encoders=tuple(arguments.encoder),
            engine=Engine(arguments.engine),
            redraw=Redraw(arguments.redraw),
            decoy=arguments.decoy,
            decoy_style=arguments.decoy_style,
            seed=arguments.seed,
            save_decoy=arguments.save_decoy,
            keep_gps=arguments.keep_gps,
        )
        if settings.decoy is not None:
            open_artwork(settings.decoy)
        if settings.encoders:
            from glaze.glazing import load_encoder

            load_encoder(settings.encoders)
    except GlazeError as error:
        _say(str(error))
        return USAGE

    pictures, missing = _find(arguments.pictures)
    tell = _Json(sys.stdout) if arguments.json else _Text(sys.stdout)
    for path, reason in missing:
        tell.failed(path, reason)
    with _interrupts() as asked_to_stop:
        done = _glaze_all(pictures, settings, arguments.out, tell, asked_to_stop)
        if asked_to_stop():
            _say("Stopped. What was finished before is kept; nothing is half-written.")
            return STOPPED
    if done == len(pictures) and not missing:
        return ALL_DONE
    return SOME_FAILED if done else NONE_DONE


def _can_run() -> bool:
    from glaze import machine

    try:
        machine.check()
    except GlazeError as error:
        _say(str(error))
        return False
    machine.share_processors()
    return True


def _inspect(arguments: argparse.Namespace) -> int:
    if not _can_run():
        return CANNOT_RUN
    from glaze.inspection import inspect, inspect_pair

    try:
        settings = GlazeSettings(
            encoders=tuple(arguments.encoder),
            engine=Engine(arguments.engine),
            redraw=Redraw(arguments.redraw),
            decoy=arguments.decoy,
            decoy_style=arguments.decoy_style,
            seed=arguments.seed,
        )
    except GlazeError as error:
        _say(str(error))
        return USAGE
    tell = _Json(sys.stdout) if arguments.json else _Text(sys.stdout)
    try:
        # What a library prints must not end up in --json.
        with redirect_stdout(sys.stderr):
            if arguments.glazed is None:
                found: Inspection | Comparison = inspect(arguments.picture)
            else:
                found = inspect_pair(arguments.picture, arguments.glazed, settings=settings)
    except GlazeError as error:
        tell.failed(arguments.glazed or arguments.picture, error)
        return NONE_DONE
    tell.inspected(found)
    return ALL_DONE


def _weights(arguments: argparse.Namespace) -> int:
    with _interrupts() as asked_to_stop:
        return weights_command.run(arguments, asked_to_stop)


def _glaze_all(
    pictures: Sequence[Path],
    settings: GlazeSettings,
    folder: Path | None,
    tell: _Json | _Text,
    asked_to_stop: Callable[[], bool],
) -> int:
    """Glaze one picture after the other and tell of each. Returns how many were done."""
    from glaze.jobs import State, Worker
    from glaze.ledger import Ledger

    done = 0
    genres: list[Genres | None] = []
    worker = Worker()
    # What a library prints must not end up between the lines of --json.
    with closing(Ledger()) as ledger, redirect_stdout(sys.stderr), _bar(len(pictures)) as bar:
        try:
            for number, path in enumerate(pictures, 1):
                seconds = _estimate(path, settings)
                with bar.external_write_mode(file=sys.stderr):
                    tell.begins(path, seconds)
                original_sha256 = ledger.digest(path)
                job = _follow(worker, worker.submit(path, settings, folder=folder), bar, number, asked_to_stop)
                if job.result is not None:
                    # For the studio, which then recognises it.
                    ledger.record(job.result, original_sha256)
                with bar.external_write_mode(file=sys.stderr):
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
        return glazing.estimate((artwork.width, artwork.height), settings)
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


@contextmanager
def _bar(pictures: int) -> Iterator[tqdm[Any]]:
    """One bar for all pictures, on standard error, where that is a terminal."""
    from tqdm import tqdm

    with tqdm(
        total=pictures,
        file=sys.stderr,
        disable=not sys.stderr.isatty(),
        bar_format="{desc}{percentage:3.0f} % |{bar}| {elapsed} gone, about {remaining} left",
        leave=False,
    ) as bar:
        yield bar


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed, asked for instead of thrown; pressed once more, it is thrown after all.

    Thrown, it could come between two steps of a lock that the worker needs to end cleanly.
    """
    pressed = False
    usual = signal.getsignal(signal.SIGINT)

    def press(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, usual)

    # Where Ctrl-C is ignored (nohup), or someone else's thread calls main(), it stays as it is.
    ours = usual is signal.default_int_handler and threading.current_thread() is threading.main_thread()
    if ours:
        signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        if ours:
            signal.signal(signal.SIGINT, usual)


def _follow(worker: Worker, job: Job, bar: tqdm[Any], number: int, asked_to_stop: Callable[[], bool]) -> Job:
    """Watch a job to its end, and tell it to stop when asked to."""
    while not job.state.finished:
        if asked_to_stop():
            worker.cancel(job.id)
        job = worker.wait(job.id, GLANCE)
        share = job.iterate.step / job.iterate.steps if job.iterate else 0.0
        bar.set_description_str(f"{job.path.name} ({number} of {bar.total}) ", refresh=False)
        bar.update(number - 1 + (1.0 if job.state.finished else share) - bar.n)
        bar.refresh()
    return job


@dataclass(frozen=True)
class _Json:
    """One object a line, so that a program reading along has each picture as soon as it is done."""

    out: TextIO

    def begins(self, path: Path, seconds: float | None) -> None:
        """Nothing: whoever reads this reads one line a picture."""

    def done(self, path: Path, glaze: Glaze, estimated: float | None) -> None:
        self._print(
            {
                "picture": str(path),
                "ok": True,
                "result": str(glaze.result),
                "decoy": None if glaze.decoy is None else str(glaze.decoy),
                "decoy_style": glaze.decoy_style,
                "seconds": round(glaze.seconds, 2),
                "estimated_seconds": None if estimated is None else round(estimated, 2),
                "settings": {
                    field.name: _plain(getattr(glaze.settings, field.name)) for field in fields(GlazeSettings)
                },
                "visibility": glaze.visibility.as_dict(),
                "report": glaze.report.as_dict(),
                "target_percent": round(glaze.settings.target, 2),
                "advice": [{"key": advice.key, "text": str(advice)} for advice in glaze.advice],
                "notes": [{"key": note.key, "text": str(note)} for note in glaze.notes],
            }
        )

    def all_done(self, genres: Sequence[Genres | None]) -> None:
        """Nothing, as well: whoever counts has counted."""

    def inspected(self, found: Inspection | Comparison) -> None:
        self._print({**found.as_dict(), "ok": True})

    def failed(self, path: Path, error: GlazeError) -> None:
        kind = type(error).__name__
        self._print(
            {"picture": str(path), "ok": False, "error": {"kind": kind, "key": error.key, "message": str(error)}}
        )

    def _print(self, line: dict[str, Any]) -> None:
        print(json.dumps(line), file=self.out, flush=True)


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return str(value) if isinstance(value, Path) else value


@dataclass(frozen=True)
class _Text:
    """What a person wants to read; failures go to standard error."""

    out: TextIO

    def begins(self, path: Path, seconds: float | None) -> None:
        from glaze.studio.words import FALLBACK, load

        if seconds is not None:
            print(f"{path}: {load(FALLBACK).about(seconds)}", file=self.out, flush=True)

    def done(self, path: Path, glaze: Glaze, _estimated: float | None) -> None:
        from glaze.studio.distance import genres
        from glaze.studio.words import FALLBACK, load

        report, seen, budget = glaze.report, glaze.visibility, glaze.settings.intensity.budget
        columns = list(next(iter(report.style_distance.values()), {}))
        rows = [[family, *(f"{moved[c]:.0f}" for c in columns)] for family, moved in report.style_distance.items()]
        survival = [
            "survival",
            "",
            *(f"{report.survival[column] * 100:.0f} %" for column in columns if column != "none"),
        ]
        figures = [
            ["LPIPS (estimate)" if seen.lpips_is_estimate else "LPIPS", f"{seen.lpips:.3f}", f"{budget.lpips:.2f}"],
            ["FLIP", f"{seen.flip:.3f}", f"{budget.flip:.2f}"],
            ["flat areas, CIEDE2000", f"{seen.flat:.1f}", f"{budget.flat:.1f}"],
            ["colour, CIEDE2000", f"{seen.colour:.1f}", f"{budget.colour:.1f}"],
            *([] if seen.tint is None else [["tint of grey, levels", f"{seen.tint}", "0"]]),
        ]
        lines = [
            f"{path} -> {glaze.result}",
            f"  decoy: {glaze.decoy_style}{f', {glaze.decoy}' if glaze.decoy else ''}",
            f"  time: {glaze.seconds:.0f} s",
            "  style distance: how far a model sees the style moved toward the decoy, in percent",
            *_table([["", *("untouched" if c == "none" else c for c in columns)], *rows, survival]),
            "  visibility: what it is, and what the intensity allows",
            *_table(figures),
            *(f"  {sentence}" for sentence in filter(None, [genres(load(FALLBACK), report)])),
            *(f"  weak: {advice}" for advice in glaze.advice),
            *(f"  note: {note}" for note in glaze.notes),
        ]
        print("\n".join(lines), file=self.out, flush=True)

    def all_done(self, genres: Sequence[Genres | None]) -> None:
        from glaze.outcome import genre_shift
        from glaze.studio.words import FALLBACK, load

        shifted, known = genre_shift(genres)
        if known > 1:
            share = {"shifted": shifted, "known": known, "percent": round(100 * shifted / known)}
            print(load(FALLBACK)("portfolio.genres", **share), file=self.out, flush=True)

    def inspected(self, found: Inspection | Comparison) -> None:
        from glaze.inspection import Inspection
        from glaze.studio.verdict import moved, verdict, visible
        from glaze.studio.words import FALLBACK, load

        words = load(FALLBACK)
        if isinstance(found, Inspection):
            size = words("inspect.size", width=found.width, height=found.height)
            lines = [f"{found.picture}: {size}", f"  {words('inspect.alone')}"]
        else:
            lines = [
                f"{found.glazed}",
                *(f"  {sentence}" for sentence in verdict(words, found)),
                f"  {words('inspect.moved')}",
                *_table(moved(words, found)),
                f"  {words('inspect.visible')}",
                *_table(visible(words, found)),
            ]
        lines += [f"  note: {note}" for note in found.notes]
        print("\n".join(lines), file=self.out, flush=True)

    def failed(self, path: Path, error: GlazeError) -> None:
        message = str(error)
        _say(message if str(path) in message else f"{path}: {message}")


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as aligned lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligns: list[Callable[[str, int], str]] = [str.ljust, *[str.rjust] * (len(widths) - 1)]
    return [
        "    " + "  ".join(align(cell, width) for align, cell, width in zip(aligns, row, widths, strict=True)).rstrip()
        for row in rows
    ]


def run() -> None:
    """The `glaze` command that pip installs."""
    sys.exit(main())


if __name__ == "__main__":
    run()
