"""How this house names its kinds of change: many write ``chore`` where others write ``build`` or ``ci``.

Read off the subjects of the last commits; where they are few, or not Conventional Commits, nothing is changed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rung.types.pattern import lazy

CONVENTIONAL = lazy(r"([a-z]+)(?:\([^()]*\))?!?: (.+)")
ENOUGH = 8
"""Conventional subjects from which on there is a habit to follow."""
KNOWN = {"feat", "fix", "docs", "style", "refactor", "perf", "test", "build", "ci", "chore", "revert"}
_DEPENDENCIES = lazy(
    r"\b(?:bump|upgrade|update|pin)s?\b.*(?:\b(?:to|from)\b|\bdep(?:s|endency|endencies)?\b|\bv?\d+\.\d+|\block ?file)"
    r"|\bdependenc(?:y|ies)\b|\block ?file",
    re.IGNORECASE,
)
_PIPELINE = lazy(r"\b(?:ci|workflows?|github actions?|actions/\w+|pipelines?)\b", re.IGNORECASE)
_SUPPORT = ("build", "ci", "style")
"""Kinds for which a house that never uses them most often writes ``chore``."""


def in_this_house(kind: str, recent: Sequence[str], *, dependencies: bool) -> str:
    """The word this house uses for the kind.

    Args:
        kind: what the change is, by the book.
        recent: subjects of the last commits, the newest first.
        dependencies: whether the change moves versions of dependencies.
    """
    found = [(match[1], match[2]) for subject in recent if (match := CONVENTIONAL.match(subject)) and match[1] in KNOWN]
    if len(found) < ENOUGH or kind not in _SUPPORT:
        return kind
    likes = _DEPENDENCIES if dependencies else _PIPELINE if kind == "ci" else None
    if likes is not None:
        names = [name for name, words in found if likes.search(words)]
        word = _habit(names)
        # Where the book's word is in use beside another, the house tells them apart by something we do not see.
        if word is not None and names.count(kind) * 5 < len(names):
            return word
    used = Counter(name for name, _ in found)
    return "chore" if not used[kind] and used["chore"] else kind


def _habit(names: Sequence[str]) -> str | None:
    """The word used for most of them; None where they are few or divided."""
    if len(names) < 3:
        return None
    ((word, count),) = Counter(names).most_common(1)
    return word if count * 3 >= len(names) * 2 else None
