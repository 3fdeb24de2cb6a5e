"""The gallery: what its code draws, what lies in docs/gallery, and the slider."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from glaze.files import write_whole
from scripts.gallery import gallery
from scripts.gallery.gallery import OUT, drawn, read, write
from scripts.gallery.page import LANGUAGES, captions, figures, page, page_path
from scripts.gallery.pictures import PICTURES, SIZE
from scripts.gallery.showing import DETAIL, KINDS, most_seen

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TINY = (96, 72)
MOST_BYTES = 6_500_000


class TestPictures:
    @pytest.mark.parametrize("name", PICTURES)
    def test_each_is_the_same_each_time_and_has_lights_and_darks(self, name: str) -> None:
        first, second = (PICTURES[name](*TINY) for _ in range(2))
        assert first.shape == (TINY[1], TINY[0], 3)
        assert first.dtype == np.uint8
        assert np.array_equal(first, second)
        low, high = np.percentile(first, (2, 98))
        assert high - low > 90, "a picture, not a wash of one tone"

    def test_they_are_unlike_each_other(self) -> None:
        entries = read(OUT)
        assert len({entry["artwork_sha256"] for entry in entries.values()}) == len(entries)

    def test_ink_is_grey(self) -> None:
        ink = PICTURES["comic"](*TINY)
        assert (ink == ink[..., :1]).all()

    def test_pixel_art_is_made_of_squares(self) -> None:
        art = PICTURES["pixels"](1200, 900)
        squares = art.reshape(225, 4, 300, 4, 3)
        assert (squares == squares[:, :1, :, :1]).all()

    def test_one_is_drawn_once_and_anew_when_it_is_asked_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls = []

        def draw(width: int, height: int) -> np.typing.NDArray[np.uint8]:
            calls.append((width, height))
            return np.full((height, width, 3), len(calls), np.uint8)

        monkeypatch.setitem(PICTURES, "flat", draw)
        for anew in (False, False, True):
            path = drawn("flat", tmp_path, anew=anew)
        assert calls == [SIZE, SIZE]
        with Image.open(path) as picture:
            assert picture.getpixel((0, 0)) == (2, 2, 2)


class TestOutputs:
    def test_every_picture_is_there_with_all_its_files_and_nothing_else(self) -> None:
        entries = read(OUT)
        assert list(entries) == list(PICTURES)
        there = {path.relative_to(OUT).as_posix() for path in OUT.rglob("*.webp")}
        assert there == {f"{name}/{kind}.webp" for name in PICTURES for kind in KINDS}
        assert sum(path.stat().st_size for path in OUT.rglob("*") if path.is_file()) < MOST_BYTES

    @pytest.mark.parametrize("name", PICTURES)
    def test_the_files_are_what_the_figures_say(self, name: str) -> None:
        entry = read(OUT)[name]
        for kind, size in {"before": SIZE, "after": SIZE, "difference": SIZE, "detail-after": (DETAIL, DETAIL)}.items():
            with Image.open(OUT / name / f"{kind}.webp") as picture:
                assert picture.size == size, kind
        left, top, side = entry["detail"]
        assert side == DETAIL
        with Image.open(OUT / name / "detail-before.webp") as file, Image.open(OUT / name / "before.webp") as whole:
            # The whole one is compressed; it is the same place.
            crop = np.asarray(whole.convert("RGB").crop((left, top, left + side, top + side)), float)
            assert np.abs(crop - np.asarray(file.convert("RGB"), float)).mean() < 6
        families = [row["none"] for row in entry["style_distance_percent"].values()]
        assert math.isclose(entry["mean_style_distance_percent"], sum(families) / len(families), abs_tol=0.02)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_the_pages_are_those_of_the_figures(self, language: str) -> None:
        text = page_path(OUT, language).read_text(encoding="utf-8")
        assert text == page(OUT, language), "python -m scripts.gallery --page writes them anew"

    def test_both_languages_say_the_same_things(self) -> None:
        english, japanese = (captions(OUT, language) for language in LANGUAGES)
        assert english["page"].keys() == japanese["page"].keys()
        assert set(english["pictures"]) == set(japanese["pictures"]) == set(PICTURES)
        for name in PICTURES:
            assert english["pictures"][name].keys() == japanese["pictures"][name].keys() == {"title", "genre", "seen"}

    def test_captions_name_figures_and_have_none_of_their_own(self) -> None:
        for language in LANGUAGES:
            words = captions(OUT, language)
            for entry in read(OUT).values():
                said = words["page"]["caption"].format(**figures(entry, language))
                assert f"{entry['mean_style_distance_percent']:.0f} %" in said
                assert f"{entry['visibility']['lpips']:.3f}" in said
                assert not any(letter.isdigit() for letter in words["pictures"][entry["name"]]["seen"])


class TestMaking:
    def test_what_is_done_is_left_alone_and_another_network_does_it_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        artwork, network = tmp_path / "flat.png", tmp_path / "network"
        Image.new("RGB", (64, 64), "red").save(artwork)
        network.write_bytes(b"one")
        monkeypatch.setattr("glaze.weights.bundled_path", lambda: network)
        asked = []

        class AskedError(Exception):
            pass

        def glaze(*_: object, **__: object) -> None:
            asked.append(1)
            raise AskedError

        monkeypatch.setattr("glaze.glaze", glaze, raising=False)
        with pytest.raises(AskedError):
            gallery.make("flat", artwork, tmp_path, "default")
        made_of = {
            "artwork_sha256": gallery.digest(np.asarray(Image.open(artwork))),
            "network_sha256": gallery.network_digest(),
            "render": "default",
        }
        write(tmp_path, {"flat": {"name": "flat", **made_of}})
        for kind in KINDS:
            write_whole(tmp_path / "flat" / f"{kind}.webp", b"")
        assert gallery.make("flat", artwork, tmp_path, "default") is None
        network.write_bytes(b"another")
        with pytest.raises(AskedError):
            gallery.make("flat", artwork, tmp_path, "default")
        assert len(asked) == 2

    def test_the_detail_is_where_the_difference_is_seen(self) -> None:
        before = np.full((400, 600, 3), 120, np.uint8)
        after = before.copy()
        after[100:200, 420:520] = (160, 100, 120)
        left, top = most_seen(before, after)
        assert left <= 420
        assert left + DETAIL >= 520
        assert top <= 100
        assert top + DETAIL >= 200


@pytest.mark.browser
def test_the_slider_is_moved_by_the_keyboard_and_named(browser: Browser, tmp_path: Path) -> None:
    for name, colour in (("before", "black"), ("after", "white")):
        Image.new("RGB", (400, 300), colour).save(tmp_path / f"{name}.png")
    words = 'data-label="Compare: boat" data-before="Before" data-after="After"'
    pictures = '<img alt="b" src="before.png"> <img alt="a" src="after.png">'
    (tmp_path / "page.html").write_text(
        f'<link rel="stylesheet" href="slider.css"><script src="slider.js"></script>'
        f'<div class="compare" {words}><p>{pictures}</p></div>'
        '<div class="compare"><img alt="alone" src="before.png"></div>'
    )
    for part in ("slider.css", "slider.js"):
        (tmp_path / part).write_bytes((OUT / part).read_bytes())
    tab = browser.new_page(viewport={"width": 500, "height": 500})
    strangers: list[str] = []
    tab.on("request", lambda request: strangers.append(request.url) if not request.url.startswith("file:") else None)
    tab.goto((tmp_path / "page.html").as_uri())
    slider = tab.get_by_role("slider", name="Compare: boat")
    assert tab.get_by_role("slider").count() == 1, "one picture alone is left as it is"

    def brightness() -> float:
        shot = tab.locator(".compare.ready").screenshot()
        (tmp_path / "shot.png").write_bytes(shot)
        return float(np.asarray(Image.open(tmp_path / "shot.png").convert("L"), float).mean())

    half = brightness()
    slider.focus()
    for _ in range(30):
        tab.keyboard.press("ArrowRight")
    assert slider.input_value() == "80"
    assert slider.get_attribute("aria-valuetext") == "Before 80 %, After 20 %"
    assert brightness() < half - 40, "more of what is before"
    tab.keyboard.press("Home")
    assert brightness() > half + 60, "after alone"
    assert not strangers
    tab.close()
