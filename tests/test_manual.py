"""The manual: whole in every language, no link dead, no figure that no benchmark told, built as it lies here."""

from __future__ import annotations

import io
import re
import shutil
import tokenize
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from glaze.studio.reading import FOLDER, FOLDERS, PATH, manual
from glaze.studio.words import languages
from scripts import docs

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(page.name.removesuffix(".md") for page in DOCS.glob("*.md") if not page.name.endswith(".ja.md"))
READ_BY_ARTISTS = (
    "index", "style", "start", "studio", "levels", "visible", "posting", "removals", "limits", "privacy", "questions",
    "hosts",
)  # fmt: skip
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^(?: {4}.+)?\n)*^ {4}.+$", re.MULTILINE)
Ask = Callable[[str], Any]
OUTSIDE = re.compile(r"https://[\w.-]+\.[a-z]{2,}(/[\w./%-]*)?")


def text_of(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def headings(text: str) -> list[int]:
    """How deep each heading is."""
    return [len(marks) for marks in re.findall(r"^(#+) ", FENCE.sub("", text), re.MULTILINE)]


def uncommented(language: str, code: str) -> str:
    """Code without what is said in it to readers."""
    if language != "python":
        return code
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    return " ".join(token.string for token in tokens if token.type not in {tokenize.COMMENT, tokenize.NL})


def code_in(text: str) -> list[str]:
    fenced = [uncommented(language, code) for language, code in FENCE.findall(text)]
    return [*fenced, *(block.strip("\n") for block in INDENTED.findall(FENCE.sub("", text)))]


class Read(HTMLParser):
    """What a page of the built manual has: addresses, anchors, and what a browser would fetch by itself."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.language: str | None = None
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if "id" in has:
            assert has["id"] not in self.anchors or has["id"].startswith("__"), f"{has['id']} is there twice"
            self.anchors.add(has["id"])
        if tag == "html":
            self.language = has.get("lang")
        if tag in {"a", "area"} and "href" in has:
            self.links.append(has["href"])
        elif tag == "link" and has.get("rel") not in {"alternate", "canonical", "next", "prev"}:
            self.fetched.append(has["href"])
        self.fetched += [has[name] for name in ("src", "srcset", "poster", "data") if name in has]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manual, built anew."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    folder = tmp_path_factory.mktemp("manual")
    docs.build(folder)
    return folder


@pytest.fixture(scope="module")
def read(built: Path) -> dict[Path, Read]:
    return {page: Read(page) for page in built.rglob("*.html")}


class TestPages:
    @pytest.mark.parametrize("name", PAGES)
    def test_each_is_in_japanese_too_with_the_same_parts(self, name: str) -> None:
        english, japanese = text_of(name), text_of(f"{name}.ja")
        assert headings(japanese) == headings(english)
        assert code_in(japanese) == code_in(english)
        assert len(re.findall(r"!\[[^\]]+\]\(", japanese)) == len(re.findall(r"!\[[^\]]+\]\(", english))
        assert {name for name, _ in docs.FIGURE.findall(japanese)} == {n for n, _ in docs.FIGURE.findall(english)}

    @pytest.mark.parametrize("name", PAGES)
    def test_japanese_pages_are_written_in_japanese(self, name: str) -> None:
        prose = FENCE.sub("", text_of(f"{name}.ja"))
        prose = re.sub(r"`[^`]+`|<!--table[^>]*-->.*?<!--/-->|<[^>]+>|\]\([^)]+\)", "", prose, flags=re.DOTALL)
        for line in INDENTED.sub("", prose).splitlines():
            latin = re.findall(r"(?:[A-Za-z][A-Za-z',-]* ){6,}", line)
            assert not latin or "Shan, Cryan" in line or "found none" in line, line

    def test_none_is_in_japanese_alone(self) -> None:
        assert {page.name for page in DOCS.glob("*.ja.md")} == {f"{name}.ja.md" for name in PAGES}

    def test_a_readme_is_short_and_says_the_same_in_both_languages(self) -> None:
        english, japanese = ((ROOT / f"README{end}.md").read_text(encoding="utf-8") for end in ("", ".ja"))
        assert len(english.splitlines()) < 120
        assert headings(japanese) == headings(english)
        assert code_in(japanese) == code_in(english)
        for name, text in (("README.md", english), ("README.ja.md", japanese)):
            for target in re.findall(r"\]\(([^)#:]+)\)", text):
                assert (ROOT / target).exists(), f"{name} leads to {target}"


class TestFigures:
    @pytest.mark.parametrize("page", docs.pages(), ids=lambda page: page.name)
    def test_they_are_those_of_the_files(self, page: Path) -> None:
        assert page.read_text(encoding="utf-8") == docs.filled(page), "run python -m scripts.docs"

    def test_one_that_is_typed_otherwise_is_found_out(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text("It moves by <!--art.progress-->9.999<!--/-->.", encoding="utf-8")
        assert "9.999" not in docs.filled(page)
        page.write_text("It moves by <!--art.hope-->1<!--/-->.", encoding="utf-8")
        with pytest.raises(SystemExit, match=r"page\.md asks for art\.hope"):
            docs.filled(page)

    @pytest.mark.parametrize("page", docs.pages(), ids=lambda page: page.name)
    def test_no_mark_begins_a_line(self, page: Path) -> None:
        # There Markdown takes it for HTML, and the paragraph ends.
        found = re.findall(r"^\s*<!--(?!table\.)[a-z].*", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert found == []

    @pytest.mark.parametrize("name", READ_BY_ARTISTS)
    def test_what_artists_read_has_no_percent_that_was_typed(self, name: str) -> None:
        for text in (text_of(name), text_of(f"{name}.ja")):
            typed = re.findall(r"[\d.]+ ?%", docs.FIGURE.sub("", text))
            assert set(typed) <= {"0 %", "100 %"}


class TestBuilt:
    def test_what_lies_here_is_what_is_built(self, built: Path) -> None:
        def inside(folder: Path) -> dict[str, bytes]:
            return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

        made, kept = inside(built), inside(FOLDER)
        assert made.keys() == kept.keys(), "run python -m scripts.docs"
        assert [name for name in made if made[name] != kept[name]] == [], "run python -m scripts.docs"
        assert sum(map(len, kept.values())) < 16_000_000

    def test_every_page_says_its_language(self, built: Path, read: dict[Path, Read]) -> None:
        for page, found in read.items():
            assert found.language == ("ja" if page.parent != built else "en")
        assert len(read) == 2 * len(PAGES)

    def test_no_link_is_dead(self, built: Path, read: dict[Path, Read]) -> None:
        for page, found in read.items():
            for link in found.links:
                parts = urlsplit(link)
                if parts.scheme:
                    assert OUTSIDE.fullmatch(link), f"{page.name} leads to {link}"
                    continue
                target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
                target = target / "index.html" if target.is_dir() else target
                assert target.is_file(), f"{page.name} leads to {link}"
                assert target.is_relative_to(built.resolve()) or target == page
                if parts.fragment:
                    there = found if target == page else read[built / target.relative_to(built.resolve())]
                    assert unquote(parts.fragment) in there.anchors, f"{page.name} leads to {link}"

    def test_nothing_is_fetched_from_elsewhere(self, built: Path, read: dict[Path, Read]) -> None:
        for page, found in read.items():
            for address in found.fetched:
                if not address.startswith("data:"):
                    assert not urlsplit(address).netloc, f"{page.name} fetches {address}"
                    assert (page.parent / unquote(urlsplit(address).path)).is_file(), f"{page.name} fetches {address}"
        for style in built.rglob("*.css"):
            asked = re.findall(r"url\(([^)]+)\)|@import\s+(\S+)", style.read_text(encoding="utf-8"))
            assert [one for one in asked if not one[0].strip("\"'").startswith("data:")] == [], style.name

    def test_every_heading_of_a_page_can_be_linked(self, read: dict[Path, Read]) -> None:
        assert all(len(found.anchors) > 3 for found in read.values())


class TestGivenOut:
    """By the studio, to whoever is at this computer."""

    @pytest.fixture
    def ask(self) -> Iterator[Ask]:
        from starlette.applications import Starlette
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route
        from starlette.testclient import TestClient

        from glaze.studio.app import Doorkeeper

        inside = Starlette(routes=[Route("/{any:path}", lambda _: PlainTextResponse("gradio"))])
        with TestClient(Doorkeeper(inside)) as client:
            yield client.get

    @pytest.mark.parametrize("language", languages())
    def test_every_language_of_the_studio_has_one(self, ask: Ask, language: str) -> None:
        answer = ask(manual(language))
        assert answer.status_code == 200
        own = language if language in FOLDERS else "en"
        assert f'<html lang="{own}"' in answer.text

    def test_its_own_address_opens_it(self, ask: Ask) -> None:
        for address in (PATH, f"{PATH}/", f"{PATH}/ja/"):
            assert "<html lang=" in ask(address).text

    @pytest.mark.parametrize("path", ["../app.py", "..%2Fapp.py", "%2e%2e/app.py", "ja/../../app.py", "no-such.html"])
    def test_nothing_beside_it_is_given_out(self, ask: Ask, path: str) -> None:
        answer = ask(f"{PATH}/{path}")
        assert "Doorkeeper" not in answer.text
        assert answer.status_code == 404 or answer.text == "gradio"

    def test_other_addresses_are_not_taken_from_the_pages(self, ask: Ask) -> None:
        assert ask("/manually").text == "gradio"


def test_pages_for_artists_come_first() -> None:
    listed = re.findall(r"- (\w+)\.md$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == PAGES
    order = [listed.index(name) for name in READ_BY_ARTISTS]
    assert all(before < after for before, after in pairwise(order))
