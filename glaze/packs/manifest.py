"""What the packs are made of: weights/manifest.json.

A file's revision, size and sha256 are null where they were not known to whoever wrote the manifest. The first download
then writes them down (glaze/packs/lock.py), and `python -m scripts.freeze_packs` carries them over into the manifest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, Final

from glaze.errors import PackError, WeightsError
from glaze.packs.place import weights_folder

STANDARD: Final = "standard"
STUDIO: Final = "studio"
# What may be put into a pack as it is: neither can hold a program.
SAFE: Final = frozenset({".safetensors", ".json", ".txt"})


@dataclass(frozen=True)
class Licence:
    """Under what it may be used, and where that can be read."""

    name: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file as it is published: in a repository of the hub, or at an address of its own.

    revision  a commit of the repository. size: bytes. None where they are not known.
    to        where it goes in the packs' folder; None for what is converted first.
    """

    file: str
    repository: str | None = None
    address: str | None = None
    revision: str | None = None
    size: int | None = None
    sha256: str | None = None
    to: str | None = None

    @property
    def name(self) -> str:
        """What it is called wherever it is remembered."""
        return self.address or f"{self.repository}/{self.file}"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One network of a pack.

    family     the model family whose encoder it is, where it is one that a glaze looks through of its own accord.
    converter  who makes the one file `converted_to` of all sources; None where they stay as they are.
    """

    name: str
    pack: str
    purpose: str
    licences: tuple[Licence, ...]
    sources: tuple[Source, ...]
    family: str | None = None
    converter: str | None = None
    converted_to: str | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """The files that it is here, relative to the packs' folder."""
        if self.converted_to is not None:
            return (self.converted_to,)
        return tuple(source.to for source in self.sources if source.to is not None)


@dataclass(frozen=True)
class Pack:
    """What is brought and removed together."""

    name: str
    items: tuple[Item, ...]


def manifest_path() -> Path:
    """Where the manifest lies."""
    return weights_folder() / "manifest.json"


def load_packs() -> Mapping[str, Pack]:
    """All packs, by name. Raises WeightsError (missing, damaged)."""
    return _load(manifest_path())


def load_pack(name: str) -> Pack:
    """One pack. Raises PackError (unknown) and what `load_packs` raises."""
    packs = load_packs()
    if name not in packs:
        raise PackError("unknown", name=name, choices=", ".join(packs))
    return packs[name]


@cache
def _load(path: Path) -> Mapping[str, Pack]:
    if not path.is_file():
        raise WeightsError("missing", path=path)
    try:
        items = [_item(entry) for entry in json.loads(path.read_text(encoding="utf-8"))["items"]]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise WeightsError("damaged", path=path) from error
    names = dict.fromkeys(item.pack for item in items)
    return MappingProxyType({name: Pack(name, tuple(i for i in items if i.pack == name)) for name in names})


def _item(entry: Mapping[str, Any]) -> Item:
    converted = entry.get("converted", {})
    item = Item(
        name=entry["name"],
        pack=entry["pack"],
        purpose=entry["purpose"],
        licences=tuple(Licence(said["name"], said["address"]) for said in entry["licences"]),
        sources=tuple(Source(**file) for file in entry["files"]),
        family=entry.get("family"),
        converter=converted.get("by"),
        converted_to=converted.get("to"),
    )
    for target in item.targets:
        place = PurePosixPath(target)
        if place.is_absolute() or ".." in place.parts or place.suffix not in SAFE:
            raise ValueError(target)
    return item
