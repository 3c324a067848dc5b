r"""Secrets in XML whose name stands in an attribute, or in the element before.

``<string name="api_key">SECRET</string>``, ``<key>password</key><string>SECRET</string>``. Where the element itself is
named for it, or both stand in attributes, it is :mod:`rung.privacy.assignments`' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rung.privacy.found import Found
from rung.privacy.values import looks_like_password, looks_random
from rung.privacy.words import could_be, is_other
from rung.types.pattern import lazy

_NAMED = (
    r"[\w.:-]{0,80}?(?:(?P<password>passw(?:or)?d|passphrase|pwd|passcode)"
    r"|secret|token|(?:api|access|secret|private|auth|client|encryption|maps)[_.-]?key)"
)
_ATTRIBUTE = lazy(
    r"(?i)<(?P<element>\w{1,40})[ \t](?:[^<>\r\n]{0,200}[ \t])?(?:name|key|id)=[\"']"
    + _NAMED
    + r"[\"'][^<>\r\n]{0,200}>"
    r"(?:[ \t]*\r?\n[+\- ]?)?[ \t]*(?:<value>[ \t]*)?(?P<secret>[^<>\s]{4,2048})[ \t]*(?:\r?\n[+\- ]?[ \t]*)?</"
)
_PLIST = lazy(
    r"(?i)<key>" + _NAMED + r"</key>[ \t]*(?:\r?\n[+\- ]?)?[ \t]*<string>(?P<secret>[^<>\s]{4,2048})</string>"
)


def find(text: str) -> Iterator[Found]:
    """Every secret of an element that is named by another place, in no order."""
    if "</" not in text:
        return
    for match in _ATTRIBUTE.finditer(text):
        # Android keeps its labels in <string>, of which a password's is a plain word.
        if _fits(match, word=match["element"].lower() != "string"):
            yield Found("password" if match["password"] else "secret", *match.span("secret"))
    if "<key>" in text:
        for match in _PLIST.finditer(text):
            if _fits(match, word=True):
                yield Found("password" if match["password"] else "secret", *match.span("secret"))


def _fits(match: re.Match[str], *, word: bool) -> bool:
    value = match["secret"]
    if looks_random(value):
        return True
    if not match["password"] or is_other(value):
        return False
    return looks_like_password(value, quoted=True) or (word and could_be(value))
