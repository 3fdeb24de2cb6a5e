"""The launchers and what they call: with a Python that only pretends to make environments and to install."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import stat
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

import app
from scripts import install
from scripts.install import Graphics, InstallError, Stamp

ROOT = Path(__file__).resolve().parents[1]
SHELL = ["launch.sh", "launch.command", "scripts/python.sh", "scripts/check", "scripts/test", ".ci/run"]
PROGRAMS = ["launch.sh", "launch.command", "scripts/check", "scripts/test", ".ci/run"]
needs_sh = pytest.mark.skipif(sys.platform == "win32", reason="launch.sh is not for Windows")

# Stands in for a Python, before and after it is installed: notes its calls in $CALLS, makes an environment that holds
# only itself, lets pip do nothing, and leaves the rest to a real Python, which is told that its name is this one's.
PRETENDER = """#!/bin/sh
printf '%s\\n' "$*" >>"$CALLS"
for last in "$@"; do :; done
case "$*" in
*"-m venv"*) mkdir -p "$last/bin" && cp "$0" "$last/bin/python" ;;
*"-m pip"*) echo "${PIP_SAYS-}" | tee -a .glaze-install/install.log; sleep "${PIP_SECONDS-0}"; exit "${PIP_EXIT-0}" ;;
"-I "*install.py*) shift; exec "$REAL_PYTHON" -I -c 'import runpy, sys
sys.executable, *sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")' "$0" "$@" ;;
*) exec "$REAL_PYTHON" "$@" ;;
esac
"""
STUDIO = """
import json, os, sys
print(json.dumps([sys.argv[1:], os.getcwd(), os.environ.get("PYTHONPATH"), os.environ["PYTHONNOUSERSITE"]]))
sys.exit(int(os.environ.get("APP_EXIT", "0")))
"""


class House:
    """A copy of what launch.sh needs, in a folder with a name that breaks careless quoting."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "my glaze & 'Ölbild'"
        self.caller = folder / "the caller's $HOME"
        self.calls = folder / "calls"
        bin_folder = folder / "bin"
        for made in (self.root / "scripts", self.caller, bin_folder):
            made.mkdir(parents=True)
        for name in ("launch.sh", "launch.command", "scripts/python.sh", "scripts/install.py"):
            shutil.copy(ROOT / name, self.root / name)
        for name in (*install.REQUIREMENTS, *install.DEV_REQUIREMENTS):
            shutil.copy(ROOT / name, self.root / name)
        (self.root / "app.py").write_text(STUDIO)
        # No card, whatever this machine has; and another Python that is one by name only.
        for name, text in {
            "python3.12": PRETENDER,
            "python3.13": "#!/bin/sh\nexit 127\n",
            "nvidia-smi": "#!/bin/sh\nexit 9\n",
        }.items():
            (bin_folder / name).write_text(text)
            (bin_folder / name).chmod(0o755)
        self.environ = {
            "PATH": f"{bin_folder}:/usr/bin:/bin",
            "HOME": str(folder),
            "CALLS": str(self.calls),
            "REAL_PYTHON": sys.executable,
            "PYTHONPATH": "/nowhere",
            # torch's own index is asked for through a proxy that is not there: no test goes out.
            "https_proxy": "http://127.0.0.1:9",
        }

    def start(self, *arguments: str, script: str = "launch.sh", **environ: str) -> subprocess.CompletedProcess[str]:
        self.calls.write_text("")
        return subprocess.run(
            [self.root / script, *arguments],
            cwd=self.caller,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def count(self, call: str) -> int:
        """How many of the last start's calls of Python contain these words."""
        return sum(call in line for line in self.calls.read_text().splitlines())

    @property
    def stamp(self) -> Path:
        return self.root / ".venv" / "glaze.json"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def copy_requirements(root: Path) -> None:
    for name in (*install.REQUIREMENTS, *install.DEV_REQUIREMENTS):
        shutil.copy(ROOT / name, root / name)


class TestFiles:
    @pytest.mark.parametrize("name", ["launch.sh", "launch.bat", "launch.command"])
    def test_a_launcher_is_short(self, name: str) -> None:
        assert len((ROOT / name).read_bytes().splitlines()) <= 60

    @pytest.mark.parametrize("name", SHELL)
    def test_shell_scripts_end_their_lines_with_lf(self, name: str) -> None:
        text = (ROOT / name).read_bytes()
        assert b"\r" not in text
        assert text.endswith(b"\n")

    def test_the_windows_launcher_ends_its_lines_with_crlf_and_is_ascii(self) -> None:
        text = (ROOT / "launch.bat").read_bytes()
        assert text.count(b"\r\n") == text.count(b"\n") == text.count(b"\r")
        assert text.isascii()

    @needs_sh
    @pytest.mark.parametrize("name", PROGRAMS)
    def test_programs_are_executable(self, name: str) -> None:
        assert stat.S_IMODE((ROOT / name).stat().st_mode) & 0o111 == 0o111
        kept = git("ls-files", "--stage", "--", name)
        assert not kept or kept.startswith("100755")

    @pytest.mark.parametrize(("name", "eol"), [*((name, "lf") for name in SHELL), ("launch.bat", "crlf")])
    def test_line_ends_are_pinned_in_git(self, name: str, eol: str) -> None:
        assert git("check-attr", "eol", "--", name).strip() == f"{name}: eol: {eol}"

    @needs_sh
    @pytest.mark.parametrize(
        ("shell", "name"), [*(("bash", name) for name in SHELL), *(("sh", name) for name in SHELL[:3])]
    )
    def test_shells_can_parse_them(self, shell: str, name: str) -> None:
        subprocess.run([shell, "-n", ROOT / name], check=True)

    def test_the_windows_launcher_jumps_only_to_labels_it_has(self) -> None:
        words = (ROOT / "launch.bat").read_text(encoding="ascii").replace("call :", "goto ").split()
        targets = {word for before, word in pairwise(words) if before == "goto"}
        assert targets <= {word[1:] for word in words if word.startswith(":")}

    def test_every_requirement_has_an_exact_version(self) -> None:
        for name in (*install.REQUIREMENTS, *install.DEV_REQUIREMENTS):
            for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
                assert not line or line.startswith(("#", "-r ")) or line.count("==") == 1, f"{name}: {line}"


def git(*arguments: str) -> str:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout")
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


@needs_sh
class TestStart:
    def test_the_first_start_sets_up_and_runs(self, house: House) -> None:
        run = house.start()
        assert run.returncode == 0, run.stderr
        assert json.loads(run.stdout) == [[], str(house.caller), None, "1"]
        assert house.count("-m venv") == 1
        assert house.count("-m pip") >= 1
        assert json.loads(house.stamp.read_text())["requirements"] == install.fingerprint(
            house.root, install.REQUIREMENTS
        )

    def test_a_second_start_installs_nothing(self, house: House) -> None:
        house.start()
        run = house.start("apply", "x.png")
        assert run.returncode == 0
        assert not run.stderr
        assert house.count("-m pip") == house.count("-m venv") == 0
        # Of the environment's Python: is it complete? Then the program.
        assert [call.split("/")[-1] for call in house.calls.read_text().splitlines()] == [
            "install.py --check",
            "app.py apply x.png",
        ]

    def test_arguments_arrive_as_given_and_the_folder_stays_the_callers(self, house: House) -> None:
        pictures = ["apply", "a b.jpg", "$HOME `x` 'q' \"d\".png", "絵.png", "", "--json", "*"]
        run = house.start(*pictures)
        # Only the program writes to standard output, even on the first start.
        arguments, folder, *_ = json.loads(run.stdout)
        assert (arguments, folder) == (pictures, str(house.caller))

    def test_the_programs_exit_code_is_the_launchers(self, house: House) -> None:
        assert house.start("apply", APP_EXIT="3").returncode == 3
        # Without arguments and without anyone to press Enter: it ends all the same.
        assert house.start(APP_EXIT="4").returncode == 4

    def test_a_window_opened_by_a_double_click_stays_until_the_words_are_read(self, house: House) -> None:
        house.start()
        keyboard, terminal = os.openpty()
        with subprocess.Popen(
            [house.root / "launch.sh"],
            env=house.environ | {"APP_EXIT": "5"},
            stdin=terminal,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as window:
            assert window.stderr is not None
            assert b"Press Enter" in window.stderr.read(11)
            assert window.poll() is None
            os.write(keyboard, b"\n")
            assert window.wait(30) == 5
        os.close(keyboard)
        os.close(terminal)

    def test_the_finders_launcher_does_the_same(self, house: House) -> None:
        run = house.start(script="launch.command")
        assert json.loads(run.stdout)[0] == []

    def test_a_link_to_the_launcher_finds_the_folder(self, house: House) -> None:
        link = house.caller / "glaze"
        link.symlink_to(Path(os.path.relpath(house.root / "launch.sh", house.caller)))
        run = subprocess.run(
            [link, "apply"], env=house.environ, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        assert run.returncode == 0, run.stderr
        assert house.stamp.exists()

    def test_new_requirements_are_installed_into_the_environment_there_is(self, house: House) -> None:
        house.start()
        with (house.root / "constraints.txt").open("a") as constraints:
            constraints.write("another==1.0\n")
        assert house.start().returncode == 0
        assert house.count("-m pip") >= 1
        assert house.count("-m venv") == 0
        house.start()
        assert house.count("-m pip") == 0

    def test_an_environment_that_was_never_finished_is_made_anew(self, house: House) -> None:
        house.start()
        house.stamp.unlink()
        (house.root / ".venv" / "half").touch()
        assert house.start().returncode == 0
        assert house.count("-m venv") == 1
        assert not (house.root / ".venv" / "half").exists()

    def test_a_start_killed_in_the_middle_leaves_nothing_in_the_way(self, house: House) -> None:
        house.calls.write_text("")
        killed = subprocess.Popen(
            [house.root / "launch.sh"],
            env=house.environ | {"PIP_SECONDS": "60"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(600):
            if house.count("-m pip"):
                break
            time.sleep(0.05)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        assert not house.stamp.exists()
        assert house.start().returncode == 0
        assert house.count("-m venv") == 1

    def test_an_environment_whose_python_is_gone_is_made_anew(self, house: House) -> None:
        house.start()
        (house.root / ".venv" / "bin" / "python").unlink()
        assert house.start().returncode == 0
        assert house.count("-m venv") == 1

    def test_what_pip_cannot_do_is_said_in_plain_words(self, house: House) -> None:
        run = house.start(PIP_EXIT="1", PIP_SAYS="OSError: [Errno 28] No space left on device")
        assert run.returncode == 1
        assert "The disk is full" in run.stderr
        assert str(house.root / ".glaze-install" / "install.log") in run.stderr
        assert "Traceback" not in run.stderr
        assert not run.stdout
        assert not house.stamp.exists()

    def test_a_failed_update_is_tried_again_and_loses_nothing(self, house: House) -> None:
        house.start()
        (house.root / "requirements.txt").write_text("torch==9.9\n")
        assert house.start(PIP_EXIT="1").returncode == 1
        assert house.start().returncode == 0
        assert house.count("-m pip") >= 1
        assert house.count("-m venv") == 0

    def test_without_a_python_it_says_what_to_install(self, house: House) -> None:
        tools = house.root.parent / "tools"
        tools.mkdir()
        for tool in ("sh", "dirname", "uname", "cat"):
            (tools / tool).symlink_to(shutil.which(tool) or tool)
        run = house.start(PATH=str(tools))
        if run.returncode == 0:
            pytest.skip("this machine has a Python in /usr/local/bin, where launch.sh looks too")
        assert "Glaze needs Python 3.11, 3.12 or 3.13" in run.stderr

    def test_an_incomplete_folder_is_named(self, house: House) -> None:
        (house.root / "scripts" / "python.sh").unlink()
        run = house.start()
        assert run.returncode == 1
        assert "not complete" in run.stderr

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux without a card takes torch from another index")
    def test_an_index_that_cannot_be_reached_is_not_waited_for_again(self, house: House) -> None:
        run = house.start()
        assert "The cpu build of torch cannot be reached" in run.stderr
        assert json.loads(house.stamp.read_text())["backend"] == "plain"
        (house.root / "constraints.txt").write_text("")
        assert "cannot be reached" not in house.start().stderr


class TestBackend:
    @pytest.mark.parametrize(
        ("system", "graphics", "backend"),
        [
            ("Linux", None, "cpu"),
            ("Linux", Graphics(driver=580, capability=75), "plain"),
            ("Linux", Graphics(driver=570, capability=89), "cu126"),
            ("Linux", Graphics(driver=580, capability=61), "cu126"),
            ("Linux", Graphics(driver=470, capability=75), "cpu"),
            ("Windows", None, "plain"),
            ("Windows", Graphics(driver=591, capability=120), "cu130"),
            ("Windows", Graphics(driver=560, capability=86), "cu126"),
            ("Windows", Graphics(driver=581, capability=0), "cu126"),
            ("Windows", Graphics(driver=472, capability=75), "plain"),
            ("Darwin", None, "plain"),
        ],
    )
    def test_the_machine_decides(self, system: str, graphics: Graphics | None, backend: str) -> None:
        assert install.choose_backend(system, graphics) == backend

    @pytest.mark.parametrize(
        ("lines", "graphics"),
        [
            ("591.44, 12.0\n", Graphics(591, 120)),
            ("580.95.05, 6.1\n580.95.05, 8.9\n", Graphics(580, 89)),
            ("472.12, [N/A]\n", Graphics(472, 0)),
            ("No devices were found\n", None),
            ("", None),
        ],
    )
    def test_nvidia_smi_is_understood(self, lines: str, graphics: Graphics | None) -> None:
        assert install.parse_graphics(lines) == graphics

    def test_no_nvidia_smi_means_no_card(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "which", lambda _name, path=None: path and None)
        assert install.find_graphics() is None
        broken = tmp_path / "nvidia-smi"
        monkeypatch.setattr(shutil, "which", lambda _name, path=None: path or str(broken))
        assert install.find_graphics() is None

    @pytest.mark.parametrize(
        ("reachable", "fails", "backend", "calls"),
        [(True, False, "cpu", 1), (True, True, "plain", 1), (False, False, "plain", 0)],
    )
    def test_torch_comes_from_the_index_or_the_plain_one(
        self,
        reachable: bool,
        fails: bool,
        backend: str,
        calls: int,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        copy_requirements(tmp_path)
        seen: list[tuple[str, ...]] = []

        def pip_install(_self: install.Installer, *arguments: str) -> None:
            seen.append(arguments)
            if fails:
                raise InstallError(install.UNKNOWN_REASON)

        monkeypatch.setattr(install, "can_reach", lambda _index: reachable)
        monkeypatch.setattr(install.Installer, "pip_install", pip_install)
        assert install.Installer(tmp_path, tmp_path / "log").install_torch("cpu") == backend
        assert seen == [("--no-deps", "--index-url", install.INDEXES["cpu"], "torch==2.13.0")] * calls

    def test_a_dead_index_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
        assert not any(install.can_reach(index) for index in install.INDEXES.values())
        assert not install.can_reach("http://127.0.0.1:9")


class TestStamp:
    def test_any_change_of_the_requirements_shows(self, tmp_path: Path) -> None:
        copy_requirements(tmp_path)
        before = install.fingerprint(tmp_path, install.REQUIREMENTS)
        assert before == install.fingerprint(tmp_path, install.REQUIREMENTS)
        for name in install.REQUIREMENTS:
            text = (tmp_path / name).read_bytes()
            (tmp_path / name).write_bytes(text + b"\n")
            assert install.fingerprint(tmp_path, install.REQUIREMENTS) != before
            (tmp_path / name).write_bytes(text)

    def test_what_complete_means(self, tmp_path: Path) -> None:
        copy_requirements(tmp_path)
        (tmp_path / ".venv").mkdir()
        assert not install.is_complete(tmp_path, dev=False)
        stamp = Stamp(install.fingerprint(tmp_path, install.REQUIREMENTS), "", install.this_python(), "plain")
        install.write_stamp(tmp_path, stamp)
        assert install.read_stamp(tmp_path) == stamp
        assert install.is_complete(tmp_path, dev=False)
        assert not install.is_complete(tmp_path, dev=True)
        assert install.main(["--check"], tmp_path) == 0
        assert install.main(["--check", "--dev"], tmp_path) == 1
        install.write_stamp(tmp_path, Stamp(stamp.requirements, "", "3.9 x86_64", "plain"))
        assert not install.is_complete(tmp_path, dev=False)

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"requirements": "x"}', "\udcff"])
    def test_a_damaged_stamp_counts_as_none(self, text: str, tmp_path: Path) -> None:
        (tmp_path / ".venv").mkdir()
        install.stamp_path(tmp_path).write_text(text, encoding="utf-8", errors="surrogateescape")
        assert install.read_stamp(tmp_path) is None


class TestWords:
    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
            ("Retrying after 'NewConnectionError'\nERROR: Could not find a version that satisfies", "No connection"),
            ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "intercepted"),
            ("ERROR: No matching distribution found for torch==2.13.0", "not made for this computer"),
            ("ERROR: [WinError 5] Access is denied: 'c10.dll'", "Close every Glaze window"),
            ("Segmentation fault", "could not be installed"),
        ],
    )
    def test_pips_words_become_plain_ones(self, said: str, words: str, tmp_path: Path) -> None:
        log = tmp_path / "log"
        before = "No space left on device, an earlier time\n"
        log.write_text(before + said, encoding="utf-8")
        assert words in install.Installer(tmp_path, log).explain(len(before))

    def test_too_little_disk_is_said_before_anything_is_fetched(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        copy_requirements(tmp_path)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=700_000_000))
        assert install.main([], tmp_path) == 1
        assert "0.7 GB are free" in capsys.readouterr().err
        assert not (tmp_path / ".venv").exists()

    def test_an_intel_mac_is_told_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(platform, "system", lambda: "Darwin")
        monkeypatch.setattr(platform, "machine", lambda: "x86_64")
        assert "Apple silicon" in (install.why_unsupported() or "")
        monkeypatch.setattr(platform, "machine", lambda: "arm64")
        assert install.why_unsupported() is None

    def test_a_folder_that_may_not_be_written_to_is_named(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / ".glaze-install").touch()
        assert install.main([], tmp_path) == 1
        words = capsys.readouterr().err
        assert str(tmp_path) in words
        assert "Traceback" not in words

    def test_only_one_start_installs_at_a_time(self, tmp_path: Path) -> None:
        with install.alone(tmp_path), (tmp_path / "lock").open("a", encoding="utf-8") as second:
            assert not install.try_lock(second)
        with (tmp_path / "lock").open("a", encoding="utf-8") as second:
            assert install.try_lock(second)


class TestApp:
    def test_nothing_heavy_is_imported_with_it(self) -> None:
        code = "import sys, app; print(*sys.modules)"
        answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert not {"gradio", "torch", "huggingface_hub", "glaze"} & set(answer.stdout.split())

    def test_arguments_are_the_command_lines(self) -> None:
        told = [[sys.executable, *start, "--help"] for start in (["app.py"], ["-m", "glaze"])]
        answers = [subprocess.run(t, cwd=ROOT, capture_output=True, text=True, check=True).stdout for t in told]
        assert "apply" in answers[0]
        assert answers[0] == answers[1]

    def test_no_arguments_mean_the_studio(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[list[str]] = []

        def command_line(arguments: list[str]) -> int:
            seen.append(arguments)
            return 7

        monkeypatch.setattr("glaze.__main__.main", command_line)
        assert app.main([]) == 7
        assert app.main(["apply", "a b.png"]) == 7
        assert seen == [["studio"], ["apply", "a b.png"]]

    def test_a_mistake_leaves_words_and_a_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def fail(_arguments: list[str]) -> int:
            raise RuntimeError("of its own making")

        monkeypatch.setattr(app, "ROOT", tmp_path)
        monkeypatch.setattr("glaze.__main__.main", fail)
        assert app.main(["apply", "x.png"]) == 1
        words = capsys.readouterr().err
        crash = tmp_path / ".glaze-install" / "crash.log"
        assert str(crash) in words
        assert "Traceback" not in words
        assert "of its own making" in crash.read_text(encoding="utf-8")

    def test_another_python_than_its_own_is_sent_to_the_launchers(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def fail(_arguments: list[str]) -> int:
            raise ModuleNotFoundError("No module named 'torch'", name="torch")

        monkeypatch.setattr("glaze.__main__.main", fail)
        assert app.main([]) == 1
        assert "torch is missing. Start Glaze with launch.sh" in capsys.readouterr().err
