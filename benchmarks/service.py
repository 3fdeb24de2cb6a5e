"""Fifty artists at once: how long they wait for a page while the queue is full, and whether any job is lost or crossed.

    python -m benchmarks.service                     50 artists, the engine itself at render "fast"
    ... --artists 5 --seconds 5 --stand-in           a small form, as the tests have it

The server runs as a program of its own, and its worker glazes while artists hand in pictures, look at the account page,
at one job and at the list of jobs, each with a second or so between. Written as JSON: seconds waited at the 50th, 95th
and 99th percentile, of pages and of hand-ins, with the number of processors and the load before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from subprocess import Popen
from typing import Any, Final

import httpx
import numpy as np
from PIL import Image

from glaze.ledger import State
from glaze.service import codes, queue, sessions, tokens
from glaze.service.house import House, open_house
from glaze.service.models import Artist
from glaze.service.settings import ServiceSettings, load

ROOT: Final = Path(__file__).resolve().parents[1]
SIDE: Final = 160  # pixels of a picture; what is measured here is the waiting
PAUSE: Final = 1.0  # seconds between two requests of an artist, on average
WORKER: Final = """
import sys
from glaze.service.worker import main
from tests.stand_in import StandIn
def engine(house):
    yield StandIn(steps=10, pause=0.05), [lambda: None]
sys.exit(main(["--config", sys.argv[1], "--owner", sys.argv[2]], engine))
"""
SERVER: Final = """
import sys
from pathlib import Path
from glaze.service.serve import serve
from glaze.service.settings import load
config, worker = Path(sys.argv[1]), sys.argv[2]
command = (lambda owner: [sys.executable, "-c", worker, str(config), owner]) if worker else None
serve(load(config), config, command)
"""


@dataclass
class Waited:
    """Seconds by what was waited for; pictures handed in, by artist; and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    handed_in: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    wrong: list[str] = field(default_factory=list)


def settle(house: House, count: int) -> list[tuple[str, str, str]]:
    """That many artists, without hashing a passphrase each: id, session and token."""
    settled = []
    for number in range(count):
        artist = codes.new_id()
        with house.database.write() as session:
            session.add(
                Artist(
                    id=artist,
                    name=f"artist {number}",
                    key=f"artist {number}",
                    passphrase="",
                    folder=codes.new_id(),
                    language="en",
                    admin=False,
                    joined=house.now(),
                    rules_accepted=house.now(),
                )
            )
        settled.append((artist, sessions.begin(house, artist), tokens.make(house, artist, "benchmark")[1]))
    return settled


def picture_of(number: int) -> bytes:
    """A picture whose one colour says whose it is, with some grain."""
    rng = np.random.default_rng(number)
    pixels = np.full((SIDE, SIDE, 3), (number * 5 % 200 + 20, 128, 100)) + rng.integers(-12, 13, (SIDE, SIDE, 3))
    file = BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def colour_of(content: bytes) -> int:
    """The artist's number, read from a picture."""
    with Image.open(BytesIO(content)) as picture:
        return round((float(np.asarray(picture)[..., 0].mean()) - 20) / 5)


async def live(number: int, who: tuple[str, str, str], url: str, until: float, waited: Waited) -> None:
    """One artist's afternoon."""
    artist, session, token = who
    rng = random.Random(number)
    bearer = {"authorization": f"Bearer {token}"}
    jobs: list[str] = []
    async with httpx.AsyncClient(base_url=url, timeout=120, cookies={"glaze_session": session}) as client:

        async def ask(what: str, method: str, path: str, **how: Any) -> httpx.Response | None:
            begun = time.monotonic()
            try:
                answer = await client.request(method, path, **how)
            except httpx.HTTPError as fault:
                waited.wrong.append(f"{what}: {type(fault).__name__}")
                return None
            waited.seconds[what].append(time.monotonic() - begun)
            if answer.status_code >= 400:
                waited.wrong.append(f"{what}: {answer.status_code}")
                return None
            return answer

        await asyncio.sleep(rng.random() * PAUSE)
        while time.monotonic() < until:
            if len(jobs) < 2:
                files = {"picture": (f"{number}.png", picture_of(number))}
                how = {"files": files, "data": {"render": "fast"}, "headers": bearer}
                if answer := await ask("handing in", "POST", "/api/v1/jobs", **how):
                    jobs.append(answer.json()["id"])
                    waited.handed_in[artist].add(jobs[-1])
            await ask("page", "GET", "/account")
            await ask("list", "GET", "/api/v1/jobs", headers=bearer)
            if jobs:
                await ask("job", "GET", f"/api/v1/jobs/{rng.choice(jobs)}", headers=bearer)
            await asyncio.sleep(rng.random() * 2 * PAUSE)


def crossed(house: House, settled: Sequence[tuple[str, str, str]], waited: Waited) -> dict[str, int]:
    """What became of every job: how many are done, were lost, or lie with another's picture."""
    counts = {"handed in": 0, "done": 0, "lost": 0, "crossed": 0}
    for number, (artist, _, _) in enumerate(settled):
        mine = {job.id: job for job in queue.of_artist(house, artist)}
        counts["handed in"] += len(waited.handed_in[artist])
        counts["lost"] += len(waited.handed_in[artist] ^ mine.keys())
        for job in mine.values():
            if colour_of(queue.original(house, artist, job.id).read_bytes()) != number % 40:
                counts["crossed"] += 1
            if job.state is State.DONE:
                counts["done"] += 1
                if colour_of(queue.result(house, artist, job.id).read_bytes()) != number % 40:
                    counts["crossed"] += 1
    return counts


def figures(waited: Waited) -> dict[str, dict[str, float]]:
    """Percentiles of the seconds, by what was waited for; "pages" is all but handing in."""
    seconds = dict(waited.seconds)
    seconds["pages"] = [one for what, waits in waited.seconds.items() if what != "handing in" for one in waits]
    return {
        what: {
            "requests": len(waits),
            **{f"p{p}": round(float(np.percentile(waits, p)), 3) for p in (50, 95, 99)},
            "longest": round(max(waits), 3),
        }
        for what, waits in seconds.items()
        if waits
    }


def run(folder: Path, artists: int, seconds: float, *, stand_in: bool, finish: bool = False) -> dict[str, Any]:
    """The figures. finish: wait until every job is done."""
    config = folder / "service.toml"
    port = _free_port()
    config.write_text(
        f'[server]\nport = {port}\n[storage]\ndata = "data"\n[workers]\nthreads = 1\n'
        "[limits]\nrequests_per_minute = 6000\n"
    )
    settings = load(config)
    house = open_house(settings)
    settled = settle(house, artists)
    load_before = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    waited = Waited()
    command = [sys.executable, "-c", SERVER, str(config), WORKER if stand_in else ""]
    with (folder / "log").open("wb") as log, Popen(command, cwd=ROOT, stderr=log) as server:
        try:
            _wait(settings)
            until = time.monotonic() + seconds

            async def all_of_them() -> None:
                await asyncio.gather(
                    *(live(n, who, settings.public_url, until, waited) for n, who in enumerate(settled))
                )

            asyncio.run(all_of_them())
            while finish and any(not j.state.finished for a, _, _ in settled for j in queue.of_artist(house, a)):
                time.sleep(0.2)
            counts = crossed(house, settled, waited)
        finally:
            server.terminate()
    house.close()
    return {
        "artists": artists,
        "seconds": seconds,
        "engine": "stand-in" if stand_in else "bundled, or the packs that are here",
        "processors": os.cpu_count(),
        "load_before": load_before,
        "waited": figures(waited),
        "jobs": counts,
        "wrong": waited.wrong,
    }


def _wait(settings: ServiceSettings) -> None:
    for _ in range(1200):
        with suppress(httpx.TransportError):
            if httpx.get(f"{settings.public_url}/sign-in").status_code == 200:
                return
        time.sleep(0.1)
    raise SystemExit("the server did not start")


def _free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def main() -> None:
    """The command line above."""
    parser = argparse.ArgumentParser(description="How long fifty artists wait for a page.")
    parser.add_argument("--artists", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--stand-in", action="store_true", help="a worker that only waits, in the engine's place")
    parser.add_argument("--out", type=Path, help="a file for the figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), options.artists, options.seconds, stand_in=options.stand_in)
    text = json.dumps(found, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
