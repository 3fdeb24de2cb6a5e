"""Glazing on a cluster: how it is divided, what comes back, and what happens where something breaks. Without Ray."""

from __future__ import annotations

import copy
import hashlib
import pickle
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

import glaze.glazing
from glaze import __main__ as cli
from glaze.artwork import save_finished
from glaze.cluster import pool, same
from glaze.cluster import ray as joining
from glaze.cluster.cluster import TRIES, Cluster
from glaze.cluster.pool import Pool
from glaze.cluster.shares import MEMORY, Share, shares
from glaze.cluster.station import Station
from glaze.decoys.kept import keep, recall
from glaze.errors import ArtworkNotFound, ArtworkUnreadable, Cancelled, ClusterError, DecoyError, GlazeError, SaveError
from glaze.outcome import Glaze
from glaze.packs import as_installed
from glaze.settings import EncoderPath, Engine, GlazeSettings
from tests.fake_ray import FakeRay
from tests.stand_in import StandIn, draw

SETTINGS = GlazeSettings(engine=Engine.BUNDLED, seed=5)
ROOT = Path(__file__).resolve().parents[1]


class TestShares:
    def node(self, **resources: float) -> dict[str, Any]:
        return {"Alive": True, "Resources": {"memory": 64e9, **resources}}

    def test_as_many_processors_as_a_glaze_takes(self) -> None:
        assert shares([self.node(CPU=8), self.node(CPU=5)], 4) == [Share(4), Share(4), Share(4)]

    def test_a_small_computer_gets_a_worker_too_and_one_without_processors_none(self) -> None:
        assert shares([self.node(CPU=2), self.node(), self.node(CPU=0)], 4) == [Share(2)]

    def test_cards_alone_where_there_are_any(self) -> None:
        found = shares([self.node(CPU=16, GPU=2), self.node(CPU=16)], 4)
        assert found == [Share(1, 1), Share(1, 1)]
        assert found[0].options == {"num_cpus": 1, "num_gpus": 1, "memory": MEMORY}

    def test_no_more_than_the_memory_is_enough_for(self) -> None:
        assert len(shares([{"Alive": True, "Resources": {"CPU": 64, "memory": 3.5 * MEMORY}}], 1)) == 3

    def test_computers_that_left_do_not_count(self) -> None:
        assert shares([{**self.node(CPU=4), "Alive": False}], 1) == []


class TestAFileFromElsewhere:
    def test_it_is_whole_and_has_the_usual_name(self, tmp_path: Path) -> None:
        made = [save_finished([b"ab", b"c"], digest_of(b"abc"), Path("art/x.jpg"), tmp_path) for _ in range(2)]
        assert [path.name for path in made] == ["x-glazed.png", "x-glazed-2.png"]
        assert {path.read_bytes() for path in made} == {b"abc"}

    def test_one_that_arrived_differently_is_not_kept(self, tmp_path: Path) -> None:
        with pytest.raises(SaveError, match="arrived differently"):
            save_finished([b"ab"], digest_of(b"abc"), Path("x.png"), tmp_path)
        assert not list(tmp_path.iterdir())

    def test_nothing_is_left_of_one_that_breaks_off(self, tmp_path: Path) -> None:
        def pieces() -> Iterator[bytes]:
            yield b"ab"
            raise Cancelled("cancelled")

        with pytest.raises(Cancelled):
            save_finished(pieces(), digest_of(b"abc"), Path("x.png"), tmp_path)
        assert not list(tmp_path.iterdir())


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_errors_can_be_sent_and_copied(tmp_path: Path) -> None:
    error = ArtworkUnreadable("empty", path=tmp_path)
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - made here
        assert (type(other), other.key, other.fields, str(other)) == (
            ArtworkUnreadable,
            "empty",
            {"path": tmp_path},
            str(error),
        )


class House:
    """A cluster of one station on a Ray that is none, with the stand-in in the engine's place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out"
        self.ray = FakeRay()
        self.pool = Pool(self.ray, [Share(1)], SETTINGS, 1)
        self.cluster = Cluster(self.ray, self.pool, 1, 1)
        self.announced: list[tuple[Path, bool]] = []
        self.cancelled = False

    def glaze(self, path: Path, settings: GlazeSettings = SETTINGS) -> Glaze:
        return self.cluster(
            path,
            settings,
            folder=self.out,
            on_iterate=lambda _: None,
            cancelled=lambda: self.cancelled,
            on_saving=lambda at, _sha256, glaze: self.announced.append((at, glaze is not None)),
        )

    def left(self) -> list[str]:
        return sorted(path.name for path in self.out.iterdir()) if self.out.exists() else []


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    stand_in = StandIn(steps=2)
    monkeypatch.setattr(glaze.glazing, "glaze", stand_in)
    return stand_in


@pytest.fixture
def house(engine: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    del engine
    stations = tmp_path / "stations"
    stations.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(stations))
    # A station sets it for its process, which here is the tests' own.
    monkeypatch.setenv("GLAZE_REDRAWN", str(tmp_path / "redrawn"))
    monkeypatch.setattr(pool, "PATIENCE", 0.3)
    house = House(tmp_path)
    yield house
    house.pool.close()


class TestAPicture:
    @pytest.mark.parametrize("name", ["p.png", "p.jpg", "a b.c.png", "水彩.png"])
    def test_what_comes_back_is_what_one_computer_makes(self, house: House, tmp_path: Path, name: str) -> None:
        picture, settings = draw(tmp_path / name), GlazeSettings(engine=Engine.BUNDLED, seed=5, save_decoy=True)
        alone = StandIn(steps=2)(picture, settings, folder=tmp_path / "alone")
        found = house.glaze(picture, settings)
        assert found.decoy is not None
        assert alone.decoy is not None
        assert (found.original, found.settings) == (picture, as_installed(settings))
        assert (found.result.name, found.decoy.name) == (alone.result.name, alone.decoy.name)
        assert found.result.read_bytes() == alone.result.read_bytes()
        assert found.decoy.read_bytes() == alone.decoy.read_bytes()
        assert (found.notes, found.visibility, found.advice) == (alone.notes, alone.visibility, alone.advice)
        assert found.report.as_dict() == alone.report.as_dict()
        assert house.announced == [(found.decoy, False), (found.result, True)]
        house.pool.close()
        assert not list((tmp_path / "stations").iterdir()), "no picture stays where it was glazed"

    def test_what_is_redrawn_on_its_way_is_not_kept_where_it_was_glazed(
        self, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Redrawing(StandIn):
            def __call__(self, *arguments: Any, **options: Any) -> Any:
                keep("a" * 64, torch.zeros(1, 3, 8, 8))
                assert recall("a" * 64, (8, 8)) is not None
                return super().__call__(*arguments, **options)

        monkeypatch.setattr(glaze.glazing, "glaze", Redrawing(steps=1))
        house.glaze(draw(tmp_path / "p.png"))
        house.pool.close()
        assert not (tmp_path / "redrawn").exists()
        assert not list((tmp_path / "stations").iterdir())

    def test_a_name_that_is_taken(self, house: House, tmp_path: Path) -> None:
        picture = draw(tmp_path / "p.png")
        assert [house.glaze(picture).result.name for _ in range(2)] == ["p-glazed.png", "p-glazed-2.png"]

    def test_one_that_cannot_be_glazed_explains_itself_as_it_would_here(self, house: House, tmp_path: Path) -> None:
        for name, content in {"empty.png": b"", "text.png": b"no picture"}.items():
            path = tmp_path / name
            path.write_bytes(content)
            with pytest.raises(ArtworkUnreadable) as here:
                StandIn()(path)
            with pytest.raises(ArtworkUnreadable) as there:
                house.glaze(path)
            assert str(there.value) == str(here.value)
        with pytest.raises(ArtworkNotFound):
            house.glaze(tmp_path / "missing.png")

    def test_a_decoy_of_ones_own_goes_along(self, house: House, engine: StandIn, tmp_path: Path) -> None:
        picture, decoy = draw(tmp_path / "p.png"), draw(tmp_path / "d.png", seed=1)
        settings = GlazeSettings(engine=Engine.BUNDLED, decoy=decoy)
        assert house.glaze(picture, settings).settings == as_installed(settings)
        assert house.glaze(picture, settings).decoy_style == "own"

        class Fussy(StandIn):
            def __call__(self, path: Path, settings: GlazeSettings | None = None, **_rest: Any) -> Any:
                del path
                assert settings is not None
                assert settings.decoy is not None
                assert settings.decoy.read_bytes() == decoy.read_bytes()
                raise DecoyError("too_plain", path=settings.decoy)

        engine.fail = None
        glaze.glazing.glaze = Fussy()
        with pytest.raises(DecoyError) as told:
            house.glaze(picture, settings)
        assert str(told.value) == str(DecoyError("too_plain", path=decoy))

    def test_a_mistake_in_glaze_is_the_same_as_here(self, house: House, engine: StandIn, tmp_path: Path) -> None:
        engine.fail = ZeroDivisionError("by nought")
        with pytest.raises(ZeroDivisionError, match="by nought"):
            house.glaze(draw(tmp_path / "p.png"))
        engine.fail = None
        assert house.glaze(draw(tmp_path / "p.png")).result.is_file(), "the station goes on"


class TestALostWorker:
    @pytest.mark.parametrize("call", ["glaze", "read"])
    def test_the_picture_begins_anew_at_another(self, house: House, tmp_path: Path, call: str) -> None:
        house.ray.breaks = lambda name: name == call and house.ray.calls.count(call) == 1
        assert house.glaze(draw(tmp_path / "p.png")).result.is_file()
        assert house.ray.calls.count("glaze") == 2
        assert house.left() == ["p-glazed.png"]
        assert house.announced == [(house.out / "p-glazed.png", True)]

    def test_its_decoy_is_there_once(self, house: House, tmp_path: Path) -> None:
        house.ray.breaks = lambda name: name == "read" and house.ray.calls.count("read") == 2
        house.glaze(draw(tmp_path / "p.png"), GlazeSettings(engine=Engine.BUNDLED, save_decoy=True))
        assert house.left() == ["p-decoy.png", "p-glazed.png"]

    def test_a_picture_that_costs_too_many_is_left_alone(self, house: House, tmp_path: Path) -> None:
        house.ray.breaks = lambda name: name == "glaze"
        with pytest.raises(ClusterError) as told:
            house.glaze(draw(tmp_path / "p.png"))
        assert (told.value.key, told.value.fields["times"]) == ("lost", TRIES)
        assert house.left() == []
        house.ray.breaks = lambda _name: False
        assert house.glaze(draw(tmp_path / "p.png")).result.is_file(), "the others have their turn"

    def test_where_none_comes_back_it_is_told(self, house: House, tmp_path: Path) -> None:
        def breaks(name: str) -> bool:
            house.ray.room = name != "glaze"
            return name == "glaze"

        house.ray.breaks = breaks
        with pytest.raises(ClusterError) as told:
            house.glaze(draw(tmp_path / "p.png"))
        assert told.value.key == "gone"

    def test_what_a_killed_station_left_is_deleted_by_the_next(self, tmp_path: Path, house: House) -> None:
        del house
        left, living = tmp_path / "stations" / "glaze-station-4194304-x", tmp_path / "stations" / "glaze-station-1-x"
        for folder in (left, living):
            folder.mkdir()
        Station()
        assert not left.exists()
        assert living.exists()
        living.rmdir()


class TestCancelling:
    def test_a_running_glaze_stops_and_leaves_nothing(self, house: House, tmp_path: Path) -> None:
        house.cancelled = True
        with pytest.raises(Cancelled):
            house.glaze(draw(tmp_path / "p.png"))
        assert house.left() == []

    def test_so_does_one_whose_file_is_on_its_way(
        self, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("glaze.cluster.cluster.PIECE", 1000)

        def breaks(name: str) -> bool:
            house.cancelled = house.ray.calls.count("read") > 3 and name == "read"
            return False

        house.ray.breaks = breaks
        with pytest.raises(Cancelled):
            house.glaze(draw(tmp_path / "p.png"))
        assert house.left() == []


class TestJoining:
    def test_a_station_with_another_glaze_is_refused(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pool, "version", lambda: "0.0.9 (other)")
        with pytest.raises(ClusterError) as told:
            Pool(house.ray, [Share(1)], SETTINGS, 1)
        assert told.value.key == "other_glaze"
        assert told.value.fields["theirs"] == same.version()

    def test_so_is_one_with_other_networks(self, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pool, "networks", lambda _: {"taesd.safetensors": "1"})
        with pytest.raises(ClusterError, match=r"taesd\.safetensors") as told:
            Pool(house.ray, [Share(1)], SETTINGS, 1)
        assert told.value.key == "other_networks"
        monkeypatch.undo()
        encoder = tmp_path / "e.safetensors"
        encoder.write_bytes(b"one")
        settings = GlazeSettings(encoders=(EncoderPath(encoder, "mine"),))
        before = same.networks(settings)
        encoder.write_bytes(b"two")
        assert before.keys() == same.networks(settings).keys()
        assert before != same.networks(settings)

    def test_one_that_cannot_start_glaze_is_told_of(self, house: House) -> None:
        house.ray.breaks = lambda name: name == "about"
        with pytest.raises(ClusterError) as told:
            Pool(house.ray, [Share(1)], SETTINGS, 1)
        assert told.value.key == "no_glaze"

    def test_a_cluster_that_is_full_is_told_of(self, house: House) -> None:
        house.ray.room = False
        with pytest.raises(ClusterError) as told:
            Pool(house.ray, [Share(1)], SETTINGS, 2)
        assert (told.value.key, told.value.fields["threads"]) == ("no_room", 2)

    def command(self, folder: Path, address: str) -> int:
        return cli.main(["portfolio", str(folder), "--cluster", address, "--threads", "1", "--again"])

    def test_without_ray_it_says_how_to_install_it(
        self, engine: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setitem(sys.modules, "ray", None)
        draw(tmp_path / "p.png")
        for address in ("local", "127.0.0.1:6379"):
            assert self.command(tmp_path, address) == cli.CANNOT_RUN
            assert "pip install -r requirements-cluster.txt -c constraints.txt" in capsys.readouterr().err
        assert engine.calls == []
        assert cli.main(["portfolio", str(tmp_path), "--again"]) == cli.ALL_DONE, "without a cluster nothing needs it"
        named = (ROOT / "requirements-cluster.txt").read_text().splitlines()[-1]
        assert named.startswith("ray==")

    @pytest.mark.parametrize("address", ["ray://127.0.0.1:10001", "nowhere", ":1", "127.0.0.1:http"])
    def test_an_address_that_is_none(
        self, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setitem(sys.modules, "ray", FakeRay())
        draw(tmp_path / "p.png")
        assert self.command(tmp_path, address) == cli.CANNOT_RUN
        assert f"no cluster to join at '{address}'" in capsys.readouterr().err

    def test_an_address_where_nobody_is(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setitem(sys.modules, "ray", FakeRay())
        draw(tmp_path / "p.png")
        with closing(socket.socket()) as taken:
            taken.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            assert self.command(tmp_path, address) == cli.CANNOT_RUN
        assert address in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("error", "key"),
        [
            (RuntimeError("Version mismatch: The cluster was started with:\n  Ray: 2.9"), "other_ray"),
            (ConnectionError("no node of it runs here"), "unreachable"),
        ],
    )
    def test_what_ray_says_on_joining(self, error: Exception, key: str) -> None:
        with pytest.raises(ClusterError) as told, joining._told("h:1"):
            raise error
        assert told.value.key == key
        assert isinstance(told.value, GlazeError)
