"""One artwork on its whole way, with the real network."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from glaze.artwork import open_artwork
from glaze.decoys.styles import STYLES, draw_style
from glaze.errors import (
    ArtworkError,
    ArtworkTooPlain,
    Cancelled,
    DecoyError,
    OutOfMemory,
    SaveError,
    SettingsError,
)
from glaze.glazing import OWN_DECOY, estimate, glaze, prepare
from glaze.outcome import Glaze
from glaze.report import what_is_seen
from glaze.settings import Effort, GlazeSettings, Intensity, Render
from tests.doubles import as_pixels, picture_of_everything

FAST = GlazeSettings(render=Render.FAST)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Render, "effort", property(lambda _: Effort(steps=14, canvas=256)))


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "studie 夏.png"
    Image.fromarray(draw_style("knife", 5, 240, 180)).save(path)
    return path


def test_a_picture_goes_in_and_a_glazed_one_of_the_same_size_comes_out(picture: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(picture.read_bytes()).hexdigest()
    finished = glaze(picture, FAST)
    assert finished.result == tmp_path / "studie 夏-glazed.png"
    assert hashlib.sha256(picture.read_bytes()).hexdigest() == digest
    before, after = (np.asarray(opened(p)).astype(int) for p in (picture, finished.result))
    assert before.shape == after.shape
    assert 0 < np.abs(before - after).mean() < 8
    assert finished.decoy_style in STYLES
    assert finished.decoy is None
    assert finished.visibility.within(Intensity.DEFAULT.budget)
    assert finished.report.mean_style_distance > 1
    assert set(finished.report.style_distance) == {"sd1", "sdxl", "flux1", "flux2"}


def test_glazing_again_makes_a_second_file_with_the_same_pixels(picture: Path, tmp_path: Path) -> None:
    first, second = glaze(picture, FAST), glaze(picture, FAST)
    assert second.result == tmp_path / "studie 夏-glazed-2.png"
    assert np.array_equal(np.asarray(opened(first.result)), np.asarray(opened(second.result)))


def test_grey_art_stays_grey_and_one_channel_wide(tmp_path: Path) -> None:
    path = tmp_path / "ink.png"
    Image.fromarray(as_pixels(picture_of_everything(200, 160))).convert("L").save(path)
    finished = glaze(path, FAST)
    assert opened(finished.result).mode == "L"
    assert finished.visibility.tint == 0


def test_transparent_pixels_and_alpha_are_untouched(tmp_path: Path) -> None:
    pixels = draw_style("knife", 5, 200, 160)
    alpha = np.full(pixels.shape[:2], 255, np.uint8)
    alpha[:60] = 0
    alpha[60:80] = 128
    path = tmp_path / "figure.png"
    Image.fromarray(np.dstack([pixels, alpha])).save(path)
    after = np.asarray(opened(glaze(path, FAST).result))
    np.testing.assert_array_equal(after[..., 3], alpha)
    np.testing.assert_array_equal(after[:60, :, :3], pixels[:60])
    assert (after[80:, :, :3] != pixels[80:]).any()


@pytest.mark.parametrize("size", [(64, 64), (64, 900), (1500, 90)])
def test_any_size_and_aspect(size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "odd.png"
    Image.fromarray(as_pixels(picture_of_everything(*size))).save(path)
    finished = glaze(path, FAST)
    assert opened(finished.result).size == size
    assert finished.visibility.within(Intensity.DEFAULT.budget)


@pytest.mark.parametrize("value", [255, 0])
def test_a_picture_with_no_room_at_all_is_refused_and_nothing_written(value: int, tmp_path: Path) -> None:
    path = tmp_path / "blank.png"
    Image.fromarray(np.full((120, 120, 3), value, np.uint8)).save(path)
    with pytest.raises(ArtworkTooPlain, match="any change would be seen"):
        glaze(path, FAST)
    assert list(tmp_path.iterdir()) == [path]


def test_a_scan_in_black_and_white_alone_is_glazed_in_its_hatching(tmp_path: Path) -> None:
    page = np.full((300, 300), 255, np.uint8)
    page[100:200:4] = page[101:200:4] = 0
    path = tmp_path / "engraving.png"
    Image.fromarray(page).save(path)
    after = np.asarray(opened(glaze(path, FAST).result))
    assert (after[98:202] != page[98:202]).mean() > 0.02
    assert (after[:90] == 255).all()


def test_an_own_decoy_is_used_and_the_redrawn_artwork_saved_on_request(picture: Path, tmp_path: Path) -> None:
    decoy = tmp_path / "decoy.png"
    Image.fromarray(draw_style("woodcut", 1, 300, 200)).save(decoy)
    finished = glaze(picture, GlazeSettings(decoy=decoy, save_decoy=True), folder=tmp_path / "out")
    assert finished.decoy_style == OWN_DECOY
    assert finished.decoy == tmp_path / "out" / "studie 夏-decoy.png"
    assert opened(finished.decoy).size == (240, 180)


@pytest.mark.parametrize("style", ["mosaic", "ink wash"])
def test_a_picked_style_is_what_it_is_moved_to(picture: Path, style: str) -> None:
    artwork, settings = open_artwork(picture), GlazeSettings(decoy_style=style)
    start, asked = prepare(artwork, settings), prepare(artwork, GlazeSettings(), style)
    assert start.decoy_style == style
    assert torch.equal(start.redrawn, asked.redrawn)
    other = prepare(artwork, GlazeSettings(decoy_style="woodcut"))
    assert not torch.equal(start.redrawn, other.redrawn)


def test_a_picked_style_is_told_and_counts_in_the_report(picture: Path, tmp_path: Path) -> None:
    finished = glaze(picture, replace(FAST, decoy_style="mosaic"), folder=tmp_path / "out")
    assert finished.decoy_style == "mosaic"
    start = prepare(open_artwork(picture), replace(FAST, decoy_style="mosaic"))
    encoder = start.tools.encoder
    assert np.array_equal(finished.report.seen_decoy, what_is_seen(encoder.encode(start.redrawn), encoder))
    assert finished.report.mean_style_distance > 1


def test_two_decoys_or_a_style_that_is_not_there_are_refused(picture: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'d\.png' and the style 'mosaic'"):
        GlazeSettings(decoy=Path("d.png"), decoy_style="mosaic")
    with pytest.raises(DecoyError, match=r"no decoy style 'crayon'.*woodcut"):
        glaze(picture, replace(FAST, decoy_style="crayon"), folder=tmp_path / "out")


def test_each_file_is_announced_before_it_is_there_the_result_last_and_whole(picture: Path, tmp_path: Path) -> None:
    heard: list[tuple[Path, str, Glaze | None]] = []

    def hear(path: Path, sha256: str, finished: Glaze | None) -> None:
        assert not path.exists()
        heard.append((path, sha256, finished))

    finished = glaze(picture, replace(FAST, save_decoy=True), folder=tmp_path / "out", on_saving=hear)
    assert [(path, told) for path, _, told in heard] == [(finished.decoy, None), (finished.result, finished)]
    for path, sha256, _ in heard:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def test_a_result_that_cannot_be_saved_leaves_no_decoy(picture: Path, tmp_path: Path) -> None:
    def refuse(_path: Path, _sha256: str, finished: Glaze | None) -> None:
        if finished is not None:
            raise SaveError("disk_full", folder=tmp_path)

    with pytest.raises(SaveError):
        glaze(picture, replace(FAST, save_decoy=True), folder=tmp_path / "out", on_saving=refuse)
    assert not list((tmp_path / "out").iterdir())


def test_a_plain_decoy_is_refused_before_any_work(picture: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.png"
    Image.new("RGB", (300, 300), "teal").save(plain)
    steps: list[object] = []
    with pytest.raises(DecoyError, match="too little texture"):
        glaze(picture, GlazeSettings(decoy=plain), on_iterate=steps.append)
    assert not steps
    assert sorted(p.name for p in tmp_path.iterdir()) == ["plain.png", "studie 夏.png"]


def test_cancelling_leaves_nothing_behind(picture: Path, tmp_path: Path) -> None:
    steps: list[object] = []
    with pytest.raises(Cancelled):
        glaze(picture, FAST, on_iterate=steps.append, cancelled=lambda: len(steps) >= 2)
    assert [p.name for p in tmp_path.iterdir()] == [picture.name]


def test_what_is_no_picture_is_refused_with_words(tmp_path: Path) -> None:
    path = tmp_path / "words.png"
    path.write_text("not a picture")
    with pytest.raises(ArtworkError, match=r"words\.png"):
        glaze(path, FAST)


@pytest.mark.parametrize(
    "failure",
    [MemoryError(), torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("can't allocate memory: 9 TB")],
)
def test_running_out_of_memory_is_said_in_words(
    failure: Exception, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr("glaze.glazing.cloak", fail)
    with pytest.raises(OutOfMemory, match="ran out of memory"):
        glaze(picture, FAST)


def test_what_a_glaze_took_is_what_the_next_is_said_to_take(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLAZE_PACE", str(tmp_path / "pace.json"))
    finished = glaze(picture, FAST, folder=tmp_path / "out")
    assert estimate((240, 180), FAST) == pytest.approx(finished.seconds)
    assert estimate((2400, 1800), FAST) > estimate((240, 180), FAST)
    kept = (tmp_path / "pace.json").read_text(encoding="utf-8")
    assert "studie" not in kept, "nothing of the picture is kept"


def test_a_glaze_below_its_target_is_flagged(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Render, "target", property(lambda _: 0.0))
    assert glaze(picture, FAST).advice == ()
    monkeypatch.setattr(Render, "target", property(lambda _: 99.0))
    [advice] = glaze(picture, FAST).advice
    assert "99 % was the aim" in str(advice)


def test_of_a_page_with_little_on_it_the_page_is_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Render, "target", property(lambda _: 99.0))
    page = np.full((300, 300), 255, np.uint8)
    page[100:200:4] = page[101:200:4] = 0
    path = tmp_path / "engraving.png"
    Image.fromarray(page).save(path)
    assert [advice.key for advice in glaze(path, FAST).advice] == ["closed"]
