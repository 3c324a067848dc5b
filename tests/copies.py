"""Folders that many tests begin with, such as a repository with one commit: built once, and copied for each test.

A repository takes four processes to build; its copy takes none, and is as good: whatever a test does to it, the next
one has a copy of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

_originals: dict[str, Path] = {}
_home: list[Path] = []


def keep_in(home: Path) -> None:
    """Say where the originals live, as long as the tests of this process run."""
    _home[:] = [home]


def copy_of(name: str, build: Callable[[Path], object], folder: Path) -> None:
    """Fill a folder as ``build`` would; it is called for the first test that wants this copy.

    Args:
        name: the original's name; another build needs another one.
        build: fills the empty folder it is given, with nothing in it that says where it is.
        folder: made if it is not there.
    """
    if name not in _originals:
        original = _home[0] / name
        original.mkdir(parents=True)
        build(original)
        # Nobody runs the examples of hooks, a dozen files in each repository.
        for example in original.glob(".git/hooks/*.sample"):
            example.unlink()
        _originals[name] = original
    shutil.copytree(_originals[name], folder, symlinks=True, dirs_exist_ok=True)
