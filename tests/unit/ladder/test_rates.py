"""``per_minute``: no more questions than a model may be asked, and none of it held against its server."""

from __future__ import annotations

import asyncio
import random

import pytest
from tests.unit.ladder.scene import Scene, model, says
from tests.virtual import run_virtual

from rung.errors import NoAnswerError
from rung.ladder.rates import Rates, Turn
from rung.types.event import TierEvent
from rung.types.model import Model


def ask(rates: Rates, asked: Model, patience: float = 0.0) -> float:
    """Take a turn and use it at once if it may be; gives how long it would have had to wait."""
    turn = rates.take(asked, patience)
    if not turn.pause:
        turn.used()
    return turn.pause


def test_no_minute_has_more_than_its_number_wherever_it_begins() -> None:
    async def go() -> None:
        rates, asked = Rates(), model("m", per_minute=6)
        assert [ask(rates, asked) for _ in range(7)] == [0, 0, 0, 0, 0, 0, 60]
        await asyncio.sleep(59)
        assert ask(rates, asked) == 1
        await asyncio.sleep(1)
        assert [ask(rates, asked) for _ in range(4)] == [0, 0, 0, 0]
        await asyncio.sleep(30)
        assert [ask(rates, asked) for _ in range(3)] == [0, 0, 30]
        await asyncio.sleep(30)
        assert [ask(rates, asked) for _ in range(5)] == [0, 0, 0, 0, 30]

    run_virtual(go())


async def test_without_a_limit_there_is_none() -> None:
    rates = Rates()
    assert {ask(rates, model("m")) for _ in range(1000)} == {0.0}


def test_a_limit_that_is_changed_holds_at_once_and_knows_what_was_asked() -> None:
    async def go() -> None:
        rates = Rates()
        assert [ask(rates, model("m", per_minute=2)) for _ in range(3)] == [0, 0, 60]
        assert [ask(rates, model("m", per_minute=3)) for _ in range(2)] == [0, 60]
        assert ask(rates, model("m", per_minute=1)) == 60
        assert ask(rates, model("other", per_minute=1)) == 0

    run_virtual(go())


def test_those_who_wait_have_turns_of_their_own_and_move_up_when_one_is_given_back() -> None:
    async def go() -> list[float]:
        rates, asked, loop = Rates(), model("m", per_minute=1), asyncio.get_running_loop()
        assert ask(rates, asked) == 0
        turns = [rates.take(asked, 300.0) for _ in range(3)]
        assert [turn.pause for turn in turns] == [60, 120, 180]
        times: list[float] = []

        async def wait(turn: Turn) -> None:
            await turn.wait()
            turn.used()
            times.append(loop.time())

        waiting = [asyncio.ensure_future(wait(turn)) for turn in turns[1:]]
        await asyncio.sleep(10)
        turns[0].give_back()
        turns[0].give_back()
        assert rates.take(asked, 0.0).pause == 170
        await asyncio.gather(*waiting)
        return times

    assert run_virtual(go())[0] == [60, 120]


@pytest.mark.parametrize("delay", [5.0, 70.0])
def test_a_turn_that_is_used_late_keeps_those_behind_it_waiting(delay: float) -> None:
    async def go() -> float:
        rates, asked = Rates(), model("m", per_minute=1)
        late = rates.take(asked, 0.0)
        waiting = asyncio.ensure_future(rates.take(asked, 60.0).wait())
        await asyncio.sleep(delay)
        late.used()
        await waiting
        return asyncio.get_running_loop().time()

    assert run_virtual(go())[0] == delay + 60


@pytest.mark.parametrize("seed", range(30))
def test_whatever_is_asked_given_back_and_delayed_no_minute_has_more_than_its_number(seed: int) -> None:
    dice = random.Random(seed)
    size = dice.choice([1, 2, 5, 20])
    times: list[float] = []

    async def one(rates: Rates, start: float) -> None:
        await asyncio.sleep(start)
        patience = dice.choice([0.0, 3.0, 50.0, 500.0])
        turn = rates.take(model("m", per_minute=size), patience)
        if turn.pause > patience:
            return
        try:
            async with asyncio.timeout(dice.choice([None, 20.0])):
                await turn.wait()
                await asyncio.sleep(dice.choice([0.0, 0.0, 0.5, 4.0, 70.0]))
        except TimeoutError:
            turn.give_back()
            return
        if dice.random() < 0.2:
            turn.give_back()
        else:
            turn.used()
            times.append(asyncio.get_running_loop().time())

    async def go() -> None:
        rates = Rates()
        async with asyncio.TaskGroup() as group:
            for _ in range(8 * size):
                group.create_task(one(rates, dice.uniform(0, 240)))

    run_virtual(go())
    times.sort()
    gaps = [later - earlier for earlier, later in zip(times, times[size:], strict=False)]
    assert times
    assert min(gaps, default=60) > 60 - 1e-9


def test_a_short_wait_for_the_rate_is_waited_and_told() -> None:
    scene = Scene({"small": says(), "large": says()})
    models = [("small", model("small", per_minute=30)), ("large", model("large"))]

    async def go() -> None:
        assert (await scene.climb(models)).tier == "small"
        await asyncio.sleep(58)
        for _ in range(30):
            assert (await scene.climb(models)).tier == "small"

    assert run_virtual(go())[1] == 60
    assert scene.fake.times[-2:] == [58, 60]
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
