"""Before and after trees made into a real staged change."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.copies import copy_of

from rung.git.commit_context import for_folder
from rung.git.staged import StagedChange

Tree = Mapping[str, str | bytes]
Staged = Callable[..., Coroutine[Any, Any, StagedChange]]


@pytest.fixture
def staged(tmp_path: Path) -> Staged:
    """A function that stages the way from one tree to another."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
    }
    folder = tmp_path / "shop"
    folder.mkdir()

    def git(*arguments: str, cwd: Path = folder) -> None:
        subprocess.run(["git", *arguments], cwd=cwd, env=env, check=True, capture_output=True)

    def lay(tree: Tree) -> None:
        for path, content in tree.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())

    async def make(before: Tree, after: Tree, *, branch: str = "main") -> StagedChange:
        copy_of(f"builtin/{branch}", lambda empty: git("init", "-q", "-b", branch, cwd=empty), folder)
        lay(before)
        git("add", "-A")
        git("commit", "-q", "--allow-empty", "-m", "Before")
        for path in before:
            (folder / path).unlink()
        lay(after)
        git("add", "-A")
        return await for_folder(folder, env)

    return make
