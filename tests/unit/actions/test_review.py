"""A review of a long file keeps what could be read of it, and says what could not."""

from __future__ import annotations

import json

import pytest

from rung.actions import catalogue
from rung.actions.context.gathered import Gathered
from rung.actions.run import pieces, run
from rung.settings import places
from rung.types.call import Answer, Call
from rung.types.part import Part

ACTION = catalogue.load([places.shipped() / "actions"])["review-file"]
TEXT = "".join(f"def area_{n}(width, height):\n    return width * height\n\n\n" for n in range(1000))
REFUSAL = "I'm sorry, but I can't help with that."


async def review(refused: set[int]) -> tuple[int, list[int], str | None, bool]:
    """How many were asked, the lines of the findings, the text, and the mark."""
    asked: list[str] = []

    async def ask(call: Call) -> Answer:
        piece = next(part.text for part in call.parts if part.kind == "file")
        asked.append(piece)
        if len(asked) in refused:
            return Answer(REFUSAL, "small", "m", degraded=True)
        quote = piece.splitlines()[0]
        one = {"severity": "error", "category": "bug", "title": "T", "reason": "R", "quote": quote, "suggestion": ""}
        return Answer(json.dumps({"findings": [one], "summary": ""}), "small", "m")

    gathered = Gathered((Part("file", TEXT, "a.py"),), {"language": "python", "path": "a.py"})
    made = await run(ACTION, gathered, ask, None)
    assert "".join(asked) == TEXT
    starts = [found.range.start.line + 1 for found in made.findings or () if found.range]
    if made.findings is None:
        starts = [0]
    return len(asked), starts, made.text, made.degraded


STARTS = [TEXT[: TEXT.index(piece)].count("\n") + 1 for piece in pieces(TEXT)]
COUNT = len(STARTS)


async def test_a_long_file_that_was_read_whole_has_no_text() -> None:
    assert await review(set()) == (COUNT, STARTS, None, False)


@pytest.mark.parametrize("place", range(COUNT))
async def test_the_findings_of_all_other_pieces_are_kept_and_the_lines_of_this_one_are_named(place: int) -> None:
    count, starts, text, degraded = await review({place + 1})
    assert (count, degraded) == (COUNT, True)
    assert starts == STARTS[:place] + STARTS[place + 1 :]
    assert text is not None
    assert text.startswith(f"No findings could be read in the answer about lines {STARTS[place]} to ")
    assert text.endswith(f":\n\n{REFUSAL}")


async def test_where_nothing_could_be_read_there_are_no_findings_at_all() -> None:
    count, starts, text, degraded = await review(set(range(1, COUNT + 1)))
    assert (count, starts, degraded) == (COUNT, [0], True)
    assert text is not None
    assert text.count(REFUSAL) == COUNT
