"""The page of many pictures: a list that fills and empties, and goes on whether someone looks or not.

The page owns nothing, as the first one does not: it shows the worker's jobs. A tab only remembers what it
shows already.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import gradio as gr

from glaze.artwork import find_artworks
from glaze.errors import ArtworkNotFound, GlazeError
from glaze.jobs import Job, State
from glaze.portfolio import zip_results
from glaze.settings import GlazeSettings, Intensity, Render
from glaze.studio import decoys, dropping, markup, portfolio_markup
from glaze.studio.decoys import Way
from glaze.studio.page import QUIETLY, Page, Updates, name_the_fields
from glaze.studio.words import Words

# A button in the list says what it is for; the focus stays with it when the list is drawn anew.
BUTTONS: Final = """
element.addEventListener('click', (event) => {
    const button = event.target.closest('button[data-does]');
    if (!button) return;
    // A long list takes a moment to be drawn anew: what was pressed shows at once. Where nothing changes it is let go.
    button.classList.add('pressed');
    setTimeout(() => button.classList.remove('pressed'), 2000);
    trigger('click', {does: button.dataset.does, job: button.dataset.job});
});
let focused = null;
element.addEventListener('focusin', (event) => { focused = event.target.dataset.key ?? null; });
watch('value', () => {
    if (focused && document.activeElement === document.body)
        element.querySelector(`[data-key="${focused}"]`)?.focus();
});
"""
# To another part of the page, where these lie below each other; what is pressed next is there.
JUMP: Final = """() => {
    document.querySelector('%s').scrollIntoView();
    document.querySelector('%s')?.focus({preventScroll: true});
}"""


class PortfolioPage(Page):
    """Draws itself into the gradio context it is made in; its methods are what happens when something is pressed."""

    name = "portfolio"
    landings = (".queue button:enabled", "#drop button[aria-dropeffect]")

    def draw(self) -> None:
        """Beside the settings for what is added, the list."""
        words, defaults = self.words, GlazeSettings()
        # What is on the page already: the list, and how far it is.
        self.mark = gr.State("")
        # The artist's own decoy, as long as it is there; whether it counts says the choice on the page.
        self.own = gr.State(None)
        self.timer = self.watch()
        with gr.Row(elem_id="work"):
            with gr.Column(elem_id="portfolio", scale=3, min_width=320):
                self.notice = gr.HTML(visible=False)
                with gr.Column(elem_id="drop-zone"):
                    self.drop = gr.File(
                        label=words("portfolio.drop_label"),
                        file_count="multiple",
                        show_label=False,
                        container=False,
                        elem_id="drop",
                    )
                    gr.HTML(
                        markup.drop_words(words("portfolio.drop"), self.where_it_goes("portfolio.drop_hint")),
                        elem_id="drop-words",
                    )
                with gr.Row(elem_id="by-path", visible=not self.desks.hosted):
                    self.folder = gr.Textbox(
                        label=words("portfolio.folder"),
                        info=words("portfolio.folder_info"),
                        max_lines=1,
                        scale=1,
                        min_width=280,
                        elem_id="folder",
                    )
                    self.add = gr.Button(words("portfolio.add"), size="sm", scale=0, elem_id="add")
                self.message = gr.HTML(visible=False, elem_id="message")
                self.summary = gr.HTML(elem_id="summary")
                self.to_settings = gr.Button(
                    words("portfolio.to_settings"), visible=False, size="sm", elem_classes="jump"
                )
                with gr.Row(elem_id="whole"):
                    self.pause = gr.Button(words("portfolio.pause"), size="sm", elem_id="pause", min_width=120)
                    self.stop = gr.Button(words("portfolio.stop_all"), size="sm", elem_id="stop-all", min_width=120)
                    self.clear = gr.Button(words("portfolio.clear"), size="sm", elem_id="clear", min_width=120)
                    self.zip = gr.Button(words("portfolio.zip"), size="sm", elem_id="zip", min_width=120)
                self.zipped = gr.HTML(visible=False)
                self.where = gr.HTML()
                self.list = gr.HTML(elem_id="list", js_on_load=BUTTONS)
            with gr.Column(elem_id="controls", scale=1, min_width=300):
                gr.HTML(markup.heading(words("portfolio.settings")))
                self.intensity = gr.Radio(
                    [(words(f"intensity.{choice}"), str(choice)) for choice in Intensity],
                    value=str(defaults.intensity),
                    label=words("intensity.label"),
                    elem_id="intensity",
                    elem_classes="cards",
                )
                self.render = gr.Radio(
                    [(words(f"render.{choice}"), str(choice)) for choice in Render],
                    value=str(defaults.render),
                    label=words("render.label"),
                    elem_id="render",
                    elem_classes="cards",
                )
                self.decoy = decoys.Controls(words, self.desks)
                with gr.Column(elem_id="change") as self.change:
                    gr.HTML(markup.hint(words("portfolio.change_one")))
                    self.change_all = gr.Button(words("portfolio.change_all"), size="sm", elem_id="change-all")
                    self.to_list = gr.Button(words("portfolio.to_list"), size="sm", elem_classes="jump")

    def wire(self, blocks: gr.Blocks) -> None:
        """Every event redraws the list, and leaves alone what did not change."""
        everything: list[Any] = [
            *(self.mark, self.notice, self.drop, self.message, self.summary, self.pause, self.stop, self.clear),
            *(self.zip, self.zipped, self.list, self.change, self.folder, self.where, self.intensity, self.render),
            *(self.own, self.decoy.button, self.decoy.picture, self.to_settings),
        ]

        on = self.wired(everything)
        chosen = (self.intensity, self.render, self.decoy.way, self.decoy.style, self.own)
        on(self.drop.upload, self.on_drop, self.drop, *chosen)
        on(self.add.click, self.on_folder, self.folder, *chosen)
        on(self.folder.submit, self.on_folder, self.folder, *chosen)
        on(self.decoy.button.upload, self.on_decoy, self.decoy.button)
        self.to_settings.click(None, js=JUMP % ("#controls", "#controls input:checked"), api_visibility="private")
        self.to_list.click(None, js=JUMP % ("#list", ".queue button"), api_visibility="private")
        on(self.list.click, self.on_button, *chosen)
        on(self.change_all.click, self.on_change, *chosen)
        on(self.pause.click, self.on_pause)
        on(self.stop.click, self.on_stop)
        on(self.clear.click, self.on_clear)
        on(self.zip.click, self.on_zip)
        on(self.timer.tick, self.on_watch, self.mark)
        opened = on(blocks.load, self.on_load)
        opened.then(None, js=self.dress(name_the_fields({"drop": self.words("portfolio.drop_label")}) + dropping.KEEP))
        # Beside the page and not before it: the styles take a second to draw.
        opened.then(self.decoy.on_swatches, None, self.decoy.swatches, **QUIETLY)

    def on_load(self) -> Updates:
        """All there is, whoever began it."""
        chosen = self.desk.preferences
        return {**self._show(), self.intensity: str(chosen.intensity), self.render: str(chosen.render)}

    def on_watch(self, mark: str) -> Updates:
        """Once a second: what changed, and nothing else."""
        jobs = self.desk.worker.jobs
        self.desk.looks.go_on(jobs)
        if self._mark(jobs) != mark:
            if any(job.state.finished for job in jobs):
                self.desk.tidy()
            updates = self._show()
            # It answers what somebody did here, and is not read in the second before the list changes.
            del updates[self.message]
            return updates
        running = any(job.state is State.RUNNING for job in jobs)
        return {self.summary: self._summary(jobs)} if running else self.unchanged(self.mark)

    def on_decoy(self, file: str) -> Updates:
        """A decoy picture was chosen."""
        try:
            self.desk.show(Path(file))
        except GlazeError as error:
            return self._complain(error)
        return {**self._show(), self.own: Path(file), **self.decoy.show(Path(file))}

    def on_drop(self, files: list[str] | None, *chosen: Any) -> Updates:
        """Pictures were dropped or chosen. `chosen`, here and below: what stands on the page, as `_chosen` takes it."""
        return {**self._hand_in([Path(file) for file in files or ()], *chosen), self.drop: None}

    def on_folder(self, typed: str, *chosen: Any) -> Updates:
        """The path of a folder, or of a picture, was typed or pasted; nothing where the artists sit elsewhere."""
        # The Explorer copies a path in quotation marks.
        text = typed.strip().strip('"')
        if not text or self.desks.hosted:
            return self._show()
        try:
            path = Path(text).expanduser()
            # What is not whole would be looked for wherever Glaze was started.
            if not path.is_absolute() or not path.exists():
                raise ArtworkNotFound("missing", path=text)
            pictures = find_artworks([path])
        except GlazeError as error:
            return self._complain(error)
        except (OSError, RuntimeError, ValueError):
            return self._complain(ArtworkNotFound("missing", path=text))
        return self._hand_in(pictures, *chosen, taken={self.folder: ""})

    def on_button(self, event: gr.EventData, *chosen: Any) -> Updates:
        """A button in the list. Of a job that is gone meanwhile, or further, it does nothing."""
        worker, job_id = self.desk.worker, str(event.job)
        try:
            match event.does:
                case "stop":
                    worker.cancel(job_id)
                case "again" | "anyway":
                    worker.again(job_id)
                case "remove":
                    worker.remove(job_id)
                case "change" | "retry":
                    return self._change([worker.get(job_id)], *chosen)
        except KeyError:
            pass
        self.desk.tidy()
        return self._show()

    def on_change(self, *chosen: Any) -> Updates:
        """All that wait shall have the settings on the page."""
        return self._change(self.desk.worker.waiting, *chosen)

    def on_pause(self) -> Updates:
        """One button for both ways."""
        worker = self.desk.worker
        if worker.paused:
            worker.go_on()
        else:
            worker.pause()
        return self._show()

    def on_stop(self) -> Updates:
        """Stop what runs and what waits."""
        self.desk.worker.cancel_all()
        return self._show()

    def on_clear(self) -> Updates:
        """Take what has finished off the list. Glazed pictures stay where they were saved."""
        for job in self.desk.worker.jobs:
            if job.state.finished:
                try:
                    self.desk.worker.remove(job.id)
                except KeyError:
                    # Another tab was quicker.
                    continue
        self.desk.tidy()
        return {**self._show(), self.zipped: gr.update(value="", visible=False)}

    def on_zip(self) -> Updates:
        """All results in one file, and a link to it."""
        try:
            made = zip_results(self.desk.worker.jobs, self.desk.scratch / "glazed.zip")
        except GlazeError as error:
            return self._complain(error)
        link = portfolio_markup.zipped(self.words, made.path, len(made.missing))
        return {**self._show(), self.zipped: gr.update(value=link, visible=True)}

    def _hand_in(self, paths: list[Path], *chosen: Any, taken: Updates | None = None) -> Updates:
        """taken: what else changes once they are in the queue."""
        try:
            self.desk.hand_in(paths, self._chosen(*chosen), portfolio=True)
        except GlazeError as error:
            return self._complain(error)
        return {**self._show(), **(taken or {})}

    def _change(self, jobs: Iterable[Job], *chosen: Any) -> Updates:
        try:
            self.desk.change(jobs, self._chosen(*chosen))
        except GlazeError as error:
            return self._complain(error)
        # A decoy that was theirs alone is needed no more.
        self.desk.tidy()
        return self._show()

    def _chosen(
        self,
        intensity: str,
        render: str,
        way: str = Way.AUTOMATIC,
        style: str = decoys.FIRST,
        own: Path | None = None,
    ) -> GlazeSettings:
        """Raises DecoyError where it shall be an own decoy and there is none yet."""
        settings = replace(self.desk.preferences.settings, intensity=Intensity(intensity), render=Render(render))
        return decoys.chosen(settings, way, style, own)

    def _explain(self, error: GlazeError) -> str:
        return self.words.error(error, private=self.desk.private)

    def _complain(self, error: GlazeError) -> Updates:
        told = markup.trouble(self.words, self._explain(error))
        return {**self._show(), self.message: gr.update(value=told, visible=True)}

    def _show(self) -> Updates:
        """The whole page, but for what is chosen on it."""
        jobs, paused = self.desk.worker.jobs, self.desk.worker.paused
        notice = self.desk.notice
        waits = any(not job.state.finished for job in jobs)
        return {
            self.mark: self._mark(jobs),
            self.notice: gr.update(
                value=markup.status(self.words.error(notice)) if notice else "", visible=notice is not None
            ),
            self.message: gr.update(value="", visible=False),
            self.where: markup.hint(self._where()),
            self.summary: self._summary(jobs),
            self.list: portfolio_markup.table(
                self.words,
                [self._row(job) for job in jobs],
                portfolio_markup.HOSTED_DEEDS if self.desks.hosted else portfolio_markup.DEEDS,
            ),
            self.pause: gr.update(
                value=self.words("portfolio.go_on" if paused else "portfolio.pause"),
                visible=(waits or paused) and not self.desks.hosted,
            ),
            self.stop: gr.update(visible=waits),
            self.clear: gr.update(visible=any(job.state.finished for job in jobs)),
            self.zip: gr.update(visible=any(job.result is not None for job in jobs)),
            self.to_settings: gr.update(visible=bool(jobs)),
            self.change: gr.update(visible=any(job.state is State.QUEUED for job in jobs) and not self.desks.hosted),
        }

    def _where(self) -> str:
        hours = self.desk.kept_hours
        if hours is None:
            return self.words("portfolio.where", folder=self.desk.results)
        return self.words("hosted.kept", hours=f"{hours:g}")

    def _mark(self, jobs: tuple[Job, ...]) -> str:
        """Changes when the list must be drawn anew, not only how far it is."""
        looks = self.desk.looks
        rows = [
            f"{job.id} {job.state} {job.stopping} {job.ahead} {job.settings} {looks.picture(job)} {self._time(job)}"
            for job in jobs
        ]
        return str(hash((*rows, self.desk.worker.paused, str(self.desk.notice))))

    def _row(self, job: Job) -> portfolio_markup.Row:
        shown = self.desk.looks.picture(job)
        return portfolio_markup.Row(
            job=job,
            picture=None if shown is None else shown.path,
            seconds=self._left(job),
            served=job.result is not None and self.desk.gives(job.result.result),
            made=_day(self.words, job),
            trouble="" if job.error is None else self._explain(job.error),
        )

    def _summary(self, jobs: tuple[Job, ...]) -> str:
        left = [self._left(job) for job in jobs if not job.state.finished]
        known = [seconds for seconds in left if seconds is not None]
        at_once = max(1, sum(job.state is State.RUNNING for job in jobs))  # one on each device
        total = sum(known) / at_once if len(known) == len(left) else None
        return portfolio_markup.summary(self.words, jobs, paused=self.desk.worker.paused, left=total)

    def _time(self, job: Job) -> str:
        """The time that stands beside a job: a round figure, so that the list is not drawn anew every second."""
        seconds = None if job.state.finished else self._left(job)
        return "" if seconds is None else self.words.about(seconds)

    def _left(self, job: Job) -> float | None:
        """Seconds until a job is done that has its turn now."""
        if job.iterate is not None and not job.iterate.redrawing:
            return job.iterate.left
        seconds = self.desk.looks.seconds(job)
        if seconds is None or job.started is None:
            return seconds
        return max(0.0, seconds - (time.time() - job.started))


def _day(words: Words, job: Job) -> str:
    """When the glaze of a job that was skipped was made, as its file has it."""
    if job.result is None:
        return ""
    try:
        return words.day(datetime.fromtimestamp(job.result.result.stat().st_mtime).astimezone())
    except (OSError, OverflowError, ValueError):
        return ""
