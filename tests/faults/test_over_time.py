"""Faults that need time: a server that comes and goes, a clock that leaps, a model that has to be loaded first."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest
from tests.virtual import VirtualLoop, run_virtual

from rung.engine import Engine
from rung.settings.values import Settings, Tier
from rung.sim import Simulator
from rung.types.event import OutcomeEvent, TierEvent

from .cells import DEADLINE, Cell, ask, bench, connected, holds, quiet
from .kinds import FAULTS, PROVIDERS
from .victims import WINDOW, model, sim_model, text_of

BY_NAME = {fault.name: fault for fault in FAULTS}
HEALTHY = BY_NAME["500 once"]._replace(name="none", outcomes=frozenset({"ok", "refused"}))


async def flapping(provider: str, state: Path) -> None:
    cell = Cell(HEALTHY, provider, "first", "ask", 1, None)
    async with bench(cell, state) as made:
        assert made.victim.sim is not None
        made.victim.sim.heal()
        for _ in range(4):
            made.victim.sim.down()
            away = await ask(made)
            assert away.receipt.model == "large:1b"
            await made.victim.sim.up()
            # Longer than the longest pause a breaker takes.
            await asyncio.sleep(400.0)
            back = await ask(made)
            assert back.receipt.model == "victim:1b"
            assert await made.engine.ledger.flush(20.0), made.engine.ledger.problem
            rows = {row.id: row for row in made.engine.ledger.rows()}
            for one in (away, back):
                holds(made, one, rows[one.request.id])
        await quiet(made)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_that_comes_and_goes_is_left_and_found_again(provider: str, tmp_path: Path) -> None:
    run_virtual(flapping(provider, tmp_path))


async def leaping(provider: str, position: str, state: Path) -> None:
    """The machine sleeps for a day in the middle of an answer."""
    cell = Cell(BY_NAME["stall"], provider, position, "ask", 1, None)
    async with bench(cell, state) as made:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.call_later(1.0, loop.jump, 86400.0)
        ended = await ask(made)
        # Nobody counts the day; all else holds, and the person has one answer or one reason.
        ended = ended._replace(seconds=0.0)
        await quiet(made)
        assert await made.engine.ledger.flush(20.0), made.engine.ledger.problem
        (row,) = made.engine.ledger.rows()
        holds(made, ended, row, leapt=True)
        connected(made, [ended])
        attempts = [attempt for call in ended.receipt.calls for attempt in call.attempts]
        assert [attempt.outcome for attempt in attempts if attempt.model == "victim:1b"] in (["slow"], ["stalled"])


@pytest.mark.parametrize("position", ["first", "only"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_clock_that_leaps_strands_nobody(provider: str, position: str, tmp_path: Path) -> None:
    run_virtual(leaping(provider, position, tmp_path))


def local(sim: Simulator, *names: str) -> Settings:
    # On a real clock: a machine that is busy with other tests must not make a server count as gone.
    tiers = [Tier(name, (model("ollama", name, sim.url, connect=10.0),), DEADLINE) for name in names]
    return Settings(tuple(tiers))


async def answer(engine: Engine, settings: Settings) -> tuple[OutcomeEvent, list[str]]:
    """The outcome, and what the person was told to wait for."""
    from rung.types.request import Request

    asked = Request("r", "ask", "spot", instruction="What?", max_output=1000)
    async with aclosing(engine.run(asked, settings, {})) as stream:
        events = [event async for event in stream]
    assert isinstance(events[-1], OutcomeEvent)
    return events[-1], [event.waiting for event in events if isinstance(event, TierEvent)]


@pytest.mark.parametrize("doomed", [False, True], ids=["loads", "dies loading"])
async def test_a_cold_model_is_loaded_once_and_answers_or_the_next_one_does(home: Path, *, doomed: bool) -> None:
    models = [sim_model("small:1b", "ollama", load_seconds=0.3), sim_model("large:1b", "ollama")]
    async with Simulator(models) as sim:
        if doomed:
            sim.fail("load-failure", model="small:1b", times=None)
        engine = Engine(env={})
        try:
            outcome, waits = await answer(engine, local(sim, "small:1b", "large:1b"))
        finally:
            await engine.close()
        name = "large:1b" if doomed else "small:1b"
        assert outcome.result.text == text_of(name)
        outcomes = [a.outcome for call in outcome.result.receipt.calls for a in call.attempts]
        assert outcomes == (["load-failed", "ok"] if doomed else ["ok"])
        assert "loading" in waits
        assert [(one, window) for one, _, window in sim.loads].count(("small:1b", WINDOW)) == 1
