"""The ledger: what it recognises, what it gives back, and that its file is never a reason to stop."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from glaze.artwork import find_artworks
from glaze.errors import ArtworkTooSmall, ArtworkUnreadable, LedgerError, SaveError, Unexpected
from glaze.ledger import Entry, Kind, Ledger, State, database, ledger_path
from glaze.ledger.owner import lives, new_owner
from glaze.ledger.plain import error_json, error_of, settings_json, settings_of
from glaze.outcome import Glaze
from glaze.portfolio import zip_results
from glaze.settings import EncoderPath, GlazeSettings, Intensity, Render
from tests.stand_in import StandIn, draw

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60


@pytest.fixture
def at(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "ledger.sqlite3"


@pytest.fixture
def ledger(at: Path) -> Iterator[Ledger]:
    with closing(Ledger(at)) as opened:
        yield opened


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return draw(tmp_path / "picture.png")


def glazed(ledger: Ledger, picture: Path, settings: GlazeSettings | None = None) -> Glaze:
    """A glaze, written down as the command line does."""
    original = ledger.digest(picture)
    glaze = StandIn(steps=1)(picture, settings)
    ledger.record(glaze, original)
    return glaze


def entry(name: str, **news: object) -> Entry:
    known = Entry(id=name, path=Path(f"{name}.png"), settings=GlazeSettings(), folder=None, queued=1.0)
    return replace(known, **news)  # type: ignore[arg-type]


class TestRecognising:
    def test_a_result_under_another_name(self, ledger: Ledger, picture: Path, tmp_path: Path) -> None:
        glaze = glazed(ledger, picture)
        moved = glaze.result.rename(tmp_path / "for the shop.png")
        known = ledger.recognise(moved)
        assert known is not None
        assert known.kind is Kind.RESULT
        assert known.glaze.result == moved, "where it is now"
        assert known.glaze.original == picture

    def test_an_original_under_another_name(self, ledger: Ledger, picture: Path, tmp_path: Path) -> None:
        glaze = glazed(ledger, picture)
        known = ledger.recognise(picture.rename(tmp_path / "renamed.png"), GlazeSettings())
        assert known is not None
        assert known.kind is Kind.ORIGINAL
        assert known.glaze.result == glaze.result

    def test_another_picture_under_the_same_name(self, ledger: Ledger, picture: Path) -> None:
        glazed(ledger, picture)
        assert ledger.recognise(picture) is not None
        size = picture.stat().st_size
        draw(picture, seed=1)
        assert ledger.recognise(picture) is None
        picture.write_bytes(bytes(size))
        assert ledger.recognise(picture) is None

    def test_an_original_whose_result_is_gone_or_changed(self, ledger: Ledger, picture: Path) -> None:
        glaze = glazed(ledger, picture)
        kept = glaze.result.read_bytes()
        glaze.result.write_bytes(kept[:-1])
        assert ledger.recognise(picture) is None
        glaze.result.unlink()
        assert ledger.recognise(picture) is None
        glaze.result.write_bytes(kept)
        assert ledger.recognise(picture) is not None

    def test_other_settings_make_another_glaze(
        self, ledger: Ledger, picture: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        glazed(ledger, picture, GlazeSettings(intensity=Intensity.HIGH))
        assert ledger.recognise(picture, GlazeSettings()) is None
        assert ledger.recognise(picture, GlazeSettings(intensity=Intensity.HIGH)) is not None
        assert ledger.recognise(picture) is not None, "any settings"
        monkeypatch.setattr("glaze.ledger.ledger.__version__", "99")
        assert ledger.recognise(picture, GlazeSettings(intensity=Intensity.HIGH)) is None, "a newer engine"

    def test_a_decoy_of_ones_own_counts_by_its_content(self, ledger: Ledger, picture: Path, tmp_path: Path) -> None:
        decoy = draw(tmp_path / "decoy.png", seed=5)
        glazed(ledger, picture, GlazeSettings(decoy=decoy))
        moved = decoy.rename(tmp_path / "elsewhere.png")
        assert ledger.recognise(picture, GlazeSettings(decoy=moved)) is not None
        draw(moved, seed=6)
        assert ledger.recognise(picture, GlazeSettings(decoy=moved)) is None

    def test_a_picked_style_counts_and_none_changes_nothing(self, ledger: Ledger, picture: Path) -> None:
        plain = settings_json(GlazeSettings())
        assert "decoy_style" not in plain, "what was glazed before there were styles to pick is still recognised"
        glazed(ledger, picture)
        assert ledger.recognise(picture, GlazeSettings()) is not None
        assert ledger.recognise(picture, GlazeSettings(decoy_style="mosaic")) is None
        glazed(ledger, picture, GlazeSettings(decoy_style="mosaic"))
        known = ledger.recognise(picture, GlazeSettings(decoy_style="mosaic"))
        assert known is not None
        assert known.glaze.settings.decoy_style == "mosaic"
        assert ledger.recognise(picture, GlazeSettings(decoy_style="woodcut")) is None

    def test_what_cannot_be_read_is_not_known(self, ledger: Ledger, tmp_path: Path) -> None:
        assert ledger.recognise(tmp_path / "nowhere.png") is None
        assert ledger.recognise(tmp_path) is None
        assert ledger.recognise(Path("a\0b")) is None

    def test_it_lasts_and_is_complete(self, at: Path, picture: Path) -> None:
        with closing(Ledger(at)) as ledger:
            glaze = glazed(ledger, picture, GlazeSettings(save_decoy=True, seed=3))
        with closing(Ledger(at)) as ledger:
            known = ledger.recognise(picture)
            assert known is not None
            again = known.glaze
            assert replace(again, report=glaze.report) == glaze, "everything but the report is the same to the last bit"
            assert again.report.as_dict() == glaze.report.as_dict()
            assert again.report.style_distance == glaze.report.style_distance
            assert list(again.report.style_distance) == list(glaze.report.style_distance), "in the same order"
            assert list(again.report.survival) == list(glaze.report.survival)
            for which in ("seen_before", "seen_after", "seen_decoy"):
                assert np.array_equal(getattr(again.report, which), getattr(glaze.report, which))

    def test_names_that_no_text_can_hold(self, ledger: Ledger, picture: Path, tmp_path: Path) -> None:
        odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe6\xb0\xb4\xff.png"))
        try:
            picture.rename(odd)
        except OSError:
            pytest.skip("this disk has no such names")
        known_of = glazed(ledger, odd)
        known = ledger.recognise(odd)
        assert known is not None
        assert known.glaze.result == known_of.result


class TestPlain:
    def test_settings_come_back(self, tmp_path: Path) -> None:
        settings = GlazeSettings(
            intensity=Intensity.LOW,
            render=Render.SLOWEST,
            encoders=(EncoderPath(tmp_path / "vae", "sdxl"), EncoderPath(tmp_path / "other")),
            decoy=tmp_path / "d.png",
            seed=7,
            save_decoy=True,
            keep_gps=True,
        )
        assert settings_of(settings_json(settings)) == settings
        picked = GlazeSettings(decoy_style="ink wash")
        assert settings_of(settings_json(picked)) == picked
        two = settings_json(settings)[:-1] + ', "decoy_style": "mosaic"}'
        for strange in ("{}", two, "[]", "no JSON", '{"intensity": "extreme"}'):
            with pytest.raises(ValueError, match=r"."):
                settings_of(strange)

    def test_errors_come_back_with_their_figures(self, tmp_path: Path) -> None:
        error = ArtworkTooSmall("size", path=tmp_path / "a.png", width=3, height=4, least=64)
        again = error_of(error_json(error), tmp_path)
        assert type(again) is ArtworkTooSmall
        assert (again.key, again.fields["width"], str(again)) == ("size", 3, str(error))

    def test_an_error_of_another_version_keeps_its_words(self, tmp_path: Path) -> None:
        kept = error_json(ArtworkUnreadable("empty", path="a.png")).replace('"empty"', '"lost"')
        again = error_of(kept, tmp_path / "a.png")
        assert isinstance(again, Unexpected)
        assert "0 bytes" in str(again)


class TestOwners:
    def test_this_program_lives_and_others_are_told_by_more_than_their_number(self) -> None:
        me = new_owner()
        process, birth, _ = me.split()
        assert lives(me)
        assert not lives(f"{process} {float(birth) - 1000} x"), "the same number, given anew"
        assert not lives("")
        assert not lives("x y z")

    def test_one_that_was_killed_is_dead_even_before_its_parent_knows(self) -> None:
        code = "from glaze.ledger.owner import new_owner; print(new_owner(), flush=True); input()"
        pipe = subprocess.PIPE
        with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as other:
            assert other.stdout is not None
            owner = other.stdout.readline().strip()
            assert lives(owner)
            other.kill()
            waiting = threading.Event()
            for _ in range(PATIENCE * 100):
                if not lives(owner):
                    break
                waiting.wait(0.01)
            assert not lives(owner)


class TestFile:
    def test_the_environment_names_it(self, monkeypatch: pytest.MonkeyPatch, at: Path) -> None:
        monkeypatch.setenv("GLAZE_LEDGER", str(at))
        assert ledger_path() == at
        monkeypatch.delenv("GLAZE_LEDGER")
        assert ledger_path().name == "ledger.sqlite3"

    @pytest.mark.parametrize("damage", ["noise", "cut", "others", "tables"])
    def test_a_damaged_one_is_set_aside_and_told_once(self, at: Path, picture: Path, damage: str) -> None:
        with closing(Ledger(at)) as ledger:
            glazed(ledger, picture)
            assert ledger.tell() is None
        if damage == "noise":
            at.write_bytes(np.random.default_rng(0).bytes(20_000))
        elif damage == "cut":
            at.write_bytes(at.read_bytes()[:6000])
        elif damage == "others":
            at.unlink()
            with closing(sqlite3.connect(at)) as other, other:
                other.execute("CREATE TABLE recipes (cake)")
        else:
            with closing(sqlite3.connect(at)) as other, other:
                other.execute("ALTER TABLE jobs RENAME COLUMN owner TO somebody")
        before = at.read_bytes()
        with closing(Ledger(at)) as ledger:
            trouble = ledger.tell()
            assert isinstance(trouble, LedgerError)
            assert trouble.key == "damaged"
            assert ledger.tell() is None, "once"
            assert ledger.durable
            aside = at.parent / "ledger-damaged-1.sqlite3"
            assert str(aside) in str(trouble)
            if damage in {"noise", "cut"}:
                assert aside.read_bytes() == before
            assert ledger.recognise(picture) is None
            glazed(ledger, picture)
        with closing(Ledger(at)) as ledger:
            assert ledger.tell() is None
            assert ledger.recognise(picture) is not None

    def test_none_set_aside_before_is_lost(self, at: Path) -> None:
        for number in (1, 2, 3):
            at.parent.mkdir(exist_ok=True)
            at.write_bytes(b"noise" * 1000 + bytes([number]))
            with closing(Ledger(at)) as ledger:
                assert ledger.tell() is not None
            assert (at.parent / f"ledger-damaged-{number}.sqlite3").read_bytes()[-1] == number

    def test_damage_while_it_is_open(self, ledger: Ledger, at: Path, picture: Path) -> None:
        glazed(ledger, picture)
        ledger.queue.keep([entry("a")])
        with closing(sqlite3.connect(at)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        at.write_bytes(at.read_bytes()[:4096] + b"\xff" * (at.stat().st_size - 4096))
        assert ledger.recognise(picture) is None
        assert ledger.queue.renewed == 1
        trouble = ledger.tell()
        assert trouble is not None
        assert trouble.key == "damaged"
        assert ledger.queue.keep([entry("a")])

    def test_where_nothing_can_be_written_it_lives_in_memory(self, tmp_path: Path, picture: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with closing(Ledger(tmp_path / "file" / "ledger.sqlite3")) as ledger:
            trouble = ledger.tell()
            assert trouble is not None
            assert trouble.key == "unwritable"
            assert not ledger.durable
            glazed(ledger, picture)
            assert ledger.recognise(picture) is not None
            assert ledger.queue.keep([entry("a")])

    @pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such permissions")
    def test_a_folder_that_may_only_be_read(self, at: Path, picture: Path) -> None:
        if os.geteuid() == 0:
            pytest.skip("root may write everywhere")
        with closing(Ledger(at)) as ledger:
            glazed(ledger, picture)
        at.chmod(0o400)
        at.parent.chmod(0o500)
        try:
            with closing(Ledger(at)) as ledger:
                assert not ledger.durable
                glazed(ledger, picture)
        finally:
            at.parent.chmod(0o700)

    def test_a_disk_that_fails_in_the_middle(self, ledger: Ledger, picture: Path) -> None:
        glazed(ledger, picture)
        connection = ledger._database._connection
        connection.execute("PRAGMA max_page_count = 1")
        glazed(ledger, picture, GlazeSettings(seed=2))
        trouble = ledger.tell()
        assert trouble is not None
        assert trouble.key == "unwritable"
        assert "full" in str(trouble)
        assert ledger.recognise(picture, GlazeSettings(seed=2)) is not None

    def test_an_older_one_is_brought_up_to_date(self, at: Path, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with closing(Ledger(at)) as ledger:
            glazed(ledger, picture)
            ledger.queue.keep([entry("a")])
        step = ("ALTER TABLE glazes ADD COLUMN rating INTEGER NOT NULL DEFAULT 3",)
        monkeypatch.setattr(database, "STEPS", (*database.STEPS, step))
        with closing(Ledger(at)) as ledger:
            assert ledger.tell() is None
            assert ledger.recognise(picture) is not None
            rating = ledger._database.read(lambda c: c.execute("SELECT rating FROM glazes").fetchone()[0])
            assert rating == 3

    def test_a_newer_one_is_left_alone(self, at: Path, picture: Path) -> None:
        with closing(Ledger(at)) as ledger:
            glazed(ledger, picture)
        with closing(sqlite3.connect(at)) as other:
            other.execute("PRAGMA user_version = 99")
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        before = at.read_bytes()
        with closing(Ledger(at)) as ledger:
            trouble = ledger.tell()
            assert trouble is not None
            assert trouble.key == "newer"
            assert not ledger.durable
            glazed(ledger, picture)
        assert at.read_bytes() == before
        assert [path.name for path in at.parent.iterdir()] == [at.name]

    def test_rows_that_cannot_be_understood_cost_no_others(self, at: Path, picture: Path) -> None:
        with closing(Ledger(at)) as ledger:
            glazed(ledger, picture)
            ledger.queue.keep([entry("bad", state=State.FAILED), entry("good", state=State.CANCELLED)])
        with closing(sqlite3.connect(at)) as other, other:
            other.execute("UPDATE jobs SET settings = '{' WHERE id = 'bad'")
            other.execute("UPDATE glazes SET record = cast(x'ff00' AS TEXT)")
        with closing(Ledger(at)) as ledger:
            assert [kept.id for kept in ledger.queue.finished()] == ["good"]
            assert ledger.recognise(picture) is None
            assert ledger.tell() is None

    def test_many_threads(self, ledger: Ledger, picture: Path) -> None:
        glaze = glazed(ledger, picture)
        faults: list[Exception] = []

        def work(number: int) -> None:
            try:
                for round_ in range(5):
                    ledger.queue.keep([entry(f"{number}-{round_}", state=State.FAILED)])
                    known = ledger.recognise(picture)
                    assert known is not None
                    assert known.glaze.report.seen_after.shape == glaze.report.seen_after.shape
            except Exception as fault:  # noqa: BLE001 - told below
                faults.append(fault)

        threads = [threading.Thread(target=work, args=[number]) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert not faults
        assert len(ledger.queue.finished()) == 30

    def test_programs_that_begin_it_at_once(self, at: Path) -> None:
        code = """
import sys
from contextlib import closing
from pathlib import Path
from glaze.ledger import Entry, Ledger
from glaze.settings import GlazeSettings
sys.stdin.readline()
with closing(Ledger(Path(sys.argv[1]))) as ledger:
    for n in range(20):
        job = Entry(id=f"{sys.argv[2]}-{n}", path=Path("a.png"), settings=GlazeSettings(), folder=None)
        assert ledger.queue.keep([job])
    assert ledger.durable and ledger.tell() is None
"""
        programs = [
            subprocess.Popen([sys.executable, "-c", code, str(at), name], cwd=ROOT, stdin=subprocess.PIPE)
            for name in "abc"
        ]
        for program in programs:
            assert program.stdin is not None
            program.stdin.write(b"\n")
            program.stdin.flush()
        for program in programs:
            program.communicate(timeout=PATIENCE)
            assert program.returncode == 0
        with closing(Ledger(at)) as ledger:
            assert len(ledger.queue.take_over()) == 60


class TestZips:
    def done(self, folder: Path, name: str, seed: int) -> Entry:
        folder.mkdir(exist_ok=True)
        glaze = StandIn(steps=1)(draw(folder / name, 90, 80, seed=seed))
        return entry(str(seed), state=State.DONE, result=glaze)

    def test_each_result_is_in_it_once_as_it_is_and_under_its_own_name(self, tmp_path: Path) -> None:
        jobs = [self.done(tmp_path / str(seed), name, seed) for seed, name in enumerate(["A.png", "A.png", "a.png"])]
        jobs += [entry("waits"), replace(jobs[0], state=State.SKIPPED)]
        made = zip_results(jobs, tmp_path / "out" / "portfolio.zip")
        assert made.path == tmp_path / "out" / "portfolio.zip"
        assert made.missing == ()
        with zipfile.ZipFile(made.path) as archive:
            assert archive.testzip() is None
            names = archive.namelist()
            assert names == ["A-glazed.png", "A-glazed-2.png", "a-glazed-3.png"]
            assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
            for name, job in zip(names, jobs[:3], strict=True):
                assert job.result is not None
                assert archive.read(name) == job.result.result.read_bytes()

    def test_no_zip_is_written_over_and_what_is_missing_is_told(self, tmp_path: Path) -> None:
        jobs = [self.done(tmp_path / folder, "a.png", seed) for seed, folder in enumerate("ab")]
        first = zip_results(jobs, tmp_path / "all.zip")
        kept = first.path.read_bytes()
        assert jobs[0].result is not None
        jobs[0].result.result.unlink()
        second = zip_results(jobs, tmp_path / "all.zip")
        assert second.path.name == "all-2.zip"
        assert second.missing == (jobs[0].result.result,)
        assert first.path.read_bytes() == kept

    def test_nothing_is_left_where_it_fails(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        job = self.done(tmp_path / "a", "a.png", 0)
        for jobs in ([], [entry("waits")]):
            with pytest.raises(SaveError) as none:
                zip_results(jobs, tmp_path / "out" / "all.zip")
            assert none.value.key == "nothing_finished"

        def fail(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(SaveError) as full:
            zip_results([job], tmp_path / "out" / "all.zip")
        assert full.value.key == "disk_full"
        assert not list((tmp_path / "out").iterdir())

    def test_a_folder_of_pictures_goes_in_without_what_glaze_wrote_there(self, tmp_path: Path) -> None:
        self.done(tmp_path / "art", "b.png", 0)
        draw(tmp_path / "art" / "a.png", 80, 70)
        assert [path.name for path in find_artworks([tmp_path / "art"])] == ["a.png", "b.png"]
