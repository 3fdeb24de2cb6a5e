"""`python -m glaze invitations`: which there are, and taking them back."""

from __future__ import annotations

import argparse

from glaze.commands.host import add_config, day, opened, told


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "invitations",
        help="list the invitations to the service, or take one back",
        description="List the invitations, or take one back that nobody has used yet.",
    )
    command.add_argument("--revoke", metavar="ID", help="take this one back")
    add_config(command)


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out. Returns the exit code."""

    def do() -> None:
        from glaze.service import invitations

        with opened(arguments) as house:
            if arguments.revoke is not None:
                invitations.revoke(house, arguments.revoke)
                print(f"{arguments.revoke}: revoked")
                return
            for one in invitations.all_of(house):
                print(f"{one.id}  {one.state:8} until {day(one.expires)}  {one.used_by or '-'}  {one.note}".rstrip())

    return told(do)
