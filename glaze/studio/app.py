"""The studio: its pages put together, one copy a language, and served to this computer alone."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http.cookies import SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from glaze import machine
from glaze.artwork import written_by_glaze
from glaze.errors import MachineError, StudioError
from glaze.jobs import Worker
from glaze.ledger import Ledger
from glaze.preferences import load as load_preferences
from glaze.studio import reading, running
from glaze.studio.desk import Desk
from glaze.studio.places import results_folder
from glaze.studio.quiet import LOOPBACK, quiet
from glaze.studio.stubs import no_stubs
from glaze.studio.words import FALLBACK, languages, left_out, load, preferred

if TYPE_CHECKING:
    import gradio as gr
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "glaze_language"
A_YEAR: Final = 365 * 24 * 3600
# Where gradio gives out files: /gradio_api/file=PATH.
_FILE: Final = re.compile(r"/file[=/](.*)", re.DOTALL)

Prove = Callable[[str], str | None]


class Doorkeeper:
    """Brings a visitor to the page in his language, and keeps gradio from fetching anything from the network.

    The language is the one last visited in this browser (a cookie), else the one chosen on the settings page, else the
    one the browser asks for. With `prove` (running.Claim.prove), it also answers a Glaze that was started meanwhile and
    asks whether this one is open. Of files it gives out those in `scratch`, and others only with a name that Glaze
    gives: an artist may choose any folder for the results, with letters beside the pictures. It gives out the manual.
    """

    def __init__(self, app: ASGIApp, prove: Prove | None = None, scratch: Path | None = None) -> None:
        self.app = app
        self.prove = prove
        self.scratch = scratch
        self.shelf = reading.shelf()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        from starlette.responses import PlainTextResponse, RedirectResponse

        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path, known = scope["path"], languages()
        language = language_of(path)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if path == "/":
            visited = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
            code = visited.value if visited is not None and visited.value in known else usual_language(headers)
            answer = RedirectResponse(f"/{code}", 307, {"Vary": "Cookie, Accept-Language"})
            await answer(scope, receive, send)
        elif "://" in unquote(path) or "/proxy=" in path:
            # gradio's file route would fetch an address for whoever asks.
            await PlainTextResponse("Not found", 404)(scope, receive, send)
        elif (asked := _FILE.search(path)) and not self._gives(Path(asked[1])):
            await PlainTextResponse("Not found", 404)(scope, receive, send)
        elif path == reading.PATH or path.startswith(f"{reading.PATH}/"):
            await self.shelf(scope, receive, send)
        elif path.startswith(running.PATH):
            proof = self.prove and self.prove(path.removeprefix(running.PATH))
            told = ("Not found", 404) if proof is None else (proof, 200)
            await PlainTextResponse(*told)(scope, receive, send)
        elif language is not None:
            await self.app(scope, receive, _remembering(language, language == usual_language(headers), send))
        else:
            await self.app(scope, receive, send)

    def _gives(self, file: Path) -> bool:
        if written_by_glaze(file):
            return True
        try:
            return self.scratch is not None and file.resolve().is_relative_to(self.scratch.resolve())
        except (OSError, ValueError):
            # No path at all.
            return False


def language_of(path: str) -> str | None:
    """The code of the language of a page's address: "zh" for "/zh" and "/zh-portfolio"; None for what is no page."""
    name = path.strip("/")
    # The longest first: a page of zh-Hant is none of zh.
    codes = sorted(languages(), key=len, reverse=True)
    return next((code for code in codes if name == code or name.startswith(f"{code}-")), None)


def usual_language(headers: Mapping[str, str]) -> str:
    """The code of the language that a browser gets which was in none yet."""
    known, chosen = languages(), load_preferences().language
    return chosen if chosen in known else preferred(headers.get("accept-language"), known)


def _remembering(language: str, usual: bool, send: Send) -> Send:
    """With a cookie for a language that the browser would not get anyway; else it would outlive another choice."""

    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            age = 0 if usual else A_YEAR
            cookie = f"{COOKIE}={language}; Path=/; Max-Age={age}; SameSite=Strict; HttpOnly"
            message["headers"] = [*message["headers"], (b"set-cookie", cookie.encode())]
        await send(message)

    return send_with_cookie


def build(worker: Worker | None = None, *, results: Path | None = None, ledger: Ledger | None = None) -> gr.Blocks:
    """All pages in all languages, ready to launch. Raises no GlazeError; the machine is checked elsewhere.

    results: where glazed pictures go in this run; without it, where the settings page says. ledger: the worker's, for
    what it has to tell.
    """
    scratch = quiet()
    with no_stubs():
        import gradio as gr

    from glaze.studio.computer_page import ComputerPage
    from glaze.studio.glaze_page import GlazePage
    from glaze.studio.inspect_page import InspectPage
    from glaze.studio.page import Page, route
    from glaze.studio.portfolio_page import PortfolioPage
    from glaze.studio.settings_page import SettingsPage

    offered: tuple[type[Page], ...] = (GlazePage, PortfolioPage, InspectPage, ComputerPage, SettingsPage)
    pages = {page.name: page for page in offered}
    worker = worker or Worker(previews=scratch / "previews")
    desk = Desk(worker=worker, named=results, scratch=scratch, ledger=ledger)
    desk.tidy()
    for line in left_out():
        with suppress(OSError):
            worker.write_down(line)
    blocks: gr.Blocks
    with gr.Blocks(title=load(FALLBACK)("page.title"), analytics_enabled=False) as blocks:
        # The address itself shows nothing: Doorkeeper leads on to a language. Each page once a language: every word is
        # there from the start, and the choice is a plain link.
        for code in languages():
            for name, page in pages.items():
                # As blocks.route() does it. After that, gradio makes its whole server anew at the end of each page,
                # which grows with the square of their number: with two languages half of the time of a start.
                blocks.current_page = route(code, name)
                blocks.pages.append((blocks.current_page, load(code)(f"nav.{name}"), False))
                page(load(code), desk, blocks, tuple(pages))
    return blocks


def launch(
    blocks: gr.Blocks,
    *,
    results: Path | None = None,
    port: int | None = None,
    prove: Prove | None = None,
) -> str:
    """Serve `blocks` to this computer alone, on a free port unless one is named. Returns the address.

    results: as for build. prove: as for Doorkeeper.
    """
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from glaze.studio.theme import CSS, THEME

    middleware: list[Any] = [
        # A web page elsewhere that points its own name at this computer gets nothing.
        Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK)),
        Middleware(Doorkeeper, prove=prove, scratch=quiet()),
    ]
    _, address, _ = blocks.launch(
        server_name="127.0.0.1",
        server_port=port,
        share=False,
        run_history=False,
        mcp_server=False,
        enable_monitoring=False,
        ssr_mode=False,
        strict_cors=True,
        pwa=False,
        quiet=True,
        inbrowser=False,
        prevent_thread_lock=True,
        show_error=False,
        footer_links=[],
        allowed_paths=[str(results_folder(results))],
        app_kwargs={"middleware": middleware},
        theme=THEME,
        css=CSS,
    )
    return str(address)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="glaze studio", description="Open Glaze in the browser.")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where glazed pictures go this time (default: as chosen on the page)"
    )
    parser.add_argument("--port", type=int, metavar="N", help="default: one that is free")
    parser.add_argument(
        "--no-browser", action="store_true", help="do not open the browser; GLAZE_NO_BROWSER=1 does the same"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Open the studio and serve it until Ctrl-C, or show the one that is open already. Returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        machine.check()
        claim = running.claim()
    except MachineError as error:
        sys.stderr.write(f"{error}\n")
        return 4
    except StudioError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    show = not (arguments.no_browser or os.environ.get("GLAZE_NO_BROWSER"))
    if isinstance(claim, running.Record):
        sys.stdout.write(f"Glaze is open already at {claim.address}\n")
        if arguments.port not in {None, claim.port}:
            sys.stdout.write(f"To have it on port {arguments.port}, close that one first.\n")
        if show:
            webbrowser.open(claim.address)
        return 0
    try:
        return _serve(claim, arguments.out, arguments.port, show=show)
    finally:
        claim.release()


def _serve(claim: running.Claim, results: Path | None, port: int | None, *, show: bool) -> int:
    """Serve the studio until it is told to stop, and leave nothing temporary behind. Returns the exit code."""
    scratch = quiet()
    ledger = Ledger()
    worker = Worker(previews=scratch / "previews", ledger=ledger, behind=True)
    try:
        _stop_in_order()
        try:
            address = launch(
                build(worker, results=results, ledger=ledger), results=results, port=port, prove=claim.prove
            )
        except OSError as error:
            sys.stderr.write(f"The page could not be opened: {error}. Choose another port with --port.\n")
            return 1
        claim.open_at(address)
        sys.stdout.write(f"Glaze is open at {address}\nPress Ctrl-C here to close it.\n")
        sys.stdout.flush()
        if show:
            webbrowser.open(address)
        # In slices: Windows notices Ctrl-C only between them.
        while not threading.Event().wait(1.0):
            pass
    except KeyboardInterrupt:
        # Where the window was closed, there is nowhere to say it.
        with suppress(OSError):
            sys.stdout.write("Closing.\n")
    finally:
        claim.withdraw()
        worker.close()
        ledger.close()
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


def _stop_in_order() -> None:
    """Let a closed window and the end of a session stop the studio as Ctrl-C does, so that it can clean up."""
    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        # Whoever has another mind (nohup) keeps it.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
