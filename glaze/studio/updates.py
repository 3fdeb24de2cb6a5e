"""Whether there is a newer Glaze where this copy came from. Nothing is asked until the artist has switched it on.

Git asks, as it would before it downloads: which version a branch has. It says nothing of this computer or of any
picture, and puts no question to the artist: a place that wants a password gives no answer.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import psutil

import glaze
from glaze.preferences import Preferences

CHECKOUT: Final = Path(__file__).resolve().parents[2]
PATIENCE: Final = 20.0  # seconds for the other side
LOCAL_PATIENCE: Final = 20.0  # and for git's looking into the checkout, on a slow disk
FAILED: Final = -1
# Where git stands is told by its arguments: variables like these would lead it into another checkout.
ELSEWHERE: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE")


class Outcome(StrEnum):
    """What came of asking; `update.OUTCOME` are the words for it."""

    UP_TO_DATE = "up_to_date"
    NEWER = "newer"
    NOT_A_CHECKOUT = "not_a_checkout"
    NO_REMOTE = "no_remote"
    NO_GIT = "no_git"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True)
class Update:
    """remote: the place that was or would be asked, without a password; empty where there is none."""

    outcome: Outcome
    folder: Path
    remote: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """What fills the words."""
        return {"folder": str(self.folder), "remote": self.remote, "version": glaze.__version__}


def check(preferences: Preferences, folder: Path = CHECKOUT, *, patience: float = PATIENCE) -> Update | None:
    """Ask, and wait up to `patience` seconds for the answer; None, and nothing asked, where it is switched off.

    folder: the checkout that is Glaze itself. Raises nothing.
    """
    if not preferences.check_updates:
        return None
    # A folder from a zip may lie in another project's checkout, which must not be asked.
    if not (folder / ".git").exists():
        return Update(Outcome.NOT_A_CHECKOUT, folder)
    program = _program()
    if program is None:
        return Update(Outcome.NO_GIT, folder)
    return _ask(_Git(program, folder), folder, patience)


def _ask(git: _Git, folder: Path, patience: float) -> Update:
    head = git.says("rev-parse", "--verify", "HEAD^{commit}")
    if head is None:
        return Update(Outcome.NOT_A_CHECKOUT, folder)
    remote, branch = _upstream(git)
    if remote is None:
        return Update(Outcome.NO_REMOTE, folder)
    shown = re.sub(r"(?<=://)[^/@]*@", "", git.says("ls-remote", "--get-url", remote) or remote)
    code, answer = git.run("ls-remote", remote, branch, "HEAD", patience=patience)
    versions = {name: version for version, _, name in (line.partition("\t") for line in answer.splitlines())}
    # The branch may be gone over there; what the place itself puts first is then what counts.
    theirs = versions.get(branch) or versions.get("HEAD")
    if code != 0 or theirs is None:
        return Update(Outcome.NO_ANSWER, folder, shown)
    # Where this copy goes further than theirs, or has never seen theirs, git says so, too.
    has_it = theirs == head or git.run("merge-base", "--is-ancestor", theirs, head)[0] == 0
    return Update(Outcome.UP_TO_DATE if has_it else Outcome.NEWER, folder, shown)


def _upstream(git: _Git) -> tuple[str | None, str]:
    """The remote to ask and the branch there: those of this branch, else the remote's own choice."""
    remotes = (git.says("remote") or "").split()
    branch = git.says("symbolic-ref", "--quiet", "--short", "HEAD")
    remote = branch and git.says("config", f"branch.{branch}.remote")
    theirs = branch and git.says("config", f"branch.{branch}.merge")
    if remote and theirs and remote in remotes:
        return remote, theirs
    return "origin" if "origin" in remotes else next(iter(remotes), None), "HEAD"


@dataclass(frozen=True)
class _Git:
    """Git at work in one checkout, and in no other that may lie around it."""

    program: str
    folder: Path

    def says(self, *words: str) -> str | None:
        """What git answers; None where it has none."""
        code, answer = self.run(*words)
        return answer if code == 0 and answer else None

    def run(self, *words: str, patience: float = LOCAL_PATIENCE) -> tuple[int, str]:
        """Exit code and answer; FAILED where git did not start or took longer than `patience` seconds."""
        # An empty helper forgets those named before: a password is neither looked up nor asked for.
        command = [self.program, f"--git-dir={self.folder / '.git'}", "-c", "credential.helper=", *words]
        try:
            with subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                errors="replace",
                env=_environment(),
            ) as process:
                try:
                    answer, _ = process.communicate(timeout=patience)
                finally:
                    _end(process)
        except (OSError, subprocess.TimeoutExpired):
            return FAILED, ""
        return process.returncode, answer.strip()


def _environment() -> Mapping[str, str]:
    ssh = os.environ.get("GIT_SSH_COMMAND", "ssh")
    return {
        **{name: value for name, value in os.environ.items() if name not in ELSEWHERE},
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "GCM_INTERACTIVE": "never",
        "GIT_SSH_COMMAND": f"{ssh} -oBatchMode=yes",
        # Comparing must not fetch what a partial checkout lacks.
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        # Else it would tell its version, the system and the artist's language.
        "GIT_USER_AGENT": "git/2",
        "LANGUAGE": "",
        "LC_ALL": "C",
    }


def _end(process: subprocess.Popen[str]) -> None:
    """End git where it still runs, with the programs that speak to the network for it."""
    if process.poll() is not None:
        return
    with suppress(psutil.Error):
        top = psutil.Process(process.pid)
        for each in (*top.children(recursive=True), top):
            with suppress(psutil.Error):
                each.kill()


def _program() -> str | None:
    found = shutil.which("git")
    if found == "/usr/bin/git" and platform.system() == "Darwin":
        # Apple's stands in for one that is not installed, and would open a window to install it.
        tools = subprocess.run(["/usr/bin/xcode-select", "-p"], capture_output=True, check=False)
        return found if tools.returncode == 0 else None
    return found
