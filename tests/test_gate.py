"""The gate before pages that many share: one's own files and events, and no more; and the desk of a guest."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import JSONResponse
from starlette.testclient import TestClient

from glaze.artwork import open_artwork
from glaze.errors import ArtworkNotFound, BenchError
from glaze.jobs import Worker
from glaze.settings import GlazeSettings
from glaze.studio.bench import Bench
from glaze.studio.gate import DESK, Gate, file_name
from glaze.studio.guest import Benches, GuestDesk
from glaze.studio.hosting import GuestDesks
from glaze.studio.inspector import Look
from tests.stand_in import StandIn, draw

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

MOST = 20_000


class AtOnce(Bench):
    """A bench without a process, for what is tried beside it."""

    def __call__(self, does: Any, *takes: Any) -> Any:
        return does(*takes)


def desk_for(folder: Path, name: str) -> GuestDesk:
    own = (folder / "pages" / name, folder / "artists" / name)
    common = folder / "pages" / "common"
    for each in (*own, common):
        each.mkdir(parents=True, exist_ok=True)
    bench = AtOnce(seconds=1)
    return GuestDesk(
        worker=Worker(engine=StandIn(), log=folder / "log.txt"),
        named=own[1],
        scratch=own[0],
        own=own,
        common=common,
        benches=Benches(opening=bench, looking=bench),
        hours=24,
        language="en",
    )


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """In the place of gradio's app: what reaches it."""
    body = (await receive()).get("body", b"")
    told = {"path": scope["path"], "query": scope["query_string"].decode(), "body": body.decode("latin-1")}
    await JSONResponse({**told, "desk": str(scope[DESK].scratch) if DESK in scope else None})(scope, receive, send)


class Visitors:
    """Ada, Eve and nobody, each with a browser."""

    def __init__(self, folder: Path) -> None:
        self.admits = True
        self.desks = {name: desk_for(folder, name) for name in ("ada", "eve")}

        async def desk_of(scope: Scope) -> GuestDesk | None:
            who = dict(scope["headers"]).get(b"who", b"").decode()
            return self.desks.get(who)

        gate = Gate(
            echo,
            desk_of,
            prefix="/studio",
            sign_in="/sign-in",
            home=lambda _, desk: f"/studio/{desk.language}",
            admit=lambda _: self.admits,
            most_bytes=MOST,
            most_kept=3 * MOST,
        )
        self.browsers = {
            who: TestClient(gate, base_url="http://127.0.0.1", follow_redirects=False, headers={"who": who})
            for who in ("ada", "eve", "nobody")
        }

    def get(self, who: str, path: str) -> Any:
        return self.browsers[who].get(f"/studio{path}")

    def post(self, who: str, path: str, **what: Any) -> Any:
        return self.browsers[who].post(f"/studio{path}", **what)

    def join(self, who: str, data: list[Any], tab: str = "abc") -> Any:
        return self.post(who, "/gradio_api/queue/join?", json={"session_hash": tab, "data": data, "fn_index": 1})

    def upload(self, who: str, name: str = "a.png", content: bytes = b"picture") -> Any:
        return self.post(who, "/gradio_api/upload", files={"files": (name, content)})


@pytest.fixture
def visitors(tmp_path: Path) -> Visitors:
    return Visitors(tmp_path)


class TestFiles:
    def test_they_are_given_to_whose_they_are_and_to_nobody_else(self, visitors: Visitors) -> None:
        for place in visitors.desks["ada"].own:
            draw(place / "a.png")
            path = f"/gradio_api/file={place / 'a.png'}"
            assert visitors.get("ada", path).status_code == 200
            assert visitors.get("ada", path).headers["cache-control"] == "private, no-store"
            assert visitors.get("eve", path).status_code == 404
            assert visitors.get("nobody", path).status_code == 404

    def test_what_is_common_is_given_to_all(self, visitors: Visitors) -> None:
        common = draw(visitors.desks["ada"].common / "style-0.png")
        assert visitors.get("eve", f"/gradio_api/file={common}").status_code == 200

    def test_no_way_round_leads_to_another_ones(self, visitors: Visitors, tmp_path: Path) -> None:
        draw(visitors.desks["ada"].scratch / "a.png")
        (visitors.desks["eve"].scratch / "link.png").symlink_to(visitors.desks["ada"].scratch / "a.png")
        (tmp_path / "key").write_text("secret")
        eve = visitors.desks["eve"].scratch
        for path in (
            f"{eve}/../ada/a.png",
            f"{eve}/%2e%2e/ada/a.png",
            f"{eve}/link.png",
            f"{tmp_path}/key",
            "pages/ada/a.png",
            "%00",
            "https://example.org/a.png",
            str(eve),
        ):
            assert visitors.get("eve", f"/gradio_api/file={path}").status_code == 404, path

    def test_uploads_go_where_only_their_artist_reaches(self, visitors: Visitors) -> None:
        [path] = visitors.upload("ada").json()
        assert Path(path).read_bytes() == b"picture"
        assert Path(path).is_relative_to(visitors.desks["ada"].scratch)
        # The same picture, uploaded by another, is another file.
        [other] = visitors.upload("eve").json()
        assert Path(other).is_relative_to(visitors.desks["eve"].scratch)
        assert visitors.upload("nobody").status_code == 404

    def test_too_much_is_refused_and_nothing_is_kept(self, visitors: Visitors) -> None:
        assert visitors.upload("ada", content=b"x" * (MOST + 1)).status_code == 413
        assert list(visitors.desks["ada"].scratch.rglob("*.png")) == []
        for _ in range(2):
            assert visitors.upload("ada", content=b"x" * (MOST - 500)).status_code == 200
        assert visitors.upload("ada", content=b"x" * (MOST - 500)).status_code == 200
        assert visitors.upload("ada", content=b"x" * (MOST - 500)).status_code == 413

    @pytest.mark.parametrize(
        ("told", "kept"),
        [
            ("../../etc/passwd", "passwd"),
            ("C:\\pictures\\sea.png", "sea.png"),
            (".htaccess", "htaccess"),
            ("a\nb\0c.png", "abc.png"),
            ("", "picture"),
            (f"{'月' * 300}.png", f"{'月' * 40}.png"),
            ("..", "picture"),
        ],
    )
    def test_a_name_is_no_way(self, told: str, kept: str) -> None:
        assert file_name(told) == kept


class TestEvents:
    def test_a_tab_is_its_artists_whatever_it_calls_itself(self, visitors: Visitors) -> None:
        own, again, other = (visitors.join(who, []).json()["body"] for who in ("ada", "ada", "eve"))
        assert own == again != other
        tab = json.loads(own)["session_hash"]
        assert visitors.get("ada", "/gradio_api/queue/data?session_hash=abc").json()["query"] == f"session_hash={tab}"
        assert tab not in visitors.get("eve", "/gradio_api/queue/data?session_hash=abc").json()["query"]
        # Not even the name that it has inside leads there.
        assert visitors.get("eve", f"/gradio_api/queue/data?session_hash={tab}").status_code == 404
        assert visitors.get("eve", "/gradio_api/queue/data?session_hash=other").status_code == 404
        assert visitors.get("ada", "/gradio_api/heartbeat/abc").json()["path"].endswith(f"/heartbeat/{tab}")
        assert tab not in visitors.get("eve", "/gradio_api/heartbeat/abc").json()["path"]

    def test_an_event_brings_no_file_but_ones_own(self, visitors: Visitors, tmp_path: Path) -> None:
        [path] = visitors.upload("ada").json()
        file = {"path": path, "meta": {"_type": "gradio.FileData"}}
        assert visitors.join("ada", [None, file]).status_code == 200
        assert visitors.join("eve", [None, file]).status_code == 404
        assert visitors.join("eve", [{"deep": [file]}]).status_code == 404
        assert visitors.join("ada", [{"path": str(tmp_path / "key")}]).status_code == 404
        assert visitors.join("ada", [{"path": "http://127.0.0.1/"}]).status_code == 404
        assert visitors.join("ada", [{"path": ["a"]}]).status_code == 404

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"[" * 100_000, b'{"session_hash": "../x"}', b"\xff"])
    def test_what_is_no_event_is_refused(self, visitors: Visitors, body: bytes) -> None:
        assert visitors.post("ada", "/gradio_api/queue/join", content=body).status_code in {400, 404}

    def test_a_handler_finds_the_desk_of_whoever_asked(self, visitors: Visitors) -> None:
        assert visitors.join("ada", []).json()["desk"] == str(visitors.desks["ada"].scratch)
        with pytest.raises(LookupError):
            assert GuestDesks().mine


class TestTheRest:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/gradio_api/proxy=https://example.hf.space/a"),
            ("GET", "/gradio_api/file/etc/passwd"),
            ("POST", "/gradio_api/run/predict"),
            ("POST", "/gradio_api/call/predict"),
            ("GET", "/gradio_api/call/predict/0"),
            ("POST", "/gradio_api/cancel"),
            ("POST", "/gradio_api/component_server"),
            ("POST", "/gradio_api/process_recording"),
            ("GET", "/gradio_api/runs"),
            ("GET", "/monitoring"),
            ("GET", "/gradio_api/deep_link"),
            ("POST", "/login"),
            ("GET", "/en-settings/../../x"),
            ("DELETE", "/en"),
        ],
    )
    def test_what_the_pages_do_not_need_is_not_there(self, visitors: Visitors, method: str, path: str) -> None:
        assert visitors.browsers["ada"].request(method, f"/studio{path}").status_code == 404

    def test_nothing_begins_for_who_asks_too_often(self, visitors: Visitors) -> None:
        visitors.admits = False
        assert (visitors.join("ada", []).status_code, visitors.upload("ada").status_code) == (429, 429)
        assert visitors.get("ada", "/en").status_code == 200

    def test_strangers_are_led_to_the_door_and_see_scripts_alone(self, visitors: Visitors) -> None:
        assert visitors.get("nobody", "/ja-portfolio").headers["location"] == "/sign-in"
        assert visitors.get("nobody", "/").headers["location"] == "/sign-in"
        assert visitors.get("nobody", "/assets/index.js").status_code == 200
        assert visitors.get("nobody", "/config").status_code == 404
        assert visitors.get("ada", "/").headers["location"] == "/studio/en"


class TestTheDesk:
    def test_nothing_of_another_is_shown_or_handed_in(self, visitors: Visitors) -> None:
        picture = draw(visitors.desks["ada"].scratch / "a.png")
        assert visitors.desks["ada"].show(picture).width == 300
        for does in (visitors.desks["eve"].show, visitors.desks["eve"].small):
            with pytest.raises(ArtworkNotFound):
                does(picture)
        with pytest.raises(ArtworkNotFound):
            visitors.desks["eve"].hand_in([picture], GlazeSettings())
        assert visitors.desks["eve"].worker.jobs == ()

    def test_of_looks_that_nobody_waits_for_few_are_begun(self, visitors: Visitors) -> None:
        desk = visitors.desks["ada"]
        picture = draw(desk.scratch / "a.png")
        held = desk.inspector._turn
        with held:
            looks = [desk.inspector.start(Look(picture=picture)) for _ in range(4)]
            assert [isinstance(look.error, BenchError) for look in looks] == [False, False, True, True]


class TestTheBench:
    @pytest.fixture
    def bench(self) -> Iterator[Bench]:
        bench = Bench(seconds=60.0, megabytes=1500, queue=1)
        yield bench
        bench.close()

    def test_it_gives_what_a_function_gives_and_goes_on_after_one_that_took_too_much(self, bench: Bench) -> None:
        assert bench(abs, -1) == 1
        with pytest.raises(BenchError):
            bench(bytearray, 3_000_000_000)
        bench._seconds = 0.3
        with pytest.raises(BenchError):
            bench(time.sleep, 60.0)
        bench._seconds = 60.0
        assert bench(abs, -2) == 2

    def test_who_comes_to_a_full_one_is_told(self, bench: Bench) -> None:
        assert bench._room.acquire(blocking=False)
        with pytest.raises(BenchError) as told:
            bench(abs, -1)
        assert told.value.key == "busy"

    def test_errors_arrive_as_they_are(self, bench: Bench) -> None:
        with pytest.raises(ArtworkNotFound):
            bench(open_artwork, Path("gone.png"))

    def test_a_desk_leaves_its_work_to_it(self, visitors: Visitors, bench: Bench) -> None:
        desk = replace(visitors.desks["ada"], benches=Benches(opening=bench, looking=bench))
        shown = desk.show(draw(desk.scratch / "a.png"))
        assert (shown.width, shown.path.exists()) == (300, True)
