"""The gallery's two pages, docs/gallery.md and docs/gallery.ja.md: captions.json's words, gallery.json's figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from glaze.studio.words import load
from scripts.gallery.gallery import Entry, read
from scripts.gallery.publish import publish

LANGUAGES: Final = ("en", "ja")
CAPTIONS: Final = "captions.json"


def write_pages(out: Path) -> None:
    """Write both pages beside the folder `out`, of all the pictures that it has. Raises OSError."""
    for language in LANGUAGES:
        publish(page_path(out, language), page(out, language).encode())


def page_path(out: Path, language: str) -> Path:
    """Where the page in a language is."""
    return out.parent / ("gallery.md" if language == "en" else f"gallery.{language}.md")


def captions(out: Path, language: str) -> dict[str, Any]:
    """The words in a language: "page", and "pictures" by name."""
    words: dict[str, Any] = json.loads((out / CAPTIONS).read_text(encoding="utf-8"))[language]
    return words


def page(out: Path, language: str) -> str:
    """The page in a language, as Markdown."""
    words = captions(out, language)
    entries = list(read(out).values())
    said = words["page"]
    parts = [f"# {said['title']}", said["intro"].format(count=len(entries))]
    for entry in entries:
        parts += _picture(entry, words, language)
    parts += [f"## {said['figures']}", said["figures_intro"], _table(entries, words, language), said["repeat"]]
    return "\n\n".join(parts) + "\n"


def figures(entry: Entry, language: str) -> dict[str, str]:
    """What a caption can name of a picture: its figures, rounded to what is worth reading, and its decoy's style."""
    return {
        "decoy": load(language).name("style", entry["decoy_style"]),
        "distance": f"{entry['mean_style_distance_percent']:.0f}",
        "survival": f"{100 * entry['mean_survival']:.0f}",
        "lpips": f"{entry['visibility']['lpips']:.3f}",
        "flip": f"{entry['visibility']['flip']:.3f}",
        "flat": f"{entry['visibility']['flat']:.1f}",
        "seconds": f"{entry['seconds']}",
        "shown": f"{entry['shown_percent']}",
    }


def _picture(entry: Entry, words: dict[str, Any], language: str) -> list[str]:
    """One picture: slider, what one sees, figures, details, and what a model sees."""
    said, own, name, known = words["page"], words["pictures"][entry["name"]], entry["name"], figures(entry, language)
    place = f"gallery/{name}"
    sides = f'data-before="{said["before"]}" data-after="{said["after"]}"'
    slider = f'data-label="{said["slider"].format(title=own["title"])}"'

    def figure(kind: str) -> str:
        caption = said[kind].format(**known)
        picture = f"![{own['title']}: {caption}]({place}/{kind}.webp)"
        return f"<figure markdown>\n\n{picture}\n\n<figcaption>{caption}</figcaption></figure>"

    return [
        f"## {own['title']}",
        own["genre"],
        f'<div class="compare" markdown {slider} {sides}>',
        "\n".join(f"![{own['title']}: {said[side]}]({place}/{side}.webp)" for side in ("before", "after")),
        "</div>",
        own["seen"],
        said["caption"].format(**known),
        '<div class="shown pixels" markdown>',
        figure("detail-before"),
        figure("detail-after"),
        "</div>",
        '<div class="shown" markdown>',
        *(figure(kind) for kind in ("seen-before", "seen-after", "seen-decoy", "difference", "decoy")),
        "</div>",
    ]


def _table(entries: list[Entry], words: dict[str, Any], language: str) -> str:
    """All figures, a row a picture."""
    columns = ("decoy", "distance", "survival", "lpips", "flip", "flat", "seconds")
    head = [words["page"]["picture"], *(words["page"]["columns"][column] for column in columns)]
    rows = [head, ["---", "---", *["---:"] * (len(columns) - 1)]]
    for entry in entries:
        known = figures(entry, language)
        rows.append([words["pictures"][entry["name"]]["title"], *(known[column] for column in columns)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
