"""A guard on the sockets of another Python process and of all Python processes that it starts.

It is loaded before anything else (as sitecustomize), hears of every address through Python's audit events, writes those
that are not this computer's own down and refuses them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = """
import ipaddress, os, sys

def own(host):
    if host in (None, "", b"", "localhost", b"localhost", "0.0.0.0", "::"):
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False

def guard(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        # Other than a tuple: a socket in the file system, or one that is connected already.
        host = address[0] if isinstance(address, tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
    else:
        return
    if not own(host):
        with open(os.environ["GLAZE_TEST_LEAKS"], "a", encoding="utf-8") as leaks:
            leaks.write(f"{event} {host}\\n")
        raise PermissionError(f"{event}: {host} is outside")

sys.addaudithook(guard)
"""


def environment(folder: Path) -> dict[str, str]:
    """What a process needs in its environment to be guarded; what leaks is written into `folder`.

    What it keeps of its own is kept there, too: processes with the same folder know of each other, others do not.
    """
    (folder / "sitecustomize.py").write_text(SOURCE, encoding="utf-8")
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {
        **os.environ,
        "PYTHONPATH": path,
        "GLAZE_TEST_LEAKS": str(folder / "leaks.txt"),
        "GLAZE_PREFERENCES": str(folder / "preferences.json"),
        "GLAZE_RUNNING": str(folder / "running.json"),
        "GLAZE_LEDGER": str(folder / "ledger.sqlite3"),
        "GLAZE_ORIGINALS": str(folder / "originals"),
        "GLAZE_PACKS": str(folder / "packs"),
        "GLAZE_REDRAWN": str(folder / "redrawn"),
    }


def leaks(folder: Path) -> list[str]:
    """What the guarded processes tried, in order."""
    log = folder / "leaks.txt"
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


@contextmanager
def studio(folder: Path, arguments: list[str], **environ: str) -> Iterator[str]:
    """The address of a guarded studio, started by `python ARGUMENTS`; on the way out nothing may have leaked."""
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**environment(folder), "XDG_CACHE_HOME": str(folder / "cache"), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            first = server.stdout.readline()
            assert "Glaze is open at http://127.0.0.1:" in first, first + server.stdout.read()
            yield first.split()[-1]
        finally:
            server.terminate()
    assert leaks(folder) == [], "the server spoke to someone"
