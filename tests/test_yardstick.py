"""A whole glaze against the independent yardstick, where that is at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from glaze.glazing import glaze
from glaze.settings import GlazeSettings, Render

SHARED = Path(__file__).resolve().parents[2] / "shared"
PICTURES = ("anime/ren-py-demo-art__eileen-happy.png", "monochrome_wash/sidney-sime__book-of-wonder-1.jpg")

needs_shared = pytest.mark.skipif(
    not (SHARED / "yardstick" / "yardstick.py").exists(),
    reason="the yardstick and its pictures are not beside the project",
)


@pytest.fixture
def yardstick(monkeypatch: pytest.MonkeyPatch) -> Any:
    pytest.importorskip("flip_evaluator")
    monkeypatch.syspath_prepend(str(SHARED / "yardstick"))
    return pytest.importorskip("yardstick")


@needs_shared
@pytest.mark.filterwarnings("ignore")  # the yardstick is not ours to mend
@pytest.mark.parametrize("name", PICTURES)
def test_a_glaze_is_inside_the_budget_and_moves_real_encoders_toward_the_decoy(
    name: str, tmp_path: Path, yardstick: Any
) -> None:
    original = SHARED / "art" / name
    finished = glaze(original, GlazeSettings(render=Render.FAST, save_decoy=True), folder=tmp_path)
    assert finished.decoy
    before, after, decoy = (yardstick.read(str(p)) for p in (original, finished.result, finished.decoy))
    measured = yardstick.measure(before, after, decoy=decoy, families=("sd1", "flux2"), removals=("none", "jpeg75"))
    seen = measured["seen"]
    assert seen["lpips"] <= 0.05
    assert seen["flip"] <= 0.08
    assert seen["flat"] <= 2.0
    assert seen["colour"] <= 5.0
    assert not seen["tint"]
    assert finished.visibility.flip == pytest.approx(seen["flip"], rel=0.02, abs=1e-3)
    assert finished.visibility.flat == pytest.approx(seen["flat"], rel=0.05, abs=0.02)
    assert finished.visibility.colour == pytest.approx(seen["colour"], rel=0.05, abs=0.02)
    assert finished.visibility.lpips == pytest.approx(seen["lpips"], rel=0.15, abs=2e-3)
    assert min(row["progress"] for rows in measured["families"].values() for row in rows.values()) > 0.01
