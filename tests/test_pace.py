"""How long a glaze will take: the work that a picture is, and what is learned of this computer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from glaze import pace
from glaze.canvas import make_canvas
from glaze.cloak import Iterate
from glaze.pace import KEPT, Book, Paces, Tools, Work, book_path, work
from glaze.settings import Effort, EncoderPath, Render
from tests.doubles import LinearEncoder, SquaredLikeness, artwork_of, as_pixels, picture_of_everything

EFFORT = Effort(steps=60, canvas=512)
SOME = work((1000, 750), EFFORT)


class Trial:
    """A measurement that counts how often it is made."""

    def __init__(self, step: float = 2.0) -> None:
        self.paces = Paces((step,), (step,))
        self.made = 0

    def __call__(self) -> Paces:
        self.made += 1
        return self.paces


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "pace.json"


def glazed(book: Book, work: Work, *, step: float, rest: float) -> None:
    """Teach a book a glaze at these paces."""
    book.learn(work, "tools", loop=work.loop * step, rest=work.rest * rest)


def reference(work: Work) -> float:
    return work.loop + work.rest


class TestWork:
    @pytest.mark.parametrize("size", [(1000, 750), (300, 225), (64, 900), (90, 70), (512, 512)])
    def test_it_is_what_the_engine_does(self, size: tuple[int, int]) -> None:
        canvas = make_canvas(artwork_of(as_pixels(picture_of_everything(*size))), 256)
        found = work(size, Effort(steps=1, canvas=256))
        assert found.canvas == canvas.picture[0, 0].numel()
        assert found.trained == pytest.approx(canvas.as_trained(canvas.picture)[0, 0].numel(), rel=0.02)

    def test_it_grows_with_steps_canvas_and_file(self) -> None:
        base = reference(SOME)
        assert reference(work((1000, 750), Effort(steps=90, canvas=512))) > base * 1.2
        assert reference(work((1000, 750), Effort(steps=60, canvas=640))) > base * 1.2
        assert base < reference(work((4000, 3000), EFFORT)) < base * 1.6, "the canvas does not grow with the file"
        assert reference(work((8000, 6000), EFFORT)) > reference(work((4000, 3000), EFFORT))

    def test_a_small_picture_is_enlarged_before_it_is_looked_at(self) -> None:
        assert work((300, 225), EFFORT).trained == pytest.approx(SOME.trained, rel=0.02)
        assert work((300, 225), EFFORT).step > SOME.step * 0.8

    def test_a_picture_on_its_side_takes_as_long(self) -> None:
        assert work((750, 1000), EFFORT) == SOME

    def test_every_level_takes_longer_than_the_one_below(self) -> None:
        for size in ((64, 64), (1000, 750), (4000, 3000)):
            seconds = [reference(work(size, render.effort)) for render in Render]
            assert seconds == sorted(set(seconds))


class TestBook:
    def test_this_computer_is_tried_out_once(self, file: Path) -> None:
        trial = Trial(2.0)
        book = Book(file)
        assert book.estimate(SOME, "tools", trial) == pytest.approx(2 * reference(SOME))
        assert book.estimate(SOME, "tools", trial) == pytest.approx(2 * reference(SOME))
        assert Book(file).estimate(SOME, "tools", trial) == pytest.approx(2 * reference(SOME)), (
            "the next start knows it"
        )
        assert trial.made == 1
        book.estimate(SOME, "other tools", trial)
        assert trial.made == 2

    def test_one_finished_glaze_says_better_than_the_trial(self, file: Path) -> None:
        book, trial = Book(file), Trial(5.0)
        book.estimate(SOME, "tools", trial)
        glazed(book, SOME, step=2, rest=3)
        for reader in (book, Book(file)):
            expected = 2 * SOME.loop + 3 * SOME.rest
            assert reader.estimate(SOME, "tools", trial) == pytest.approx(expected)
        assert trial.made == 1

    def test_it_says_the_time_of_other_pictures_and_levels_too(self, file: Path) -> None:
        book = Book(file)
        glazed(book, SOME, step=2, rest=2)
        other = work((4000, 3000), Effort(steps=150, canvas=640))
        assert book.estimate(other, "tools", Trial()) == pytest.approx(2 * reference(other))

    def test_one_odd_glaze_changes_little_and_old_ones_are_forgotten(self, file: Path) -> None:
        book = Book(file)
        for _ in range(KEPT - 1):
            glazed(book, SOME, step=2, rest=2)
        glazed(book, SOME, step=90, rest=90)
        assert book.estimate(SOME, "tools", Trial()) == pytest.approx(2 * reference(SOME))
        for _ in range(KEPT):
            glazed(book, SOME, step=0.5, rest=0.5)
        assert book.estimate(SOME, "tools", Trial()) == pytest.approx(reference(SOME) / 2)
        assert len(json.loads(file.read_text())["tools"]["step"]) == KEPT

    @pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
    def test_a_clock_that_was_set_teaches_nothing(self, seconds: float, file: Path) -> None:
        book = Book(file)
        book.learn(SOME, "tools", loop=seconds, rest=10)
        book.learn(SOME, "tools", loop=10, rest=seconds)
        assert not file.exists()

    @pytest.mark.parametrize(
        "damage",
        [
            b"",
            b"\xff\xfe",
            b"{",
            b"[" * 100_000,
            b"[]",
            b"null",
            b'{"tools": 3}',
            b'{"tools": {}}',
            b'{"tools": {"tried": false, "step": [], "rest": []}}',
            b'{"tools": {"tried": false, "step": [1], "rest": ["1"]}}',
            b'{"tools": {"tried": false, "step": [NaN], "rest": [1]}}',
            b'{"tools": {"tried": false, "step": [-1], "rest": [1]}}',
            b'{"tools": {"tried": 1, "step": [1], "rest": [1]}}',
        ],
    )
    def test_a_damaged_file_is_as_none_and_made_anew(self, damage: bytes, file: Path) -> None:
        file.parent.mkdir()
        file.write_bytes(damage)
        trial = Trial()
        assert Book(file).estimate(SOME, "tools", trial) == pytest.approx(2 * reference(SOME))
        assert Book(file).estimate(SOME, "tools", trial) == pytest.approx(2 * reference(SOME))
        assert trial.made == 1

    def test_where_nothing_can_be_written_it_is_known_until_the_end(self, tmp_path: Path) -> None:
        (tmp_path / "cache").write_text("a file where the folder should be")
        book, trial = Book(tmp_path / "cache" / "pace.json"), Trial()
        for _ in range(2):
            book.estimate(SOME, "tools", trial)
        assert trial.made == 1
        glazed(book, SOME, step=3, rest=3)
        assert book.estimate(SOME, "tools", trial) == pytest.approx(3 * reference(SOME))

    def test_what_others_wrote_is_kept_and_nothing_is_left_beside(self, file: Path) -> None:
        Book(file).estimate(SOME, "these", Trial(2))
        Book(file).estimate(SOME, "those", Trial(3))
        assert json.loads(file.read_text()).keys() == {"these", "those"}
        assert list(file.parent.iterdir()) == [file]

    def test_the_place_can_be_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("GLAZE_PACE", str(tmp_path / "here.json"))
        assert book_path() == tmp_path / "here.json"
        monkeypatch.delenv("GLAZE_PACE")
        assert book_path().name == "pace.json"


class Second(LinearEncoder):
    families: tuple[str, ...] = ("second",)


class Both(LinearEncoder):
    @property
    def members(self) -> tuple[LinearEncoder, ...]:
        return (LinearEncoder(), Second())


class TestTools:
    def test_others_have_another_name(self) -> None:
        tools = Tools(LinearEncoder(), SquaredLikeness())
        assert tools.name == replace(tools).name
        others = (
            replace(tools, encoder=Second()),
            replace(tools, given=(EncoderPath(Path("anna/taesd.safetensors")),)),
            replace(tools, given=(EncoderPath(Path("anna/vae")),)),
        )
        assert len({tools.name, *(other.name for other in others)}) == 4
        assert not any("anna" in other.name for other in others), "folders are private"
        assert "second" not in replace(others[2], encoder=Second()).name, "and so are families named after them"

    def test_the_trial_is_the_real_loop(self) -> None:
        paces = Tools(LinearEncoder(), SquaredLikeness()).trial()
        assert len(paces.step) == len(paces.rest) == 1
        assert 0 < paces.seconds(SOME) < float("inf")

    def test_the_trial_does_not_count_what_only_the_first_step_waits_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        trial = work((pace.TRIAL.canvas, pace.TRIAL.canvas), pace.TRIAL)

        def cloak(*_: object, on_iterate: Callable[[Iterate], None]) -> None:
            for step in range(pace.TRIAL.steps):
                on_iterate(
                    Iterate(step + 1, pace.TRIAL.steps, 0.0, 0.0, None, 100 + step * 2 * trial.loop / trial.steps, 0.0)
                )

        monkeypatch.setattr(pace, "cloak", cloak)
        paces = Tools(LinearEncoder(), SquaredLikeness()).trial()
        assert list(paces.step) == pytest.approx([2 * pace.STEP_TO_TRIAL])
        assert list(paces.rest) == pytest.approx([2 * pace.REST_TO_TRIAL])

    def test_more_members_take_longer_in_the_loop_and_outside(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tried: list[object] = []

        def step_pace(_tools: object, encoder: object) -> float:
            tried.append(encoder)
            return 2.0

        monkeypatch.setattr(Tools, "_step_pace", step_pace)
        monkeypatch.setattr(pace, "_look", lambda encoder: 9e-6 if isinstance(encoder, Second) else 1e-6)
        both = Tools(Both(), SquaredLikeness()).trial()
        assert [type(encoder) for encoder in tried] == [LinearEncoder], "the quickest"
        assert both.step[0] > 2 * pace.STEP_TO_TRIAL
        assert both.rest[0] > 2 * pace.REST_TO_TRIAL
        monkeypatch.setattr(pace, "_look", lambda _: 1e-6)
        alike = Tools(Both(), SquaredLikeness()).trial()
        assert alike.step[0] == pytest.approx(2 * pace.STEP_TO_TRIAL), "a step looks through one of them"
        assert 2 * pace.REST_TO_TRIAL < alike.rest[0] < both.rest[0]
