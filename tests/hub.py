"""A server on this computer that plays the hub and any other host of files, and fails as they do."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from safetensors.numpy import save

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "someone/tiny"


def weights(seed: int, count: int = 200_000) -> bytes:
    """A file of safetensors, four bytes a number."""
    return save({"w": np.random.default_rng(seed).random(count, np.float32)})


@dataclass
class Hub:
    """What it has, by path, and what it was asked.

    said    headers of a HEAD that differ from the truth. faults: what is done instead of answering, by path, first
            things first; when none is left, it answers well.
    asked   method, path and Range of every request.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    said: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)

    def put(self, file: str, content: bytes, repository: str = REPOSITORY) -> str:
        """Into a repository; where its content is given out."""
        path = f"/{repository}/resolve/{COMMIT}/{file}"
        self.files[path] = content
        return path

    def got(self, path: str) -> list[str | None]:
        """The Range of every GET of a path."""
        return [range_ for method, asked, range_ in self.asked if method == "GET" and asked == path]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        path = self._asked()
        revision = re.sub(r"/resolve/[^/]+/", f"/resolve/{COMMIT}/", path)
        fault = next(iter(self.hub.faults[f"HEAD {revision}"]), None)
        if fault is not None:
            self.hub.faults[f"HEAD {revision}"].pop(0)
            fault(self, b"")
            return
        content = self.hub.files.get(revision)
        if content is None:
            self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        # As for a large file: git knows it by its hash and size, and another host has it.
        large = revision.endswith(".safetensors")
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha1(content, usedforsecurity=False).hexdigest()}"'}
        if large:
            digest = hashlib.sha256(content).hexdigest()
            headers |= {"X-Linked-Size": str(len(content)), "X-Linked-Etag": f'"{digest}"'}
            headers["Location"] = "http://elsewhere.invalid/file"
        headers |= {"Content-Length": str(len(content))} if not large else {"Content-Length": "0"}
        headers |= self.hub.said.get(revision, {})
        self.send_response(302 if large else 200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def do_GET(self) -> None:
        path = self._asked()
        content = self.hub.files.get(path)
        if self.hub.faults[path]:
            self.hub.faults[path].pop(0)(self, content or b"")
        elif content is None:
            self.answer(404, b"")
        else:
            self.give(content)

    def _asked(self) -> str:
        # Asked as a proxy, it gets the whole address.
        path = urlsplit(self.path).path
        self.hub.asked.append((self.command, path, self.headers.get("Range")))
        return path

    def answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            with suppress(OSError):
                self.wfile.write(content)

    def give(
        self,
        content: bytes,
        *,
        upto: int | None = None,
        pause: float = 0.0,
        after: int = 0,
        go: threading.Event | None = None,
    ) -> None:
        """The file, or what is asked for of it; up to a number of bytes of that, with a pause after every 16 kB.

        go: what it waits for `after` so many bytes, half a minute at most.
        """
        begin = 0
        range_ = self.headers.get("Range")
        if range_:
            begin = int(re.fullmatch(r"bytes=(\d+)-", range_)[1])  # type: ignore[index]  # or the test shall fail
        if range_ and begin >= len(content):
            self.answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            return
        self.send_response(206 if range_ else 200)
        if range_:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        rest = content[begin:][:upto]
        with suppress(OSError):
            for at in range(0, len(rest), 1 << 14):
                self.wfile.write(rest[at : at + (1 << 14)])
                time.sleep(pause)
                if go is not None and at + (1 << 14) >= after:
                    go.wait(30.0)
        if upto is not None:
            self.close_connection = True


Fault = Callable[[Handler, bytes], None]


def drops(after: int) -> Fault:
    """The line, after so many bytes."""
    return lambda to, content: to.give(content, upto=after)


def falls_silent(after: int, seconds: float) -> Fault:
    """Says nothing more for a while, with the line open."""

    def fault(to: Handler, content: bytes) -> None:
        to.give(content, upto=after)
        to.wfile.flush()
        time.sleep(seconds)

    return fault


def says_nothing(seconds: float) -> Fault:
    """No answer at all for a while."""

    def fault(to: Handler, _: bytes) -> None:
        time.sleep(seconds)
        to.close_connection = True

    return fault


def slowly(pause: float) -> Fault:
    """All of it, in its own time."""
    return lambda to, content: to.give(content, pause=pause)


def waits(go: threading.Event, after: int = 1 << 14) -> Fault:
    """The beginning, and the rest once it may."""

    def fault(to: Handler, content: bytes) -> None:
        to.give(content, after=after, go=go)

    return fault


def status(code: int, **headers: str) -> Fault:
    """A status instead of the file."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda to, _: to.answer(code, b"<html>no</html>", named)


def another(content: bytes) -> Fault:
    """Another file."""
    return lambda to, _: to.give(content)


def whole_again() -> Fault:
    """The whole file, whatever part was asked for."""

    def fault(to: Handler, content: bytes) -> None:
        to.headers.replace_header("Range", "bytes=0-") if to.headers.get("Range") else None
        to.answer(200, content)

    return fault


def wrong_part() -> Fault:
    """Another part than the one that was asked for."""
    return lambda to, content: to.answer(206, content[:100], {"Content-Range": f"bytes 0-99/{len(content)}"})


def without_length(upto: int) -> Fault:
    """As old servers do: where the file ends, the connection does, and here that is too early."""

    def fault(to: Handler, content: bytes) -> None:
        to.send_response(200)
        to.send_header("Connection", "close")
        to.end_headers()
        to.wfile.write(content[:upto])
        to.close_connection = True

    return fault


@contextmanager
def serve() -> Iterator[Hub]:
    """A hub on a free port of this computer."""
    hub = Hub()
    handler = type("Own", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        # Not server_close(), which waits for connections that are still being answered slowly.
        server.socket.close()


def write_manifest(folder: Path, address: str, **plain: bytes) -> None:
    """A pack of two networks of the hub, one with a configuration, and one file of another host; all that it knows."""
    hub = {"repository": REPOSITORY, "revision": None, "size": None, "sha256": None}
    licences = [{"name": "MIT", "address": "https://example.org/licence"}]
    said = {"pack": "standard", "purpose": "trying out", "licences": licences}
    items: list[dict[str, object]] = [
        {
            **said,
            "name": "one",
            "family": "sd1",
            "files": [{**hub, "file": "one.safetensors", "to": "one.safetensors"}],
        },
        {
            **said,
            "name": "two",
            "files": [
                {**hub, "file": "vae/config.json", "to": "two/config.json"},
                {**hub, "file": "vae/two.safetensors", "to": "two/two.safetensors"},
            ],
        },
    ]
    for name, content in plain.items():
        file = {
            "address": f"{address}/plain/{name}.safetensors",
            "file": f"{name}.safetensors",
            "to": f"{name}.safetensors",
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        items.append({**said, "name": name, "files": [file]})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"edition": 1, "items": items}), encoding="utf-8")
