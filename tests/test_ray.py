"""A portfolio on Ray itself, two workers on this computer: what it makes, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from glaze import __main__ as cli
from tests.stand_in import draw

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed (requirements-cluster.txt)"),
    pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process alone"),
    pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two workers need two processors"),
]

ROOT = Path(__file__).resolve().parents[1]
PICTURES = 20
PATIENCE = 240
# Loaded by this program and all that Ray starts: the real engine, with next to no work.
LITTLE_WORK = """
from glaze.settings import Effort, Render
Render.effort = property(lambda self: Effort(steps=2, canvas=64))
"""
PROGRAM = """
import os, signal
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
# A shell that runs the tests in the background ignores Ctrl-C for all below it.
signal.signal(signal.SIGINT, signal.default_int_handler)
from glaze.__main__ import run
run()
"""
OPTIONS = ("--threads", "1", "--decoy-style", "mosaic", "--seed", "3", "--save-decoy", "--json")


class House:
    """A folder of pictures, and one of its own for each program's results and ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.art = folder / "art"
        self.art.mkdir()
        for n in range(PICTURES - 3):
            draw(self.art / f"{n:02}.png", 96 + n, 128 - n, seed=n)
        picture = Image.open(draw(self.art / "alpha.png", 128, 80, seed=97))
        picture.putalpha(picture.getchannel("R"))
        picture.save(self.art / "alpha.png")
        draw(self.art / "a photograph.jpg", 120, 90, seed=98)
        Image.open(draw(self.art / "grey.png", 96, 96, seed=99)).convert("L").save(self.art / "grey.png")
        self.bad = self.art / "bad.png"
        self.bad.write_bytes(b"no picture")
        (folder / "site").mkdir()
        (folder / "site" / "sitecustomize.py").write_text(LITTLE_WORK)

    @contextmanager
    def program(self, name: str, *options: str) -> Iterator[subprocess.Popen[str]]:
        own = self.folder / name
        own.mkdir(exist_ok=True)
        (own / "tmp").mkdir(exist_ok=True)
        command = [sys.executable, "-c", PROGRAM, "portfolio", str(self.art), "--out", str(own / "out")]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(self.folder / "site"), str(ROOT)]),
            "GLAZE_LEDGER": str(own / "ledger.sqlite3"),
            "TMPDIR": str(own / "tmp"),
        }
        with (own / "err").open("w") as err:
            running = subprocess.Popen(
                [*command, *OPTIONS, *options], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=err, text=True
            )
            try:
                yield running
            finally:
                running.kill()
                running.communicate()

    def said(self, name: str) -> str:
        return (self.folder / name / "err").read_text()

    def results(self, name: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.folder / name / "out").iterdir()}


def heard(program: subprocess.Popen[str], number: int | None = None) -> list[dict[str, Any]]:
    """What a program tells: so many lines, or all to its end."""
    assert program.stdout is not None
    lines = []
    for line in program.stdout:
        lines.append(json.loads(line))
        if len(lines) == number:
            break
    if number is None:
        program.wait(PATIENCE)
    return lines


def by_name(lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What was told of each picture, but for times and places."""
    places = {"seconds", "result", "decoy"}
    named = {Path(line["picture"]).name: {k: v for k, v in line.items() if k not in places} for line in lines}
    assert len(named) == len(lines), "each once"
    return named


def below(program: subprocess.Popen[str]) -> list[psutil.Process]:
    return [psutil.Process(program.pid), *psutil.Process(program.pid).children(recursive=True)]


def stations(program: subprocess.Popen[str]) -> list[psutil.Process]:
    return [process for process in below(program) if "ray::Station" in " ".join(process.cmdline())]


def listening(program: subprocess.Popen[str]) -> set[str]:
    found = [c for p in below(program) for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert found, "Ray listens somewhere"
    return {connection.laddr.ip.removeprefix("::ffff:") for connection in found}


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=30)
    return not alive


def test_stopped_and_run_again_with_a_worker_killed_it_makes_what_one_computer_makes(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.program("alone") as program:
        alone = by_name(heard(program))
        assert program.returncode == cli.SOME_FAILED, house.said("alone")
    assert len(alone) == PICTURES + 1
    assert [name for name, line in alone.items() if not line["ok"]] == [house.bad.name]

    with house.program("cluster", "--cluster", "local") as program:
        before = heard(program, 4)
        assert len(stations(program)) == 2
        assert listening(program) == {"127.0.0.1"}
        everything = below(program)
        program.send_signal(signal.SIGINT)
        before += heard(program)
        assert program.returncode == cli.STOPPED, house.said("cluster")
        assert "Traceback" not in house.said("cluster")
        assert gone(everything), "nothing runs on"
    made = house.results("cluster")
    assert len(made) == 2 * sum(line["ok"] for line in before), "no more and nothing half-written"
    assert not list((tmp_path / "cluster" / "tmp").glob("glaze-*")), "nor anything where it was made"

    with house.program("cluster", "--cluster", "local") as program:
        after = heard(program, len(before) + 3)
        stations(program)[0].kill()
        after += heard(program)
        assert program.returncode == cli.SOME_FAILED, house.said("cluster")
    known = [line for line in after if line.get("known")]
    assert {line["result"] for line in known} == {line["result"] for line in before if line["ok"]}
    told = by_name([*before, *(line for line in after if not line.get("known"))])
    assert told == alone, "the same figures, reports, notes and messages"
    assert house.results("cluster") == house.results("alone"), "to the byte"
    assert made.items() <= house.results("cluster").items()

    house.bad.unlink()
    with house.program("cluster", "--cluster", "local") as program:
        assert all(line["known"] for line in heard(program))
        assert program.returncode == cli.ALL_DONE
    assert len(house.results("cluster")) == 2 * PICTURES, "nothing is done twice"


CHECKS = """
import json, os, sys
from glaze.cluster import pool
from glaze.cluster.ray import running
from glaze.cluster.shares import shares
from glaze.errors import ClusterError
from glaze.settings import GlazeSettings

def refused(ray, ours, networks):
    pool.version, pool.networks = (lambda: ours), (lambda settings: networks)
    try:
        pool.Pool(ray, shares(ray.nodes(), 1)[:1], GlazeSettings(), 1).close()
    except ClusterError as error:
        return [error.key, {name: str(value) for name, value in error.fields.items()}]

with running("local") as ray:
    from glaze.cluster.same import networks, version
    from ray._common.usage.usage_lib import usage_stats_enabled
    right = networks(GlazeSettings())
    print(json.dumps({
        "same": refused(ray, version(), right),
        "version": refused(ray, "0.0.1 (other)", right),
        "networks": refused(ray, version(), {**right, "taesd.safetensors": "1"}),
        "told": usage_stats_enabled(),
        "address": ray.nodes()[0]["NodeManagerAddress"],
    }))
"""


def test_a_worker_that_would_make_other_glazes_is_refused_and_nothing_is_reported() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", CHECKS], cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout.splitlines()[-1])
    assert found["same"] is None
    assert found["version"][0] == "other_glaze"
    assert found["version"][1]["ours"] == "0.0.1 (other)"
    assert found["networks"] == ["other_networks", {**found["networks"][1], "names": "taesd.safetensors"}]
    assert found["told"] is False
    assert found["address"] == "127.0.0.1"
