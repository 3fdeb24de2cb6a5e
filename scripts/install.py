"""Makes .venv, Glaze's own Python environment, and keeps it in step with requirements.txt.

The launchers, scripts/check and scripts/test call it; it needs nothing but Python itself:

    python scripts/install.py --check    exit code 0 if .venv is complete, else 1; changes nothing, asks no network
    python scripts/install.py            makes it complete; exit code 1, in plain words, if that fails
    ... --dev                            with the tools of requirements-dev.txt as well

What was installed is noted in .venv/glaze.json, the stamp, which is written last: an environment without a stamp was
never finished and is made anew. All words go to standard error; standard output belongs to the program that is started.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import json
import platform
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, TextIO

ROOT: Final = Path(__file__).resolve().parents[1]
REQUIREMENTS: Final = ("requirements.txt", "constraints.txt")
DEV_REQUIREMENTS: Final = (
    "requirements-dev.txt",
    "requirements-cluster.txt",
    "requirements-docs.txt",
    "requirements-service.txt",
)
GIGABYTE: Final = 1_000_000_000
# The finished environment without CUDA, 1.5 GB on Linux, and the downloads, .4 GB. Less than this cannot end well.
LEAST_DISK: Final = 2 * GIGABYTE

PLAIN: Final = "plain"
# torch's own indexes, for the builds that the plain one does not have for a system.
INDEXES: Final = {
    name: f"https://download.pytorch.org/whl/{name}"
    for name in (
        "cpu",  # no graphics card: 0.2 GB where Linux's plain build takes 3
        "cu130",  # CUDA 13: NVIDIA cards since Turing, driver 580 or newer
        "cu126",  # CUDA 12: NVIDIA cards since Maxwell, driver 528 or newer
    )
}
REACH_SECONDS: Final = 5.0

# Patterns of what pip says when it fails, and what that means to a person; the first that is found counts.
REASONS: Final = {
    r"No space left|not enough space on the disk|Errno 28": (
        "The disk is full. Free some space (Glaze needs about 2 GB, with an NVIDIA card 8 GB) and start Glaze again."
    ),
    r"CERTIFICATE_VERIFY_FAILED|SSLError": (
        "The connection is being intercepted (a company network or a virus scanner does that), so nothing was "
        "downloaded. Try another network, or ask whoever runs this one."
    ),
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|IncompleteRead"
    r"|Connection (aborted|broken|refused|reset|timed out)|Temporary failure in name resolution": (
        "No connection. The first start downloads what Glaze is made of: connect to the internet and start Glaze "
        "again. Later starts need no connection."
    ),
    r"No matching distribution|Could not find a version": (
        "A part of Glaze is not made for this computer. Glaze runs on 64-bit Windows 10 or later (Intel and AMD), on "
        "Macs with Apple silicon and macOS 14 or later, and on 64-bit Linux of 2019 or later."
    ),
    r"Permission denied|Access is denied|WinError (5|32)\b": (
        "A file could not be replaced. Close every Glaze window and start again; if that does not help, move the "
        "Glaze folder into your home folder."
    ),
}
UNKNOWN_REASON: Final = "A part of Glaze could not be installed. Start Glaze again; if that does not help, report it."


class InstallError(Exception):
    """Why Glaze cannot be set up, in words for the person who started it."""


@dataclass(frozen=True)
class Graphics:
    """An NVIDIA card: its driver's main version, and its compute capability times ten (75 is Turing); 0 if unknown."""

    driver: int
    capability: int


@dataclass(frozen=True)
class Stamp:
    """What a finished environment holds: hashes of the requirements, its Python, and where torch came from."""

    requirements: str
    dev: str
    python: str
    backend: str


def say(words: str) -> None:
    """A line for the person who waits."""
    print(words, file=sys.stderr, flush=True)


# --- what is installed


def fingerprint(root: Path, names: Sequence[str]) -> str:
    """One hash of the named files of `root`; any change in any of them changes it."""
    digest = hashlib.sha256()
    for name in names:
        digest.update(hashlib.sha256((root / name).read_bytes()).digest())
    return digest.hexdigest()


def this_python() -> str:
    """The running Python as far as compiled packages depend on it, such as "3.12 x86_64"."""
    return f"{sys.version_info.major}.{sys.version_info.minor} {platform.machine()}"


def stamp_path(root: Path) -> Path:
    """Inside the environment, so that the two can only go together."""
    return root / ".venv" / "glaze.json"


def read_stamp(root: Path) -> Stamp | None:
    """The stamp; None where there is none or it makes no sense."""
    try:
        return Stamp(**json.loads(stamp_path(root).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_stamp(root: Path, stamp: Stamp) -> None:
    """Whole or not at all."""
    draft = stamp_path(root).with_suffix(".part")
    draft.write_text(json.dumps(asdict(stamp), indent=2) + "\n", encoding="utf-8")
    draft.replace(stamp_path(root))


def is_complete(root: Path, *, dev: bool) -> bool:
    """Whether the environment, whose Python is running this, holds what the requirements now ask for."""
    stamp = read_stamp(root)
    return (
        stamp is not None
        and stamp.python == this_python()
        and stamp.requirements == fingerprint(root, REQUIREMENTS)
        and (not dev or stamp.dev == fingerprint(root, DEV_REQUIREMENTS))
    )


def venv_python(root: Path) -> Path:
    """The environment's Python."""
    return root / ".venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def venv_says_complete(root: Path, *, dev: bool) -> bool:
    """Like `is_complete`, asked of the environment's own Python: one that does not even start is not complete."""
    script = str(root / "scripts" / "install.py")
    command = [str(venv_python(root)), "-I", script, "--check", *(["--dev"] if dev else [])]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


# --- which torch this machine calls for


def parse_graphics(lines: str) -> Graphics | None:
    """The most capable card of nvidia-smi's "driver_version, compute_cap" lines; None where there is none.

    A driver too old to know of compute_cap answers with a text in its place, which counts as 0.
    """
    cards = []
    for line in lines.splitlines():
        found = re.match(r"\s*(\d+)\.[\d.]+\s*,\s*(?:(\d+)\.(\d))?", line)
        if found:
            driver, major, minor = found.groups()
            cards.append(Graphics(int(driver), int(major) * 10 + int(minor) if major else 0))
    return max(cards, key=lambda card: card.capability, default=None)


def find_graphics() -> Graphics | None:
    """The NVIDIA card of this machine, as its driver's nvidia-smi tells; None without card or driver."""
    tool = shutil.which("nvidia-smi") or shutil.which("nvidia-smi", path="/usr/lib/wsl/lib")
    if tool is None:
        return None
    command = [tool, "--query-gpu=driver_version,compute_cap", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_graphics(answer.stdout)


def choose_backend(system: str, graphics: Graphics | None) -> str:
    """Where torch comes from: PLAIN, or a key of INDEXES. `system` is platform.system()'s word.

    The plain index has, for torch 2.13: on Linux the CUDA 13 build, on Windows and macOS the one without CUDA.
    """
    if system == "Darwin":
        return PLAIN
    if graphics is None or graphics.driver < 528:
        return "cpu" if system == "Linux" else PLAIN
    if graphics.driver < 580 or graphics.capability < 75:
        return "cu126"
    return PLAIN if system == "Linux" else "cu130"


def can_reach(index: str) -> bool:
    """Whether an index answers at once. Asked before pip is, which would try for minutes."""
    try:
        with urllib.request.urlopen(f"{index}/torch/", timeout=REACH_SECONDS):  # noqa: S310  INDEXES are https
            return True
    except (OSError, http.client.HTTPException, ValueError):
        return False


def why_unsupported() -> str | None:
    """Why torch has no build for this machine; None where it has one."""
    if sys.maxsize < 2**32:
        return "This Python is a 32-bit one. Install the 64-bit Python 3.12 from python.org and start Glaze again."
    if platform.system() == "Darwin" and platform.machine() != "arm64":
        return (
            "Glaze needs a Mac with Apple silicon (M1 or later): torch, the library it computes with, is no longer "
            "made for Intel. If this Mac has Apple silicon, its Python is an Intel one: install Python 3.12 from "
            "python.org and start Glaze again."
        )
    return None


# --- making it


def try_lock(handle: TextIO) -> bool:
    """Takes the file for this process, until it is closed or the process ends; False where another one has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True  # a network drive that knows no locks: better unguarded than not at all
    return True


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Waits until no other start is installing."""
    with (folder / "lock").open("w", encoding="utf-8") as handle:
        if not try_lock(handle):
            say("Another window is setting Glaze up. Waiting for it ...")
            while not try_lock(handle):
                time.sleep(1)
        yield


class Installer:
    """Runs venv and pip, and explains what they say when they fail.

    `log` gets everything they print; with pip, that is far more than the person sees.
    """

    def __init__(self, root: Path, log: Path) -> None:
        self.root = root
        self.log = log

    def make_venv(self) -> None:
        """An empty environment, in place of whatever was there. Raises InstallError."""
        folder = self.root / ".venv"
        try:
            if folder.exists():
                shutil.rmtree(folder)
        except OSError as error:
            raise InstallError(
                f"The unfinished folder {folder} could not be removed ({error.strerror}). Close every Glaze window, "
                "delete that folder and start Glaze again."
            ) from error
        made = subprocess.run(
            [sys.executable, "-I", "-m", "venv", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        with self.log.open("ab") as log:
            log.write(made.stdout)
        if made.returncode != 0:
            raise InstallError(self.explain(0))

    def pip_install(self, *arguments: str) -> None:
        """`pip install` in the environment. Raises InstallError."""
        start = self.log.stat().st_size
        # -I: nothing in the current folder or PYTHONPATH takes the place of a module. Wheels: people have no compiler.
        command = [str(venv_python(self.root)), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"]
        command += ["--log", str(self.log), "install", "--only-binary=:all:", "--no-warn-script-location", *arguments]
        done = subprocess.run(command, stdout=sys.stderr, cwd=self.root, check=False)
        # pip notes every file of every version that it did not take: 19 of 20 MB of a log that people send by mail.
        lines = self.log.read_bytes().splitlines(keepends=True)
        self.log.write_bytes(b"".join(line for line in lines if not re.search(rb"(Skipping|Found) link", line)))
        if done.returncode != 0:
            raise InstallError(self.explain(start))

    def explain(self, start: int) -> str:
        """What the log says from byte `start` on, in plain words."""
        said = self.log.read_bytes()[start:].decode(errors="replace")
        return next((words for pattern, words in REASONS.items() if re.search(pattern, said)), UNKNOWN_REASON)

    def install_torch(self, backend: str) -> str:
        """torch from the backend's index. Returns where it will come from: `backend`, or PLAIN if that index fails.

        Without torch's own needs: those come with the rest, from the plain index, which has all of them.
        """
        pin = next(
            line
            for line in (self.root / "requirements.txt").read_text("utf-8").splitlines()
            if line.startswith("torch==")
        )
        if can_reach(INDEXES[backend]):
            with contextlib.suppress(InstallError):
                self.pip_install("--no-deps", "--index-url", INDEXES[backend], pin)
                return backend
        say(f"The {backend} build of torch cannot be reached; taking the standard one, which may be larger.")
        return PLAIN


def install(root: Path, folder: Path, *, dev: bool) -> None:
    """Makes the environment complete. `folder` takes the log. Raises InstallError."""
    log = folder / "install.log"
    log.write_text(f"{platform.platform()}, Python {platform.python_version()}\n", encoding="utf-8")
    installer = Installer(root, log)
    before = read_stamp(root)
    if before is None or not venv_says_python(root, before.python):
        if reason := why_unsupported():
            raise InstallError(reason)
        free = shutil.disk_usage(root).free
        if free < LEAST_DISK:
            raise InstallError(
                f"Glaze needs about {LEAST_DISK / GIGABYTE:.0f} GB on the disk of {root}; {free / GIGABYTE:.1f} GB are "
                "free. Free some space and start Glaze again."
            )
        say("First start: Glaze is setting itself up. This takes some minutes and a connection, this once only.")
        before = None
        installer.make_venv()
        backend = choose_backend(platform.system(), find_graphics())
        stamp = Stamp(requirements="", dev="", python=this_python(), backend=backend)
    else:
        say("Glaze has changed: bringing what it needs up to date.")
        stamp = before
        stamp_path(root).unlink()
    try:
        if stamp.backend != PLAIN:
            stamp = replace(stamp, backend=installer.install_torch(stamp.backend))
        installer.pip_install("-r", (DEV_REQUIREMENTS if dev else REQUIREMENTS)[0], "-c", "constraints.txt")
    except InstallError:
        # pip failed in good order, the environment is as sound as before: the next start need not begin from nothing.
        if before is not None:
            write_stamp(root, before)
        raise
    dev_hash = fingerprint(root, DEV_REQUIREMENTS) if dev else ""
    write_stamp(root, replace(stamp, requirements=fingerprint(root, REQUIREMENTS), dev=dev_hash))
    say("Done.")


def venv_says_python(root: Path, python: str) -> bool:
    """Whether the environment's Python starts and is the one its stamp names."""
    probe = "import platform, sys; print('%d.%d' % sys.version_info[:2], platform.machine())"
    try:
        answer = subprocess.run([venv_python(root), "-I", "-c", probe], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.stdout.strip() == python


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """The command line above; returns the exit code."""
    parser = argparse.ArgumentParser(description="Sets Glaze up in its own folder.")
    parser.add_argument("--check", action="store_true", help="only say, by the exit code, whether it is set up")
    parser.add_argument("--dev", action="store_true", help="with the tools of scripts/check and scripts/test")
    options = parser.parse_args(arguments)
    if options.check:
        return 0 if is_complete(root, dev=options.dev) else 1
    folder = root / ".glaze-install"
    try:
        folder.mkdir(exist_ok=True)
        with alone(folder):
            if not venv_says_complete(root, dev=options.dev):
                install(root, folder, dev=options.dev)
    except InstallError as error:
        say(f"\nGlaze could not be set up.\n{error}\nThe details are in {folder / 'install.log'}")
        return 1
    except OSError as error:
        say(
            f"\nGlaze could not be set up: {error}\nIf the folder {root} may not be written to, move it into your home "
            f"folder and start Glaze again. The details, if any, are in {folder / 'install.log'}"
        )
        return 1
    except KeyboardInterrupt:
        say("\nStopped. Start Glaze again to go on.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
