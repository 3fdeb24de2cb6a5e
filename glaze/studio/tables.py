"""Tables that are read: a caption, and a head for every row and column."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def table(name: str, caption: str, rows: Sequence[Sequence[str]], heads: Sequence[str] = ()) -> str:
    """A table with the class `name`. Caption and heads are text; rows are markup, and the first cell heads its row."""
    columns = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    lines = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for first, *cells in rows
    )
    top = f"<thead><tr>{columns}</tr></thead>" if heads else ""
    return f'<table class="plain {name}"><caption>{escape(caption)}</caption>{top}<tbody>{lines}</tbody></table>'


def explained(name: str, info: str) -> str:
    """A name and beneath it what it is, for a cell."""
    return f'{escape(name)}<span class="info">{escape(info)}</span>'


def where(path: object) -> str:
    """A file or folder that one click selects whole."""
    return f'<code class="place">{escape(str(path))}</code>'
