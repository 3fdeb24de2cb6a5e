"""Fills the figures of the manual and builds it into glaze/studio/manual, from where the studio gives it out.

    python -m scripts.docs

Run it after a benchmark has written a file of docs/ anew and after a page was changed; then look at what changed, and
commit it. Figures stand between marks, `<!--art.progress-->0.126<!--/-->` within a line and `<!--table.art-->` around a
table; benchmarks/figures.py and figure_tables.py have them by name. The same is true of README.md.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.figure_tables import tables
from benchmarks.figures import figures

ROOT: Final = Path(__file__).resolve().parents[1]
BUILT: Final = ROOT / "glaze" / "studio" / "manual"
FIGURE: Final = re.compile(r"<!--([a-z][a-z0-9_.]*)-->(.*?)<!--/-->", re.DOTALL)
# What the theme brings along and no page of ours needs.
UNUSED: Final = (
    "**/*.map",
    "assets/javascripts/lunr/wordcut.js",
    "assets/images/favicon.png",
    "sitemap.xml.gz",
    "404.html",
)
# The theme asks for one in every language; its own has the day in it.
SITEMAP: Final = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"></urlset>\n'
SEARCHED: Final = {"lunr.stemmer.support.min.js", "lunr.multi.min.js", "lunr.ja.min.js"}


def pages() -> list[Path]:
    """Every file that tells figures, in the order of their names."""
    return [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("README*.md"))]


def language_of(page: Path) -> str:
    """Which language a page is in: "ja" for limits.ja.md."""
    return "ja" if page.name.endswith(".ja.md") else "en"


@cache
def known(language: str) -> Mapping[str, str]:
    """Every figure and table, by name, as a page of that language has it."""
    return figures() | {name: "\n\n" + "\n".join(lines) + "\n\n" for name, lines in tables(language).items()}


def filled(page: Path) -> str:
    """The page with its figures as the files have them now. Raises SystemExit for a name that there is not."""
    own, text = known(language_of(page)), page.read_text(encoding="utf-8")
    for name, _ in FIGURE.findall(text):
        if name not in own:
            raise SystemExit(f"{page.name} asks for {name}, which benchmarks/figures.py does not have")
    return FIGURE.sub(lambda found: f"<!--{found[1]}-->{own[found[1]]}<!--/-->", text)


def build(into: Path) -> None:
    """The manual as a browser reads it, in an empty folder. Raises SystemExit where MkDocs has anything to say."""
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(into)]
    # The theme's makers tell of its successor at every build.
    environ = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    answer = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    if answer.returncode or "WARNING" in answer.stderr:
        raise SystemExit(answer.stdout + answer.stderr)
    for pattern in UNUSED:
        for path in into.glob(pattern):
            path.unlink()
    for folder in (into, into / "ja"):
        (folder / "sitemap.xml").write_text(SITEMAP, encoding="utf-8")
    for path in (into / "assets" / "javascripts" / "lunr" / "min").iterdir():
        if path.name not in SEARCHED:
            path.unlink()
    for path in into.rglob("*"):
        if path.suffix in {".css", ".js"}:
            text = path.read_text(encoding="utf-8")
            path.write_text(re.sub(r"\n?/[/*]# sourceMappingURL=\S+?\s*(\*/)?\s*$", "\n", text), encoding="utf-8")


def main() -> None:
    """Fill, build, put in place."""
    for page in pages():
        text = filled(page)
        if text != page.read_text(encoding="utf-8"):
            page.write_text(text, encoding="utf-8")
            print(f"{page.relative_to(ROOT)}: figures renewed")
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        shutil.rmtree(BUILT, ignore_errors=True)
        shutil.copytree(folder, BUILT)
    size = sum(path.stat().st_size for path in BUILT.rglob("*") if path.is_file())
    print(f"{BUILT.relative_to(ROOT)}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
