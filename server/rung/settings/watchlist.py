"""Which folders to watch so that no change of a settings file is missed, whether or not it exists yet.

A folder that is missing is awaited in the nearest one above it that exists. Folders are watched one by one, never
with all that is below them: a home folder or a repository may hold a million files.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from rung.settings import files, places, trust, wordlists
from rung.types.value import Value

_MOST_FOLDERS = 100
_JUST = 500_000_000
"""Nanoseconds."""


class Watchlist(Value):
    """What to watch, and what of it matters."""

    folders: tuple[str, ...]
    """They exist, or did a moment ago."""
    files: tuple[str, ...]
    """Files that matter by themselves."""
    trees: tuple[str, ...]
    """Folders of which everything matters."""

    def concerns(self, name: str) -> bool:
        """Whether a change of this name can change the settings."""
        above = name + os.sep
        return any(name == wanted or wanted.startswith(above) for wanted in (*self.files, *self.trees)) or any(
            name.startswith(tree + os.sep) for tree in self.trees
        )


def of(roots: Iterable[Path]) -> Watchlist:
    """What to watch for the person's own settings and these workspaces."""
    own = places.config_folder() / "rung.toml"
    # The file may be a link into a folder of dotfiles: then both places matter.
    names = dict.fromkeys([str(own), os.path.realpath(own), trust.memory_name()])
    trees = [str(root / trust.FOLDER) for root in roots] + [str(places.config_folder() / wordlists.FOLDER)]
    folders: dict[str, None] = {}
    for name in names:
        folders.update(dict.fromkeys(_around(Path(name).parent)))
    for tree in trees:
        folders.update(dict.fromkeys(_around(Path(tree))))
        folders.update(dict.fromkeys(_below(tree)))
    return Watchlist(folders=tuple(folders), files=tuple(names), trees=tuple(trees))


def stamps(root: Path | None) -> list[files.Stamp]:
    """The state of a workspace's settings files, to see whether one changed while they were read."""
    return [files.stamp(str(name)) for name in _files(root)]


def is_just_emptied(root: Path | None) -> bool:
    """Whether a settings file is empty since a moment, as one is that is about to be written."""
    now = time.time_ns()
    return any(size == 0 and now - changed < _JUST for changed, size in map(_changed, stamps(root)))


def _changed(stamp: files.Stamp) -> tuple[int, int]:
    _, *state = stamp
    return (int(state[0] or 0), int(state[1] or 0)) if len(state) > 1 else (0, -1)


def _files(root: Path | None) -> list[Path]:
    own = places.config_folder() / "rung.toml"
    return [own] if root is None else [own, root / trust.FOLDER / "rung.toml"]


def _around(folder: Path) -> Iterator[str]:
    """The folder and the one above it, which hears when it is replaced; or the nearest one that exists."""
    if folder.is_dir():
        yield str(folder)
        yield str(folder.parent)
        return
    yield str(next(parent for parent in folder.parents if parent.is_dir()))


def _below(tree: str) -> Iterator[str]:
    count = 0
    for parent, names, _ in os.walk(tree):
        for name in names:
            count += 1
            if count > _MOST_FOLDERS:
                return
            yield os.path.join(parent, name)  # noqa: PTH118 - text, as os.walk gives it
