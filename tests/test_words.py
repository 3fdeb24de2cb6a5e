"""Every word the page may need is there, in every language, and the right language is found."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from glaze.advice import Advice
from glaze.artwork import Note
from glaze.decoys.styles import STYLES
from glaze.encoders import SPREAD
from glaze.errors import ArtworkTooSmall, ArtworkUnreadable, GlazeError, SaveError
from glaze.glazing import OWN_DECOY
from glaze.machine import Case
from glaze.removals import REMOVALS
from glaze.settings import Intensity, Render
from glaze.studio import words
from glaze.studio.decoys import Way
from glaze.studio.words import FALLBACK, LOCALE, error_templates, languages, left_out, load, preferred

STUDIO = Path(words.__file__).parent
SHIPPED = ("en", "de", "es", "fr", "ja", "ko", "zh")
# What may read as in English: names, units, and signs; and words that a language shares with it.
NAMES = re.compile(
    r"page\.title|family\.\w+|network\.lpips|removal\.compress|(picture|inspect)\.size|figure\.\w+|duration\.\w+|"
    r"size\.[kmg]b|computer\.gigabytes|difference\.times|compare\.actual|inspect\.separator|portfolio\.now"
)
# Genres that are called in English as the French call them, and one that the Japanese named.
FRENCH = ("art_nouveau", "baroque", "pop_art", "rococo", "ukiyo-e")
SHARED = {
    "de": {"house.field.name", "house.field.passphrase", "house.nav.studio", "nav.portfolio", "portfolio.pause"},
    "es": {"nav.manual", "genre.ukiyo-e"},
    "fr": {
        "house.join.code",
        "house.nav.admin",
        "house.nav.studio",
        "nav.portfolio",
        "page.pages",
        *(f"genre.{name}" for name in FRENCH),
    },
}


def in_its_file(language: str) -> dict[str, str]:
    """The texts as the file has them, with nothing put in for what it lacks."""
    texts: dict[str, str] = json.loads((LOCALE / f"{language}.json").read_text(encoding="utf-8"))
    return texts


def keys_in_the_code() -> Iterator[str]:
    """Keys that stand as plain text where words are asked for: words("KEY"), words.html("KEY")."""
    for path in STUDIO.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            asks = ast.unparse(node.func)
            first = node.args[0]
            if asks.endswith(("words", "words.html", "load(code)")) and isinstance(first, ast.Constant):
                yield str(first.value)


def test_seven_languages_are_there() -> None:
    assert languages() == SHIPPED
    assert left_out() == ()


@pytest.mark.parametrize("language", [code for code in SHIPPED if code != FALLBACK])
def test_each_has_every_text_and_none_more_and_none_in_english(language: str) -> None:
    english, own = load(FALLBACK).texts, in_its_file(language)
    assert own.keys() == english.keys()
    left = {key for key, text in own.items() if text == english[key] and not NAMES.fullmatch(key)}
    assert left == SHARED.get(language, set())


@pytest.mark.parametrize("language", SHIPPED)
def test_each_calls_itself_by_its_own_name(language: str) -> None:
    names = {"de": "Deutsch", "en": "English", "es": "Español", "fr": "Français", "ja": "日本語", "ko": "한국어"}
    assert load(language)("language.name") == {**names, "zh": "简体中文"}[language]


@pytest.fixture
def locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with English alone, for more languages."""
    (tmp_path / "en.json").write_bytes((LOCALE / "en.json").read_bytes())
    monkeypatch.setattr(words, "LOCALE", tmp_path)
    load.cache_clear()
    yield tmp_path
    load.cache_clear()


def test_what_a_language_lacks_is_said_in_english(locale: Path) -> None:
    begun = {
        "drop.title": "Solte uma imagem aqui",
        "result.where": "Salvo em {lugar}",
        "result.took": "Pronto em {time",
        "family.flux9": "FLUX nove",
    }
    (locale / "pt-BR.json").write_text(json.dumps(begun), encoding="utf-8")
    assert languages() == ("en", "pt-BR")
    told = load("pt-BR")
    assert told("drop.title") == "Solte uma imagem aqui"
    assert told("drop.hint") == load("en")("drop.hint")
    assert told("result.where", path="a") == "Saved as a", "a field that nobody gives"
    assert told("result.took", time="1 s") == "Glazed in 1 s", "a brace that nobody closes"
    assert told.error(SaveError("no_folder", folder="out")) == str(SaveError("no_folder", folder="out"))
    assert told.name("family", "flux9") == "FLUX nove"


@pytest.mark.parametrize("content", [b'{"drop.title": "Hier",}', b"[]", b'{"drop.title": 3}', b"\xff\xfe", b""])
def test_a_file_that_cannot_be_read_is_left_out_and_named(content: bytes, locale: Path) -> None:
    (locale / "xx.json").write_bytes(content)
    assert languages() == ("en",)
    [line] = left_out()
    assert "xx.json" in line
    (locale / "xx.json").unlink()


def test_a_file_that_is_called_like_no_language_is_left_out_and_named(locale: Path) -> None:
    (locale / "de (1).json").write_text("{}", encoding="utf-8")
    assert languages() == ("en",)
    assert "de (1).json" in left_out()[0]


def test_numbers_and_dates_are_written_as_each_language_does() -> None:
    day = date(2026, 3, 9)
    told = {code: (load(code).figure(0.041, 3), load(code).percent(37.6), load(code).day(day)) for code in SHIPPED}
    assert told["en"] == ("0.041", "38 %", "2026-03-09")
    assert told["de"] == ("0,041", "38\N{NO-BREAK SPACE}%", "9.3.2026")
    assert told["fr"][2] == "09/03/2026"
    assert told["ko"] == ("0.041", "38%", "2026년 3월 9일")
    assert load("de").duration(5400) == "1,5\N{NO-BREAK SPACE}h"
    assert load("fr").size(3_400_000) == "3,4 Mo"


@pytest.mark.parametrize("language", languages())
def test_every_key_that_the_code_asks_for_exists(language: str) -> None:
    asked = set(keys_in_the_code())
    assert len(asked) > 50, "the search itself finds something"
    assert asked <= load(language).texts.keys()


@pytest.mark.parametrize("language", languages())
def test_every_error_and_note_of_the_engine_has_words(language: str) -> None:
    templates = dict(error_templates())
    assert "error.ArtworkTooSmall.size" in templates, "classes below other classes are found"
    assert templates.keys() <= load(language).texts.keys()
    assert {f"note.{key}" for key in Note.templates} <= load(language).texts.keys()
    assert {f"advice.{key}" for key in Advice.templates} <= load(language).texts.keys()


@pytest.mark.parametrize("language", languages())
def test_every_choice_and_every_name_has_words(language: str) -> None:
    texts = load(language).texts
    names = {f"style.{style.replace(' ', '_')}" for style in (*STYLES, OWN_DECOY)}
    names |= {f"removal.{removal}" for removal in REMOVALS} | {f"family.{family}" for family in SPREAD}
    names |= {f"intensity.{choice}" for choice in Intensity} | {f"render.{choice}" for choice in Render}
    names |= {f"render.{choice}.timed" for choice in Render}
    names |= {f"decoy.way.{way}" for way in Way}
    # What cannot run at all says why with an error.
    names |= {f"computer.{case}" for case in Case if case is not Case.CANNOT_RUN}
    assert names <= texts.keys()


def test_the_fallback_says_what_the_engine_says() -> None:
    error = ArtworkTooSmall("size", path="a.png", width=3, height=4, least=64)
    assert load("en").error(error) == str(error)
    note = Note("gps_dropped")
    assert load("en").note(note) == str(note)


def test_errors_are_told_in_japanese_with_their_figures() -> None:
    told = load("ja").error(ArtworkTooSmall("size", path="a.png", width=3, height=4, least=64))
    for figure in ("3", "4", "64"):
        assert figure in told
    assert "a.png" in told
    assert "needed" not in told


def test_of_an_upload_only_the_name_is_told(tmp_path: Path) -> None:
    error: GlazeError = ArtworkUnreadable("empty", path=tmp_path / "x" / "a.png")
    assert str(tmp_path) not in load("en").error(error, private=tmp_path)
    assert "'a.png'" in load("en").error(error, private=tmp_path)
    assert str(tmp_path) in load("en").error(error, private=tmp_path / "elsewhere")
    assert "out" in load("en").error(SaveError("no_folder", folder="out"), private=tmp_path)


def test_a_word_that_no_language_has_is_its_own_name() -> None:
    assert load("ja").name("family", "flux9") == "flux9"
    assert load("en").name("style", "ink wash") == "ink wash"


def test_markup_is_made_harmless() -> None:
    assert "<b>" not in load("en").html("result.where", path="<b>.png")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("ja", "ja"),
        ("ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        ("en-GB,en;q=0.9,ja;q=0.8", "en"),
        ("de,ja;q=0.3,en;q=0.4", "en"),
        ("de, fr;q=0.8", "en"),
        ("en;q=0.2, ja;q=0.7", "ja"),
        ("*", "en"),
        ("", "en"),
        (None, "en"),
        ("ja;q=often", "en"),
        ("JA-jp", "ja"),
        ("ja;q=0, en;q=0.5", "en"),
    ],
)
def test_the_browsers_wish_decides(header: str | None, code: str) -> None:
    assert preferred(header, ("en", "ja")) == code


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("zh-CN,zh;q=0.9", "zh"),
        ("zh-Hans", "zh"),
        ("zh-TW", "zh"),
        ("zh-Hant-HK", "zh"),
        ("de-AT", "de"),
        ("fr-CA,fr;q=0.8,en;q=0.5", "fr"),
        ("es-419", "es"),
        ("ko-KR", "ko"),
        ("pt-BR", "en"),
        ("pt-BR,es;q=0.7", "es"),
    ],
)
def test_a_region_gets_its_language(header: str, code: str) -> None:
    assert preferred(header, SHIPPED) == code


def test_a_file_for_a_region_or_a_script_goes_before_its_language() -> None:
    there = ("en", "zh", "zh-Hant")
    assert preferred("zh-Hant-TW", there) == "zh-Hant"
    assert preferred("zh-hans", there) == "zh"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "a few seconds"),
        (9.9, "a few seconds"),
        (12, "10 s"),
        (24, "25 s"),
        (34, "30 s"),
        (54, "50 s"),
        (86, "90 s"),
        (114, "110 s"),
        (115, "2 min"),
        (149, "2 min"),
        (3299, "55 min"),
        (5400, "1.5 h"),
    ],
)
def test_times_are_told_in_round_figures(seconds: float, told: str) -> None:
    assert load("en").duration(seconds) == told
    assert load("en").about(seconds) in {told, f"about {told}"}


@pytest.mark.parametrize("language", languages())
def test_a_told_estimate_is_rounded_by_a_quarter_at_most_and_never_shrinks(language: str) -> None:
    units = {"seconds": 1, "minutes": 60, "hours": 3600}
    templates = {unit: load(language)(f"about.{unit}", n="{n}") for unit in units}
    last = 0.0
    for seconds in range(10, 4 * 3600):
        told = load(language).about(seconds)
        readings = [(unit, parse(template, told)) for unit, template in templates.items()]
        [meant] = [float(number) * units[unit] for unit, number in readings if number]
        assert seconds / 1.26 < meant < seconds * 1.26
        assert meant >= last
        last = meant


def parse(template: str, told: str) -> str | None:
    """What stands in place of {n}."""
    before, after = template.split("{n}")
    found = re.fullmatch(rf"{re.escape(before)}([\d.,]+){re.escape(after)}", told)
    return found and found[1].replace(",", ".")


def test_advice_is_told_in_japanese_with_its_figures() -> None:
    told = load("ja").advice(Advice("closed", {"reached": 3, "target": 12, "share": 71}))
    for figure in ("3", "12", "71"):
        assert figure in told
