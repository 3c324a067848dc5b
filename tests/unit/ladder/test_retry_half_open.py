"""A server that failed is tried by one request at a time, the others go on; and a busy one is not taken for dead."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.ladder.scene import OPENED, Scene, fails, model, says
from tests.virtual import run_virtual

from rung.ladder.breaker import BASE, Breaker
from rung.ladder.health import Health
from rung.ladder.servers import EVERY
from rung.sim import SimModel, Simulator
from rung.types.model import Model

AFTER = BASE * 1.2 + 0.1
"""Seconds after which the first pause is over, whatever the jitter."""
PLAN = [("small", model("small", parallel=4)), ("large", model("large", parallel=4))]


async def fallen(scene: Scene) -> None:
    """Let the small server fail, and its pause be over."""
    usual, scene.fake.scripts["small"] = scene.fake.scripts["small"], fails("refused")
    await scene.climb(PLAN)
    assert scene.health.known(PLAN[0][1]).state == "down"
    scene.fake.scripts["small"] = usual
    await asyncio.sleep(AFTER)
    scene.fake.asked.clear()


def test_one_request_tries_the_server_and_those_beside_it_go_on_to_the_next() -> None:
    scene = Scene({"small": [OPENED, 10.0, *says()[1:]], "large": says()})

    async def go() -> list[str]:
        await fallen(scene)
        answers = await asyncio.gather(*(scene.climb(PLAN) for _ in range(4)))
        assert scene.health.known(PLAN[0][1]).state == "unknown"
        answers += await asyncio.gather(*(scene.climb(PLAN) for _ in range(2)))
        return [answer.tier for answer in answers]

    tiers, _ = run_virtual(go())
    assert tiers == ["small", "large", "large", "large", "small", "small"]


def test_a_trial_that_fails_opens_it_again_for_longer_whatever_the_others_do() -> None:
    scene = Scene({"small": [1.0, *fails("broken")], "large": says()})

    async def go() -> None:
        await fallen(scene)
        await asyncio.gather(*(scene.climb(PLAN) for _ in range(3)))
        assert scene.fake.asked.count("small") == 1
        await asyncio.sleep(2 * BASE * 0.8 - 0.1)
        assert scene.health.known(PLAN[0][1]).state == "down"
        await asyncio.sleep(2 * BASE * 0.4 + 0.2)
        assert scene.health.known(PLAN[0][1]).state == "unknown"

    run_virtual(go())


def test_a_trial_that_is_cancelled_lets_the_next_one_try() -> None:
    scene = Scene({"small": [OPENED, 10.0, *says()[1:]], "large": says()})

    async def go() -> None:
        await fallen(scene)
        trial = asyncio.ensure_future(scene.climb(PLAN))
        await asyncio.sleep(1)
        trial.cancel()
        await asyncio.gather(trial, return_exceptions=True)
        assert (await scene.climb(PLAN)).tier == "small"

    run_virtual(go())


def test_whoever_ends_beside_a_trial_does_not_end_it() -> None:
    found = Breaker(1, lambda: 1.0)
    found.failed(0.0)
    assert found.begin(BASE)
    assert not found.begin(BASE)
    found.left(trial=False)
    assert not found.closed(BASE)
    found.left()
    assert found.closed(BASE)


def test_failures_of_one_outage_do_not_add_up_to_a_longer_pause() -> None:
    found = Breaker(3, lambda: 1.0)
    for _ in range(12):
        found.failed(0.0, trial=False)
    assert not found.closed(BASE - 0.1)
    assert found.closed(BASE)


def test_a_later_failure_of_the_same_outage_extends_the_pause() -> None:
    found = Breaker(1, lambda: 1.0)
    found.failed(0.0)
    found.failed(4.0, trial=False)
    assert not found.closed(4.0 + BASE - 0.1)
    assert found.closed(4.0 + BASE)


def test_whoever_waited_while_the_server_fell_goes_on_to_the_next() -> None:
    scene = Scene({"small": [5.0, *fails("refused")], "large": says()})
    plan = [("small", model("small")), ("large", model("large", parallel=4))]

    async def go() -> None:
        await asyncio.gather(*(scene.climb(plan) for _ in range(3)))

    assert run_virtual(go())[1] == 5
    assert scene.fake.asked.count("small") == 1


def health(*, loading: bool = False) -> Health:
    return Health(lambda _: None, str, lambda: loading)


async def watched(found: Health, asked: Model, seconds: float) -> None:
    """Let it look in the background for so long."""
    watch = asyncio.ensure_future(found.watch(lambda: [asked]))
    await asyncio.sleep(seconds)
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)


def ollama(sim: Simulator) -> Model:
    return Model("ollama", "small:3b", sim.url, context=4096, connect=5.0, local=True)


@pytest.mark.parametrize(
    ("looks", "is_asked", "loading", "state"),
    [
        pytest.param(1, False, False, "unknown", id="silent once"),
        pytest.param(9, False, False, "unknown", id="silent for minutes, for the machine has other work"),
        pytest.param(9, True, False, "unknown", id="busy with our own request"),
        pytest.param(9, False, True, "unknown", id="loading a model"),
    ],
)
def test_a_server_that_takes_connections_is_not_dead_because_it_lists_nothing(
    looks: int, *, is_asked: bool, loading: bool, state: str
) -> None:
    async def go() -> None:
        async with Simulator([SimModel("small:3b")]) as sim:
            sim.fail("no-headers", path="/api/", times=None)
            found, asked = health(loading=loading), ollama(sim)
            if is_asked:
                found.began(asked)
            await watched(found, asked, looks * EVERY)
            assert found.known(asked).state == state

    run_virtual(go())


def test_a_server_that_nobody_listens_at_is_dead_at_once_and_back_as_soon_as_it_lists_its_models() -> None:
    async def go() -> None:
        async with Simulator([SimModel("small:3b")]) as sim:
            found, asked = health(), ollama(sim)
            sim.down()
            await watched(found, asked, 1.0)
            assert found.known(asked).state == "down"
            await sim.up()
            await watched(found, asked, 1.0)
            assert found.known(asked).state == "cold"

    run_virtual(go())


def test_looking_in_the_background_never_asks_a_model_anything() -> None:
    async def go() -> set[tuple[str, str]]:
        async with Simulator([SimModel("small:3b")]) as sim:
            await watched(health(), ollama(sim), 5 * EVERY)
            return {(exchange.method, exchange.path) for exchange in sim.log}

    assert run_virtual(go())[0] == {("GET", "/api/tags"), ("GET", "/api/ps")}


def test_a_trial_that_has_begun_to_answer_lets_the_others_in() -> None:
    scene = Scene({"small": [OPENED, 3.0, *says()[1:-1], 20.0, says()[-1]], "large": says()})
    patient = [(tier, found.replace(idle=60.0)) for tier, found in PLAN]

    async def go() -> list[str]:
        await fallen(scene)
        trial = asyncio.ensure_future(scene.climb(patient))
        await asyncio.sleep(1)
        silent = await scene.climb(patient)
        await asyncio.sleep(5)
        heard = await scene.climb(patient)
        return [(await trial).tier, silent.tier, heard.tier]

    assert run_virtual(go())[0] == ["small", "large", "small"]
