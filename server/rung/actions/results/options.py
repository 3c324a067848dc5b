"""Several answers to choose from, where one was asked for: the lines each begins with, and the first of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rung.types.pattern import lazy

_OPTION = lazy(
    r"^\W*(?:(?:option|variant|suggestion|version|alternative|choice)\W{0,3}(?:\d+|[A-C])\b|(?:\d{1,2}|[a-c])[.)]\s)",
    re.IGNORECASE,
)
_LABEL = lazy(
    r"^[\s#*]*(?:option|variant|suggestion|version|alternative|choice)?\s*(?:\d{1,2}|[A-C])\s*[.):-]*(?:\*\*)?[.):]*\s*(?:\*\*)?:?\s*",
    re.IGNORECASE,
)
_COUNTED = lazy(r"([a-z]*)\W*?\b(\d+|[a-c])\b")
"""The word and the number of an option's label."""


def begins(line: str) -> bool:
    """Whether an option begins with this line."""
    return bool(_OPTION.match(line))


def are_several(lines: Sequence[str]) -> bool:
    """Whether the lines begin with an option and go on with another of the same list."""
    first = _numbered(lines[0]) if lines else None
    others = (_numbered(line) for line in lines[1:]) if first else ()
    return any(first and other and first[0] == other[0] and first[1] != other[1] for other in others)


def _numbered(line: str) -> tuple[str, str] | None:
    """What the options are called of which this line begins one, and its number; None where it begins none."""
    found = _OPTION.match(line)
    parts = _COUNTED.search(found[0].lower()) if found else None
    return (parts[1], parts[2]) if parts else None


def first(lines: list[str]) -> list[str]:
    """Of several options the first, without its label; a numbered list below another line is none, and stays."""
    if not lines or not begins(lines[0]):
        return lines
    label = _LABEL.match(lines[0])
    found = [lines[0][label.end() :] if label else lines[0]]
    for line in lines[1:]:
        if begins(line):
            break
        found.append(line)
    return found
