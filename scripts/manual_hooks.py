"""What MkDocs does to a page of the manual besides: no marks of figures, and no links out of the manual.

The pages are also read where they lie, in the repository; there a link to a program or to a file of figures leads to
it. The manual goes along without them, so it names them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mkdocs.structure.pages import Page

MARK: Final = re.compile(r"<!--(?:[a-z][a-z0-9_.]*|/| runs )-->")
OUTSIDE: Final = re.compile(r"\[([^\]]+)\]\((?:\.\./[^)]+|[\w-]+\.json)\)")


# Of the theme's search, which is called a dialog and has no name.
DIALOG: Final = re.compile(r'(<div class="md-search" [^>]*role="dialog")(?=>)')
SEARCH: Final = {"en": "Search", "ja": "検索"}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page as it is read in the manual."""
    return OUTSIDE.sub(r"\1", MARK.sub("", markdown))


def on_post_page(output: str, page: Page, **_: Any) -> str:
    """The finished page, with a name for the search."""
    language = "ja" if page.url.startswith("ja/") else "en"
    return DIALOG.sub(rf'\1 aria-label="{SEARCH[language]}"', output)
