"""CLIP's genre read-out: the real loading code, on a small random CLIP."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers import CLIPModel, CLIPTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from glaze import genres, report
from glaze.commands.tell import Json, Text
from glaze.device import PROCESSOR
from glaze.errors import WeightsError
from glaze.genres import GENRES, LIKELIEST, PROMPT, likeliest
from glaze.glazing import glaze
from glaze.inspection import inspect_pair
from glaze.jobs import Job, State
from glaze.ledger import Ledger
from glaze.outcome import Genres, Report, genre_shift
from glaze.settings import GlazeSettings
from glaze.studio.distance import distance
from glaze.studio.portfolio_markup import summary
from glaze.studio.words import load
from tests.small_models import isolate, put_clip
from tests.stand_in import StandIn, draw

Pixels = NDArray[np.uint8]


@pytest.fixture(autouse=True)
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As `isolate` leaves them, in exact numbers."""
    monkeypatch.setattr(genres, "fastest_precision", lambda _: torch.float32)
    return isolate(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put_clip(tmp_path_factory.mktemp("made"))


@pytest.fixture
def clip(made: Path, packs: Path) -> Path:
    """CLIP, installed."""
    shutil.copytree(made, packs / made.name)
    return packs / made.name


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return draw(tmp_path / "picture.png", 150, 110)


def pixels(seed: int, width: int = 60, height: int = 40) -> Pixels:
    rng = np.random.default_rng(seed)
    return np.asarray(Image.fromarray(rng.integers(0, 256, (3, 4, 3), dtype=np.uint8)).resize((width, height)))


@torch.no_grad()
def by_hand(picture: Pixels, folder: Path) -> list[str]:
    """As the paper of CLIP has it: the cosines of the picture's features with those of every genre's sentence."""
    model = CLIPModel.from_pretrained(folder).eval()
    images = CLIPImageProcessorPil.from_pretrained(folder)(Image.fromarray(picture), return_tensors="pt")
    seen = model.visual_projection(model.vision_model(**images).pooler_output)[0]
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    cosines = {}
    for genre in GENRES:
        words = tokenizer([PROMPT.format(genre)], return_tensors="pt")
        said = model.text_projection(model.text_model(**words).pooler_output)[0]
        cosines[genre] = float(torch.nn.functional.cosine_similarity(seen, said, dim=0))
    return sorted(GENRES, key=lambda genre: -cosines[genre])[:3]


class TestReading:
    def test_there_are_the_27_of_wikiart(self) -> None:
        assert len(set(GENRES)) == 27
        assert LIKELIEST == 3

    @pytest.mark.parametrize("seed", range(4))
    def test_the_likeliest_are_those_whose_sentence_is_nearest(self, clip: Path, seed: int) -> None:
        assert list(likeliest(pixels(seed), clip, PROCESSOR)) == by_hand(pixels(seed), clip)

    def test_they_depend_on_the_picture_alone(self, clip: Path) -> None:
        found = {likeliest(pixels(seed), clip, PROCESSOR) for seed in range(6)}
        assert len(found) > 1
        assert likeliest(pixels(1), clip, PROCESSOR) == likeliest(pixels(1), clip, PROCESSOR)

    @pytest.mark.parametrize(("width", "height"), [(1, 1), (300, 20), (7, 90)])
    def test_any_size(self, clip: Path, width: int, height: int) -> None:
        assert len(set(likeliest(pixels(0, width, height), clip, PROCESSOR)) & set(GENRES)) == 3

    def test_it_is_quiet(self, clip: Path, capfd: pytest.CaptureFixture[str]) -> None:
        likeliest(pixels(0), clip, PROCESSOR)
        assert "".join(capfd.readouterr()) == ""

    @pytest.mark.parametrize("name", ["config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json"])
    def test_what_is_damaged_is_told_with_what_helps(self, clip: Path, name: str) -> None:
        whole = (clip / name).read_bytes()
        (clip / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(WeightsError, match="weights get studio") as caught:
            likeliest(pixels(0), clip, PROCESSOR)
        assert caught.value.key == "pack_damaged"


class TestShift:
    BEFORE = ("baroque", "rococo", "realism")

    @pytest.mark.parametrize(
        ("after", "shifted"),
        [
            (("baroque", "cubism", "pop art"), False),
            (("cubism", "pop art", "baroque"), False),
            (("cubism", "pop art", "fauvism"), True),
            (("rococo", "realism", "fauvism"), True),
        ],
    )
    def test_it_shifted_where_the_own_genre_is_not_among_the_first_three(
        self, after: tuple[str, ...], *, shifted: bool
    ) -> None:
        found = Genres(self.BEFORE, after)
        assert found.own == "baroque"
        assert found.shifted is shifted

    def test_of_a_portfolio_it_is_a_share_of_those_that_are_known(self) -> None:
        gone, kept = Genres(self.BEFORE, ("cubism", "pop art", "fauvism")), Genres(self.BEFORE, self.BEFORE)
        assert genre_shift([gone, None, kept, gone]) == (2, 3)
        assert genre_shift([None]) == (0, 0)


class TestGlazing:
    def test_without_clip_nothing_is_said(self, picture: Path) -> None:
        finished = glaze(picture)
        assert finished.report.genres is None
        assert finished.report.as_dict()["genres"] is None

    def test_it_reads_what_a_model_sees_and_the_ledger_keeps_it(
        self, clip: Path, picture: Path, tmp_path: Path
    ) -> None:
        finished = glaze(picture)
        assert finished.report.genres == Genres(
            likeliest(finished.report.seen_before, clip, PROCESSOR),
            likeliest(finished.report.seen_after, clip, PROCESSOR),
        )
        with closing(Ledger(tmp_path / "ledger.sqlite3")) as ledger:
            ledger.record(finished, ledger.digest(picture))
            known = ledger.recognise(picture)
            assert known is not None
            assert known.glaze.report.genres == finished.report.genres
        inspected = inspect_pair(picture, finished.result, settings=finished.settings)
        assert inspected.report.genres is not None

    def test_a_damaged_clip_is_told_before_the_long_work(self, clip: Path, picture: Path) -> None:
        (clip / "model.safetensors").write_bytes(b"half")
        steps: list[object] = []
        with pytest.raises(WeightsError, match="weights get studio"):
            glaze(picture, on_iterate=steps.append)
        assert steps == []
        assert [file.name for file in picture.parent.glob("*.png")] == [picture.name]

    def test_one_that_goes_in_the_middle_costs_no_glaze(self, clip: Path, picture: Path) -> None:
        finished = glaze(picture, on_iterate=lambda _: shutil.rmtree(clip, ignore_errors=True))
        assert finished.result.is_file()
        assert finished.report.genres is None

    def test_both_are_read_on_the_one_device(self, clip: Path, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[tuple[Path, torch.device]] = []

        def read(_picture: Pixels, folder: Path, device: torch.device) -> Sequence[str]:
            asked.append((folder, device))
            return GENRES[:3]

        monkeypatch.setattr(report, "likeliest", read)
        glaze(picture)
        assert asked == [(clip, PROCESSOR)] * 2


class TestTelling:
    SHIFTED = Genres(("baroque", "rococo", "realism"), ("cubism", "pop art", "fauvism"))
    KEPT = Genres(("baroque", "rococo", "realism"), ("cubism", "baroque", "fauvism"))

    def report(self, picture: Path, found: Genres | None) -> Report:
        return replace(StandIn(steps=1)(picture).report, genres=found)

    def test_the_page_says_it_in_a_sentence(self, picture: Path) -> None:
        english, japanese = load("en"), load("ja")
        shifted = distance(english, self.report(picture, self.SHIFTED), GlazeSettings())
        assert "recognised baroque; after glazing it recognises other genres instead: cubism, pop art, fauvism." in (
            shifted
        )
        kept = distance(english, self.report(picture, self.KEPT), GlazeSettings())
        assert "after glazing that is still among its first three: cubism, baroque, fauvism." in kept
        assert "バロック" in distance(japanese, self.report(picture, self.SHIFTED), GlazeSettings())
        assert "CLIP" not in distance(english, self.report(picture, None), GlazeSettings())

    @pytest.mark.parametrize("language", ["en", "de", "es", "fr", "ja", "ko", "zh"])
    def test_every_genre_has_a_name(self, language: str) -> None:
        words = load(language)
        assert len({words.texts[f"genre.{genre.replace(' ', '_')}"] for genre in GENRES}) == len(GENRES)

    def test_the_command_line_says_it_of_each_and_of_all(self, picture: Path) -> None:
        finished = replace(StandIn(steps=1)(picture), report=self.report(picture, self.SHIFTED))
        out, lines = StringIO(), StringIO()
        Text(out).done(picture, finished, None)
        Text(out).all_done([self.SHIFTED, self.KEPT, None, self.SHIFTED])
        assert "  In what a model sees of your picture, CLIP" in out.getvalue()
        assert out.getvalue().endswith("2 of 3 pictures (67 %)\n")
        Json(lines).done(picture, finished, None)
        Json(lines).all_done([self.SHIFTED, self.KEPT])
        [line] = lines.getvalue().splitlines()
        assert json.loads(line)["report"]["genres"] == {
            "before": ["baroque", "rococo", "realism"],
            "after": ["cubism", "pop art", "fauvism"],
            "shifted": True,
        }

    def test_the_portfolio_says_the_share(self, picture: Path) -> None:
        finished = StandIn(steps=1)(picture)

        def told(*found: Genres | None) -> str:
            results = [replace(finished, report=replace(finished.report, genres=one)) for one in found]
            jobs = [
                Job(
                    id=str(number),
                    path=picture,
                    settings=finished.settings,
                    folder=None,
                    state=State.DONE,
                    result=result,
                )
                for number, result in enumerate(results)
            ]
            return summary(load("en"), jobs, paused=False, left=None)

        assert "by CLIP after glazing: 1 of 2 pictures (50 %)" in told(self.SHIFTED, None, self.KEPT)
        assert "CLIP" not in told(None, self.SHIFTED, None)

    def test_of_one_picture_or_none_there_is_no_share(self) -> None:
        out = StringIO()
        Text(out).all_done([self.SHIFTED])
        Text(out).all_done([])
        assert out.getvalue() == ""
