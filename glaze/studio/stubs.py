"""gradio without the files for editors that it would write for every component whenever it is imported."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def no_stubs() -> Iterator[None]:
    """Import gradio for the first time in here: it then takes half the time.

    gradio parses its own source to keep .pyi files beside it up to date; a component whose source is no file is left
    out. So here none is. What others ask for meanwhile, in other threads, they get.
    """
    usual = inspect.getfile

    def getfile(object: Any) -> str:  # noqa: A002  the name that callers may use
        if isinstance(object, type) and object.__module__.partition(".")[0] == "gradio":
            raise OSError(f"no stub for {object.__name__}")
        return usual(object)

    inspect.getfile = getfile
    try:
        yield
    finally:
        inspect.getfile = usual
