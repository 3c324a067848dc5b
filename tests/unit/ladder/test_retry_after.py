"""A rest that a server asks for: a short one is waited out, for a longer one others are asked."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.ladder.scene import GOOD, Scene, model, says
from tests.unit.ladder.test_retry import Turns
from tests.virtual import run_virtual

from rung.errors import AttemptError, NoAnswerError
from rung.types.event import TierEvent

POLITE = pytest.mark.parametrize("failure", ["rate-limited", "busy"])


def asks(seconds: float | None, failure: str = "rate-limited") -> AttemptError:
    return AttemptError(failure, "Too many.", retry_after=seconds)  # type: ignore[arg-type]  # a word of Failure


@POLITE
def test_a_short_rest_is_waited_out_on_the_same_model_and_told(failure: str) -> None:
    scene = Scene({"small": says(), "large": says()})
    Turns(scene, [asks(3.0, failure)])
    answer, passed = run_virtual(scene.climb())
    assert answer.tier == "small"
    assert passed == 3
    assert scene.fake.times == [0, 3]
    assert scene.outcomes == [failure, "ok"]
    assert [tried.attempt.queued_ms for tried in scene.tried] == [0, 3000]
    (told,) = [event for event in scene.events if isinstance(event, TierEvent) and event.waiting == "queued"]
    assert told.reason == "it asked to be left alone for 3 s"


@POLITE
def test_for_a_longer_rest_the_next_is_asked_at_once_and_the_model_is_left_alone_so_long(failure: str) -> None:
    scene = Scene({"small": [asks(40.0, failure)], "large": says()})

    async def go() -> None:
        answer = await scene.climb()
        assert answer.tier == "large"
        assert asyncio.get_running_loop().time() == 0
        await asyncio.sleep(39)
        assert scene.health.known(model("small")).state == "blocked"
        await asyncio.sleep(1.1)
        assert scene.health.known(model("small")).state == "unknown"

    run_virtual(go())
    assert scene.fake.asked == ["small", "large"]


def test_who_names_no_time_is_not_waited_for() -> None:
    scene = Scene({"small": [asks(None)], "large": says()})
    assert run_virtual(scene.climb())[1] == 0
    assert scene.fake.asked == ["small", "large"]


def test_how_long_is_short_is_a_setting_of_the_model() -> None:
    for retry_after, tier in ((10.0, "small"), (0.0, "large")):
        scene = Scene({"small": says(), "large": says()})
        Turns(scene, [asks(7.0)])
        models = [("small", model("small", retry_after=retry_after)), ("large", model("large"))]
        answer, _ = run_virtual(scene.climb(models))
        assert answer.tier == tier


def test_the_last_of_a_plan_is_waited_for_as_long_as_the_deadline_allows() -> None:
    scene = Scene({"small": says()})
    Turns(scene, [asks(50.0)])
    answer, passed = run_virtual(scene.climb([("small", model("small"))], deadline=60.0))
    assert (answer.text, passed) == (GOOD, 50)


def test_a_rest_beyond_the_deadline_is_not_begun() -> None:
    scene = Scene({"small": [asks(50.0)]})

    async def go() -> None:
        with pytest.raises(NoAnswerError, match="Too many"):
            await scene.climb([("small", model("small"))], deadline=50.0)

    assert run_virtual(go())[1] == 0
    assert scene.outcomes == ["rate-limited"]


def test_there_is_no_third_try_after_a_second_rest() -> None:
    scene = Scene({"small": [asks(1.0)]})
    with pytest.raises(NoAnswerError):
        run_virtual(scene.climb([("small", model("small"))]))
    assert scene.outcomes == ["rate-limited", "rate-limited"]


def test_a_rest_can_be_cancelled() -> None:
    scene = Scene({"small": [asks(2.5)]})
    assert run_virtual(scene.cancelled(after=1.0))[1] == 1
    assert scene.outcomes == ["rate-limited", "cancelled"]
    assert scene.fake.asked == ["small"]


def test_whoever_comes_during_a_rest_waits_for_its_end_too() -> None:
    scene = Scene({"small": says(), "large": says()})
    Turns(scene, [asks(2.0)])

    async def go() -> None:
        first = asyncio.ensure_future(scene.climb())
        await asyncio.sleep(1)
        assert (await scene.climb()).tier == "small"
        await first

    run_virtual(go())
    assert scene.fake.times == [0, 2, 2]


def test_whoever_waited_in_the_queue_behind_one_who_is_told_to_come_later_goes_on_at_once() -> None:
    scene = Scene({"small": [5.0, asks(100.0)], "large": says()})

    async def go() -> float:
        answers = await asyncio.gather(scene.climb(), scene.climb())
        assert [answer.tier for answer in answers] == ["large", "large"]
        return asyncio.get_running_loop().time()

    assert run_virtual(go())[0] == 5
    assert scene.fake.asked == ["small", "large", "large"]


def test_a_rest_speaks_against_nobody() -> None:
    scene = Scene({"small": [asks(1.0, "busy")], "large": says()})

    async def go() -> None:
        for _ in range(4):
            await scene.climb()
        await asyncio.sleep(1.1)
        assert scene.health.known(model("small")).state == "unknown"

    run_virtual(go())


def test_a_rest_of_days_is_not_believed() -> None:
    scene = Scene({"small": [asks(1e9)], "large": says()})

    async def go() -> None:
        await scene.climb()
        await asyncio.sleep(3601)
        assert scene.health.known(model("small")).state == "unknown"

    run_virtual(go())
