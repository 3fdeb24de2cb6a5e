"""What is read of the pack, as HTML. Pure functions: words and facts in, markup out."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from glaze.packs import Found, State
from glaze.studio.fetching import Fetch, Step
from glaze.studio.markup import bar, status, trouble

if TYPE_CHECKING:
    from pathlib import Path

    from glaze.download import Plan, Progress
    from glaze.studio.words import Words


def here(words: Words, found: Sequence[Found], *, used: bool) -> str:
    """Whether the pack is on this computer, and whether a glaze uses it where it is."""
    good = [one for one in found if one.state in {State.HERE, State.FOUND}]
    size = words.size(sum(one.bytes for one in good))
    if not good:
        return status(words("packs.absent"))
    if len(good) < len(found):
        return status(words("packs.partly", here=len(good), all=len(found), size=size))
    return status(words("packs.here" if used else "packs.unused", size=size))


def news(words: Words, fetch: Fetch, folder: Path) -> str:
    """What becomes of the download."""
    if fetch.error is not None:
        return trouble(words, words.error(fetch.error))
    if fetch.step is Step.PLANNED and fetch.plan is not None:
        return _plan(words, fetch.plan, fetch.free, folder)
    if fetch.step is Step.LOADING:
        return _loading(words, fetch)
    keys = {
        Step.ASKING: "action.stopping" if fetch.stopping else "packs.asking",
        Step.DONE: "packs.done",
        Step.STOPPED: "error.Cancelled.download",
    }
    return status(words(keys[fetch.step])) if fetch.step in keys else ""


def _plan(words: Words, plan: Plan, room: int, folder: Path) -> str:
    """Size, room and licences, before anything is downloaded."""
    free = words.size(room)
    if plan.size is None:
        told = words("packs.plan.unknown", free=free, folder=folder)
    else:
        told = words("packs.plan", size=words.size(plan.size), free=free, folder=folder)
    licences = {(item.name, licence.name, licence.address) for item in plan.items for licence in item.licences}
    lines = "".join(
        f'<li>{escape(item)}: <a href="{escape(address)}" target="_blank" rel="noreferrer">{escape(name)}</a></li>'
        for item, name, address in sorted(licences)
    )
    return f'{status(told)}<div class="prose"><p>{words.html("packs.licences")}</p><ul>{lines}</ul></div>'


def _loading(words: Words, fetch: Fetch) -> str:
    progress = fetch.progress
    if fetch.stopping:
        return bar(words, _percent(progress), [words("action.stopping")], "stopping")
    if progress is None:
        return bar(words, 0, [words("packs.asking")], "begin")
    number = {"number": progress.number, "count": progress.count}
    done = words.size(progress.done)
    if progress.phase.value != "loading":
        line = words(f"packs.{progress.phase}", **number)
    elif progress.total is None:
        line = words("packs.loading.unknown", done=done, **number)
    else:
        line = words("packs.loading", done=done, total=words.size(progress.total), **number)
    return bar(words, _percent(progress), [line], f"{progress.phase} {_percent(progress) // 25}")


def _percent(progress: Progress | None) -> int:
    return 0 if progress is None or not progress.total else round(100 * progress.done / progress.total)
