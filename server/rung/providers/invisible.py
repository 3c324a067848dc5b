"""Characters that nobody sees: an answer of them alone is empty."""

from __future__ import annotations

from rung.types.pattern import lazy

_INVISIBLE = lazy("[\u200b\u200c\u200d\u2060\ufeff\u00ad]")


def visible(text: str) -> str:
    """The text without characters that nobody sees."""
    return _INVISIBLE.sub("", text)
