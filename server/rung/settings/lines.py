"""On which line of a TOML text a value stands.

``tomllib`` forgets lines. This reads a text that ``tomllib`` has accepted once more, keeping nothing but positions: a
path such as ``("tier", 0, "model", 1, "context")`` to the line, counted from 1, of the key (or of the element, in an
array). It checks nothing: of a text that is not TOML it says something, without raising.
"""

from __future__ import annotations

import re
from typing import TypeAlias

Where: TypeAlias = tuple[str | int, ...]
"""A place in the data: keys, and numbers from 0 in arrays."""

_DEEPEST = 50
"""Keys in one `a.b.c` that are looked at; no setting is so deep, and each would cost as much as all before it."""
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_PLAIN = re.compile(r"[^,\]}#\n]*")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


class Lines:
    """The lines of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0
        self._tables: dict[Where, int] = {}
        """Arrays of tables, each with how many it has so far."""
        self._found: dict[Where, int] = {(): 1}
        self._read()

    def of(self, path: Where) -> int:
        """The line of the path, or of the nearest thing around it."""
        while path not in self._found:
            path = path[:-1]
        return self._found[path]

    def _read(self) -> None:
        table: Where = ()
        while self._skip(_BLANK) < len(self._text):
            before = self._at
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)
            if self._at == before:
                self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._at

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _header(self) -> Where:
        line = self._here()
        is_array = self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        keys = self._key()
        self._at += 2 if is_array else 1
        table: Where = ()
        for key in keys[:-1][:_DEEPEST]:
            table = self._last((*table, key))
            self._found.setdefault(table, line)
        table = (*table, *keys[-1:])
        if is_array:
            self._found.setdefault(table, line)
            self._tables[table] = self._tables.get(table, 0) + 1
            table = self._last(table)
        else:
            # `[a.b]` may come before `[a]`: the header that names it wins over one that only passes through.
            table = self._last(table)
        self._found[table] = line
        return table

    def _last(self, table: Where) -> Where:
        count = self._tables.get(table)
        return (*table, count - 1) if count else table

    def _key(self) -> tuple[str, ...]:
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            match = _STRING.match(self._text, self._at) or _BARE.match(self._text, self._at)
            if not match:
                return tuple(keys)
            self._at = match.end()
            keys.append(_unquoted(match.group()))
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return tuple(keys)
            self._at += 1

    def _pair(self, table: Where) -> None:
        line = self._here()
        keys = self._key()
        for depth in range(1, min(len(keys), _DEEPEST) + 1):
            self._found.setdefault((*table, *keys[:depth]), line)
        if self._text.startswith("=", self._at):
            self._at += 1
            self._skip(_SPACE)
            self._value((*table, *keys))

    def _value(self, path: Where) -> None:
        if self._text.startswith("[", self._at):
            self._many(path, "]")
        elif self._text.startswith("{", self._at):
            self._many(path, "}")
        elif self._text.startswith(("'", '"'), self._at):
            self._skip(_STRING)
        else:
            self._skip(_PLAIN)

    def _many(self, path: Where, end: str) -> None:
        self._at += 1
        number = 0
        while self._skip(_BLANK) < len(self._text):
            before = self._at
            if self._text.startswith(end, self._at):
                self._at += 1
                return
            if self._text.startswith(",", self._at):
                self._at += 1
                continue
            if end == "}":
                self._pair(path)
            else:
                self._found[*path, number] = self._here()
                self._value((*path, number))
                number += 1
            if self._at == before:
                self._at += 1


def _unquoted(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    if key.startswith('"'):
        return _ESCAPE.sub(_plain, key[1:-1])
    return key


def _plain(match: re.Match[str]) -> str:
    digits = match[1] or match[2]
    if digits:
        return chr(int(digits, 16))
    return _SHORT.get(match[3], match[3])
