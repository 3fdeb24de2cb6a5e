"""The portfolio's list as HTML. Pure functions: words and jobs in, markup out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from glaze.jobs import State
from glaze.outcome import genre_shift
from glaze.studio import markup
from glaze.studio.desk import address
from glaze.studio.words import Words

if TYPE_CHECKING:
    from glaze.jobs import Job
    from glaze.settings import GlazeSettings

# What can be done with a job in each state, in the order in which it is offered; `portfolio.does.NAME` is what it says.
DEEDS: Final = {
    State.QUEUED: ("change", "stop"),
    State.RUNNING: ("stop",),
    State.DONE: ("remove",),
    State.SKIPPED: ("anyway", "remove"),
    State.FAILED: ("again", "retry", "remove"),
    State.CANCELLED: ("again", "retry", "remove"),
}

# A host's queue has no more than this.
HOSTED_DEEDS: Final = {state: ("remove",) if state.finished else ("stop",) for state in State}


@dataclass(frozen=True)
class Row:
    """One job in the list.

    picture  a small PNG; None where there is none (yet). seconds: about how long until it is done once it has its
             turn, where that is known.
    served   whether the page's server gives out the result. made: the day of the result, where that is known.
    trouble  what went wrong, in words.
    """

    job: Job
    picture: Path | None = None
    seconds: float | None = None
    served: bool = False
    made: str = ""
    trouble: str = ""


def table(words: Words, rows: Sequence[Row], deeds: Mapping[State, Sequence[str]] = DEEDS) -> str:
    """All jobs, and what can be done with each. Every button says by `data-does` and `data-job` what it is for."""
    if not rows:
        return f'<p class="hint">{words.html("portfolio.empty")}</p>'
    heads = "".join(
        f'<th scope="col">{words.html(f"portfolio.head.{name}")}</th>'
        for name in ("picture", "state", "result", "does")
    )
    return (
        f'<table class="queue"><caption>{words.html("portfolio.list")}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(_row(words, row, deeds[row.job.state]) for row in rows)}</tbody></table>"
    )


def _row(words: Words, row: Row, deeds: Sequence[str]) -> str:
    job = row.job
    name = escape(job.name)
    image = "" if row.picture is None else f'<img src="{address(row.picture)}" alt="">'
    return (
        f'<tr class="{job.state}"><th scope="row"><div><span class="small">{image}</span>'
        f'<span><span class="name">{name}</span>{_chosen(words, job.settings)}</span></div></th>'
        f"<td>{_state(words, row)}</td><td>{_result(words, row)}</td>"
        f'<td class="deeds">{"".join(_deed(words, job, deed) for deed in deeds)}</td></tr>'
    )


def _chosen(words: Words, settings: GlazeSettings) -> str:
    intensity, render = (
        words(f"{kind}.{choice}").partition("\n")[0]
        for kind, choice in (("intensity", settings.intensity), ("render", settings.render))
    )
    if settings.decoy is not None:
        decoy = words.html("portfolio.decoy.own", name=settings.decoy.name)
    elif settings.decoy_style is not None:
        decoy = words.html("portfolio.decoy.style", style=words.name("style", settings.decoy_style))
    else:
        decoy = words.html("portfolio.decoy.automatic")
    chosen = words.html("portfolio.chosen", intensity=intensity, render=render)
    return f'<span class="chosen">{chosen}</span><span class="chosen">{decoy}</span>'


def _state(words: Words, row: Row) -> str:
    job = row.job
    if job.stopping:
        return words.html("action.stopping")
    if job.state is State.SKIPPED:
        return words.html("portfolio.skipped_on", date=row.made) if row.made else words.html("portfolio.skipped")
    told = words.html(f"portfolio.state.{job.state}")
    if job.ahead:
        told += f'<span class="time">{words.html("hosted.ahead", n=job.ahead)}</span>'
    if job.state is State.QUEUED and row.seconds is not None:
        told += f'<span class="time">{escape(words.about(row.seconds))}</span>'
    if job.state is State.RUNNING and row.seconds is not None:
        told += f'<span class="time">{words.html("portfolio.left_one", time=words.about(row.seconds))}</span>'
    if job.state is State.DONE and job.result is not None:
        told += f'<span class="time">{words.html("portfolio.took", time=words.duration(job.result.seconds))}</span>'
    if row.trouble:
        told += f'<span class="why">{escape(row.trouble)}</span>'
    return told


def _result(words: Words, row: Row) -> str:
    glaze = row.job.result
    if glaze is None:
        return ""
    moved = words.html(
        "portfolio.moved",
        percent=round(glaze.report.mean_style_distance),
        style=words.name("style", glaze.decoy_style),
    )
    name = escape(row.job.result_name)
    if not row.served:
        return f'<span class="moved">{moved}</span><span class="where">{escape(str(glaze.result))}</span>'
    return (
        f'<span class="moved">{moved}</span>'
        f'<a href="{address(glaze.result)}" download="{name}" data-key="link-{row.job.id}">{name}</a>'
    )


def _deed(words: Words, job: Job, deed: str) -> str:
    label = words.html(f"portfolio.does.{deed}")
    return (
        f'<button type="button" data-does="{deed}" data-job="{job.id}" data-key="{deed}-{job.id}"'
        f' aria-label="{label}: {escape(job.name)}"{" disabled" if job.stopping else ""}>{label}</button>'
    )


def summary(words: Words, jobs: Sequence[Job], *, paused: bool, left: float | None) -> str:
    """How far the whole of it is. `left`: seconds until the last one is done, where that is known."""
    if not jobs:
        return ""
    ended = sum(job.state.finished for job in jobs)
    lines = [words("portfolio.count", ended=ended, all=len(jobs))]
    running = next((job for job in jobs if job.state is State.RUNNING), None)
    if paused and ended < len(jobs):
        lines.append(words("portfolio.paused"))
    elif left is not None and ended < len(jobs):
        lines.append(words("portfolio.left", time=words.about(left)))
    if running is not None:
        lines.append(_running(words, running))
    shifted, known = genre_shift(job.result.report.genres for job in jobs if job.result is not None)
    if known > 1:
        lines.append(words("portfolio.genres", shifted=shifted, known=known, percent=round(100 * shifted / known)))
    return markup.bar(words, round(100 * ended / len(jobs)), lines, f"{ended} {len(jobs)} {paused}")


def _running(words: Words, job: Job) -> str:
    step = job.iterate
    if step is None:
        told = words("progress.starting")
    elif step.redrawing:
        told = markup.redrawing(words, step)
    elif step.step >= step.steps:
        told = words("progress.finishing")
    else:
        told = words("progress.running", step=step.step, steps=step.steps, left=words.duration(step.left))
    return words("portfolio.now", name=job.name, step=told)


def zipped(words: Words, path: Path, missing: int) -> str:
    """A link to the zip, and how many results were not where they had been put."""
    name = escape(path.name)
    gone = f'<p class="hint">{words.html("portfolio.missing", n=missing)}</p>' if missing else ""
    return f'<a class="download" id="zip-link" href="{address(path)}" download="{name}">{name}</a>{gone}'
