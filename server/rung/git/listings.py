"""Names of files that stand in lists: ``git status``, long and short, and a name a line, as ``--name-only``. Pure.

A name says something of what is pinned, so pins hold for it. Prose and code are told from lists by their form alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rung.git.diff_paths import plain
from rung.types.pattern import lazy

_QUOTED = r'"(?:[^"\\]|\\.){0,2000}"'
_LONG = lazy(
    r"^#?[ \t]+(?:modified|new file|deleted|renamed|copied|typechange|both (?:modified|added|deleted)"
    r"|(?:added|deleted) by (?:us|them)): +(\S.*)$",
    re.MULTILINE,
)
_SUBMODULE = lazy(r" \((?:new commits|modified content|untracked content|commits not present)[a-z ,]*\)$")
_UNTRACKED = lazy(r"^#? ?(?:Untracked|Ignored) files:\n(?:#? +\(.*\n|#?\n)*((?:#?\t.+(?:\n|\Z))+)", re.MULTILINE)
_SHORT = lazy(
    rf"^(?:[MADRCTU][ MADTU]|[ ][MADTU]|\?\?|!!) ({_QUOTED}|[^\s\"]+)(?: -> ({_QUOTED}|[^\s\"]+))?$", re.MULTILINE
)
_NAME = lazy(rf"{_QUOTED}|(?!.*://)[^\s\"'<>;=|&{{}},]{{1,1000}}")
_SURE = lazy(r"/|\.[A-Za-z]\w{0,11}\"?$")
"""What makes a lone word the name of a file."""


def names_in(text: str) -> Iterator[str]:
    """Every name that a list in the text gives a file, once or more."""
    if ": " in text or "files:" in text:
        for found in _LONG.findall(text):
            yield from _both(_SUBMODULE.sub("", found))
        for block in _UNTRACKED.findall(text):
            yield from (plain(line.lstrip("#").strip()) for line in block.splitlines())
    for old, new in _SHORT.findall(text):
        yield from (plain(name) for name in (old, new) if name)
    yield from _name_a_line(text)


def _both(name: str) -> Iterator[str]:
    """``old -> new`` are two."""
    yield from (plain(one) for one in name.split(" -> ", 1))


def _name_a_line(text: str) -> tuple[str, ...]:
    """The lines, where each of them is a name and at least one is surely a file's."""
    # What is no list is mostly known by its first line.
    if "\n" not in text or not _NAME.fullmatch(text.lstrip("\n").partition("\n")[0].rstrip("\r")):
        return ()
    lines = [line.rstrip("\r") for line in text.split("\n") if line.strip()]
    if not all(_NAME.fullmatch(line) for line in lines) or not any(_SURE.search(line) for line in lines):
        return ()
    return tuple(plain(line) for line in lines)
