"""How often the gate errs: counted over answers that people wrote by hand, histories, and the standard library."""

from __future__ import annotations

import ast
import json
import sysconfig
from collections import deque
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from rung.actions import catalogue
from rung.actions.context.gathered import Gathered
from rung.actions.run import call_for
from rung.ladder.gate import judge, trimmed
from rung.ladder.vocabulary import SHIPPED, Vocabulary
from rung.providers.events import Finished, Question, Usage
from rung.routing import tokens
from rung.settings import places
from rung.types.action import Action
from rung.types.call import Call, Message
from rung.types.model import Model
from rung.types.part import Part

ANSWERS = Path(__file__).with_name("answers")
"""``right`` and ``wrong`` were written by hand, many of them to be mistaken; ``commits`` are messages of public
repositories, drawn by lot from those that nothing was tuned on. A row may say besides what was asked, and of an
edit the language and the text that it replaces."""
EDIT = Action("edit", "Edit", "refactor", ("selection",), "edit", "{{ selection }}", context=("selection",))
ACTIONS = {**catalogue.load([places.shipped() / "actions"]), "ask": catalogue.ASK, "edit": EDIT}

Given = dict[str, str]
Rows = list[tuple[str, str, Given]]


def rows(name: str) -> Rows:
    text = (ANSWERS / f"{name}.jsonl").read_text(encoding="utf-8")
    return [
        (action, answer, given[0] if given else {}) for action, answer, *given in map(json.loads, text.splitlines())
    ]


@cache
def asked(action: str, given: frozenset[tuple[str, str]]) -> Call:
    """The question; thousands of answers are to the same one, and making its template ready takes milliseconds."""
    fields = dict(given)
    kinds = {"instruction": "instruction", "selection": "original"}
    parts = tuple(Part(kind, fields[name]) for kind, name in kinds.items() if name in fields)
    return call_for(ACTIONS[action], Gathered(parts, {"language": fields.get("language", "")}), parts, 1000)


def verdict(action: str, answer: str, given: Given) -> str | None:
    call = asked(action, frozenset(given.items()))
    found = judge(call, answer, Finished("stop", Usage(100, 20)), 100, 8192)
    return found.text if found else None


def taken(answers: Rows) -> list[tuple[str, str, str]]:
    return [(action, answer[:100], why) for action, answer, given in answers if (why := verdict(action, answer, given))]


def statements(tree: ast.Module) -> Iterator[ast.AST]:
    """As ``ast.walk``, without the expressions, which are most of a tree and hold no function with a name."""
    todo = deque[ast.AST]([tree])
    while todo:
        node = todo.popleft()
        todo.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr))
        yield node


@cache
def docstrings_and_functions() -> Rows:
    """Explanations of code, and code, as people wrote them."""
    found: Rows = []
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        source = path.read_text(encoding="utf-8")
        lines = source.splitlines()
        for node in statements(ast.parse(source)):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)):
                text = ast.get_docstring(node)
                if text and len(text) >= 60:
                    found.append(("explain-selection", text, {}))
            if isinstance(node, ast.FunctionDef):
                found.append(("ask", "\n".join(lines[node.lineno - 1 : node.end_lineno]), {}))
    return found


def test_fewer_than_one_in_a_hundred_right_answers_written_by_hand_are_flagged() -> None:
    answers = rows("right")
    assert len(answers) >= 600
    assert len({action for action, _, _ in answers}) == 5
    assert len({given["language"] for _, _, given in answers if "language" in given}) >= 25
    flagged = taken(answers)
    assert len(flagged) < len(answers) / 100, flagged


def test_fewer_than_one_in_a_hundred_messages_of_real_histories_are_flagged() -> None:
    answers = rows("commits")
    assert len(answers) >= 1000
    flagged = taken(answers)
    assert len(flagged) < len(answers) / 100, flagged


@pytest.mark.long
def test_fewer_than_one_in_a_hundred_docstrings_and_functions_of_the_standard_library_are_flagged() -> None:
    answers = docstrings_and_functions()[::4]
    assert len(answers) >= 1500
    flagged = taken(answers)
    assert len(flagged) < len(answers) / 100, flagged[:20]


@pytest.mark.long
def test_fewer_than_one_in_a_hundred_pieces_of_the_standard_library_are_flagged_as_edits() -> None:
    code = [answer for action, answer, _ in docstrings_and_functions() if action == "ask"][::4]
    answers = [("edit", f"```python\n{text}\n```", {"language": "python", "original": "pass"}) for text in code]
    assert len(answers) >= 600
    assert not taken(answers)


def test_fewer_than_one_in_a_hundred_prompts_that_were_read_whole_are_called_trimmed(tmp_path: Path) -> None:
    vocabulary = Vocabulary(places.shipped() / SHIPPED, tmp_path)
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))]
    counted = [(text, vocabulary.exactly([text])) for text in texts if 2000 < len(text) < 100_000]
    assert len(counted) >= 100
    for learned in (0.8, 1.0, 1.3, 2.5):
        flagged = []
        for text, count in counted:
            question = Question(Model("ollama", "m"), (Message("user", text),), 100)
            if trimmed(round(tokens.estimate(text) * learned), count, 131_072, question):
                flagged.append(text[:60])
        assert len(flagged) < len(counted) / 100, (learned, flagged)


def test_more_than_nine_in_ten_wrong_answers_are_found() -> None:
    answers = rows("wrong")
    assert len(answers) >= 400
    missed = [(action, answer[:100]) for action, answer, given in answers if verdict(action, answer, given) is None]
    assert len(missed) < len(answers) * 0.05, missed
