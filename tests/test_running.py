"""Started twice, Glaze opens once; however it ended, it starts again and what it left behind is wiped."""

from __future__ import annotations

import http.client
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from glaze.errors import StudioError
from glaze.studio import running
from glaze.studio.running import Claim, Record, claim, proof, record_path
from tests import guard

PATIENCE = 120
# A studio in small: the claim and a server that answers as Doorkeeper does, without the page.
SMALL = """
import http.server, sys, threading
from glaze.studio import running

found = running.claim()
if isinstance(found, running.Record):
    print("found", found.address, flush=True)
    raise SystemExit

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        told = found.prove(self.path.removeprefix(running.PATH))
        self.send_response(404 if told is None else 200)
        self.end_headers()
        self.wfile.write((told or "").encode())
    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}/"
found.open_at(address)
print("open", address, flush=True)
for line in sys.stdin:
    if line == "withdraw\\n":
        found.withdraw()
        print("withdrawn", flush=True)
found.release()
"""


@pytest.fixture(autouse=True)
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLAZE_RUNNING", str(tmp_path / "own" / "running.json"))
    return tmp_path / "own" / "running.json"


@contextmanager
def process(*arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that is killed on the way out."""
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=guard.ROOT,
        env={**os.environ, **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def line(started: subprocess.Popen[str]) -> str:
    assert started.stdout is not None
    return started.stdout.readline().strip()


def tell(started: subprocess.Popen[str], text: str) -> None:
    assert started.stdin is not None
    started.stdin.write(f"{text}\n")
    started.stdin.flush()


def write(record: Path, **changes: object) -> Record:
    """A record of a studio that never was: in this very process, on a port of its own choice."""
    said = {"process": os.getpid(), "computer": "here", "address": "http://127.0.0.1:9/", "token": "abc", **changes}
    record.parent.mkdir(exist_ok=True)
    record.write_text(json.dumps(said))
    return Record(**said)  # type: ignore[arg-type]


def ours() -> Claim:
    """The claim, which must be free."""
    found = claim(0)
    assert isinstance(found, Claim)
    return found


class TestTheClaim:
    def test_the_first_has_it_until_it_lets_go(self, record: Path) -> None:
        first = ours()
        with pytest.raises(StudioError) as caught:
            claim(0)
        assert caught.value.key == "still_starting"
        first.open_at("http://127.0.0.1:9/")
        assert json.loads(record.read_text())["process"] == os.getpid()
        with pytest.raises(StudioError) as caught:
            claim(0)
        assert caught.value.key == "no_answer", "it is there but nobody serves its page"
        assert str(os.getpid()) in str(caught.value)
        first.release()
        assert not record.exists()
        ours().release()

    @pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
    def test_nobody_else_reads_the_secret(self, record: Path) -> None:
        first = ours()
        first.open_at("http://127.0.0.1:9/")
        assert record.stat().st_mode & 0o077 == 0
        first.release()

    def test_the_answer_depends_on_the_secret_and_the_question(self) -> None:
        answers = {proof(token, question) for token in ("a", "b") for question in ("x", "y", "")}
        assert len(answers) == 6
        first = ours()
        assert first.prove("x") == first.prove("x") != first.prove("y")
        first.release()
        assert first.prove("x") is None
        second = ours()
        assert second.prove("x") is not None
        second.release()

    def test_of_many_at_once_one_has_it_and_the_others_find_it(self) -> None:
        with ExitStack() as stack:
            all_of_them = [stack.enter_context(process("-c", SMALL)) for _ in range(5)]
            said = [line(each) for each in all_of_them]
        assert sorted(text.split()[0] for text in said) == ["found"] * 4 + ["open"]
        assert len({text.split()[1] for text in said}) == 1, said

    def test_a_killed_one_is_replaced(self, record: Path) -> None:
        with process("-c", SMALL) as first:
            address = line(first).split()[1]
            found = claim(0)
            assert isinstance(found, Record)
            assert (found.address, found.process) == (address, first.pid)
            first.kill()
            first.wait(PATIENCE)
            assert record.exists(), "it had no time to clean up"
            second = ours()
            assert not record.exists()
            second.release()

    def test_one_that_closes_is_waited_for(self) -> None:
        with process("-c", SMALL) as first:
            line(first)
            tell(first, "withdraw")
            assert line(first) == "withdrawn"
            with pytest.raises(StudioError):
                claim(0)
            with process("-c", SMALL) as second:
                first.communicate()
                assert line(second).startswith("open")

    def test_a_lock_that_was_tidied_away_is_not_needed_to_find_it(self, record: Path) -> None:
        with process("-c", SMALL) as first:
            address = line(first).split()[1]
            if os.name == "posix":
                record.with_suffix(".lock").unlink()
            found = claim(0)
            assert isinstance(found, Record)
            assert found.address == address

    def test_where_nothing_can_be_written_the_studio_still_opens(self, record: Path) -> None:
        record.parent.write_bytes(b"mine")
        first = ours()
        first.open_at("http://127.0.0.1:9/")
        first.release()
        assert record.parent.read_bytes() == b"mine"

    def test_without_the_override_it_is_in_the_users_own_folder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("GLAZE_RUNNING")
        assert "glaze" in record_path().parts


class TestStaleRecords:
    @contextmanager
    def impostor(self, told: bytes) -> Iterator[str]:
        """Another program that has the port by now and answers everything with `told`."""

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            yield f"http://127.0.0.1:{server.server_port}/"
            server.shutdown()
            thread.join()

    @pytest.mark.parametrize("told", [b"", b"welcome", b"0" * 64, "é".encode(), proof("other", "x").encode()])
    def test_another_program_with_its_process_and_its_port_is_not_believed(self, told: bytes, record: Path) -> None:
        with self.impostor(told) as address:
            write(record, address=address)
            first = ours()
            assert not record.exists()
            first.release()

    def test_one_that_speaks_another_language_is_not_believed(self, record: Path) -> None:
        def speak(server: socket.socket) -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(4096)
                caller.sendall(b"\x00\x01 no http\n")

        with socket.create_server(("127.0.0.1", 0)) as server:
            thread = threading.Thread(target=speak, args=(server,))
            thread.start()
            write(record, address=f"http://127.0.0.1:{server.getsockname()[1]}/")
            ours().release()
            thread.join()

    def test_a_process_that_is_no_more_is_not_even_asked(self, record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with process("-c", "") as gone:
            gone.wait(PATIENCE)
        write(record, process=gone.pid)
        asked: list[object] = []
        monkeypatch.setattr("http.client.HTTPConnection", lambda *_arguments, **_options: asked.append(1))
        ours().release()
        assert asked == []

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"[]",
            b"\xff",
            b'{"process": 1}',
            b"[" * 100_000,
            *(
                json.dumps({"process": 1, "computer": "c", "address": address, "token": "t"}).encode()
                for address in (
                    "http://example.org/",
                    "http://127.0.0.1:80@example.org/",
                    "http://127.0.0.1:0/",
                    "http://127.0.0.1:70000/",
                    "file:///etc/passwd",
                    "javascript:alert(1)",
                    "",
                )
            ),
            *(
                json.dumps({"process": number, "computer": "c", "address": "http://127.0.0.1:9", "token": "t"}).encode()
                for number in (-1, 0, 10**30, 1.5, "1", None)
            ),
        ],
        ids=lambda content: content[:90].decode("latin-1"),
    )
    def test_what_is_no_record_of_this_computers_is_passed_over(self, content: bytes, record: Path) -> None:
        record.parent.mkdir()
        record.write_bytes(content)
        assert running._read(record) is None
        first = ours()
        first.open_at("http://127.0.0.1:9/")
        assert running._read(record) is not None
        first.release()

    def test_anothers_record_is_not_taken_away(self, record: Path) -> None:
        first = ours()
        theirs = write(record)
        first.release()
        assert running._read(record) == theirs


class TestTheStudio:
    """The real one, from start to end."""

    COMMAND = ("-m", "glaze", "studio")

    def environ(self, folder: Path) -> dict[str, str]:
        folder.mkdir()
        browser = folder / "browser.py"
        browser.write_text("import sys\nwith open(__file__ + '.txt', 'a') as said: said.write(sys.argv[1] + '\\n')\n")
        return {
            **guard.environment(folder),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "BROWSER": f"{sys.executable} {browser} %s",
        }

    def scratches(self, folder: Path) -> set[str]:
        return {path.name for path in (folder / "cache" / "glaze" / "studio").iterdir()}

    def ask(self, address: str, path: str, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"), timeout=PATIENCE)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    @pytest.mark.skipif(sys.platform == "win32", reason="caches and the browser are set by the environment elsewhere")
    def test_from_two_starts_at_once_over_a_kill_to_an_end_in_order(self, tmp_path: Path) -> None:
        folder = tmp_path / "studio"
        environ = self.environ(folder)
        out = ("--out", str(tmp_path / "out"))
        with process(*self.COMMAND, *out, **environ) as one, process(*self.COMMAND, *out, **environ) as other:
            said = {each: line(each) for each in (one, other)}
            [first] = [each for each in said if said[each].startswith("Glaze is open at ")]
            [second] = [each for each in said if said[each].startswith("Glaze is open already at ")]
            address = said[first].split()[-1]
            assert said[second].split()[-1] == address
            assert second.wait(PATIENCE) == 0
            opened = folder / "browser.py.txt"
            assert set(opened.read_text().split()) == {address}

            # What the first has in hand is not touched by those that come later.
            scratch = folder / "cache" / "glaze" / "studio" / str(first.pid)
            (scratch / "upload.png").write_bytes(b"x")
            port = int(address.rstrip("/").rpartition(":")[2])
            with process(*self.COMMAND, "--no-browser", "--port", str(port + 1), **environ) as third:
                told, _ = third.communicate(timeout=PATIENCE)
            assert third.returncode == 0
            assert told.splitlines() == [
                f"Glaze is open already at {address}",
                f"To have it on port {port + 1}, close that one first.",
            ]
            assert self.scratches(folder) == {str(first.pid)}
            assert (scratch / "upload.png").read_bytes() == b"x"

            # Only who knows the secret can tell what is answered, and only on this computer is anything answered.
            said_of_it = json.loads((folder / "running.json").read_text())
            expected = (200, proof(said_of_it["token"], "why").encode())
            assert self.ask(address, "/running/why") == expected
            assert self.ask(address, "/running/why", Host="evil.example")[0] == 400
            assert said_of_it["token"].encode() not in self.ask(address, "/en")[1]

            first.kill()
            first.wait(PATIENCE)
        assert (scratch / "upload.png").exists()
        assert (folder / "running.json").exists()
        with process(*self.COMMAND, "--no-browser", *out, **environ) as last:
            assert line(last).startswith("Glaze is open at ")
            assert self.scratches(folder) == {str(last.pid)}, "what the killed one left is wiped"
            last.terminate()
            assert last.wait(PATIENCE) == 0
        assert self.scratches(folder) == set(), "and nothing is left at an end in order"
        assert not (folder / "running.json").exists()
        assert guard.leaks(folder) == []
