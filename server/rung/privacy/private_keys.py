"""Private keys over several lines: PEM, OpenSSH, PGP and PuTTY, in a file, in a diff, or in one quoted string.

The lines that say what it is stay, and so do diff signs, indents and quotes: only the key's own letters are found, each
line by itself. A key that is cut off at either end, as a diff cuts it, is found as far as it goes; one with something
before each line, as ``cat -n``, ``grep -n``, ``git blame`` and logs write it, as far as that stays alike. A key as JSON
(JWK) loses the members that are private.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from rung.privacy.found import Found
from rung.types.pattern import lazy

_KIND = "private-key"
_BEGIN = lazy(r"-{4,5} ?BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_END = lazy(r"-{4,5} ?END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_PUTTY = lazy(r"Private-Lines: (\d{1,3})[ \t]*\r?\n")
_MARKER = lazy(r"[+\- ]{0,2}")
_LINE = lazy(
    r"""[ \t]*(?:#|//|\*|;|>|\|)?[ \t]*(?:[fbruFBRU]{0,2}["'`]|\()?[ \t]*(?P<key>=?[A-Za-z0-9+/]+={0,2})(?P<rest>.*)"""
)
_REST = lazy(r"""(?:\\[nr])*["'`]?[ \t]*(?:\+|\\|,|\)|;|\.)?[ \t]*(?:\\[nr])*["'`]?""")
_HEADER = lazy(r"""[ \t]*(?:#|//|\*|["'`])?[ \t]*[A-Z][A-Za-z-]{1,30}: .*""")
_EMPTY = lazy(r"""[ \t+\-#>*"'`]*(?:\\[nr])*[ \t"'`+,\\]*""")
_BREAK = r"(?:\\{1,4}[nr]|&#(?:x0?[ad]|1[03]);|<br ?/?>|%0[ad])"
"""The end of a line, as strings, HTML and addresses write it."""
_ONE_LINE = lazy(rf"(?i)(?:{_BREAK}|\s|[a-z0-9+/=])*")
_RUN = lazy(rf"(?i){_BREAK}+|(?P<key>[a-z0-9+/=]+)")
_ENCODED = lazy(r"(?<![A-Za-z0-9/])LS0tLS1CRUdJTi[A-Za-z0-9+/]{40,20000}={0,2}")
"""``-----BEGIN`` in base64, as Kubernetes and variables of the environment hold a key."""
_WRAPPED = lazy(r"\r?\n(?=[+\- ]{0,2}[ \t]*[A-Za-z0-9+/]{60,76}=?=?[ \t]*\r?$)", re.MULTILINE)
_LAST_RUN = lazy(r"""(?P<key>[A-Za-z0-9+/]+={0,2})(?:\\[nr])*["'`]?[ \t]*[+,\\]?[ \t]*\Z""")
_UNEVEN = 3
"""Letters by which what stands before each line may grow or shrink: the number of a line does."""
_LONGEST_GUTTER, _LONGEST_LINE = 200, 200
_JWK = lazy(r"""\\{0,3}["']kty\\{0,3}["']""")
_PRIVATE_MEMBER = lazy(
    r"""(?P<quote>\\{0,3}["'])(?:d|p|q|dp|dq|qi|k)(?P=quote)[ \t]*:\s{0,8}"""
    r"""(?P=quote)(?P<key>[A-Za-z0-9_-]{20,2800})(?P=quote)"""
)
_LONGEST_JWK = 8000
_FULL = lazy(r"""(?:[+\- ]{0,2})[ \t]*(?:#|//|\*|["'`])?[ \t]*[A-Za-z0-9+/]{60,76}["'`+\\n \t]*""")
_LEAST_RUN = 24
"""Letters in a row that no remark between BEGIN and END has."""
_LONGEST = 12_000
"""Characters of a key on one line: nearly twice what RSA with 8192 bits takes."""
_MOST_LINES = 400


def find(text: str) -> Iterator[Found]:
    """Every line of every private key."""
    if "PRIVATE KEY" in text:
        for begin in _BEGIN.finditer(text):
            yield from _after(text, begin)
        yield from _before_ends(text)
    if "LS0tLS1CRUdJTi" in text:
        for key in _ENCODED.finditer(text):
            if b"PRIVATE KEY" in base64.b64decode(key[0][:80]):
                yield Found(_KIND, *key.span(), key.start())
                if below := _WRAPPED.match(text, key.end()):  # ``base64`` ends a line after 76 letters
                    yield from _lines(text, below.end(), _marker(text, key.start()), key.start(), _MOST_LINES)
    for kind in _JWK.finditer(text) if "kty" in text else ():
        for member in _PRIVATE_MEMBER.finditer(text, *_object_around(text, kind.start())):
            yield Found(_KIND, *member.span("key"))
    for head in _PUTTY.finditer(text):
        marker = _marker(text, head.start())
        yield from _lines(text, head.end(), marker, head.start(), int(head[1]))


def _object_around(text: str, place: int) -> tuple[int, int]:
    """The object of a JSON text that a place lies in, which holds no other."""
    start = text.rfind("{", max(0, place - _LONGEST_JWK), place)
    end = text.find("}", place, place + _LONGEST_JWK)
    return max(start, 0), len(text) if end < 0 else end


def _marker(text: str, place: int) -> int:
    """How many characters of a diff's signs stand before a line's own text, from the line that holds ``place``."""
    start = text.rfind("\n", 0, place) + 1
    found = _MARKER.match(text, start, place)
    sign = found[0].rstrip(" ") if found else ""
    return len(sign) or (1 if text.startswith(" ", start) and start < place else 0)


def _after(text: str, begin: re.Match[str]) -> Iterator[Found]:
    """The key behind a BEGIN."""
    newline = text.find("\n", begin.end())
    line_end = len(text) if newline < 0 else newline
    line_end = min(line_end, begin.end() + _LONGEST)
    end = _END.search(text, begin.end(), line_end)
    inside = end.start() if end else line_end
    one_line = _ONE_LINE.fullmatch(text, begin.end(), inside)
    if one_line and any(len(run["key"] or "") >= _LEAST_RUN for run in _RUN.finditer(one_line[0])):
        for run in _RUN.finditer(text, begin.end(), inside):
            if run["key"]:
                yield Found(_KIND, *run.span("key"), begin.start())
    if end is None and newline >= 0:
        lines = list(_lines(text, newline + 1, _marker(text, begin.start()), begin.start(), _MOST_LINES))
        yield from lines or _behind_a_gutter(text, newline + 1, begin)


def _behind_a_gutter(text: str, place: int, begin: re.Match[str]) -> Iterator[Found]:
    """The lines of a key that something stands before: a number, the name of a file, a time."""
    gutter = begin.start() - text.rfind("\n", 0, begin.start()) - 1
    if not 0 < gutter <= _LONGEST_GUTTER:
        return
    is_key = False
    for _ in range(_MOST_LINES):
        newline = text.find("\n", place)
        stop = len(text) if newline < 0 else newline
        stop -= text[place:stop].endswith("\r")
        too_long = stop - place > gutter + _LONGEST_LINE
        if too_long or _END.search(text, place, stop) or _BEGIN.search(text, place, stop):
            return
        run = _LAST_RUN.search(text, place, stop)
        if run and abs(run.start() - place - gutter) <= _UNEVEN and (is_key or len(run["key"]) >= _LEAST_RUN):
            is_key = True
            yield Found(_KIND, *run.span("key"), begin.start())
        elif is_key or not (stop - place <= gutter + _UNEVEN or _HEADER.fullmatch(text, place + gutter, stop)):
            return
        if newline < 0:
            return
        place = newline + 1


def _lines(text: str, place: int, marker: int, block: int, most: int) -> Iterator[Found]:
    """The lines of a key from ``place`` on, as long as they can be such."""
    for _ in range(most):
        newline = text.find("\n", place)
        stop = len(text) if newline < 0 else newline
        stop -= text[place:stop].endswith("\r")
        own = place + (marker if not text[place : place + marker].strip("+- ") else 0)
        if _END.search(text, own, stop) or _BEGIN.search(text, own, stop):
            return
        line = _LINE.fullmatch(text, own, stop)
        if line and _REST.fullmatch(line["rest"]):
            yield Found(_KIND, *line.span("key"), block)
        elif not (_EMPTY.fullmatch(text, own, stop) or _HEADER.fullmatch(text, own, stop)):
            return
        if newline < 0:
            return
        place = newline + 1


def _before_ends(text: str) -> Iterator[Found]:
    """The lines above an END whose BEGIN is not there, as in a diff's hunk: as far as they are full."""
    for end in _END.finditer(text):
        marker = _marker(text, end.start())
        stop = text.rfind("\n", 0, end.start())
        for number in range(_MOST_LINES):
            if stop <= 0:
                break
            start = text.rfind("\n", 0, stop) + 1
            line_end = stop - text[start:stop].endswith("\r")
            full = _FULL.fullmatch(text, start, line_end)
            own = start + (marker if not text[start : start + marker].strip("+- ") else 0)
            line = _LINE.fullmatch(text, own, line_end)
            # The last line of a key is seldom full.
            if not line or not _REST.fullmatch(line["rest"]) or not (full or (number == 0 and not line["rest"])):
                break
            yield Found(_KIND, *line.span("key"), end.start())
            stop = start - 1
