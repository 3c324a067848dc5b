"""A review is read from whatever a model wraps it in, and each finding stands where its quote stands."""

from __future__ import annotations

import json
import random

import pytest

from rung.actions.results import findings
from rung.actions.results import text as plain
from rung.actions.review import PIECE, pieces
from rung.types.request import Position, Range

CODE = "def f(x):\r\n    y = x\r\n    return y  # é😀 end\n\n\ndef g(x):\n    y = x\n    return None\n"
ONE = {"severity": "error", "category": "bug", "title": "T", "reason": "R", "quote": "y = x", "suggestion": "S"}


def answer(*items: object) -> str:
    return json.dumps({"findings": list(items), "summary": "s"})


@pytest.mark.parametrize(
    "wrapped",
    [
        "{}",
        "Here is my review:\n```json\n{}\n```\nHope it helps.",
        "```\n{}\n```",
        "Sure! {} Let me know.",
        "I looked at {{x}} and [1].\n\n{}",
    ],
)
def test_a_review_is_found_inside_whatever_stands_around_it(wrapped: str) -> None:
    raw = wrapped.replace("{{x}}", "{x}").replace("{}", answer(ONE))
    assert findings.fault(raw) is None
    assert [found.title for found in findings.read(raw, CODE, "a.py")] == ["T"]


@pytest.mark.parametrize("around", ["{}", "Here it is:\n{}\nDone.", "```json\n{}\n```"])
def test_lines_quoted_with_their_tabs_and_ends_as_they_are_are_read(around: str) -> None:
    raw = around.replace("{}", answer({**ONE, "quote": "Q", "reason": "R"}).replace('"Q"', '"def f(x):\n\ty = x"'))
    assert findings.fault(raw) is None
    (found,) = findings.read(raw, CODE, "a.py")
    assert found.range == at(0, 0, 9, 1)


def test_a_bare_list_and_no_findings_at_all_are_reviews() -> None:
    assert [found.title for found in findings.read(json.dumps([ONE]), CODE, "a.py")] == ["T"]
    assert findings.fault(answer()) is None
    assert findings.read(answer(), CODE, "a.py") == ()


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "No problems.",
        "{}",
        '{"findings": "none"}',
        '{"findings": [1]}',
        answer(ONE)[:-20],
        answer({"quote": "x"}),
        "[" * 9000,
    ],
)
def test_what_is_no_review_is_told_without_quoting_it(raw: str) -> None:
    fault = findings.fault(raw)
    assert fault in {"it is no JSON object with findings", "a finding has neither title nor reason"}


WHOLE = answer({**ONE, "quote": "items = []"}, {**ONE, "title": "use [] and {}"})


@pytest.mark.parametrize("size", range(1, len(WHOLE)))
def test_a_review_that_was_cut_anywhere_is_none_and_never_means_no_findings(size: int) -> None:
    for raw in (WHOLE[:size], f"Here it is:\n```json\n{WHOLE[:size]}", json.dumps([ONE, ONE])[:-1][:size]):
        assert findings.fault(raw) is not None


@pytest.mark.parametrize(
    "raw",
    [
        "`def f(x=[])` shares its list.",
        "```python\nitems = []\n```\nThis list is never used.",
        "Use `[]` instead of `list()`, and {} instead of `dict()`.",
        "[]\n\nThe list is shared.",
        "[1, 2]",
        "[[]]",
        '{"findings": null}',
        '{"error": "no code"}',
        "I can't review `items = []`.",
    ],
)
def test_talk_of_code_with_lists_in_it_is_no_review(raw: str) -> None:
    assert findings.fault(raw) is not None


@pytest.mark.parametrize(
    "raw",
    [
        "[]",
        "```json\n[]\n```",
        f"These:\n```json\n{json.dumps([ONE])}\n```",
        '{"review": {"findings": []}}',
        "\ufeff" + answer(),
    ],
)
def test_a_list_alone_and_a_review_in_one_more_object_are_reviews(raw: str) -> None:
    assert findings.fault(raw) is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("ERROR", "error"),
        ("critical", "error"),
        ("Medium", "warning"),
        ("low", "info"),
        ("hint", "hint"),
        ("blocker", "info"),
        (3, "info"),
    ],
)
def test_every_word_for_a_severity_is_one_of_four(said: object, meant: str) -> None:
    (found,) = findings.read(answer({**ONE, "severity": said}), CODE, "a.py")
    assert found.severity == meant


def test_a_finding_said_twice_counts_once_and_empty_fields_are_filled() -> None:
    odd = {"reason": "It leaks. Always.", "quote": None, "title": 3, "suggestion": ""}
    found = findings.read(answer(ONE, ONE, odd), CODE, "a.py")
    assert [(one.title, one.category, one.suggestion) for one in found] == [
        ("T", "bug", "S"),
        ("It leaks", "review", None),
    ]


def at(line: int, start: int, end: int, last: int | None = None) -> Range:
    return Range(Position(line, start), Position(line if last is None else last, end))


@pytest.mark.parametrize(
    ("quote", "where"),
    [
        ("y = x", at(1, 4, 9)),
        ("  y  =  x ", at(1, 4, 9)),
        ("return y  # é😀 end", at(2, 4, 22)),
        ("def f(x):\n    y = x", at(0, 0, 9, 1)),
        ("def f(x):\r\n    y = x", at(0, 0, 9, 1)),
        ("7: return None", at(7, 4, 15)),
        ("12 | return None", at(7, 4, 15)),
        ("...\n    return None\n...", at(7, 4, 15)),
        ("x", None),
        ("", None),
        ("nowhere()", None),
        ("1: y", None),
    ],
)
def test_a_quote_is_found_exactly_or_with_other_white_space_or_by_its_longest_line(
    quote: str, where: Range | None
) -> None:
    assert findings.locate(quote, CODE) == where


def test_what_is_quoted_of_a_later_piece_is_found_there_and_not_above() -> None:
    start = CODE.index("def g")
    (found,) = findings.read(answer(ONE), CODE, "a.py", start)
    assert found.range == at(6, 4, 9)
    (found,) = findings.read(answer({**ONE, "quote": "return y"}), CODE, "a.py", start)
    assert found.range == at(2, 4, 12)


@pytest.mark.parametrize("seed", range(10))
def test_pieces_are_whole_lines_and_together_the_text(seed: int) -> None:
    dice = random.Random(seed)
    rows = [" " * dice.choice([0, 0, 4]) + "w" * dice.choice([0, 0, 9, 90, 900]) for _ in range(dice.randint(0, 2000))]
    text = dice.choice(["\n", "\r\n"]).join(rows) + dice.choice(["", "\n"])
    found = pieces(text)
    assert "".join(found) == text
    assert all(piece.endswith("\n") for piece in found[:-1])
    assert all(0 < len(piece) <= PIECE for piece in found) or text == ""


def test_a_line_longer_than_a_piece_is_one_piece() -> None:
    assert [len(piece) for piece in pieces("a\n" + "x" * 2 * PIECE + "\nb\n")] == [2, 2 * PIECE + 1, 2]


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("  text \n", "text"),
        ("```markdown\n# A\ntext\n```", "# A\ntext"),
        ("```\ntext\n```\n", "text"),
        ("```python\nx = 1\n```", "```python\nx = 1\n```"),
        ("```\na\n```\nand\n```\nb\n```", "```\na\n```\nand\n```\nb\n```"),
        ("It writes `<think>` and </think> around it.", "It writes `<think>` and </think> around it."),
        ("```\n<think>\n</think>\n```\nand on", "```\n<think>\n</think>\n```\nand on"),
    ],
)
def test_a_fence_around_all_of_an_answer_is_taken_off_and_others_stay(raw: str, read: str) -> None:
    assert plain.read(raw) == read


def test_what_is_suggested_is_put_into_the_real_text() -> None:
    raw = json.dumps(
        {
            "findings": [
                {
                    "title": "[redacted-1] is in the code",
                    "reason": "Whoever reads [redacted-1] gets in.",
                    "quote": 'login("[redacted-1]")',
                    "suggestion": 'login(env["X"])  # not [redacted-1]',
                }
            ]
        }
    )
    text = 'login("hunter2-real")\n'
    (found,) = findings.read(raw, text, "a.py", restore=lambda said: said.replace("[redacted-1]", "hunter2-real"))
    assert found.quote == 'login("hunter2-real")'
    assert found.range is not None
    assert found.suggestion == 'login(env["X"])  # not hunter2-real'
    assert (found.title, found.reason) == ("hunter2-real is in the code", "Whoever reads hunter2-real gets in.")
