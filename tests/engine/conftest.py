"""One engine, a simulator behind it, and the settings that lead there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.copies import copy_of

from rung.engine import Engine
from rung.settings.values import Settings, Tier
from rung.sim import SimModel, Simulator
from rung.types.event import OutcomeEvent, ResetEvent, TextEvent, TierEvent
from rung.types.model import Model
from rung.types.outcome import Outcome
from rung.types.request import Document, Position, Range, Request

if TYPE_CHECKING:
    from rung.types.event import Event

SMALL, LARGE, CLOUD = "sim-small:3b", "sim-large:14b", "gpt-5-mini"
CODE = "import os\n\n\ndef add(a, b):\n    handle = open('x')\n    return eval('a + b')\n"
PRICES = {CLOUD: (0.25, 2.0)}
"""Dollars per million tokens, as the package of list prices has them."""


class Desk:
    """Asks an engine, and keeps what it said."""

    def __init__(self, engine: Engine, sim: Simulator, folder: Path) -> None:
        self.engine = engine
        self.sim = sim
        self.folder = folder
        self.events: list[Event] = []
        self._numbers = iter(range(1, 10_000))

    def models(self, **limits: Any) -> dict[str, Model]:
        local = Model("ollama", SMALL, self.sim.url, context=8192, connect=5.0, local=True).replace(**limits)
        cloud = Model("openai", CLOUD, f"{self.sim.url}/openai/v1", "TEST_KEY", connect=5.0, parallel=4)
        return {"small": local, "large": local.replace(model=LARGE), "cloud": cloud}

    def settings(self, *tiers: str, **fields: Any) -> Settings:
        models = self.models(**fields.pop("limits", {}))
        chosen = tiers or ("small", "large", "cloud")
        return Settings(tuple(Tier(name, (models[name],), 60.0) for name in chosen)).replace(**fields)

    def request(self, action: str = "ask", **fields: Any) -> Request:
        number = next(self._numbers)
        made = Request(f"r{number}", action, f"spot{number}", root=self.folder)
        if action == "ask":
            fields.setdefault("instruction", "Explain what a queue is, in two sentences.")
        elif action in {"explain-selection", "review-file"}:
            fields.setdefault("document", self.document())
        elif action == "commit-message":
            fields.setdefault("repository", self.folder)
        return made.replace(**fields)

    def document(self, text: str = CODE) -> Document:
        whole = Range(Position(3, 0), Position(5, 24))
        return Document((self.folder / "a.py").as_uri(), "a.py", "python", text, 1, whole)

    async def ask(self, request: Request, settings: Settings | None = None) -> Outcome:
        """The outcome of a request.

        Raises:
            RungError: it has none.
        """
        self.events = []
        actions = self.engine.actions(None, trusted=False)
        async for event in self.engine.run(request, settings or self.settings(), actions):
            self.events.append(event)
        last = self.events[-1]
        assert isinstance(last, OutcomeEvent)
        return last.result

    @property
    def shown(self) -> str:
        text = ""
        for event in self.events:
            text = "" if isinstance(event, ResetEvent) else text + event.text if isinstance(event, TextEvent) else text
        return text

    @property
    def asked(self) -> list[str]:
        return [event.tier for event in self.events if isinstance(event, TierEvent) and event.waiting == "asking"]

    async def rows(self) -> list[Any]:
        assert await self.engine.ledger.flush(5.0), self.engine.ledger.problem
        return self.engine.ledger.rows()


def git(folder: Path, *args: str) -> None:
    subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True)


def build(folder: Path) -> None:
    (folder / "shop").mkdir()
    git(folder, "init", "-q", "-b", "main")
    path = folder / "shop" / "cart.py"
    path.write_text("def total(items):\n    return sum(items)\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Begin")
    path.write_text("def total(items, tax=0.0):\n    return sum(items) * (1 + tax)\n")
    git(folder, "add", ".")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a staged change to ``shop/cart.py``."""
    folder = tmp_path / "work"
    copy_of("engine", build, folder)
    return folder


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator([SimModel(SMALL), SimModel(LARGE, parameters=14e9, context=16384)]) as found:
        yield found


@pytest.fixture
def make_engine(home: Path) -> Callable[..., Engine]:
    def make(keys: Mapping[str, str] | None = None) -> Engine:
        known = {"TEST_KEY": "sk-test"} if keys is None else keys
        return Engine(state=home / "state", env=dict(os.environ), find_key=known.get)

    return make


@pytest.fixture
async def desk(make_engine: Callable[..., Engine], sim: Simulator, repository: Path) -> AsyncIterator[Desk]:
    engine = make_engine()
    yield Desk(engine, sim, repository)
    await engine.close()
