"""Every word the page may need is there, in every language, and the right language is found."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
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
from glaze.studio.words import error_templates, languages, load, preferred

STUDIO = Path(words.__file__).parent


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


def test_japanese_and_english_are_there() -> None:
    assert languages()[0] == "en"
    assert "ja" in languages()


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
    ],
)
def test_the_browsers_wish_decides(header: str | None, code: str) -> None:
    assert preferred(header, ("en", "ja")) == code


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
    found = re.fullmatch(rf"{re.escape(before)}([\d.]+){re.escape(after)}", told)
    return found and found[1]


def test_advice_is_told_in_japanese_with_its_figures() -> None:
    told = load("ja").advice(Advice("closed", {"reached": 3, "target": 12, "share": 71}))
    for figure in ("3", "12", "71"):
        assert figure in told
