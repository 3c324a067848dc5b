"""Reading a plain answer: what is left when outer decoration is taken off."""

from __future__ import annotations

import re

from rung.actions.results.counter_question import asks_back
from rung.types.pattern import lazy

_WHOLE_FENCE = lazy(r"\A\s*```(?:markdown|md|text)?[ \t]*\n(.*)\n```\s*\Z", re.DOTALL)


def read(raw: str) -> str:
    """The answer without thoughts before it and a fence around the whole of it; fences inside are the answer's own."""
    said = raw
    match = _WHOLE_FENCE.match(said)
    return (match[1] if match and "```" not in match[1] else said).strip()


def fault(raw: str) -> str | None:
    """Why ``raw`` is no text about what was given with the question; None where it may be one."""
    return "it asks for what it was given" if asks_back(raw) else None
