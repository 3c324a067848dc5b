"""A thousand writes of rung.toml, half of them broken, under a server that answers all the time."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
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
LIMIT = 30.0
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
    """As editors do: in place, beside it and renamed, or anew."""
    if way == 0:
        with path.open("w", encoding="utf-8") as file:
            file.write(text[: len(text) // 2])
            file.flush()
            file.write(text[len(text) // 2 :])
    elif way == 1:
        beside = path.with_suffix(".new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    else:
        path.unlink(missing_ok=True)
        path.write_text(text, encoding="utf-8")


class Storm:
    """Writes, watches and asks, all at the same time."""

    def __init__(self, store: SettingsStore, engine: Engine, url: str) -> None:
        self.store = store
        self.engine = engine
        self.url = url
        self.path = places.config_folder() / "rung.toml"
        self.seen: set[int] = set()
        self.errors: list[SettingsError] = []
        self.answered: list[int] = []
        self.calm = False
        self.ids = itertools.count()
        self.news = asyncio.Event()
        store.subscribe(self._hear)

    def _hear(
        self, _root: Path | None, found: Settings | None, error: SettingsError | None, _: tuple[str, ...]
    ) -> None:
        if found is not None:
            self.seen.add(number(found))
        if error is not None:
            self.errors.append(error)
        self.news.set()

    async def ask(self) -> None:
        """One question, with the settings of this moment: they are whole, and the answer is by them."""
        settings = self.store.current(None)
        n = number(settings)
        name = f"r{next(self.ids)}"
        request = Request(name, "ask", f"spot {name}", instruction="What?", max_output=1000)
        async with aclosing(self.engine.run(request, settings, {})) as events:
            last = [event async for event in events][-1]
        assert isinstance(last, OutcomeEvent)
        assert (last.result.text, last.result.receipt.tier) == (text_of("small:1b"), f"t{n}")
        self.answered.append(n)

    async def write_all(self) -> None:
        """All writes, as fast as the disk takes them; now and then a pause as long as an answer takes."""
        turns = itertools.cycle(range(3))
        for n in range(1, WRITES + 1):
            good = n % 2 == 0 or n == WRITES
            text = valid(n, self.url) if good else broken(n, self.url)
            await asyncio.to_thread(write, self.path, text, next(turns))
            if n % 17 == 0:
                await self.ask()

    async def ask_on(self) -> None:
        while not self.calm:
            await self.ask()

    async def until_last(self) -> None:
        async with asyncio.timeout(LIMIT):
            while number(self.store.current(None)) != WRITES or self.store.loaded(None).errors:
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
    asking = asyncio.create_task(storm.ask_on())
    await storm.write_all()
    await storm.until_last()
    storm.calm = True
    await asyncio.wait_for(asking, LIMIT)
    await storm.ask()
    assert storm.answered[-1] == WRITES
    # It was a storm: many writes were in force in between, and many broken ones were told.
    assert len(storm.seen) > 3
    assert len(storm.errors) > 3
    assert {n % 2 for n in storm.seen | set(storm.answered)} == {0}


async def test_a_rule_in_a_file_that_breaks_goes_on_to_hold(storm: Storm) -> None:
    storm.store.current(None)
    for way in range(3):
        write(storm.path, broken(1, storm.url), way)
        async with asyncio.timeout(LIMIT):
            while not storm.store.loaded(None).errors:
                storm.news.clear()
                await storm.news.wait()
        assert number(storm.store.current(None)) == 2 * way
        write(storm.path, valid(2 * way + 2, storm.url), way)
        async with asyncio.timeout(LIMIT):
            while storm.store.loaded(None).errors:
                storm.news.clear()
                await storm.news.wait()
        assert number(storm.store.current(None)) == 2 * way + 2
