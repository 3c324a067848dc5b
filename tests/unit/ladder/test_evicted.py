"""A model that is thrown out of memory in the moment before it is asked goes on loading behind the next tier."""

from __future__ import annotations

import pytest
from tests.unit.ladder.scene import GOOD, SMALL, Scene, model, small

from rung.errors import NoAnswerError
from rung.ladder.breaker import FAILURES
from rung.sim import SimModel, Simulator
from rung.types.model import Model

pytestmark = pytest.mark.process  # each load is one, waited for on a real clock


@pytest.fixture
def models() -> list[SimModel]:
    return [SimModel(SMALL, load_seconds=0.9, says=GOOD)]


def hurried(sim: Simulator) -> Model:
    """One whose first content must come sooner than it can be loaded."""
    return small(sim, first_content=0.3)


async def loaded(sim: Simulator, *loads: str) -> None:
    await sim.wait_for(lambda: [how for _, how, _ in sim.loads] == list(loads), limit=20)


@pytest.mark.parametrize("limit", ["first content", "its share of the time"])
async def test_the_load_that_was_begun_by_the_question_goes_on_without_it(
    sim: Simulator, scene: Scene, limit: str
) -> None:
    asked = hurried(sim) if limit == "first content" else small(sim)
    # Without the hurry, which is not for what a busy machine makes of the model in memory.
    await scene.climb([("small", small(sim))])
    sim.loads.clear()
    for _ in range(FAILURES):
        sim.loads.clear()
        answer = await scene.climb(
            [("small", asked), ("cloud", model("cloud"))],
            admit=lambda candidate: sim.unload() if candidate.tier == "small" else None,
            deadline=60.0 if limit == "first content" else 1.0,
        )
        assert answer.tier == "cloud"
        await loaded(sim, "aborted", "completed")
    assert scene.outcomes == ["ok", *["slow", "ok"] * FAILURES]
    assert scene.tried[1].attempt.reason == f"{SMALL} was not in memory any more; it loads in the background."
    assert scene.ladder.means.memory.of(asked).prefill is None
    assert scene.health.known(asked).state in {"cold", "ready"}
    assert (await scene.climb([("small", small(sim)), ("cloud", model("cloud"))])).tier == "small"


async def test_one_that_is_slow_and_in_memory_is_not_loaded(sim: Simulator, scene: Scene) -> None:
    await scene.climb([("small", small(sim))])
    sim.loads.clear()
    sim.fail("slow-headers", path="/api/chat", seconds=20.0)
    answer = await scene.climb([("small", hurried(sim)), ("cloud", model("cloud"))])
    assert answer.tier == "cloud"
    assert sim.loads == []
    assert scene.tried[1].attempt.reason == f"{SMALL} said nothing in time."


async def test_where_the_time_is_over_nothing_lasts_longer_for_it(sim: Simulator, scene: Scene) -> None:
    await scene.climb([("small", small(sim))])
    with pytest.raises(NoAnswerError, match="time this request may take is over"):
        await scene.climb([("small", hurried(sim))], admit=lambda _: sim.unload(), deadline=0.5)
