"""`python -m glaze weights`: which packs there are and are here, getting, checking and removing them."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from glaze.commands.watch import interrupts
from glaze.errors import Cancelled, GlazeError, PackError, WeightsError

if TYPE_CHECKING:
    from tqdm import tqdm

    from glaze.download import Plan, Progress
    from glaze.packs import Found, Pack

DONE: Final = 0
DAMAGED: Final = 1
USAGE: Final = 2
FAILED: Final = 3
STOPPED: Final = 130
TOLD_EVERY: Final = 0.5  # seconds, of a download's progress

EXIT_CODES: Final = """\
exit codes:
  0    done
  1    some files are damaged
  2    the command could not be understood, or there is no such pack
  3    it could not be done, and the message says why
  130  stopped with Ctrl-C; what came of a download is kept, and the next one goes on from there
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its own commands to the parser."""
    weights = commands.add_parser(
        "weights",
        help="packs: networks besides the one that Glaze brings along",
        description="Packs are networks besides the bundled one. With the pack 'standard', Glaze looks through small\n"
        "versions of the models' own encoders instead of an imitation: stronger, and in about twice the time.\n"
        "The pack 'studio' has the full encoders, for a graphics card with the memory, Stable Diffusion and CLIP.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = weights.add_subparsers(dest="what", metavar="COMMAND", required=True)
    told = {
        "list": "which packs there are, and what of them is here",
        "get": "download a pack: the only command that uses the network",
        "verify": "read packs from end to end and check them, those that were put there by hand as well",
        "remove": "delete a pack",
        "where": "the folder of the packs, and which file goes where in it",
    }
    for name, text in told.items():
        command = what.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name in {"get", "remove"}:
            command.add_argument("pack", metavar="PACK", help="its name, as `list` tells it")
        else:
            command.add_argument("pack", nargs="?", metavar="PACK", help="its name; without one, all of them")
        if name == "get":
            command.add_argument("--dry-run", action="store_true", help="say what it would take, and leave it at that")
        if name == "remove":
            command.add_argument(
                "--forget",
                action="store_true",
                help="also forget what the files were, so that the next download may bring others",
            )
        command.add_argument("--json", action="store_true", help="print one JSON object a line, and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out. Returns the exit code."""
    with interrupts() as asked_to_stop:
        return _run(arguments, asked_to_stop)


def _run(arguments: argparse.Namespace, asked_to_stop: Callable[[], bool]) -> int:
    from glaze.packs import load_pack, load_packs

    tell = _Tell(as_json=arguments.json)
    try:
        packs = [load_pack(arguments.pack)] if arguments.pack else list(load_packs().values())
    except (PackError, WeightsError) as error:
        tell.failed(arguments.pack, error)
        return USAGE
    codes = [_DO[arguments.what](pack, arguments, tell, asked_to_stop) for pack in packs]
    return max(codes)


Do = Callable[["Pack", argparse.Namespace, "_Tell", Callable[[], bool]], int]


def _list(pack: Pack, _arguments: argparse.Namespace, tell: _Tell, _stop: Callable[[], bool]) -> int:
    from glaze.packs import look

    tell.found(pack, look(pack))
    return DONE


def _where(pack: Pack, _arguments: argparse.Namespace, tell: _Tell, _stop: Callable[[], bool]) -> int:
    tell.where(pack)
    return DONE


def _verify(pack: Pack, _arguments: argparse.Namespace, tell: _Tell, stop: Callable[[], bool]) -> int:
    from glaze.packs import State, verify

    try:
        found = verify(pack, cancelled=stop)
    except GlazeError as error:
        return tell.failed(pack.name, error)
    tell.found(pack, found)
    return DAMAGED if any(one.state is State.DAMAGED for one in found) else DONE


def _remove(pack: Pack, arguments: argparse.Namespace, tell: _Tell, _stop: Callable[[], bool]) -> int:
    from glaze.packs import remove

    try:
        freed = remove(pack, forget=arguments.forget)
    except GlazeError as error:
        return tell.failed(pack.name, error)
    tell.done(pack, f"{pack.name}: removed, {_size(freed)} are free again", freed=freed)
    return DONE


def _get(pack: Pack, arguments: argparse.Namespace, tell: _Tell, stop: Callable[[], bool]) -> int:
    from glaze.download import get, look_up

    try:
        plan = look_up(pack, cancelled=stop)
        tell.plan(plan)
        if plan.wanted and not arguments.dry_run:
            with tell.progress(plan) as on_progress:
                get(plan, on_progress=on_progress, cancelled=stop)
    except GlazeError as error:
        return tell.failed(pack.name, error)
    if not arguments.dry_run:
        tell.done(pack, f"{pack.name}: all of it is here" if plan.wanted else f"{pack.name}: was here already")
    return DONE


_DO: Final[dict[str, Do]] = {"list": _list, "where": _where, "verify": _verify, "remove": _remove, "get": _get}


@dataclass
class _Tell:
    """To standard output what was asked for, to standard error what goes wrong and how far it is."""

    as_json: bool
    _told: float = field(default=0.0, init=False)

    def found(self, pack: Pack, found: Sequence[Found]) -> None:
        if self.as_json:
            files = [
                {"item": one.item.name, "path": str(one.path), "state": one.state, "bytes": one.bytes} for one in found
            ]
            self._print({"pack": pack.name, "bytes": sum(one.bytes for one in found), "files": files})
            return
        here = [one for one in found if one.bytes]
        print(f"{pack.name}: {len(here)} of {len(found)} files here, {_size(sum(one.bytes for one in found))}")
        for item in pack.items:
            mine = [one for one in found if one.item is item]
            states = ", ".join(dict.fromkeys(str(one.state) for one in mine))
            licences = " and ".join(licence.name for licence in item.licences)
            print(f"  {item.name:24} {states:16} {item.purpose} ({licences})")

    def where(self, pack: Pack) -> None:
        from glaze.packs import packs_folder

        folder = packs_folder()
        if self.as_json:
            files = {target: str(folder / target) for item in pack.items for target in item.targets}
            self._print({"pack": pack.name, "folder": str(folder), "files": files})
            return
        print(f"{pack.name}: {folder}")
        for item in pack.items:
            for source in item.sources:
                print(f"  {source.to or source.file:60} from {source.name}")

    def plan(self, plan: Plan) -> None:
        if not plan.wanted:
            return
        if self.as_json:
            items = [
                {"name": i.name, "purpose": i.purpose, "licences": [asdict(licence) for licence in i.licences]}
                for i in plan.items
            ]
            told = {"size": plan.size, "needed": plan.needed, "free": plan.free, "items": items}
            self._print({"pack": plan.pack.name, "plan": told})
            return
        size = "of a size that nobody says" if plan.size is None else _size(plan.size)
        print(f"{plan.pack.name}: {len(plan.wanted)} files, {size}; {_size(plan.free)} are free on the disk")
        for item in plan.items:
            licences = " and ".join(f"{licence.name} ({licence.address})" for licence in item.licences)
            print(f"  {item.name}: {item.purpose}. Licence: {licences}")
        sys.stdout.flush()

    @contextmanager
    def progress(self, plan: Plan) -> Iterator[Callable[[Progress], None]]:
        if self.as_json:
            yield lambda progress: self._progress(plan, progress)
            return
        from tqdm import tqdm

        with tqdm(
            total=plan.size, unit="B", unit_scale=True, file=sys.stderr, disable=not sys.stderr.isatty(), leave=False
        ) as bar:
            yield lambda progress: _draw(bar, progress)

    def done(self, pack: Pack, text: str, **facts: object) -> None:
        if self.as_json:
            self._print({"pack": pack.name, "ok": True, **facts})
        else:
            print(text, flush=True)

    def failed(self, pack: str | None, error: GlazeError) -> int:
        if self.as_json:
            told = {"kind": type(error).__name__, "key": error.key, "message": str(error)}
            self._print({"pack": pack, "ok": False, "error": told})
        else:
            print(error, file=sys.stderr)
        return STOPPED if isinstance(error, Cancelled) else FAILED

    def _progress(self, plan: Plan, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._told >= TOLD_EVERY:
            self._told = now
            self._print({"pack": plan.pack.name, "progress": asdict(progress)})

    def _print(self, line: dict[str, Any]) -> None:
        print(json.dumps(line), flush=True)


def _draw(bar: tqdm[Any], progress: Progress) -> None:
    bar.set_description_str(f"{progress.number} of {progress.count}, {progress.phase} ", refresh=False)
    # Back as well: a file may have to begin anew.
    bar.n = progress.done
    bar.update(0)


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
