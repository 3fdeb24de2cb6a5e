"""The command line: `python -m glaze apply PICTURE...` glazes, `inspect` looks at glazes, `studio` opens the page."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from glaze.commands import apply, artists, computer, inspect, invitations, invite, portfolio, serve, weights
from glaze.commands.answers import (
    ALL_DONE,
    CANNOT_RUN,
    EXIT_CODES,
    NONE_DONE,
    SOME_FAILED,
    STOPPED,
    USAGE,
)

__all__ = ["ALL_DONE", "CANNOT_RUN", "NONE_DONE", "SOME_FAILED", "STOPPED", "USAGE", "main", "run"]

# In the order in which the help names them.
_COMMANDS: Final = {
    "apply": apply,
    "portfolio": portfolio,
    "computer": computer,
    "inspect": inspect,
    "weights": weights,
    "serve": serve,
    "invite": invite,
    "invitations": invitations,
    "artists": artists,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="glaze",
        description="Protect artworks from style mimicry. It raises the cost of mimicry; it does not end it.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for command in _COMMANDS.values():
        command.add(commands)

    # Only to be listed: main() hands what follows "studio" to the page, so that gradio is imported when it is wanted.
    commands.add_parser("studio", help="open the page in the browser", add_help=False)
    return parser


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
        code: int = _COMMANDS[arguments.command].run(arguments)
        return code
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


def run() -> None:
    """The `glaze` command that pip installs."""
    sys.exit(main())


if __name__ == "__main__":
    run()
