r"""AWS secret access keys that stand bare beside their key id: pasted credentials, CSV, JSON, arguments, diffs.

Forty characters of base64 have nothing that tells what they are: a git hash has as many. So only those near an access
key id count that are no hash, which is how the two are handed out.
"""

from __future__ import annotations

from collections.abc import Iterator

from rung.privacy.found import Found
from rung.privacy.values import is_made_up
from rung.types.pattern import lazy

_ID = lazy(r"(?<![A-Za-z0-9])A(?:KIA|SIA|BIA|CCA)[0-9A-Z]{16}(?![A-Za-z0-9])")
_KEY = lazy(r"(?<![A-Za-z0-9/+=_.-])(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=_])")
_SIGNED = lazy(r"(?m)^[+\- ]{1,2}[ \t]*(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=_])")
_DIGEST = lazy(r"[0-9a-f]{40}|[0-9A-F]{40}")
_REACH = 10
"""Lines before and after the id."""
_FAR = 3000
"""Characters before and after the id, where lines are long."""
_OVERLAP = 100


def find(text: str) -> Iterator[Found]:
    """Every bare secret key near an access key id, in no order; one near two ids comes twice."""
    searched = 0
    for key in _ID.finditer(text):
        start, end = max(_above(text, key.start()), searched), _below(text, key.end())
        # Ids beside each other have most of their lines in common; a key may lie across the end of what was searched.
        searched = max(searched, end - _OVERLAP)
        for pattern in (_KEY, _SIGNED):
            for match in pattern.finditer(text, start, end):
                if _is_random(match["secret"]):
                    yield Found("aws-key", *match.span("secret"))


def _above(text: str, place: int) -> int:
    floor = max(0, place - _FAR)
    for _ in range(_REACH + 1):
        newline = text.rfind("\n", floor, place)
        if newline < 0:
            return floor
        place = newline
    return place


def _below(text: str, place: int) -> int:
    ceiling = min(len(text), place + _FAR)
    for _ in range(_REACH + 1):
        newline = text.find("\n", place, ceiling)
        if newline < 0:
            return ceiling
        place = newline + 1
    return place


def _is_random(value: str) -> bool:
    """Large and small letters and a third kind, as in all but one of a thousand keys, and no digest."""
    if _DIGEST.fullmatch(value) or is_made_up(value) or len(set(value)) < 15:
        return False
    return any(map(str.isupper, value)) and any(map(str.islower, value)) and not value.isalpha()
