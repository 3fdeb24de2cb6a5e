"""What the hub says of a file before it is downloaded. HF_ENDPOINT names another hub."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

import httpx2

from glaze.download.faults import Unanswered, refusal
from glaze.download.wanted import Wanted
from glaze.errors import DownloadError
from glaze.packs.manifest import Item, Source

PATIENCE: Final = 10.0  # seconds
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_LOCK: Final = threading.Lock()


def host() -> str:
    """Who is asked, for people to read."""
    from huggingface_hub import constants

    return urlsplit(_endpoint() or constants.ENDPOINT).hostname or ""


def ask(item: Item, source: Source) -> Wanted:
    """Where a file of the hub is, how large and which. The newest one where the source names no revision.

    No token of the user goes along: everything that the packs are made of is public.
    Raises DownloadError, and Unanswered where asking again may help.
    """
    assert source.repository is not None
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError

    endpoint = _endpoint()
    repository, file = source.repository, source.file
    address = hf_hub_url(repository, file, revision=source.revision, endpoint=endpoint)
    try:
        with _online():
            said = get_hf_file_metadata(address, token=False, timeout=PATIENCE, endpoint=endpoint)
    except HfHubHTTPError as error:
        answer = error.response
        raise refusal(host(), source.name, answer.status_code, answer.headers.get("Retry-After")) from error
    except httpx2.TooManyRedirects as error:
        raise DownloadError("circles", host=host(), file=source.name) from error
    except httpx2.TransportError as error:
        raise Unanswered(error) from error
    revision = said.commit_hash if said.commit_hash and _COMMIT.fullmatch(said.commit_hash) else source.revision
    # Of a small file the hub tells git's hash, which is another.
    sha256 = said.etag if said.etag and _SHA256.fullmatch(said.etag) else None
    for known, now in ((source.revision, revision), (source.size, said.size), (source.sha256, sha256)):
        if known is not None and now is not None and known != now:
            raise DownloadError("changed", host=host(), file=source.name)
    return Wanted(
        item=item,
        source=source,
        address=hf_hub_url(repository, file, revision=revision, endpoint=endpoint),
        size=said.size if source.size is None else source.size,
        sha256=source.sha256 or sha256,
        revision=revision,
    )


def _endpoint() -> str | None:
    """The hub that the environment names. Its library reads that only once, when it is imported."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or None


@contextmanager
def _online() -> Iterator[None]:
    """Lets the hub's library speak, which the studio forbids it; to this question alone."""
    from huggingface_hub import constants

    with _LOCK:
        before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, False
        try:
            yield
        finally:
            constants.HF_HUB_OFFLINE = before
