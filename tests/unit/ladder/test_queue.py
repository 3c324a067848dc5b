"""The queue: people first, a forecast of the wait from what was measured, and climbing where that is long."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.ladder.scene import OPENED, Scene, call, model, says
from tests.virtual import run_virtual

from rung.errors import AttemptError
from rung.ladder.ascent import Ascent
from rung.ladder.slots import Slots
from rung.providers.events import Question
from rung.types.event import TierEvent
from rung.types.model import Model
from rung.types.plan import Candidate, Plan


async def hold(slots: Slots, asked: Model, log: list[str], name: str, seconds: float = 1.0) -> None:
    async with slots.take(asked, background=name.startswith("b")):
        log.append(name)
        await asyncio.sleep(seconds)


def test_people_come_before_work_that_nobody_waits_for() -> None:
    slots, log = Slots(), list[str]()

    async def go() -> None:
        await asyncio.gather(*(hold(slots, model("m"), log, name) for name in ("b1", "b2", "p1", "b3", "p2")))

    run_virtual(go())
    assert log == ["b1", "p1", "p2", "b2", "b3"]


def test_in_a_full_queue_the_youngest_background_work_makes_room_for_a_person_and_for_nobody_else() -> None:
    slots, log, asked = Slots(), list[str](), model("m", queue=2)

    async def go() -> None:
        tasks = [asyncio.ensure_future(hold(slots, asked, log, name)) for name in ("p0", "b1", "b2")]
        await asyncio.sleep(0)
        with pytest.raises(AttemptError, match="2 requests wait for m already"):
            await hold(slots, asked, log, "b3")
        tasks.append(asyncio.ensure_future(hold(slots, asked, log, "p1")))
        await asyncio.sleep(0)
        tasks.append(asyncio.ensure_future(hold(slots, asked, log, "p2")))
        await asyncio.sleep(0)
        with pytest.raises(AttemptError, match="2 requests wait for m already"):
            await hold(slots, asked, log, "p3")
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(end) for end in ended] == [type(None), AttemptError, AttemptError, type(None), type(None)]
        assert not slots.busy(asked)

    run_virtual(go())
    assert log == ["p0", "p1", "p2"]


@pytest.mark.parametrize(
    ("parallel", "ahead", "after", "service", "forecast"),
    [
        pytest.param(1, ["p"], 0.0, None, None, id="nothing was measured"),
        pytest.param(1, [], 0.0, None, 0.0, id="nobody is there"),
        pytest.param(2, ["p"], 0.0, 10.0, 0.0, id="a slot is free"),
        pytest.param(1, ["p"], 0.0, 10.0, 10.0, id="one begins"),
        pytest.param(1, ["p"], 4.0, 10.0, 6.0, id="one is under way"),
        pytest.param(1, ["p"], 15.0, 10.0, 0.0, id="one is late"),
        pytest.param(1, ["p", "p", "p"], 4.0, 10.0, 26.0, id="two wait"),
        pytest.param(2, ["p", "p", "p", "p", "p"], 0.0, 10.0, 20.0, id="three wait for two slots"),
        pytest.param(1, ["p", "b", "b", "p"], 0.0, 10.0, 20.0, id="background work does not come first"),
    ],
)
def test_the_wait_is_forecast_from_what_answers_took(
    parallel: int, ahead: list[str], after: float, service: float | None, forecast: float | None
) -> None:
    slots, asked = Slots(), model("m", parallel=parallel)

    async def go() -> float | None:
        tasks = [asyncio.ensure_future(hold(slots, asked, [], name, 99.0)) for name in ahead]
        await asyncio.sleep(after)
        found = slots.forecast(asked, service)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return found

    assert run_virtual(go())[0] == forecast


def test_background_work_waits_for_all_others() -> None:
    slots, asked = Slots(), model("m")

    async def go() -> None:
        tasks = [asyncio.ensure_future(hold(slots, asked, [], name, 10.0)) for name in ("p0", "b1", "p1")]
        await asyncio.sleep(0)
        assert slots.forecast(asked, 10.0, background=True) == 30
        await asyncio.gather(*tasks)

    run_virtual(go())


def busy_scene(seconds: float) -> Scene:
    return Scene({"small": [OPENED, seconds, *says()[1:]], "large": says()})


def plan_of(**limits: object) -> list[tuple[str, Model]]:
    return [("small", model("small", first_content=90.0, **limits)), ("large", model("large"))]


async def measured(scene: Scene, plan: list[tuple[str, Model]]) -> None:
    """Let the small model answer once, so that how long it takes is known."""
    await scene.climb(plan)
    scene.tried.clear()
    scene.events.clear()


@pytest.mark.parametrize(
    ("limits", "seconds", "tier"),
    [
        ({}, 40.0, "small"),
        ({"when_busy": "wait", "busy_patience": 0.0}, 40.0, "small"),
        ({"when_busy": "climb"}, 40.0, "large"),
        ({"when_busy": "climb"}, 15.0, "small"),
        ({"when_busy": "climb", "busy_patience": 60.0}, 40.0, "small"),
    ],
)
def test_a_busy_model_is_waited_for_or_left_by_its_settings_and_the_forecast(
    limits: dict[str, object], seconds: float, tier: str
) -> None:
    scene = busy_scene(seconds)
    plan = plan_of(**limits)

    async def go() -> str:
        await measured(scene, plan)
        first = asyncio.ensure_future(scene.climb(plan))
        await asyncio.sleep(0)
        second = await scene.climb(plan)
        await first
        return second.tier

    assert run_virtual(go())[0] == tier


def test_the_reason_of_a_climb_and_of_a_wait_says_the_forecast() -> None:
    scene = busy_scene(40.0)

    async def go() -> None:
        await measured(scene, plan_of())
        first = asyncio.ensure_future(scene.climb(plan_of()))
        await asyncio.sleep(10)
        await scene.climb(plan_of(when_busy="climb"))
        await scene.climb(plan_of())
        await first

    run_virtual(go())
    reasons = [event.reason for event in scene.events if isinstance(event, TierEvent)]
    assert "small failed: small serves others first, for about 30 s." in reasons
    assert "it serves somebody else first, for about 30 s" in reasons
    assert scene.tried[0].attempt.outcome == "busy"


@pytest.mark.parametrize(("patience", "tiers"), [(50.0, {"small"}), (10.0, {"small", "large"})])
def test_an_unknown_forecast_means_waiting_as_long_as_patience_lasts(patience: float, tiers: set[str]) -> None:
    scene, plan = busy_scene(40.0), plan_of(when_busy="climb", busy_patience=patience)

    async def go() -> None:
        asked = [asyncio.ensure_future(scene.climb(plan)) for _ in range(2)]
        assert {answer.tier for answer in await asyncio.gather(*asked)} == tiers

    run_virtual(go())


def test_whoever_has_nobody_else_waits() -> None:
    scene, plan = busy_scene(40.0), plan_of(when_busy="climb", busy_patience=0.0)[:1]

    async def go() -> None:
        asked = [asyncio.ensure_future(scene.climb(plan)) for _ in range(2)]
        assert {answer.tier for answer in await asyncio.gather(*asked)} == {"small"}

    run_virtual(go())


def test_half_of_the_time_is_the_longest_wait_while_there_are_others() -> None:
    scene = busy_scene(500.0)

    async def go() -> None:
        first = asyncio.ensure_future(scene.climb(plan_of()[:1]))
        await asyncio.sleep(1)
        answer = await scene.climb(plan_of(), deadline=80.0)
        # A quarter is kept for others; of the rest a half may be waited.
        assert answer.tier == "large"
        assert asyncio.get_running_loop().time() == pytest.approx(1 + 30)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    run_virtual(go())


def test_climbing_past_a_queue_is_not_held_against_the_server() -> None:
    scene = busy_scene(40.0)
    plan = plan_of(when_busy="climb")

    async def go() -> None:
        await measured(scene, plan)
        first = asyncio.ensure_future(scene.climb(plan))
        await asyncio.sleep(0)
        for _ in range(5):
            assert (await scene.climb(plan)).tier == "large"
        assert scene.health.known(model("small")).state == "unknown"
        await first

    run_virtual(go())


def test_a_background_request_lets_a_person_who_came_later_go_first() -> None:
    scene = busy_scene(5.0)
    order: list[str] = []

    async def climb(name: str) -> None:
        async def admit(_candidate: Candidate, _question: Question) -> None:
            order.append(name)

        plan = Plan((Candidate("small", model("small")),))
        ascent = Ascent(call(), plan, ("small",), 1000.0, admit, background=name.startswith("b"))
        await scene.ladder.climb(ascent, scene.events.append, scene.tried)

    async def go() -> None:
        await asyncio.gather(*(climb(name) for name in ("p1", "b1", "p2")))

    run_virtual(go())
    assert order == ["p1", "p2", "b1"]
