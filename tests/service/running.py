"""The service as a program of its own, with a worker that glazes in no time, to be asked by HTTP and to be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
import pytest

from glaze.service.house import House, open_house
from glaze.service.settings import load
from tests.service.lodge import free_port

ROOT = Path(__file__).resolve().parents[2]
WORKER = """
import sys
from glaze.service.worker import main
from tests.stand_in import StandIn
def engine(house):
    yield StandIn(steps={steps}, pause={pause}), [lambda: None]
sys.exit(main(["--config", sys.argv[1], "--owner", sys.argv[2]], engine))
"""
SERVER = """
import sys
from pathlib import Path
from glaze.service.serve import serve
from glaze.service.settings import load
config = Path(sys.argv[1])
serve(load(config), config, lambda owner: [sys.executable, "-c", sys.argv[2], str(config), owner])
"""


@dataclass
class Running:
    """A server that runs, until it is stopped."""

    config: Path
    steps: int
    pause: float
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def at(
        cls, folder: Path, tables: Mapping[str, Mapping[str, Any]], steps: int = 3, pause: float = 0.0
    ) -> Iterator[Self]:
        """Of a new house in `folder`."""
        found = {name: dict(table) for name, table in tables.items()}
        found.setdefault("server", {}).setdefault("port", free_port())
        found.setdefault("storage", {})["data"] = "data"
        config = folder / "service.toml"
        config.write_text("".join(_table(name, table) for name, table in found.items()), encoding="utf-8")
        running = cls(config, steps, pause)
        try:
            running.start()
            yield running
        finally:
            running.stop()

    @property
    def url(self) -> str:
        settings = load(self.config)
        return f"http://{settings.server.host}:{settings.server.port}"

    def house(self) -> House:
        """The same house, opened from outside."""
        return open_house(load(self.config))

    def start(self) -> None:
        worker = WORKER.format(steps=self.steps, pause=self.pause)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with (self.config.parent / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVER, str(self.config), worker], cwd=ROOT, stderr=log, env=environment
            )
        until = time.monotonic() + 120
        host = load(self.config).public_url.split("://")[1]
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if httpx.get(f"{self.url}/sign-in", headers={"host": host}).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        pytest.fail(f"the server did not start: {self.log()}")

    def workers(self) -> list[psutil.Process]:
        """The processes that glaze; others of the server's draw previews and open uploads."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if "glaze.service.worker" in " ".join(child.cmdline())]

    def kill(self) -> None:
        """As a power cut would, but for the worker."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """In good order."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def log(self) -> str:
        return (self.config.parent / "log").read_text(encoding="utf-8")


def _table(name: str, table: Mapping[str, Any]) -> str:
    lines = [f"{key} = {_value(value)}" for key, value in table.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
