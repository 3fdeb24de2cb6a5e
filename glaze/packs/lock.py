"""What was downloaded, in a file beside the packs: later downloads must be the same.

It stays when a pack is removed. A file whose revision, size or hash the manifest does not know is trusted once, when it
is first downloaded, and never again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from glaze.files import write_whole
from glaze.packs.manifest import Item, Source
from glaze.packs.place import packs_folder


@dataclass(frozen=True)
class Print:
    """What a file is known by. size: bytes."""

    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Print:
        """Of a file that is here. Raises OSError."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return cls(file.tell(), digest)


@dataclass(frozen=True)
class Got:
    """A source as it was downloaded."""

    print: Print
    revision: str | None = None


@dataclass(frozen=True)
class Lock:
    """files: of those that are or were here, by their place. sources: of those that were downloaded, by their name."""

    files: Mapping[str, Print] = field(default_factory=dict)
    sources: Mapping[str, Got] = field(default_factory=dict)

    def known(self, source: Source) -> Source:
        """The source with what the manifest left open, as far as it was written down."""
        got = self.sources.get(source.name)
        if got is None:
            return source
        return replace(
            source,
            revision=source.revision or got.revision,
            size=got.print.size if source.size is None else source.size,
            sha256=source.sha256 or got.print.sha256,
        )

    def with_files(self, files: Mapping[str, Print], sources: Mapping[str, Got] | None = None) -> Lock:
        """With these as well."""
        return Lock({**self.files, **files}, {**self.sources, **(sources or {})})


def lock_path(pack: str) -> Path:
    """Where the lock of a pack lies."""
    return packs_folder() / f"{pack}.lock.json"


def read_lock(pack: str) -> Lock:
    """The lock of a pack; an empty one where there is none or nobody can read it. Never raises."""
    try:
        said = json.loads(lock_path(pack).read_text(encoding="utf-8"))
        files = {name: _print(print_) for name, print_ in said["files"].items()}
        sources = {name: Got(_print(got["print"]), got["revision"]) for name, got in said["sources"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return Lock()
    return Lock(files, sources)


def write_lock(pack: str, lock: Lock) -> None:
    """Keep it, whole or not at all. Raises OSError."""
    write_whole(lock_path(pack), (json.dumps(asdict(lock), indent=2, sort_keys=True) + "\n").encode())


def expected(item: Item, target: str, lock: Lock) -> Print | None:
    """What a file that is here must be; None where nobody knows."""
    if target in lock.files:
        return lock.files[target]
    for source in item.sources:
        if source.to == target:
            known = lock.known(source)
            if known.size is not None and known.sha256 is not None:
                return Print(known.size, known.sha256)
    return None


def _print(said: Mapping[str, Any]) -> Print:
    return Print(int(said["size"]), str(said["sha256"]))
