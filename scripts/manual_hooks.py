"""What MkDocs does to a page of the manual besides: no marks of figures, and no links out of the manual.

The pages are also read where they lie, in the repository; there a link to a program or to a file of figures leads to
it. The manual goes along without them, so it names them.
"""

from __future__ import annotations

import re
from typing import Any, Final

MARK: Final = re.compile(r"<!--(?:[a-z][a-z0-9_.]*|/| runs )-->")
OUTSIDE: Final = re.compile(r"\[([^\]]+)\]\((?:\.\./[^)]+|[\w-]+\.json)\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page as it is read in the manual."""
    return OUTSIDE.sub(r"\1", MARK.sub("", markdown))
