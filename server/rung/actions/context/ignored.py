"""Files that ``.rungignore`` keeps out of every prompt: the reading of those files, and what is said of them.

A file goes by every name it has: the one it was asked for by, and the one its links lead to. What keeps it out may
stand in the workspace, above it up to the top of the repository, and in any folder on the way down.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from rung.actions.context.uris import files_in
from rung.errors import ContextError
from rung.privacy.ignore import FILE, Ignored
from rung.settings.files import read_regular

LARGEST = 1_000_000
"""Bytes of a ``.rungignore``; more is none that a person wrote."""
_TOPS = (".git", ".rung")
_FOLDS = sys.platform in {"win32", "darwin"}
"""Whether names that differ in case alone mostly name the same file here."""


class Unread:
    """What is left unread, for one request: each ``.rungignore`` is read at most once.

    Args:
        root: the workspace's folder.
    """

    def __init__(self, root: Path | None) -> None:
        self._root = None if root is None else os.path.abspath(root)  # noqa: PTH100 - links are followed apart from this
        self._bases: dict[str, str] = {}
        self._found: dict[str, Ignored] = {}

    def __call__(self, path: str, uri: str = "") -> bool:
        """Whether a file must not be read by any of its names.

        Args:
            path: relative to the workspace with ``/``, or absolute.
            uri: what the editor calls it, where that is known.

        Raises:
            ContextError: a ``.rungignore`` can't be read.
        """
        files = absolute(self._root, path, uri)
        return any(self.holds(file) for file in dict.fromkeys([*files, *map(os.path.realpath, files)]))

    def holds(self, file: str) -> bool:
        """The same for one absolute name, its links not followed."""
        folder = os.path.dirname(file)  # noqa: PTH120 - thousands of files may be staged
        base = self._bases.get(folder) or self._bases.setdefault(folder, self._base(file))
        if base not in self._found:
            self._found[base] = Ignored(lambda name: _text(Path(base, name)), fold=_FOLDS)
        return self._found[base].matches(os.path.relpath(file, base).replace(os.sep, "/"))

    def _base(self, file: str) -> str:
        """The topmost folder whose ``.rungignore`` is asked: the workspace's, or its repository's above it."""
        roots = {self._root, self._root and os.path.realpath(self._root)}
        above = [str(folder) for folder in Path(file).parents]
        top = next((folder for folder in above if any(Path(folder, name).exists() for name in _TOPS)), None)
        held = [folder for folder in above if folder == top or folder in roots]
        return held[-1] if held else above[0]


def absolute(root: str | None, path: str, uri: str = "") -> list[str]:
    """The names a file was asked for by; none where it is no file."""
    names = [path] if not path.partition(":")[1] or Path(path).is_absolute() else []
    names += files_in(uri)
    full = [os.path.join(root or "", name) for name in names]  # noqa: PTH118 - an absolute name stays as it is
    return [os.path.abspath(name) for name in full if Path(name).is_absolute()]  # noqa: PTH100


def names(root: Path | None, path: str, uri: str) -> tuple[str, ...]:
    """Every name of a document as pins by path see it: as it was asked for, and as its links lead."""
    found = {path: None}
    if not uri.lower().startswith("file:"):
        found[uri or path] = None
    roots = [os.path.abspath(root), os.path.realpath(root)] if root else []  # noqa: PTH100
    for file in absolute(str(root) if root else None, path, uri):
        for name in (Path(file), Path(os.path.realpath(file))):
            inside = next((folder for folder in roots if name.is_relative_to(folder)), None)
            found[(name.relative_to(inside) if inside else name).as_posix()] = None
    return tuple(found)


def refuse(root: Path | None, paths: Iterable[str | None], uri: str = "") -> None:
    """See that none of the files a person names is to be left unread.

    Raises:
        ContextError: one is.
    """
    unread = Unread(root)
    for path in paths:
        if path is not None and unread(path, uri):
            raise unwanted(path)


def unwanted(path: str) -> ContextError:
    """What the person is told who asks about a file that is left unread."""
    return ContextError(f"{path} is not read: {FILE} says so.", f"Take it out of {FILE} if you want it read.")


def _text(file: Path) -> str | None:
    """A ``.rungignore``; None where there is none.

    Raises:
        ContextError: there is something else, or what can't be read.
    """
    try:
        raw = read_regular(str(file), LARGEST + 1)
        why = "is too large"
        if len(raw) <= LARGEST:
            return _decoded(raw)
    except (FileNotFoundError, NotADirectoryError):
        if not file.is_symlink():
            return None
        why = "is a link to what is not there"
    except OSError as error:
        why = "is not a file" if error.errno in {errno.EINVAL, errno.EISDIR} else "cannot be read"
    raise ContextError(f"{file} {why}, so nobody knows what may be read.", "Mend it or take it away.")


def _decoded(raw: bytes) -> str:
    """Text as Windows' tools write it, too: UTF-16 with its mark."""
    utf16 = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    return raw.decode("utf-16" if utf16 else "utf-8-sig", "replace")
