"""The trial of mimics: its parts say what they should, and all of it runs, on random networks, in seconds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import visible
from benchmarks.mimicry.__main__ import main
from benchmarks.mimicry.artists import Artist, square, whole
from benchmarks.mimicry.cases import BASE, CASES, CLEAN
from benchmarks.mimicry.classifier import fit_classifier
from benchmarks.mimicry.frechet import frechet, main_directions
from benchmarks.mimicry.page import PAGES, put, with_table
from benchmarks.mimicry.protection import protection, standings
from benchmarks.mimicry.tables import table
from benchmarks.mimicry.washes import PLAIN, UNWASHED
from glaze.decoys.styles import draw_style
from tests.small_shared import put_shared

TINY = [
    *("--families", "sd1", "--artists", "claude-monet", "john-tenniel", "--given", "1", "--side", "96"),
    *("--base-steps", "3", "--window", "8", "--widths", "16", "32", "--float32"),
    *("--our-steps", "2", "--peer-steps", "2", "--lessons", "3", "--samples", "5", "--seeds", "0"),
]
FEW = ["--cases", "clean", "noise", "bundled", "--washes", "round-trip", "--washed", "bundled"]


@pytest.fixture(scope="module", autouse=True)
def _roughly_scaled() -> Iterator[None]:
    """Changes are scaled in three tries instead of nine: what takes longest here is measuring how visible they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visible, "HALVINGS", 3)
        yield


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put_shared(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module")
def tried(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tried")
    main(["--shared", str(shared), "--out", str(out), *TINY, *FEW])
    return out


def book(out: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((out / "mimicry.json").read_text(encoding="utf-8"))
    return read


def without_seconds(out: Path) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in book(out)["rows"]]


class TestTheWhole:
    def test_it_has_a_row_for_every_cell_and_draws_what_it_found(self, tried: Path) -> None:
        cells = [(row["artist"], row["case"], row["wash"]) for row in book(tried)["rows"]]
        for artist in ("claude-monet", "john-tenniel"):
            for case in (BASE, CLEAN, "noise", "bundled"):
                assert cells.count((artist, case, UNWASHED)) == 1
            assert cells.count((artist, "bundled", "round-trip")) == 1
        assert len(cells) == 10
        for name in ("table.md", "mimicry.png", "sd1-claude-monet.jpg", "sd1-john-tenniel.jpg"):
            assert (tried / name).stat().st_size > 100
        assert (tried / "table.md").read_text(encoding="utf-8") == table(book(tried))

    def test_no_picture_of_a_mimic_is_one_that_the_classifier_learned_from(self, tried: Path) -> None:
        given = {path.stem for path in (tried / "squares" / "claude-monet" / "clean").glob("*.png")}
        assert given == {"claude-monet__0"}
        assert set(book(tried)["accuracy"]["sd1"]) >= {"claude-monet", "john-tenniel"}

    def test_a_glaze_moves_latents_and_keeps_within_what_may_be_seen(self, tried: Path) -> None:
        for path in (tried / "squares" / "claude-monet" / "bundled").glob("*.json"):
            figures = json.loads(path.read_text(encoding="utf-8"))
            assert {"sd1", "sdxl"} == set(figures["families"])
            assert all(moved["move"] > 0 for moved in figures["families"].values())
            assert figures["seen"]["lpips"] <= 0.05

    def test_a_second_run_with_the_same_seeds_agrees_and_a_repeated_one_does_nothing(
        self, shared: Path, tried: Path, tmp_path: Path
    ) -> None:
        again = ["--shared", str(shared), "--out", str(tmp_path), *TINY, *FEW, "--artists", "john-tenniel"]
        main(again)
        assert without_seconds(tmp_path) == [row for row in without_seconds(tried) if row["artist"] == "john-tenniel"]
        before = (tmp_path / "mimicry.json").read_bytes()
        # What was glazed already is not even looked for.
        (tmp_path / "squares" / "john-tenniel" / "noise" / "john-tenniel__0.png").unlink()
        main(again)
        assert (tmp_path / "mimicry.json").read_bytes() == before

    def test_a_base_that_was_interrupted_goes_on_as_it_would_have(
        self, shared: Path, tried: Path, tmp_path: Path
    ) -> None:
        longer = [*TINY, "--base-only"]
        for steps in ("1", "3"):
            main(["--shared", str(shared), "--out", str(tmp_path), *longer, "--base-steps", steps])
        states = [torch.load(out / "sd1" / "base.pt", weights_only=True) for out in (tmp_path, tried)]
        assert states[0]["step"] == states[1]["step"] == 3
        for name, value in states[0]["average"].items():
            assert torch.equal(value, states[1]["average"][name]), name

    def test_rows_of_other_settings_are_not_mixed(self, shared: Path, tried: Path, tmp_path: Path) -> None:
        shutil.copytree(tried, tmp_path / "out")
        with pytest.raises(ValueError, match="name another --out"):
            main(["--shared", str(shared), "--out", str(tmp_path / "out"), *TINY, *FEW, "--lessons", "2"])
        with pytest.raises(ValueError, match="name another --out"):
            main(["--shared", str(shared), "--out", str(tmp_path / "out"), *TINY, *FEW, "--window", "4"])


class TestProtection:
    def test_it_is_the_way_from_the_clean_mimic_to_the_base(self) -> None:
        clean, base = [0.9, 0.8, 0.7], [0.1, 0.0, 0.2]
        assert protection(clean, clean, base).value == 0
        assert protection(clean, base, base).value == 1
        halfway = [(a + b) / 2 for a, b in zip(clean, base, strict=True)]
        found = protection(clean, halfway, base)
        assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))

    def test_its_interval_is_wide_where_cells_differ_and_holds_the_value(self) -> None:
        found = protection([1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 0.2], [0.0, 0.0, 0.0, 0.0])
        assert found.low < found.value < found.high
        assert found.high - found.low > 0.4

    def test_anchors_that_do_not_differ_protect_nothing_that_could_be_told(self) -> None:
        assert np.isnan(protection([0.5], [0.4], [0.5]).value)

    def test_cells_without_both_anchors_do_not_count(self) -> None:
        def row(case: str, artist: str, named: float) -> dict[str, Any]:
            figures = {"named": named, "frechet": 1 - named, "gram": 1 - named}
            return {"family": "sd1", "artist": artist, "case": case, "wash": UNWASHED, "seed": 0} | figures

        rows = [row(BASE, "a", 0.0), row(CLEAN, "a", 1.0), row("noise", "a", 0.75), row("noise", "b", 0.0)]
        found = {one.case: one for one in standings(rows)}
        assert found["noise"].cells == 1
        assert [found["noise"].protection[figure].value for figure in ("named", "frechet", "gram")] == [0.25] * 3


class TestJudging:
    def test_frechet_is_nothing_for_the_same_lot_and_follows_the_formula(self) -> None:
        dice = torch.Generator().manual_seed(0)
        a = torch.randn(4000, 3, generator=dice)
        b = 2 * torch.randn(4000, 3, generator=dice) + 1
        assert frechet(a, a) == pytest.approx(0, abs=1e-9)
        # Three times (1 - 2)^2 + 1^2, of normal distributions.
        assert frechet(a, b) == pytest.approx(6, rel=0.1)
        assert frechet(a, b) == pytest.approx(frechet(b, a))

    def test_main_directions_come_out_with_unit_deviation(self) -> None:
        features = torch.randn(50, 200, generator=torch.Generator().manual_seed(0)) * torch.linspace(3, 0.1, 200)
        projected = main_directions(features, 8).project(features)
        assert projected.std(0) == pytest.approx(np.ones(8), abs=1e-6)
        assert projected.mean(0) == pytest.approx(np.zeros(8), abs=1e-6)

    def test_a_rare_artist_is_named_as_well_as_a_frequent_one(self) -> None:
        dice = torch.Generator().manual_seed(0)
        middles = torch.randn(3, 40, generator=dice) * 2
        counts = (200, 200, 8)
        style = torch.cat([m + torch.randn(n, 40, generator=dice) for m, n in zip(middles, counts, strict=True)])
        names = [name for name, n in zip("abc", counts, strict=True) for _ in range(n)]
        found = fit_classifier(style, names).name(middles[2] + torch.randn(100, 40, generator=dice))
        assert found.count("c") > 90


class TestPictures:
    def test_what_is_given_and_what_is_kept_back_are_apart_and_all_there(self) -> None:
        artist = Artist("a", tuple(Path(f"{number}.png") for number in range(7)))
        given, kept = artist.split(3)
        assert given == (Path("0.png"), Path("2.png"), Path("4.png"))
        assert sorted([*given, *kept]) == sorted(artist.pictures)
        with pytest.raises(ValueError, match="fewer"):
            artist.split(7)

    def test_a_square_is_the_middle_and_a_scroll_is_cut(self) -> None:
        scroll = Image.new("RGB", (1000, 100), "red")
        assert square(scroll, 64).size == (64, 64)
        assert whole(scroll, 64).size == (128, 64)

    @pytest.mark.parametrize("wash", list(PLAIN))
    def test_a_wash_keeps_the_size_and_most_of_the_picture(self, wash: str) -> None:
        picture = Image.fromarray(draw_style("ink wash", 0, 96, 96))
        washed = PLAIN[wash](picture)
        assert washed.size == picture.size
        off = np.abs(np.asarray(washed).astype(float) - np.asarray(picture)).mean()
        assert (off == 0) == (wash == UNWASHED)
        assert off < 25

    def test_every_case_has_a_name_that_says_its_loop(self) -> None:
        assert all(name.startswith(case.loop) for name, case in CASES.items())


class TestThePage:
    def test_its_table_is_that_of_the_rows_beside_it_and_empty_without_any(self) -> None:
        docs = Path(__file__).resolve().parents[1] / "docs"
        rows = docs / "mimicry.json"
        text = table(json.loads(rows.read_text(encoding="utf-8"))) if rows.exists() else ""
        for name in PAGES:
            page = (docs / name).read_text(encoding="utf-8")
            assert with_table(page, text) == page, "python -m benchmarks.mimicry.page writes it anew"

    def test_a_trial_is_put_into_the_docs(self, tried: Path, tmp_path: Path) -> None:
        for name in PAGES:
            (tmp_path / name).write_text(
                "before\n<!-- table -->\nold\n<!-- end of table -->\nafter\n", encoding="utf-8"
            )
        put(tried, tmp_path)
        page = (tmp_path / "mimicry.md").read_text(encoding="utf-8")
        assert table(book(tried)).strip() in page
        assert "old" not in page
        assert page.startswith("before")
        assert page.endswith("after\n")
        assert (tmp_path / "mimicry" / "sd1-claude-monet.webp").exists()
        with pytest.raises(ValueError, match="no <!-- table -->"):
            with_table("nothing", "")
