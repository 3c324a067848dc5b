"""What the simulated models say, and how it is cut and counted."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are a package that is not installed
import pytest

from rung.sim import schema
from rung.sim.tokens import Message, count, count_prompt, fit
from rung.sim.words import compose, split

DIFF = """\
Write the git commit message for the staged changes below.
- First line: `type(scope): subject`.

Diff:
diff --git a/src/parser.py b/src/parser.py
--- a/src/parser.py
+++ b/src/parser.py
@@ -1,2 +1,3 @@
-    return None
+def parse_row(line):
+    return []
"""
CODE = """\
Review this python code. Answer in JSON: an object with `findings`, an array, and `summary`.
File: app/read.py
```python
import os

def read(path):
    handle = open(path)
    try:
        return eval(handle.read())
    except:
        return None
```
"""


def says(prompt: str, wanted: Any = None, system: str = "") -> str:
    return compose("sim-small:3b", [Message("system", system), Message("user", prompt)], wanted)


def test_a_commit_message_is_conventional_and_names_file_and_symbol() -> None:
    subject, blank, *body = says(DIFF).splitlines()
    assert re.fullmatch(r"(feat|fix|docs|test)\([a-z-]+\): change parse_row in parser\.py", subject)
    assert blank == ""
    assert "`parse_row`" in " ".join(body)
    assert "(simulated)" in " ".join(body)
    assert max(map(len, [subject, *body])) <= 72


def test_a_commit_message_is_asked_for_by_the_system_message_too() -> None:
    diff = DIFF.partition("Diff:\n")[2]
    assert says(diff, system="You write commit messages.").startswith("feat(parser): ")


@pytest.mark.parametrize(
    ("path", "kind"), [("docs/guide.md", "docs"), ("tests/test_x.py", "test"), ("src/x.py", "feat")]
)
def test_the_type_of_a_commit_follows_the_file(path: str, kind: str) -> None:
    assert says(DIFF.replace("src/parser.py", path)).startswith(f"{kind}(")


def test_a_long_path_leaves_the_subject_within_72_characters() -> None:
    long = "src/a_very_long_module_name_that_goes_on_and_on_for_ever_and_a_day.py"
    assert max(map(len, says(DIFF.replace("src/parser.py", long)).splitlines()[:1])) <= 72


def test_a_review_quotes_whole_lines_of_the_code_as_they_stand() -> None:
    told = json.loads(says(CODE))
    quotes = [finding["quote"] for finding in told["findings"]]
    assert quotes == ["    handle = open(path)", "        return eval(handle.read())", "    except:"]
    assert all(finding["title"].endswith("(simulated)") for finding in told["findings"])


def test_a_review_of_innocent_code_quotes_its_first_lines() -> None:
    told = json.loads(says("Review, in JSON.\n```\n\n}\nalpha = beta + 1\nreturn alpha\n```\n"))
    assert [finding["quote"] for finding in told["findings"]] == ["alpha = beta + 1", "return alpha"]


def test_a_review_of_a_diff_quotes_added_lines_without_their_mark() -> None:
    told = json.loads(
        says(f"Review these changes. Answer in JSON.\n```diff\n{DIFF.partition('Diff:')[2].strip()}\n```\n")
    )
    assert [finding["quote"] for finding in told["findings"]] == ["def parse_row(line):"]


def test_an_explanation_is_long_enough_and_about_the_code() -> None:
    told = says(
        "Explain this.\n```python\nimport os\n```\nSelected code:\n```python\ndef total(rows):\n    return 1\n```\n"
    )
    assert told.startswith("Simulated answer of sim-small:3b:")
    assert "`total`" in told
    assert len(told) > 200


def test_the_same_prompt_gets_the_same_words() -> None:
    assert says(CODE) == says(CODE)


FINDING = {
    "type": "object",
    "properties": {
        "severity": {"enum": ["critical", "error", "note"]},
        "category": {"type": "string"},
        "title": {"type": "string", "maxLength": 20},
        "reason": {"type": "string"},
        "quote": {"type": "string"},
        "suggestion": {"type": ["string", "null"]},
        "line": {"type": "integer", "minimum": 1},
        "path": {"type": "string"},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
    },
    "additionalProperties": False,
}
FINDING["required"] = list(FINDING["properties"])  # type: ignore[call-overload]  # the checker sees a plain object


def test_a_review_fits_the_schema_it_is_given_and_still_quotes() -> None:
    wanted = {
        "type": "object",
        "properties": {
            "findings": {"type": "array", "items": {"$ref": "#/$defs/finding"}, "maxItems": 2},
            "summary": {"type": "string"},
            "verdict": {"const": "done"},
        },
        "required": ["findings", "summary", "verdict"],
        "$defs": {"finding": FINDING},
    }
    told = json.loads(says(CODE, wanted))
    jsonschema.validate(told, wanted)
    assert [finding["quote"].strip() for finding in told["findings"]] == [
        "handle = open(path)",
        "return eval(handle.read())",
    ]
    assert [finding["line"] for finding in told["findings"]] == [4, 6]
    assert {finding["path"] for finding in told["findings"]} == {"app/read.py"}


@pytest.mark.parametrize(
    "wanted",
    [
        {"type": "object"},
        {
            "type": "object",
            "properties": {"a": {"type": "integer", "minimum": 7, "maximum": 7}},
            "required": ["a", "b"],
        },
        {"type": "array", "items": {"type": "boolean"}, "minItems": 3},
        {"type": "array", "items": {"type": "number", "exclusiveMinimum": 0}},
        {"type": "array", "maxItems": 0},
        {"enum": [4, "five", None]},
        {"anyOf": [{"type": "null"}, {"type": "integer", "multipleOf": 5, "minimum": 11}]},
        {"oneOf": [{"type": "string", "minLength": 30}]},
        {"allOf": [{"properties": {"a": {"type": "null"}}, "required": ["a"]}, {"type": "object"}]},
        {"type": "string", "maxLength": 3},
        {"type": "integer", "maximum": -4},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"type": "object", "properties": {"findings": {"type": "array", "items": {"type": "string"}}}},
        {"type": "object", "properties": {"findings": {"type": "string"}}, "required": ["findings"]},
        {
            "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}},
            "$ref": "#/$defs/node",
        },
    ],
    ids=lambda wanted: json.dumps(wanted)[:60],
)
def test_json_fits_any_schema(wanted: dict[str, Any]) -> None:
    jsonschema.validate(json.loads(says(CODE, wanted)), wanted)
    jsonschema.validate(schema.make(wanted, {}), wanted)


def test_format_json_is_json_without_a_schema_too() -> None:
    assert json.loads(says("Say something about `alpha`.", "json"))["simulated"] is True


@pytest.mark.parametrize("text", [CODE, says(CODE), "a" * 95, " \n\n x", ""])
def test_pieces_are_small_and_make_up_the_text(text: str) -> None:
    assert "".join(split(text)) == text
    assert all(len(piece.strip()) <= 10 for piece in split(text))


def test_tokens_are_a_quarter_of_the_bytes_and_a_little_more_per_message() -> None:
    assert [count(text) for text in ("", "abc", "abcd", "abcde", "日本")] == [1, 1, 1, 2, 2]
    assert count_prompt([Message("system", "abcd"), Message("user", "abcd")]) == 12


def test_a_prompt_that_fits_stays_as_it_is() -> None:
    messages = [Message("user", "x" * 40)]
    assert fit(messages, 16) == (messages, 16)


def test_the_oldest_messages_go_first_but_the_system_message_stays() -> None:
    system, old, answer, last = (
        Message("system", "be short"),
        Message("user", "x" * 400),
        Message("assistant", "yes"),
        Message("user", "and now"),
    )
    assert fit([system, old, answer, last], 64)[0] == [system, answer, last]


def test_one_message_that_is_too_long_loses_its_middle_and_counts_as_half_the_window() -> None:
    kept, counted = fit([Message("user", "begin" + "x" * 4000 + "end")], 256)
    assert counted == 130
    assert kept[0].text.startswith("begin")
    assert kept[0].text.endswith("end")
    assert count(kept[0].text) <= 130
