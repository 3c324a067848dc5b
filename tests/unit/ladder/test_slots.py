"""The queue before a model: in order, bounded, and never losing a slot."""

from __future__ import annotations

import asyncio
import random

import pytest
from tests.unit.ladder.scene import OPENED, Scene, model, says
from tests.virtual import run_virtual

from rung.errors import AttemptError
from rung.ladder.slots import Slots
from rung.types.model import Model


async def hold(slots: Slots, asked: Model, log: list[int], name: int, seconds: float = 1.0) -> None:
    async with slots.take(asked):
        log.append(name)
        await asyncio.sleep(seconds)


def test_requests_are_served_in_order_and_no_more_at_once_than_the_model_serves() -> None:
    slots, log = Slots(), list[int]()

    async def go() -> None:
        await asyncio.gather(*(hold(slots, model("m", parallel=2), log, i) for i in range(6)))

    _, passed = run_virtual(go())
    assert log == [0, 1, 2, 3, 4, 5]
    assert passed == 3


async def test_one_more_than_may_wait_is_turned_away_at_once() -> None:
    slots, log, asked = Slots(), list[int](), model("m", queue=2)
    tasks = [asyncio.create_task(hold(slots, asked, log, i, 0.0)) for i in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(AttemptError, match="2 requests wait for m already") as caught:
        await hold(slots, asked, log, 9)
    assert caught.value.failure == "busy"
    await asyncio.gather(*tasks)
    assert log == [0, 1, 2]


async def test_another_model_has_a_queue_of_its_own() -> None:
    slots, log = Slots(), list[int]()
    async with slots.take(model("a")):
        assert slots.busy(model("a"))
        assert not slots.busy(model("b"))
        await hold(slots, model("b"), log, 1, 0.0)
    assert log == [1]


@pytest.mark.parametrize("same_tick", [False, True])
async def test_who_is_cancelled_while_waiting_leaves_the_slot_to_the_next(*, same_tick: bool) -> None:
    slots, log, asked = Slots(), list[int](), model("m")
    holding = slots.take(asked)
    await holding.__aenter__()
    second = asyncio.create_task(hold(slots, asked, log, 2, 0.0))
    third = asyncio.create_task(hold(slots, asked, log, 3, 0.0))
    await asyncio.sleep(0)
    second.cancel()
    if not same_tick:
        await asyncio.sleep(0)
    await holding.__aexit__(None, None, None)
    results = await asyncio.gather(second, third, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert log == [3]
    assert not slots.busy(asked)


async def test_who_is_cancelled_in_the_tick_it_gets_the_slot_gives_it_on() -> None:
    slots, log, asked = Slots(), list[int](), model("m")
    holding = slots.take(asked)
    await holding.__aenter__()
    second = asyncio.create_task(hold(slots, asked, log, 2, 0.0))
    third = asyncio.create_task(hold(slots, asked, log, 3, 0.0))
    await asyncio.sleep(0)
    await holding.__aexit__(None, None, None)
    second.cancel()
    await asyncio.gather(second, third, return_exceptions=True)
    assert log == [3]
    assert not slots.busy(asked)


@pytest.mark.parametrize("seed", range(15))
def test_no_slot_is_lost_or_made_up_by_any_order_of_cancels(seed: int) -> None:
    dice, slots, asked = random.Random(seed), Slots(), model("m", parallel=2, queue=100)
    inside, most = 0, 0

    async def one(seconds: float) -> None:
        nonlocal inside, most
        async with slots.take(asked):
            inside += 1
            most = max(most, inside)
            try:
                await asyncio.sleep(seconds)
            finally:
                inside -= 1

    async def go() -> None:
        tasks = [asyncio.ensure_future(one(dice.choice([0.0, 1.0, 2.0]))) for _ in range(30)]
        for task in dice.sample(tasks, 12):
            await asyncio.sleep(dice.choice([0.0, 0.0, 0.5]))
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not slots.busy(asked)
        await asyncio.gather(one(1.0), one(1.0))

    run_virtual(go())
    assert inside == 0
    assert most == 2


def test_a_slot_is_free_only_after_the_connection_is_closed() -> None:
    scene = Scene({"small": [OPENED, 5.0, *says()[1:]]})
    alone = [("small", model("small"))]

    async def go() -> None:
        first, second = (asyncio.ensure_future(scene.climb(alone)) for _ in range(2))
        await asyncio.sleep(1)
        first.cancel()
        await asyncio.gather(first, second, return_exceptions=True)

    run_virtual(go())
    assert scene.fake.most == 1
    assert scene.fake.times == [0, 1]
    assert ("small", "queued") in scene.waits()


def test_the_wait_in_the_queue_is_recorded_and_does_not_count_as_the_model_s_silence() -> None:
    scene = Scene({"small": [OPENED, 25.0, *says()[1:]], "large": says()})
    models = [("small", model("small")), ("large", model("large"))]

    async def go() -> None:
        first, second = (asyncio.ensure_future(scene.climb(models)) for _ in range(2))
        await asyncio.gather(first, second)

    run_virtual(go())
    assert scene.outcomes == ["ok", "ok"]
    assert [tried.attempt.queued_ms for tried in scene.tried] == [0, 25_000]
    assert [tried.attempt.first_content_ms for tried in scene.tried] == [25_000, 25_000]


async def test_new_settings_hold_for_those_who_wait_and_for_those_who_come() -> None:
    slots, open_now, most = Slots(), 0, 0
    go_on = asyncio.Event()

    async def one(parallel: int) -> None:
        nonlocal open_now, most
        async with slots.take(model("small", parallel=parallel, queue=20)):
            open_now += 1
            most = max(most, open_now)
            await go_on.wait()
            open_now -= 1

    first = [asyncio.ensure_future(one(1)) for _ in range(4)]
    await asyncio.sleep(0)
    assert open_now == 1
    more = asyncio.ensure_future(one(3))
    for _ in range(5):
        await asyncio.sleep(0)
    assert open_now == 3
    less = [asyncio.ensure_future(one(1)) for _ in range(2)]
    await asyncio.sleep(0)
    most = 0
    go_on.set()
    await asyncio.gather(*first, more, *less)
    assert open_now == 0
