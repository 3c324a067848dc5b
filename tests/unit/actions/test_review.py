"""A review of a long file keeps what could be read of it, and says what could not, and what was not asked about."""

from __future__ import annotations

import json
from collections.abc import Collection

import pytest

from rung.actions import catalogue
from rung.actions.context.gathered import Gathered
from rung.actions.review import SILENCES, pieces
from rung.actions.run import Produced, run
from rung.errors import NoAnswerError
from rung.settings import places
from rung.types.call import Answer, Call
from rung.types.outcome import Unreviewed
from rung.types.part import Part
from rung.types.request import Position, Range

ACTION = catalogue.load([places.shipped() / "actions"])["review-file"]
TEXT = "".join(f"def area_{n}(width, height):\n    return width * height\n\n\n" for n in range(2000))
REFUSAL = "I'm sorry, but I can't help with that."
PIECES = pieces(TEXT)
STARTS = [TEXT[: TEXT.index(piece)].count("\n") + 1 for piece in PIECES]
COUNT = len(STARTS)
ALL = range(COUNT)


class Review:
    """A review of the long text.

    Args:
        refused: numbers of the pieces whose answer is a refusal.
        silent: of those about which nobody has an answer.
    """

    def __init__(self, *, refused: Collection[int] = (), silent: Collection[int] = ()) -> None:
        self.refused = refused
        self.silent = silent
        self.asked: list[int] = []

    async def made(self) -> Produced:
        gathered = Gathered((Part("file", TEXT, "a.py"),), {"language": "python", "path": "a.py"})
        return await run(ACTION, gathered, self._ask, None)

    async def _ask(self, call: Call) -> Answer:
        piece = next(part.text for part in call.parts if part.kind == "file")
        number = PIECES.index(piece)
        self.asked.append(number)
        if number in self.silent:
            raise NoAnswerError("No model could answer.", f"small (m): number {number}.", hint="Wait.")
        if number in self.refused:
            return Answer(REFUSAL, "small", "m", degraded=True)
        quote = piece.splitlines()[0]
        one = {"severity": "error", "category": "bug", "title": "T", "reason": "R", "quote": quote, "suggestion": ""}
        return Answer(json.dumps({"findings": [one], "summary": ""}), "small", "m")


def lines_of(made: Produced) -> list[int]:
    """Of all findings, counted from 1."""
    assert made.findings is not None
    return [found.range.start.line + 1 for found in made.findings if found.range]


def lacking(number: int, why: str) -> Unreviewed:
    """What a review says of a piece that it lacks."""
    end = STARTS[number + 1] - 1 if number + 1 < COUNT else TEXT.count("\n")
    return Unreviewed("a.py", why, Range(Position(STARTS[number] - 1, 0), Position(end, 0)))


async def test_a_long_file_that_was_read_whole_has_no_text() -> None:
    review = Review()
    made = await review.made()
    assert (review.asked, lines_of(made)) == (list(ALL), STARTS)
    assert (made.text, made.degraded, made.unreviewed) == (None, False, None)


@pytest.mark.parametrize("place", ALL)
async def test_the_findings_of_all_other_pieces_are_kept_and_the_lines_of_this_one_are_named(place: int) -> None:
    made = await Review(refused={place}).made()
    assert lines_of(made) == STARTS[:place] + STARTS[place + 1 :]
    assert made.text is not None
    assert made.text.startswith(f"No findings could be read in the answer about lines {STARTS[place]} to ")
    assert made.text.endswith(f":\n\n{REFUSAL}")
    assert (made.degraded, made.unreviewed) == (True, None)


async def test_where_nothing_could_be_read_there_are_no_findings_at_all() -> None:
    made = await Review(refused=ALL).made()
    assert (made.findings, made.degraded) == (None, True)
    assert made.text is not None
    assert made.text.count(REFUSAL) == COUNT


@pytest.mark.parametrize("place", ALL)
async def test_a_piece_without_an_answer_costs_the_findings_of_no_other(place: int) -> None:
    review = Review(silent={place})
    made = await review.made()
    assert review.asked == list(ALL)
    assert lines_of(made) == STARTS[:place] + STARTS[place + 1 :]
    assert made.unreviewed == (lacking(place, f"No model could answer. small (m): number {place}. Wait."),)
    assert (made.text, made.degraded) == (None, False)


async def test_the_lines_of_a_piece_in_words_are_its_first_and_its_last() -> None:
    made = await Review(silent={1, COUNT - 1}).made()
    assert made.unreviewed is not None
    assert [one.lines for one in made.unreviewed] == [
        f"lines {STARTS[1]} to {STARTS[2] - 1}",
        f"lines {STARTS[-1]} to {TEXT.count(chr(10))}",
    ]
    assert Unreviewed("a.py", "Why.", Range(Position(2, 0), Position(4, 3))).lines == "lines 3 to 5"
    assert Unreviewed("a.py", "Why.").lines == ""


async def test_nobody_is_asked_for_ever_where_nobody_answers() -> None:
    review = Review(silent=range(1, COUNT))
    made = await review.made()
    assert review.asked == list(range(1 + SILENCES))
    assert lines_of(made) == STARTS[:1]
    assert made.unreviewed is not None
    assert [one.replace(why="") for one in made.unreviewed] == [lacking(number, "") for number in ALL[1:]]
    assert {one.why for one in made.unreviewed[SILENCES:]} == {
        "Nobody was asked about them: to the questions before there was no answer."
    }


async def test_where_nobody_ever_answers_it_is_the_first_who_is_complained_about() -> None:
    review = Review(silent=ALL)
    with pytest.raises(NoAnswerError, match="number 0"):
        await review.made()
    assert review.asked == list(range(SILENCES))


async def test_an_answer_nobody_can_read_beside_none_at_all_is_no_empty_list_of_findings() -> None:
    made = await Review(refused={0}, silent=range(1, COUNT)).made()
    assert made.findings is None
    assert made.text is not None
    assert made.text.endswith(REFUSAL)
    assert made.unreviewed is not None
    assert len(made.unreviewed) == COUNT - 1


@pytest.mark.parametrize("most", [30_000, 9_000, 2_100])
async def test_a_piece_that_is_too_long_for_a_window_is_cut_until_it_fits(most: int) -> None:
    asked: list[str] = []

    async def ask(call: Call) -> Answer:
        piece = next(part.text for part in call.parts if part.kind == "file")
        if len(piece) > most:
            raise NoAnswerError("No model could answer.", too_long=True)
        asked.append(piece)
        return Answer('{"findings": [], "summary": ""}', "small", "m")

    gathered = Gathered((Part("file", TEXT, "a.py"),), {"language": "python", "path": "a.py"})
    made = await run(ACTION, gathered, ask, None)
    assert "".join(asked) == TEXT
    assert (made.findings, made.unreviewed) == ((), None)


async def test_a_line_that_is_too_long_for_a_window_is_named_and_the_rest_is_read() -> None:
    line = f"x = '{'y' * 9000}'\n"
    text = TEXT[:3000] + "\n" + line + TEXT[:3000]
    asked: list[str] = []

    async def ask(call: Call) -> Answer:
        piece = next(part.text for part in call.parts if part.kind == "file")
        if len(piece) > 4000:
            raise NoAnswerError("No model could answer.", too_long=True)
        asked.append(piece)
        return Answer('{"findings": [], "summary": ""}', "small", "m")

    gathered = Gathered((Part("file", text, "a.py"),), {"language": "python", "path": "a.py"})
    made = await run(ACTION, gathered, ask, None)
    assert "".join(asked) == text.replace(line, "")
    assert made.unreviewed is not None
    assert [one.why for one in made.unreviewed] == ["No model could answer."]
