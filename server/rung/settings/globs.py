"""Globs as they stand in a file: spelled in one way, and those that could never match refused, for a pin must hold.

A path has no ``./``, no ``..`` and no ``//`` in it, nothing is filled in but the home folder, and no branch has blanks.
"""

from __future__ import annotations

import math
import os
import re

_MOST = 1000
_BRACES = re.compile(r"\{([^{}]*)\}")
_BEGIN = r"(?:(?<=[{,])|^)"
"""Where a path begins, be it one of a choice in braces."""
_HERE = re.compile(rf"({_BEGIN}|/)(?:\.(?:/+|(?=[,}}])|\Z))+")
_TWICE = re.compile(r"(?<!:)(?<!^)//+" if os.name == "nt" else r"(?<!:)//+")
"""More than one slash; not those of an address, nor, on Windows, those before a server's name."""
_ABOVE = re.compile(rf"(?:{_BEGIN}|/)\.\.(?:/|[,}}]|\Z)")
_VARIABLE = re.compile(rf"{_BEGIN}(\$[A-Z_][A-Z0-9_]*|\$\{{\w+\}}|%\w+%)(?:[/\\]|\Z)")
_SOMEBODY = re.compile(rf"{_BEGIN}~[\w.-]+[/\\]")
_NO_BRANCH = re.compile(r"\s|\.\.|[~^:\\]")


def tidied(name: str, glob: str) -> str:
    """The glob as paths are spelled: ``./a//b`` is ``a/b``, the branch ``refs/heads/main`` is ``main``."""
    if name == "branch":
        return glob.removeprefix("refs/heads/")
    glob = f"~/{glob[2:]}" if glob.startswith("~\\") else glob
    return _TWICE.sub("/", _HERE.sub(r"\1", glob))


def problem(name: str, glob: str) -> str | None:
    """Why the glob of a condition, tidied, can match nothing, and what to write instead; None where it can.

    Args:
        name: the condition: ``path``, ``repository`` or ``branch``.
        glob: what stands there.
    """
    if glob.startswith("!"):
        return f"A glob with `!` before it excludes nothing: write `not = {{ {name} = ... }}`."
    if glob != glob.strip():
        return "This glob begins or ends with a blank, which hardly any name does: remove it, or write `[ ]` for it."
    if name == "branch":
        found = _NO_BRANCH.search(glob)
        return f"No branch has `{found[0]}` in its name: write the name as `git branch` shows it." if found else None
    if not glob:
        return "This glob means the folder itself alone: write `**` for everything in it."
    if _ABOVE.search(glob):
        return "No path has `..` in it: write the folder's name from the top, with `/` or `~/` before it."
    if found := _VARIABLE.search(glob):
        home = "`~/`" if "HOME" in found[1] or "USERPROFILE" in found[1] else "what it stands for"
        return f"Nothing is put in the place of `{found[1]}` in a glob: write {home} instead."
    if _SOMEBODY.search(glob):
        return "Only your own home folder has a short name, `~/`: write the other one's whole, such as `/home/ada/`."
    if glob.lower().startswith("file:"):
        return "A path is no address: write it without `file:`, with one `/` before it."
    return None


def is_too_many(glob: str) -> bool:
    """Whether the braces of a glob stand for more than can be looked at (1000)."""
    count, rest, before = 1, glob, ""
    while rest != before:
        before = rest
        count *= math.prod(inside.count(",") + 1 for inside in _BRACES.findall(rest))
        rest = _BRACES.sub("", rest)
    return count > _MOST


TOO_MANY = f"The braces of this glob stand for more than {_MOST}: make it several."
