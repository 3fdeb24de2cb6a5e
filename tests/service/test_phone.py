"""The light page's uploads in pieces: they go on where they broke off, and nobody else's are to be found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from glaze.jobs import State
from glaze.service import accounts, queue, retention
from glaze.service.house import House
from glaze.service.settings import HOUR
from glaze.service.studio import mount_light
from tests.service.lodge import Lodge, csrf

SEND = "/studio/upload"


@pytest.fixture
def lodge(tmp_path: Path) -> Iterator[Lodge]:
    with Lodge.opened(tmp_path / "data", limits={"upload_megabytes": 1}) as opened:
        yield opened


class Phone:
    """An artist's browser at the light page."""

    def __init__(self, lodge: Lodge, app: FastAPI, name: str) -> None:
        self.member = lodge.artist(name)
        self.lodge = lodge
        self.browser: TestClient = lodge.browser(self.member, app)
        self.browser.headers["x-glaze-form"] = csrf(self.browser, "/pictures")

    def begin(self, size: int, name: str = "sea.png") -> Any:
        return self.browser.post(f"{SEND}/begin", json={"name": name, "size": size})

    def piece(self, upload: str, at: int, piece: bytes) -> Any:
        return self.browser.post(f"{SEND}/{upload}?at={at}", content=piece)

    def done(self, upload: str) -> Any:
        return self.browser.post(f"{SEND}/{upload}/done", json={"intensity": "low", "render": "fast"})

    @property
    def jobs(self) -> list[queue.Job]:
        return queue.of_artist(self.lodge.house, self.member.id)


@pytest.fixture
def app(lodge: Lodge) -> Iterator[FastAPI]:
    desks = []

    def light(app: FastAPI, house: House) -> None:
        desks.append(mount_light(app, house))

    yield lodge.app(light)
    for each in desks:
        each.benches.close()


@pytest.fixture
def ada(lodge: Lodge, app: FastAPI) -> Phone:
    return Phone(lodge, app, "Ada")


@pytest.fixture
def picture(lodge: Lodge) -> bytes:
    return lodge.picture().read_bytes()


def test_a_picture_arrives_in_pieces_and_is_glazed(lodge: Lodge, ada: Phone, picture: bytes) -> None:
    upload = ada.begin(len(picture)).json()["id"]
    half = len(picture) // 2
    assert ada.piece(upload, 0, picture[:half]).json() == {"received": half}
    assert ada.browser.get(f"{SEND}/{upload}").json()["received"] == half
    assert ada.piece(upload, half, picture[half:]).status_code == 200
    assert ada.done(upload).status_code == 200
    [job] = ada.jobs
    assert (job.name, job.settings.intensity, job.settings.render) == ("sea.png", "low", "fast")
    lodge.work()
    [job] = ada.jobs
    assert job.state is State.DONE
    listed = ada.browser.get("/pictures?part=list").text
    assert f"/jobs/{job.id}/result" in listed
    assert "<html" not in listed
    assert ada.browser.get(f"/pictures/{job.id}/small").headers["content-type"] == "image/png"


def test_a_piece_whose_answer_was_lost_is_not_put_in_twice(ada: Phone, picture: bytes) -> None:
    upload = ada.begin(len(picture)).json()["id"]
    ada.piece(upload, 0, picture[:1000])
    again = ada.piece(upload, 0, picture[:1000])
    assert (again.status_code, again.json()["received"]) == (409, 1000)
    assert ada.piece(upload, 1000, picture[1000:]).status_code == 200
    assert ada.done(upload).status_code == 200
    assert ada.done(upload).status_code == 404
    assert len(ada.jobs) == 1


def test_what_has_not_arrived_whole_is_not_handed_in(ada: Phone, picture: bytes) -> None:
    upload = ada.begin(len(picture)).json()["id"]
    ada.piece(upload, 0, picture[:1000])
    early = ada.done(upload)
    assert (early.status_code, early.json()["received"]) == (409, 1000)
    assert ada.jobs == []


def test_nobody_finds_or_fills_the_upload_of_another(lodge: Lodge, app: FastAPI, ada: Phone, picture: bytes) -> None:
    eve = Phone(lodge, app, "Eve")
    upload = ada.begin(len(picture)).json()["id"]
    assert eve.browser.get(f"{SEND}/{upload}").status_code == 404
    assert eve.piece(upload, 0, b"x").status_code == 404
    assert eve.done(upload).status_code == 404
    assert ada.browser.get(f"{SEND}/{upload}").json()["received"] == 0
    nobody = lodge.browser(app=app)
    assert nobody.get(f"{SEND}/{upload}").status_code in {303, 403}


@pytest.mark.parametrize("upload", ["..", "../../key", "0" * 32, "%2e%2e%2fkey"])
def test_no_other_file_is_taken_for_an_upload(ada: Phone, upload: str) -> None:
    assert ada.browser.get(f"{SEND}/{upload}").status_code in {303, 404}
    assert ada.piece(upload, 0, b"x").status_code in {404, 405}


def test_too_much_is_refused_before_and_after_it_is_said(ada: Phone) -> None:
    refused = ada.begin(1_000_001)
    assert (refused.status_code, refused.json()["key"]) == (413, "upload_size")
    upload = ada.begin(10).json()["id"]
    assert ada.piece(upload, 0, b"x" * 11).status_code == 413
    assert ada.browser.get(f"{SEND}/{upload}").json()["received"] == 0


def test_what_is_no_picture_is_told_in_the_artists_words_and_not_kept(lodge: Lodge, ada: Phone) -> None:
    upload = ada.begin(5, "<b>.png").json()["id"]
    ada.piece(upload, 0, b"hello")
    told = ada.done(upload)
    assert told.status_code == 400
    assert "<b>.png" in told.json()["error"]
    assert ada.browser.get(f"{SEND}/{upload}").status_code == 404
    assert [path for path in lodge.house.pages_folder.rglob("*") if path.is_file()] == []


def test_a_request_without_the_pages_own_word_does_nothing(ada: Phone) -> None:
    del ada.browser.headers["x-glaze-form"]
    assert ada.begin(10).status_code == 403


def test_the_form_works_without_the_script(ada: Phone, picture: bytes) -> None:
    fields = {"csrf": csrf(ada.browser, "/pictures"), "intensity": "high", "render": "fast"}
    sent = ada.browser.post(SEND, data=fields, files={"picture": ("sea.png", picture)})
    assert (sent.status_code, sent.headers["location"]) == (303, "/pictures")
    assert [job.settings.intensity for job in ada.jobs] == ["high"]
    without = ada.browser.post(SEND, data={**fields, "csrf": "x"}, files={"picture": ("sea.png", picture)})
    assert without.status_code == 403
    assert len(ada.jobs) == 1


def test_what_is_left_of_uploads_goes_with_time_and_with_the_account(lodge: Lodge, ada: Phone) -> None:
    def left() -> list[Path]:
        return [path for path in lodge.house.pages_folder.rglob("*") if path.is_file()]

    ada.begin(10)
    assert left()
    lodge.clock.at = max(path.stat().st_mtime for path in left()) + 25 * HOUR
    retention.tidy(lodge.house)
    assert not left()
    ada.begin(10)
    assert left()
    accounts.delete(lodge.house, ada.member.id)
    assert not left()
