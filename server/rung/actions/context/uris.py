"""The files a URI is about: editors show an older state, a cell or a copy of a file under addresses of their own.

Rather one name too many than one too few, since pins by path and ``.rungignore`` rest on them. Pure, but for a look at
where git keeps a linked work tree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.request import url2pathname

from rung.git.links import linked_tree
from rung.types.pattern import lazy

_SCHEME = lazy(r"[A-Za-z][A-Za-z0-9+.-]+:")
"""Two letters at least: one is a disk of Windows."""
_NAMED = ("path", "fsPath", "fileName")
"""Keys of the JSON that VS Code's git and its kin keep in a query."""
_LONGEST = 10_000
"""Characters of a query that are read, and of an address at all."""
_OBJECT = lazy(r":[0-3]:|[0-9a-f]{6,64}")
"""What stands for a commit or a stage in an address of diffview's."""


def files_in(uri: str) -> tuple[str, ...]:
    """The files a URI may be about, the likeliest first: absolute, or relative to the workspace; none for a plain name.

    ``git:/w/a.py?{…}``, ``vscode-notebook-cell:/w/a.ipynb#W0``, ``fugitive:///w/.git//0/a.py``, ``jar:file:///w/a.jar``.
    """
    found: dict[str, None] = {}
    if _SCHEME.match(uri) and len(uri) <= _LONGEST:
        for name in _read(uri):
            if name.strip("/\\"):
                found[name] = None
    return tuple(found)


def _read(uri: str, depth: int = 2) -> Iterator[str]:
    rest = uri.partition(":")[2]
    if _SCHEME.match(rest) and depth:
        yield from _read(rest, depth - 1)
        return
    whole = re.sub(r"^//[^/?#]*", "", rest)
    bare = re.split(r"[?#]", whole, maxsplit=1)[0]
    # Vim's buffers are named as they are, without escapes: there a ``?`` or a ``%`` may belong to the file.
    for path in dict.fromkeys((url2pathname(bare), bare, url2pathname(whole), whole)):
        yield from _cut(path)
    for path in _queried(whole):
        yield from _cut(path)


def _queried(whole: str) -> Iterator[str]:
    """The files that a query names."""
    query = url2pathname(whole.partition("?")[2].partition("#")[0])
    if not query.startswith("{"):
        return
    try:
        said = json.loads(query)
    except (ValueError, RecursionError):
        return
    yield from (said[name] for name in _NAMED if isinstance(said.get(name), str))


def _cut(path: str) -> Iterator[str]:
    """The file in the work tree that an object in a git folder is of, what is in an archive, then the path as it is."""
    pieces = path.lstrip(":").split("::")
    if len(pieces) > 1:  # Vim's ``zipfile:///w/a.zip::b/c.py`` and ``tarfile::/w/a.tar::b/c.py``
        yield from _cut(pieces[0])
        yield from ("/".join(pieces[begin:]) for begin in range(len(pieces)))
    top, mark, rest = path.replace("\\", "/").partition("/.git/")
    if mark:
        inner, names = _object(rest)
        tops = [top]
        if inner.startswith("worktrees/"):
            linked = linked_tree(Path(f"{top}/.git/{inner}"))
            tops = [*([linked.as_posix()] if linked else []), top]
        elif inner.startswith("modules/"):
            tops = [f"{top}/{inner.removeprefix('modules/')}"]
        yield from (f"{folder}/{name}" for folder in tops for name in names)
    # VS Code's git once told its own addresses from others by this ending.
    yield path.removesuffix(".git") if not path.endswith("/.git") else path
    yield path


def _object(rest: str) -> tuple[str, list[str]]:
    """What stands behind ``.git/``: the folder of a work tree or submodule in there, and the names of the file."""
    inner, double, told = f"/{rest}".partition("//")
    if double:  # fugitive's ``//0/a.py``, gitsigns' ``//:0:a.py``
        inner = inner.strip("/")
    else:  # diffview's ``abc123/a.py`` and ``:0:/a.py``
        pieces = rest.split("/")
        at = next((number for number, piece in enumerate(pieces) if _OBJECT.fullmatch(piece)), 0)
        inner, told = "/".join(pieces[:at]), "/".join(pieces[at:])
    staged = re.match(r":\d:/*(.*)", told, re.DOTALL)
    names = [staged[1]] if staged else [told.partition("/")[2], told.partition(":")[2]]
    return inner, [name.strip("/") for name in names if name.strip("/")]
