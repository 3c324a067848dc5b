"""Rules that look at health and money see things as they are."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest
from tests.engine.conftest import Desk

from rung.engine import Engine
from rung.git import homes
from rung.running.beginning import new_id
from rung.settings.values import Budget, Rule, Settings, Tier, When
from rung.sim import SimModel, Simulator
from rung.types.event import OutcomeEvent
from rung.types.model import Model, Price
from rung.types.receipt import Receipt
from rung.types.request import Request


async def ask(engine: Engine, settings: Settings, **given: str) -> Receipt:
    request = Request(new_id(), "ask", "test", instruction="Say something long about rows.", **given)  # type: ignore[arg-type]  # only texts are given
    async with aclosing(engine.run(request, settings, {})) as events:
        async for event in events:
            if isinstance(event, OutcomeEvent):
                return event.result.receipt
    raise AssertionError("no outcome")


async def test_a_rule_sees_how_a_tier_is_and_what_is_left_of_the_day(home: Path) -> None:
    async with Simulator((SimModel("sim-small:3b"), SimModel("sim-large:14b"))) as sim:
        cloud = Model("openai-compatible", "sim-large:14b", f"{sim.url}/v1", connect=3.0, price=Price(1e4, 1e4))
        small = Model("ollama", "sim-small:3b", sim.url, context=8192, local=True)
        gone = Model("ollama", "sim-small:3b", "http://127.0.0.1:9", context=8192, local=True)
        settings = Settings(
            (Tier("gone", (gone,)), Tier("small", (small,)), Tier("cloud", (cloud,))),
            (
                Rule("the day is nearly spent", When(budget_left_under=99.5), tier="small"),
                Rule("its machine is off", When(health=(("gone", "down"),)), tier="cloud"),
            ),
            Budget(per_day=100.0),
        )
        engine = Engine(state=home / "state", source="cli")
        try:
            first = await ask(engine, settings)
            assert (first.rule, first.escalated_from, first.tier) == (None, "gone", "small")
            second = await ask(engine, settings)
            assert (second.rule, second.tier) == ("its machine is off", "cloud")
            assert second.cost_usd is not None
            assert second.cost_usd > 0.5
            await asyncio.wait_for(engine.ledger.flush(5), 10)
            third = await ask(engine, settings)
            assert (third.rule, third.tier) == ("the day is nearly spent", "small")
        finally:
            await engine.close()


@pytest.mark.parametrize(
    ("when", "looks"),
    [
        (When(words=("rows",)), False),
        (When(branch=("main",)), True),
        (When(not_of=When(any_of=(When(repository=("/x",)),))), True),
    ],
)
async def test_the_disk_is_looked_at_only_where_a_rule_asks_for_branch_or_repository(
    when: When, home: Path, monkeypatch: pytest.MonkeyPatch, *, looks: bool
) -> None:
    seen: list[object] = []

    def where(*given: object) -> object:
        seen.append(given)
        return homes.where(*given)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr("rung.running.beginning.where", where)
    async with Simulator((SimModel("sim-small:3b"),)) as sim:
        small = Model("ollama", "sim-small:3b", sim.url, context=8192, local=True)
        engine = Engine(state=home / "state", source="cli")
        try:
            await ask(engine, Settings((Tier("small", (small,)),), (Rule("r", when, tier="small"),)))
        finally:
            await engine.close()
    assert bool(seen) is looks


async def test_rules_see_the_size_as_it_is_estimated_and_windows_more(desk: Desk) -> None:
    rule = Rule("long", When(tokens_over=5_500), tier="cloud")
    request = desk.request(instruction="a" * 22_000, max_output=2_000)
    found = await desk.engine.explain(request, desk.settings(rules=(rule,)), {})
    assert (found.tokens, found.decision.tier) == (5_500, "small")
    # With 2,000 for the answer it would just fit by the estimate.
    assert "its window of 8192 tokens is too small" in [skipped.reason for skipped in found.plan.skipped]
