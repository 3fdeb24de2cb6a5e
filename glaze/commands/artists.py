"""`python -m glaze artists`: who has joined the house service, who may invite, and taking an account away."""

from __future__ import annotations

import argparse

from glaze.commands.host import add_config, day, opened, told


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "artists",
        help="list the artists of the service, or change what one may do",
        description="List who has joined, or change one of them.",
    )
    what = command.add_mutually_exclusive_group()
    what.add_argument("--host", metavar="NAME", help="let this artist make invitations on the page")
    what.add_argument("--no-host", metavar="NAME", help="no longer")
    what.add_argument("--sign-out", metavar="NAME", help="sign this artist out everywhere and revoke all tokens")
    what.add_argument("--delete", metavar="NAME", help="delete this account with all its pictures, at once")
    add_config(command)


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out. Returns the exit code."""

    def do() -> None:
        from glaze.service import accounts, sessions, tokens

        with opened(arguments) as house:
            if name := arguments.host or arguments.no_host:
                accounts.set_admin(house, accounts.find(house, name).id, admin=arguments.host is not None)
            elif arguments.sign_out:
                artist = accounts.find(house, arguments.sign_out).id
                sessions.end_all(house, artist)
                tokens.revoke_all(house, artist)
            elif arguments.delete:
                accounts.delete(house, accounts.find(house, arguments.delete).id)
            else:
                for one in accounts.all_of(house):
                    print(f"{one.name}  joined {day(one.joined)}{'  host' if one.admin else ''}")

    return told(do)
