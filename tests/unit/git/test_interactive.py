"""Committing for the person starts nothing that a repository nobody trusts brought along."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from rung.errors import GitError
from rung.git.interactive import commit
from rung.settings.trust import trust

HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-index-change", "reference-transaction")


class Theirs:
    """Somebody's repository with a change staged, and a program that leaves a trace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "theirs"
        self.folder.mkdir()
        self.trace = folder / "trace"
        self.program = folder / "evil"
        self.program.write_text(f'#!/bin/sh\necho "$0 $*" >> "{self.trace}"\ncat 2>/dev/null\nexit 0\n')
        self.program.chmod(0o755)
        self.git("init", "-q", "-b", "main")
        for name in ("a.txt", "b.txt"):
            (self.folder / name).write_text("one\n")
        self.git("add", ".")
        self.git("commit", "-q", "-m", "Begin")
        (self.folder / "a.txt").write_text("two\n")
        self.git("add", "a.txt")

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout

    def hook(self, folder: Path, *names: str) -> None:
        folder.mkdir(exist_ok=True, parents=True)
        for name in names:
            (folder / name).symlink_to(self.program)

    def set_traps(self) -> None:
        self.hook(self.folder / ".git" / "hooks", *HOOKS)
        self.hook(self.folder / ".hooks", *HOOKS)
        (self.folder / ".git" / "info" / "attributes").write_text("* diff=e=vil filter=e=vil merge=e=vil\n")
        more = self.folder / ".git" / "more"
        program = str(self.program)
        for file, name, value in (
            (".git/config", "core.fsmonitor", program), (".git/config", "core.hooksPath", str(self.folder / ".hooks")),
            (".git/config", "core.editor", program), (".git/config", "core.pager", program),
            (".git/config", "core.sshCommand", program), (".git/config", "diff.external", program),
            (".git/config", "diff.e=vil.textconv", program), (".git/config", "diff.e=vil.command", program),
            (".git/config", "filter.e=vil.clean", program), (".git/config", "filter.e=vil.smudge", program),
            (".git/config", "filter.e=vil.required", "true"), (".git/config", "merge.e=vil.driver", program),
            (".git/config", "commit.gpgSign", "false"), (".git/config", "alias.commit", f"!{program}"),
            (".git/config", "commit.verbose", "true"), (".git/config", "includeIf.gitdir:/**.path", str(more)),
            (".git/more", "filter.e=vil.process", program), (".git/more", "gpg.program", program),
            (".git/more", "credential.helper", f"!{program}"), (".git/more", "pager.commit", program),
        ):  # fmt: skip
            self.git("config", "--file", str(self.folder / file), name, value)
        # Changed since it was added: git reads it again, through a filter.
        (self.folder / "b.txt").write_text("three\n")


@pytest.fixture
def theirs(home: Path, monkeypatch: pytest.MonkeyPatch) -> Theirs:
    monkeypatch.setenv("GIT_EDITOR", "touch")
    return Theirs(home)


def test_the_traps_are_real(theirs: Theirs) -> None:
    theirs.set_traps()
    subprocess.run(["git", "commit", "-m", "By git itself"], cwd=theirs.folder, capture_output=True, check=False)
    assert theirs.trace.exists()


def test_a_repository_starts_nothing_and_the_person_is_told(theirs: Theirs, capfd: pytest.CaptureFixture[str]) -> None:
    theirs.set_traps()
    assert commit("fix: add two\n\nWhy not.", theirs.folder).code == 0
    assert not theirs.trace.exists(), theirs.trace.read_text()
    told = capfd.readouterr().err
    assert "not run, for this repository is not trusted" in told
    assert "filter.e=vil.clean" in told
    (theirs.folder / ".git" / "config").unlink()
    assert theirs.git("log", "-1", "--format=%B").strip() == "fix: add two\n\nWhy not."
    assert theirs.git("show", "HEAD:a.txt") == "two\n"


def test_hooks_are_named_where_they_were_left_alone(theirs: Theirs, capfd: pytest.CaptureFixture[str]) -> None:
    theirs.hook(theirs.folder / ".git" / "hooks", "pre-commit", "commit-msg")
    assert commit("fix: add two", theirs.folder).code == 0
    assert "not trusted: pre-commit, commit-msg." in capfd.readouterr().err
    assert not theirs.trace.exists()


def test_an_ordinary_repository_is_committed_to_in_silence(theirs: Theirs, capfd: pytest.CaptureFixture[str]) -> None:
    theirs.git("config", "user.name", "Somebody Else")
    assert commit("fix: add two", theirs.folder).code == 0
    assert "rung:" not in capfd.readouterr().err
    assert theirs.git("log", "-1", "--format=%an") == "Rung Test\n"


def test_the_persons_own_hooks_and_programs_run(
    theirs: Theirs, home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    theirs.hook(home / "hooks", "pre-commit")
    theirs.git("config", "--file", str(home / "gitconfig"), "core.hooksPath", str(home / "hooks"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    assert commit("fix: add two", theirs.folder).code == 0
    assert f"{home}/hooks/pre-commit" in theirs.trace.read_text()
    assert "rung:" not in capfd.readouterr().err


def test_what_is_trusted_runs(theirs: Theirs) -> None:
    theirs.hook(theirs.folder / ".git" / "hooks", "pre-commit")
    (theirs.folder / ".rung").mkdir()
    (theirs.folder / ".rung" / "rung.toml").write_text("")
    trust(theirs.folder)
    assert commit("fix: add two", theirs.folder).code == 0
    assert "pre-commit" in theirs.trace.read_text()


def test_a_submodule_starts_nothing_either(theirs: Theirs) -> None:
    inner = theirs.folder / "inner"
    inner.mkdir()
    for words in (("init", "-q"), ("commit", "-q", "--allow-empty", "-m", "Begin")):
        subprocess.run(["git", *words], cwd=inner, check=True, capture_output=True)
    theirs.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", "./inner", "inner")
    theirs.git("config", "--file", ".gitmodules", "submodule.inner.ignore", "none")
    for name, value in (("core.fsmonitor", str(theirs.program)), ("filter.evil.clean", str(theirs.program))):
        subprocess.run(["git", "config", name, value], cwd=inner, check=True)
    (inner / ".gitattributes").write_text("* filter=evil\n")
    theirs.trace.unlink(missing_ok=True)
    assert commit("fix: add inner", theirs.folder).code == 0
    assert not theirs.trace.exists(), theirs.trace.read_text()


def test_no_git_of_the_folder_we_are_in_is_run(theirs: Theirs, monkeypatch: pytest.MonkeyPatch) -> None:
    (theirs.folder / "git").symlink_to(theirs.program)
    monkeypatch.chdir(theirs.folder)
    monkeypatch.setenv("PATH", f".{os.pathsep}")
    with pytest.raises(GitError, match="not installed"):
        commit("fix: add two", theirs.folder)
    assert not theirs.trace.exists()
