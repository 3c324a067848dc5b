"""A server that is busy and names no time: others are asked at once, and where nobody is left it is asked once more."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.ladder.scene import GOOD, OPENED, Scene, fails, model, says
from tests.unit.ladder.test_retry import Turns
from tests.virtual import run_virtual

from rung.errors import AttemptError, NoAnswerError
from rung.ladder.pauses import BUSY_RESTS

BUSY = AttemptError("busy", "It is busy.")
SMALL = ("small", model("small"))


@pytest.mark.parametrize("opened", [False, True], ids=["as a status", "inside the stream"])
def test_the_only_model_is_asked_once_more_after_a_while(opened: bool) -> None:  # noqa: FBT001
    scene = Scene({"small": says()})
    Turns(scene, [OPENED, BUSY] if opened else [BUSY])
    answer, passed = run_virtual(scene.climb([SMALL], deadline=30.0))
    assert (answer.text, passed) == (GOOD, BUSY_RESTS[0])
    assert scene.outcomes == ["busy", "ok"]
    assert ("small", "queued") in scene.waits()


def test_the_last_model_is_asked_once_more_when_all_others_have_failed() -> None:
    scene = Scene({"small": says(), "large": fails("refused"), "cloud": fails("auth")})
    Turns(scene, [BUSY])
    answer, passed = run_virtual(scene.climb(deadline=30.0))
    assert (answer.tier, passed) == ("small", BUSY_RESTS[0])
    assert scene.outcomes == ["busy", "refused", "auth", "ok"]


def test_while_somebody_else_is_left_nobody_waits() -> None:
    scene = Scene({"small": [BUSY], "large": says()})
    assert run_virtual(scene.climb())[1] == 0
    assert scene.fake.asked == ["small", "large"]


def test_attempts_stay_one_more_than_there_are_models() -> None:
    scene = Scene({"small": [BUSY], "large": [BUSY]})

    async def go() -> None:
        with pytest.raises(NoAnswerError):
            await scene.climb([SMALL, ("large", model("large"))], deadline=30.0)

    run_virtual(go())
    assert scene.outcomes == ["busy"] * 3


def test_who_says_so_again_and_again_is_left_alone_for_longer_each_time() -> None:
    scene = Scene({"small": [BUSY]})

    async def go() -> list[float]:
        times = []
        for _ in range(3):
            began = asyncio.get_running_loop().time()
            with pytest.raises(NoAnswerError):
                await scene.climb([SMALL], deadline=60.0)
            times.append(asyncio.get_running_loop().time() - began)
        return times

    # Each request finds the rest that the one before it left.
    assert run_virtual(go())[0] == [2, 4 + 8, 8 + 8]


def test_there_is_no_waiting_beyond_the_deadline() -> None:
    scene = Scene({"small": [BUSY]})

    async def go() -> None:
        with pytest.raises(NoAnswerError, match="It is busy"):
            await scene.climb([SMALL], deadline=1.5)

    assert run_virtual(go())[1] == 0


def test_who_would_rather_climb_than_wait_waits_no_longer_than_that() -> None:
    impatient = ("small", model("small", when_busy="climb", busy_patience=1.0))
    scene = Scene({"small": [BUSY]})
    with pytest.raises(NoAnswerError):
        run_virtual(scene.climb([impatient], deadline=30.0))
    assert scene.outcomes == ["busy"]


def test_a_queue_of_our_own_that_is_full_is_no_busy_server() -> None:
    scene = Scene({"small": [5.0, *says()]})
    full = ("small", model("small", queue=0))

    async def go() -> None:
        first = asyncio.ensure_future(scene.climb([full]))
        await asyncio.sleep(1)
        with pytest.raises(NoAnswerError, match="wait for small already"):
            await scene.climb([full], deadline=30.0)
        await first

    run_virtual(go())
    assert scene.fake.asked == ["small"]
