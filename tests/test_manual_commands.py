"""The commands that the manual and the READMEs tell: those marked run as they stand, the others can be understood."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

import glaze.glazing
import glaze.inspection
from glaze import __main__ as cli
from glaze.studio.app import _parser as studio
from tests.stand_in import StandIn, draw, estimate, inspect, inspect_pair

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("README*.md"))]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARKED = re.compile(r"^<!-- runs -->\n\n```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^ {4}((?:\./launch\.sh|python -m|scripts/|[A-Z_]+=\S+ python).*)$", re.MULTILINE)
INLINE = re.compile(r"`((?:\./launch\.sh|(?:\.venv/bin/)?python -m|scripts/test) ?[^`]*)`")
OWN = ("./launch.sh", "python -m glaze")
# Of what stands for something else in a command.
STANDS_FOR = {"HOST:PORT": "10.0.0.1:6379", "HOST:6379": "10.0.0.1:6379", "FOLDER": "art", "FILE": "a.png"}


def told() -> dict[str, list[str]]:
    """Command -> the pages that tell it, without what is said behind it."""
    found: dict[str, list[str]] = {}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = [line for block in BLOCK.findall(text) for line in block.splitlines()]
        for line in [*blocks, *INDENTED.findall(text), *INLINE.findall(text)]:
            found.setdefault(re.split(r"\s{3,}|\s#", line)[0].strip(), []).append(page.name)
    return found


COMMANDS = told()


def arguments(command: str) -> list[str] | None:
    """What Glaze's own command line gets; None where it is another program's."""
    for start in OWN:
        if command == start or command.startswith(f"{start} "):
            return [STANDS_FOR.get(word, word) for word in shlex.split(command.removeprefix(start))]
    return None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the marked commands name, and a stand-in for the engine."""
    monkeypatch.chdir(tmp_path)
    for name in ("PREFERENCES", "LEDGER", "PACKS"):
        monkeypatch.setenv(f"GLAZE_{name}", str(tmp_path / "own" / name))
    monkeypatch.setattr(glaze.glazing, "glaze", StandIn(steps=2))
    monkeypatch.setattr(glaze.glazing, "estimate", estimate)
    monkeypatch.setattr(glaze.inspection, "inspect", inspect)
    monkeypatch.setattr(glaze.inspection, "inspect_pair", inspect_pair)
    draw(tmp_path / "picture.jpg")
    shutil.copyfile("picture.jpg", "downloaded-again.jpg")
    for seed, name in enumerate(("more", "art"), 1):
        (tmp_path / name).mkdir()
        draw(tmp_path / name / f"{name}.png", seed=seed)
    return tmp_path


@pytest.mark.parametrize("page", ["commands.md", "commands.ja.md"])
def test_those_that_are_marked_run(page: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    marked = [
        line for block in MARKED.findall((ROOT / "docs" / page).read_text("utf-8")) for line in block.splitlines()
    ]
    assert len(marked) >= 6
    answers = {}
    for command in marked:
        words = arguments(command)
        assert words is not None
        assert cli.main(words) == cli.ALL_DONE, f"{command}: {capsys.readouterr().err}"
        answers[words[0]] = capsys.readouterr().out
    assert {path.name for path in (folder / "glazed").iterdir()} == {
        f"{name}-glazed.png" for name in ("picture", "more", "art")
    }
    assert all(answers.values()), "each says something"
    assert not list(folder.glob("*-glazed.png")), "nothing but where it was told to"


def test_pages_tell_some() -> None:
    assert sum(arguments(command) is not None for command in COMMANDS) > 12
    assert any(command.startswith("python -m benchmarks.") for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_can_be_understood(command: str) -> None:
    where = ", ".join(COMMANDS[command])
    words = arguments(command)
    if words is not None:
        parser = studio() if words[:1] == ["studio"] else cli._parser()
        try:
            parser.parse_args(words[1:] if words[:1] == ["studio"] else words)
        except SystemExit as error:
            pytest.fail(f"{command} in {where}: {error}")
    elif module := re.search(r"python -m ((?:benchmarks|training|scripts)(?:\.\w+)+)", command):
        place = ROOT / module[1].replace(".", "/")
        source = place / "__main__.py" if place.is_dir() else place.with_suffix(".py")
        assert source.is_file(), f"{command} in {where}"
        for option in re.findall(r"(?<=\s)--[a-z-]+", command):
            known = re.search(rf'"(--)?{option[2:]}"', source.read_text("utf-8"))
            assert known, f"{command} in {where}: {option}"
    else:
        for path in re.findall(r"(?:scripts|tests)/[\w./]+|[\w-]+\.txt", command):
            assert (ROOT / path).exists(), f"{command} in {where}: {path}"
