"""What the diff of one file shows: the lines that came and went, and the names they define. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from rung.actions.builtin import lines as kinds_of_lines
from rung.actions.builtin.areas import Area
from rung.actions.builtin.dependencies import Bump, bumps, own_version
from rung.actions.builtin.languages import PYTHON, Language, Symbol, defined, language_of
from rung.git.diff import Hunk
from rung.git.staged import FileChange
from rung.types.pattern import lazy
from rung.types.value import Value

_TEST_MARK = lazy(r"\s*(?:#\[(?:\w+::)?test|@Test\b|#\[cfg\(test\)|#\[rstest|\[(?:Fact|Theory|Test)\])")


class FileFacts(Value):
    """One file."""

    change: FileChange
    area: Area
    language: Language
    hunks: tuple[Hunk, ...] = ()
    plus: tuple[str, ...] = ()
    """Added lines that are neither blank nor a comment."""
    minus: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    """Added comment lines."""
    edits: tuple[str, ...] = ()
    """Added lines outside what is newly defined: those that change what was there."""
    bodies: tuple[str, ...] = ()
    """Added lines of what is newly defined."""
    new: tuple[Symbol, ...] = ()
    """Defined now and not before, in this file."""
    gone: tuple[Symbol, ...] = ()
    touched: tuple[str, ...] = ()
    """Functions and classes that lines changed in, other than new and gone ones."""

    @property
    def path(self) -> str:
        """The new name."""
        return self.change.path

    @cached_property
    def replaced(self) -> list[tuple[str, str]]:
        """Old and new line, where as many came as went."""
        return kinds_of_lines.pairs(self.hunks)

    @cached_property
    def layout(self) -> bool:
        """Only the layout changed."""
        whole = self.change.status == "M" and bool(self.hunks) and not self.change.cut
        return whole and kinds_of_lines.only_layout(self.hunks, self.language)

    @cached_property
    def comments(self) -> bool:
        """Only comments and docstrings changed."""
        whole = self.change.status in "MR" and bool(self.hunks) and not self.change.cut
        return whole and kinds_of_lines.only_comments(self.hunks, self.language)

    @cached_property
    def typing(self) -> bool:
        """Only type annotations changed."""
        return self.change.status == "M" and bool(self.hunks) and kinds_of_lines.only_typing(self.hunks)

    @cached_property
    def imports(self) -> bool:
        """Only what is imported changed."""
        return bool(self.hunks) and all(kinds_of_lines.is_import(line) for line in (*self.plus, *self.minus))

    @cached_property
    def bumps(self) -> tuple[Bump, ...]:
        """Versions of dependencies that changed."""
        return bumps(line for hunk in self.hunks for line in hunk.lines)

    @cached_property
    def version(self) -> str | None:
        """The project's own new version."""
        old = [found for line in self.minus if (found := own_version(line))]
        new = [found for line in self.plus if (found := own_version(line))]
        return new[0] if new and old and new[0] != old[0] else None


def is_test(hunk: Hunk) -> bool:
    """Whether it stands in a test that a file of the program holds, as in Rust."""
    if re.search(r"\bmod tests?\b", hunk.heading):
        return True
    return any(_TEST_MARK.match(line[1:]) for line in hunk.lines)


def _decorated(hunk: Hunk, position: int, language: Language) -> str | None:
    """The name that the decorator at ``position`` belongs to."""
    below = (defined(line[1:], language) for line in hunk.lines[position + 1 : position + 6] if line[:1] != "-")
    return next((symbol.name for symbol in below if symbol), None)


def _changed(hunk: Hunk, area: Area, language: Language) -> Iterator[tuple[str, str, Symbol | None, str]]:
    """The lines that came and went: sign, text, what it defines, and the function or class it stands in, or ""."""
    heading = defined(hunk.heading, language)
    around = heading.name if heading else ""
    marked = False
    for position, line in enumerate(hunk.lines):
        sign, text = line[:1], line[1:]
        symbol = defined(text, language)
        if symbol and (marked or symbol.name in ("test", "tests")) and area == "source":
            symbol, around = None, ""  # tests inside the program's files name nothing
        marked = bool(_TEST_MARK.match(text)) or (marked and text.lstrip()[:1] in ("#", "@", "["))
        if symbol and symbol.sort in ("function", "class", "type"):
            around = symbol.name
        elif text.lstrip()[:1] == "@":
            around = _decorated(hunk, position, language) or around
        elif language is PYTHON and text[:1].isalpha():
            around = ""  # git's heading and the definition above are over where a line is not indented
        if sign in ("+", "-") and text.strip():
            yield sign, text, symbol, around


def read(change: FileChange, area: Area, hunks: tuple[Hunk, ...]) -> FileFacts:
    """Read a file's hunks, those at least that are read closely."""
    language = language_of(change.path)
    changed: dict[str, list[str]] = {"+": [], "-": []}
    remarks = []
    symbols: dict[str, dict[str, Symbol]] = {"+": {}, "-": {}}
    touched: dict[str, None] = {}
    placed: list[tuple[str, str]] = []
    for sign, text, symbol, around in (line for hunk in hunks for line in _changed(hunk, area, language)):
        if language.comment.match(text):
            if sign == "+":
                remarks.append(text)
            continue
        changed[sign].append(text)
        if sign == "+":
            placed.append((symbol.name if symbol else around, text))
        if symbol:
            symbols[sign].setdefault(symbol.name, symbol)
        if around:
            touched[around] = None
    new = tuple(symbol for name, symbol in symbols["+"].items() if name not in symbols["-"])
    gone = tuple(symbol for name, symbol in symbols["-"].items() if name not in symbols["+"])
    fresh = {symbol.name for symbol in (*new, *gone)}
    return FileFacts(
        change,
        area,
        language,
        hunks,
        tuple(changed["+"]),
        tuple(changed["-"]),
        tuple(remarks),
        tuple(text for name, text in placed if name not in fresh),
        tuple(text for name, text in placed if name in fresh),
        new,
        gone,
        tuple(name for name in touched if name not in fresh),
    )
