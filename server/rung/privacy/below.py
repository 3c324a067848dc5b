r"""Values that do not simply follow their name: below it, over several lines, in quotes of three.

YAML's ``password: >-`` and ``|``, a JSON value on the next line, ``token = ("..." "...")``. Each line is found by
itself, so that no find holds a line break, a quote or a diff's sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rung.privacy.names import Name, fits, is_word
from rung.types.pattern import lazy

_SIGN = lazy(
    r"""(?:\\?["'`]|\]){0,3}(?:[ \t]*:[ \t]*[A-Za-z_&][\w.\[\], |&']{0,60}?(?=[ \t]*=[^=]))?"""
    r"""[ \t]*(?P<sign>:=|=>|=(?![=~])|:(?!:))[ \t]*"""
)
_BLOCK = lazy(r"(?:!!?\w{1,20}[ \t]+)?[|>][+-]?\d?[+-]?[ \t]*(?:#[^\r\n]*)?\r?\n")
_NEXT_LINE = lazy(r"(?:#[^\r\n]*)?\r?\n")
_PIECE = lazy(
    r"(?P<gap>(?:[ \t]*(?:#[^\r\n]*|\\)?\r?\n[+\- ]?){0,2}[ \t]*(?:[+.][ \t]*)?(?:\r?\n[+\- ]?[ \t]*)?)"
    r"(?:[bBrRuUfF]{1,2}(?=[\"']))?(?P<quote>[\"'`])(?P<value>(?:(?!(?P=quote))(?:\\.|[^\\\r\n])){0,2048}?)(?P=quote)"
    r"[ \t]*[+.\\]?"
)
_OPEN = lazy(r"\([ \t]*")
_TRIPLE = lazy(
    r"\(?[ \t]*[bBrRuUfF]{0,2}(?P<quote>\"{3}|'{3})\\?(?:\r?\n[+\- ]?)?[ \t]*(?P<value>[^\s\"'\\][^\r\n\"'\\]{0,2000}?)"
    r"[ \t]*\\?(?:\r?\n[+\- ]?[ \t]*)?(?P=quote)"
)
_PLAIN = lazy(r"[+\- ]?[ \t]+(?P<value>[^\s\"'`|>&*!%@#{}\[\],][^\s\"'`{}\[\]]{3,2000})[ \t]*\r?$", re.MULTILINE)
_ALONE = lazy(r"(?:\A|[\r\n])[+\- ]?[ \t]*(?:-[ ]+)?[\"']?[\w.-]*\Z")
"""Before the end of a name: nothing else on its line."""
_MOST_PIECES = 40
_MOST_LINES = 8
"""Lines of a block of YAML: what has more is no password."""


def find(text: str, name: Name) -> Iterator[tuple[int, int]]:
    """Where the pieces of the value stand that is given to a name further down, or in quotes of three."""
    sign = _SIGN.match(text, name.end)
    if not sign:
        return
    place = sign.end()
    if text.startswith((">", "|", "!"), place):
        block = _BLOCK.match(text, place)
        if block and sign["sign"] == ":":
            yield from _block(text, name, block.end())
        return
    if triple := _TRIPLE.match(text, place):
        if _is_one(text, name, triple["value"]):
            yield triple.span("value")
        return
    yield from _pieces(text, name, place) or _plain(text, name, sign)


def _is_one(text: str, name: Name, value: str) -> bool:
    return fits(value, name, quoted=True) or is_word(text, name, value)


def _block(text: str, name: Name, place: int) -> Iterator[tuple[int, int]]:
    """The lines of a block of YAML, as far as they stand deeper than the name."""
    start = text.rfind("\n", 0, name.start) + 1
    depth = _depth(text[start : name.start])
    for _ in range(_MOST_LINES):
        stop = text.find("\n", place)
        line = text[place : stop if stop >= 0 else len(text)]
        value = line.lstrip("+- \t").rstrip() if line[:1] in {"+", "-"} else line.strip()
        if value and _depth(line) <= depth:
            return
        if value and _is_one(text, name, value):
            begin = text.index(value, place)
            yield begin, begin + len(value)
        if stop < 0:
            return
        place = stop + 1


def _depth(line: str) -> int:
    """How deep a line stands, a diff's sign apart."""
    own = line[1:] if line[:1] in {"+", "-"} and line[1:2] != " " else line
    own = " " + own[1:] if own[:1] in {"+", "-"} else own
    return len(own) - len(own.lstrip(" "))


def _pieces(text: str, name: Name, place: int) -> list[tuple[int, int]]:
    """The pieces of a value in quotes that begin below, or follow each other; none where they are no secret."""
    opened = _OPEN.match(text, place)
    place = opened.end() if opened else place
    pieces: list[re.Match[str]] = []
    while len(pieces) < _MOST_PIECES and (piece := _PIECE.match(text, place)):
        if pieces and not opened and "\n" in piece["gap"] and text[place - 1] not in "+.\\":
            break
        pieces.append(piece)
        place = piece.end()
    below = bool(pieces) and (len(pieces) > 1 or bool(opened) or "\n" in pieces[0]["gap"])
    if not below or not _is_one(text, name, "".join(piece["value"] for piece in pieces)):
        return []
    return [piece.span("value") for piece in pieces if piece["value"]]


def _plain(text: str, name: Name, sign: re.Match[str]) -> list[tuple[int, int]]:
    """A value of YAML without quotes on the line below its name."""
    line = _NEXT_LINE.match(text, sign.end())
    if not line or sign["sign"] != ":" or not _ALONE.search(text, max(0, name.end - 200), name.end):
        return []
    value = _PLAIN.match(text, line.end())
    if not value or value["value"].endswith(":") or not fits(value["value"], name, quoted=False):
        return []
    start = text.rfind("\n", 0, name.start) + 1
    deeper = _depth(text[line.end() : value.start("value")] + "x") > _depth(text[start : name.end])
    return [value.span("value")] if deeper else []
