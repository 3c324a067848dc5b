"""Which folders to watch so that no change of a settings file is missed, whether or not it exists yet.

A folder that is missing is awaited in the nearest one above it that exists. Folders are watched one by one, never
with all that is below them: a home folder or a repository may hold a million files.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from rung.errors import SettingsError
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
    own = places.config_folder()
    names = [str(own / "rung.toml"), trust.memory_name()]
    trees = [str(own / wordlists.FOLDER), *(str(root / trust.FOLDER) for root in roots)]
    # The file may be a link into a folder of dotfiles: then both places matter.
    names = list(dict.fromkeys([*names, *map(os.path.realpath, names)]))
    trees = list(dict.fromkeys([*trees, *map(os.path.realpath, trees)]))
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


def is_young(stamps: Iterable[files.Stamp]) -> bool:
    """Whether a file changed so lately, or by so wrong a clock, that somebody may be writing it."""
    now = time.time_ns()
    return any(changed > now - _JUST for changed, _ in map(_changed, stamps))


def is_emptied(now: Iterable[files.Stamp], before: Iterable[files.Stamp]) -> bool:
    """Whether a file that had something in it is empty, as one is that is about to be written."""
    sizes = {stamp[0]: _changed(stamp)[1] for stamp in before}
    return any(_changed(stamp)[1] == 0 and sizes.get(stamp[0], 0) > 0 for stamp in now)


def _changed(stamp: files.Stamp) -> tuple[int, int]:
    """When it changed, in nanoseconds, and its size; a size of -1: it is not there."""
    _, *state = stamp
    return (max(int(state[0] or 0), int(state[3] or 0)), int(state[1] or 0)) if len(state) == 4 else (0, -1)


def _files(root: Path | None) -> list[Path]:
    own = [places.config_folder() / "rung.toml", Path(trust.memory_name())]
    with contextlib.suppress(SettingsError):
        own += wordlists.files()
    return own if root is None else [*own, root / trust.FOLDER / "rung.toml"]


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
