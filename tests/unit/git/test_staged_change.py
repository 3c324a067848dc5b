"""What a commit message is for, read from real repositories."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rung.errors import ContextError
from rung.git.commit_context import for_commit_file, for_folder

if TYPE_CHECKING:
    from .conftest import Repo


async def test_a_folder_inside_the_work_tree_finds_what_is_staged(repo: Repo) -> None:
    repo.stage("a.txt", "one\n2\n")
    repo.write("b.txt", "not staged\n")
    change = await for_folder(repo.write("deep/er/x", "").parent, repo.env)
    assert [(file.path, file.status, file.added, file.deleted) for file in change.files] == [("a.txt", "M", 1, 1)]
    assert change.branch == "main"
    assert change.head == repo.git("rev-parse", "HEAD").strip()
    assert change.work_tree == repo.folder
    assert change.git_dir == repo.folder / ".git"
    assert change.index_file == repo.folder / ".git/index"
    assert change.diff.startswith("diff --git a/a.txt b/a.txt\n")
    assert change.diff.endswith("-two\n+2\n")
    assert (change.amend, change.merge, change.cut) == (False, False, False)


async def test_without_a_commit_everything_staged_is_new(new_repo: Callable[..., Repo]) -> None:
    repo = new_repo()
    repo.stage("a.txt", "one\n")
    change = await for_folder(repo.folder, repo.env)
    assert change.head is None
    assert change.branch == "main"
    assert [(file.path, file.status) for file in change.files] == [("a.txt", "A")]


async def test_a_repository_with_sha256_names_works_from_its_first_commit(new_repo: Callable[..., Repo]) -> None:
    repo = new_repo("sha256", "--object-format=sha256")
    repo.stage("a.txt", "one\n")
    assert (await for_folder(repo.folder, repo.env)).paths == ("a.txt",)


@pytest.mark.parametrize(
    "name",
    ["with space.txt", "ümläut.txt", 'quo"te.txt', "new\nline.txt", "tab\tin.txt", "back\\slash", "-dash", "a b/c d"],
)
async def test_any_file_name_comes_back_as_it_is(repo: Repo, name: str) -> None:
    repo.stage(name, "x\n")
    change = await for_folder(repo.folder, repo.env)
    assert change.paths == (name,)
    assert change.files[0].added == 1
    assert "+x" in change.files[0].diff


async def test_each_kind_of_change_is_told_apart(repo: Repo) -> None:
    repo.stage("moved.txt", "".join(f"line {number}\n" for number in range(20)))
    repo.stage("script", "#!/bin/sh\n")
    repo.stage("becomes-link", "text\n")
    repo.commit("Prepare")
    repo.git("mv", "moved.txt", "there.txt")
    repo.git("rm", "-q", "b.txt")
    repo.git("update-index", "--chmod=+x", "script")
    (repo.folder / "becomes-link").unlink()
    (repo.folder / "becomes-link").symlink_to("a.txt")
    repo.git("add", "becomes-link")
    repo.stage("blob.bin", b"\0\1\2")
    repo.stage("poetry.lock", "x\n")
    repo.stage("latin1.txt", b"caf\xe9\n")
    files = {file.path: file for file in (await for_folder(repo.folder, repo.env)).files}
    assert {path: file.status for path, file in files.items()} == {
        "b.txt": "D", "becomes-link": "T", "blob.bin": "A", "latin1.txt": "A", "poetry.lock": "A", "script": "M",
        "there.txt": "R",
    }  # fmt: skip
    assert files["there.txt"].paths == ("moved.txt", "there.txt")
    assert files["script"].executable is True
    assert files["blob.bin"].binary
    assert files["poetry.lock"].lock
    assert "+caf\ufffd" in files["latin1.txt"].diff
    assert files["becomes-link"].diff.count("diff --git ") == 2
    assert all(f"b/{path}" in file.diff for path, file in files.items())


async def test_nothing_staged_says_how_many_files_are_changed(repo: Repo) -> None:
    repo.write("a.txt", "changed and longer\n")
    repo.write("b.txt", "changed and longer\n")
    with pytest.raises(ContextError) as caught:
        await for_folder(repo.folder, repo.env)
    assert "2 files are changed" in caught.value.sentence()
    assert "git add" in caught.value.sentence()


async def test_nothing_staged_says_how_many_files_are_new(repo: Repo) -> None:
    repo.write("new.txt", "x\n")
    with pytest.raises(ContextError, match="Nothing is staged") as caught:
        await for_folder(repo.folder, repo.env)
    assert "1 file is new" in caught.value.sentence()


@pytest.mark.parametrize("by", ["merge", "stash"])
async def test_conflicts_are_named_and_no_message_is_written_before_they_are_settled(repo: Repo, by: str) -> None:
    if by == "merge":
        repo.git("checkout", "-q", "-b", "side")
        repo.commit("side", **{"a.txt": "theirs\n", "b.txt": "theirs\n"})
        repo.git("checkout", "-q", "-")
        repo.commit("ours", **{"a.txt": "ours\n", "b.txt": "ours\n"})
        repo.git("merge", "side", check=False)
        expected = "2 files have conflicts"
    else:
        repo.write("a.txt", "stashed\n")
        repo.git("stash", "-q")
        repo.commit("ours", **{"a.txt": "ours\n"})
        repo.git("stash", "pop", check=False)
        expected = "1 file has conflicts"
    with pytest.raises(ContextError, match=expected) as caught:
        await for_folder(repo.folder, repo.env)
    assert "git status" in caught.value.sentence()
    for name in ("a.txt", "b.txt"):
        repo.stage(name, "settled\n")
    assert "a.txt" in (await for_folder(repo.folder, repo.env)).paths


async def test_a_bare_repository_is_a_sentence(new_repo: Callable[..., Repo]) -> None:
    repo = new_repo("bare.git", "--bare")
    with pytest.raises(ContextError, match="bare"):
        await for_folder(repo.folder, repo.env)


async def test_no_repository_is_a_sentence(tmp_path: Path, git_env: dict[str, str]) -> None:
    with pytest.raises(ContextError, match="not in a git repository"):
        await for_folder(tmp_path, git_env)


async def test_the_git_folder_itself_finds_its_repository(repo: Repo) -> None:
    repo.stage("a.txt", "changed\n")
    change = await for_folder(repo.folder / ".git", repo.env)
    assert change.paths == ("a.txt",)
    assert change.work_tree == repo.folder


async def test_a_linked_work_tree_is_read_by_its_commit_file(repo: Repo) -> None:
    repo.git("worktree", "add", "-q", "-b", "side", "../linked")
    linked = repo.folder.parent / "linked"
    (linked / "a.txt").write_text("linked\n")
    repo.git("-C", str(linked), "add", ".")
    repo.stage("b.txt", "main\n")
    change = await for_commit_file(repo.folder / ".git/worktrees/linked/COMMIT_EDITMSG", repo.env)
    assert (change.work_tree, change.branch, change.paths) == (linked, "side", ("a.txt",))


async def test_a_submodule_is_read_by_its_commit_file_and_seen_as_one_from_outside(
    repo: Repo, new_repo: Callable[..., Repo]
) -> None:
    outer = new_repo("outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo.folder), "libs/inner")
    (outer.folder / "libs/inner/a.txt").write_text("changed in the submodule\n")
    outer.git("-C", "libs/inner", "add", ".")
    inside = await for_commit_file(outer.folder / ".git/modules/libs/inner/COMMIT_EDITMSG", outer.env)
    assert (inside.work_tree, inside.paths) == (outer.folder / "libs/inner", ("a.txt",))
    outside = await for_folder(outer.folder, outer.env)
    assert [(file.path, file.submodule) for file in outside.files] == [(".gitmodules", False), ("libs/inner", True)]
    assert "+Subproject commit " in outside.files[1].diff


async def test_a_merge_says_so(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.commit("Side", **{"side.txt": "s\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("Main", **{"main.txt": "m\n"})
    repo.git("merge", "-q", "--no-commit", "side")
    change = await for_folder(repo.folder, repo.env)
    assert change.merge
    assert change.paths == ("side.txt",)


async def test_a_conflict_that_is_not_resolved_yet_is_left_out(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.commit("Side", **{"a.txt": "side\n", "c.txt": "c\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("Main", **{"a.txt": "main\n"})
    repo.git("merge", "-q", "side", check=False)
    assert (await for_folder(repo.folder, repo.env)).paths == ("c.txt",)


async def test_variables_of_another_repository_change_nothing(repo: Repo, new_repo: Callable[..., Repo]) -> None:
    other = new_repo("other")
    other.stage("other.txt", "x\n")
    repo.stage("a.txt", "mine\n")
    strange = repo.env | {
        "GIT_DIR": str(other.folder / ".git"),
        "GIT_WORK_TREE": str(other.folder),
        "GIT_INDEX_FILE": str(other.folder / ".git/index"),
        "GIT_OBJECT_DIRECTORY": str(other.folder / ".git/objects"),
    }
    assert (await for_folder(repo.folder, strange)).paths == ("a.txt",)
    assert (await for_commit_file(repo.commit_file, strange)).paths == ("a.txt",)


async def test_a_diff_longer_than_the_limit_is_cut_at_a_line_and_says_so(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.stage("a.txt", "short\n")
    repo.stage("big.txt", "a line of twenty chars\n" * 1000)
    repo.stage("c.txt", "after the cut\n")
    run = for_folder.__globals__["run"]

    async def small(*args: object, **kwargs: object) -> object:
        return await run(*args, **kwargs, output_limit=5000)

    monkeypatch.setitem(for_folder.__globals__, "run", small)
    change = await for_folder(repo.folder, repo.env)
    assert change.cut
    assert [(file.path, file.cut) for file in change.files] == [("a.txt", False), ("big.txt", True), ("c.txt", True)]
    assert change.files[1].added == 1000
    assert change.files[1].diff.endswith("+a line of twenty chars\n")
    assert change.files[2].diff == ""
