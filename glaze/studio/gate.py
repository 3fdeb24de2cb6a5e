"""What stands before the pages where many artists share them: each gets at their own files and events, and at no more.

gradio gives whatever it holds to whoever names it. Here every request belongs to a desk: files are given out from that
desk's folders alone, uploads go into its own, and the name that a tab has for its events is one of that desk, so that
another's cannot even be said. What the pages have no use for is not there.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import stat
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from glaze.studio.app import language_of
from glaze.studio.guest import GuestDesk

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Under this key of the ASGI scope lies the desk of whoever asks.
DESK: Final = "glaze.desk"
# The pages' own scripts and styles, the same for everybody.
_OPEN: Final = ("/assets/", "/static/", "/svelte/", "/theme.css", "/gradio_api/theme.css", "/favicon.ico")
_HARMLESS: Final = {"/config", "/gradio_api/info", "/gradio_api/startup-events", "/gradio_api/app_id"}
_FILE: Final = "/gradio_api/file="
_HEARTBEAT: Final = "/gradio_api/heartbeat/"
_TAB: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
# What an event sends: choices and names of files, no pictures.
MOST_EVENT_BYTES: Final = 1_000_000
MOST_FILES: Final = 50
_MOST_NAME: Final = 120
# As many as gradio keeps.
_MOST_TABS: Final = 2000

Home = Callable[[Headers, GuestDesk], str]
DeskOf = Callable[["Scope"], Awaitable[GuestDesk | None]]


class Gate:
    """Stands before gradio's app.

    desk_of       the desk of whoever asks; None for those who are not signed in.
    prefix        the address below which all of this is, without a slash at its end.
    sign_in       where these are sent. home: where the address itself leads, by the request's headers and the desk.
    admit         whether a request that begins something is not one too many.
    most_bytes    of one file.
    most_kept     bytes of uploads and pictures of the pages that one artist may have at a time.
    """

    def __init__(
        self,
        app: ASGIApp,
        desk_of: DeskOf,
        *,
        prefix: str,
        sign_in: str,
        home: Home,
        admit: Callable[[Scope], bool],
        most_bytes: int,
        most_kept: int,
    ) -> None:
        self.app = app
        self.desk_of = desk_of
        self.prefix = prefix
        self.sign_in = sign_in
        self.home = home
        self.admit = admit
        self.most_bytes = most_bytes
        # The tabs that sent an event lately: gradio breaks off where it is asked for what another brought.
        self._tabs: OrderedDict[str, None] = OrderedDict()
        self.most_kept = most_kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        else:
            try:
                await self._answer(scope, receive, send)
            except HTTPException as refused:
                await PlainTextResponse(refused.detail, refused.status_code)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Whatever it hangs in, gradio's app knows the whole address.
        scope = {**scope, "root_path": ""}
        path, reads = scope["path"].removeprefix(self.prefix), scope["method"] in {"GET", "HEAD"}
        if reads and path.startswith(_OPEN):
            await self.app(scope, receive, send)
            return
        desk = await self.desk_of(scope)
        if desk is None:
            await self._stranger(path)(scope, receive, send)
            return
        scope[DESK] = desk
        if reads:
            await self._give(desk, path, scope, receive, send)
        elif scope["method"] == "POST":
            if not self.admit(scope):
                raise HTTPException(429, "Too many requests")
            await self._begin(desk, path, scope, receive, send)
        else:
            raise HTTPException(404, "Not found")

    async def _begin(self, desk: GuestDesk, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Take what a page sends."""
        if path == "/gradio_api/queue/join":
            tab, body = await _own_event(Request(scope, receive), desk)
            self._remember(tab)
            await self.app(*_with_body(scope, receive, body), send)
        elif path == "/gradio_api/upload":
            taken = await self._take(Request(scope, receive), desk)
            await JSONResponse(taken)(scope, receive, send)
        else:
            raise HTTPException(404, "Not found")

    async def _give(self, desk: GuestDesk, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what changes nothing."""
        if path in {"", "/"}:
            await RedirectResponse(self.home(Headers(scope=scope), desk), 303)(scope, receive, send)
        elif path.startswith(_FILE):
            if not await run_in_threadpool(_is_given, desk, path.removeprefix(_FILE)):
                raise HTTPException(404, "Not found")
            await self.app(scope, receive, _unkept(send))
        elif path in _HARMLESS or language_of(path) is not None:
            await self.app(scope, receive, send)
        elif path == "/gradio_api/upload_progress":
            # A page that asks is told by its own upload when that is over.
            await PlainTextResponse('data: {"msg": "done"}\n\n', media_type="text/event-stream")(scope, receive, send)
        elif path == "/gradio_api/queue/data":
            tab = own_tab(desk, parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0])
            if tab not in self._tabs:
                raise HTTPException(404, "Not found")
            await self.app({**scope, "query_string": f"session_hash={tab}".encode()}, receive, send)
        elif path.startswith(_HEARTBEAT):
            own = f"{self.prefix}{_HEARTBEAT}{own_tab(desk, path.removeprefix(_HEARTBEAT))}"
            await self.app({**scope, "path": own, "raw_path": own.encode()}, receive, send)
        else:
            raise HTTPException(404, "Not found")

    def _remember(self, tab: str) -> None:
        self._tabs[tab] = None
        self._tabs.move_to_end(tab)
        while len(self._tabs) > _MOST_TABS:
            self._tabs.popitem(last=False)

    def _stranger(self, path: str) -> Response:
        if path in {"", "/"} or language_of(path) is not None:
            return RedirectResponse(self.sign_in, 303)
        return PlainTextResponse("Not found", 404)

    async def _take(self, request: Request, desk: GuestDesk) -> list[str]:
        """Put uploads into the desk's own folder. Returns their paths, as gradio's own route does."""
        folder = desk.scratch / "uploads"
        kept = await run_in_threadpool(_size, desk.scratch)
        told = request.headers.get("content-length", "")
        most = min(self.most_bytes * MOST_FILES, self.most_kept - kept)
        if not told.isdecimal() or int(told) > most:
            raise HTTPException(413, "Too large")
        limited = Request(request.scope, _limited(request.receive, int(told)))
        async with limited.form(max_files=MOST_FILES, max_fields=1) as form:
            files = [each for each in form.getlist("files") if isinstance(each, UploadFile)]
            if any((each.size or 0) > self.most_bytes for each in files):
                raise HTTPException(413, "Too large")
            return [str(await run_in_threadpool(_keep, each, folder)) for each in files]


def own_tab(desk: GuestDesk, tab: str) -> str:
    """The name of a tab's events, made one of its desk's: the same name elsewhere is another. Raises HTTPException."""
    if not _TAB.fullmatch(tab):
        raise HTTPException(404, "Not found")
    return hashlib.sha256(f"{desk.scratch} {tab}".encode()).hexdigest()


async def _own_event(request: Request, desk: GuestDesk) -> tuple[str, bytes]:
    """What a page sends: its tab, and all as gradio may have it, with no files but the desk's. Raises HTTPException."""
    told = request.headers.get("content-length", "")
    if not told.isdecimal() or int(told) > MOST_EVENT_BYTES:
        raise HTTPException(413, "Too large")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_EVENT_BYTES:
            raise HTTPException(413, "Too large")
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, "Not understood") from None
    if not isinstance(event, dict) or not isinstance(event.get("session_hash"), str):
        raise HTTPException(400, "Not understood")
    for file in _files(event):
        if not isinstance(file, str) or not await run_in_threadpool(_is_within, Path(file), desk.scratch):
            raise HTTPException(404, "Not found")
    tab = own_tab(desk, event["session_hash"])
    return tab, json.dumps({**event, "session_hash": tab}).encode()


def _files(sent: Any) -> Iterator[Any]:
    """Everything in an event that gradio would take for the path of a file."""
    waiting = [sent]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "path" in one:
                yield one["path"]
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _with_body(scope: Scope, receive: Receive, body: bytes) -> tuple[Scope, Receive]:
    headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}, replay


def _limited(receive: Receive, most: int) -> Receive:
    left = most

    async def within() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413, "Too large")
        return message

    return within


def _unkept(send: Send) -> Send:
    """Pictures stay in no cache, neither on the way nor in the browser. What they are called says the page."""

    async def send_unkept(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            headers["cache-control"] = "private, no-store"
            if "content-disposition" in headers:
                headers["content-disposition"] = headers["content-disposition"].partition(";")[0]
            message["headers"] = headers.raw
        await send(message)

    return send_unkept


def _is_given(desk: GuestDesk, path: str) -> bool:
    try:
        file = Path(path)
        return file.is_absolute() and file.is_file() and desk.gives(file.resolve())
    except (OSError, ValueError):
        return False


def _is_within(file: Path, folder: Path) -> bool:
    try:
        return file.is_absolute() and file.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):
        return False


def _keep(upload: UploadFile, folder: Path) -> Path:
    """Copy an upload to where nobody else looks and nobody guesses, under its own name as far as that may be one."""
    place = folder / secrets.token_hex(16)
    place.mkdir(mode=0o700, parents=True)
    path = place / file_name(upload.filename or "")
    with path.open("wb") as kept:
        while part := upload.file.read(1 << 20):
            kept.write(part)
    return path


def file_name(told: str) -> str:
    """What a browser calls a file, as the name of one here: no folder, nothing hidden, not too long."""
    name = re.split(r"[/\\]", told)[-1]
    name = "".join(letter for letter in name if letter.isprintable() and letter not in '<>:"|?*').lstrip(". ")
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    while len(stem.encode()) > _MOST_NAME:
        stem = stem[:-1]
    return f"{stem or 'picture'}{dot}{ending[:10]}"


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            state = path.lstat()
            total += state.st_size if stat.S_ISREG(state.st_mode) else 0
        except OSError:
            continue
    return total
