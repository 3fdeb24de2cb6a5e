"""What has served its time is gone: the disk is walked."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import select

from glaze.service import queue, retention
from glaze.service.models import Job as Row
from glaze.service.models import Share
from tests.service.lodge import Lodge

HOUR = 3600.0


def everything(lodge: Lodge) -> list[Path]:
    """All files below the data folder but for the database and the service's own key."""
    data = lodge.house.settings.storage.data
    kept = ("service.sqlite", "key")
    return [path for path in data.rglob("*") if path.is_file() and not path.name.startswith(kept)]


def at(path: Path, seconds: float) -> None:
    os.utime(path, (seconds, seconds))


def test_a_day_after_its_end_nothing_of_a_job_is_on_the_disk(any_lodge: Lodge) -> None:
    house, ada = any_lodge.house, any_lodge.artist()
    job = any_lodge.hand_in(ada)
    any_lodge.work()
    any_lodge.picture("sea.png").unlink()
    assert len(everything(any_lodge)) == 2
    any_lodge.clock.at += 24 * HOUR - 1
    retention.tidy(house)
    assert queue.result(house, ada.id, job.id).is_file()
    any_lodge.clock.at += 2
    retention.tidy(house)
    assert everything(any_lodge) == []
    with house.database.read() as session:
        assert not session.scalars(select(Row)).all()
        assert not session.scalars(select(Share)).all()


def test_the_name_of_a_picture_is_not_even_in_the_databases_file(lodge: Lodge) -> None:
    ada = lodge.artist()
    lodge.hand_in(ada, "unmistakable-harbour.png")
    lodge.work()
    data = lodge.house.settings.storage.data

    def in_files() -> bool:
        return any(b"unmistakable-harbour" in path.read_bytes() for path in data.glob("service.sqlite*"))

    assert in_files()
    lodge.clock.at += 25 * HOUR
    retention.tidy(lodge.house)
    lodge.house.close()
    assert not in_files()


def test_files_that_no_job_names_go_and_others_stay(any_lodge: Lodge) -> None:
    house, ada = any_lodge.house, any_lodge.artist()
    any_lodge.hand_in(ada)
    any_lodge.work()
    named = everything(any_lodge)
    folder = named[0].parent
    left = [
        folder / f"{'a' * 32}.png",
        folder / f"{'b' * 32}-glazed.png",
        folder / ".glaze-1-abc.part",
        house.artists_folder / ("c" * 32) / f"{'d' * 32}.png",
        house.artists_folder / "a file",
        house.uploads_folder / "an upload",
        house.uploads_folder / ("e" * 32) / "opened",
    ]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"picture")
    for path in (*left, *(one.parent for one in left), *named):
        at(path, any_lodge.clock.at - HOUR + 60)
    retention.tidy(house)
    assert sorted(everything(any_lodge)) == sorted([*left, *named])
    any_lodge.clock.at += 61
    retention.tidy(house)
    assert sorted(everything(any_lodge)) == sorted(named)


def test_a_link_is_removed_and_what_it_leads_to_is_not(lodge: Lodge) -> None:
    own = lodge.folder / "mine"
    own.mkdir()
    (own / "picture.png").write_bytes(b"mine")
    for place in (lodge.house.artists_folder, lodge.house.uploads_folder):
        (place / "link").symlink_to(own)
        os.utime(place / "link", (0, 0), follow_symlinks=False)
    retention.tidy(lodge.house)
    assert not list(lodge.house.artists_folder.iterdir())
    assert (own / "picture.png").read_bytes() == b"mine"


def test_what_waits_or_runs_is_never_deleted(any_lodge: Lodge) -> None:
    house, ada = any_lodge.house, any_lodge.artist()
    any_lodge.hand_in(ada)
    any_lodge.hand_in(ada, "second.png")
    assert queue.claim(house, "a worker")
    for path in everything(any_lodge):
        at(path, any_lodge.clock.at)
    any_lodge.clock.at += 48 * HOUR
    retention.tidy(house)
    assert len(everything(any_lodge)) == 2
