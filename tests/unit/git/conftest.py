"""Real repositories in a temporary folder, deaf to the machine's git settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.copies import copy_of


class Repo:
    """A repository and the few things tests do with one."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self.env = dict(env)

    @property
    def commit_file(self) -> Path:
        return Path(self.git("rev-parse", "--absolute-git-dir").strip()) / "COMMIT_EDITMSG"

    def git(self, *arguments: str, check: bool = True, **env: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=self.env | env, capture_output=True, check=False
        )
        if check and done.returncode:
            raise AssertionError(f"git {arguments}: {done.stderr.decode()}")
        return done.stdout.decode("utf-8", "replace")

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def stage(self, path: str, text: str | bytes) -> None:
        self.write(path, text)
        self.git("add", "--", path)

    def commit(self, message: str, **files: str) -> None:
        for path, text in files.items():
            self.stage(path, text)
        self.git("commit", "-q", "--allow-empty", "-m", message)


@pytest.fixture
def git_env(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    mine = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return mine | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_AUTHOR_DATE": "2025-03-04T05:06:07+01:00",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


@pytest.fixture
def new_repo(tmp_path: Path, git_env: dict[str, str]) -> Callable[..., Repo]:
    def make(name: str = "repo", *options: str) -> Repo:
        folder = tmp_path / name
        folder.mkdir()
        repo = Repo(folder, git_env)
        repo.git("init", "-q", "-b", "main", *options)
        return repo

    return make


@pytest.fixture
def repo(tmp_path: Path, git_env: dict[str, str]) -> Repo:
    """One commit with ``a.txt`` and ``b.txt``."""

    def build(folder: Path) -> None:
        made = Repo(folder, git_env)
        made.git("init", "-q", "-b", "main")
        made.stage("a.txt", "one\ntwo\n")
        made.stage("b.txt", "three\n")
        made.commit("Add the first two files")

    copy_of("git", build, tmp_path / "repo")
    return Repo(tmp_path / "repo", git_env)
