"""Whatever is not a picture to glaze gives one clear error, quickly, and changes nothing."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from glaze.artwork import open_artwork
from glaze.errors import ArtworkError, ArtworkNotFound, ArtworkTooLarge
from tests.bad_inputs import BAD_INPUTS, Bad, encoded

_GROWTH = """
import resource, sys
from pathlib import Path
from glaze.artwork import open_artwork
from glaze.errors import ArtworkTooLarge

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

open_artwork(Path(sys.argv[1]))
before = peak()
for name in sys.argv[2:]:
    try:
        open_artwork(Path(name))
    except ArtworkTooLarge:
        continue
    sys.exit("opened " + name)
print((peak() - before) // (1024 * 1024 if sys.platform == "darwin" else 1024))
"""


def contents(folder: Path) -> set[tuple[str, int, int]]:
    """Name, size and time of everything in a folder, without following links."""
    return {(child.name, child.lstat().st_size, child.lstat().st_mtime_ns) for child in folder.iterdir()}


def test_there_are_enough_and_no_two_share_a_name() -> None:
    names = {bad.name for bad in BAD_INPUTS}
    assert len(names) == len(BAD_INPUTS) >= 40


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=lambda bad: bad.name)
def test_bad_input(bad: Bad, tmp_path: Path) -> None:
    path = tmp_path / bad.name
    bad.make(path)
    before = contents(tmp_path)
    with pytest.raises(ArtworkError) as caught:
        open_artwork(path)
    assert (type(caught.value), caught.value.key) == (bad.error, bad.key)
    assert bad.name in str(caught.value)
    assert contents(tmp_path) == before


def test_bombs_take_no_memory(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="this system does not tell how much memory a program took")
    (tmp_path / "plain.png").write_bytes(encoded("PNG"))
    bombs = [bad for bad in BAD_INPUTS if bad.error is ArtworkTooLarge]
    for bomb in bombs:
        bomb.make(tmp_path / bomb.name)
    names = [str(tmp_path / name) for name in ("plain.png", *(bomb.name for bomb in bombs))]
    told = subprocess.run([sys.executable, "-c", _GROWTH, *names], check=True, capture_output=True, text=True)
    assert int(told.stdout) < 20  # MiB; decoded, the smallest of these takes 800


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/tty", "/dev/stdin"])
def test_devices_are_not_touched(device: str) -> None:
    if not Path(device).exists() or Path(device).is_file():
        pytest.skip(f"{device} is no device here")
    with pytest.raises(ArtworkError) as caught:
        open_artwork(Path(device))
    assert caught.value.key == "not_a_picture"


@pytest.mark.parametrize("step", ["stat", "open"])
def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Simulated, since root may read everything: the folder may not be entered, or the file not be read."""
    path = tmp_path / "locked.png"
    path.write_bytes(encoded("PNG"))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, step, refuse)
        with pytest.raises(ArtworkNotFound) as caught:
            open_artwork(path)
    assert caught.value.key == "no_permission"
    assert "locked.png" in str(caught.value)


@pytest.mark.parametrize("name", ["a" * 5000 + ".png", "a\0b.png", "plain.png/below.png"])
def test_names_that_cannot_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "plain.png").write_bytes(encoded("PNG"))
    with pytest.raises(ArtworkNotFound) as caught:
        open_artwork(tmp_path / name)
    assert caught.value.key == "missing"


def test_file_that_goes_away_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "gone.png"
    path.write_bytes(encoded("PNG"))

    def fail(*_: object) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr("glaze.artwork.png.survey", fail)
    with pytest.raises(ArtworkError) as caught:
        open_artwork(path)
    assert caught.value.key == "damaged"
