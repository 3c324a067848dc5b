"""An answer that ends in a loop is seen; tables, numbers and data are not taken for one."""

from __future__ import annotations

import base64
import random

import pytest

from rung.ladder.repeats import counted, repeats

LOOPS = {
    "a word": "the " * 400,
    "a sentence": "I am done. " * 200,
    "a letter": "a" * 3000,
    "a list": "- item\n" * 500,
    "after a right beginning": "It adds two numbers and gives back their sum.\n" + "The sum is returned. " * 100,
    "a paragraph": ("The loop runs until the list is empty, and then it ends.\n\n" * 5 + "So it ends.\n") * 12,
    "fences": "```\n" * 400,
    "a row of words": "| a | b |\n" * 300,
    "zeros without an end": "0" * 3000,
    "sentences with commas": "Well, yes, it does, and then it ends.\n" * 60,
    "a line with a comma": "so it ends, and so on it goes\n" * 60,
    "cut in the middle of a round": "It ends here. " * 120 + "It en",
}
RIGHT = {
    "a table": "| a | b |\n|---|---|\n" + "".join(f"| {n} | 0 |\n" for n in range(500)),
    "a table of zeros": "| 0 | 0 |\n" * 40,
    "numbers": ", ".join(str(n * n) for n in range(800)),
    "zeros that end": "[" + "0, " * 600 + "0]\n```",
    "data": base64.b64encode(random.Random(1).randbytes(6000)).decode(),
    "padded data": base64.b64encode(bytes(600)).decode()[:600] + "BCDE==",
    "cases": "".join(f"    case {n}:\n        return {n};\n" for n in range(300)),
    "rows of code": "x.push(1);\n" * 30,
    "closing tags": "</div>\n" * 60,
    "a rule": "=" * 120,
    "rows of zeros": "0,0,0,0\n" * 200,
    "rows with a head": "id,name,score\n" + "0; -1; 0.5\n" * 200,
    "empty rows of a table": "| - | - |\n" * 150,
    "a song": "la la la la la, la la la. " * 6,
}


@pytest.mark.parametrize("text", LOOPS.values(), ids=LOOPS.keys())
def test_a_loop_is_seen(text: str) -> None:
    assert repeats(text)
    assert repeats(text + "\n")


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT.keys())
def test_equal_lines_are_no_loop(text: str) -> None:
    assert not repeats(text)


def test_a_loop_that_ended_is_none() -> None:
    assert not repeats("I am done. " * 200 + "No: it needs one more check, which comes after the loop and says so.")


@pytest.mark.parametrize(
    "asked",
    [
        "Write na 900 times",
        "a CSV with 200 empty rows",
        "Repeat after me",
        "500 mal a",
        "50 lignes vides",
        "写100行",
        "a x 900, i.e. 900x a",
    ],
)
def test_who_counts_wants_many(asked: str) -> None:
    assert counted(asked)


@pytest.mark.parametrize("asked", ["Explain HTTP 500", "What happens at line 12?", "Sort this", "Add 2 to 3"])
def test_a_number_alone_is_no_count(asked: str) -> None:
    assert not counted(asked)
