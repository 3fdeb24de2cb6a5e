"""Downloading packs from a hub that fails in every way: the right message, no bad file, and the next one succeeds."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from glaze.download import Phase, Progress, get, look_up, stream
from glaze.download import hub as hub_client
from glaze.download.convert import convert
from glaze.errors import Cancelled, DownloadError, GlazeError, PackError
from glaze.packs import State, load_pack, load_packs, look, manifest, packs_folder, remove, verify
from glaze.packs.lock import lock_path, read_lock
from glaze.packs.manifest import manifest_path
from scripts import freeze_packs
from tests import guard
from tests.hub import (
    COMMIT,
    Fault,
    Hub,
    another,
    drops,
    falls_silent,
    says_nothing,
    serve,
    slowly,
    status,
    weights,
    whole_again,
    without_length,
    write_manifest,
    wrong_part,
)

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60
ONE, TWO, PLAIN = weights(1), weights(2, 60_000), weights(3, 50_000)
CONFIG = b'{"scaling_factor": 1}'
PATH_ONE = f"/someone/tiny/resolve/{COMMIT}/one.safetensors"
PATH_PLAIN = "/plain/plain.safetensors"
KEPT = 300_000  # bytes after which a connection breaks: all that came before is on the disk


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GLAZE_PACKS", str(tmp_path / "packs"))
    monkeypatch.setenv("GLAZE_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(stream, "PAUSES", (0.01,) * 3)
    monkeypatch.setattr(stream, "SILENCE", 1.0)
    monkeypatch.setattr(hub_client, "PATIENCE", 1.0)
    with serve() as ours:
        ours.put("one.safetensors", ONE)
        ours.put("vae/config.json", CONFIG)
        ours.put("vae/two.safetensors", TWO)
        ours.files[PATH_PLAIN] = PLAIN
        monkeypatch.setenv("HF_ENDPOINT", ours.address)
        write_manifest(tmp_path / "weights", ours.address, plain=PLAIN)
        yield ours


def download(**options: object) -> None:
    get(look_up(load_pack("standard")), **options)  # type: ignore[arg-type]


def whole() -> bool:
    folder = packs_folder()
    there = {"one.safetensors": ONE, "two/config.json": CONFIG, "two/two.safetensors": TWO, "plain.safetensors": PLAIN}
    return all((folder / name).is_file() and (folder / name).read_bytes() == text for name, text in there.items())


def in_place() -> list[str]:
    """What a glaze or a person would take for a file of a pack."""
    folder = packs_folder()
    files = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    return sorted(file.as_posix() for file in files if file.parts[0] != ".unfinished")


def kept() -> dict[str, int]:
    """What of unfinished files is kept: their names without what tells them apart, and how much it is."""
    files = (packs_folder() / ".unfinished" / "standard").glob("*")
    return {file.name.rpartition(".")[0]: file.stat().st_size for file in files}


class TestWhole:
    @pytest.mark.usefixtures("hub")
    def test_all_of_it_is_there_and_written_down_afterwards(self) -> None:
        seen: list[Progress] = []
        plan = look_up(load_pack("standard"))
        assert plan.size == len(ONE) + len(TWO) + len(CONFIG) + len(PLAIN)
        assert [item.name for item in plan.items] == ["one", "two", "plain"]
        assert 0 < plan.needed < plan.free
        get(plan, on_progress=seen.append)
        assert whole()
        assert not (packs_folder() / ".unfinished" / "standard").exists()
        assert {found.state for found in look(load_pack("standard"))} == {State.HERE}
        done = [progress.done for progress in seen]
        assert done == sorted(done)
        assert (done[-1], seen[-1].total, seen[-1].number, seen[-1].count) == (plan.size, plan.size, 4, 4)
        assert {progress.phase for progress in seen} == {Phase.LOADING, Phase.CHECKING}
        got = read_lock("standard").sources["someone/tiny/one.safetensors"]
        assert (got.revision, got.print.size, got.print.sha256) == (COMMIT, len(ONE), hashlib.sha256(ONE).hexdigest())

    def test_a_second_one_asks_nobody(self, hub: Hub) -> None:
        download()
        hub.asked.clear()
        download()
        assert hub.asked == []

    def test_what_was_written_down_holds_for_later_ones(self, hub: Hub) -> None:
        download()
        remove(load_pack("standard"))
        assert in_place() == ["standard.lock.json"]
        hub.put("one.safetensors", weights(9))
        with pytest.raises(DownloadError, match=r"another 'someone/tiny/one\.safetensors'"):
            download()
        assert in_place() == ["standard.lock.json"]
        remove(load_pack("standard"), forget=True)
        download()
        assert (packs_folder() / "one.safetensors").read_bytes() == weights(9)

    def test_a_commit_once_known_is_asked_for_by_its_name(self, hub: Hub) -> None:
        download()
        remove(load_pack("standard"))
        hub.asked.clear()
        download()
        heads = [path for method, path, _ in hub.asked if method == "HEAD"]
        assert len(heads) == 3
        assert all(COMMIT in path for path in heads), "and not by what is newest by now"

    def test_only_what_is_missing_or_damaged_comes_again(self, hub: Hub) -> None:
        download()
        (packs_folder() / "one.safetensors").write_bytes(ONE[:-1] + b"x")
        (packs_folder() / "two" / "config.json").unlink()
        hub.asked.clear()
        download()
        assert whole()
        assert {path.rpartition("/")[2] for method, path, _ in hub.asked if method == "GET"} == {
            "one.safetensors",
            "config.json",
        }

    def test_nothing_is_in_place_before_all_of_it_is_there(self, hub: Hub) -> None:
        hub.faults[PATH_PLAIN] = [status(404)]
        with pytest.raises(DownloadError, match="does not have"):
            download()
        assert in_place() == []
        download()
        assert whole()
        assert hub.got(PATH_ONE) == [None], "what had come whole did not come twice"

    def test_two_at_once_do_not_write_into_the_same_file(self, hub: Hub) -> None:
        plan = look_up(load_pack("standard"))
        hub.faults[PATH_ONE] = [slowly(0.02)]
        begun = threading.Event()
        first = threading.Thread(target=get, args=(plan,), kwargs={"on_progress": lambda _: begun.set()})
        first.start()
        assert begun.wait(PATIENCE)
        with pytest.raises(DownloadError, match="already"):
            get(plan)
        first.join()
        assert whole()

    def test_a_proxy_that_the_environment_names_is_used(self, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
        monkeypatch.setenv("HTTP_PROXY", hub.address)
        monkeypatch.setenv("NO_PROXY", "")
        # The session of the hub's library reads the environment when it begins.
        from huggingface_hub import close_session

        close_session()
        try:
            download()
        finally:
            close_session()
        assert whole()

    @pytest.mark.usefixtures("hub")
    def test_the_studio_forbids_the_hub_to_speak_but_for_this(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from huggingface_hub import constants

        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        download()
        assert constants.HF_HUB_OFFLINE is True
        assert whole()


def mended(hub: Hub) -> None:
    """Without the fault, all is well, whatever it left behind."""
    hub.faults.clear()
    hub.said.clear()
    download()
    assert whole()


class TestFaults:
    """Every one with its own message, with nothing in place of a file, and mended by the next download."""

    @pytest.mark.parametrize(
        ("key", "faults"),
        [
            ("broken", [drops(KEPT), *[drops(0)] * 9]),
            ("silent", [falls_silent(KEPT, 2.5), *[falls_silent(0, 2.0)] * 9]),
            ("not_found", [status(404)]),
            ("not_found", [status(410)]),
            ("forbidden", [status(401)]),
            ("forbidden", [status(403)]),
            ("forbidden", [status(451)]),
            ("refused", [status(407)]),
            ("busy", [status(429, Retry_After="0")] * 9),
            ("trouble", [status(500)] * 9),
            ("trouble", [status(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT")] * 9),
            ("circles", [status(302, Location=PATH_ONE)] * 99),
            ("wrong_hash", [another(ONE[:-1] + b"x")]),
            ("wrong_size", [another(ONE + b"more")]),
            ("wrong_size", [another(ONE[:-4])]),
            ("wrong_size", [another(b"<html>Log in</html>")]),
        ],
    )
    def test_of_a_file(self, hub: Hub, key: str, faults: list[Fault]) -> None:
        hub.faults[PATH_ONE] = [*faults]
        with pytest.raises(DownloadError) as caught:
            download()
        assert caught.value.key == key, str(caught.value)
        assert "127.0.0.1" in str(caught.value)
        assert in_place() == []
        assert kept() == ({"one.safetensors": KEPT} if key in {"broken", "silent"} else {})
        mended(hub)

    def test_a_broken_connection_goes_on_where_it_stopped(self, hub: Hub) -> None:
        hub.faults[PATH_ONE] = [drops(KEPT), drops(100_000)]
        download()
        assert whole()
        assert hub.got(PATH_ONE) == [None, f"bytes={KEPT}-", f"bytes={KEPT + 100_000}-"]

    def test_the_next_download_goes_on_as_well(self, hub: Hub) -> None:
        hub.faults[PATH_ONE] = [drops(KEPT), *[drops(0)] * 10]
        with pytest.raises(DownloadError, match=r"0\.3 MB of the file are kept"):
            download()
        hub.faults.clear()
        hub.asked.clear()
        download()
        assert whole()
        assert hub.got(PATH_ONE) == [f"bytes={KEPT}-"]

    def test_a_server_that_knows_no_parts_gives_the_whole_again(self, hub: Hub) -> None:
        hub.faults[PATH_ONE] = [drops(KEPT), whole_again()]
        download()
        assert whole()

    def test_another_part_than_asked_for_is_not_put_behind_the_first(self, hub: Hub) -> None:
        hub.faults[PATH_ONE] = [drops(KEPT), wrong_part()]
        download()
        assert whole()

    def test_a_file_cut_short_by_a_server_that_tells_no_length(self, hub: Hub) -> None:
        hub.faults[PATH_ONE] = [without_length(KEPT)]
        download()
        assert whole()
        assert hub.got(PATH_ONE) == [None, f"bytes={KEPT}-"]

    def test_a_beginning_that_went_bad_on_the_disk_is_begun_anew(self, hub: Hub) -> None:
        hub.faults[PATH_ONE] = [drops(KEPT), *[drops(0)] * 10]
        with pytest.raises(DownloadError):
            download()
        [part] = (packs_folder() / ".unfinished" / "standard").glob("one*")
        part.write_bytes(bytes(KEPT))
        hub.faults.clear()
        download()
        assert whole()

    def test_a_slow_one_takes_its_time_and_comes(self, hub: Hub) -> None:
        hub.faults[PATH_ONE] = [slowly(0.03)]
        download()
        assert whole()
        assert hub.got(PATH_ONE) == [None]

    def test_a_redirect_is_followed(self, hub: Hub) -> None:
        hub.files["/store/one"] = ONE
        hub.faults[PATH_ONE] = [status(302, Location=f"{hub.address}/store/one")]
        download()
        assert whole()

    @pytest.mark.parametrize(
        ("said", "key"),
        [
            ({"X-Linked-Size": "5"}, "wrong_size"),
            ({"X-Linked-Etag": f'"{"0" * 64}"'}, "wrong_hash"),
        ],
    )
    def test_a_hub_that_lies_of_a_file(self, hub: Hub, said: dict[str, str], key: str) -> None:
        hub.said[PATH_ONE] = said
        with pytest.raises(DownloadError) as caught:
            download()
        assert caught.value.key == key
        assert in_place() == []
        assert kept() == {}
        mended(hub)

    @pytest.mark.parametrize(
        ("fault", "key"),
        [
            (status(404, X_Error_Code="EntryNotFound"), "not_found"),
            (status(404, X_Error_Code="RepoNotFound"), "not_found"),
            (status(401, X_Error_Code="GatedRepo"), "forbidden"),
            (status(429, Retry_After="0"), "busy"),
            (status(502), "trouble"),
            (says_nothing(2.0), "unreachable"),
            (status(302, Location=PATH_ONE), "circles"),
        ],
    )
    def test_of_the_question_before(self, hub: Hub, fault: Fault, key: str) -> None:
        hub.faults[f"HEAD {PATH_ONE}"] = [fault] * 99
        with pytest.raises(DownloadError) as caught:
            look_up(load_pack("standard"))
        assert caught.value.key == key, str(caught.value)
        assert in_place() == []
        mended(hub)

    def test_one_that_is_busy_for_a_moment_is_asked_again(self, hub: Hub) -> None:
        hub.faults[f"HEAD {PATH_ONE}"] = [status(503)]
        hub.faults[PATH_ONE] = [status(429, Retry_After="0"), status(500)]
        download()
        assert whole()

    @pytest.mark.usefixtures("hub")
    def test_nobody_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
        with pytest.raises(DownloadError, match="could not be reached"):
            download()
        assert in_place() == []

    def test_a_page_in_place_of_weights_whose_hash_nobody_knows(self, hub: Hub) -> None:
        hub.files[PATH_ONE] = b"<html>Log in</html>"
        hub.said[PATH_ONE] = {"X-Linked-Etag": '"nothing"'}
        with pytest.raises(DownloadError, match="holds no weights"):
            download()
        assert in_place() == []
        assert kept() == {}

    def test_a_part_that_may_be_of_another_file_is_not_gone_on_with(self, hub: Hub) -> None:
        hub.said[PATH_ONE] = {"X-Linked-Etag": '"nothing"', "X-Repo-Commit": "none"}
        # Without a commit, it is the newest that is asked for.
        newest = PATH_ONE.replace(COMMIT, "main")
        hub.files[newest] = ONE
        hub.faults[newest] = [drops(KEPT), *[drops(0)] * 10]
        with pytest.raises(DownloadError) as caught:
            download()
        assert caught.value.key == "unreachable", "nothing that is of use is kept"
        hub.faults.clear()
        hub.asked.clear()
        download()
        assert hub.got(newest) == [None]
        assert whole()


class TestDisk:
    def test_too_little_room_is_told_before_anything_comes(self, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        plan = look_up(load_pack("standard"))
        hub.asked.clear()
        usage = shutil.disk_usage(packs_folder().parent)._replace(free=40_000_000)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
        with pytest.raises(DownloadError, match=r"needs 51\.2 MB .* and 40\.0 MB are free"):
            get(plan)
        assert hub.asked == []

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
    def test_a_disk_that_becomes_full(self, hub: Hub) -> None:
        plan = look_up(load_pack("standard"))
        folder = packs_folder() / ".unfinished" / "standard"
        folder.mkdir(parents=True)
        (folder / plan.wanted[0].part_name).symlink_to("/dev/full")
        with pytest.raises(DownloadError, match="is full"):
            get(plan)
        assert kept() == {}
        assert in_place() == []
        mended(hub)

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="every folder may be written in")
    @pytest.mark.usefixtures("hub")
    def test_a_folder_that_may_not_be_written_in(self) -> None:
        packs_folder().mkdir(mode=0o500)
        with pytest.raises(PackError, match="Nothing can be written"):
            download()

    @pytest.mark.usefixtures("hub")
    def test_a_file_in_the_folders_place(self) -> None:
        packs_folder().write_bytes(b"")
        with pytest.raises(PackError, match="Nothing can be written"):
            download()


class TestStopping:
    def test_in_the_middle(self, hub: Hub) -> None:
        hub.faults[PATH_ONE] = [slowly(0.01)]
        came: list[int] = []
        with pytest.raises(Cancelled, match="goes on from there"):
            download(on_progress=lambda progress: came.append(progress.done), cancelled=lambda: sum(came) > KEPT)
        assert in_place() == []
        assert kept()["one.safetensors"] > 0
        mended(hub)
        assert hub.got(PATH_ONE)[1] is not None, "it went on"

    def test_while_it_waits_to_ask_again(self, hub: Hub) -> None:
        hub.faults[PATH_ONE] = [status(503, Retry_After="3600")] * 9
        waits = threading.Event()

        def on_progress(progress: Progress) -> None:
            if progress.phase is Phase.WAITING:
                waits.set()

        with pytest.raises(Cancelled):
            download(on_progress=on_progress, cancelled=waits.is_set)
        assert in_place() == []

    @pytest.mark.parametrize("at", ["one.safetensors", "config.json", "two.safetensors", "plain.safetensors"])
    def test_killed_in_the_middle_of_any_file_the_next_one_succeeds(self, hub: Hub, tmp_path: Path, at: str) -> None:
        path = next(path for path in hub.files if path.endswith(at))
        asked = threading.Event()

        def hold(to: object, content: bytes) -> None:
            to.give(content, upto=len(content) // 2)  # type: ignore[attr-defined]
            asked.set()
            time.sleep(PATIENCE)

        hub.faults[path] = [hold]
        with process(tmp_path, "get", "standard") as running:
            assert asked.wait(PATIENCE)
            deadline = time.monotonic() + PATIENCE
            while at not in kept() and time.monotonic() < deadline:
                time.sleep(0.01)
            running.kill()
            running.wait(PATIENCE)
        assert in_place() == []
        answer = finish(process(tmp_path, "get", "standard", "--json"))
        assert answer[-1] == {"pack": "standard", "ok": True}
        assert whole()

    @pytest.mark.parametrize("call", [1, 2, 3, 4, 5, 6])
    @pytest.mark.usefixtures("hub")
    def test_killed_while_files_are_put_in_place(self, tmp_path: Path, call: int) -> None:
        program = f"""
import os, pathlib, psutil, sys
calls, real = 0, pathlib.Path.replace
def replace(self, target):
    global calls
    calls += 1
    if calls == {call}:
        psutil.Process().kill()
    return real(self, target)
pathlib.Path.replace = replace
from glaze.__main__ import main
sys.exit(main(["weights", "get", "standard"]))
"""
        run = [sys.executable, "-c", program]
        done = subprocess.run(
            run, cwd=ROOT, env=environment(tmp_path), capture_output=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == (0 if call > 5 else -9), done.stderr
        for name in in_place():
            content = {
                "one.safetensors": ONE,
                "two.safetensors": TWO,
                "config.json": CONFIG,
                "plain.safetensors": PLAIN,
            }
            if Path(name).name in content:
                assert (packs_folder() / name).read_bytes() == content[Path(name).name], "never half a file"
        download()
        assert whole()
        assert {found.state for found in look(load_pack("standard"))} == {State.HERE}


def environment(folder: Path) -> dict[str, str]:
    """A guarded process that sees this test's packs; what it kept of its own is this test's, too."""
    own = {name: os.environ[name] for name in ("GLAZE_PACKS", "GLAZE_WEIGHTS", "HF_ENDPOINT")}
    return {**guard.environment(folder), **own}


def process(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "glaze", "weights", *words]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(running: subprocess.Popen[str]) -> list[dict[str, object]]:
    out, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0, err
    return [json.loads(line) for line in out.splitlines()]


class TestByHand:
    def test_files_put_there_by_hand_are_found_checked_and_not_downloaded(self, hub: Hub) -> None:
        (packs_folder() / "two").mkdir(parents=True)
        (packs_folder() / "one.safetensors").write_bytes(ONE)
        (packs_folder() / "plain.safetensors").write_bytes(PLAIN)
        (packs_folder() / "two" / "config.json").write_bytes(CONFIG)
        (packs_folder() / "two" / "two.safetensors").write_bytes(TWO)
        assert {found.state for found in look(load_pack("standard"))} == {State.FOUND}
        assert {found.state for found in verify(load_pack("standard"))} == {State.HERE}
        assert {found.state for found in look(load_pack("standard"))} == {State.HERE}
        download()
        assert hub.asked == []

    @pytest.mark.parametrize("content", [b"", b"<html>", ONE[:-5], ONE + b"x"])
    @pytest.mark.usefixtures("hub")
    def test_half_a_file_is_not_taken_for_one(self, content: bytes) -> None:
        packs_folder().mkdir()
        (packs_folder() / "one.safetensors").write_bytes(content)
        one, *_ = verify(load_pack("standard"))
        assert one.state is State.DAMAGED
        download()
        assert whole()

    @pytest.mark.usefixtures("hub")
    def test_another_file_of_the_right_length_is_told_where_the_hash_is_known(self) -> None:
        packs_folder().mkdir()
        (packs_folder() / "plain.safetensors").write_bytes(PLAIN[:-1] + b"x")
        assert look(load_pack("standard"))[-1].state is State.FOUND
        assert verify(load_pack("standard"))[-1].state is State.DAMAGED

    @pytest.mark.usefixtures("hub")
    def test_a_lock_that_nobody_can_read_is_as_none(self) -> None:
        download()
        lock_path("standard").write_text("{")
        assert {found.state for found in look(load_pack("standard"))} == {State.FOUND}
        download()
        assert whole()


class TestAfterwards:
    def test_everything_but_get_speaks_to_nobody(self, hub: Hub, tmp_path: Path) -> None:
        finish(process(tmp_path, "get", "standard", "--json"))
        assert guard.leaks(tmp_path) == []
        hub.asked.clear()
        for words in (["list"], ["verify"], ["where"], ["get", "standard"], ["remove", "standard"]):
            finish(process(tmp_path, *words, "--json"))
        assert hub.asked == []
        assert guard.leaks(tmp_path) == []

    @pytest.mark.usefixtures("hub")
    def test_a_dry_run_says_what_it_would_take(self, tmp_path: Path) -> None:
        [answer] = finish(process(tmp_path, "get", "standard", "--dry-run", "--json"))
        plan = answer["plan"]
        assert isinstance(plan, dict)
        assert plan["size"] == len(ONE) + len(TWO) + len(CONFIG) + len(PLAIN)
        assert plan["items"][0]["licences"] == [{"name": "MIT", "address": "https://example.org/licence"}]
        assert plan["free"] > plan["needed"]
        assert in_place() == []


class TestConverting:
    """LPIPS is published as two files of pickled tensors."""

    @staticmethod
    def files(folder: Path) -> list[Path]:
        backbone = {f"features.{n}.weight": torch.rand(2, 2) for n in range(50)} | {
            "classifier.1.weight": torch.rand(3)
        }
        heads = {f"lin{n}.model.1.weight": torch.rand(1, 4, 1, 1) for n in range(7)}
        torch.save(backbone, folder / "backbone.pth")
        torch.save(heads, folder / "heads.pth")
        return [folder / "backbone.pth", folder / "heads.pth"]

    def test_the_tensors_are_the_same_under_the_names_that_the_loader_knows(self, tmp_path: Path) -> None:
        from safetensors.torch import load

        sources = self.files(tmp_path)
        made = load(convert("lpips", sources))
        assert set(made) == {f"features.{n}.weight" for n in range(50)} | {f"lin{n}" for n in range(7)}
        heads = torch.load(sources[1], weights_only=True)
        assert torch.equal(made["lin3"], heads["lin3.model.1.weight"].flatten())

    def test_a_program_in_such_a_file_does_not_run(self, tmp_path: Path) -> None:
        class Program:
            def __reduce__(self) -> tuple[object, tuple[str]]:
                return (os.mkdir, (str(tmp_path / "ran"),))

        sources = self.files(tmp_path)
        torch.save({"features.0.weight": Program()}, sources[0])
        with pytest.raises(DownloadError, match="no weights"):
            convert("lpips", sources)
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04"])
    def test_what_is_no_such_file_is_told(self, tmp_path: Path, content: bytes) -> None:
        sources = self.files(tmp_path)
        sources[1].write_bytes(content)
        with pytest.raises(DownloadError, match=r"heads\.pth"):
            convert("lpips", sources)

    def test_others_of_their_kind_are_refused(self, tmp_path: Path) -> None:
        sources = self.files(tmp_path)
        with pytest.raises(DownloadError):
            convert("lpips", sources[::-1])

    @pytest.mark.parametrize("by_hand", [False, True])
    def test_it_is_downloaded_converted_once_and_put_in_place(self, hub: Hub, tmp_path: Path, by_hand: bool) -> None:
        files = []
        for source in self.files(tmp_path):
            content = source.read_bytes()
            print_ = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            hub.files[f"/plain/{source.name}"] = content
            files.append({"address": f"{hub.address}/plain/{source.name}", "file": source.name, **print_})
            if by_hand:
                packs_folder().mkdir(exist_ok=True)
                shutil.copy(source, packs_folder() / source.name)
        said = json.loads(manifest_path().read_text())
        item = {**said["items"][0], "name": "lpips", "family": None, "files": files}
        item["converted"] = {"by": "lpips", "to": "lpips-squeezenet.safetensors"}
        folder = tmp_path / "other"
        folder.mkdir()
        (folder / "manifest.json").write_text(json.dumps({"items": [item]}))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GLAZE_WEIGHTS", str(folder))
            download()
            assert (hub.asked == []) == by_hand
            assert {found.state for found in verify(load_pack("standard"))} == {State.HERE}
            hub.asked.clear()
            download()
            assert hub.asked == []


class TestManifest:
    def test_every_file_of_it_is_safe_and_says_where_it_is_from(self) -> None:
        packs = load_packs()
        assert set(packs) == {"standard", "studio"}
        for item in (item for pack in packs.values() for item in pack.items):
            assert item.licences
            assert item.purpose
            for source in item.sources:
                assert (source.repository is None) != (source.address is None)
                assert source.repository or (source.sha256 and source.size), "nobody else says what it must be"
                assert (source.to is None) == (item.converter is not None)

    def test_no_two_files_go_to_one_place(self) -> None:
        targets = [target for pack in load_packs().values() for item in pack.items for target in item.targets]
        assert len(set(targets)) == len(targets)

    @pytest.mark.parametrize("target", ["../x.safetensors", "/x.safetensors", "x.pth", "x"])
    @pytest.mark.usefixtures("hub")
    def test_a_manifest_cannot_lead_out_of_the_folder_or_bring_programs(self, target: str) -> None:
        said = json.loads(manifest_path().read_text())
        said["items"][0]["files"][0]["to"] = target
        manifest_path().write_text(json.dumps(said))
        with pytest.raises(GlazeError, match="damaged"):
            load_packs()


class TestFreezing:
    """What the maintainer's command makes of a lock."""

    @pytest.mark.usefixtures("hub")
    def test_what_was_found_out_is_carried_over_into_the_manifest(self) -> None:
        download()
        assert freeze_packs.main() == 0
        load_packs_anew()
        sources = {source.name: source for item in load_pack("standard").items for source in item.sources}
        one = sources["someone/tiny/one.safetensors"]
        assert (one.revision, one.size, one.sha256) == (COMMIT, len(ONE), hashlib.sha256(ONE).hexdigest())
        config = sources["someone/tiny/vae/config.json"]
        assert config.sha256 == hashlib.sha256(CONFIG).hexdigest(), "which the hub does not tell"

    def test_what_the_manifest_knows_is_never_changed(self, hub: Hub) -> None:
        download()
        freeze_packs.main()
        before = manifest_path().read_bytes()
        remove(load_pack("standard"), forget=True)
        hub.put("one.safetensors", weights(9))
        load_packs_anew()
        with pytest.raises(DownloadError) as caught:
            download()
        assert caught.value.key == "changed"
        lock = lock_path("standard")
        got = {"print": {"size": 5, "sha256": "0" * 64}, "revision": COMMIT}
        lock.write_text(json.dumps({"files": {}, "sources": {"someone/tiny/one.safetensors": got}}))
        assert freeze_packs.main() == 1
        assert manifest_path().read_bytes() == before


def load_packs_anew() -> None:
    """As the next program does."""
    manifest._load.cache_clear()
