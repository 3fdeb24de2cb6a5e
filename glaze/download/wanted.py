"""One file that is to be downloaded, and what is known of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from glaze.packs.lock import Print
from glaze.packs.manifest import Item, Source


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A file at an address.

    size, sha256  what it must be: as the manifest, the lock or the hub says; None where none of them does.
    revision      the commit of the hub's repository that the address is of.
    by_hand       the very file, where somebody put it into the packs' folder.
    """

    item: Item
    source: Source
    address: str
    size: int | None
    sha256: str | None
    revision: str | None = None
    by_hand: Path | None = None

    @property
    def host(self) -> str:
        """Who gives it out, for people to read."""
        return urlsplit(self.address).hostname or self.address

    @property
    def pinned(self) -> bool:
        """Whether it can be no other file tomorrow, so that a part of it is worth keeping."""
        return self.sha256 is not None or self.revision is not None

    def found_by_hand(self, path: Path) -> Wanted:
        """The same, without a download where `path` is known to be it."""
        try:
            here = path.is_file() and Print.of(path) == Print(self.size or 0, self.sha256 or "")
        except OSError:
            here = False
        return replace(self, by_hand=path) if here else self

    @property
    def part_name(self) -> str:
        """Under which name it grows: another file has another one."""
        meant = f"{self.source.name} {self.revision} {self.size} {self.sha256}"
        return f"{self.source.file.rpartition('/')[2]}.{hashlib.sha256(meant.encode()).hexdigest()[:12]}"
