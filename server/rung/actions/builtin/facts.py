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
from rung.actions.builtin.file_facts import FileFacts, is_test, read
from rung.actions.builtin.languages import Symbol
from rung.git.diff import Hunk, parse
from rung.git.staged import StagedChange
from rung.types.value import Value

LINES = 40_000
"""Lines of a diff that are read closely."""
_LONGEST = 2000
"""Characters of a line a person may have written; a file with longer ones is not read closely."""
_FILE_CHARACTERS = 300_000
"""Characters of one file's diff that are read closely."""
_COMPARED = 200
"""Lines that are compared each with each."""
_BRACKETS = 4
"""Characters; a line with no more is like many others, and tells nothing of where it came from."""
_EVERYWHERE = 4
"""Replaced lines from which on a word that was replaced in all of them was renamed, whatever it is."""


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
        went = [line.strip() for line in self.minus if len(line.strip()) > _BRACKETS][:_COMPARED]
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
        if word is None or len(together) >= _EVERYWHERE:
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
        if area == "source" and file.path.endswith(".rs") and hunks and all(is_test(hunk) for hunk in hunks):
            area = "test"  # Rust's tests live in the program's own files
        files.append(read(file, area, hunks))
    return Facts(change, tuple(files))
