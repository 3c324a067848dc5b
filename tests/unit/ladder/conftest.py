"""A ladder with a real Ollama provider in it, and a simulated server to ask; a module says which ``models`` it has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
from tests.unit.ladder.scene import Scene, says

from rung.providers.ollama import Ollama
from rung.sim import SimModel, Simulator


@pytest.fixture
async def sim(models: Sequence[SimModel]) -> AsyncIterator[Simulator]:
    async with Simulator(models) as found:
        yield found


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene({"large": says(), "cloud": says()}, tmp_path / "warm")
    made.ladder.means.providers = {**made.ladder.means.providers, "ollama": Ollama()}
    yield made
    made.ladder.means.warmups.close()
