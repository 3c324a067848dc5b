"""Actions that a rule names: what is nearly one that ships is asked about, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rung.settings import trust
from rung.settings.load import load

if TYPE_CHECKING:
    from tests.unit.settings.conftest import Person


def rule(when: str) -> str:
    return f'[[rule]]\nname = "r"\nlocal = true\nwhen = {when}\n'


def said(name: str, meant: str) -> str:
    return f"Rule `r`: no action that ships is named `{name}`. Did you mean `{meant}`?"


@pytest.mark.parametrize(
    ("when", "warnings"),
    [
        ('{ action = "reveiw-file" }', [said("reveiw-file", "review-file")]),
        ('{ action = ["Review-File", "ask"] }', [said("Review-File", "review-file")]),
        ('{ any = [{ language = "go" }, { not = { action = "comit-message" } }] }', [
            said("comit-message", "commit-message")
        ]),
        ('{ all = [{ action = "reveiw-file" }], action = "reveiw-file" }', [said("reveiw-file", "review-file")]),
        ('{ action = ["review-file", "commit-message", "explain-selection", "ask"] }', []),
        ('{ action = "write-tests" }', []),
    ],
)  # fmt: skip
def test_an_action_that_is_nearly_one_that_ships_is_asked_about(person: Person, when: str, warnings: list[str]) -> None:
    person.says(rule(when))
    loaded = load(None)
    assert list(loaded.warnings) == warnings
    assert loaded.settings.rules[0].name == "r"


@pytest.mark.parametrize("whose", ["own", "workspace's"])
def test_an_action_of_the_person_s_own_or_the_workspace_s_is_taken(person: Person, whose: str) -> None:
    path = person.workspace_says(rule('{ action = "review-files" }'))
    folder = (person.own if whose == "own" else path).parent / "actions"
    folder.mkdir(parents=True)
    (folder / "review-files.md").write_text("", encoding="utf-8")
    trust.trust(person.workspace)
    assert load(person.workspace).warnings == ()
    (folder / "review-files.md").unlink()
    trust.trust(person.workspace)
    assert load(person.workspace).warnings == (said("review-files", "review-file"),)
