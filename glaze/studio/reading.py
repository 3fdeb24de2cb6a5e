"""The manual, as it was built by scripts/docs.py and goes along with Glaze: given out by the studio, page by page.

Everything is a file in the folder beside this one, and nothing in it asks for anything else, so it is read without a
network. Of the studio's languages those it does not have get the English one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import ASGIApp

FOLDER: Final = Path(__file__).parent / "manual"
PATH: Final = "/manual"
# Language -> its folder within the manual.
FOLDERS: Final = {"en": "", "ja": "ja/"}


def manual(language: str, page: str = "index") -> str:
    """The address of a page of the manual, in a language of the studio: "/manual/ja/limits.html"."""
    return f"{PATH}/{FOLDERS.get(language, FOLDERS['en'])}{page}.html"


def shelf() -> ASGIApp:
    """What answers to every address that begins with PATH."""
    from starlette.applications import Starlette
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles

    # In a copy of Glaze that is not whole the pages still open; the manual alone is not found.
    return Starlette(routes=[Mount(PATH, StaticFiles(directory=FOLDER, html=True))] if FOLDER.is_dir() else [])
