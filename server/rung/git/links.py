"""The one-line files of a git folder, by which repositories, work trees and submodules find each other.

Whoever packed the repository may have put anything in their place: only ordinary files are read, a bounded piece of
them, and never with waiting.
"""

from __future__ import annotations

import os
from pathlib import Path

from rung.settings.files import read_regular

_LONGEST = 8192
"""Bytes; no path is longer."""


def line(path: str | Path) -> str:
    """What stands in such a file; bytes that are no UTF-8 are kept as they are on the disk.

    Raises:
        OSError: it is not there, no ordinary file, or can't be read.
    """
    return read_regular(str(path), _LONGEST).decode("utf-8", "surrogateescape").strip()


def linked_tree(git_dir: Path) -> Path | None:
    """The folder of the linked work tree whose own git folder this is; None where it says nothing."""
    try:
        return Path(os.path.realpath(git_dir / line(git_dir / "gitdir"))).parent
    except (OSError, ValueError):
        return None


def points_back(tree: Path, git_dir: Path) -> bool:
    """Whether a folder is the work tree of this git folder by its own word, too."""
    try:
        said = line(tree / ".git").removeprefix("gitdir:").strip()
        return os.path.realpath(tree / said) == os.path.realpath(git_dir)
    except (OSError, ValueError):
        return False
