"""Whether there is something newer is asked of the checkout's own remote, only once switched on, and quietly."""

from __future__ import annotations

import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from glaze.preferences import Preferences
from glaze.studio import updates
from glaze.studio.updates import Outcome, Update, check
from glaze.studio.words import languages, load

GIT = shutil.which("git")
needs_git = pytest.mark.skipif(GIT is None, reason="no git here")
ON = Preferences(check_updates=True)


@pytest.fixture(autouse=True)
def _nobodys_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests, and none of a git that may run them."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "gitconfig").write_text(
        "[user]\nname = Test\nemail = test@example.org\n[init]\ndefaultBranch = main\n[advice]\ndetachedHead = false\n"
    )


def git(folder: Path, *words: str | Path) -> str:
    command = ["git", "-C", str(folder), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def commit(folder: Path, text: str) -> None:
    (folder / "file.txt").write_text(text)
    git(folder, "add", "file.txt")
    git(folder, "commit", "-m", text)


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init")
    commit(folder, "first")
    commit(folder, "second")
    return folder


@pytest.fixture
def checkout(origin: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", origin, "checkout")
    return tmp_path / "checkout"


def outcome(folder: Path) -> Outcome:
    update = check(ON, folder)
    assert update is not None
    return update.outcome


class TestOff:
    def test_it_is_off_until_it_is_switched_on(self) -> None:
        assert not Preferences().check_updates

    @needs_git
    def test_while_it_is_off_no_program_is_started(self, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        started: list[Any] = []
        real = subprocess.Popen

        def note(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
            started.append(arguments)
            return real(*arguments, **options)

        monkeypatch.setattr(subprocess, "Popen", note)
        assert check(Preferences(), checkout) is None
        assert started == []
        assert check(ON, checkout) is not None
        assert started, "the net would have caught it"

    def test_importing_asks_nothing(self) -> None:
        code = """
import sys
def hear(event, arguments):
    if event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect"):
        raise SystemExit(f"{event} {arguments}")
sys.addaudithook(hear)
from glaze.preferences import Preferences
from glaze.studio.updates import check
assert check(Preferences()) is None
print("silent")
"""
        root = Path(__file__).resolve().parents[1]
        answer = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
        assert answer.stdout.strip() == "silent", answer.stderr


@needs_git
class TestTheCheckout:
    def test_as_new_as_its_origin(self, checkout: Path, origin: Path) -> None:
        assert check(ON, checkout) == Update(Outcome.UP_TO_DATE, checkout, str(origin))

    def test_behind_its_origin(self, checkout: Path, origin: Path) -> None:
        commit(origin, "third")
        update = check(ON, checkout)
        assert update == Update(Outcome.NEWER, checkout, str(origin))
        before = git(checkout, "rev-parse", "HEAD", "origin/main")
        assert "third" not in git(checkout, "log", "--all", "--format=%s"), "it only asks and fetches nothing"
        git(checkout, "pull")
        assert outcome(checkout) is Outcome.UP_TO_DATE
        assert git(checkout, "rev-parse", "HEAD", "origin/main") != before

    def test_behind_what_it_has_fetched(self, checkout: Path, origin: Path) -> None:
        commit(origin, "third")
        git(checkout, "fetch")
        assert outcome(checkout) is Outcome.NEWER

    def test_ahead_of_its_origin(self, checkout: Path) -> None:
        commit(checkout, "mine")
        assert outcome(checkout) is Outcome.UP_TO_DATE

    def test_gone_another_way(self, checkout: Path, origin: Path) -> None:
        commit(checkout, "mine")
        commit(origin, "theirs")
        assert outcome(checkout) is Outcome.NEWER

    def test_the_origin_went_back(self, checkout: Path, origin: Path) -> None:
        git(origin, "reset", "--hard", "HEAD~1")
        assert outcome(checkout) is Outcome.UP_TO_DATE

    def test_only_its_own_branch_counts(self, checkout: Path, origin: Path) -> None:
        git(origin, "checkout", "-b", "wild")
        commit(origin, "wild")
        assert outcome(checkout) is Outcome.UP_TO_DATE
        git(checkout, "fetch")
        git(checkout, "checkout", "wild")
        git(origin, "checkout", "main")
        commit(origin, "calm")
        assert outcome(checkout) is Outcome.UP_TO_DATE

    def test_a_branch_that_is_gone_over_there(self, checkout: Path, origin: Path) -> None:
        git(origin, "branch", "old")
        git(checkout, "fetch")
        git(checkout, "checkout", "old")
        git(origin, "branch", "-D", "old")
        assert outcome(checkout) is Outcome.UP_TO_DATE
        commit(origin, "third")
        assert outcome(checkout) is Outcome.NEWER

    def test_a_release_and_a_branch_of_ones_own(self, checkout: Path, origin: Path) -> None:
        git(checkout, "checkout", "--detach")
        assert outcome(checkout) is Outcome.UP_TO_DATE
        git(checkout, "checkout", "-b", "mine")
        assert outcome(checkout) is Outcome.UP_TO_DATE
        commit(origin, "third")
        assert outcome(checkout) is Outcome.NEWER
        git(checkout, "checkout", "--detach")
        assert outcome(checkout) is Outcome.NEWER

    def test_a_remote_of_another_name(self, checkout: Path, origin: Path) -> None:
        git(checkout, "remote", "rename", "origin", "upstream")
        commit(origin, "third")
        assert outcome(checkout) is Outcome.NEWER

    def test_a_shallow_copy(self, origin: Path, tmp_path: Path) -> None:
        git(tmp_path, "clone", "--depth=1", origin.as_uri(), "shallow")
        assert outcome(tmp_path / "shallow") is Outcome.UP_TO_DATE
        commit(origin, "third")
        assert outcome(tmp_path / "shallow") is Outcome.NEWER

    def test_a_second_work_tree(self, checkout: Path, origin: Path, tmp_path: Path) -> None:
        git(checkout, "worktree", "add", tmp_path / "tree")
        assert (tmp_path / "tree" / ".git").is_file()
        commit(origin, "third")
        assert outcome(tmp_path / "tree") is Outcome.NEWER

    def test_another_checkout_in_the_environment_misleads_nobody(
        self, checkout: Path, origin: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        commit(origin, "third")
        monkeypatch.setenv("GIT_DIR", str(origin / ".git"))
        assert outcome(checkout) is Outcome.NEWER

    def test_this_very_checkout_is_understood(self) -> None:
        assert (updates.CHECKOUT / "glaze" / "studio" / "updates.py").is_file()


@needs_git
class TestNoAnswer:
    def test_a_folder_from_a_zip(self, checkout: Path) -> None:
        # It lies in another project's checkout, which is not asked.
        folder = checkout / "glaze-main"
        folder.mkdir()
        assert check(ON, folder) == Update(Outcome.NOT_A_CHECKOUT, folder)

    @pytest.mark.parametrize("content", ["", "gitdir: nowhere", "\0"])
    def test_a_checkout_that_is_none(self, content: str, checkout: Path) -> None:
        folder = checkout / "inner"
        folder.mkdir()
        (folder / ".git").write_text(content)
        assert outcome(folder) is Outcome.NOT_A_CHECKOUT

    def test_a_checkout_without_a_version(self, tmp_path: Path) -> None:
        git(tmp_path, "init", "empty")
        assert outcome(tmp_path / "empty") is Outcome.NOT_A_CHECKOUT

    def test_nobody_to_ask(self, origin: Path) -> None:
        assert check(ON, origin) == Update(Outcome.NO_REMOTE, origin)

    def test_no_git(self, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(checkout))
        assert outcome(checkout) is Outcome.NO_GIT

    def test_apples_stand_in_is_no_git(self, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[list[str]] = []

        def run(command: list[str], **_options: Any) -> subprocess.CompletedProcess[bytes]:
            asked.append(command)
            return subprocess.CompletedProcess(command, 2)

        monkeypatch.setattr("platform.system", lambda: "Darwin")
        monkeypatch.setattr("shutil.which", lambda _name: "/usr/bin/git")
        monkeypatch.setattr("subprocess.run", run)
        assert outcome(checkout) is Outcome.NO_GIT
        assert asked == [["/usr/bin/xcode-select", "-p"]]

    def test_the_place_is_gone(self, checkout: Path, origin: Path) -> None:
        shutil.rmtree(origin)
        assert check(ON, checkout) == Update(Outcome.NO_ANSWER, checkout, str(origin))

    def test_the_place_is_empty(self, checkout: Path, tmp_path: Path) -> None:
        git(tmp_path, "init", "--bare", "bare")
        git(checkout, "remote", "set-url", "origin", tmp_path / "bare")
        assert outcome(checkout) is Outcome.NO_ANSWER

    def test_nobody_listens(self, checkout: Path) -> None:
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{reserved.getsockname()[1]}/glaze.git"
            git(checkout, "remote", "set-url", "origin", url)
            assert check(ON, checkout) == Update(Outcome.NO_ANSWER, checkout, url)

    def test_who_never_answers_is_not_waited_for_and_nothing_goes_on(self, checkout: Path) -> None:
        before = {child.pid for child in psutil.Process().children(recursive=True)}
        with socket.create_server(("127.0.0.1", 0)) as mute:
            git(checkout, "remote", "set-url", "origin", f"http://127.0.0.1:{mute.getsockname()[1]}/glaze.git")
            update = check(ON, checkout, patience=1.0)
            mute.settimeout(30)
            mute.accept()[0].close()
        assert update is not None
        assert update.outcome is Outcome.NO_ANSWER
        assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


class Locked(http.server.BaseHTTPRequestHandler):
    """A place that wants a password, and notes what it is told."""

    heard: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        self.heard.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="mine"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@needs_git
@pytest.mark.skipif(sys.platform == "win32", reason="the pretended helper is a shell script")
class TestQuiet:
    @pytest.fixture
    def locked(self) -> Iterator[str]:
        Locked.heard = []
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Locked) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            yield f"127.0.0.1:{server.server_port}"
            server.shutdown()
            thread.join()

    def test_no_password_is_looked_up_or_asked_for(
        self, locked: str, checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        helper = tmp_path / "helper"
        helper.write_text(f'#!/bin/sh\necho "$0 $*" >>"{tmp_path}/asked"\necho password=x\necho username=x\n')
        helper.chmod(0o755)
        git(checkout, "remote", "set-url", "origin", f"http://{locked}/glaze.git")
        git(checkout, "config", "credential.helper", helper)
        git(checkout, "config", f"credential.http://{locked}.helper", helper)
        git(checkout, "config", "core.askPass", helper)
        monkeypatch.setenv("GIT_ASKPASS", str(helper))
        monkeypatch.setenv("SSH_ASKPASS", str(helper))
        monkeypatch.setenv("LANGUAGE", "ja")
        assert outcome(checkout) is Outcome.NO_ANSWER
        assert not (tmp_path / "asked").exists()
        [(path, headers)] = Locked.heard
        assert path == "/glaze.git/info/refs?service=git-upload-pack"
        assert "authorization" not in headers
        # What git says whoever uses it, and nothing of this computer.
        assert headers.keys() <= {"host", "user-agent", "accept", "accept-encoding", "pragma", "git-protocol"}
        assert headers["user-agent"] == "git/2"

        told = subprocess.run(["git", "-C", str(checkout), "ls-remote", "origin"], capture_output=True, check=False)
        assert told.returncode != 0
        assert (tmp_path / "asked").exists(), "the net would have caught it"

    def test_a_password_in_the_address_is_not_shown(self, locked: str, checkout: Path) -> None:
        git(checkout, "remote", "set-url", "origin", f"http://me:secret@{locked}/glaze.git")
        update = check(ON, checkout)
        assert update == Update(Outcome.NO_ANSWER, checkout, f"http://{locked}/glaze.git")

    def test_ssh_may_not_ask_either(self, checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        ssh = tmp_path / "ssh"
        ssh.write_text(f'#!/bin/sh\necho "$*" >>"{tmp_path}/asked"\nexit 255\n')
        ssh.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        git(checkout, "remote", "set-url", "origin", "git@example.invalid:glaze.git")
        update = check(ON, checkout)
        assert update == Update(Outcome.NO_ANSWER, checkout, "git@example.invalid:glaze.git")
        assert "-oBatchMode=yes" in (tmp_path / "asked").read_text().splitlines()[-1]


@pytest.mark.parametrize("language", languages())
def test_every_outcome_has_words(language: str, tmp_path: Path) -> None:
    words = load(language)
    for each in Outcome:
        told = words.html(f"update.{each}", **Update(each, tmp_path, "https://example.org/glaze.git").fields)
        assert "{" not in told
    assert str(tmp_path) in words("update.newer", **Update(Outcome.NEWER, tmp_path, "x").fields)
    assert {"update.label", "settings.updates.info"} <= words.texts.keys()
