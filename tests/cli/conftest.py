"""A simulator in this test's loop, a folder, and the real command in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.cli.command import Rung, configure, git
from tests.copies import copy_of

from rung.sim.server import Simulator


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    """Simulated servers, and a rung.toml that names them."""
    async with Simulator() as simulator:
        configure(simulator.url)
        yield simulator


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the command is run: no repository."""
    found = tmp_path / "work"
    found.mkdir()
    return found


@pytest.fixture
def rung(folder: Path) -> Rung:
    """The command."""
    return Rung(folder)


def build(folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    (folder / "area.py").write_text("def area(width, height):\n    return width * height\n", encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Begin")


@pytest.fixture
def repo(folder: Path) -> Path:
    """The same folder as a repository with one commit."""
    copy_of("cli", build, folder)
    return folder
