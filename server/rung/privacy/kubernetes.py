r"""The values of Kubernetes secrets: all that stands below ``data`` and ``stringData`` of a ``kind: Secret``.

Their names tell nothing, and base64 hides what they are; the document's kind says it. YAML and JSON, as files and as
diffs. A diff's hunk that shows neither kind nor ``stringData`` can't be known.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections.abc import Iterator

from rung.privacy.found import Found
from rung.privacy.values import is_placeholder
from rung.types.pattern import lazy

_KIND = "kubernetes-secret"
_SECRET = lazy(r"""(?m)["']?\bkind["']?[ \t]*:[ \t]*["']?Secret["']?[ \t]*(?:,|\r?$|\})""")
_BOUNDARY = lazy(r"(?m)^[+\- ]?(?:---[ \t]*\r?$|diff --git )")
_BLOCK = lazy(r"""(?m)^(?P<sign>[+\- ]??)(?P<indent>[ \t]*)(?P<data>data|stringData):[ \t]*(?:#.*)?\r?$""")
_ENTRY = lazy(
    r"""(?P<sign>[+\- ]?)(?P<indent>[ \t]+)["']?[\w.-]{1,253}["']?:[ \t]+"""
    r"""(?P<quote>["']?)(?P<value>[^\s"'#{][^\r\n"']*?)(?P=quote)[ \t]*(?:[ \t]#.*)?\r?"""
)
_TEXT = lazy(r"[|>][+\-]?\d?")
_JSON_BLOCK = lazy(r""""(?P<data>data|stringData)"[ \t\r\n+\-]*:[ \t]*\{(?P<inside>[^{}]{1,60000})\}""")
_JSON_ENTRY = lazy(r'''"[\w.-]{1,253}"[ \t]*:[ \t]*"(?P<value>[^"\r\n]{1,20000})"''')
_BASE64 = lazy(r"[A-Za-z0-9+/]{4,}={0,2}")
_MOST_LINES = 400


def find(text: str) -> Iterator[Found]:
    """Every value of every secret, in the order of the text."""
    if "Secret" not in text:
        return
    bounds = [0, *(bound.end() for bound in _BOUNDARY.finditer(text)), len(text)]
    for start, end in itertools.pairwise(bounds):
        if not _SECRET.search(text, start, end):
            continue
        for block in _BLOCK.finditer(text, start, end):
            yield from _entries(text, block, end)
        for block in _JSON_BLOCK.finditer(text, start, end):
            for entry in _JSON_ENTRY.finditer(text, *block.span("inside")):
                if _is_secret(entry["value"], encoded=block["data"] == "data"):
                    yield Found(_KIND, *entry.span("value"))


def _entries(text: str, block: re.Match[str], end: int) -> Iterator[Found]:
    """The values below a ``data:``, as far as they stand deeper than it does."""
    depth, encoded = len(block["indent"]), block["data"] == "data"
    place, inside = block.end() + 1, -1
    for _ in range(_MOST_LINES):
        newline = text.find("\n", place, end)
        stop = end if newline < 0 else newline
        line = text[place:stop]
        own = line[1:] if block["sign"] or line[:1] in {"+", "-"} else line
        indent = len(own) - len(own.lstrip())
        if own.strip() and indent <= depth:
            return
        if 0 <= inside < indent and own.strip():
            yield Found(_KIND, place + len(line) - len(own) + indent, place + len(line.rstrip()))
        else:
            entry = _ENTRY.fullmatch(text, place, stop)
            inside = indent if entry and _TEXT.fullmatch(entry["value"]) else -1
            if entry and inside < 0 and _is_secret(entry["value"], encoded=encoded):
                yield Found(_KIND, *entry.span("value"))
        if newline < 0:
            return
        place = newline + 1


def _is_secret(value: str, *, encoded: bool) -> bool:
    """Whether a value is more than a hole to be filled; what is not base64 below ``data`` is one."""
    if is_placeholder(value):
        return False
    if not encoded:
        return len(value) >= 4
    if not _BASE64.fullmatch(value):
        return False
    try:
        decoded = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return True  # cut off, or the bytes of a key
    return not is_placeholder(decoded.strip()) or len(decoded.strip()) > 40
