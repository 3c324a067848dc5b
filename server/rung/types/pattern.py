"""Regular expressions that are made ready when they are first used, not when their module is imported.

Half of what ``rung ask`` took to start was ``re.compile``: some four hundred patterns, of which a request needs a few,
and those that test an answer only once there is one, after the wait for the model.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AnyStr


class Late:
    """A pattern that compiles itself with the first use of one of :class:`re.Pattern`'s methods or attributes."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # what ``copy`` and the like look for
            raise AttributeError(name)
        compiled = re.compile(self._text, self._flags)
        # From now on each is found at once, as an attribute of this object.
        for method in ("match", "search", "fullmatch", "finditer", "sub", "subn", "findall", "split"):
            setattr(self, method, getattr(compiled, method))
        value = getattr(compiled, name)
        setattr(self, name, value)
        return value


def lazy(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """``re.compile``, put off. What it returns has all that a pattern has, but is none: ``match.re is`` is never true.

    Raises:
        re.error: with the first use, where the pattern is wrong.
    """
    return Late(text, flags)  # type: ignore[return-value] # re.Pattern is final; this one answers to all of its names
