"""The studio's pages as an application for many artists, to be put behind a `Gate`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from glaze.studio.desk import Desk
from glaze.studio.quiet import quiet
from glaze.studio.stubs import no_stubs
from glaze.studio.words import FALLBACK, languages, load

if TYPE_CHECKING:
    import gradio as gr
    from fastapi import FastAPI

THREADS: Final = 200


class GuestDesks:
    """The desk that the gate found for the request of an event (`Desks`)."""

    hosted = True

    @property
    def mine(self) -> Desk:
        """Raises LookupError outside an event: at no time is there one desk for all."""
        from gradio.context import LocalContext

        from glaze.studio.gate import DESK

        request = LocalContext.request.get(None)
        asked = None if request is None else request.request
        if asked is None or DESK not in asked.scope:
            message = "a page for many artists was asked for something outside an event"
            raise LookupError(message)
        desk: Desk = asked.scope[DESK]
        return desk


def application(folder: Path, more: Sequence[Path], prefix: str, codes: Sequence[str] | None = None) -> FastAPI:
    """The pages that fit, in all languages (or those of `codes`), below the address `prefix`, without the gate.

    folder: holds the scratch folders of all desks. more: folders of what else is given out. Its lifespan must be run:
    the events' queue begins with it.
    """
    quiet(folder)
    with no_stubs():
        import gradio as gr
    from fastapi import FastAPI

    from glaze.studio.glaze_page import GlazePage
    from glaze.studio.inspect_page import InspectPage
    from glaze.studio.page import Page, route
    from glaze.studio.portfolio_page import PortfolioPage

    offered: tuple[type[Page], ...] = (GlazePage, PortfolioPage, InspectPage)
    pages = {page.name: page for page in offered}
    desks = GuestDesks()
    with gr.Blocks(title=load(FALLBACK)("page.title"), analytics_enabled=False) as blocks:
        for code in codes or languages():
            for name, page in pages.items():
                # As in glaze.studio.app.build, and for its reason.
                blocks.current_page = route(code, name)
                blocks.pages.append((blocks.current_page, load(code)(f"nav.{name}"), False))
                page(load(code), desks, blocks, tuple(pages))
    # Whoever waits in a thread, for a picture to be opened, keeps nobody else from an answer.
    blocks.max_threads = THREADS
    blocks.queue()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    with warnings.catch_warnings():
        # It tells whoever has several pages that they have no server-side rendering, asked for or not.
        warnings.filterwarnings("ignore", "SSR mode is not supported", UserWarning)
        _mount(app, blocks, prefix, more)
    # gradio checks where files come from only for what it takes to be running.
    blocks.has_launched = True
    return app


def _mount(app: FastAPI, blocks: gr.Blocks, prefix: str, more: Sequence[Path]) -> None:
    import gradio as gr

    from glaze.studio.theme import CSS, THEME

    gr.mount_gradio_app(
        app,
        blocks,
        path=prefix,
        allowed_paths=[str(each) for each in more],
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=THEME,
        css=CSS,
    )
