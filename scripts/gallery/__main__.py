"""The gallery: pictures of eight genres that code draws, each before and after a glaze.

    python -m scripts.gallery                   draws, glazes, and writes docs/gallery and the two pages
    python -m scripts.gallery --only oil comic  these alone
    python -m scripts.gallery --page            writes the two pages anew, from what is there

Drawn pictures are kept in runs/gallery, and drawn again with --redraw. A picture that the present network has glazed
already is left as it is, so the command can be stopped and repeated, and repeated after the network was replaced.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from scripts.gallery.gallery import DRAWN, OUT, drawn, make, read, write
from scripts.gallery.page import write_pages
from scripts.gallery.pictures import PICTURES


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what is asked for; 1 where something could not be made."""
    from glaze import GlazeError

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PICTURES, default=list(PICTURES), metavar="NAME")
    parser.add_argument("--redraw", action="store_true", help="draw the pictures again")
    parser.add_argument("--render", default="default", choices=("fast", "default", "slow", "slowest"))
    parser.add_argument("--draw", action="store_true", help="draw alone, and glaze nothing")
    parser.add_argument("--page", action="store_true", help="write the pages alone")
    asked = parser.parse_args(arguments)
    if not asked.page:
        for name in asked.only:
            artwork = drawn(name, DRAWN, anew=asked.redraw)
            if asked.draw:
                continue
            try:
                entry = make(name, artwork, OUT, asked.render)
            except (GlazeError, OSError) as error:
                print(f"{name}: {error}", file=sys.stderr)
                return 1
            if entry:
                write(OUT, {**read(OUT), name: entry})
            print(f"{name}: {'glazed in ' + str(entry['seconds']) + ' s' if entry else 'nothing to do'}", flush=True)
    if not asked.draw:
        write_pages(OUT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
