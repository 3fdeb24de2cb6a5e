"""A house of the service with a clock that can be turned, artists who join in a line, and browsers for them."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Self

import pg8000.dbapi
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from glaze.service import accounts, invitations, queue, sessions, tokens
from glaze.service.accounts import Member
from glaze.service.app import create_app
from glaze.service.house import House, open_house
from glaze.service.pages import STUDIO, Page
from glaze.service.settings import parse
from glaze.service.submit import submit
from glaze.service.worker import Worker
from glaze.settings import GlazeSettings
from tests.service.plain import render
from tests.stand_in import StandIn, draw

PASSPHRASE = "correct horse battery staple"
URL = "http://127.0.0.1:7861"


@dataclass
class Clock:
    """Seconds since the epoch, turned by hand."""

    at: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Lodge:
    """A house and what a test needs around it. pages: what was drawn, in order."""

    house: House
    clock: Clock
    folder: Path
    pages: list[Page] = field(default_factory=list)

    @classmethod
    @contextmanager
    def opened(cls, data: Path, **tables: Mapping[str, Any]) -> Iterator[Self]:
        found = {name: dict(table) for name, table in tables.items()}
        found.setdefault("storage", {})["data"] = str(data)
        clock = Clock()
        house = open_house(parse(found, data.parent / "service.toml"), clock)
        lodge = cls(house, clock, data.parent)
        try:
            yield lodge
        finally:
            house.close()

    def app(self, mount: Callable[[FastAPI, House], None] | None = None) -> FastAPI:
        def drawn(request: Request, page: Page) -> str:
            self.pages.append(page)
            return render(request, page)

        return create_app(self.house, drawn, mount or studio)

    def artist(self, name: str = "Ada", **what: Any) -> Member:
        _, code = invitations.make(self.house)
        return accounts.join(self.house, code=code, name=name, passphrase=PASSPHRASE, rules=True, **what)

    def browser(self, member: Member | None = None, app: FastAPI | None = None, **how: Any) -> TestClient:
        """Of an artist who is signed in, or of nobody."""
        url = self.house.settings.public_url
        browser = TestClient(app or self.app(), base_url=url, follow_redirects=False, headers={"origin": url}, **how)
        if member is not None:
            browser.cookies.set(sessions.cookie_name(self.house), sessions.begin(self.house, member.id))
        return browser

    def program(self, member: Member, app: FastAPI | None = None) -> TestClient:
        """With a token of the artist's."""
        _, secret = tokens.make(self.house, member.id, "a program")
        headers = {"authorization": f"Bearer {secret}"}
        return TestClient(app or self.app(), base_url=URL, follow_redirects=False, headers=headers)

    def picture(self, name: str = "sea.png", **how: Any) -> Path:
        return draw(self.folder / name, **how)

    def hand_in(self, member: Member, name: str = "sea.png") -> queue.Job:
        return submit(self.house, member, self.picture(), name=name, settings=GlazeSettings())

    def row(self, member: Member, name: str = "sea.png") -> queue.Job:
        """A job without a picture: for what only counts."""
        return queue.add(
            self.house, member.id, name=name, size=(300, 220), original=f"{'0' * 32}.png", settings=GlazeSettings()
        )

    def work(self, engine: StandIn | None = None, until: Callable[[], bool] | None = None) -> None:
        """A worker in this process, until nothing waits or runs."""
        stop = threading.Event()
        worker = Worker(self.house, f"worker {os.urandom(4).hex()}", engine or StandIn(steps=2), [lambda: None], stop)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            wait_for(until or (lambda: not self.unfinished()))
        finally:
            stop.set()
            thread.join()

    def unfinished(self) -> int:
        jobs = [job for one in accounts.all_of(self.house) for job in queue.of_artist(self.house, one.id)]
        return sum(not job.state.finished for job in jobs)

    def files(self) -> list[Path]:
        """Every file of pictures on the disk."""
        data = self.house.settings.storage.data
        return sorted(
            path for path in (data / "artists", data / "uploads") for path in path.rglob("*") if path.is_file()
        )


def studio(app: FastAPI, _house: House) -> None:
    """In the place of the studio: a page that says who is there."""

    @app.get(f"{STUDIO}/{{rest:path}}", include_in_schema=False)
    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"the studio of {request.state.member.name}")


def wait_for(what: Callable[[], bool], seconds: float = 60.0) -> None:
    for _ in range(round(seconds / 0.02)):
        if what():
            return
        threading.Event().wait(0.02)
    pytest.fail("it did not come to that")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Forms(HTMLParser):
    """The hidden fields of a page, by the action of their form."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.hidden: dict[str, dict[str, str]] = {}
        self._action = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._action = found.get("action", "")
            self.hidden[self._action] = {}
        elif tag == "input" and found.get("type") == "hidden":
            self.hidden[self._action][found["name"]] = found["value"]


def csrf(browser: TestClient, page: str) -> str:
    """What forms of a page bring back."""
    forms = Forms(browser.get(page).text).hidden
    return next(fields["csrf"] for fields in forms.values() if "csrf" in fields)


@dataclass(frozen=True)
class PostgreSQL:
    """A server for the tests, of Debian's package, in a folder of its own."""

    port: int
    programs: Path

    @classmethod
    @contextmanager
    def running(cls, _folders: pytest.TempPathFactory) -> Iterator[Self]:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            pytest.skip("PostgreSQL is not installed (Debian's package postgresql)")
        # A short path, for its socket, that another user may enter: it refuses to run as root.
        folder, port, programs = Path(tempfile.mkdtemp(prefix="glaze-pg-")), free_port(), found[-1].parent
        user: dict[str, Any] = {}
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **user}
        data = folder / "data"
        made: list[str | Path] = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "glaze",
            "--auth=trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        subprocess.run(made, check=True, **quiet)
        options: list[str | Path] = ["-p", str(port), "-k", folder, "-h", "127.0.0.1", "-F"]
        with subprocess.Popen([programs / "postgres", "-D", data, *options], **quiet) as server:
            try:
                ready: list[str | Path] = [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-q"]
                wait_for(lambda: subprocess.run(ready, check=False, **quiet).returncode == 0)
                yield cls(port, programs)
            finally:
                # At once: nothing of it is needed any more.
                server.send_signal(signal.SIGQUIT)
        with suppress(OSError):
            shutil.rmtree(folder)

    def new_database(self) -> str:
        """The address of an empty one: always the same, emptied, since making one takes a second."""
        connection = pg8000.dbapi.connect("glaze", host="127.0.0.1", port=self.port, database="postgres")
        connection.autocommit = True
        with closing(connection), closing(connection.cursor()) as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
        return f"postgresql://glaze@127.0.0.1:{self.port}/postgres"
