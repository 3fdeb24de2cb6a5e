"""What an artist chose is kept, whatever happens to the file; and where Glaze keeps what."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import fields, replace
from pathlib import Path

import pytest

from glaze import pace, preferences
from glaze.artwork import find_artworks
from glaze.errors import GlazeError, SaveError
from glaze.jobs import log_path
from glaze.ledger import ledger_path
from glaze.preferences import Preferences, change, damaged_path, load, preferences_path, save
from glaze.settings import Engine, GlazeSettings, Intensity, Redraw, Render
from glaze.studio import words
from glaze.studio.originals import originals_folder
from glaze.studio.places import check_folder, places
from glaze.studio.quiet import scratch_folder
from tests.stand_in import draw

needs_permissions = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind whoever runs the tests"
)


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLAZE_PREFERENCES", str(tmp_path / "own" / "preferences.json"))
    return tmp_path / "own" / "preferences.json"


def chosen(tmp_path: Path) -> Preferences:
    """Everything other than from the start."""
    return Preferences(
        language="ja",
        results=tmp_path / "絵 é",
        keep_gps=True,
        intensity=Intensity.HIGH,
        render=Render.SLOWEST,
        engine=Engine.BUNDLED,
        redraw=Redraw.PATCHES,
        check_updates=True,
    )


def write(file: Path, content: bytes | str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)


class TestKeeping:
    def test_without_a_file_all_is_as_it_is_without_choosing(self, file: Path) -> None:
        assert load() == Preferences()
        assert Preferences().settings == GlazeSettings()
        assert not Preferences().check_updates
        assert not file.parent.exists(), "looking makes nothing"

    def test_all_that_was_chosen_comes_back(self, tmp_path: Path) -> None:
        mine, usual = chosen(tmp_path), Preferences()
        assert all(getattr(mine, field.name) != getattr(usual, field.name) for field in fields(mine))
        save(mine)
        assert load() == mine
        assert mine.settings == GlazeSettings(
            intensity=Intensity.HIGH,
            render=Render.SLOWEST,
            engine=Engine.BUNDLED,
            redraw=Redraw.PATCHES,
            keep_gps=True,
        )
        save(usual)
        assert load() == usual

    def test_one_choice_leaves_the_others_as_the_file_has_them(self, tmp_path: Path) -> None:
        save(chosen(tmp_path))
        change(render=Render.FAST, results=None)
        assert load() == replace(chosen(tmp_path), render=Render.FAST, results=None)
        with pytest.raises(TypeError):
            change(rendering=Render.SLOW)
        assert load().render is Render.FAST

    def test_without_the_override_it_is_in_the_users_own_folder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("GLAZE_PREFERENCES")
        assert preferences_path().name == "preferences.json"
        assert "glaze" in preferences_path().parts

    def test_what_a_newer_glaze_wrote_is_kept(self, file: Path) -> None:
        write(file, json.dumps({"theme": {"paper": [1, None]}, "render": "slow", "check_updates": True}))
        assert load() == Preferences(render=Render.SLOW, check_updates=True)
        save(replace(load(), language="ja"))
        assert json.loads(file.read_text())["theme"] == {"paper": [1, None]}
        assert load() == Preferences(render=Render.SLOW, check_updates=True, language="ja")
        assert not damaged_path().exists(), "nothing was wrong"
        assert [path.name for path in file.parent.iterdir()] == [file.name], "nothing half-written is left"

    @pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="file names are text there")
    def test_a_folder_whose_name_is_no_text_comes_back(self) -> None:
        folder = Path(os.fsdecode(b"/caf\xe9"))
        save(Preferences(results=folder))
        assert load().results == folder

    def test_a_mark_that_editors_put_before_the_text_does_no_harm(self, file: Path) -> None:
        write(file, b'\xef\xbb\xbf{"language": "ja"}')
        assert load().language == "ja"
        assert not damaged_path().exists()

    @pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
    def test_nobody_else_reads_it(self, file: Path) -> None:
        save(Preferences())
        assert file.stat().st_mode & 0o077 == 0

    def test_many_at_once_leave_a_whole_file(self, file: Path, tmp_path: Path) -> None:
        both = (chosen(tmp_path), Preferences(language="en"))
        seen: list[Preferences] = []

        def work(mine: Preferences) -> None:
            for _ in range(20):
                save(mine)
                seen.append(load())

        threads = [threading.Thread(target=work, args=(mine,)) for mine in both * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 80
        assert set(seen) <= set(both)
        assert [path.name for path in file.parent.iterdir()] == [file.name]


class TestDamage:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"\x00" * 64,
            b"\xff\xfe{\x00",
            b"[1, 2]",
            b"null",
            b"[" * 100_000,
            b'{"a": ' + b"9" * 5000 + b"}",
            b'{"language": "ja"',
        ],
        ids=["empty", "cut", "zeros", "utf-16", "list", "null", "deep", "long number", "cut short"],
    )
    def test_a_damaged_file_is_set_aside(self, content: bytes, file: Path) -> None:
        write(file, content)
        assert load() == Preferences()
        assert damaged_path().name == "preferences-damaged.json"
        assert damaged_path().read_bytes() == content
        save(Preferences(language="ja"))
        assert load().language == "ja"
        assert damaged_path().read_bytes() == content, "setting aside happens once"

    @pytest.mark.parametrize("content", [b"{", b"[]"])
    def test_saving_over_a_damaged_file_sets_it_aside_as_well(self, content: bytes, file: Path) -> None:
        write(file, content)
        save(Preferences(language="ja"))
        assert load().language == "ja"
        assert damaged_path().read_bytes() == content

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("language", 7),
            ("language", ""),
            ("language", "../en"),
            ("language", "<b>"),
            ("results", 1),
            ("results", ""),
            ("results", "pictures"),
            ("results", "/a\0b"),
            ("results", ["/a"]),
            ("keep_gps", 1),
            ("keep_gps", "yes"),
            ("keep_gps", None),
            ("intensity", "enormous"),
            ("intensity", []),
            ("engine", "steam"),
            ("render", None),
            ("render", {"slow": 1}),
            ("check_updates", "true"),
            ("check_updates", 1),
        ],
    )
    def test_one_bad_value_costs_only_itself(self, name: str, value: object, file: Path, tmp_path: Path) -> None:
        save(chosen(tmp_path))
        said = {**json.loads(file.read_text()), "theme": "ink", name: value}
        write(file, json.dumps(said))
        expected = replace(chosen(tmp_path), **{name: getattr(Preferences(), name)})
        assert load() == expected
        assert json.loads(damaged_path().read_text()) == said
        left = json.loads(file.read_text())
        assert name not in left
        assert left["theme"] == "ink"
        damaged_path().unlink()
        assert load() == expected
        assert not damaged_path().exists(), "the second start finds nothing wrong"

    def test_every_preference_is_read(self) -> None:
        assert set(preferences._READ) == {field.name for field in fields(Preferences)}

    @pytest.mark.parametrize("content", [b"{", b'{"language": 7, "render": "slow"}'])
    def test_where_nothing_can_be_set_aside_the_file_stays_as_it_is(
        self, content: bytes, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(file, content)

        def refuse(_path: Path, _content: bytes) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(preferences, "write_whole", refuse)
        assert load().language is None
        assert load().render is (Render.SLOW if b"slow" in content else Render.DEFAULT)
        assert file.read_bytes() == content


class TestNotWritable:
    def refused(self, path: Path, told: str) -> None:
        with pytest.raises(SaveError, match=told) as caught:
            save(Preferences())
        assert caught.value.key == "not_kept"
        assert str(path) in str(caught.value)

    def test_a_file_in_the_folders_place(self, file: Path) -> None:
        file.parent.write_bytes(b"mine")
        self.refused(file, "could not be kept")
        assert load() == Preferences()
        assert file.parent.read_bytes() == b"mine"

    def test_a_folder_in_the_files_place(self, file: Path) -> None:
        file.mkdir(parents=True)
        self.refused(file, "could not be kept")
        assert load() == Preferences()
        assert [path.name for path in file.parent.iterdir()] == [file.name], "nothing is left beside it"

    @needs_permissions
    def test_a_folder_that_is_closed(self, file: Path) -> None:
        save(Preferences(language="ja"))
        file.parent.chmod(0o500)
        try:
            self.refused(file, "Permission denied")
            assert load().language == "ja"
        finally:
            file.parent.chmod(0o700)

    @needs_permissions
    def test_a_file_that_may_not_be_read_is_not_lost(self, file: Path) -> None:
        save(Preferences(language="ja"))
        file.chmod(0o000)
        assert load() == Preferences()
        self.refused(file, "Permission denied")
        file.chmod(0o600)
        assert load().language == "ja"

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk here")
    def test_a_full_disk_leaves_what_was(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        save(Preferences(language="ja"))
        before, real = file.read_bytes(), os.open
        monkeypatch.setattr("glaze.files.os.open", lambda _path, *_rest: real("/dev/full", os.O_RDWR))
        self.refused(file, "No space left")
        monkeypatch.undo()
        assert file.read_bytes() == before


class TestResultsFolder:
    @pytest.fixture(autouse=True)
    def cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr("glaze.studio.places.scratch_folder", lambda: tmp_path / "cache" / "studio")
        return tmp_path / "cache" / "studio"

    def test_it_is_made_and_nothing_is_left_in_it(self, tmp_path: Path) -> None:
        folder = tmp_path / "new" / "絵 for & all"
        assert check_folder(folder) == folder
        assert list(folder.iterdir()) == []
        (folder / "mine.png").write_bytes(b"x")
        assert check_folder(folder) == folder
        assert [path.name for path in folder.iterdir()] == ["mine.png"]

    def test_it_may_be_pasted_as_the_explorer_copies_it(self, tmp_path: Path) -> None:
        assert check_folder(f' "{tmp_path / "pasted"}"\n') == tmp_path / "pasted"

    def test_the_sign_for_home_is_understood(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        assert check_folder("~/glazed") == tmp_path / "glazed"

    @pytest.mark.parametrize("folder", ["", "pictures", "./a", "."])
    def test_half_a_path_is_refused(self, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert self.refused(folder).key == "relative"
        assert list(tmp_path.iterdir()) == []

    def test_what_is_wiped_is_refused(self, cache: Path, tmp_path: Path) -> None:
        (cache / "123").mkdir(parents=True)
        for folder in (cache, cache / "mine", cache / "123" / "mine", tmp_path / "x" / ".." / "cache" / "studio" / "y"):
            assert self.refused(folder).key == "wiped"
        assert [path.name for path in cache.iterdir()] == ["123"]
        assert check_folder(cache.parent / "studio2")

    @pytest.mark.skipif(sys.platform == "win32", reason="making links takes rights there")
    def test_also_through_a_link(self, cache: Path, tmp_path: Path) -> None:
        cache.mkdir(parents=True)
        (tmp_path / "link").symlink_to(cache)
        assert self.refused(tmp_path / "link" / "mine").key == "wiped"

    def test_a_file_is_no_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"mine")
        for folder in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "a\0b"):
            assert self.refused(folder).key == "no_folder"
        assert (tmp_path / "file").read_bytes() == b"mine"

    def test_nobodys_home_is_no_folder(self) -> None:
        assert self.refused("~nobody-has-this-name/x").key in {"no_folder", "relative"}

    @needs_permissions
    def test_where_nothing_may_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "closed").mkdir(mode=0o500)
        assert self.refused(tmp_path / "closed").key == "no_permission"
        assert self.refused(tmp_path / "closed" / "below").key == "no_folder"

    @pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder here that lets nobody write")
    def test_it_is_really_tried(self) -> None:
        # Even root may not make a file there, and no permission says so.
        assert self.refused("/proc").key in {"no_permission", "not_written"}

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk here")
    def test_a_full_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real = os.open
        monkeypatch.setattr("glaze.artwork.write.os.open", lambda _path, *_rest: real("/dev/full", os.O_RDWR))
        assert self.refused(tmp_path).key == "disk_full"

    def refused(self, folder: str | Path) -> GlazeError:
        with pytest.raises(SaveError) as caught:
            check_folder(folder)
        for language in words.languages():
            assert words.load(language).error(caught.value)
        return caught.value


class TestPlaces:
    def test_they_are_all_there_with_their_sizes(self, tmp_path: Path) -> None:
        # In a process of its own: the folders of the whole computer are set by the environment.
        home = tmp_path / "home"
        home.mkdir()
        code = """
import json, sys
from pathlib import Path
from glaze.studio.places import places
print(json.dumps([[each.key, str(each.path), each.bytes] for each in places(Path(sys.argv[1]))]))
"""
        environ = {"HOME": str(home), "USERPROFILE": str(home), "LOCALAPPDATA": str(home), "APPDATA": str(home)}
        environ |= {"GLAZE_LEDGER": str(home / "ledger.sqlite3"), "GLAZE_ORIGINALS": str(home / "originals")}
        environ["GLAZE_PACKS"] = str(home / "packs")
        for name in ("CACHE", "CONFIG", "DATA", "STATE"):
            environ[f"XDG_{name}_HOME"] = str(home / name.lower())

        def ask() -> dict[str, tuple[Path, int]]:
            command = [sys.executable, "-c", code, str(tmp_path / "results")]
            answer = subprocess.run(
                command,
                cwd=Path(__file__).resolve().parents[1],
                env={**os.environ, **environ, "GLAZE_PACE": str(home / "pace.json")},
                capture_output=True,
                text=True,
                check=True,
            )
            return {key: (Path(path), count) for key, path, count in json.loads(answer.stdout)}

        first = ask()
        own = ["results", "preferences", "ledger", "originals", "pace", "redrawn", "log", "weights", "packs", "scratch"]
        assert list(first) == own
        assert first["weights"][1] > 100_000
        assert [count for key, (_, count) in first.items() if key != "weights"] == [0] * 9, "nothing is there yet"
        assert not (tmp_path / "results").exists(), "looking makes nothing"

        for key, more in (("preferences", "-damaged"), ("ledger", "-wal"), ("log", ".1"), ("pace", "")):
            path = first[key][0]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * 100)
            if key == "preferences":
                path.with_name("preferences-damaged.json").write_bytes(b"x" * 11)
            elif more:
                path.with_name(path.name + more).write_bytes(b"x" * 11)
        scratch, results = first["scratch"][0], first["results"][0]
        (scratch / "12" / "a").mkdir(parents=True)
        (scratch / "12" / "a" / "upload.png").write_bytes(b"x" * 55)
        (first["originals"][0] / "0").mkdir(parents=True)
        (first["originals"][0] / "0" / "upload.png").write_bytes(b"x" * 33)
        first["packs"][0].mkdir()
        (first["packs"][0] / "taesd.safetensors").write_bytes(b"x" * 44)
        first["redrawn"][0].mkdir()
        (first["redrawn"][0] / "0.png").write_bytes(b"x" * 22)
        results.mkdir()
        for name in ("a-glazed.png", "b-glazed-2.png", "c-decoy.png", "a.png", "family.jpg"):
            (results / name).write_bytes(b"x" * 7)
        second = ask()
        assert {key: path for key, (path, _) in second.items()} == {key: path for key, (path, _) in first.items()}
        counts = {
            key: count for key, (_, count) in second.items() if key not in {"weights", "originals", "packs", "redrawn"}
        }
        assert counts == {"results": 21, "preferences": 111, "ledger": 111, "pace": 100, "log": 111, "scratch": 55}
        assert (second["originals"][1], second["packs"][1], second["redrawn"][1]) == (33, 44, 22)

    def test_each_is_where_its_owner_keeps_it(self, tmp_path: Path) -> None:
        found = {each.key: each.path for each in places(tmp_path)}
        assert found["preferences"] == preferences_path()
        assert found["pace"] == pace.book_path()
        assert found["ledger"] == ledger_path()
        assert found["originals"] == originals_folder()
        assert found["log"] == log_path()
        assert found["scratch"] == scratch_folder()

    def test_each_has_words(self, tmp_path: Path) -> None:
        for language in words.languages():
            texts = words.load(language).texts
            for each in places(tmp_path):
                assert {f"place.{each.key}", f"place.{each.key}.info"} <= texts.keys()

    def test_a_links_target_is_not_glazes(self, tmp_path: Path) -> None:
        big = draw(tmp_path / "big.png")
        folder = tmp_path / "results"
        folder.mkdir()
        try:
            (folder / "x-glazed.png").symlink_to(big)
        except OSError:
            pytest.skip("no links here")
        assert places(folder)[0].bytes == 0

    def test_a_trial_of_a_folder_is_no_picture(self, tmp_path: Path) -> None:
        draw(tmp_path / "a.png")
        check_folder(tmp_path)
        assert find_artworks([tmp_path]) == [tmp_path / "a.png"]
