r"""Passwords in a column: CSV whose head names it, ``INSERT INTO users (name, password) VALUES (...)``, ``.pgpass``.

The name stands in another line, or far from the value, so the columns are counted. A plain word in a column of
passwords stays: many a table has types or labels there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rung.privacy.found import Found
from rung.privacy.values import looks_like_password, looks_random
from rung.privacy.words import is_other
from rung.types.pattern import lazy

_COLUMN = lazy(
    r"(?i)[\"'`\[]?[\w ]{0,30}?(?P<password>passw(?:or)?d|passphrase|pwd)[\"'`\]]?"
    r"|[\"'`\[]?[\w ]{0,30}?(?:secret|token|(?:api|access|secret)[ _-]?key)[\"'`\]]?"
)
_TELLING = lazy(r"passw|pwd|passphrase|secret|token|key")
_NAME = r"[\w\"' -]{1,40}"
_HEAD = lazy(rf"[+\- ]?(?P<head>\|?{_NAME}(?P<sign>[,;\t|]){_NAME}(?:(?P=sign){_NAME}){{0,30}}\|?)[ \t]*\r?\n")
_MOST_ROWS = 500
_INSERT = lazy(
    r"(?i)\b(?:insert|replace)[ \t]+(?:ignore[ \t]+)?into[ \t]+[\w.\"'`\[\]]{1,128}[ \t]*\((?P<head>[^()]{1,2000})\)"
    r"[\s+-]{0,80}values[\s+-]{0,80}(?=\()"
)
_STRING = r"'(?:[^'\\\r\n]|\\.|'')*+'"
_ROW = lazy(rf"\((?P<row>(?:{_STRING}|[^()'\r\n]|\([^()'\r\n]{{0,100}}\))++)\)[ \t]*(?:,[\s+-]{{0,80}})?")
_CELL = lazy(r"[ \t]*(?:'(?P<quoted>(?:[^'\\\r\n]|\\.|'')*+)'|[^,']*+)[ \t]*(?:,|$)")
_PORT = lazy(r":(?:\d{4,5}|\*):[A-Za-z_*]")
_PGPASS = lazy(
    r"(?m)^[+\- ]?(?:[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}|localhost|\*):(?:\d{4,5}|\*):(?:[A-Za-z_][\w-]{0,62}|\*)"
    r":[A-Za-z_][\w.@-]{0,62}:(?P<secret>[^\s:]{4,256})[ \t]*\r?$"
)


def find(text: str) -> Iterator[Found]:
    """Every password in a column, in no order."""
    lower = text.replace("\u0130", "i").lower()
    yield from _of_csv(text, lower)
    if "into" in lower:
        yield from _of_inserts(text)
    if _PORT.search(text):
        for match in _PGPASS.finditer(text):
            if _fits(match["secret"], password=True):
                yield Found("password", *match.span("secret"))


def _heads(text: str, lower: str) -> Iterator[re.Match[str]]:
    """The lines that are names of columns, of which one is telling."""
    searched = 0
    while word := _TELLING.search(lower, searched):
        start = text.rfind("\n", searched, word.start()) + 1 or searched
        if head := _HEAD.match(text, start):
            yield head
        end = text.find("\n", word.end())
        if end < 0:
            return
        searched = end + 1


def _fits(value: str, *, password: bool) -> bool:
    return looks_random(value) or (password and looks_like_password(value, quoted=True) and not is_other(value))


def _columns(head: str, sign: str) -> tuple[int, dict[int, bool]]:
    """How many columns there are, and which hold secrets: whether each is one of passwords."""
    names = [name.strip() for name in head.split(sign)]
    matches = {number: _COLUMN.fullmatch(name) for number, name in enumerate(names)}
    return len(names), {number: bool(match["password"]) for number, match in matches.items() if match}


def _of_csv(text: str, lower: str) -> Iterator[Found]:
    """The secrets in the rows below a head, as long as they have as many columns as it."""
    place = 0
    for head in _heads(text, lower):
        if head.start() < place:
            continue  # a row of the table before
        sign = head["sign"]
        count, telling = _columns(head["head"], sign)
        place = head.end()
        for _ in range(_MOST_ROWS if telling else 0):
            end = text.find("\n", place)
            line = text[place : end if end >= 0 else len(text)]
            cells = line.split(sign) if len(line) < 4_000 else []
            if len(cells) != count:
                break
            for number, password in telling.items():
                value = cells[number].strip("\"' \t\r")
                if _fits(value, password=password):
                    start = place + len(sign.join(cells[:number])) + (number > 0) + cells[number].index(value)
                    yield Found("password" if password else "secret", start, start + len(value))
            if end < 0:
                break
            place = end + 1


def _of_inserts(text: str) -> Iterator[Found]:
    """The secrets among the values of SQL's inserts."""
    for insert in _INSERT.finditer(text):
        _, telling = _columns(insert["head"], ",")
        place = insert.end()
        for _ in range(_MOST_ROWS if telling else 0):
            row = _ROW.match(text, place)
            if not row:
                break
            place = row.end()
            for number, cell in enumerate(_CELL.finditer(text, *row.span("row"))):
                if number in telling and cell["quoted"] and _fits(cell["quoted"], password=telling[number]):
                    yield Found("password" if telling[number] else "secret", *cell.span("quoted"))
