"""`python -m glaze invite`: a new invitation to the house service."""

from __future__ import annotations

import argparse

from glaze.commands.host import add_config, day, opened, told


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    invite = commands.add_parser(
        "invite",
        help="invite an artist to the service",
        description="Print a link by which one artist can join, once. It is shown this once; only a hash is kept.",
    )
    invite.add_argument(
        "--days", type=_days, metavar="N", help="how long it is good for (default: as the settings say)"
    )
    invite.add_argument("--note", default="", metavar="TEXT", help="for yourself, such as whom it is for")
    add_config(invite)


def _days(text: str) -> float:
    days = float(text)
    if not 0 < days <= 365:
        raise argparse.ArgumentTypeError("more than 0 and at most 365")
    return days


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out. Returns the exit code."""

    def do() -> None:
        from glaze.service import invitations

        with opened(arguments) as house:
            invited, code = invitations.make(house, days=arguments.days, note=arguments.note)
            print(invitations.link(house, code))
            print(f"good until {day(invited.expires)}, id {invited.id}")

    return told(do)
