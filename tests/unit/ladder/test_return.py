"""Coming back, when all others have failed, to a model that was left because they might have been faster."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.ladder.scene import GOOD, OPENED, TIERS, Scene, call, fails, model, says
from tests.virtual import run_virtual

from rung.errors import NoAnswerError
from rung.types.event import TierEvent

if TYPE_CHECKING:
    from tests.unit.ladder.scene import Step

    from rung.types.plan import Candidate

SLOW: list[Step] = [OPENED, 45.0, *says()[1:]]
"""A first word after the 30 seconds that others give it."""


def no_cloud(candidate: Candidate) -> str | None:
    return "the budget of today is used up" if candidate.tier == "cloud" else None


def test_a_slow_model_gets_the_rest_of_the_time_when_nobody_else_may_be_asked() -> None:
    scene = Scene({"small": SLOW})
    plan = [("small", model("small")), ("cloud", model("cloud"))]
    answer, passed = run_virtual(scene.climb(plan, deadline=120.0, admit=no_cloud))
    assert (answer.text, answer.tier, answer.degraded) == (GOOD, "small", False)
    assert scene.outcomes == ["slow", "ok"]
    assert passed == pytest.approx(75, rel=0.01)


def test_the_person_is_told_why_it_is_asked_again() -> None:
    scene = Scene({"small": SLOW, "cloud": fails("refused")})
    run_virtual(scene.climb([("small", model("small")), ("cloud", model("cloud"))], deadline=120.0))
    reasons = [event.reason for event in scene.events if isinstance(event, TierEvent)]
    assert reasons[-1] == "cloud failed: It is refused.; nobody else is left, so small gets the time that remains"


def test_it_is_asked_once_more_and_not_twice() -> None:
    scene = Scene({tier: [OPENED, 500.0] for tier in TIERS})
    with pytest.raises(NoAnswerError):
        run_virtual(scene.climb(deadline=400.0))
    assert scene.fake.asked == ["small", "large", "cloud"]
    scene = Scene({"small": [OPENED, 500.0], "large": fails("refused"), "cloud": fails("refused")})
    with pytest.raises(NoAnswerError):
        run_virtual(scene.climb(deadline=400.0))
    assert scene.fake.asked == ["small", "large", "cloud", "small"]


def test_an_answer_that_may_be_shown_is_not_kept_back_for_it() -> None:
    scene = Scene({"small": SLOW, "large": says("no")})
    plan = [("small", model("small")), ("large", model("large"))]
    answer, _ = run_virtual(scene.climb(plan, asked=call(min_chars=20)))
    assert (answer.text, answer.degraded, scene.fake.asked) == ("no", True, ["small", "large"])


def test_a_second_try_and_a_return_are_one_attempt_more_together() -> None:
    again = fails("broken")
    again[0].again = True  # type: ignore[union-attr]  # an AttemptError
    scene = Scene({"small": SLOW, "cloud": again})
    with pytest.raises(NoAnswerError):
        run_virtual(scene.climb([("small", model("small")), ("cloud", model("cloud"))], deadline=120.0))
    assert scene.fake.asked == ["small", "cloud", "cloud"]


def test_who_is_left_in_its_queue_is_come_back_to() -> None:
    scene = Scene({"small": [OPENED, 20.0, *says()[1:]], "cloud": fails("refused")})
    plan = [("small", model("small", when_busy="climb", busy_patience=5.0)), ("cloud", model("cloud"))]

    async def go() -> list[str]:
        answers = await asyncio.gather(*(scene.climb(plan, deadline=120.0) for _ in range(2)))
        return [answer.tier for answer in answers]

    assert run_virtual(go())[0] == ["small", "small"]
    assert sorted(scene.outcomes) == ["busy", "ok", "ok", "refused"]


def test_nobody_is_hurried_in_favour_of_one_who_may_not_be_asked_anyway() -> None:
    scene = Scene({"small": SLOW})
    plan = [("small", model("small")), ("cloud", model("cloud"))]
    answer, passed = run_virtual(scene.climb(plan, deadline=120.0, admit=no_cloud, hopeless=lambda one: not one.local))
    assert (answer.tier, scene.outcomes) == ("small", ["ok"])
    assert passed == pytest.approx(45, rel=0.01)


def test_a_shared_name_is_nobody_else(tmp_path: Path) -> None:
    """Two tiers that turn out to hold the same model are one: it is bound by the deadline alone."""
    scene = Scene({"same": SLOW}, tmp_path)
    plan = [("small", model("same")), ("large", model("same"))]
    answer, passed = run_virtual(scene.climb(plan, deadline=120.0))
    assert (answer.tier, scene.outcomes) == ("small", ["ok"])
    assert passed == pytest.approx(45, rel=0.01)
