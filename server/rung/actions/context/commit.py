"""Parts of a staged change: a list of the files, one part for each file's diff, and what the person typed already."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rung.actions.context.gathered import Gathered
from rung.actions.context.ignored import Unread
from rung.actions.context.sources import Sources
from rung.errors import ContextError
from rung.git import commit_context, message_buffer
from rung.git.diff import headed_in
from rung.git.staged import FileChange, StagedChange
from rung.privacy.ignore import FILE
from rung.types.part import Omission, Part
from rung.types.request import Request

LISTED = 200
"""Files named in the list; of more, only their number is told."""


async def gather(request: Request, env: Mapping[str, str]) -> Gathered:
    """The staged change a commit message is for.

    Args:
        request: names the file git opened, or a folder of the repository.
        env: this process's environment, for the index git named in it.

    Raises:
        ContextError: there is no repository, or nothing is staged.
        GitError: git is missing or failed.
    """
    text = request.document.text if request.document else None
    if request.commit_file is not None:
        change = await commit_context.for_commit_file(request.commit_file, env, text)
    else:
        folder = request.repository or request.root
        if folder is None:
            raise ContextError("No repository was named.", "Ask from a file inside one.")
        change = await commit_context.for_folder(Path(folder), env)
    typed = message_buffer.typed(text, change.comment_char) if text and request.commit_file else ""
    return from_change(change, typed, request)


def from_change(change: StagedChange, typed: str, request: Request) -> Gathered:
    """The parts of a change that is at hand.

    Of a file that is left unread there is its name alone, for models and for the answer that needs none.

    Args:
        change: what is staged.
        typed: what the person typed into the commit buffer.
        request: from where; its workspace may be above the repository.

    Raises:
        ContextError: a ``.rungignore`` can't be read.
    """
    unread = Unread(request.root or change.work_tree)
    kept_out = {path for path in change.paths if unread.holds(str(change.work_tree / path))}
    sources = Sources(request, str(change.work_tree))
    # A patch may be staged: what holds for the files it is of holds for it.
    kept_out |= {file.path for file in change.files if not sources.takes(headed_in(file.diff))}
    files = tuple(file.replace(diff="") if kept_out.intersection(file.paths) else file for file in change.files)
    change = change.replace(files=files)
    parts = [Part("stat", stat(change.files), priority=2)]
    if typed.strip():
        parts.append(Part("typed-message", typed, priority=1, shorten="never"))
    left_out = []
    for file in change.files:
        why = FILE if kept_out.intersection(file.paths) else _unreadable(file)
        if why:
            left_out.append(Omission(file.path, why))
        else:
            parts.append(Part("diff", file.diff, file.path, priority=8 if file.generated else 5))
    return Gathered(
        tuple(parts),
        {"branch": change.branch or "", "language": "diff"},
        paths=tuple(dict.fromkeys([*change.paths, *sources.paths])),
        branch=change.branch,
        repository=change.work_tree.as_posix(),
        comment_char=change.comment_char,
        change=change,
        left_out=tuple(left_out),
        whole=False,
    )


def _unreadable(file: FileChange) -> str | None:
    """Why a file's diff is not worth a model's reading; its line in the list says that it changed."""
    if file.binary:
        return "a binary file"
    if file.lock:
        return "a lock file"
    if file.cut and not file.diff:
        return "the diff was too long to read"
    return None if file.diff.strip() else "no text changed"


def stat(files: tuple[FileChange, ...]) -> str:
    """One line for each file: how it changed, its name, and how much."""
    words = {"A": "added", "M": "changed", "D": "deleted", "R": "renamed", "C": "copied", "T": "changed its type"}
    lines = []
    for file in files[:LISTED]:
        name = f"{file.old_path} -> {file.path}" if file.old_path else file.path
        size = "binary" if file.binary else f"+{file.added} -{file.deleted}"
        lines.append(f"{words[file.status]}: {name} ({size})")
    if len(files) > LISTED:
        lines.append(f"and {len(files) - LISTED} more files")
    return "\n".join(lines) + "\n"
