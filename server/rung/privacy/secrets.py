"""Finds the secrets in a text: by their form, by the name they are given to, by what they stand beside or in.

Pure: a text in, places out. Takes some tens of milliseconds for 100 KB, and a fifth of a second more the first time a
text holds anything that may be a token: call it in a thread.
"""

from __future__ import annotations

from rung.privacy import (
    addresses,
    arguments,
    assignments,
    aws_pairs,
    commands,
    headers,
    kubernetes,
    logins,
    markup,
    private_keys,
    tables,
    tokens,
)
from rung.privacy.found import Found
from rung.privacy.views import through_views

_SEARCHES = (
    private_keys,
    tokens,
    aws_pairs,
    addresses,
    logins,
    headers,
    commands,
    arguments,
    markup,
    tables,
    kubernetes,
    assignments,
)
"""The surest first: it names what several of them find."""


def find(text: str) -> tuple[Found, ...]:
    """All secrets of a text, in its order, none touching another; what overlapped is one find.

    No find holds a line break, a quote that encloses it, or a diff's sign.
    """
    return tuple(_before_backslash(text, found) for found in merge(list(through_views(text, _find))))


def _before_backslash(text: str, found: Found) -> Found:
    r"""A find without the backslash at its end that belongs to the quote behind it: ``"\"Password=SECRET\""``."""
    end = found.end
    if not text.startswith('"', end) or not text.endswith("\\", found.start, end):
        return found
    backslashes = end - len(text[found.start : end].rstrip("\\")) - found.start
    return found.replace(end=end - 1) if backslashes % 2 and found.end - found.start > 1 else found


def _find(text: str) -> list[Found]:
    return [found for search in _SEARCHES for found in search.find(text)]


def merge(found: list[Found]) -> tuple[Found, ...]:
    """Finds in order, the overlapping ones as one; it is named by what was searched for first, the surest."""
    ranked = sorted(enumerate(found), key=lambda item: (item[1].start, -item[1].end))
    merged: list[tuple[int, Found]] = []
    for rank, new in ranked:
        if merged and new.start < merged[-1][1].end:
            kept_rank, kept = merged[-1]
            name = (rank, new) if rank < kept_rank else (kept_rank, kept)
            merged[-1] = (name[0], name[1].replace(start=kept.start, end=max(kept.end, new.end)))
        else:
            merged.append((rank, new))
    return tuple(item for _, item in merged)
