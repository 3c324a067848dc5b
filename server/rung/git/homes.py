"""The repositories that files and folders belong to, read from the disk without git."""

# ruff: noqa: PTH100, PTH110, PTH112, PTH113, PTH114, PTH115, PTH118, PTH119, PTH120, PTH208 - names are text here

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from rung.errors import ContextError, GitError
from rung.git.links import line
from rung.git.process import run


def where(files: Iterable[str], folders: Iterable[str]) -> tuple[tuple[tuple[str, ...], str | None], ...]:
    """The repositories of files and folders, by every name that links give them, read from the disk without git.

    Not for the event loop's own thread: where HEAD is kept in a reftable, git is asked after all.

    Args:
        files: absolute; they need not exist.
        folders: absolute.

    Returns:
        Of each what it goes by (work tree, git folder, main work tree; the folder itself where there is no repository)
        with ``/``, and its branch: empty where there is none, None where it can't be read.
    """
    starts: dict[str, bool] = {}
    for file in files:
        if "\0" not in file:
            starts |= dict.fromkeys(map(os.path.dirname, (os.path.abspath(file), os.path.realpath(file))), False)
    for folder in folders:
        starts |= dict.fromkeys((os.path.abspath(folder), os.path.realpath(folder)), True)
    return tuple(dict.fromkeys(_where(start, named=named) for start, named in starts.items()))


def from_roots(files: Iterable[str]) -> tuple[str, ...]:
    """Files as they are called from the roots of their repositories, read from the disk without git.

    A submodule is a folder of the repository it is in, so what it holds goes by two names or more.

    Args:
        files: absolute; they need not exist.
    """
    roots: dict[str, tuple[str, ...]] = {}
    found: dict[str, None] = {}
    for file in files:
        for path in dict.fromkeys((os.path.abspath(file), os.path.realpath(file)) if "\0" not in file else ()):
            folder = os.path.dirname(path)
            if folder not in roots:
                roots[folder] = _roots(folder)
            found |= dict.fromkeys(os.path.relpath(path, root).replace(os.sep, "/") for root in roots[folder])
    return tuple(found)


def _roots(folder: str) -> tuple[str, ...]:
    """The work tree a folder is in, and those it is a submodule of."""
    found = []
    while True:
        git = os.path.join(folder, ".git")
        if _is_git(git):
            found.append(folder)
            if not _is_submodule(git):
                return tuple(found)
        parent = os.path.dirname(folder)
        if parent == folder:
            return tuple(found)
        folder = parent


def _is_submodule(git: str) -> bool:
    """Whether this ``.git`` leads to a folder of submodules' git folders."""
    try:
        return os.path.isfile(git) and "/modules/" in line(git).replace(os.sep, "/")
    except (OSError, ValueError):
        return False


def _where(start: str, *, named: bool) -> tuple[tuple[str, ...], str | None]:
    """Where one folder belongs; ``named``: it goes by its own name too."""
    names, folder = [start] if named else [], start
    while not _is_git(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return (start.replace(os.sep, "/"),), ""
        folder = parent
    git = os.path.join(folder, ".git")
    names += [folder, os.path.realpath(folder)]
    branch = None
    try:
        git_dir = os.path.realpath(git)
        if os.path.isfile(git_dir):
            git_dir = os.path.realpath(os.path.join(folder, line(git_dir).removeprefix("gitdir:").strip()))
        link = os.path.join(git_dir, "commondir")
        common = os.path.realpath(os.path.join(git_dir, line(link))) if os.path.exists(link) else git_dir
        names += [common, *([os.path.dirname(common)] if os.path.basename(common) == ".git" else [])]
        branch = _branch(git_dir)
    except (OSError, ValueError):
        pass  # whose branch can't be read is told so
    return tuple(dict.fromkeys(name.replace(os.sep, "/") for name in names)), branch


def _is_git(path: str) -> bool:
    """Whether this ``.git`` makes a repository; an empty folder does not, as for git."""
    return os.path.lexists(path) and (not os.path.isdir(path) or not _is_empty(path))


def _is_empty(folder: str) -> bool:
    try:
        return not os.path.lexists(os.path.join(folder, "HEAD")) and not os.listdir(folder)
    except OSError:
        return False


def _branch(git_dir: str) -> str | None:
    """As :func:`rung.git.repository.branch`, but empty where HEAD is detached and None where git can't say.

    Raises:
        OSError: HEAD can't be read.
    """
    head = os.path.join(git_dir, "HEAD")
    # A link was how git kept HEAD once.
    text = f"ref: {os.readlink(head)}" if os.path.islink(head) else line(head)
    if not text.startswith("ref:"):
        return "" if text else None
    name = text.removeprefix("ref:").strip()
    if name == "refs/heads/.invalid":
        words = (f"--git-dir={git_dir}", "symbolic-ref", "-q", "HEAD")
        try:
            said = asyncio.run(run(words, cwd=Path(git_dir), fine=(0, 1)))
            name = said.stdout.decode("utf-8", "surrogateescape").strip()
        except (ContextError, GitError):
            return None
    return name.removeprefix("refs/heads/")
