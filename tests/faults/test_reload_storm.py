"""A thousand writes of rung.toml, half of them broken, under a server that answers all the time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from rung.engine import Engine
from rung.errors import SettingsError
from rung.settings import places
from rung.settings.load import load
from rung.settings.store import SettingsStore
from rung.settings.values import Settings
from rung.sim import Simulator
from rung.types.event import OutcomeEvent
from rung.types.request import Request

from .victims import sim_model, text_of

WRITES = 1000
SPELL = 50
"""Writes between two that are waited for, so that a storm on any machine has some of its settings in force."""
ASKERS = 3
"""Who ask all the time, each the next question as soon as the last is answered."""
LIMIT = 60.0
"""Seconds after which something that is waited for counts as lost."""
TEMPLATE = """
[[tier]]
name = "t{n}"
deadline = "{seconds}s"
[[tier.model]]
provider = "openai-compatible"
model = "small:1b"
connect = "10s"
url = "{url}/v1"

[[rule]]
name = "r{n}"
when = {{ language = "l{n}" }}
local = true

[budget]
per_request = {n}
"""


def valid(n: int, url: str) -> str:
    return TEMPLATE.format(n=n, url=url, seconds=100 + n)


def broken(n: int, url: str) -> str:
    """Cut in the middle of a line, of the wrong type, with a field nobody knows, or naming a tier that is not there."""
    whole = valid(n, url)
    ways = (
        whole[: whole.index("model =") + 9],
        whole.replace("deadline", "dead line"),
        whole.replace(f"per_request = {n}", 'per_request = "all"'),
        whole.replace("local = true", 'tier = "nowhere"'),
        whole.replace("[budget]", "[budgets]"),
    )
    return ways[n // 2 % len(ways)]


def number(settings: Settings) -> int:
    """The write these settings are of; every piece of them must be of the same one."""
    (tier,) = settings.tiers
    n = int(tier.name[1:])
    own = [rule for rule in settings.rules if rule.layer == "user"]
    assert (tier.deadline, settings.budget.per_request) == (100.0 + n, float(n))
    assert [(rule.name, rule.when.language, rule.local) for rule in own] == [(f"r{n}", (f"l{n}",), True)]
    return n


def write(path: Path, text: str, way: int) -> None:
    """As editors and tools do."""
    beside = path.with_suffix(".new")
    if way == 0:  # in place, in pieces, of which the first is no TOML
        cut = text.index('"') + 1
        with path.open("w", encoding="utf-8") as file:
            for piece in (text[:cut], text[cut:]):
                file.write(piece)
                file.flush()
    elif way == 1:  # beside it, and moved over it
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    elif way == 2:  # taken away, and made anew
        path.unlink(missing_ok=True)
        path.write_text(text, encoding="utf-8")
    else:  # kept under another name, and a new one moved to its place
        beside.write_text(text, encoding="utf-8")
        path.replace(path.with_suffix(".toml~"))
        beside.replace(path)


WAYS = 4


class Storm:
    """Writes, watches and asks, all at the same time."""

    def __init__(self, store: SettingsStore, engine: Engine, url: str) -> None:
        self.store = store
        self.engine = engine
        self.url = url
        self.path = places.config_folder() / "rung.toml"
        self.seen: list[int] = []
        self.errors: list[SettingsError] = []
        self.asked: list[int] = []
        self.answered: list[int] = []
        self.ended = False
        self.news = asyncio.Event()
        store.subscribe(self._hear)

    def _hear(
        self, _root: Path | None, found: Settings | None, error: SettingsError | None, _: tuple[str, ...]
    ) -> None:
        assert (found is None) != (error is None)
        if found is not None:
            self.seen.append(number(found))
        if error is not None:
            self.errors.append(error)
        self.news.set()

    async def ask(self) -> None:
        """One question, with the settings of this moment: they are whole, and the answer is by them."""
        settings = self.store.current(None)
        n = number(settings)
        name = f"r{len(self.asked)}"
        self.asked.append(n)
        request = Request(name, "ask", f"spot {name}", instruction="What?", max_output=1000)
        async with aclosing(self.engine.run(request, settings, {})) as events:
            last = [event async for event in events][-1]
        assert isinstance(last, OutcomeEvent)
        assert (last.result.text, last.result.receipt.tier) == (text_of("small:1b"), f"t{n}")
        self.answered.append(n)

    async def write_all(self) -> None:
        """All writes, as fast as the disk takes them; at the end of a spell it is waited until they are heard of."""
        for n in range(1, WRITES + 1):
            good = n % 2 == 0
            text = valid(n, self.url) if good else broken(n, self.url)
            await asyncio.to_thread(write, self.path, text, n // 3 % WAYS)
            if n % SPELL == 0:
                await self.until(n)
            if n % SPELL == SPELL - 1:
                await self.until_broken()

    async def ask_on(self) -> None:
        while not self.ended:
            await self.ask()

    async def until(self, n: int) -> None:
        """Wait until that write is in force, and nothing is wrong with the file."""
        await self._until(lambda: number(self.store.current(None)) == n and not self.store.loaded(None).errors)

    async def until_broken(self) -> None:
        """Wait until the file is known to be broken."""
        await self._until(lambda: bool(self.store.loaded(None).errors))

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT):
            while not holds():
                self.news.clear()
                await self.news.wait()


@pytest.fixture
async def storm(home: Path) -> AsyncIterator[Storm]:
    async with Simulator([sim_model("small:1b", "ollama")]) as sim:
        places.config_folder().mkdir(parents=True)
        write(places.config_folder() / "rung.toml", valid(0, sim.url), 1)
        store = SettingsStore(load)
        engine = Engine(env={})
        made = Storm(store, engine, sim.url)
        watching = asyncio.create_task(store.watch())
        try:
            yield made
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await engine.close()


async def test_what_is_in_force_is_always_one_whole_valid_write_and_no_request_is_lost(storm: Storm) -> None:
    assert number(storm.store.current(None)) == 0
    async with asyncio.TaskGroup() as group:
        for _ in range(ASKERS):
            group.create_task(storm.ask_on())
        await storm.write_all()
        storm.ended = True
    await storm.ask()
    # Every one of them was heard by `number`, which takes nothing but a whole one.
    assert set(range(SPELL, WRITES + 1, SPELL)) <= set(storm.seen)
    assert {n % 2 for n in storm.seen} == {0}
    assert storm.seen[-1] == WRITES
    assert len(storm.errors) >= WRITES // SPELL
    assert {error.path for error in storm.errors} == {storm.path}
    # Nobody's request was lost, and each was answered by what was in force when it began.
    assert sorted(storm.answered) == sorted(storm.asked)
    assert storm.answered[-1] == WRITES


@pytest.mark.parametrize("way", range(WAYS))
async def test_a_rule_in_a_file_that_breaks_goes_on_to_hold(storm: Storm, way: int) -> None:
    storm.store.current(None)
    write(storm.path, broken(1, storm.url), way)
    await storm.until_broken()
    assert number(storm.store.current(None)) == 0
    write(storm.path, valid(2, storm.url), way)
    await storm.until(2)
