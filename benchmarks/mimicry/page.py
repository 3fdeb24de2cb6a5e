"""Put what a trial found into the docs: rows, table, plot and sheets, so that every figure there is one of the file's.

python -m benchmarks.mimicry.page runs/mimicry --docs docs
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from pathlib import Path
from typing import Final

from PIL import Image

from benchmarks.mimicry.tables import table

PAGES: Final = ("mimicry.md", "mimicry.ja.md")
BLOCK: Final = re.compile(r"(<!-- table -->\n).*?(<!-- end of table -->)", re.DOTALL)


def with_table(page: str, text: str) -> str:
    """A page with what stands between its marks replaced. Raises ValueError where it has none."""
    if not BLOCK.search(page):
        raise ValueError("the page has no <!-- table --> and <!-- end of table -->")
    inner = f"\n{text.strip()}\n\n" if text else ""
    return BLOCK.sub(lambda found: found[1] + inner + found[2], page)


def put(out: Path, docs: Path) -> None:
    """mimicry.json, the plot and the sheets of a trial in `out` into `docs`, and the table into its pages."""
    shutil.copyfile(out / "mimicry.json", docs / "mimicry.json")
    text = table(json.loads((out / "mimicry.json").read_text(encoding="utf-8")))
    for name in PAGES:
        page = docs / name
        page.write_text(with_table(page.read_text(encoding="utf-8"), text), encoding="utf-8")
    pictures = docs / "mimicry"
    pictures.mkdir(exist_ok=True)
    for found in [out / "mimicry.png", *sorted(out.glob("*-*.jpg"))]:
        with Image.open(found) as picture:
            picture.convert("RGB").save(pictures / f"{found.stem}.webp", quality=80)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the trial's --out")
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    args = parser.parse_args()
    put(args.out, args.docs)


if __name__ == "__main__":
    main()
