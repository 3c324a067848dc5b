"""What a staged change shows: read once, in one pass over the diff, for kind, scope, subject and body alike.

Invariant: at most :data:`LINES` lines of the diff are read closely; beyond, git's own counts stand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cached_property

from rung.actions.builtin import lines as kinds_of_lines
from rung.actions.builtin.areas import Area, area_of
from rung.actions.builtin.dependencies import Bump, bumps, own_version
from rung.actions.builtin.languages import Language, Symbol, defined, language_of
from rung.git.diff import Hunk, parse
from rung.git.staged import FileChange, StagedChange
from rung.types.value import Value

LINES = 40_000
_LONGEST = 2000
"""Characters of a line a person may have written; a file with longer ones is not read closely."""
_MANY = 4
_COMPARED = 200
"""Lines that are compared each with each."""
_TEST_MARK = re.compile(r"\s*(?:#\[(?:\w+::)?test|@Test\b|#\[cfg\(test\)|#\[rstest|\[(?:Fact|Theory|Test)\])")
_FILE_CHARACTERS = 300_000


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


class Facts(Value):
    """The whole change."""

    change: StagedChange
    files: tuple[FileFacts, ...]

    def of(self, *areas: Area) -> tuple[FileFacts, ...]:
        """The files of these areas."""
        return tuple(file for file in self.files if file.area in areas)

    @cached_property
    def source(self) -> tuple[FileFacts, ...]:
        """The program itself."""
        return self.of("source")

    @cached_property
    def only_new(self) -> bool:
        """The program got new files, and no file of it that was there before changed."""
        return bool(self.source) and all(file.change.status == "A" for file in self.source)

    @cached_property
    def moved(self) -> frozenset[str]:
        """Names that left one file and came up in another."""
        gone = {(symbol.name, file.path) for file in self.files for symbol in file.gone}
        new = {(symbol.name, file.path) for file in self.files for symbol in file.new}
        return frozenset(name for name, path in new if any(other == name and where != path for other, where in gone))

    @cached_property
    def new(self) -> tuple[Symbol, ...]:
        """What the program defines now and did not before, once each."""
        return self._once(symbol for file in self.source for symbol in file.new)

    @cached_property
    def gone(self) -> tuple[Symbol, ...]:
        """What the program does not define any more."""
        return self._once(symbol for file in self.source for symbol in file.gone)

    @cached_property
    def plus(self) -> tuple[str, ...]:
        """The program's added lines."""
        return tuple(line for file in self.source for line in file.plus)

    @cached_property
    def minus(self) -> tuple[str, ...]:
        """The program's deleted lines."""
        return tuple(line for file in self.source for line in file.minus)

    @cached_property
    def edits(self) -> tuple[str, ...]:
        """Lines added to what was there, and not deleted elsewhere."""
        return _without(tuple(line for file in self.source for line in file.edits), self.minus)

    @cached_property
    def bodies(self) -> tuple[str, ...]:
        """Lines of what is newly defined, and not deleted elsewhere."""
        return _without(tuple(line for file in self.source for line in file.bodies), self.minus)

    @cached_property
    def net_plus(self) -> tuple[str, ...]:
        """Added lines that were not deleted elsewhere: what is truly new."""
        return _without(self.plus, self.minus)

    @cached_property
    def net_minus(self) -> tuple[str, ...]:
        """Deleted lines that did not come back elsewhere."""
        return _without(self.minus, self.plus)

    @cached_property
    def replaced(self) -> tuple[tuple[str, str], ...]:
        """Old and new line where as many came as went, in the program."""
        return tuple(pair for file in self.source for pair in file.replaced)

    @cached_property
    def extracted(self) -> tuple[str, ...]:
        """New functions that are called where their lines, or lines much like them, stood before."""
        called = [symbol for symbol in self.new if any(f"{symbol.name}(" in line for line in self.edits)]
        if not called or not self.minus:
            return ()
        bodies = [line.strip() for file in self.source for line in file.bodies][:_COMPARED]
        went = [line.strip() for line in self.minus if len(line.strip()) > _MANY][:_COMPARED]
        alike = sum(1 for line in went if line in bodies or get_close_matches(line, bodies, 1, 0.7))
        least = 2 if any(symbol.public for symbol in called) else 1
        return tuple(symbol.name for symbol in called) if alike >= max(least, 0.6 * len(went)) else ()

    @cached_property
    def renamed_word(self) -> tuple[str, str] | None:
        """The one identifier that was replaced, if that is all that happened to the program."""
        together = [pair for file in (*self.source, *self.of("test")) for pair in file.replaced]
        if not self.source or len(self.plus) != len(self.minus) or len(self.replaced) < len(self.plus):
            return None
        word = kinds_of_lines.renamed_word(together)
        if word is None or len(together) >= _MANY:
            return word
        # In a line or two it is a rename only where the name is made: defined or assigned.
        made = re.compile(
            r"(?:\b(?:def|class|function|fn|func|fun|struct|type|interface|enum|let|const|var)\s+|^\s*)"
            + re.escape(word[1])
            + r"\b(?:\s*[(:=<{]|$)"
        )
        return word if len(together) > 1 and any(made.search(new) and "==" not in new for _, new in together) else None

    def _once(self, symbols: Iterable[Symbol]) -> tuple[Symbol, ...]:
        return tuple({symbol.name: symbol for symbol in symbols if symbol.name not in self.moved}.values())


def _without(lines: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    rest = Counter(line.strip() for line in others)
    kept = []
    for line in lines:
        if rest[line.strip()]:
            rest[line.strip()] -= 1
        else:
            kept.append(line)
    return tuple(kept)


def facts_of(change: StagedChange) -> Facts:
    """Read a staged change."""
    budget = LINES
    files = []
    for file in change.files:
        area: Area = (
            "submodule"
            if file.submodule
            else area_of(file.path, lock=file.lock, generated=file.generated, binary=file.binary)
        )
        if area == "other" and re.search(r"^[ +]#!", file.diff[:2000], re.MULTILINE):
            area = "source"
        hunks: tuple[Hunk, ...] = ()
        if budget > 0 and not file.lock and not file.submodule and area != "generated":
            hunks = tuple(hunk for part in parse(file.diff[:_FILE_CHARACTERS]) for hunk in part.hunks)
            budget -= sum(len(hunk.lines) for hunk in hunks)
            if any(len(line) > _LONGEST for hunk in hunks for line in hunk.lines):
                hunks = ()
        if area == "source" and file.path.endswith(".rs") and hunks and all(_is_test(hunk) for hunk in hunks):
            area = "test"  # Rust's tests live in the program's own files
        files.append(_file(file, area, hunks))
    return Facts(change, tuple(files))


def _is_test(hunk: Hunk) -> bool:
    if re.search(r"\bmod tests?\b", hunk.heading):
        return True
    return any(_TEST_MARK.match(line[1:]) for line in hunk.lines)


def _decorated(hunk: Hunk, position: int, language: Language) -> str | None:
    """The name that the decorator at ``position`` belongs to."""
    below = (defined(line[1:], language) for line in hunk.lines[position + 1 : position + 6] if line[:1] != "-")
    return next((symbol.name for symbol in below if symbol), None)


def _file(change: FileChange, area: Area, hunks: tuple[Hunk, ...]) -> FileFacts:
    language = language_of(change.path)
    changed: dict[str, list[str]] = {"+": [], "-": []}
    remarks = []
    symbols: dict[str, dict[str, Symbol]] = {"+": {}, "-": {}}
    touched: dict[str, None] = {}
    placed: list[tuple[str, str]] = []
    for hunk in hunks:
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
            if sign not in changed or not text.strip():
                continue
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
