"""Uploads that mean harm, and what becomes of good ones."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glaze.artwork import open_artwork
from glaze.errors import ArtworkError, ArtworkTooLarge, GlazeError, ServiceError
from glaze.service import decode as decoding
from glaze.service.decode import ROOT, decode
from glaze.service.settings import Limits
from tests.service.lodge import Lodge
from tests.stand_in import draw

LIMITS = Limits()
limited = pytest.mark.skipif(os.name == "nt", reason="Windows has no limits for a process")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    folder.mkdir()
    return folder


def put(desk: Path, content: bytes) -> Path:
    path = desk / "0123456789abcdef"
    path.write_bytes(content)
    return path


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *more: bytes, body: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def drawn(desk: Path, kind: str = "PNG") -> bytes:
    picture = Image.open(draw(desk.parent / "drawn.png"))
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def zip_of_a_picture(desk: Path) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("picture.png", drawn(desk))
    return file.getvalue()


# What each is, and the bytes of it.
HARM: dict[str, Callable[[Path], bytes]] = {
    "too wide to be true": lambda _: png(2**31 - 1, 2**31 - 1),
    "a little too large": lambda _: png(10_001, 10_000),
    "nothing but zeros, packed": lambda _: png(9_000, 9_000, body=zlib.compress(b"\0" * 30_000_000)),
    "a text that unpacks to gigabytes": lambda _: png(
        64, 64, chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 400_000_000, 9))
    ),
    "a profile that unpacks to gigabytes": lambda _: png(
        64, 64, chunk(b"iCCP", b"a\0\0" + zlib.compress(b"\0" * 400_000_000, 9))
    ),
    "cut in the middle": lambda desk: drawn(desk)[:9000],
    "a JPEG cut in the middle": lambda desk: drawn(desk, "JPEG")[:2000],
    "a zip": zip_of_a_picture,
    "a page": lambda _: b"<html><script>alert(1)</script></html>",
    "an SVG that asks for a file": lambda _: (
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'
    ),
    "an SVG that asks another host": lambda _: b'<svg><image href="http://169.254.169.254/"/></svg>',
    "a PostScript program": lambda _: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n(/etc/passwd) run\n",
    "a list of commands": lambda _: b"push graphic-context\nimage over 0,0 0,0 'https://169.254.169.254/'\n",
    "a PDF": lambda _: b"%PDF-1.7\n",
    "noise": lambda _: np.random.default_rng(0).bytes(100_000),
    "a TIFF that points at itself": lambda _: b"II*\0\x08\0\0\0\x00\x00\x08\0\0\0",
}


@pytest.mark.parametrize("harm", HARM)
def test_it_is_refused_in_words_and_leaves_nothing(harm: str, desk: Path) -> None:
    upload = put(desk, HARM[harm](desk))
    before = upload.read_bytes()
    with pytest.raises(GlazeError) as refused:
        decode(upload, "my picture.png", LIMITS)
    assert isinstance(refused.value, ArtworkError | ServiceError)
    assert str(desk) not in str(refused.value)
    assert upload.read_bytes() == before
    assert list(desk.iterdir()) == [upload]


@limited
def test_one_that_takes_too_much_memory_ends_alone(desk: Path) -> None:
    upload = put(desk, png(9000, 9000, body=zlib.compress((b"\0" + b"\1" * 27000) * 9000, 1)))
    with pytest.raises(GlazeError):
        decode(upload, "bomb.png", replace(LIMITS, decode_megabytes=500, megapixels=100))
    assert list(desk.iterdir()) == [upload]


@limited
def test_one_that_takes_too_long_ends_alone(desk: Path) -> None:
    upload = put(desk, png(9000, 9000, body=zlib.compress((b"\0" + b"\1" * 27000) * 9000, 1)))
    with pytest.raises(ServiceError, match="time and memory"):
        decode(upload, "slow.png", replace(LIMITS, decode_seconds=1, megapixels=100))
    assert list(desk.iterdir()) == [upload]


@pytest.mark.parametrize("program", ["import time; time.sleep(600)", "pass", "print('{')", "print([1])"])
def test_a_process_that_does_not_answer_is_ended_and_the_next_upload_gets_another(
    program: str, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoding.close_readers()
    upload = put(desk, drawn(desk))
    with monkeypatch.context() as patch:
        patch.setattr(decoding, "COMMAND", (sys.executable, "-c", program))
        patch.setattr(decoding, "SLACK", 0.5)
        with pytest.raises(ServiceError, match="time and memory"):
            decode(upload, "x.png", replace(LIMITS, decode_seconds=0))
        decoding.close_readers()
    assert decode(upload, "x.png", LIMITS).width == 300


def test_one_process_after_the_other_opens_many_uploads(desk: Path) -> None:
    """What one upload does to its process, the next one does not find."""
    content = drawn(desk)
    for harm in (content, b"noise", content, content[:9000], content):
        upload = put(desk, harm)
        if harm is content:
            decode(upload, "x.png", LIMITS).path.unlink()
        else:
            with pytest.raises(GlazeError):
                decode(upload, "x.png", LIMITS)


@limited
def test_the_process_cannot_write_more_or_take_its_limits_back() -> None:
    program = (
        "import resource, sys; from glaze.service.decoding import limit; limit(600_000_000, 5)\n"
        "for what in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NOFILE, resource.RLIMIT_CORE):\n"
        "    soft, hard = resource.getrlimit(what); assert soft == hard != resource.RLIM_INFINITY, what\n"
        "try: bytearray(700_000_000)\n"
        "except MemoryError: print('kept')"
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout == "kept\n"


def test_the_process_gets_nothing_of_the_hosts_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLAZE_SECRET", "a password")
    monkeypatch.setenv("PGPASSWORD", "another")
    assert not {"a password", "another"} & set(decoding._environment().values())


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"width": "1"}, {"width": 1, "height": 1}, {"error": 3}, {"error": "{}"}, "x"], ids=str
)
def test_an_answer_that_was_not_agreed_on_is_not_believed(
    answer: object, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = put(desk, drawn(desk))
    monkeypatch.setattr(decoding, "_ask", lambda _order, _seconds: answer)
    with pytest.raises(GlazeError):
        decode(upload, "picture.png", LIMITS)


class TestGoodOnes:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
    def test_the_pixels_are_those_of_the_file(self, kind: str, desk: Path) -> None:
        upload = put(desk, drawn(desk, kind))
        picture = decode(upload, "picture", LIMITS)
        assert (picture.width, picture.height) == (300, 220)
        assert picture.path.read_bytes()[:4] == b"\x89PNG"
        assert np.array_equal(open_artwork(picture.path).pixels, open_artwork(upload).pixels)

    def test_a_picture_with_something_hung_on_loses_it(self, desk: Path) -> None:
        """A file that is a picture and an archive, or a page, at once: what is kept and given out is the picture."""
        upload = put(desk, drawn(desk, "JPEG") + zip_of_a_picture(desk) + b"<script>alert(1)</script>")
        assert zipfile.is_zipfile(upload)
        picture = decode(upload, "picture", LIMITS)
        assert not zipfile.is_zipfile(picture.path)
        assert b"<script>" not in picture.path.read_bytes()

    def test_where_it_was_taken_is_left_out_unless_asked_for(self, desk: Path) -> None:
        exif = Image.Exif()
        exif[0x8825] = {1: "N", 2: (48.0, 12.0, 0.0), 3: "E", 4: (16.0, 22.0, 0.0)}
        file = io.BytesIO()
        Image.open(draw(desk.parent / "drawn.png")).save(file, "JPEG", exif=exif)
        found = []
        for keep_gps in (False, True):
            picture = decode(put(desk, file.getvalue()), "picture", LIMITS, keep_gps=keep_gps)
            with Image.open(picture.path) as opened:
                found.append(bool(opened.getexif().get_ifd(0x8825)))
            picture.path.unlink()
        assert found == [False, True]

    def test_the_hosts_own_limit_of_pixels_is_told(self, desk: Path) -> None:
        file = io.BytesIO()
        Image.new("RGB", (1200, 1000), "red").save(file, "PNG")
        with pytest.raises(ServiceError, match="2 megapixels; at most 1"):
            decode(put(desk, file.getvalue()), "large.png", replace(LIMITS, megapixels=1))

    def test_too_large_for_glaze_is_told_with_the_artists_name_for_it(self, desk: Path) -> None:
        with pytest.raises(ArtworkTooLarge, match=r"'my picture\.png' is 20000x20000"):
            decode(put(desk, png(20_000, 20_000)), "my picture.png", LIMITS)


class TestSubmit:
    def test_nothing_is_left_of_what_was_refused(self, lodge: Lodge) -> None:
        from glaze.service.submit import submit
        from glaze.settings import GlazeSettings

        ada = lodge.artist()
        bad = lodge.folder / "bad.png"
        bad.write_bytes(b"no picture")
        with pytest.raises(ArtworkError):
            submit(lodge.house, ada, bad, name="bad.png", settings=GlazeSettings())
        assert lodge.files() == []
        assert bad.read_bytes() == b"no picture"
        assert not list(lodge.house.uploads_folder.iterdir())

    @pytest.mark.parametrize("name", ["../../../etc/passwd", "..\\..\\key", "/etc/passwd", "a\0b.png", ".", "\r\nX: y"])
    def test_a_name_leads_nowhere(self, name: str, lodge: Lodge) -> None:
        from glaze.service.submit import submit
        from glaze.settings import GlazeSettings

        ada = lodge.artist()
        job = submit(lodge.house, ada, lodge.picture(), name=name, settings=GlazeSettings())
        assert not set(job.name) & set("/\\\0\r\n")
        (kept,) = lodge.files()
        assert kept.parent.parent == lodge.house.artists_folder
        assert len(kept.stem) == 32

    def test_files_of_the_host_cannot_be_named(self, lodge: Lodge) -> None:
        from glaze.service.submit import submit
        from glaze.settings import EncoderPath, GlazeSettings

        ada, picture = lodge.artist(), lodge.picture()
        for settings in (
            GlazeSettings(decoy=Path("/etc/passwd")),
            GlazeSettings(encoders=(EncoderPath(Path("/etc")),)),
        ):
            with pytest.raises(ValueError, match="opens no files"):
                submit(lodge.house, ada, picture, name="x.png", settings=settings)
