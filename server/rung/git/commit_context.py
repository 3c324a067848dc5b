"""What a commit message is for: the staged change, found from a folder or from the file git opened.

The index is read, never the work tree; for an amended commit the change is against its parent. Invariant: at most
four git processes, and none of them writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from rung.errors import ContextError, GitError
from rung.git import message_buffer, repository, staged, unstaged
from rung.git.process import DIFF, run
from rung.git.repository import Head, Repository
from rung.git.staged import StagedChange
from rung.settings.files import read_regular
from rung.types.pattern import lazy

_DATE = lazy(r": +[A-Z][a-z]{2} [A-Z][a-z]{2} \d+ \d\d:\d\d:\d\d \d{4} [+-]\d{4}$")
"""The line git writes when the author date is not now; its first word is translated, the date never is."""
_LONGEST = 16 * 1024 * 1024
"""Bytes of a message file that are read: with ``git commit -v`` the whole diff is in it."""
_TELLING = 20
"""Characters from which on it is no accident that a message equals the last one."""


async def for_folder(path: Path, env: Mapping[str, str] | None = None) -> StagedChange:
    """What is staged in the repository whose work tree holds ``path``.

    Raises:
        ContextError: no repository, a bare one, or nothing is staged.
        GitError: git is missing or failed.
    """
    found = await repository.of_folder(path, env)
    head, branch = await asyncio.gather(repository.head(found, env), repository.branch(found, env))
    return await _staged(found, env, (found.git_dir / "index",), head, branch, amend=False)


async def for_commit_file(
    path: Path, env: Mapping[str, str] | None = None, text: str | None = None, *, amend: bool | None = None
) -> StagedChange:
    """What the commit whose message git opened as ``path`` will hold.

    Args:
        path: such as ``.git/COMMIT_EDITMSG``.
        env: the environment git gave its editor or hook; None: this process's.
        text: the buffer as the person sees it; None: as it is on the disk.
        amend: whether it replaces the last commit, where the caller knows (a hook is told); None: read off the text.

    Raises:
        ContextError: no repository, or the commit changes nothing.
        GitError: git is missing or failed.
    """
    found = await repository.of_commit_file(path, env)
    on_disk = _read(path)
    seen = on_disk if text is None else text
    found = found.replace(comment=message_buffer.comment_prefix(seen, found.comment))
    head, branch = await asyncio.gather(repository.head(found, env), repository.branch(found, env))
    if amend is None:
        amend = head is not None and _amends(found, head, seen, on_disk)
    return await _staged(found, env, _indexes(found, env or {}), head, branch, amend=amend)


def _read(path: Path) -> str:
    try:
        return read_regular(str(path), _LONGEST).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError:
        raise GitError(f"{path} can't be read.", "It should be the file git opened for the message.") from None


def _amends(found: Repository, head: Head, seen: str, on_disk: str) -> bool:
    """Whether the buffer is ``git commit --amend``'s: by the old author date in it, else by the old message."""
    if any(found.has(name) for name in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD")):
        return False
    remarks = [line for text in (seen, on_disk) for line in message_buffer.comments(text, found.comment)]
    dates = [line for line in remarks if _DATE.search(line)]
    if any(line.endswith(head.author_date) for line in dates):
        return True
    # With --reset-author there is no date, but the message is there. A file without comments is what an earlier
    # ``git commit -m`` left, and says nothing.
    old = "\n".join(line.rstrip() for line in head.message.strip().split("\n"))
    telling = bool(remarks) and (bool(dates) or len(old) >= _TELLING)
    return telling and bool(old) and message_buffer.typed(seen, found.comment).startswith(old)


def _indexes(found: Repository, env: Mapping[str, str]) -> tuple[Path, ...]:
    """The indexes this commit may be made from, the likeliest first; the plain one is always last.

    ``git commit -a`` and ``git commit FILE`` write an index of their own beside the plain one, name it in the
    environment of the editor and hooks, and hold it while the editor is open.
    """
    plain = found.git_dir / "index"
    named = env.get("GIT_INDEX_FILE")
    if named:
        index = (found.work_tree / named).resolve()
        if index.parent == found.git_dir and index.is_file():
            return (index, plain) if index != plain else (plain,)
    lock = found.git_dir / "index.lock"
    try:
        plausible = read_regular(str(lock), 4) == b"DIRC"
    except OSError:
        plausible = False
    if not plausible and not lock.exists():
        return (plain,)
    # Git holds index.lock as long as a next-index-N.lock is in use: one without the other was left behind.
    partial = sorted(found.git_dir.glob("next-index-*.lock"), key=_age, reverse=True)
    return (*partial, *((lock,) if plausible else ()), plain)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


async def _staged(
    found: Repository,
    env: Mapping[str, str] | None,
    indexes: tuple[Path, ...],
    head: Head | None,
    branch: str | None,
    *,
    amend: bool,
) -> StagedChange:
    base = repository.empty_tree(sha256=found.sha256)
    if head is not None and not amend:
        base = head.commit
    elif head is not None and head.parents:
        base = head.parents[0]
    index, files, cut = await _diff(found, env, indexes, base)
    change = StagedChange(
        found.git_dir,
        found.work_tree,
        index,
        branch,
        head.commit if head else None,
        files,
        amend=amend,
        merge=found.has("MERGE_HEAD"),
        revert=found.has("REVERT_HEAD"),
        comment_char=found.comment,
        cut=cut,
        recent=head.recent[1:] if head and amend else head.recent if head else (),
    )
    if not files:
        count = await unstaged.conflicts(found, env, index)
        if count:
            what = "1 file has" if count == 1 else f"{count} files have"
            raise ContextError(f"{what} conflicts.", 'Settle them, then run "git add"; `git status` lists them.')
    if not files and not change.merge:
        if amend:
            raise ContextError("The commit you amend changes nothing.", 'Stage changes with "git add" first.')
        raise await _nothing_staged(found, env)
    return change


async def _diff(
    found: Repository, env: Mapping[str, str] | None, indexes: tuple[Path, ...], base: str
) -> tuple[Path, tuple[staged.FileChange, ...], bool]:
    """The first index git can read, and how it differs from ``base``."""
    arguments = (
        *found.options, "diff-index", "--cached", "--find-renames", "--diff-filter=u", *DIFF,
        "--raw", "--numstat", "--patch", "-z", base, "--",
    )  # fmt: skip
    for index in indexes[:-1]:
        try:
            said = await run(arguments, cwd=found.cwd, env=env, index=index)
        except GitError:
            continue  # a lock of another git, half written or already gone
        return index, staged.read(said.stdout, cut=said.cut), said.cut
    said = await run(arguments, cwd=found.cwd, env=env, index=indexes[-1])
    return indexes[-1], staged.read(said.stdout, cut=said.cut), said.cut


async def _nothing_staged(found: Repository, env: Mapping[str, str] | None) -> ContextError:
    changed, untracked = await unstaged.count(found, env)
    if changed:
        what = "1 file is changed but not staged" if changed == 1 else f"{changed} files are changed but not staged"
    elif untracked:
        what = "1 file is new and not staged" if untracked == 1 else f"{untracked} files are new and not staged"
    else:
        return ContextError("Nothing is staged, and no file is changed.", "There is nothing to commit.")
    return ContextError("Nothing is staged to commit.", f'{what}: run "git add" on what belongs in the commit.')
