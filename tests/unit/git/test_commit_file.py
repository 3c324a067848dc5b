"""What ``git commit`` is about to make, seen from the editor it opens."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rung.errors import ContextError
from rung.git.commit_context import for_commit_file

if TYPE_CHECKING:
    from .conftest import Repo

EDITOR = """
import asyncio, json, os, sys
from pathlib import Path
from rung.errors import RungError
from rung.git.commit_context import for_commit_file

path = Path(sys.argv[1]).absolute()
env = dict(os.environ)
if os.environ.get("FORGET"):
    env = {name: value for name, value in env.items() if name != "GIT_INDEX_FILE"}
try:
    change = asyncio.run(for_commit_file(path, env))
    said = {
        "paths": list(change.paths), "amend": change.amend, "merge": change.merge, "branch": change.branch,
        "index": change.index_file.name, "tree": str(change.work_tree), "diff": change.diff,
        "comment": change.comment_char, "added": sum(file.added for file in change.files),
    }
except RungError as error:
    said = {"error": error.text}
Path(os.environ["SEEN"]).write_text(json.dumps(said))
sys.exit(1)
"""


def seen(repo: Repo, *arguments: str, **env: str) -> dict[str, Any]:
    """What the code says when run as the editor of ``git commit ARGUMENTS``; the commit itself is then given up."""
    script = repo.folder.parent / "editor.py"
    script.write_text(EDITOR)
    target = repo.folder.parent / "seen.json"
    target.unlink(missing_ok=True)
    repo.git("commit", *arguments, check=False, GIT_EDITOR=f'"{sys.executable}" "{script}"', SEEN=str(target), **env)
    said: dict[str, Any] = json.loads(target.read_text())
    return said


FORGETFUL = pytest.mark.parametrize("env", [{}, {"FORGET": "1"}], ids=["git's environment", "without its index"])
"""An editor that runs in another process, such as a daemon's, does not know which index git made."""


@FORGETFUL
def test_a_plain_commit_is_what_is_staged(repo: Repo, env: dict[str, str]) -> None:
    repo.stage("a.txt", "staged\n")
    repo.write("b.txt", "not staged\n")
    said = seen(repo, **env)
    assert (said["paths"], said["index"], said["amend"]) == (["a.txt"], "index", False)
    assert said["tree"] == str(repo.folder)


@FORGETFUL
def test_commit_all_is_every_tracked_file(repo: Repo, env: dict[str, str]) -> None:
    repo.write("a.txt", "changed\n")
    repo.write("b.txt", "changed\n")
    said = seen(repo, "-a", **env)
    assert (said["paths"], said["index"]) == (["a.txt", "b.txt"], "index.lock")


@FORGETFUL
def test_commit_of_one_file_is_that_file(repo: Repo, env: dict[str, str]) -> None:
    repo.stage("a.txt", "staged\n")
    repo.write("b.txt", "named\n")
    said = seen(repo, "b.txt", **env)
    assert said["paths"] == ["b.txt"]
    assert said["index"].startswith("next-index-")


@FORGETFUL
def test_commit_of_one_file_in_a_linked_work_tree(repo: Repo, env: dict[str, str]) -> None:
    repo.git("worktree", "add", "-q", "-b", "side", "../linked")
    repo.folder = repo.folder.parent / "linked"
    repo.write("a.txt", "changed\n")
    repo.write("b.txt", "changed\n")
    said = seen(repo, "b.txt", **env)
    assert (said["paths"], said["tree"], said["branch"]) == (["b.txt"], str(repo.folder), "side")


def test_a_commit_from_a_folder_inside_the_work_tree(repo: Repo) -> None:
    repo.stage("sub/c.txt", "c\n")
    repo.folder = repo.folder / "sub"
    assert seen(repo)["paths"] == ["sub/c.txt"]


def test_the_diff_of_verbose_commits_is_read_from_git_not_from_the_buffer(repo: Repo) -> None:
    repo.stage("a.txt", "one\n")
    said = seen(repo, "-v")
    assert (said["paths"], said["amend"]) == (["a.txt"], False)


@pytest.mark.parametrize("more", [[], ["-v"], ["--reset-author"], ["-s"], ["--date=2020-01-01T00:00:00"]])
def test_amending_only_the_words_shows_the_last_commit_s_change(repo: Repo, more: list[str]) -> None:
    repo.commit("Say more in the second file", **{"b.txt": "more\n"})
    said = seen(repo, "--amend", *more)
    assert (said["paths"], said["amend"]) == (["b.txt"], True)


def test_amending_with_new_changes_shows_both(repo: Repo) -> None:
    repo.commit("Say more in the second file", **{"b.txt": "more\n"})
    repo.stage("c.txt", "new\n")
    assert seen(repo, "--amend")["paths"] == ["b.txt", "c.txt"]


def test_amending_the_first_commit_shows_all_its_files(repo: Repo) -> None:
    assert seen(repo, "--amend")["paths"] == ["a.txt", "b.txt"]


async def test_the_same_short_words_again_are_no_amendment(repo: Repo) -> None:
    repo.commit("wip", **{"b.txt": "more\n"})
    repo.stage("c.txt", "new\n")
    text = "wip\n\n# Please enter the commit message for your changes.\n# On branch main\n"
    repo.commit_file.write_text(text)
    change = await for_commit_file(repo.commit_file, repo.env, text)
    assert (change.amend, change.paths) == (False, ("c.txt",))


async def test_an_amendment_is_still_one_when_the_person_typed_over_the_message(repo: Repo) -> None:
    repo.commit("wip", **{"b.txt": "more\n"})
    date = repo.git("log", "-1", "--format=%ad").strip()
    repo.commit_file.write_text(f"wip\n\n# Bitte geben Sie eine Nachricht ein.\n#\n# Datum:           {date}\n#\n")
    change = await for_commit_file(repo.commit_file, repo.env, "quite another text")
    assert (change.amend, change.paths) == (True, ("b.txt",))


async def test_a_hook_that_knows_better_is_believed(repo: Repo) -> None:
    repo.commit("Second", **{"b.txt": "more\n"})
    assert (await for_commit_file(repo.commit_file, repo.env, amend=True)).paths == ("b.txt",)
    with pytest.raises(ContextError, match="Nothing is staged"):
        await for_commit_file(repo.commit_file, repo.env, amend=False)


def test_a_merge_commit_keeps_its_head_as_base(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.commit("Side", **{"side.txt": "s\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("Main", **{"main.txt": "m\n"})
    repo.git("merge", "-q", "--no-commit", "side")
    said = seen(repo)
    assert (said["paths"], said["merge"], said["amend"]) == (["side.txt"], True, False)


def test_the_first_commit_of_all(repo: Repo, tmp_path: Path) -> None:
    repo.git("init", "-q", "-b", "start", "../fresh")
    repo.folder = repo.folder.parent / "fresh"
    repo.stage("a.txt", "a\n")
    said = seen(repo)
    assert (said["paths"], said["branch"], said["amend"]) == (["a.txt"], "start", False)


@pytest.mark.parametrize(("setting", "expected"), [(";", ";"), ("auto", "#")])
def test_the_comment_sign_is_git_s(repo: Repo, setting: str, expected: str) -> None:
    repo.git("config", "core.commentChar", setting)
    repo.stage("a.txt", "x\n")
    assert seen(repo)["comment"] == expected


def test_an_automatic_comment_sign_is_read_off_the_buffer(repo: Repo) -> None:
    repo.git("config", "core.commentChar", "auto")
    repo.commit("#12 is the subject of this one", **{"b.txt": "more\n"})
    said = seen(repo, "--amend")
    assert (said["comment"], said["amend"]) == (";", True)


async def test_a_lock_index_that_nobody_can_read_is_passed_over(repo: Repo) -> None:
    repo.stage("a.txt", "staged\n")
    (repo.folder / ".git/index.lock").write_bytes(b"DIRC\0\0")
    assert (await for_commit_file(repo.commit_file, repo.env, "")).paths == ("a.txt",)


async def test_a_partial_index_left_behind_is_passed_over(repo: Repo) -> None:
    repo.stage("a.txt", "staged\n")
    (repo.folder / ".git/next-index-1.lock").write_bytes((repo.folder / ".git/index").read_bytes())
    repo.stage("b.txt", "staged later\n")
    assert (await for_commit_file(repo.commit_file, repo.env, "")).paths == ("a.txt", "b.txt")


async def test_an_index_outside_the_git_folder_is_not_read(repo: Repo, tmp_path: Path) -> None:
    repo.stage("a.txt", "staged\n")
    strange = tmp_path / "index"
    strange.write_bytes(b"DIRC")
    change = await for_commit_file(repo.commit_file, repo.env | {"GIT_INDEX_FILE": str(strange)}, "")
    assert change.index_file == repo.folder / ".git/index"


async def test_a_commit_file_in_no_git_folder_belongs_to_the_work_tree_it_lies_in(repo: Repo) -> None:
    repo.stage("a.txt", "staged\n")
    assert (await for_commit_file(repo.write("deep/COMMIT_EDITMSG", ""), repo.env)).paths == ("a.txt",)
