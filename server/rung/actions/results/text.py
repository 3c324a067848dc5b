"""Reading a plain answer: what is left when outer decoration is taken off."""

from __future__ import annotations

import re

_WHOLE_FENCE = re.compile(r"\A\s*```(?:markdown|md|text)?[ \t]*\n(.*)\n```\s*\Z", re.DOTALL)


def read(raw: str) -> str:
    """The answer without a fence around the whole of it; fences inside it are the answer's own."""
    match = _WHOLE_FENCE.match(raw)
    return (match[1] if match and "```" not in match[1] else raw).strip()
