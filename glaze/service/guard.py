"""What stands before every request, whatever serves it: sizes and times, origins, who may in, headers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from glaze.service import lanes, sessions
from glaze.service.lanes import Lane
from glaze.service.pages import STUDIO
from glaze.service.problems import said
from glaze.service.settings import MEGA
from glaze.studio import reading

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from glaze.service.house import House

API: Final = "/api/v1"
FORM_BYTES: Final = 64 * 1024
STUDIO_BYTES: Final = MEGA  # of a request that uploads nothing
# The portfolio sends all that are dropped at once.
AT_ONCE: Final = 10
# Of multipart around a picture: names, borders, the other fields.
_AROUND: Final = 64 * 1024
SILENCE: Final = 60.0  # seconds without a byte of a body
WHOLE: Final = 1800.0  # seconds for all of it; 40 MB at 25 kB/s
_UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_SAME_FOR_ALL: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# Pages without any script of their own inside, and nothing from anywhere else.
_STRICT: Final = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# gradio has its scripts and styles inside its pages, and makes previews as blobs.
_GRADIO: Final = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; worker-src 'self' blob:; font-src 'self' data:; "
    "connect-src 'self' blob: data:; form-action 'self'; base-uri 'self'; frame-ancestors 'none'; object-src 'none'"
)
_A_YEAR: Final = "max-age=31536000"


def is_studio(path: str) -> bool:
    """Whether a path is the studio's."""
    return path == STUDIO or path.startswith(f"{STUDIO}/")


def is_manual(path: str) -> bool:
    """Whether a path is the manual's, whose pages have scripts and styles inside as gradio's do."""
    return path == reading.PATH or path.startswith(f"{reading.PATH}/")


def is_api(path: str) -> bool:
    """Whether a path is of the interface for programs."""
    return path == API or path.startswith(f"{API}/")


class SecurityHeaders:
    """Sets on every answer what browsers keep to, and keeps what is one artist's out of every cache."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SAME_FOR_ALL.items():
                    headers[name] = value
                inside = is_studio(scope["path"]) or is_manual(scope["path"])
                headers.setdefault("Content-Security-Policy", _GRADIO if inside else _STRICT)
                headers.setdefault("Cache-Control", "no-store")
                if self.https:
                    headers["Strict-Transport-Security"] = _A_YEAR
                if "server" in headers:
                    del headers["server"]
            await send(message)

        await self.app(scope, receive, send_with_headers)


class BodyLimit:
    """Counts what comes in, whatever its length is said to be, and waits for no one who stops in the middle.

    413 where it is too much, 408 where it takes too long, and nothing more is read.
    """

    def __init__(
        self, app: ASGIApp, *, most: Callable[[Scope], int], silence: float = SILENCE, whole: float = WHOLE
    ) -> None:
        self.app = app
        self.most = most
        self.silence = silence
        self.whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(receive, send, self.most(scope), self.silence, self.whole)
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isascii() or not length.isdecimal() or int(length) > body.most:
            body.broken = 413
        else:
            try:
                await self.app(scope, body.receive, body.send)
            except Exception:
                # Whatever a body that broke off does to what reads it.
                if not body.broken:
                    raise
        if body.broken and not body.answered:
            await _refuse(scope, body.broken, _BROKEN[body.broken])(scope, receive, send)


_BROKEN: Final = {408: "The request took too long.", 413: "The request is too large."}


class _Body:
    """One request's body as it comes in. broken: the status to answer with where it came to a bad end."""

    def __init__(self, receive: Receive, send: Send, most: int, silence: float, whole: float) -> None:
        self.most = most
        self.broken = 0
        self.answered = False
        self._receive = receive
        self._send = send
        self._silence = silence
        self._until = asyncio.get_running_loop().time() + whole
        self._count = 0
        # Once the body is there, waiting for the client to leave may take as long as the answer.
        self._reading = True

    async def receive(self) -> Message:
        """The next piece; that the client has left, where it is too much or too late."""
        left = self._until - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(min(self._silence, max(left, 0.0)) if self._reading else None):
                message = await self._receive()
        except TimeoutError:
            return self._break(408)
        if message["type"] == "http.request":
            self._reading = bool(message.get("more_body"))
            self._count += len(message.get("body", b""))
            if self._count > self.most:
                return self._break(413)
        return message

    async def send(self, message: Message) -> None:
        """The answer, unless the request came to a bad end first."""
        if not self.broken:
            self.answered = True
            await self._send(message)

    def _break(self, status: int) -> Message:
        self.broken = status
        return {"type": "http.disconnect"}


def body_limits(house: House, uploads: tuple[str, ...]) -> Callable[[Scope], int]:
    """How many bytes a request's body may have. uploads: beginnings of paths that take a picture."""
    picture = house.settings.limits.upload_megabytes * MEGA + _AROUND

    def most(scope: Scope) -> int:
        path = scope["path"]
        if scope["method"] not in _UNSAFE:
            return FORM_BYTES
        if path == f"{STUDIO}/gradio_api/upload":
            return AT_ONCE * picture
        if any(path.startswith(start) for start in uploads):
            return picture
        return STUDIO_BYTES if is_studio(path) else FORM_BYTES

    return most


class SameOrigin:
    """Nothing is changed by a request that another site made the browser send.

    Browsers say where a request comes from (Origin, Sec-Fetch-Site), and pages cannot lie about it. The interface for
    programs needs none of this: it looks at no cookie. Sockets are asked as well, which browsers open to anywhere.
    """

    def __init__(self, app: ASGIApp, *, origins: frozenset[str]) -> None:
        self.app = app
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "websocket" or (
            scope["type"] == "http" and scope["method"] in _UNSAFE and not is_api(scope["path"])
        ):
            headers = Headers(scope=scope)
            if not self._is_own(headers.get("origin"), headers.get("referer"), headers.get("sec-fetch-site")):
                await _deny(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _is_own(self, origin: str | None, referer: str | None, site: str | None) -> bool:
        if site is not None and site not in {"same-origin", "none"}:
            return False
        if origin is not None:
            return origin in self.origins
        if referer is not None:
            parts = urlsplit(referer)
            return f"{parts.scheme}://{parts.netloc}" in self.origins
        return site == "same-origin"


class SignedIn:
    """The studio is for artists who are signed in; gradio's own paths are covered as well, whatever they are."""

    def __init__(self, app: ASGIApp, *, house: House) -> None:
        self.app = app
        self.house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] in {"http", "websocket"} and is_studio(scope["path"]):
            member = await lanes.run(Lane.QUICK, sessions.artist_of, self.house, HTTPConnection(scope))
            if member is None:
                if scope["type"] == "http" and scope["method"] == "GET" and _wants_page(Headers(scope=scope)):
                    await RedirectResponse("/sign-in", 303)(scope, receive, send)
                else:
                    await _deny(scope, receive, send)
                return
            scope.setdefault("state", {})["member"] = member
        await self.app(scope, receive, send)


def origins(house: House) -> frozenset[str]:
    """What a browser calls this service."""
    scheme = urlsplit(house.settings.public_url).scheme
    return frozenset({house.settings.public_url, *(f"{scheme}://{name}" for name in house.settings.server.hosts)})


def hosts(house: House) -> list[str]:
    """The names under which it answers, without ports."""
    named = [urlsplit(house.settings.public_url).hostname or "", *house.settings.server.hosts]
    return sorted({name.rpartition(":")[0] if name.rpartition(":")[2].isdecimal() else name for name in named})


def _wants_page(headers: Mapping[str, str]) -> bool:
    return "text/html" in headers.get("accept", "")


async def _deny(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
    else:
        await _refuse(scope, 403, "Open this page anew, sign in, and do it again.")(scope, receive, send)


def _refuse(scope: Scope, status: int, text: str) -> Response:
    # The rest of the body is not read, so the connection cannot go on.
    headers = {"Connection": "close"}
    if is_api(scope["path"]):
        return JSONResponse(said(status), status, headers)
    return PlainTextResponse(text, status, headers)
