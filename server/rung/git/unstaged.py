"""Counts what is changed but not staged, for the hint when nothing is, and what a merge left to be settled.

By size and time alone, as git does first: to read the files, git would run the clean filters a repository names.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from rung.git.process import run
from rung.git.repository import Repository
from rung.types.pattern import lazy

_ENTRY = lazy(
    rb"([^\0]+)\0  ctime: \d+:\d+\n  mtime: (\d+):(\d+)\n  dev: [^\n]*\n  uid: [^\n]*\n  size: (\d+)\tflags: [^\n]*\n"
)


async def count(repository: Repository, env: Mapping[str, str] | None = None) -> tuple[int, int]:
    """How many tracked files differ from the index by size or time, and how many files are untracked.

    Raises:
        GitError: git is missing or failed.
    """
    listed = await run((*repository.options, "ls-files", "-z", "--debug"), cwd=repository.cwd, env=env)
    changed = sum(
        _differs(repository.work_tree / name.decode("utf-8", "surrogateescape"), int(seconds), int(nano), int(size))
        for name, seconds, nano, size in _ENTRY.findall(listed.stdout)
    )
    others = await run(
        (*repository.options, "ls-files", "-z", "--others", "--exclude-standard"), cwd=repository.cwd, env=env
    )
    return changed, others.stdout.count(b"\0")


async def conflicts(repository: Repository, env: Mapping[str, str] | None, index: Path) -> int:
    """How many files have conflicts: git makes no commit before they are settled.

    Raises:
        GitError: git is missing or failed.
    """
    listed = await run((*repository.options, "ls-files", "-z", "--unmerged"), cwd=repository.cwd, env=env, index=index)
    return len({entry.partition(b"\t")[2] for entry in listed.stdout.split(b"\0") if entry})


def _differs(path: Path, seconds: int, nanoseconds: int, size: int) -> bool:
    try:
        now = path.lstat()
    except OSError:
        return True
    if stat.S_ISDIR(now.st_mode):  # a submodule: its own business
        return False
    same_time = now.st_mtime_ns // 10**9 == seconds and (not nanoseconds or now.st_mtime_ns % 10**9 == nanoseconds)
    return not same_time or now.st_size & 0xFFFFFFFF != size
