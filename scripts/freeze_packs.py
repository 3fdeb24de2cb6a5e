"""Writes into weights/manifest.json what downloads have found out: revisions, sizes and hashes.

    python -m glaze weights get standard
    python -m scripts.freeze_packs

For whoever maintains Glaze. The locks of the packs on this computer say what came; what the manifest knows already is
never changed, and where a lock says otherwise, nothing is written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from glaze.files import write_whole
from glaze.packs import load_packs
from glaze.packs.lock import Got, read_lock
from glaze.packs.manifest import manifest_path


def main() -> int:
    """Returns the exit code: 1 where a lock contradicts the manifest."""
    got = {name: source for pack in load_packs() for name, source in read_lock(pack).sources.items()}
    said = json.loads(manifest_path().read_text(encoding="utf-8"))
    files = [file for item in said["items"] for file in item["files"]]
    other = [_name(file) for file in files if _contradicts(file, got.get(_name(file)))]
    if other:
        print("Other than the manifest says:", *other, sep="\n  ")
        return 1
    news = sum(_fill(file, got.get(_name(file))) for file in files)
    write_whole(manifest_path(), (json.dumps(said, indent=2, ensure_ascii=False) + "\n").encode())
    left = sum(file["sha256"] is None for file in files)
    print(f"{news} of {len(files)} files are new in the manifest, of {left} it still does not know what they are.")
    return 0


def _name(file: Mapping[str, Any]) -> str:
    """As Source.name."""
    return file.get("address") or f"{file['repository']}/{file['file']}"


def _found(got: Got) -> dict[str, object]:
    return {"revision": got.revision, "size": got.print.size, "sha256": got.print.sha256}


def _contradicts(file: Mapping[str, Any], got: Got | None) -> bool:
    return got is not None and any(
        file.get(key) is not None and value is not None and file[key] != value for key, value in _found(got).items()
    )


def _fill(file: dict[str, Any], got: Got | None) -> bool:
    if got is None:
        return False
    news = {key: value for key, value in _found(got).items() if value is not None and file.get(key) is None}
    file.update(news)
    return bool(news)


if __name__ == "__main__":
    sys.exit(main())
