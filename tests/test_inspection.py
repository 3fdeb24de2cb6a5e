"""What is left of a glaze, in copies such as websites make, with the real network on a small canvas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glaze import __main__ as cli
from glaze.artwork.colours import converted
from glaze.decoys.styles import draw_style
from glaze.errors import ArtworkNotFound, DecoyError, GlazeError, InspectionError
from glaze.glazing import OWN_DECOY, Glaze, glaze
from glaze.inspection import NOISE, inspect, inspect_pair
from glaze.removals import REMOVALS
from glaze.settings import Effort, GlazeSettings, Render
from glaze.studio.verdict import verdict
from glaze.studio.words import languages, load
from tests import icc

WIDTH, HEIGHT = 240, 180


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Render, "effort", property(lambda _: Effort(steps=12, canvas=180)))
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Glaze:
    path = tmp_path_factory.mktemp("art") / "studie 夏.png"
    Image.fromarray(draw_style("knife", 5, WIDTH, HEIGHT)).save(path)
    return glaze(path)


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def test_a_copy_as_it_was_written_has_the_figures_of_the_glaze(made: Glaze) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.original.parent.iterdir()}
    found = inspect_pair(made.original, made.result, made=made.report.strength)
    assert found.found
    assert {path: path.stat().st_mtime_ns for path in made.original.parent.iterdir()} == before, "nothing is written"
    assert found.report.as_dict() == made.report.as_dict()
    assert found.visibility == made.visibility
    assert found.decoy_style == made.decoy_style
    assert found.left == pytest.approx(1)
    assert np.array_equal(found.before, np.asarray(opened(made.original)))
    assert np.array_equal(found.after, np.asarray(opened(made.result)))
    assert set(found.survived) < set(REMOVALS)
    assert "compress" in found.survived


def test_a_copy_from_a_website_still_has_its_glaze(made: Glaze, tmp_path: Path) -> None:
    # Other size, a shape off by rounding, lossy, stored lying on its side.
    exif = Image.Exif()
    exif[0x0112] = 6
    copy = opened(made.result).resize((220, 166), Image.Resampling.BICUBIC)
    copy.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "copy.jpg", quality=85, exif=exif)
    found = inspect_pair(made.original, tmp_path / "copy.jpg", decoy_style=made.decoy_style, made=made.report.strength)
    assert found.found
    assert found.left is not None
    assert 0.2 < found.left < 1.2
    assert found.before.shape == found.after.shape == (166, 220, 3)


def test_a_copy_saved_harshly_has_less_left(made: Glaze, tmp_path: Path) -> None:
    path = tmp_path / "harsh.jpg"
    opened(made.result).save(path, quality=15)
    found = inspect_pair(made.original, path, decoy_style=made.decoy_style)
    assert found.report.mean_style_distance < 0.9 * made.report.mean_style_distance


@pytest.mark.parametrize(
    ("name", "side", "options"),
    [
        ("scaled.png", 160, {}),
        ("usual.jpg", 200, {"quality": 75}),
        ("harsh.jpg", 400, {"quality": 30}),
        ("usual.webp", 220, {"quality": 75}),
    ],
)
def test_a_copy_without_a_glaze_is_told_as_one(
    made: Glaze, tmp_path: Path, name: str, side: int, options: dict[str, int]
) -> None:
    copy = opened(made.original).resize((side, round(side * HEIGHT / WIDTH)), Image.Resampling.BICUBIC)
    copy.save(tmp_path / name, **options)  # type: ignore[arg-type]  # qualities alone
    found = inspect_pair(made.original, tmp_path / name, decoy_style=made.decoy_style, made=made.report.strength)
    assert abs(found.report.mean_style_distance) < NOISE
    assert not found.found
    assert found.left == 0
    assert found.survived == ()


def test_the_decoy_must_be_the_one_it_was_glazed_with(made: Glaze) -> None:
    other = inspect_pair(made.original, made.result, decoy_style="woodcut")
    assert other.report.mean_style_distance < made.report.mean_style_distance / 2
    with pytest.raises(DecoyError, match="no decoy style"):
        inspect_pair(made.original, made.result, decoy_style="crayon")


@pytest.mark.parametrize("as_sites_do", ["converted", "left out"])
def test_the_colours_of_another_profile_are_no_difference(made: Glaze, tmp_path: Path, as_sites_do: str) -> None:
    profile = icc.rgb()
    opened(made.original).save(tmp_path / "original.png", icc_profile=profile)
    copy = opened(made.result)
    if as_sites_do == "converted":
        in_srgb = converted(copy, profile, b"")
        assert in_srgb is not None
        assert np.abs(np.asarray(in_srgb).astype(int) - np.asarray(copy)).mean() > 15, "the profile does something"
        copy = in_srgb
    copy.save(tmp_path / "copy.png")
    found = inspect_pair(tmp_path / "original.png", tmp_path / "copy.png", decoy_style=made.decoy_style)
    assert found.report.mean_style_distance == pytest.approx(made.report.mean_style_distance, rel=0.15)
    assert found.visibility.colour == pytest.approx(made.visibility.colour, abs=0.5)


def test_another_picture_a_mirrored_one_and_a_part_are_told(made: Glaze, tmp_path: Path) -> None:
    glazed = opened(made.result)
    Image.fromarray(draw_style("facets", 2, WIDTH, HEIGHT)).save(tmp_path / "other.png")
    glazed.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "mirrored.png")
    glazed.crop((30, 15, WIDTH, HEIGHT - 10)).save(tmp_path / "part.jpg")
    for name, key in (("other.png", "another_picture"), ("mirrored.png", "another_picture"), ("part.jpg", "cropped")):
        with pytest.raises(InspectionError) as raised:
            inspect_pair(made.original, tmp_path / name)
        assert raised.value.key == key
        assert name in str(raised.value)
        assert made.original.name in str(raised.value)


def test_an_own_decoy_is_used_and_missed_when_it_is_gone(made: Glaze, tmp_path: Path) -> None:
    decoy = tmp_path / "decoy.png"
    Image.fromarray(draw_style("woodcut", 1, 300, 200)).save(decoy)
    settings = GlazeSettings(decoy=decoy)
    found = inspect_pair(made.original, made.result, settings=settings, decoy_style=OWN_DECOY)
    assert found.decoy_style == OWN_DECOY
    assert not np.array_equal(found.report.seen_decoy, made.report.seen_decoy)
    assert found.report.mean_style_distance < made.report.mean_style_distance, "it was glazed toward another"
    decoy.unlink()
    with pytest.raises(InspectionError, match=r"decoy\.png"):
        inspect_pair(made.original, made.result, settings=settings)
    with pytest.raises(InspectionError, match="none is named"):
        inspect_pair(made.original, made.result, decoy_style=OWN_DECOY)


def test_one_picture_alone_shows_what_a_model_sees(made: Glaze, tmp_path: Path) -> None:
    opened(made.result).save(tmp_path / "copy.jpg")
    seen = inspect(tmp_path / "copy.jpg")
    assert (seen.width, seen.height) == (WIDTH, HEIGHT)
    assert seen.shown.shape == (HEIGHT, WIDTH, 3)
    height, width, _ = seen.seen.shape
    assert abs(height - 512) < 8
    assert width / height == pytest.approx(WIDTH / HEIGHT, abs=0.02)
    likeness = Image.fromarray(seen.seen).resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    assert np.abs(np.asarray(likeness).astype(int) - seen.shown).mean() < 25
    with pytest.raises(ArtworkNotFound):
        inspect(tmp_path / "none.png")


def test_the_verdict_is_told_in_every_language(made: Glaze) -> None:
    glazed = inspect_pair(made.original, made.result, decoy_style=made.decoy_style, made=2 * made.report.strength)
    bare = inspect_pair(made.original, made.original, decoy_style=made.decoy_style)
    for language in languages():
        words = load(language)
        told = verdict(words, glazed)
        assert words.percent(50) in told[1]
        for removal in REMOVALS:
            assert "".join(told).count(words.name("removal", removal)) == 1
        [nothing] = verdict(words, bare)
        assert words.percent(NOISE) in nothing


class TestCommandLine:
    def test_a_pair_in_plain_words(self, made: Glaze, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(["inspect", str(made.original), str(made.result)]) == cli.ALL_DONE
        out, err = capsys.readouterr()
        assert err == ""
        for expected in ("This copy is glazed", "FLUX.1", "Photo of the screen", "(FLIP)"):
            assert expected in out

    def test_a_pair_as_json(self, made: Glaze, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(["inspect", str(made.original), str(made.result), "--seed", "0", "--json"]) == cli.ALL_DONE
        answer = json.loads(capsys.readouterr().out)
        assert answer["ok"] is True
        assert answer["found"] is True
        assert answer["report"] == made.report.as_dict()
        assert answer["left"] is None

    def test_one_picture(self, made: Glaze, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(["inspect", str(made.original)]) == cli.ALL_DONE
        assert load("en")("inspect.size", width=WIDTH, height=HEIGHT) in capsys.readouterr().out

    def test_what_cannot_be_compared(self, made: Glaze, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        missing = str(tmp_path / "none.png")
        assert cli.main(["inspect", str(made.original), missing]) == cli.NONE_DONE
        assert "There is no file" in capsys.readouterr().err
        assert cli.main(["inspect", str(made.original), missing, "--json"]) == cli.NONE_DONE
        assert json.loads(capsys.readouterr().out)["error"]["key"] == "missing"


def test_its_errors_are_errors_of_glaze() -> None:
    assert issubclass(InspectionError, GlazeError)
