"""Neither the page nor the command line opens a socket to anywhere but this computer."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import guard
from tests.stand_in import draw

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 300
# A proxy that is nowhere: whoever obeys it speaks to it and is heard.
PROXY = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), "http://192.0.2.1:9")


def run(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env={**guard.environment(folder), **PROXY},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@contextmanager
def studio(folder: Path) -> Iterator[str]:
    """The address of a guarded studio."""
    command = ["-m", "glaze", "studio", "--no-browser", "--out", str(folder / "out")]
    with guard.studio(folder, command, **PROXY) as address:
        yield address


def ask(address: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, straight from the server: no proxy, no redirects."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("code", "heard"),
    [
        ("import socket; socket.create_connection(('192.0.2.1', 80), 1)", "socket.getaddrinfo 192.0.2.1"),
        ("import socket; socket.socket().connect(('192.0.2.1', 80))", "socket.connect 192.0.2.1"),
        (
            "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('192.0.2.1', 9))",
            "socket.sendto 192.0.2.1",
        ),
        ("import socket; socket.gethostbyname('example.org')", "socket.gethostbyname example.org"),
        ("import urllib.request as r; r.urlopen('http://example.org')", "192.0.2.1"),
        # In a process of a process, and swallowed there.
        (
            "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import socket; socket.getfqdn(\"a.b\")'])",
            "socket.gethostbyaddr a.b",
        ),
    ],
)
def test_the_guard_hears_what_goes_out(code: str, heard: str, tmp_path: Path) -> None:
    run(tmp_path, "-c", code)
    assert heard in "\n".join(guard.leaks(tmp_path))


def test_the_guard_lets_this_computer_speak_to_itself(tmp_path: Path) -> None:
    code = (
        "import socket; server = socket.create_server(('127.0.0.1', 0)); "
        "socket.create_connection(('localhost', server.getsockname()[1])).close(); print('met')"
    )
    assert run(tmp_path, "-c", code).stdout == "met\n"
    assert guard.leaks(tmp_path) == []


def test_the_command_line_is_silent(tmp_path: Path) -> None:
    picture = draw(tmp_path / "picture.png")
    answer = run(tmp_path, "-m", "glaze", "apply", picture, "--render", "fast", "--json")
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "picture-glazed.png").is_file()
    assert guard.leaks(tmp_path) == []


def test_the_page_is_silent_and_closed_to_others(tmp_path: Path) -> None:
    with studio(tmp_path) as address:
        status, headers, _ = ask(address, "/", **{"Accept-Language": "ja,en;q=0.5"})
        assert (status, headers["location"]) == (307, "/ja")
        status, headers, _ = ask(address, "/", **{"Accept-Language": "ja", "Cookie": "glaze_language=en"})
        assert (status, headers["location"]) == (307, "/en")
        status, headers, page = ask(address, "/ja")
        assert status == 200
        assert "glaze_language=ja" in headers["set-cookie"]
        assert "ここに絵をドロップ" in page.decode()
        port = urlsplit(address).port
        # A name of someone else's that points here: DNS rebinding.
        assert ask(address, "/en", Host="evil.example")[0] == 400
        assert ask(address, "/en", Host=f"localhost:{port}")[0] == 200
        # gradio would fetch these for whoever asks.
        for far in ("http://192.0.2.1/a.png", "https://example.org/a.png", "http%3A//192.0.2.1/a.png"):
            assert ask(address, f"/gradio_api/file={far}")[0] == 404
        assert ask(address, "/gradio_api/proxy=https://example.hf.space/a")[0] == 404
        # Only what the page is to show is given out.
        assert ask(address, f"/gradio_api/file={ROOT / 'pyproject.toml'}")[0] in {403, 404}
        status, headers, _ = ask(address, "/en", Origin="https://evil.example")
        assert headers.get("access-control-allow-origin") in {None, ""}
