"""``per_minute``: no more questions than a model may be asked, and none of it held against its server."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.ladder.scene import Scene, model, says
from tests.virtual import run_virtual

from rung.errors import NoAnswerError
from rung.ladder.rates import Rates
from rung.types.event import TierEvent


def test_a_bucket_is_full_at_first_and_fills_at_the_rate_up_to_its_size() -> None:
    async def go() -> None:
        rates, asked = Rates(), model("m", per_minute=6)
        assert [rates.take(asked, 0.0) for _ in range(7)] == [0, 0, 0, 0, 0, 0, 10]
        await asyncio.sleep(10)
        assert [rates.take(asked, 0.0) for _ in range(2)] == [0, 10]
        await asyncio.sleep(600)
        assert [rates.take(asked, 0.0) for _ in range(7)] == [0, 0, 0, 0, 0, 0, 10]

    run_virtual(go())


async def test_without_a_limit_there_is_none() -> None:
    rates = Rates()
    assert {rates.take(model("m"), 0.0) for _ in range(1000)} == {0.0}


def test_those_who_wait_do_not_wait_for_the_same_token_and_one_given_back_is_there_for_the_next() -> None:
    async def go() -> None:
        rates, asked = Rates(), model("m", per_minute=60)
        for _ in range(60):
            rates.take(asked, 0.0)
        assert [rates.take(asked, 5.0) for _ in range(3)] == [1, 2, 3]
        rates.give_back(asked)
        assert rates.take(asked, 5.0) == 3

    run_virtual(go())


def test_a_short_wait_for_the_rate_is_waited_and_told() -> None:
    scene = Scene({"small": says(), "large": says()})
    models = [("small", model("small", per_minute=30)), ("large", model("large"))]

    async def go() -> None:
        for _ in range(31):
            assert (await scene.climb(models)).tier == "small"

    assert run_virtual(go())[1] == 2
    assert scene.fake.times[-2:] == [0, 2]
    assert scene.tried[-1].attempt.queued_ms == 2000
    assert [e.reason for e in scene.events if isinstance(e, TierEvent) and e.waiting == "queued"] == [
        "it may be asked 30 times a minute, again in 2 s"
    ]


def test_a_longer_wait_leads_to_the_next_whose_reason_names_the_limit_and_no_server_is_blamed() -> None:
    scene = Scene({"small": says(), "large": says()})
    models = [("small", model("small", per_minute=1)), ("large", model("large"))]

    async def go() -> None:
        tiers = [(await scene.climb(models)).tier for _ in range(5)]
        assert tiers == ["small", "large", "large", "large", "large"]
        assert scene.health.known(model("small")).state == "unknown"
        await asyncio.sleep(60)
        assert (await scene.climb(models)).tier == "small"

    run_virtual(go())
    assert scene.tried[1].attempt.outcome == "busy"
    assert scene.tried[1].attempt.reason == "small may be asked 1 times a minute, again in 60 s."
    assert scene.fake.asked.count("small") == 2


def test_the_last_of_a_plan_waits_for_its_rate_within_the_deadline_only() -> None:
    scene = Scene({"small": says()})
    alone = [("small", model("small", per_minute=1))]

    async def go() -> None:
        await scene.climb(alone)
        with pytest.raises(NoAnswerError, match="1 times a minute"):
            await scene.climb(alone, deadline=59.0)
        await scene.climb(alone, deadline=100.0)

    assert run_virtual(go())[1] == 60


def test_a_question_that_is_not_asked_after_all_costs_nothing_of_the_rate() -> None:
    scene = Scene({"small": says(), "large": says()})
    models = [("small", model("small", per_minute=1)), ("large", model("large"))]

    async def go() -> None:
        await scene.climb(models, admit=lambda candidate: "no" if candidate.tier == "small" else None)
        assert (await scene.climb(models)).tier == "small"

    run_virtual(go())


def test_a_wait_for_the_rate_that_is_cancelled_gives_its_token_back() -> None:
    scene = Scene({"small": says()})
    alone = [("small", model("small", per_minute=1))]

    async def go() -> float:
        await scene.climb(alone)
        waiting = asyncio.ensure_future(scene.climb(alone))
        await asyncio.sleep(30)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await scene.climb(alone)
        return asyncio.get_running_loop().time()

    assert run_virtual(go())[0] == 60
