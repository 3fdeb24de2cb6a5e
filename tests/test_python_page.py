"""docs/python.md: all of it runs as it stands, and it says all there is to say."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import glaze
from glaze.settings import Effort, GlazeSettings, Render
from tests.stand_in import draw

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the page asks for, small; and little work for each picture."""
    monkeypatch.setattr(Render, "effort", property(lambda _: Effort(steps=2, canvas=64)))
    monkeypatch.chdir(tmp_path)
    draw(tmp_path / "picture.jpg", 96, 80)
    (tmp_path / "art").mkdir()
    for n in range(2):
        draw(tmp_path / "art" / f"{n}.png", 80, 96, seed=n)
    (tmp_path / "art" / "broken.png").write_bytes(b"no picture")
    return tmp_path


def test_the_page_runs_as_it_stands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(BLOCKS) >= 7
    names: dict[str, object] = {}
    told = []
    for block in BLOCKS:
        exec(compile(block, "docs/python.md", "exec"), names)  # noqa: S102 - this is what the test is for
        told.append(capsys.readouterr().out)
    first, report, _, time, progress, wrong, several = told
    assert first.startswith("picture-glazed.png\nA model sees the style")
    assert "photo: " in report
    assert "FLIP 0.0" in report
    assert re.fullmatch(r"about \d+ s for 1500x1000 pixels\n", time)
    assert "2 of 2, about 0 s left" in progress
    assert "This picture cannot be glazed. 'empty.png' is empty" in wrong
    assert wrong.splitlines()[1].startswith("empty {")
    assert several.splitlines()[:2] == [str(Path("glazed") / f"{n}-glazed.png") for n in range(2)]
    assert "broken.png' is not a picture" in several.splitlines()[2]
    made = {path.name for path in folder.iterdir()}
    assert {"picture-glazed.png", "picture-glazed-2.png", "picture-decoy.png"} <= made
    assert {path.name for path in (folder / "glazed").iterdir()} == {
        f"{n}-{what}.png" for n in range(2) for what in ("glazed", "decoy")
    }


def test_stopping_is_as_the_page_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "stop").touch()
    settings, stopping = BLOCKS[2], BLOCKS[4]
    names: dict[str, object] = {}
    exec(f"from pathlib import Path\nfrom glaze import GlazeSettings, glaze\n{settings}\n{stopping}", names)  # noqa: S102 - as above
    assert capsys.readouterr().out == "stopped, and nothing was written\n"
    assert not list(folder.glob("*-glazed.png"))


def test_what_the_page_imports_is_what_the_package_gives() -> None:
    imported = {
        name for names in re.findall(r"^from glaze import (.+)$", PAGE, re.MULTILINE) for name in names.split(", ")
    }
    assert imported <= set(glaze.__all__)
    for name in glaze.__all__:
        assert name in PAGE or name == "Budget", f"{name} is given and not shown"
        assert inspect.getdoc(getattr(glaze, name)), f"{name} says nothing of itself"


def test_every_setting_is_on_the_page() -> None:
    for field in fields(GlazeSettings):
        assert f"    {field.name}=" in PAGE


def test_importing_is_quick() -> None:
    code = "import sys, glaze; dir(glaze); print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "PIL", "ray"} & set(answer.stdout.split())
