"""Prose in documents is wrapped; whatever a break would change is left alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rung.lsp.wrap import WIDTH, columns, wrap

LONG = "one word after another until the line is longer than anybody wants to read in an editor, and then a bit more"
LINK = "[the whole of the documentation](https://example.org/a/b_(c)/d?e=f#" + "g" * 50 + ")"
SPAN = "`a  code  span  of  many  words  that  is  longer  than  forty  columns`"


@pytest.mark.parametrize(
    ("text", "wrapped"),
    [
        ("short", "short"),
        ("", ""),
        ("a b c d", "a b\nc d"),
        ("a b\nc d e", "a b\nc d\ne"),
        ("aaaaaa b", "aaaaaa\nb"),
        ("- a b c", "- a\n  b\n  c"),
        ("12. a b", "12. a\n    b"),
        ("* 1. a b", "* 1. a\n     b"),
        ("> a b c", "> a\n> b\n> c"),
        ("> - a b", "> - a\n>   b"),
        ("- a\n  b c d", "- a\n  b\n  c\n  d"),
        ("- a\n    - b c", "- a\n    - b\n      c"),
        ("a b c  ", "a b\nc  "),
        ("a b c\\\nd", "a b\nc\\\nd"),
        ("a b - c", "a b -\nc"),
        ("a b 1. c", "a b 1.\nc"),
        ("a b > c", "a b >\nc"),
        ("a b # c", "a b #\nc"),
        ("a b = c", "a b =\nc"),
        ("a b --- c", "a b ---\nc"),
        ("a b | c", "a b |\nc"),
        ("- > a b", "- > a\n  > b"),
        ("- --- a b", "- --- a\n  b"),
    ],
)
def test_prose_is_wrapped_at_its_words(text: str, wrapped: str) -> None:
    assert wrap(text, 4) == wrapped


@pytest.mark.parametrize(
    "text",
    [
        f"```python\n{LONG}\n```",
        f"~~~\n{LONG}\n```\n{LONG}\n~~~",
        f"````md\n```\n{LONG}\n```\n{LONG}\n````",
        f"- item\n\n  ```\n  {LONG}\n  ```",
        f"- ```\n  {LONG}\n  ```",
        f"> ```\n> {LONG}\n> ```",
        f"```\n{LONG}",
        f"a\n\n    {LONG}",
        f"\t{LONG}",
        f"- item\n\n      {LONG}",
        f"# {LONG}",
        f"1. # {LONG}",
        f">     {LONG}",
        f"###### {LONG}",
        f"| a | b |\n|---|:-:|\n| {LONG} | {LONG} |",
        f"a | b\n--|--\n{LONG} | {LONG}",
        f"<details>{LONG}</details>",
        f"[a]: https://example.org/ '{LONG}'",
        LINK * 2,
        SPAN * 2,
        "x" * 300,
    ],
)
def test_what_a_break_would_change_is_left_alone(text: str) -> None:
    assert wrap(text) == text


@pytest.mark.parametrize("whole", [LINK, SPAN, f"!{LINK}", f"**{SPAN}**", "<https://example.org/" + "a" * 90 + ">"])
def test_no_link_and_no_code_span_is_torn(whole: str) -> None:
    lines = wrap(f"{LONG} {whole} {LONG}").split("\n")
    assert len(lines) > 2
    assert sum(whole in line for line in lines) == 1


@pytest.mark.parametrize("after", ["\n```", "\n| a |\n|---|", "\n# a"])
def test_prose_after_something_else_is_prose_again(after: str) -> None:
    text = f"```\n{LONG}\n```\n{LONG}{after}"
    assert wrap(text) == f"```\n{LONG}\n```\n{wrap(LONG)}{after}"
    assert wrap(LONG) != LONG


def test_code_in_one_line_opens_no_fence() -> None:
    assert wrap(f"```x = 1``` {LONG}") != f"```x = 1``` {LONG}"


def test_wide_characters_count_twice() -> None:
    text = "汉字汉字 " * 20
    assert all(columns(line.rstrip()) <= WIDTH for line in wrap(text).split("\n"))
    assert len(wrap(text).split("\n")) == 2


PIECES = st.sampled_from(
    [*"abc", " ", " ", " ", "\n", "-", "1.", "`", "```", "[", "](", ")", "|", ">", "#", "    ", "<", "~~~", "é汉"]
)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_no_word_is_lost_and_no_line_is_joined(text: str) -> None:
    once = wrap(text, 10)
    assert wrap(text, 10_000) == text
    assert re.sub(r"[\s>]", "", once) == re.sub(r"[\s>]", "", text)
    assert once.count("\n") >= text.count("\n")
