"""The words a house has for its kinds of change."""

from __future__ import annotations

import pytest

from rung.actions.builtin.house import in_this_house

CHORE_HOUSE = (
    "chore(deps): update dependency vite to v7",
    "fix(v-model): preserve text before hydration",
    "chore(deps): update all non-major dependencies",
    "feat(types): add a helper",
    "chore(deps): update actions/setup-node action to v7",
    "docs: mend a link",
    "chore: update lockfile",
    "fix: guard against null",
    "test: cover the parser",
    "chore: release v1.2.3",
)
CI_HOUSE = tuple(subject.replace("chore(deps)", "ci(deps)") for subject in CHORE_HOUSE)


@pytest.mark.parametrize(
    ("kind", "recent", "dependencies", "word"),
    [
        ("build", CHORE_HOUSE, True, "chore"),
        ("ci", CHORE_HOUSE, True, "chore"),
        ("build", CHORE_HOUSE, False, "chore"),
        ("build", CI_HOUSE, True, "ci"),
        ("feat", CHORE_HOUSE, False, "feat"),
        ("fix", CHORE_HOUSE, True, "fix"),
        ("build", CHORE_HOUSE[:5], True, "build"),
        ("build", ("Bump vite to 7",) * 20, True, "build"),
        ("build", ("build: bump vite from 6 to 7", *CHORE_HOUSE[5:]) * 2, False, "build"),
        ("ci", ("ci: run the workflow nightly",) * 3 + CHORE_HOUSE, False, "ci"),
    ],
)
def test_the_last_commits_decide_between_words_for_the_same_thing(
    kind: str, recent: tuple[str, ...], *, dependencies: bool, word: str
) -> None:
    assert in_this_house(kind, recent, dependencies=dependencies) == word
