"""The command line: what it writes where, what it answers, and that no user's mistake ends in a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file

import glaze.glazing
from glaze import __main__ as cli
from glaze import machine
from glaze.decoys.styles import STYLES
from glaze.encoders.tiny import TinyNetwork
from glaze.errors import MachineError, SaveError, WeightsError
from glaze.ledger import Ledger
from glaze.machine import Card, Findings, Machine, Maker, TorchBuild
from glaze.settings import GlazeSettings, Intensity, Render
from glaze.studio.words import load
from tests.bad_inputs import BAD_INPUTS, Bad
from tests.stand_in import StandIn, draw, estimate

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 120
PC = Machine(processors=8, memory=16_000_000_000, bits=64, python=(3, 12), system="Windows")
# A whole process, with the stand-in in the engine's place. The arguments of StandIn come first, then the command's.
PROCESS = """
import sys, json, signal
# A shell that runs the tests in the background ignores Ctrl-C for all below it.
signal.signal(signal.SIGINT, signal.default_int_handler)
import glaze.glazing
from tests.stand_in import StandIn, estimate
glaze.glazing.glaze = StandIn(**json.loads(sys.argv.pop(1)))
glaze.glazing.estimate = estimate
from glaze.__main__ import run
run()
"""


@pytest.fixture(autouse=True)
def _known_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glaze.glazing, "estimate", estimate)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    stand_in = StandIn(steps=3)
    monkeypatch.setattr(glaze.glazing, "glaze", stand_in)
    return stand_in


def process(engine: dict[str, object], *arguments: str | Path, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, json.dumps(engine), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_picture_is_glazed_beside_the_original(
    engine: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = draw(tmp_path / "picture.png")
    before = picture.read_bytes()
    assert cli.main(["apply", str(picture)]) == cli.ALL_DONE
    assert (tmp_path / "picture-glazed.png").is_file()
    assert picture.read_bytes() == before
    out, err = capsys.readouterr()
    assert err == "", "no bar where standard error is no terminal"
    for expected in ("picture-glazed.png", "woodcut", "sd1", "flux2", "survival", "LPIPS (estimate)", "0.041", "note:"):
        assert expected in out
    assert engine.calls == [picture]


def test_what_it_glazed_is_recognised_and_glazed_again_when_asked(engine: StandIn, tmp_path: Path) -> None:
    picture = draw(tmp_path / "picture.png")
    for _ in range(2):
        assert cli.main(["apply", str(picture), "--seed", "4"]) == cli.ALL_DONE
    assert engine.calls == [picture, picture]
    with closing(Ledger()) as ledger:
        known = ledger.recognise(picture, GlazeSettings(seed=4))
        assert known is not None
        assert known.glaze.result == tmp_path / "picture-glazed-2.png"
        assert ledger.recognise(tmp_path / "picture-glazed.png") is not None
        assert not ledger.queue.take_over()


def test_the_table_is_aligned(engine: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["apply", str(draw(tmp_path / "p.png"))])
    assert engine.calls
    out = capsys.readouterr().out.splitlines()
    start = next(number for number, line in enumerate(out) if "style distance" in line) + 1
    table = out[start : start + 6]
    assert table[0].split() == ["untouched", *("photo", "crop", "denoise", "resize", "compress", "smooth", "noise")]
    assert table[1].split() == ["sd1", *("42", "40", "38", "36", "34", "32", "30", "28")]
    assert table[5].split()[0] == "survival"
    assert len({len(line) for line in table}) == 1


def test_settings_reach_the_engine_and_results_the_folder(engine: StandIn, tmp_path: Path) -> None:
    picture, decoy = draw(tmp_path / "p.png"), draw(tmp_path / "d.png", seed=1)
    seen: list[GlazeSettings] = []
    original = engine.__call__

    class Recorder(StandIn):
        def __call__(self, path: Path, settings: GlazeSettings | None = None, **rest: Any) -> Any:
            assert settings is not None
            seen.append(settings)
            return original(path, settings, **rest)

    glaze.glazing.glaze = Recorder()
    options = ["--intensity", "high", "--render", "slowest", "--seed", "7", "--save-decoy", "--keep-gps"]
    assert cli.main(["apply", str(picture), "--out", str(tmp_path / "o"), "--decoy", str(decoy), *options]) == 0
    assert seen == [
        GlazeSettings(
            intensity=Intensity.HIGH, render=Render.SLOWEST, decoy=decoy, seed=7, save_decoy=True, keep_gps=True
        )
    ]
    assert {path.name for path in (tmp_path / "o").iterdir()} == {"p-glazed.png", "p-decoy.png"}
    assert cli.main(["apply", str(picture), "--decoy-style", "ink wash"]) == 0
    assert seen.pop() == GlazeSettings(decoy_style="ink wash")
    assert cli.main(["apply", str(picture)]) == 0
    assert seen[1] == GlazeSettings(), "defaults are read off GlazeSettings"


def test_folders_and_names_given_twice(engine: StandIn, tmp_path: Path) -> None:
    folder = tmp_path / "art"
    folder.mkdir()
    first, second = draw(folder / "a.png"), draw(folder / "b.jpg")
    draw(folder / "old-glazed.png")
    (folder / "notes.txt").write_text("not a picture")
    assert cli.main(["apply", str(folder), str(first), "--out", str(tmp_path / "o")]) == cli.ALL_DONE
    assert engine.calls == [first, second]


def test_one_bad_file_does_not_stop_the_rest(
    engine: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = [draw(tmp_path / "a.png"), draw(tmp_path / "c.png")]
    bad, missing = tmp_path / "b.png", tmp_path / "missing.png"
    bad.write_bytes(b"")
    named = [str(path) for path in (good[0], bad, missing, good[1])]
    assert cli.main(["apply", *named, "--out", str(tmp_path / "o")]) == cli.SOME_FAILED
    assert {path.name for path in (tmp_path / "o").iterdir()} == {"a-glazed.png", "c-glazed.png"}
    assert engine.calls == [good[0], bad, missing, good[1]]
    err = capsys.readouterr().err
    assert "b.png' is empty" in err
    assert "There is no file" in err


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=lambda bad: bad.name)
def test_bad_inputs_end_in_a_clear_message(bad: Bad, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    art, out = tmp_path / "art", tmp_path / "out"
    art.mkdir()
    bad.make(art / bad.name)
    before = sorted(path.name for path in art.iterdir())
    assert cli.main(["apply", str(art / bad.name), "--out", str(out)]) == cli.NONE_DONE
    printed, err = capsys.readouterr()
    assert printed == ""
    assert bad.name in err
    assert "Traceback" not in err
    assert 1 <= len(err.strip().splitlines()) <= 2
    assert not out.exists() or not list(out.iterdir())
    assert sorted(path.name for path in art.iterdir()) == before


def test_json_is_one_object_a_line_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Chatterbox(StandIn):
        def __call__(self, *arguments: Any, **options: Any) -> Any:
            sys.stdout.write("a library talks\n")
            return super().__call__(*arguments, **options)

    monkeypatch.setattr(glaze.glazing, "glaze", Chatterbox())
    bad = tmp_path / "b.png"
    bad.write_bytes(b"no picture")
    named = [str(draw(tmp_path / "a.png")), str(bad), str(tmp_path / "missing.png")]
    assert cli.main(["apply", *named, "--json", "--out", str(tmp_path / "o")]) == cli.SOME_FAILED
    answers = {Path(answer["picture"]).name: answer for answer in lines(capsys.readouterr().out)}
    assert answers.keys() == {"a.png", "b.png", "missing.png"}
    assert answers["b.png"]["ok"] is False
    assert answers["b.png"]["error"]["kind"] == "ArtworkUnreadable"
    assert answers["b.png"]["error"]["key"] == "not_a_picture"
    assert answers["missing.png"]["error"]["key"] == "missing"
    done = answers["a.png"]
    assert done["ok"] is True
    assert Path(done["result"]).is_file()
    assert done["decoy"] is None
    assert done["settings"]["intensity"] == "default"
    assert done["visibility"]["lpips"] == pytest.approx(0.041)
    assert done["report"]["survival"]["photo"] == pytest.approx(0.95)
    assert done["notes"][0]["key"] == "gps_dropped"
    assert done["estimated_seconds"] == pytest.approx(estimate((0, 0), GlazeSettings()))
    assert done["target_percent"] == pytest.approx(GlazeSettings().target)
    assert done["advice"] == []


def test_how_long_a_picture_takes_is_told_before_it_begins(
    engine: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.fail = SaveError("disk_full", folder=tmp_path)
    pictures = [draw(tmp_path / f"{name}.png") for name in "ab"]
    assert cli.main(["apply", *map(str, pictures), "--render", "fast"]) == cli.NONE_DONE
    told = load("en").about(estimate((0, 0), GlazeSettings(render=Render.FAST)))
    assert capsys.readouterr().out.splitlines() == [f"{path}: {told}" for path in pictures]


def test_a_weak_glaze_is_flagged_with_what_to_change(
    engine: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = str(draw(tmp_path / "p.png"))
    engine.moved = 10.0
    assert cli.main(["apply", picture]) == cli.ALL_DONE
    flags = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  weak:")]
    assert len(flags) == 1
    assert "render quality" in flags[0]
    assert cli.main(["apply", picture, "--json"]) == cli.ALL_DONE
    [advice] = lines(capsys.readouterr().out)[0]["advice"]
    assert advice["key"] == "render_or_intensity"
    assert flags == [f"  weak: {advice['text']}"]


def test_a_decoy_that_cannot_be_read_is_told_once_and_nothing_begins(
    engine: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [str(draw(tmp_path / f"{name}.png")) for name in "ab"]
    assert cli.main(["apply", *pictures, "--decoy", str(tmp_path / "none.png")]) == cli.USAGE
    assert capsys.readouterr().err.count("none.png") == 1
    assert engine.calls == []


@pytest.mark.parametrize("command", [["apply"], ["inspect"]])
def test_a_decoy_style_is_one_of_those_there_are_and_the_only_decoy(
    command: list[str], engine: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, decoy = str(draw(tmp_path / "p.png")), str(draw(tmp_path / "d.png", seed=1))
    with pytest.raises(SystemExit) as left:
        cli.main([*command, picture, "--decoy-style", "crayon"])
    assert left.value.code == cli.USAGE
    told = capsys.readouterr().err
    assert "crayon" in told
    assert all(style in told for style in STYLES)
    assert cli.main([*command, picture, "--decoy-style", "mosaic", "--decoy", decoy]) == cli.USAGE
    assert "Leave one of them out" in capsys.readouterr().err
    assert engine.calls == []


def test_the_help_names_the_decoy_styles(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["apply", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert all(style in told for style in STYLES)


def test_encoders_reach_the_engine_by_the_names_they_are_given(
    engine: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny, picture = tmp_path / "taesd.safetensors", draw(tmp_path / "p.png")
    save_file(TinyNetwork(4, pooled=False).state_dict(), tiny)
    given = ["--encoder", str(tiny), "--encoder", f"sdxl={tiny}"]
    assert cli.main(["apply", str(picture), *given, "--json"]) == cli.ALL_DONE
    assert engine.calls == [picture]
    assert lines(capsys.readouterr().out)[0]["settings"]["encoders"] == [str(tiny), f"sdxl={tiny}"]


def test_an_encoder_that_cannot_be_loaded_is_told_once_and_nothing_begins(
    engine: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [str(draw(tmp_path / f"{name}.png")) for name in "ab"]
    assert cli.main(["apply", *pictures, "--encoder", str(tmp_path / "nowhere")]) == cli.USAGE
    assert capsys.readouterr().err.count("nowhere") == 1
    assert engine.calls == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["apply"],
        ["apply", "a.png", "--intensity", "extreme"],
        ["apply", "a.png", "--render", "9"],
        ["apply", "a.png", "--seed", "x"],
        ["apply", "a.png", "--colour"],
        ["paint"],
    ],
)
def test_commands_that_cannot_be_understood(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == cli.USAGE
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--help"], ["apply", "--help"]])
def test_help_names_the_exit_codes(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with suppress(SystemExit):
        assert cli.main(arguments) == cli.ALL_DONE
    out = capsys.readouterr().out
    for code in (cli.ALL_DONE, cli.SOME_FAILED, cli.USAGE, cli.NONE_DONE, cli.CANNOT_RUN, cli.STOPPED):
        assert f"\n  {code} " in out


def test_a_computer_that_cannot_run_it(
    engine: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise MachineError("memory", least=3, found="1.0", webglaze=machine.WEBGLAZE)

    monkeypatch.setattr(machine, "check", refuse)
    assert cli.main(["apply", str(draw(tmp_path / "a.png"))]) == cli.CANNOT_RUN
    assert machine.WEBGLAZE in capsys.readouterr().err
    assert engine.calls == []


def on(monkeypatch: pytest.MonkeyPatch, computer: Machine = PC, *cards: Card) -> None:
    """Run on another computer than this."""
    found = Findings(computer, "Some Processor", cards, TorchBuild(version="2.13.0+cpu"))
    monkeypatch.setattr(machine, "look", lambda **_: found)


def test_this_computer_is_told_in_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    on(monkeypatch, PC, Card(maker=Maker.AMD, name="AMD Radeon RX 580", memory=8 << 30))
    assert cli.main(["computer"]) == cli.ALL_DONE
    out, err = capsys.readouterr()
    assert out.startswith("This computer\n")
    for expected in (
        "Some Processor",
        "16 GB",
        "AMD Radeon RX 580",
        "8 GB",
        "not known",
        "2.13.0+cpu",
        "the processor does the work",
    ):
        assert expected in " ".join(out.split())
    for expected in (machine.WEBGLAZE, "by invitation", "generative AI", "@TheGlazeProject", "Instagram", "e-mail"):
        assert expected in out
    assert max(map(len, out.splitlines())) <= 100
    assert load("en")("computer.time", width=1500, height=1000) in out
    times = {line.split("  ")[1]: line.split("  ")[-1].strip() for line in out.splitlines()[-len(Render) :]}
    assert times["Good"] == load("en").about(estimate((0, 0), GlazeSettings()))
    assert times["Most thorough"] == load("en").about(estimate((0, 0), GlazeSettings(render=Render.SLOWEST)))
    assert "takes some seconds" in err


def test_a_supported_card_without_its_torch_is_sent_nowhere_and_not_said_to_be_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on(monkeypatch, PC, Card(maker=Maker.NVIDIA, name="NVIDIA GeForce RTX 3070", memory=8 << 30, driver="580.95"))
    assert cli.main(["computer"]) == cli.ALL_DONE
    out = " ".join(capsys.readouterr().out.split())
    assert "so the processor does the work" in out
    assert machine.WEBGLAZE not in out


def test_this_computer_is_told_to_programs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    card = Card(maker=Maker.NVIDIA, name="NVIDIA GeForce GTX 1660 Ti", memory=6 << 30, driver="580.95")
    on(monkeypatch, PC, card)
    assert cli.main(["computer", "--json"]) == cli.ALL_DONE
    [answer] = lines(capsys.readouterr().out)
    assert answer["case"] == "nvidia_gtx16"
    assert (answer["half"], answer["here"]) == (False, True)
    assert answer["card"] == answer["cards"][0]
    assert answer["card"]["name"] == card.name
    assert answer["card"]["memory"] == card.memory
    assert answer["machine"]["memory"] == PC.memory
    assert answer["torch"]["cuda"] is None
    assert machine.WEBGLAZE in answer["webglaze"]
    assert answer["seconds"].keys() == set(Render)
    assert answer["picture"] == [1500, 1000]


def test_this_very_computer_can_be_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["computer", "--json"]) == cli.ALL_DONE
    [answer] = lines(capsys.readouterr().out)
    assert answer["torch"]["version"]
    assert answer["machine"]["processors"] >= 1


@pytest.mark.parametrize("error", [WeightsError("missing", path="x"), ImportError("torch.dll"), OSError("libcuda")])
def test_where_no_time_can_be_told_the_rest_is(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: Any) -> float:
        raise error

    on(monkeypatch)
    monkeypatch.setattr(glaze.glazing, "estimate", fail)
    assert cli.main(["computer"]) == cli.ALL_DONE
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].split("  ")[-1].strip() == "not known"
    assert str(error) in err
    assert cli.main(["computer", "--json"]) == cli.ALL_DONE
    assert lines(capsys.readouterr().out)[0]["seconds"] is None


def test_a_computer_that_cannot_run_it_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on(monkeypatch, replace(PC, memory=2_000_000_000))
    assert cli.main(["computer"]) == cli.CANNOT_RUN
    out = capsys.readouterr().out
    assert "needs 3 GB" in " ".join(out.split())
    assert "1500" not in out, "no time is told where there is no glazing"
    assert cli.main(["computer", "--json"]) == cli.CANNOT_RUN
    assert lines(capsys.readouterr().out)[0]["here"] is False


def test_the_bar_tells_the_time_left_on_a_terminal(
    engine: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.pause = 0.2
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    pictures = [str(draw(tmp_path / f"{name}.png")) for name in "ab"]
    assert cli.main(["apply", *pictures, "--json"]) == cli.ALL_DONE
    out, err = capsys.readouterr()
    assert len(lines(out)) == 2
    assert "a.png (1 of 2)" in err
    assert "b.png (2 of 2)" in err
    assert "left" in err
    assert "100 %" in err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process alone")
def test_ctrl_c_stops_cleanly(tmp_path: Path) -> None:
    picture, out = draw(tmp_path / "a.png"), tmp_path / "o"
    mark = tmp_path / "it has begun"
    with process({"steps": 10_000, "pause": 0.01, "mark": str(mark)}, "apply", picture, "--out", out) as running:
        deadline = time.monotonic() + PATIENCE
        while not mark.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        printed, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == cli.STOPPED
    assert b"->" not in printed, "no result is told"
    assert b"Traceback" not in err
    assert err.startswith(b"Stopped.")
    assert not out.exists() or not list(out.iterdir())


def test_names_that_a_console_cannot_print(tmp_path: Path) -> None:
    picture = draw(tmp_path / "水彩.png")
    with process({"steps": 1}, "apply", picture, PYTHONIOENCODING="ascii") as answer:
        printed, err = answer.communicate(timeout=PATIENCE)
    assert answer.returncode == cli.ALL_DONE, err
    assert b"-glazed.png" in printed
    assert (tmp_path / "水彩-glazed.png").is_file()


def test_a_reader_that_leaves_is_no_mistake(tmp_path: Path) -> None:
    with process({"steps": 1}, "apply", draw(tmp_path / "a.png")) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert b"Traceback" not in running.stderr.read()
    assert running.returncode == cli.SOME_FAILED
