"""The paths in the lines of a diff: unquoted, without ``a/`` and ``b/``, and found where lines are loose.

All but :func:`starts` is pure: it looks for the repository's folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from rung.types.pattern import lazy

NULL = "/dev/null"
_READINGS = 40
"""How many ways to read one line are tried: a line of blanks must not cost much."""

_ESCAPE = lazy(r"\\([0-7]{3}|.)", re.DOTALL)
_NAMED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", '"': '"', "\\": "\\"}
_QUOTED = lazy(r'"((?:[^"\\]|\\.)*)"')
_PREFIX = lazy(r"(?:[abiwco12])/")

_MARGIN = r"^[ \t>|*\\/+-]*"
"""What a mail, ``git log --graph`` or the diff of a patch puts before a line."""
_LOOSE = lazy(
    _MARGIN
    + r"""(?:
      diff[ ](?:--git[ ](?P<git>.+) | (?:--cc|--combined)[ ](?P<cc>.+) | (?P<other>-\S.*))
    | (?:rename|copy)[ ](?:from|to)[ ](?P<moved>.+)
    | \*\*\*[ ](?:(?:Add|Update|Delete)[ ]File|Move[ ]to):[ ](?P<patch>.+)
    | ====[ ](?P<depot>\S.*?)(?:[ ]====.*)?
    | ==>[ ](?P<head>.+)[ ]<==
    | (?:Added|Modified|Removed|Created|Resolved|Renamed|Copied)[ ]
      (?:(?:regular|executable)[ ]file|symlink|Git[ ]submodule|conflict(?:[ ]in)?)[ ](?P<told>.+):
    | (?:Regular|Executable|Symlink|Conflict|Git|Tree)[ ].{1,60}?[ ]at[ ](?P<at>.+):
    | (?P<sign>---|\+\+\+|\*\*\*)[ ](?P<file>\S.*)
    | Binary[ ]files[ ](?P<binary>.+)[ ]differ
    | Only[ ]in[ ](?P<folder>.+?):[ ](?P<only>.+)
    | Index:[ ](?P<index>.+)
    | (?:Property[ ]changes[ ]on|Submodule):?[ ](?P<named>.+)
    | :{1,9}[0-7]{6}[ ].*?[ ](?P<letter>[A-Z]{1,9}\d{0,3})\t(?P<raw>.+)
    | (?:[ACDMRTU]\d{0,3}|\d+\t\d+|-\t-)\t(?P<listed>.+)
    | (?:create|delete)[ ]mode[ ][0-7]{6}[ ](?P<mode>.+)
    | rename[ ](?P<summary>.+)[ ]\(\d+%\)
    )$""",
    re.VERBOSE,
)
_STAT = lazy(r" +(?:\d+(?: [+-]+)?|Bin\b.*|Unmerged)$")
_SUBMODULE = lazy(r" (?:[0-9a-f]{7,}\.{2,3}[0-9a-f]|contains )")
_BRACES = lazy(r"\{([^{}]*) => ([^{}]*)\}")
_HINT = lazy(
    r"diff |rename |copy |Binary |Only in |Index|Property|Submodule|mode |\t|\||:\d|--- |\+\+\+ |\*\*\* "
    r"|==== |==> "
)
_HEADS = ("git", "cc", "other", "patch", "depot", "head", "told", "at", "file", "index")
"""What stands above text of the file it names."""
_HIT = lazy(r"^([^\s:\0][^:\n\0]{0,400}):[0-9]{1,9}:", re.MULTILINE)
"""A line found, as grep, ripgrep and compilers show it."""


def plain(name: str) -> str:
    """One path as a diff writes it, without quotes, escapes and what follows a tab (a time)."""
    if name.startswith('"'):
        quoted = _QUOTED.match(name)
        if quoted:
            return _unescaped(quoted[1])
    return name.partition("\t")[0].rstrip("\r")


def _unescaped(text: str) -> str:
    raw = bytearray()
    position = 0
    for escape in _ESCAPE.finditer(text):
        raw += text[position : escape.start()].encode("utf-8", "surrogateescape")
        body = escape[1]
        raw += bytes([int(body, 8) & 0xFF]) if len(body) == 3 else _NAMED.get(body, body).encode()
        position = escape.end()
    raw += text[position:].encode("utf-8", "surrogateescape")
    # No file's name has a NUL in it, and nobody can look for one.
    return raw.decode("utf-8", "replace").replace("\0", "\ufffd")


def unprefixed(old: str, new: str) -> tuple[str, str]:
    """A file's two names without ``a/`` and ``b/`` (or git's other letters), if they have such prefixes."""
    if NULL in (old, new):
        return _stripped(old), _stripped(new)
    if old[:2] != new[:2] and _PREFIX.match(old) and _PREFIX.match(new):
        return old[2:], new[2:]
    return old, new


def _stripped(name: str) -> str:
    return name[2:] if _PREFIX.match(name) else name


def starts(root: str | None, here: str | None) -> tuple[str, ...]:
    """The folders that the paths of a diff may start from: the workspace, where we are, and the repository's top.

    Git writes them from the repository's top, or, with ``--relative`` and by ``diff.relative``, from where it is run.
    """
    found = [os.path.abspath(folder) for folder in (root, here) if folder]
    for folder in tuple(found):
        top = folder
        while not os.path.exists(os.path.join(top, ".git")) and os.path.dirname(top) != top:
            top = os.path.dirname(top)
        if os.path.dirname(top) != top:
            found.append(top)
    return tuple(dict.fromkeys(found))


def named_from(path: str, root: str | None, folders: Iterable[str]) -> tuple[str, ...]:
    """What a diff's path may name, as rules see it, where it starts from any of these folders.

    Relative to ``root`` with ``/`` where that lies inside, absolute otherwise.
    """
    base = os.path.abspath(root).rstrip(os.sep) + os.sep if root else None
    full = [os.path.abspath(os.path.join(folder, path)) for folder in folders]
    found = (name[len(base) :] if base and name.startswith(base) else name for name in full)
    return tuple(dict.fromkeys(name.replace(os.sep, "/") for name in found))


def header_pair(rest: str) -> tuple[str, str]:
    """The two names behind ``diff --git``, without prefixes; of several readings the likeliest."""
    return _pairs(rest)[0]


def _pairs(rest: str) -> list[tuple[str, str]]:
    """All ways to cut ``a/one two b/one two`` in two, the one with equal names first."""
    rest = rest.rstrip("\r")
    quoted = _QUOTED.match(rest)
    if quoted:
        return [unprefixed(_unescaped(quoted[1]), plain(rest[quoted.end() + 1 :]))]
    if rest.endswith('"'):
        start = rest.find(' "')
        return [unprefixed(rest[:start], plain(rest[start + 1 :]))]
    half = len(rest) // 2
    if len(rest) % 2 and rest[half] == " ":
        left, right = rest[:half], rest[half + 1 :]
        if left == right or unprefixed(left, right)[0] == unprefixed(left, right)[1]:
            return [unprefixed(left, right)]
    # A rename with spaces.
    cuts = [space.start() for space in re.finditer(" ", rest)][:_READINGS]
    pairs = [unprefixed(rest[:cut], rest[cut + 1 :]) for cut in cuts]
    pairs.sort(key=lambda pair: pair[0].rpartition("/")[2] != pair[1].rpartition("/")[2])
    return pairs or [(rest, rest)]


def loose_paths(text: str) -> Iterator[str]:
    """What each single line could name, whatever stands around it."""
    for line, found in _candidates(text):
        for path in _named(found) if found else _stat(line):
            if path and path != NULL:
                yield path


def headed_paths(text: str) -> Iterator[str]:
    """The same of the lines alone that stand above text of the file they name."""
    for _, found in _candidates(text):
        if found and any(found[name] for name in _HEADS):
            yield from (path for path in _named(found) if path and path != NULL)


def _candidates(text: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """The lines that may name a file, each with what it looks like."""
    for line in text.split("\n"):
        line = line.rstrip("\r")  # noqa: PLW2901
        if line.endswith(":") or _HINT.search(line):
            yield line, _LOOSE.match(line)


def hit_paths(text: str) -> Iterator[str]:
    """The files of ``PATH:LINE:text``, where more than one line says so, or the only one."""
    found = [path for path in _HIT.findall(text) if "/" in path or "." in path]
    if len(found) > 1 or (found and "\n" not in text.strip()):
        yield from dict.fromkeys(path.removeprefix("./") for path in found)


def _stat(line: str) -> Iterator[str]:
    """`` path | 3 ++-``."""
    name, bar, numbers = line.rpartition("|")
    if bar and name.endswith(" ") and _STAT.match(numbers):
        name = name.strip(" \t>|*")
        yield from _arrow(name)
        if name.endswith(")"):  # --compact-summary: ``path (new +x)``
            yield from _arrow(name.rpartition(" (")[0])


def _named(found: re.Match[str]) -> Iterator[str]:
    said = {name: value for name, value in found.groupdict().items() if value is not None}
    if "git" in said:
        for pair in _pairs(said["git"]):
            yield from pair
            yield _common_end(*pair)
    elif "file" in said:
        name = plain(said["file"])
        if said["sign"] != "***" or "\t" in said["file"]:
            yield from {_stripped(name): None, name: None}
    elif "binary" in said:
        for cut in [space.start() for space in re.finditer(" and ", said["binary"])][:_READINGS]:
            yield from unprefixed(plain(said["binary"][:cut]), plain(said["binary"][cut + 5 :]))
    elif "only" in said:
        yield f"{said['folder']}/{said['only']}"
    elif "other" in said:
        yield from (plain(word) for word in said["other"].split(" ") if not word.startswith("-"))
    elif "summary" in said:
        yield from _arrow(said["summary"])
    elif "depot" in said:
        for side in said["depot"].split(" - ")[:2]:
            yield from _depot(side)
    elif "named" in said:
        yield plain(_SUBMODULE.split(said["named"])[0])
    else:
        for key in ("cc", "moved", "patch", "head", "told", "at", "index", "raw", "listed", "mode"):
            for name in said.get(key, "").split("\t") if not said.get(key, "").startswith('"') else [said[key]]:
                yield from _arrow(plain(name))


def _depot(side: str) -> Iterator[str]:
    """``//depot/main/src/a.py#3 (text)``: nobody here knows which of its folders is the workspace's."""
    name = re.sub(r"(?:[#@]\S+)?(?: \([^()]*\))?$", "", side.strip())
    if name.startswith("//"):
        pieces = name.strip("/").split("/")[-_READINGS:]
        yield from ("/".join(pieces[start:]) for start in range(len(pieces)))
    elif "/" in name:
        yield name


def _common_end(old: str, new: str) -> str:
    """What two names with prefixes of somebody's own have in common."""
    common: list[str] = []
    for left, right in zip(old.split("/")[::-1], new.split("/")[::-1], strict=False):
        if left != right:
            break
        common.insert(0, left)
    return "/".join(common)


def _arrow(name: str) -> Iterator[str]:
    """``src/{a => b}/c`` and ``a => b`` are two paths."""
    braces = _BRACES.search(name)
    if braces:
        for side in (braces[1], braces[2]):
            yield (name[: braces.start()] + side + name[braces.end() :]).replace("//", "/")
    elif " => " in name:
        yield from (plain(side) for side in name.split(" => ", 1))
    else:
        yield plain(name)
