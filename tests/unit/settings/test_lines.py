"""The line of a place in a TOML text."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from rung.settings.lines import Lines, Where

TEXT = '''# a comment with [brackets] and = signs
default_tier = "small"  # [tier]

[[tier]]
name = "small"
deadline = "2m"
[[tier.model]]
provider = "ollama"
model = "auto"
[[tier.model]]
provider = 'ollama'
context = 16_384

[[ tier ]]
"name" = "cloud"
[[tier."model"]]
price = { input = 0.25, output = 2.0 }
note = """
[[tier]]
name = "not a tier"
"""
after = 1
raw = \'\'\'
key = "no key"\'\'\'

[[rule]]
name = "r"
when = { path = ["**/.env", # first
  "**/*.pem",

  "]#,",
], tokens_over = 5 }
when2.path = [
  [1, 2],
  {a = 1},
]

[budget]
per_day = 2.0
a."b.c".d = 1
'''


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ((), 1),
        (("default_tier",), 2),
        (("tier",), 4),
        (("tier", 0), 4),
        (("tier", 0, "name"), 5),
        (("tier", 0, "deadline"), 6),
        (("tier", 0, "model"), 7),
        (("tier", 0, "model", 0), 7),
        (("tier", 0, "model", 0, "model"), 9),
        (("tier", 0, "model", 1), 10),
        (("tier", 0, "model", 1, "provider"), 11),
        (("tier", 0, "model", 1, "context"), 12),
        (("tier", 1), 14),
        (("tier", 1, "name"), 15),
        (("tier", 1, "model", 0), 16),
        (("tier", 1, "model", 0, "price", "output"), 17),
        (("tier", 1, "model", 0, "note"), 18),
        (("tier", 1, "model", 0, "after"), 22),
        (("tier", 1, "model", 0, "raw"), 23),
        (("rule", 0), 26),
        (("rule", 0, "when"), 28),
        (("rule", 0, "when", "path"), 28),
        (("rule", 0, "when", "path", 0), 28),
        (("rule", 0, "when", "path", 1), 29),
        (("rule", 0, "when", "path", 2), 31),
        (("rule", 0, "when", "tokens_over"), 32),
        (("rule", 0, "when2", "path", 0, 1), 34),
        (("rule", 0, "when2", "path", 1, "a"), 35),
        (("budget", "per_day"), 39),
        (("budget", "a", "b.c", "d"), 40),
        (("tier", 0, "model", 1, "missing"), 10),
        (("nowhere", 3, "at", "all"), 1),
    ],
)
def test_every_usual_spelling_is_found_on_its_line(where: Where, line: int) -> None:
    assert Lines(TEXT).of(where) == line


def places(data: Any, where: Where = ()) -> list[Where]:
    """All places of some data."""
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [where, *(place for step, child in children for place in places(child, (*where, step)))]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_no_place_of_the_data_is_unknown(end: str) -> None:
    text = TEXT.replace("\n", end)
    lines = Lines(text)
    unknown = [where for where in places(tomllib.loads(text)) if where not in lines._found]
    assert unknown == []


@pytest.mark.parametrize(
    ("text", "where", "line"),
    [
        ("[a.b]\nx = 1\n[a]\ny = 2", ("a", "y"), 4),
        ("[a.b]\nx = 1\n[a]\ny = 2", ("a",), 3),
        ('"a\\u0062" = 1\n\n"c\\"d" = 2', ("ab",), 1),
        ('"a\\u0062" = 1\n\n"c\\"d" = 2', ('c"d',), 3),
        ("a = 1\nb = 2024-01-01 10:00:00\nc = 3", ("c",), 3),
        ('a = """x"""" # still\nb = 1', ("b",), 2),
        ('a = """\\\n  "" \\""" """\nb = 1', ("b",), 3),
        ("[[a]]\n[a.b]\nc = 1\n[[a]]\n[a.b]\nc = 1", ("a", 1, "b", "c"), 6),
        ("a = []\nb = {}\nc = [ [], {} ]\nd = 1", ("d",), 4),
    ],
)
def test_rarer_spellings_are_found_too(text: str, where: Where, line: int) -> None:
    assert Lines(text).of(where) == line


@pytest.mark.parametrize("text", ["[", "[[", "a", "=", "a = [", "a = {", 'a = "', "]\n]", "\\", "a = '''", "{ } }", ""])
def test_what_is_no_toml_ends_without_an_error(text: str) -> None:
    assert Lines(text).of(("a", 0, "b")) == 1
