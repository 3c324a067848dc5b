"""Opening a commit buffer loads the model its message would be written by: only where the settings say so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.desk import Desk, desk, sim_model, write_settings
from tests.lsp.desk import settings as written

from rung.engine import Engine
from rung.settings.values import Rule, Settings, Tier, When
from rung.sim import SimModel, Simulator
from rung.types.model import Model
from rung.types.request import Request

SMALL = "sim-small:3b"


@pytest.fixture
def models() -> list[SimModel]:
    return [SimModel(SMALL, load_seconds=0.3), SimModel("far:cloud", remote_host="https://x")]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    made = Engine(state=tmp_path)
    yield made
    await made.close()


def settings(sim: Simulator, *, prewarm: bool = True, **changes: object) -> Settings:
    small = Model("ollama", SMALL, sim.url, context=4096, connect=5.0, local=True).replace(**changes)
    return Settings((Tier("small", (small,), prewarm=prewarm),))


async def prewarmed(engine: Engine, chosen: Settings) -> bool:
    asked = Request("r", "ask", "spot", instruction="Which model will it be?")
    return await engine.prewarm(asked, chosen, {})


async def loaded(sim: Simulator) -> None:
    await sim.wait_for(lambda: sim.loads and sim.loading is None, limit=20)


@pytest.mark.parametrize("name", [SMALL, "auto"])
async def test_a_cold_model_is_loaded_with_its_own_window(sim: Simulator, engine: Engine, name: str) -> None:
    assert await prewarmed(engine, settings(sim, model=name))
    await loaded(sim)
    assert sim.loads == [(SMALL, "completed", 4096)]


async def test_a_loaded_model_is_left_as_it_is(sim: Simulator, engine: Engine) -> None:
    await prewarmed(engine, settings(sim))
    await loaded(sim)
    assert not await prewarmed(engine, settings(sim))
    assert len(sim.loads) == 1


async def test_without_the_setting_nothing_is_opened(sim: Simulator, engine: Engine) -> None:
    assert not await prewarmed(engine, settings(sim, prewarm=False))
    assert sim.log == []


@pytest.mark.parametrize("changes", [{"local": False}, {"provider": "openai-compatible"}])
async def test_a_model_that_is_not_local_or_not_ollama_s_is_not_even_looked_at(
    sim: Simulator, engine: Engine, changes: dict[str, Any]
) -> None:
    assert not await prewarmed(engine, settings(sim, **changes))
    assert sim.log == []


async def test_a_model_that_runs_elsewhere_is_never_loaded(sim: Simulator, engine: Engine) -> None:
    assert not await prewarmed(engine, settings(sim, model="far:cloud"))
    assert [exchange for exchange in sim.log if exchange.method == "POST"] == []


async def test_the_setting_of_another_tier_says_nothing_of_the_first(sim: Simulator, engine: Engine) -> None:
    (first,) = settings(sim, prewarm=False).tiers
    other = first.replace(name="large", prewarm=True)
    assert not await prewarmed(engine, Settings((first, other)))
    assert sim.log == []


async def test_the_model_is_the_one_the_rules_would_choose_for_this_very_request(tmp_path: Path) -> None:
    async with Simulator([SimModel(SMALL), SimModel("sim-large:14b")]) as sim:
        chosen = settings(sim)
        (small,) = chosen.tiers
        (model,) = small.models
        large = small.replace(name="large", models=(model.replace(model="sim-large:14b"),))
        rule = Rule("questions", When(words=("which model",)), tier="large")
        engine = Engine(state=tmp_path)
        assert await prewarmed(engine, Settings((small, large), (rule,)))
        await loaded(sim)
        assert [name for name, *_ in sim.loads] == ["sim-large:14b"]
        await engine.close()


async def test_where_there_is_nothing_to_work_on_yet_the_action_decides(sim: Simulator, engine: Engine) -> None:
    actions = engine.actions(None, trusted=False)
    assert await engine.prewarm(Request("r", "explain-selection", "spot"), settings(sim), actions)
    await loaded(sim)
    assert [name for name, *_ in sim.loads] == [SMALL]


async def test_a_server_that_is_not_there_is_no_trouble(sim: Simulator, engine: Engine) -> None:
    sim.down()
    assert not await prewarmed(engine, settings(sim))


async def test_nothing_is_loaded_beside_another_model_that_loads(tmp_path: Path) -> None:
    async with Simulator([SimModel(SMALL), SimModel("sim-large:14b", load_seconds=0.5)]) as sim:
        engine = Engine(state=tmp_path)
        assert await prewarmed(engine, settings(sim, model="sim-large:14b"))
        assert not await prewarmed(engine, settings(sim))
        await loaded(sim)
        assert [name for name, *_ in sim.loads] == ["sim-large:14b"]
        await engine.close()


async def test_whoever_asked_for_it_may_leave(sim: Simulator, engine: Engine) -> None:
    task = asyncio.ensure_future(prewarmed(engine, settings(sim)))
    await sim.wait_for(lambda: sim.loading, limit=10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await engine.close()
    await loaded(sim)
    assert sim.loads == [(SMALL, "completed", 4096)]


def wishes(table: Desk, more: str = "") -> None:
    """The person's settings ask for it; ``more``: what else stands in them, at the top."""
    write_settings(more + written(table.sim.url).replace('name = "small"', 'name = "small"\nprewarm = true', 1))


@pytest.mark.parametrize(("name", "language"), [(".git/COMMIT_EDITMSG", "plaintext"), ("note", "gitcommit")])
async def test_an_editor_that_opens_a_commit_buffer_has_the_model_loaded(home: Path, name: str, language: str) -> None:
    async with desk(home, model=sim_model(load_seconds=0.1)) as table:
        wishes(table)
        async with table.editor() as editor:
            await editor.open((table.repository / name).as_uri(), "", language=language)
            await loaded(table.sim)
        assert table.sim.loads == [("sim-small:3b", "completed", 16384)]
        assert table.questions == []


@pytest.mark.parametrize(("name", "is_wished"), [(".git/COMMIT_EDITMSG", False), ("shapes.py", True)])
async def test_an_editor_that_opens_anything_else_or_does_not_wish_for_it_loads_nothing(
    home: Path, name: str, *, is_wished: bool
) -> None:
    async with desk(home) as table:
        if is_wished:
            wishes(table)
        async with table.editor() as editor:
            uri = (table.repository / name).as_uri()
            await editor.open(uri, "")
            await editor.actions(uri)
        assert [exchange for exchange in table.sim.log if exchange.method == "POST"] == []


async def test_no_model_is_loaded_for_an_action_that_is_switched_off_and_nothing_breaks(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk(home) as table:
        wishes(table, 'actions = ["review-file"]\n')
        async with table.editor() as editor:
            uri = table.commit_file("")
            await editor.open(uri, "", language="gitcommit")
            assert await editor.actions(uri) == []
        assert table.sim.loads == []
    assert "prewarm failed" not in caplog.text
