"""The first page: one picture in, its glaze out, and what came of it.

The page owns nothing. A tab remembers which picture and which job it looks at (`View`); everything it shows is worked
out from these and from the worker, so a reload, a second tab or a closed one makes no difference to the job.
"""

from __future__ import annotations

import filecmp
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from glaze.errors import GlazeError
from glaze.jobs import Job, State
from glaze.settings import GlazeSettings, Intensity, Render
from glaze.studio import decoys, dropping, looking, markup
from glaze.studio.comparing import Comparison
from glaze.studio.decoys import Way
from glaze.studio.desk import Shown
from glaze.studio.page import QUIETLY, Page, Updates, name_the_fields

if TYPE_CHECKING:
    from glaze.outcome import Glaze
    from glaze.studio.previewing import Trial


@dataclass(frozen=True)
class View:
    """What one tab looks at, and what of it is on the page already (`mark`, `preview`).

    decoy: the artist's own, as long as it is there; whether it counts says the choice on the page.
    trial: the preview asked for in this tab, which is looked at in the place of its job's glaze.
    """

    picture: Path | None = None
    decoy: Path | None = None
    job: str | None = None
    trial: str | None = None
    mark: str = ""
    preview: Path | None = None


class GlazePage(Page):
    """Draws itself into the gradio context it is made in; its methods are what happens when something is pressed."""

    landings = ("#cancel", "#drop button[aria-dropeffect]", "#download", "#intensity input:checked")

    def draw(self) -> None:
        """A stage for the picture, and beside it the controls."""
        words, defaults = self.words, GlazeSettings()
        self.view = gr.State(View())
        # A pair of text and moment: the same trouble twice is told twice.
        self.trouble = gr.State(("", 0.0))
        self.timer = self.watch()
        with gr.Row(elem_id="work"):
            with gr.Column(elem_id="stage", scale=3, min_width=320):
                with gr.Column(elem_id="drop-zone") as self.drop_zone:
                    self.drop = gr.File(label=words("drop.label"), show_label=False, container=False, elem_id="drop")
                    gr.HTML(
                        markup.drop_words(words("drop.title"), self.where_it_goes("drop.hint")), elem_id="drop-words"
                    )
                self.picture = gr.HTML(visible=False, elem_id="picture")
                self.rough = gr.HTML(visible=False, elem_id="rough")
                self.told = gr.HTML(visible=False, elem_id="told")
                self.comparison = Comparison(words, self.desks)
                self.progress = gr.HTML(visible=False, elem_id="progress")
                self.message = gr.HTML(visible=False, elem_id="message")
            with gr.Column(elem_id="controls", scale=1, min_width=300):
                self.download = gr.HTML(visible=False, elem_id="download-area")
                gr.HTML(markup.heading(words("settings.title")))
                self.intensity = gr.Radio(
                    [(words(f"intensity.{choice}"), str(choice)) for choice in Intensity],
                    value=str(defaults.intensity),
                    label=words("intensity.label"),
                    info=words("intensity.info"),
                    elem_id="intensity",
                    elem_classes="cards",
                )
                self.render = gr.Radio(
                    self._render_choices(),
                    value=str(defaults.render),
                    label=words("render.label"),
                    info=None if self.desks.hosted else words("render.info"),
                    elem_id="render",
                    elem_classes="cards",
                )
                self.decoy = decoys.Controls(words, self.desks)
                self.way, self.style = self.decoy.way, self.decoy.style
                with gr.Column(elem_id="actions"):
                    with gr.Row(elem_id="begin"):
                        self.preview = gr.Button(words("action.preview"), interactive=False, elem_id="preview")
                        self.glaze = gr.Button(
                            words("action.glaze"), variant="primary", interactive=False, elem_id="glaze"
                        )
                    self.cancel = gr.Button(words("action.cancel"), visible=False, elem_id="cancel")
                self.another = gr.Button(words("picture.another"), visible=False, elem_id="another")
        self.result = gr.HTML(visible=False, elem_id="result")

    def wire(self, blocks: gr.Blocks) -> None:
        """Every event redraws what it changed, and only that."""
        everything: list[Any] = [
            *(self.view, self.trouble, self.drop_zone, self.drop, self.picture),
            *(*self.comparison.all, self.progress, self.message, self.download, self.intensity, self.render),
            *(self.way, self.style, self.decoy.button, self.decoy.picture, self.glaze, self.cancel, self.another),
            *(self.result, self.told, self.rough, self.preview),
        ]

        on = self.wired(everything, [self.view])
        # What is chosen in the same instant: each must find what the other has changed.
        in_turn = self.wired(everything, [self.view], in_turn=True)

        # A step of its own: the picture is there at once, its times when they are known.
        in_turn(self.drop.upload, self.on_picture, self.drop).then(self.on_times, self.view, self.render, **QUIETLY)
        in_turn(self.decoy.button.upload, self.on_decoy, self.decoy.button)
        chosen = (self.intensity, self.render, self.way, self.style)
        on(self.glaze.click, self.on_glaze, *chosen)
        begun = on(self.preview.click, self.on_preview, *chosen)
        # As soon as it is there, not at the timer's next tick.
        on(begun.then(self.on_begun, self.view, **QUIETLY).then, self.on_watch)
        on(self.cancel.click, self.on_cancel)
        in_turn(self.another.click, self.on_another)
        on(self.timer.tick, self.on_watch)
        opened = on(blocks.load, self.on_load)
        dressed = name_the_fields({"drop": self.words("drop.label")}) + dropping.KEEP + looking.FLICKER
        opened.then(None, js=self.dress(dressed))
        opened.then(self.on_times, self.view, self.render, **QUIETLY).then(self.on_warm, **QUIETLY)
        # Beside the page and not before it: the styles take a second to draw.
        opened.then(self.decoy.on_swatches, None, self.decoy.swatches, **QUIETLY)
        self.comparison.wire()
        self.trouble.change(self.tell, self.trouble, None, show_progress="hidden", api_visibility="private")

    def on_load(self, view: View) -> Updates:
        """A page that opens looks at the latest picture on its way, whoever started it, or finished in this run."""
        del view
        job = self.desk.latest
        if job is None:
            chosen = self.desk.preferences
            return {
                **self._show(View()),
                self.intensity: gr.update(value=str(chosen.intensity), interactive=True),
                self.render: gr.update(value=str(chosen.render), interactive=True),
                self.way: gr.update(value=str(Way.AUTOMATIC), interactive=True),
            }
        return {
            **self._show(View(picture=job.path, decoy=job.settings.decoy, job=job.id)),
            self.intensity: gr.update(value=str(job.settings.intensity), interactive=job.state.finished),
            self.render: gr.update(value=str(job.settings.render), interactive=job.state.finished),
            self.way: gr.update(value=str(decoys.way(job.settings)), interactive=job.state.finished),
            self.style: gr.update(value=job.settings.decoy_style or decoys.FIRST, interactive=job.state.finished),
        }

    def on_picture(self, view: View, file: str) -> Updates:
        """A picture was dropped or chosen."""
        path, view = Path(file), self._without_trial(view)
        # Here alone: emptied by anything else, the field would drop what is still on its way into it.
        emptied: Updates = {self.drop: gr.update(value=None)}
        try:
            self.desk.show(path)
        except GlazeError as error:
            return {**self._show(replace(view, picture=None, job=None)), **emptied, **self._complain(error)}
        # What another picture took says nothing of this one.
        without_times = gr.update(interactive=True, choices=self._render_choices())
        return {**self._show(replace(view, picture=path, job=None)), **emptied, self.render: without_times}

    def on_times(self, view: View) -> Any:
        """How long each level takes for the picture on the page: an update of the choice, and of nothing else.

        Where a picture was taken away meanwhile, the times stay away as well.
        """
        if view.picture is None:
            return gr.update()
        try:
            seconds = self.desk.seconds(view.picture)
        except GlazeError:
            # Whatever it is, pressing the button will say so.
            return gr.update()
        return gr.update(choices=self._render_choices(seconds))

    def on_decoy(self, view: View, file: str) -> Updates:
        """A decoy picture was chosen."""
        path = Path(file)
        try:
            self.desk.show(path)
        except GlazeError as error:
            return {**self._show(view), **self._complain(error)}
        return self._show(replace(view, decoy=path))

    def on_glaze(
        self, view: View, intensity: str, render: str, way: str = Way.AUTOMATIC, style: str = decoys.FIRST
    ) -> Updates:
        """The button. Pressed without a picture, or twice, it does nothing."""
        job = self._job(view)
        if view.picture is None or (job is not None and not job.state.finished):
            return self._show(view)
        try:
            # Under its glaze, the button says "Glaze again".
            again = job is not None and job.result is not None
            settings = self._settings(view, intensity, render, way, style)
            [job] = self.desk.hand_in([view.picture], settings, again=again)
        except GlazeError as error:
            return {**self._show(view), **self._complain(error)}
        return self._show(replace(self._without_trial(view), job=job.id))

    def on_preview(
        self, view: View, intensity: str, render: str, way: str = Way.AUTOMATIC, style: str = decoys.FIRST
    ) -> Updates:
        """The other button: in the place of a glaze, what it will look like."""
        job = self._job(view)
        if view.picture is None or (job is not None and not job.state.finished):
            return self._show(view)
        if self.desk.previewer.busy:
            return {**self._show(self._without_trial(view)), self.message: self._status("rough.busy")}
        try:
            settings = self._settings(view, intensity, render, way, style)
        except GlazeError as error:
            return {**self._show(view), **self._complain(error)}
        trial = self.desk.previewer.start(view.picture, settings)
        # A job that brought no glaze has been told of.
        kept = view.job if job is not None and job.result is not None else None
        updates = self._show(replace(view, job=kept, trial=trial.id))
        # Whatever has become of it already, the next look tells it.
        return {**updates, self.view: replace(updates[self.view], mark="")}

    def on_warm(self) -> None:
        """What the first picture would wait for is done beforehand."""
        self.desk.warm()

    def on_begun(self, view: View) -> None:
        """Wait for the end of a preview."""
        if view.trial is not None:
            self.desk.previewer.wait(view.trial)

    def on_cancel(self, view: View) -> Updates:
        """Leave the preview, where there is one, else ask the worker to stop."""
        if view.trial is not None:
            view = self._without_trial(view)
        elif (job := self._job(view)) is not None:
            self.desk.worker.cancel(job.id)
        return self._show(view)

    def on_another(self, view: View) -> Updates:
        """Away with this picture; its glaze stays where it was saved."""
        view = self._without_trial(view)
        without_times = gr.update(interactive=True, choices=self._render_choices())
        return {**self._show(View(decoy=view.decoy)), self.render: without_times}

    def on_watch(self, view: View) -> Updates:
        """Once a second: what changed, and nothing else."""
        latest = self.desk.latest
        if view.picture is None and latest is not None and not latest.state.finished:
            # Another tab, or this one before a reload, has begun something.
            return self.on_load(view)
        job, trial = self._job(view), self._trial(view)
        if _mark(job, trial) == view.mark:
            if trial is not None and trial.state is State.RUNNING:
                return {self.progress: markup.trying(self.words, trial)}
            grows = job is not None and not job.state.finished
            return self._grow(view, job) if job is not None and grows else self.unchanged(self.progress)
        updates = self._show(view)
        if trial is None and job is not None and job.state is State.DONE:
            # This computer just learned how fast it is.
            updates[self.render] = {**self.on_times(view), "interactive": True}
        watched = job if trial is None else trial
        if watched is not None and watched.error is not None:
            updates |= self._complain(watched.error)
        return updates

    def tell(self, trouble: tuple[str, float]) -> None:
        """The toast: for eyes that are elsewhere on the page than the message."""
        text, _ = trouble
        if text:
            raise gr.Error(markup.toast(self.words, text), title=self.words("error.title"), print_exception=False)

    def _job(self, view: View) -> Job | None:
        try:
            return None if view.job is None else self.desk.worker.get(view.job)
        except KeyError:
            # Taken off the list on another page.
            return None

    def _trial(self, view: View) -> Trial | None:
        return None if view.trial is None else self.desk.previewer.get(view.trial)

    def _without_trial(self, view: View) -> View:
        """The view once its preview is stopped and left."""
        if view.trial is not None:
            self.desk.previewer.cancel(view.trial)
        return replace(view, trial=None)

    def _settings(self, view: View, intensity: str, render: str, way: str, style: str) -> GlazeSettings:
        """Raises DecoyError where it shall be an own picture and there is none yet."""
        settings = replace(self.desk.preferences.settings, intensity=Intensity(intensity), render=Render(render))
        return decoys.chosen(settings, way, style, view.decoy)

    def _explain(self, error: GlazeError) -> str:
        return self.words.error(error, private=self.desk.private)

    def _complain(self, error: GlazeError) -> Updates:
        text = self._explain(error)
        return {
            self.trouble: (text, time.time()),
            self.message: gr.update(value=markup.trouble(self.words, text), visible=True),
        }

    def _grow(self, view: View, job: Job) -> Updates:
        """The step and the preview of a job that runs."""
        updates: Updates = {self.progress: markup.progress(self.words, job)}
        if job.preview is not None and job.preview != view.preview:
            updates[self.picture] = self._picture(view, job)
            updates[self.view] = replace(view, preview=job.preview)
        return updates

    def _show(self, view: View) -> Updates:
        """The whole page as `view` and its job have it."""
        job, trial = self._job(view), self._trial(view)
        busy = job is not None and not job.state.finished
        trying = trial is not None and trial.state is State.RUNNING
        trouble = trial.error if trial is not None else job.error if job else None
        finished: Updates = {}
        try:
            if job is not None and job.result is not None:
                finished = self._finished(job, job.result)
        except GlazeError as error:
            # The result, or the original, was moved or removed since.
            trouble = error
        done, tried = bool(finished), self._tried(trial)
        stop = "action.leave_preview" if tried else "action.stopping" if job and job.stopping else "action.cancel"
        updates: Updates = {
            self.view: replace(view, mark=_mark(job, trial), preview=job.preview if job else None),
            self.drop_zone: gr.update(visible=view.picture is None),
            self.picture: gr.update(
                value=self._picture(view, job), visible=view.picture is not None and not (done or tried)
            ),
            **self.comparison.hidden(),
            self.rough: gr.update(visible=bool(tried)),
            self.told: gr.update(visible=done),
            self.progress: gr.update(value=self._progress(job, trial), visible=busy or trying),
            self.message: self._message(job, trial, trouble),
            self.download: gr.update(visible=done),
            self.intensity: gr.update(interactive=not busy),
            self.render: gr.update(interactive=not busy),
            self.way: gr.update(interactive=not busy),
            self.style: gr.update(interactive=not busy),
            **self.decoy.show(view.decoy, interactive=not busy),
            self.glaze: gr.update(
                value=self.words("action.again" if done else "action.glaze"),
                variant="secondary" if done else "primary",
                visible=not busy,
                interactive=view.picture is not None,
            ),
            self.preview: gr.update(visible=not busy, interactive=view.picture is not None and not trying),
            self.cancel: gr.update(
                value=self.words(stop),
                visible=busy or trying or bool(tried),
                interactive=not (job and job.stopping),
            ),
            self.another: gr.update(visible=view.picture is not None and not busy),
            self.result: gr.update(visible=done),
        }
        return {**updates, **finished, **tried}

    def _progress(self, job: Job | None, trial: Trial | None) -> str:
        if trial is not None and trial.state is State.RUNNING:
            return markup.trying(self.words, trial)
        return markup.progress(self.words, job) if job is not None and not job.state.finished else ""

    def _picture(self, view: View, job: Job | None) -> str:
        if view.picture is None:
            return ""
        try:
            shown = self.desk.show(view.picture)
        except GlazeError:
            # Removed since; pressing the button will say so.
            return ""
        if job is not None and job.preview is not None and not job.state.finished:
            # The preview is as large as its canvas; it takes the place of the picture, so it is shown as large as that.
            return markup.mounted(job.preview, self.words("preview.alt"), frame=shown.frame)
        name = view.picture.name if job is None or job.path != view.picture else job.name
        caption = self.words("picture.size", name=name, width=shown.width, height=shown.height)
        return markup.mounted(shown.path, self.words("picture.alt"), caption=caption, frame=shown.frame)

    def _message(self, job: Job | None, trial: Trial | None, trouble: GlazeError | None) -> Any:
        """What came of a job that brought no glaze, or of a preview that brought none."""
        if trouble is not None:
            return gr.update(value=markup.trouble(self.words, self._explain(trouble)), visible=True)
        if trial is not None and trial.state is State.CANCELLED:
            return self._status("rough.busy")
        if job is not None and job.state is State.CANCELLED:
            return self._status("status.cancelled")
        if job is not None and job.state is State.SKIPPED:
            return self._status("status.skipped")
        return gr.update(value="", visible=False)

    def _status(self, key: str) -> Any:
        return gr.update(value=markup.status(self.words(key)), visible=True)

    def _tried(self, trial: Trial | None) -> Updates:
        """A finished preview, marked as one; nothing before."""
        if trial is None or trial.before is None or trial.after is None:
            return {}
        before, after = Shown(trial.before, *trial.size), Shown(trial.after, *trial.size)
        return {
            **self.comparison.shown(before, after, rough=True),
            self.rough: gr.update(value=looking.rough(self.words, trial), visible=True),
            self.told: gr.update(visible=False),
            self.result: gr.update(visible=False),
        }

    def _finished(self, job: Job, glaze: Glaze) -> Updates:
        before, after = self.desk.show(_original(job, glaze)), self.desk.show(glaze.result)
        report = glaze.report
        # A host keeps the figures of a glaze, and not what networks saw of it.
        seen = (
            {}
            if self.desks.hosted
            else {
                which: self.desk.keep(pixels, f"seen-{job.id}-{which}")
                for which, pixels in (
                    ("before", report.seen_before),
                    ("after", report.seen_after),
                    ("decoy", report.seen_decoy),
                )
            }
        )
        return {
            **self.comparison.shown(before, after),
            self.told: gr.update(value=markup.told(self.words, glaze), visible=True),
            self.download: gr.update(value=markup.download(self.words, job, self.desk.kept_hours), visible=True),
            self.result: gr.update(value=markup.result(self.words, glaze, seen), visible=True),
        }

    def _render_choices(self, seconds: Mapping[Render, float] | None = None) -> list[tuple[str, str]]:
        """The levels, with their times for a picture where these are known."""
        if seconds is None:
            return [(self.words(f"render.{choice}"), str(choice)) for choice in Render]
        return [
            (self.words(f"render.{choice}.timed", time=self.words.about(seconds[choice])), str(choice))
            for choice in Render
        ]


def _original(job: Job, glaze: Glaze) -> Path:
    """The picture before. Of one that was glazed here earlier the copy may be gone that was glazed then."""
    try:
        if not glaze.original.exists() and not filecmp.cmp(job.path, glaze.result, shallow=False):
            return job.path
    except (OSError, ValueError):
        pass
    return glaze.original


def _mark(job: Job | None, trial: Trial | None) -> str:
    """Changes when the page must be drawn anew, not only its progress."""
    of_job = "" if job is None else f"{job.id} {job.state} {job.stopping}"
    of_job += "" if job is None or not job.ahead else f" {job.ahead}"
    return of_job if trial is None else f"{of_job} {trial.id} {trial.state}"
