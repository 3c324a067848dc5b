"""What keeps a run of thousands of tests short and changes none of them."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

MEMORY = Path("/dev/shm")
ROOM = 2**30
"""Bytes that must be free there: many times what a run has there at once."""


def keep_bytecode() -> None:
    """Compile each module once; else each of hundreds of processes compiles what it imports, and each run all tests."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def use_memory() -> None:
    """Have temporary files in memory, for this process and those it starts, unless ``TMPDIR`` says where they are.

    Thousands of folders are made and taken away, and ledgers wait for the disk at every commit. Where programs may not
    be run from memory, or there is little of it, they are where they always are.
    """
    if "TMPDIR" in os.environ or not (hasattr(os, "statvfs") and os.access(MEMORY, os.W_OK | os.X_OK)):
        return
    found = os.statvfs(MEMORY)
    if found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # forgets where it was


def workers(*, by_default: bool) -> int:
    """How many run tests side by side: as many as there are cores.

    Args:
        by_default: the tests are those of the default run; it is more then, for a third of its time is spent waiting.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + max(1, cores // 2) if by_default else cores


def shipped_once(shipped: Path) -> Iterator[None]:
    """Read words, actions and the vocabulary that ship once: every settings file and every engine reads them anew.

    A process of its own does so in any case, and what is not in this folder is never remembered.

    Args:
        shipped: the repository's ``config/``.
    """
    with pytest.MonkeyPatch.context() as patch:
        if "rung" in sys.modules:  # else no test here is about it
            from rung.actions import catalogue
            from rung.ladder import vocabulary
            from rung.settings import wordlists

            patch.setattr(wordlists, "_lists", _once(wordlists._lists, shipped))
            patch.setattr(catalogue, "read", _once(catalogue.read, shipped))
            unpack = _unless_known(vocabulary.Vocabulary._unpack, vocabulary.NAME)
            patch.setattr(vocabulary.Vocabulary, "_unpack", unpack)
        yield


def _once(read: Callable[[Path], Any], shipped: Path) -> Callable[[Path], Any]:
    known: dict[tuple[Path, int, int], Any] = {}

    def call(path: Path) -> Any:
        if not path.is_relative_to(shipped):
            return read(path)
        found = path.stat()
        key = (path, found.st_mtime_ns, found.st_size)
        if key not in known:
            known[key] = read(path)
        return known[key]

    return call


def _unless_known(unpack: Callable[[Any], None], name: str) -> Callable[[Any], None]:
    """For an engine's vocabulary: tiktoken looks at no file of one that it knows, so none of megabytes is written."""

    def call(self: Any) -> None:
        known = sys.modules.get("tiktoken.registry")
        if not (known and name in known.ENCODINGS and self._folder.is_relative_to(Path.home())):
            unpack(self)

    return call


def wait_for_vocabularies() -> None:
    """Wait until nobody loads one: it would be written into a home that is gone."""
    for thread in threading.enumerate():
        if thread.name == "rung-vocabulary":
            thread.join(60)
