"""The parts of the page that are read and not operated, as HTML. Pure functions: words and figures in, markup out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from glaze import machine
from glaze.settings import Intensity
from glaze.studio import reading
from glaze.studio.desk import address
from glaze.studio.distance import distance
from glaze.studio.words import Words, load

if TYPE_CHECKING:
    from glaze.artwork import Note
    from glaze.cloak import Iterate
    from glaze.jobs import Job
    from glaze.outcome import Glaze
    from glaze.studio.previewing import Trial

# How each figure of visibility is written: LPIPS and FLIP are small, colour differences are not.
_DECIMALS: Final[Mapping[str, int]] = {"lpips": 3, "flip": 3, "flat": 1, "colour": 1}


def header(words: Words, pages: Sequence[tuple[str, str, bool]], tongues: Sequence[tuple[str, str]]) -> str:
    """The name, what it does, the pages (address, name, whether it is this one) and the languages (address, code).

    Addresses are relative to the page's: a host may have all pages below another address.
    """
    parts = "".join(
        f'<a href="{where}"{_here(here, "page")}>{escape(name)}</a>' for where, name, here in pages if len(pages) > 1
    )
    links = "".join(
        f'<a href="{where}" lang="{code}" hreflang="{code}"{_here(code == words.language, "true")}>'
        f"{escape(load(code)('language.name'))}</a>"
        for where, code in tongues
    )
    manual = f'<a href="{reading.manual(words.language)}" target="_blank">{words.html("nav.manual")}</a>'
    return (
        f'<header class="masthead"><h1>{words.html("page.title")}</h1><p>{words.html("page.tagline")}</p>'
        f'<nav class="tongues" aria-label="{words.html("page.languages")}">{links}</nav>'
        f'<nav class="pages" aria-label="{words.html("page.pages")}">{parts}{manual}</nav></header>'
    )


def _here(current: bool, as_what: str) -> str:
    return f' aria-current="{as_what}"' if current else ""


def footer(words: Words, computer: machine.Machine | None) -> str:
    """What a glaze cannot do, who is not behind this, where else to go; the computer, where it is the artist's own."""
    elsewhere = about = ""
    if computer is not None:
        told = words("footer.machine", processors=computer.processors, memory=round(computer.memory / 1e9))
        about = f"<p>{escape(told)}</p>"
        elsewhere = (
            f' <a href="{machine.WEBGLAZE}" target="_blank" rel="noreferrer">{words.html("footer.webglaze")}</a>'
        )
    return (
        f'<footer class="colophon"><p><strong>{words.html("footer.limits")}</strong></p>'
        f"<p>{words.html('footer.independent')}{elsewhere}</p>"
        f"{about}</footer>"
    )


def drop_words(title: str, hint: str) -> str:
    """What is written over a field that takes pictures."""
    return f'<p class="drop-title">{escape(title)}</p><p>{escape(hint)}</p>'


def heading(text: str) -> str:
    """The title of a group of controls."""
    return f"<h2>{escape(text)}</h2>"


def mounted(path: Path, alt: str, *, caption: str = "", frame: tuple[int, int] | None = None) -> str:
    """One picture on its mount. `frame`: width and height to show it at, at most, so that what follows stays put."""
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="mount">{image(path, alt, frame)}{below}</figure>'


def image(path: Path, alt: str, frame: tuple[int, int] | None, name: str = "art") -> str:
    """A picture alone; `name`: its class. `frame`: as for `mounted`."""
    style = f' style="--w:{frame[0]};--h:{frame[1]}"' if frame else ""
    return f'<img class="{name}" src="{address(path)}" alt="{escape(alt)}"{style}>'


def thumbnail(path: Path, alt: str) -> str:
    """The decoy that was chosen."""
    return f'<img class="thumbnail" src="{address(path)}" alt="{escape(alt)}">'


def progress(words: Words, job: Job) -> str:
    """How far a job is, in words and as a bar."""
    step, steps, lines = 0, 1, []
    if job.iterate is not None:
        step, steps = job.iterate.step, job.iterate.steps
    if job.stopping:
        lines = [words("progress.stopping")]
    elif job.started is None:
        lines = [words("progress.queued")]
        if job.ahead:
            lines.append(words("hosted.ahead", n=job.ahead))
    elif job.iterate is None:
        lines = [words("progress.starting")]
    elif job.iterate.redrawing:
        lines = [redrawing(words, job.iterate), words("progress.redrawing.once")]
    elif step >= steps:
        lines = [words("progress.finishing")]
    else:
        lines = [words("progress.running", step=step, steps=steps, left=words.duration(job.iterate.left))]
        if job.iterate.style_distance > 0:
            lines.append(words("progress.moved", percent=round(100 * job.iterate.style_distance)))
    # Heard when it begins, at each quarter, and when something else happens.
    doing = job.iterate is not None and job.iterate.redrawing
    heard = f"{job.id} {job.stopping} {job.started} {doing} {4 * step // steps}"
    return bar(words, round(100 * step / steps), lines, heard)


def redrawing(words: Words, iterate: Iterate) -> str:
    """How far Stable Diffusion is with redrawing the artwork."""
    if iterate.step <= 1:
        return words("progress.redrawing.begins")
    left = words.duration(iterate.left)
    return words("progress.redrawing", step=iterate.step, steps=iterate.steps, left=left)


def trying(words: Words, trial: Trial) -> str:
    """How far a preview is."""
    iterate = trial.iterate
    if iterate is None:
        return bar(words, 0, [words("rough.starting")], f"{trial.id} 0")
    key = "rough.running" if iterate.step < iterate.steps else "rough.finishing"
    told = words(key, step=iterate.step, steps=iterate.steps)
    return bar(words, round(100 * iterate.step / iterate.steps), [told], f"{trial.id} {key}")


def bar(words: Words, percent: int, lines: Sequence[str], heard: str) -> str:
    """A bar, and beneath it what there is to say. `heard`: the lines are told aloud whenever this changes."""
    return (
        f'<div class="progress"><div role="progressbar" aria-label="{words.html("progress.label")}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{percent}"><span style="width:{percent}%"></span></div>'
        f'<p data-heard="{escape(heard)}">{"<br>".join(map(escape, lines))}</p></div>'
    )


def trouble(words: Words, text: str) -> str:
    """What went wrong, where the artist looks."""
    title = words.html("error.title")
    return f'<div class="trouble" role="alert"><strong>{title}</strong> <span>{escape(text)}</span></div>'


def hint(text: str) -> str:
    """An explanation beneath a control or a picture."""
    return f'<p class="hint">{escape(text)}</p>'


def toast(words: Words, text: str) -> str:
    """The message of a toast, which gradio renders as HTML: a file may be called anything."""
    return f"<strong>{words.html('error.title')}</strong><br>{escape(text)}"


def status(text: str) -> str:
    """What happened that is no trouble."""
    return f'<p class="status" role="status">{escape(text)}</p>'


def download(words: Words, job: Job, hours: float | None = None) -> str:
    """A link to the very file that the engine wrote, and where it is; where it does not stay, for how many hours."""
    glaze = job.result
    assert glaze is not None
    name = escape(job.result_name)
    where = words("result.where", path=glaze.result) if hours is None else words("hosted.kept", hours=f"{hours:g}")
    return (
        f'<a class="download" id="download" href="{address(glaze.result)}" download="{name}">'
        f"{words.html('action.download')}</a>"
        f'<p class="where">{escape(where)}<br>'
        f"{words.html('result.took', time=words.duration(glaze.seconds))}</p>"
    )


def result(words: Words, glaze: Glaze, seen: Mapping[str, Path]) -> str:
    """All that is not told yet of a finished glaze. `seen`: pictures under before, after and decoy, where there are."""
    return (
        f'<div class="result">{_seen(words, glaze, seen)}{distance(words, glaze.report, glaze.settings)}'
        f"{_visibility(words, glaze)}{notes(words, glaze.notes)}</div>"
    )


def told(words: Words, glaze: Glaze) -> str:
    """What was achieved by a finished glaze, and where it fell short what to change."""
    advice = ""
    if glaze.advice:
        ways = "".join(f"<p>{escape(words.advice(advice))}</p>" for advice in glaze.advice)
        advice = f'<div class="advice"><h2>{words.html("advice.title")}</h2>{ways}</div>'
    return (
        f'<section class="told"><p class="summary" data-heard="{escape(str(glaze.result))}">'
        f"{escape(_achieved(words, glaze))}</p>{advice}</section>"
    )


def _achieved(words: Words, glaze: Glaze) -> str:
    seen = next((str(i) for i in Intensity if glaze.visibility.within(i.budget)), str(Intensity.HIGH))
    return words(
        "told.achieved",
        percent=round(max(0.0, glaze.report.mean_style_distance)),
        style=words.name("style", glaze.decoy_style),
        seen=words(f"told.seen.{seen}"),
    )


def _seen(words: Words, glaze: Glaze, seen: Mapping[str, Path]) -> str:
    if not seen:
        return ""
    style = words.name("style", glaze.decoy_style)
    captions = {which: words(f"seen.{which}") for which in ("before", "after")}
    captions["decoy"] = words("seen.decoy", style=style)
    figures = "".join(
        mounted(seen[which], words(f"seen.{which}_alt"), caption=caption) for which, caption in captions.items()
    )
    return (
        f'<section class="seen"><h2>{words.html("seen.title")}</h2><p>{words.html("seen.info")}</p>'
        f'<div class="row">{figures}</div></section>'
    )


def way(percent: float) -> str:
    """The way from the own style to the decoy, as far as it was gone."""
    width = min(100.0, max(0.0, percent))
    return f'<span class="way" aria-hidden="true"><span style="width:{width:.1f}%"></span></span>'


def _visibility(words: Words, glaze: Glaze) -> str:
    seen, budget = glaze.visibility, glaze.settings.intensity.budget
    rows = []
    for name, decimals in _DECIMALS.items():
        key = "lpips_estimate" if name == "lpips" and seen.lpips_is_estimate else name
        figure, limit = float(getattr(seen, name)), float(getattr(budget, name))
        used = words(
            "visibility.used", figure=words.figure(figure, decimals), limit=words.figure(limit, max(decimals - 1, 1))
        )
        rows.append(
            f'<li><span class="name">{words.html(f"visibility.{key}")}</span>{way(100 * figure / limit)}'
            f'<span class="figure">{escape(used)}</span></li>'
        )
    if seen.tint is not None:
        kept = words("visibility.tint_lost", levels=seen.tint) if seen.tint else words("visibility.tint_kept")
        rows.append(
            f'<li><span class="name">{words.html("visibility.tint")}</span>'
            f'<span class="figure">{escape(kept)}</span></li>'
        )
    return (
        f'<section class="visibility"><h2>{words.html("visibility.title")}</h2>'
        f"<p>{words.html('visibility.summary')}</p><ul>{''.join(rows)}</ul></section>"
    )


def notes(words: Words, told: Sequence[Note]) -> str:
    """What happened to a file on its way."""
    if not told:
        return ""
    items = "".join(f"<li>{escape(words.note(note))}</li>" for note in told)
    return f'<section class="notes"><h2>{words.html("notes.title")}</h2><ul>{items}</ul></section>'
