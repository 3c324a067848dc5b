"""Diffs as git writes them and as people pipe them in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from rung.git.diff import parse, paths_in
from rung.git.diff_paths import named_from, starts

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Repo

NAMES = [
    "plain.txt", "with space.txt", "ümläut.txt", 'quo"te.txt', "new\nline", "tab\tin", "back\\slash", "a/b",
    "b/x b/y",
]  # fmt: skip
PREFIXES: list[list[str]] = [
    [], ["--no-prefix"], ["-c", "diff.mnemonicPrefix=true"], ["--src-prefix=old/", "--dst-prefix=new/"],
    ["--color=always"], ["-c", "core.quotepath=off"],
]  # fmt: skip


def _diff(repo: Repo, *options: str) -> str:
    before = [option for option in options if option.startswith(("-c", "diff.", "core."))]
    after = [option for option in options if option not in before]
    return repo.git(*before, "diff", "--cached", "-M", *after)


@pytest.mark.parametrize("prefix", PREFIXES, ids=[" ".join(prefix) or "as usual" for prefix in PREFIXES])
@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_found_however_it_is_written(repo: Repo, name: str, prefix: list[str]) -> None:
    repo.stage(name, "x\n")
    text = _diff(repo, *prefix)
    assert name in paths_in(text)
    if not any("src-prefix" in option for option in prefix):
        assert [file.path for file in parse(text)] == [name]


@pytest.mark.parametrize("prefix", PREFIXES, ids=[" ".join(prefix) or "as usual" for prefix in PREFIXES])
@pytest.mark.parametrize("name", NAMES)
def test_an_empty_or_binary_or_deleted_file_is_found_too(repo: Repo, name: str, prefix: list[str]) -> None:
    repo.stage(name, b"\0\1")
    assert name in paths_in(_diff(repo, *prefix))
    repo.stage(name, b"")
    assert name in paths_in(_diff(repo, *prefix))
    repo.commit("Add")
    repo.git("rm", "-q", "--", name)
    assert name in paths_in(_diff(repo, *prefix))


@pytest.mark.parametrize("name", NAMES)
def test_both_names_of_a_renamed_file_are_found(repo: Repo, name: str) -> None:
    repo.stage(name, "some\nlines\nof\ntext\n")
    repo.commit("Add")
    repo.git("mv", "--", name, "other name.txt")
    text = _diff(repo)
    assert {name, "other name.txt"} <= set(paths_in(text))
    assert [(file.kind, file.old_path, file.path) for file in parse(text)] == [("R", name, "other name.txt")]


@pytest.mark.parametrize(
    "options",
    [
        ["--stat"],
        ["--numstat"],
        ["--name-status"],
        ["--name-only"],
        ["--raw"],
        ["--summary"],
        ["--compact-summary"],
        ["--shortstat", "-p"],
    ],
)
def test_names_in_lists_are_found(repo: Repo, options: list[str]) -> None:
    repo.stage("secrets/key.pem", "x\n")
    assert "secrets/key.pem" in paths_in(_diff(repo, *options))


@pytest.mark.parametrize("options", [[], ["-s"], ["-sb"], ["--porcelain"], ["-v"], ["-uall"]])
def test_names_in_a_status_are_found(repo: Repo, options: list[str]) -> None:
    def named() -> set[str]:
        return set(paths_in(repo.git("status", *options)))

    repo.stage("secrets/key.pem", "x\n" * 9)
    repo.stage("Makefile", "x\n")
    assert {"secrets/key.pem", "Makefile"} <= named()
    repo.commit("Add")
    repo.git("mv", "secrets/key.pem", "open.txt")
    repo.write("new folder/b.txt", "y\n")
    repo.write("Makefile", "y\n")
    assert {"secrets/key.pem", "open.txt", "Makefile"} <= named()
    assert {"new folder/", "new folder/b.txt"} & named()


def test_a_merge_with_a_conflict_is_read(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.commit("Side", **{"a.txt": "side\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("Main", **{"a.txt": "main\n"})
    repo.git("merge", "-q", "side", check=False)
    (file,) = parse(repo.git("diff"))
    assert file.path == "a.txt"
    assert file.hunks[0].parents == 2
    assert "a.txt" in paths_in(repo.git("diff"))
    repo.write("a.txt", "both\n")
    repo.git("add", ".")
    repo.git("commit", "-q", "-m", "Merge")
    assert [file.path for file in parse(repo.git("show"))] == ["a.txt"]


def test_a_submodule_is_told_apart(repo: Repo, new_repo: Callable[..., Repo]) -> None:
    outer = new_repo("outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo.folder), "libs/inner")
    files = {file.path: file.submodule for file in parse(outer.git("diff", "--cached"))}
    assert files == {".gitmodules": False, "libs/inner": True}
    assert "libs/inner" in paths_in(outer.git("diff", "--cached", "--submodule=log"))


def test_a_log_with_a_graph_names_its_files(repo: Repo) -> None:
    repo.commit("Add a key", **{"secrets/key.pem": "x\n"})
    assert "secrets/key.pem" in paths_in(repo.git("log", "--graph", "-p"))
    assert "secrets/key.pem" in paths_in(repo.git("log", "--stat"))


def test_hunks_know_their_lines(repo: Repo) -> None:
    repo.stage("a.txt", "one\n--- two\n+++ three\n")
    repo.git("update-index", "--chmod=+x", "a.txt")
    (file,) = parse(_diff(repo))
    assert file.kind == "M"
    assert file.added == ("--- two", "+++ three")
    assert file.deleted == ("two",)


def test_a_plain_diff_in_a_mail_is_found() -> None:
    text = "Hi,\n\n> --- a/src/one.c\t2024-01-01\n> +++ b/src/one.c\t2024-01-02\n> @@ -1 +1 @@\n> -a\n> +b\n\nBye"
    assert "src/one.c" in paths_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "--- old/secret.key\n+++ new/secret.key\n@@ -1 +1 @@\n-a\n+b\n",
        "diff -u secret.key.orig secret.key\n",
        "Only in conf: secret.key\n",
        "Index: secret.key\n=====\n",
        "*** secret.key\t2024-01-01\n--- secret.key\t2024-01-02\n",
        " rename conf/{old.key => secret.key} (100%)\n",
        " conf/{old.key => secret.key} | 0\n",
        "Binary files a/x.key and b/secret.key differ\n",
        "\x1b[1mdiff --git a/secret.key b/secret.key\x1b[m\n",
        "diff --git a/secret.key b/secret.key\r\nindex 1..2 100644\r\n",
        "diff --git a/secret.key b/secret.key",
    ],
)
def test_other_ways_to_name_a_file(text: str) -> None:
    assert any(path.endswith("secret.key") for path in paths_in(text))


def test_a_hunk_that_claims_too_many_lines_hides_no_file() -> None:
    text = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,900 +1,900 @@\n a\ndiff --git a/hidden b/hidden\n--- a/hidden\n"
    assert "hidden" in paths_in(text)
    text = "--- a/x\n+++ b/x\n@@ -1,900 +1,900 @@\n a\n--- a/hidden\n+++ b/hidden\n@@ -1 +1 @@\n-a\n+b\n"
    assert "hidden" in paths_in(text)


@pytest.mark.parametrize(
    "text", ["", "no diff here", "a | b\nc | 3 apples", "---\ntitle: x\n---\n", "Dear all,\nthanks"]
)
def test_prose_names_no_files(text: str) -> None:
    assert parse(text) == ()
    assert paths_in(text) == ()


@pytest.mark.parametrize(
    "line",
    [
        "diff --git " + "a " * 5000,
        "x" + " " * 20_000 + "|",
        ">" * 20_000,
        "diff --git " + '"' * 9999,
        "Binary files " + " and " * 5000,
    ],
)
def test_long_strange_lines_cost_little(line: str) -> None:
    paths_in("\n".join([line] * 50))


def test_a_path_starts_from_the_workspace_from_here_and_from_the_repositorys_top(tmp_path: Path) -> None:
    here = tmp_path / "keep" / "deep"
    here.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    workspace = here.parent
    folders = starts(str(workspace), str(here))
    assert folders == (str(workspace), str(here), str(tmp_path))
    assert named_from("x.py", str(workspace), folders) == ("x.py", "deep/x.py", f"{tmp_path}/x.py")
    assert named_from("../x.py", str(workspace), folders) == (f"{tmp_path}/x.py", "x.py", f"{tmp_path.parent}/x.py")
    assert named_from("/x.py", str(workspace), folders) == ("/x.py",)
    assert starts(None, None) == ()


def test_a_nul_is_no_part_of_a_files_name() -> None:
    text = 'diff --git "a/x\\000.py" "b/x\\000.py"\n--- "a/x\\000.py"\n+++ "b/x\\000.py"\n@@ -1 +1 @@\n-a\n+b\n'
    assert not any("\0" in path for path in paths_in(text))
    assert any(path.startswith("x") for path in paths_in(text))


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("*** Begin Patch\n*** Update File: p/x.py\n*** Move to: q/y z.py\n@@\n-a\n+b\n", {"p/x.py", "q/y z.py"}),
        ("*** Add File: p/x.py\n+b\n*** Delete File: q.py\n", {"p/x.py", "q.py"}),
        ("==== //depot/p/x.py#3 - /home/u/p/x.py ====\n@@ -1 +1 @@\n", {"p/x.py", "/home/u/p/x.py"}),
        ("==== //depot/main/p/x y.py#12 (text+x) ====\n", {"p/x y.py", "main/p/x y.py"}),
        ("==== //a/p/x.py#1 (text) - //b/q/y.py#2 (text) ==== content\n", {"p/x.py", "q/y.py"}),
        ("Modified regular file p/x.py:\n        1: a\n", {"p/x.py"}),
        ("Added executable file p/x.py:\nRemoved symlink q:\nResolved conflict in r.c:\n", {"p/x.py", "q", "r.c"}),
        ("Modified regular file p/{x.py => y.py}:\n", {"p/x.py", "p/y.py"}),
        ("Executable file became non-executable at p/x.py:\n", {"p/x.py"}),
        ("==> p/x.py <==\na\n\n==> q/y.py <==\nb\n", {"p/x.py", "q/y.py"}),
        ("p/x.py:1:import os\np/x.py:12:import re\n", {"p/x.py"}),
        ("./p/x.py:1:4:import os\nq/y z.py:12:import re\n", {"p/x.py", "q/y z.py"}),
        ("p/x.py:1:import os\n", {"p/x.py"}),
        ("+diff --git a/p/x.py b/p/x.py\n+--- a/p/x.py\n++++ b/p/x.py\n", {"p/x.py"}),
        ("-*** Update File: p/x.py\n+*** Update File: q.py\n", {"p/x.py", "q.py"}),
        ("++++ b/p/x.py\n+@@ -1 +1 @@\n", {"p/x.py"}),
        ("diff --git a/p/x.py b/p/x.py\r--- a/p/x.py\r+++ b/p/x.py\r", {"p/x.py"}),
        ("Makefile\np/x.py\n", {"p/x.py", "Makefile"}),
        ('"p/\\303\\274 x.py"\n(app)/[id].ts\r\n', {"p/ü x.py", "(app)/[id].ts"}),
        ("#\tmodified:   p/x y.py\n#\n", {"p/x y.py"}),
        ("\tmodified:   libs/inner (new commits, untracked content)\n", {"libs/inner"}),
        ("\tboth modified:   p/x.py\n\tdeleted by them: q.py\n", {"p/x.py", "q.py"}),
        ("Look:\n M p/x.py\nR  a.py -> b.py\n?? q/\nUU c.py\n", {"p/x.py", "a.py", "b.py", "q/", "c.py"}),
    ],
)
def test_other_forms_of_change_name_their_files(text: str, paths: set[str]) -> None:
    assert paths <= set(paths_in(text))


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    if a:\n        return {b: 1}\n",
        "12:30:05 the server began\n12:30:06 it ended\n",
        "Look at p/x.py:3: there it is.\nAnd then go on.\n",
        "==== A heading ====\nText.\n",
        "Modified by me on Monday:\n",
        "*** Note ***\n",
        "apple\nbanana\n",
        "https://a.example/x\nhttps://b.example/y\n",
        "1.5\n2.25\n",
        "x.y()\nz=1\n",
        "1. M is a letter\n2. A dog\nModified: the plan.\nA  new thing came up\n",
        "Untracked files: see above\n",
    ],
)
def test_what_only_looks_like_a_form_of_change_names_nothing(text: str) -> None:
    assert paths_in(text) == ()


@pytest.mark.parametrize(
    "line", ["-" * 99, "+ " * 99, "ed " * 99 + ":", "==== " * 99, "Git " + " at " * 99, "*** \n" * 99]
)
def test_no_line_takes_long_however_it_is_made(line: str) -> None:
    """A search that went back at each character would take hours, and meet the limit that every test has."""
    assert paths_in(line * 2000 + "\n") == ()
