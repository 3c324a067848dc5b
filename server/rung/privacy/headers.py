r"""Secrets in the headers of a request: ``curl -H "X-Api-Key: ..."``, ``Cookie: session=...``.

``Authorization`` is :mod:`rung.privacy.logins`' business, a header on a line of its own
:mod:`rung.privacy.assignments`'.
"""

from __future__ import annotations

from collections.abc import Iterator

from rung.privacy.found import Found
from rung.privacy.values import looks_random
from rung.types.pattern import lazy

_HEADER = lazy(
    r"(?i)(?:(?P<quote>\\?[\"'])|(?<=-H)[ =]?|(?<=--header)[ =])"
    r"(?:[a-z][a-z0-9]{0,20}-){0,4}(?:(?:api|access|auth|master|subscription|functions|app|client)-?key|token|auth|secret|password|session)"
    r":[ \t]*(?P<secret>[^\s\"'`<>{}$\\]{16,4096})(?(quote)(?P=quote))"
)
_COOKIES = lazy(r"(?i)\bcookie2?\b[\"']?[ \t]*[:=,][ \t]*\\?[\"']?(?=[\w.-]{1,64}=)")
_COOKIE = lazy(r"(?P<name>[\w.-]{1,64})=(?P<secret>[^;\s\"'`,\\]{16,4096})")
_OF_A_SESSION = lazy(r"(?i)sess|sid\b|auth|token|jwt|login|remember|identity|credential")
_ENCODED = lazy(r"%[0-9A-Fa-f]{2}")
"""A sign as addresses and cookies write it; between two of these a value is as random as without."""
_LONGEST = 8_000
"""Characters of a header with cookies that are looked at: browsers send no longer ones."""


def find(text: str) -> Iterator[Found]:
    """Every secret of a header in quotes, and every cookie of a session, in no order."""
    lower = text.lower()
    if any(word in lower for word in ("key:", "token:", "auth:", "secret:", "password:", "session:")):
        for match in _HEADER.finditer(text):
            if looks_random(match["secret"]):
                yield Found("secret", *match.span("secret"))
    if "cookie" in lower:
        searched = 0
        for head in _COOKIES.finditer(text):
            end = text.find("\n", head.end(), head.end() + _LONGEST)
            end = end if end >= 0 else head.end() + _LONGEST
            start, searched = max(head.end(), searched), max(end, searched)  # many may stand on one line
            for match in _COOKIE.finditer(text, start, end):
                if _OF_A_SESSION.search(match["name"]) and looks_random(_ENCODED.sub("", match["secret"])):
                    yield Found("cookie", *match.span("secret"))
