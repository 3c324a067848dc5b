"""A person's folders and a workspace, made of real files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rung.settings import places


def write(path: Path, text: str) -> Path:
    """A file with its folders, old enough for the cache to take it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


class Person:
    """Writes this test's settings files."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace

    @property
    def own(self) -> Path:
        """The person's rung.toml."""
        return places.config_folder() / "rung.toml"

    @property
    def theirs(self) -> Path:
        """The workspace's rung.toml."""
        return self.workspace / ".rung" / "rung.toml"

    def says(self, text: str) -> Path:
        """Write the person's own file."""
        return write(self.own, text)

    def workspace_says(self, text: str) -> Path:
        """Write the workspace's file."""
        return write(self.theirs, text)


@pytest.fixture
def person(tmp_path: Path) -> Person:
    """A person with a workspace and no settings yet."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return Person(Path(os.path.realpath(workspace)))
