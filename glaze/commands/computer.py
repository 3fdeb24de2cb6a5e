"""`python -m glaze computer`: what this computer is to Glaze, and how long a picture takes here."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from textwrap import wrap

from glaze.commands.answers import ALL_DONE, CANNOT_RUN, say
from glaze.errors import GlazeError
from glaze.settings import Render


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    computer = commands.add_parser(
        "computer",
        help="what this computer is to Glaze, and how long a picture takes here",
        description="What was found on this computer, what it means, and how long a picture takes here.",
    )
    computer.add_argument("--json", action="store_true", help="print one JSON object, and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out. Returns the exit code."""
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
    seconds, tried = None, None
    if found.verdict.here:
        say(words("computer.timing"))
        try:
            with redirect_stdout(sys.stderr):
                seconds, tried = findings.times(), findings.tried(words, found)
        except (GlazeError, ImportError, OSError, RuntimeError) as error:
            # Where torch itself is broken, this is the command that people run to see it.
            say(str(error))
    if arguments.json:
        told = {"text": meaning, "webglaze": elsewhere, "picture": findings.PICTURE, "seconds": seconds}
        told["tried"] = tried
        print(json.dumps({**found.as_dict(), **told}))
    elif found.verdict.here:
        width, height = findings.PICTURE
        names = [words(f"render.{render}").partition("\n")[0] for render in Render]
        times = [words.about(seconds[render]) if seconds else words("computer.unknown") for render in Render]
        if tried:
            print("", *wrap(tried, 100), sep="\n")
        print("", words("computer.time", width=width, height=height), sep="\n")
        print(*_pairs(list(zip(names, times, strict=True))), sep="\n")
    return ALL_DONE if found.verdict.here else CANNOT_RUN


def _pairs(pairs: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(label) for label, _ in pairs)
    return [f"  {label.ljust(width)}  {value}" for label, value in pairs]
