"""The interface for programs: what it does, and that its document says so."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.errors import Unsatisfiable
from PIL import Image
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from glaze.service import accounts, guard
from glaze.service.decode import Picture
from glaze.service.settings import Limits
from tests.service.lodge import URL, Lodge

JOBS = f"{guard.API}/jobs"
EXAMPLES = 12  # a case of schemathesis's each


class TestJobs:
    def test_a_picture_goes_in_and_comes_out_glazed(self, lodge: Lodge) -> None:
        program = lodge.program(lodge.artist())
        picture = lodge.picture().read_bytes()
        wanted = {"intensity": "high", "render": "fast", "decoy_style": "mosaic", "seed": "7", "keep_gps": "yes"}
        handed_in = program.post(JOBS, files={"picture": ("the sea.png", picture)}, data=wanted)
        assert handed_in.status_code == 201
        job = handed_in.json()
        assert (job["name"], job["state"], job["ahead"], job["width"]) == ("the sea.png", "queued", 0, 300)
        assert job["settings"] == {**wanted, "seed": 7}
        assert datetime.fromisoformat(job["queued"]) == datetime.fromtimestamp(lodge.clock.at, UTC)
        assert program.get(f"{JOBS}/{job['id']}/result").status_code == 409
        assert program.get(f"{guard.API}/room").json() == {"today": 19, "waiting": 9}
        lodge.work()
        done = program.get(f"{JOBS}/{job['id']}").json()
        assert (done["state"], done["decoy_style"], done["error"]) == ("done", "mosaic", None)
        result = program.get(f"{JOBS}/{job['id']}/result")
        assert result.headers["content-type"] == "image/png"
        assert Image.open(io.BytesIO(result.content)).size == (300, 220)
        assert [one["id"] for one in program.get(JOBS).json()] == [job["id"]]
        assert program.delete(f"{JOBS}/{job['id']}").status_code == 204
        assert program.get(f"{JOBS}/{job['id']}").status_code == 404
        assert lodge.files() == []

    def test_what_cannot_be_glazed_is_told_with_a_key_and_words(self, lodge: Lodge) -> None:
        program = lodge.program(lodge.artist())
        answer = program.post(JOBS, files={"picture": ("x.png", b"no picture")})
        assert answer.status_code == 400
        assert answer.json()["error"]["key"] == "ArtworkUnreadable.not_a_picture"
        assert answer.json()["error"]["message"].startswith("'x.png' is not a picture")

    @pytest.mark.parametrize(
        "data",
        [
            {"seed": "-1"},
            {"seed": "x"},
            {"intensity": "more"},
            {"keep_gps": "1"},
            {"decoy_style": "nobody"},
            {"a": "b"},
        ],
    )
    def test_settings_that_there_are_not_are_refused(self, data: dict[str, str], lodge: Lodge) -> None:
        program = lodge.program(lodge.artist())
        answer = program.post(JOBS, files={"picture": ("x.png", lodge.picture().read_bytes())}, data=data)
        assert answer.status_code == 422
        assert lodge.files() == []

    def test_one_picture_a_request(self, lodge: Lodge) -> None:
        program = lodge.program(lodge.artist())
        picture = lodge.picture().read_bytes()
        two = [("picture", ("a.png", picture)), ("picture", ("b.png", picture))]
        assert program.post(JOBS, files=two).status_code in {400, 422}
        assert program.post(JOBS, content=picture, headers={"content-type": "image/png"}).status_code == 415

    def test_limits_are_told(self, tmp_path: Any) -> None:
        limits = {"jobs_per_day": 1, "upload_megabytes": 1, "render": "fast"}
        with Lodge.opened(tmp_path / "data", limits=limits) as lodge:
            program = lodge.program(lodge.artist())
            large = program.post(JOBS, files={"picture": ("x.png", b"x" * 1_050_000)})
            assert (large.status_code, large.json()["error"]["key"]) == (413, "ServiceError.upload_size")
            assert program.post(JOBS, files={"picture": ("x.png", b"x" * 2_000_000)}).status_code == 413
            picture = {"picture": ("x.png", lodge.picture().read_bytes())}
            slow = program.post(JOBS, files=picture, data={"render": "slowest"})
            assert (slow.status_code, slow.json()["error"]["key"]) == (400, "ServiceError.too_slow")
            assert program.post(JOBS, files=picture, data={"render": "fast"}).status_code == 201
            full = program.post(JOBS, files=picture, data={"render": "fast"})
            assert (full.status_code, full.json()["error"]["key"]) == (429, "ServiceError.day_full")

    def test_the_document_is_for_everybody_and_names_every_answer(self, lodge: Lodge) -> None:
        document = lodge.browser().get(f"{guard.API}/openapi.json").json()
        assert sorted(document["paths"]) == sorted(
            [f"{JOBS}", f"{JOBS}/{{job_id}}", f"{JOBS}/{{job_id}}/result", f"{guard.API}/room"]
        )
        for path in document["paths"].values():
            for operation in path.values():
                assert {"401", "429"} <= operation["responses"].keys()
                assert operation["security"]


@pytest.fixture
def generous(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lodge]:
    """A house that slows nobody down and takes every upload for a picture, which no schema can describe."""
    limits = {"jobs_per_day": 100_000, "jobs_waiting": 10_000, "requests_per_minute": 100_000}
    with Lodge.opened(tmp_path / "data", limits=limits) as lodge:
        drawn = lodge.picture()

        def decode(upload: Path, _name: str, _limits: Limits, **_: object) -> Picture:
            return Picture(300, 220, Path(shutil.copy(drawn, upload.with_suffix(".png"))))

        monkeypatch.setattr("glaze.service.submit.decode", decode)
        yield lodge


def test_schemathesis_finds_nothing(generous: Lodge) -> None:
    """Whatever the document allows is answered as it says, and whatever it does not is refused."""
    lodge, app = generous, generous.app()
    ada = lodge.artist()
    headers = {"Authorization": lodge.program(ada, app).headers["authorization"], "Host": "127.0.0.1:7861"}
    document = schemathesis.openapi.from_asgi(f"{guard.API}/openapi.json", app, headers=headers)
    asked: list[str] = []
    for found in document.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        for mode in GenerationMode:

            @seed(1)
            @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Case[Any]) -> None:
                case.call_and_validate(base_url=URL, headers=headers)
                asked.append(f"{case.method} {case.path}")

            # Where there is nothing that the document does not allow, there is nothing to ask.
            with suppress(Unsatisfiable):
                ask()
    assert len(set(asked)) == 6
    assert len(asked) > 6 * EXAMPLES
    assert accounts.all_of(lodge.house) == [ada]
