"""Finds the repository something belongs to: a folder, or the file git opened for a commit message."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from rung.errors import ContextError, GitError
from rung.git.links import line, linked_tree
from rung.git.process import run
from rung.types.value import Value

_ATTRIBUTES = Path(__file__).with_name("attributes")
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_EMPTY_TREE_SHA256 = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"


class Repository(Value):
    """Where a repository keeps its things; all paths are absolute."""

    git_dir: Path
    """The folder with HEAD and the index: of the linked work tree or submodule, where it is one."""
    work_tree: Path
    comment: str = "#"
    """What comment lines of a message begin with: ``core.commentChar``/``core.commentString``, ``auto`` included."""
    sha256: bool = False
    attributes: bool = False
    """The person has attributes of their own for all repositories."""

    @property
    def options(self) -> tuple[str, ...]:
        """What git is told so that it needs to look for nothing."""
        named = () if self.attributes else ("-c", f"core.attributesFile={_ATTRIBUTES}")
        return (f"--git-dir={self.git_dir}", f"--work-tree={self.work_tree}", *named)

    @property
    def cwd(self) -> Path:
        """The folder git runs in."""
        return self.work_tree if self.work_tree.is_dir() else self.git_dir

    def has(self, name: str) -> bool:
        """Whether a state file such as ``MERGE_HEAD`` is there."""
        return (self.git_dir / name).is_file()


class Head(Value):
    """The commit HEAD points at."""

    commit: str
    parents: tuple[str, ...]
    author_date: str
    """As git's message template prints it."""
    message: str
    recent: tuple[str, ...] = ()
    """The subjects of the last commits, the newest first, merges apart: how this house writes."""


RECENT = 60
"""Commits whose subjects are read."""
_RECORD = "\0\x1e\0"
"""Ends a commit in git's answer; no message can hold a NUL."""


def empty_tree(*, sha256: bool) -> str:
    """The name of the tree with nothing in it."""
    return _EMPTY_TREE_SHA256 if sha256 else _EMPTY_TREE


async def of_folder(path: Path, env: Mapping[str, str] | None = None) -> Repository:
    """The repository whose work tree holds ``path``.

    Raises:
        ContextError: there is none, it is bare, or belongs to somebody else.
        GitError: git is missing or failed.
    """
    said = await run(
        ("rev-parse", "--absolute-git-dir", "--is-bare-repository", "--is-inside-work-tree", "--show-toplevel"),
        cwd=path,
        env=env,
        fine=(0, 128),
    )
    lines = _text(said.stdout).split("\n")
    if len(lines) < 3:
        # The same question once more without the forgiving, for the sentence that says what is wrong.
        await run(("rev-parse", "--absolute-git-dir"), cwd=path, env=env)
        raise ContextError("This folder is not in a git repository.")
    if lines[1] == "true":
        raise ContextError(
            "This is a bare repository: nothing can be staged here.", "Open a clone or a work tree of it."
        )
    git_dir = Path(lines[0])
    if lines[2] != "true":
        return await _of_git_dir(git_dir, env)
    settings = await _settings(git_dir, env)
    # The folder's name may itself hold a line break: everything after the third line is the path.
    return _repository(env, git_dir, Path("\n".join(lines[3:]).removesuffix("\n")), settings)


async def of_commit_file(path: Path, env: Mapping[str, str] | None = None) -> Repository:
    """The repository that opened ``path`` for a commit message: its folder is the git folder.

    Raises:
        ContextError: the file lies in no git folder.
        GitError: git is missing or failed.
    """
    folder = path.parent.resolve()
    if not (folder / "HEAD").is_file() or not ((folder / "objects").is_dir() or (folder / "commondir").is_file()):
        return await of_folder(folder, env)
    return await _of_git_dir(folder, env)


async def _of_git_dir(git_dir: Path, env: Mapping[str, str] | None) -> Repository:
    settings = await _settings(git_dir, env)
    return _repository(env, git_dir, _work_tree(git_dir, settings.get("core.worktree")), settings)


def _work_tree(git_dir: Path, setting: str | None) -> Path:
    """The folder the files are in: a linked work tree says it in ``gitdir``, a submodule in ``core.worktree``."""
    linked = linked_tree(git_dir)
    if linked is not None:
        return linked
    if setting:
        return (git_dir / setting).resolve()
    return git_dir.parent


def _repository(
    env: Mapping[str, str] | None, git_dir: Path, work_tree: Path, settings: Mapping[str, str]
) -> Repository:
    return Repository(
        git_dir,
        work_tree,
        settings.get("core.commentstring") or settings.get("core.commentchar") or "#",
        settings.get("extensions.objectformat") == "sha256",
        "core.attributesfile" in settings or _own_attributes(os.environ if env is None else env),
    )


def _own_attributes(env: Mapping[str, str]) -> bool:
    """Whether there is a file where git looks when ``core.attributesFile`` is not set."""
    folder = env.get("XDG_CONFIG_HOME") or str(Path(env.get("HOME", "")) / ".config")
    return (Path(folder) / "git" / "attributes").is_file()


async def _settings(git_dir: Path, env: Mapping[str, str] | None) -> dict[str, str]:
    """The few settings that say where and what the repository is; the last one written wins, as in git."""
    pattern = r"^(core\.(commentchar|commentstring|worktree|attributesfile)|extensions\.objectformat)$"
    said = await run(
        (f"--git-dir={git_dir}", "config", "-z", "--get-regexp", pattern), cwd=git_dir, env=env, fine=(0, 1)
    )
    entries = (entry.partition("\n") for entry in _text(said.stdout).split("\0") if entry)
    settings: dict[str, str] = {}
    for name, _, value in entries:
        if name in ("core.commentchar", "core.commentstring"):
            # Two names of one setting: whichever comes last counts.
            settings.pop("core.commentchar", None)
            settings.pop("core.commentstring", None)
        settings[name] = value
    return settings


async def head(repository: Repository, env: Mapping[str, str] | None = None) -> Head | None:
    """The last commit, with the subjects of those before it; None where there is none yet."""
    said = await run(
        (*repository.options, "log", f"-{RECENT}", "--no-show-signature", "--no-color", "--no-notes",
         "--encoding=UTF-8",
         "--date=default", "--format=%H%x00%P%x00%ad%x00%B%x00%x1e%x00", "HEAD", "--"),
        cwd=repository.cwd, env=env, fine=(0, 128),
    )  # fmt: skip
    if said.code == 128:
        return None
    records = [record.lstrip("\n").split("\0") for record in said.stdout.decode("utf-8", "replace").split(_RECORD)]
    commits = [record for record in records if len(record) == 4]
    if not commits:
        return None
    commit, parents, date, message = commits[0]
    own = [text for _, ancestors, _, text in commits if len(ancestors.split()) < 2]
    recent = tuple(text.strip().partition("\n")[0] for text in own)
    return Head(commit, tuple(parents.split()), date, message.strip("\n"), recent)


async def branch(repository: Repository, env: Mapping[str, str] | None = None) -> str | None:
    """The branch HEAD is on; None where it is detached.

    Raises:
        GitError: HEAD can't be read.
    """
    try:
        text = line(repository.git_dir / "HEAD").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except OSError:
        raise GitError(f"{repository.git_dir / 'HEAD'} can't be read.", "Is the repository whole?") from None
    if not text.startswith("ref:"):
        return None
    name = text.removeprefix("ref:").strip()
    if name == "refs/heads/.invalid":  # the reftable format keeps HEAD elsewhere
        said = await run((*repository.options, "symbolic-ref", "-q", "HEAD"), cwd=repository.cwd, env=env, fine=(0, 1))
        name = said.stdout.decode("utf-8", "replace").strip()
    return name.removeprefix("refs/heads/") or None


def _text(raw: bytes) -> str:
    """Paths come back as the bytes they are on the disk."""
    return raw.decode("utf-8", "surrogateescape")
