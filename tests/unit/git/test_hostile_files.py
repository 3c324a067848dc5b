"""Whatever stands in a git folder in place of its small files: nobody waits for it, or reads it without end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rung.errors import GitError
from rung.git import repository
from rung.git.commit_context import for_commit_file
from rung.git.homes import where
from rung.git.links import line, linked_tree, points_back
from rung.git.repository import Repository

if TYPE_CHECKING:
    from tests.unit.git.conftest import Repo


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def device(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


ODD = pytest.mark.parametrize("made", [pipe, device, folder])


@ODD
@pytest.mark.parametrize("name", ["HEAD", "commondir"])
def test_a_repository_with_an_odd_file_is_still_found(repo: Repo, made: Callable[[Path], None], name: str) -> None:
    made(repo.folder / ".git" / name)
    ((names, branch),) = where((), [str(repo.folder)])
    assert str(repo.folder) in names
    assert branch in {None, "/dev/zero"}


@ODD
def test_a_link_to_a_git_folder_may_be_odd_itself(tmp_path: Path, made: Callable[[Path], None]) -> None:
    made(tmp_path / ".git")
    assert len(where((), [str(tmp_path)])) == 1


@ODD
async def test_the_branch_cannot_be_told_where_head_is_odd(repo: Repo, made: Callable[[Path], None]) -> None:
    made(repo.folder / ".git" / "HEAD")
    with pytest.raises(GitError, match="HEAD can't be read"):
        await repository.branch(Repository(repo.folder / ".git", repo.folder))


@ODD
async def test_an_odd_lock_of_the_index_is_passed_over(repo: Repo, made: Callable[[Path], None]) -> None:
    repo.stage("c.txt", "new\n")
    repo.commit_file.write_text("\n# Please enter\n", encoding="utf-8")
    made(repo.folder / ".git" / "index.lock")
    change = await for_commit_file(repo.commit_file, repo.env)
    assert change.paths == ("c.txt",)


@ODD
async def test_an_odd_message_file_is_a_failure_and_no_wait(repo: Repo, made: Callable[[Path], None]) -> None:
    repo.stage("c.txt", "new\n")
    made(repo.commit_file)
    with pytest.raises(GitError, match="can't be read"):
        await for_commit_file(repo.commit_file, repo.env)


@ODD
def test_a_link_between_trees_may_be_odd(tmp_path: Path, made: Callable[[Path], None]) -> None:
    made(tmp_path / "gitdir")
    made(tmp_path / ".git")
    assert linked_tree(tmp_path) is None
    assert not points_back(tmp_path, tmp_path)
    with pytest.raises(OSError, match=r"not a file|directory"):
        line(tmp_path / "gitdir")


def test_a_work_tree_is_one_by_its_own_word(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", str(tmp_path / "side"))
    own = repo.folder / ".git" / "worktrees" / "side"
    assert linked_tree(own) == tmp_path / "side"
    assert points_back(tmp_path / "side", own)
    assert not points_back(repo.folder, own)
