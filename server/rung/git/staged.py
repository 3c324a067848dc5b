"""The staged change as values, and how git's answer about it is read. Pure."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

from rung.errors import GitError
from rung.git.generated import is_generated, is_lock
from rung.types.value import Value

Status = Literal["A", "M", "D", "R", "C", "T"]
"""Added, modified, deleted, renamed, copied, type changed."""

_GITLINK = "160000"


class FileChange(Value):
    """What is staged of one file."""

    path: str
    """Relative to the work tree, with ``/``; bytes that are not UTF-8 show as U+FFFD."""
    status: Status
    old_path: str | None = None
    """Where a renamed or copied file came from."""
    added: int = 0
    """Lines; 0 for a binary file."""
    deleted: int = 0
    binary: bool = False
    submodule: bool = False
    lock: bool = False
    """A lock file of a package manager."""
    generated: bool = False
    """Not written by hand; lock files count."""
    executable: bool | None = None
    """Became executable (True) or ceased to be (False)."""
    diff: str = ""
    """From ``diff --git`` on, with its last line break; empty where ``cut`` left nothing. What is no UTF-8 in it shows
    as U+FFFD."""
    cut: bool = False
    """Git said more than Rung reads, and this file's diff is missing or not whole."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Both names, for pins by path."""
        return (self.path,) if self.old_path is None else (self.old_path, self.path)


class StagedChange(Value):
    """Everything a commit message is written from."""

    git_dir: Path
    work_tree: Path
    index_file: Path
    """The index that was read."""
    branch: str | None
    """None: HEAD is detached."""
    head: str | None
    """The last commit; None: there is none yet."""
    files: tuple[FileChange, ...]
    amend: bool = False
    """The message replaces that of the last commit, and the diff is against that one's parent."""
    merge: bool = False
    revert: bool = False
    comment_char: str = "#"
    """What a comment line of the message begins with."""
    cut: bool = False
    """The diff was longer than Rung reads."""
    recent: tuple[str, ...] = ()
    """Subjects of the commits before this one, the newest first."""

    @property
    def diff(self) -> str:
        """All files' diffs, one after the other."""
        return "".join(file.diff for file in self.files)

    @property
    def paths(self) -> tuple[str, ...]:
        """All names of all files, for pins by path."""
        return tuple(path for file in self.files for path in file.paths)


def read(raw: bytes, *, cut: bool = False) -> tuple[FileChange, ...]:
    """The files of ``git diff-index --raw --numstat -p -z``.

    Args:
        raw: git's output.
        cut: its end is missing.

    Raises:
        GitError: it is not what git writes, or is cut before the first diff.
    """
    entries, rest = _raw_entries(raw, cut=cut)
    counts, rest = _counts(raw, rest, len(entries))
    sections = _sections(raw[rest:])
    files: list[FileChange] = []
    for (modes, status, names), (added, deleted, binary) in zip(entries, counts, strict=True):
        # A file that became a link is written as two: one deleted, one new.
        mine = [sections.pop() for _ in range(2 if status == "T" else 1) if sections]
        whole = bool(mine) and not (cut and not sections)
        body = b"".join(mine)
        text = body.decode("utf-8", "replace")
        path = _path(names[-1])
        files.append(
            FileChange(
                path,
                cast("Status", status),
                _path(names[0]) if len(names) == 2 else None,
                added,
                deleted,
                binary=binary,
                submodule=_GITLINK in modes,
                lock=is_lock(path),
                generated=is_generated(path, text),
                executable=_executable(*modes),
                diff=text,
                cut=cut and not whole,
            )
        )
    return tuple(files)


def _raw_entries(raw: bytes, *, cut: bool) -> tuple[list[tuple[tuple[str, str], str, list[bytes]]], int]:
    """``:MODE MODE ID ID STATUS NUL PATH NUL [PATH NUL]``, and where they end."""
    entries = []
    position = 0
    while raw[position : position + 1] == b":":
        end = raw.find(b"\0", position)
        fields = raw[position + 1 : end].decode("ascii", "replace").split(" ")
        position = end + 1
        names = []
        for _ in range(2 if fields[-1][:1] in "RC" else 1):
            stop = raw.find(b"\0", position)
            if end < 0 or stop < 0:
                raise _unreadable(cut=cut)
            names.append(raw[position:stop])
            position = stop + 1
        entries.append(((fields[0], fields[1]), fields[-1][:1], names))
    return entries, position


def _counts(raw: bytes, position: int, files: int) -> tuple[list[tuple[int, int, bool]], int]:
    """``ADDED TAB DELETED TAB PATH NUL`` or, renamed, ``ADDED TAB DELETED TAB NUL OLD NUL NEW NUL``; binary: ``-``."""
    counts = []
    for _ in range(files):
        end = raw.find(b"\0", position)
        fields = raw[position:end].split(b"\t", 2)
        if end < 0 or len(fields) != 3:
            raise _unreadable(cut=end < 0)
        position = end + 1
        if not fields[2]:
            position = raw.find(b"\0", raw.find(b"\0", position) + 1) + 1
        binary = fields[0] == b"-"
        counts.append((0, 0, True) if binary else (int(fields[0]), int(fields[1]), False))
    return counts, position + (raw[position : position + 1] == b"\0")


def _sections(patch: bytes) -> list[bytes]:
    """One per ``diff --git`` line, the last one first; no line of a file's content can begin so."""
    starts = [0] if patch.startswith(b"diff --git ") else []
    found = patch.find(b"\ndiff --git ")
    while found >= 0:
        starts.append(found + 1)
        found = patch.find(b"\ndiff --git ", found + 1)
    ends = [*starts[1:], len(patch)][: len(starts)]
    return [patch[start:end] for start, end in zip(starts, ends, strict=True)][::-1]


def _executable(old: str, new: str) -> bool | None:
    regular = ("100644", "100755")
    return new == "100755" if old in regular and new in regular and old != new else None


def _path(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _unreadable(*, cut: bool) -> GitError:
    if cut:
        return GitError("So many files are staged that git's list of them is too long.", "Commit in smaller steps.")
    return GitError("Git listed the staged files in a form Rung does not know.", "Tell us your version of git.")
