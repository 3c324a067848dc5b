"""Coming back, when all others have failed, to a model that was left because they might have been faster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.ladder.scene import GOOD, OPENED, TIERS, Fake, Scene, call, fails, model, says
from tests.virtual import run_virtual

from rung.errors import AttemptError, NoAnswerError
from rung.providers.events import Question
from rung.types.event import TierEvent

if TYPE_CHECKING:
    from tests.unit.ladder.scene import Step

    from rung.providers.events import StreamEvent
    from rung.types.plan import Candidate

SLOW: list[Step] = [OPENED, 45.0, *says()[1:]]
"""A first word after the 30 seconds that others give it."""


class Once(Fake):
    """Fails the first time it is asked for a model, with the error that is given for it, after a while."""

    def __init__(self, errors: dict[str, AttemptError], scripts: dict[str, list[Step]], pause: float = 0.0) -> None:
        super().__init__(scripts)
        self._errors = errors
        self._pause = pause

    async def chat(self, question: Question) -> AsyncGenerator[StreamEvent]:
        error = self._errors.pop(question.model.model, None)
        if error is not None:
            self.asked.append(question.model.model)
            await asyncio.sleep(self._pause)
            raise error
        async with aclosing(super().chat(question)) as events:
            async for event in events:
                yield event


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


def test_a_return_is_worth_more_than_a_second_try_of_the_last() -> None:
    again = fails("broken")
    again[0].again = True  # type: ignore[union-attr]  # an AttemptError
    scene = Scene({"small": SLOW, "cloud": again})
    plan = [("small", model("small")), ("cloud", model("cloud"))]
    answer, _ = run_virtual(scene.climb(plan, deadline=120.0))
    assert (answer.tier, scene.fake.asked) == ("small", ["small", "cloud", "small"])


def test_it_is_the_one_who_was_not_asked_before_one_who_was_silent() -> None:
    scene = Scene({"small": [OPENED, 500.0], "large": [OPENED, 40.0, *says()[1:]], "cloud": fails("refused")})
    limits = {"when_busy": "climb", "busy_patience": 1.0, "first_content": 90.0}
    plan = [("small", model("small")), ("large", model("large", **limits)), ("cloud", model("cloud"))]

    async def go() -> str:
        first = asyncio.ensure_future(scene.climb(plan[1:2], deadline=300.0))
        answer = await scene.climb(plan, deadline=200.0)
        await first
        return answer.tier

    assert run_virtual(go())[0] == "large"


def test_a_server_that_said_when_is_come_back_to_then() -> None:
    busy = AttemptError("rate-limited", "Not now.", retry_after=5.0)
    scene = Scene({"cloud": says(), "small": fails("refused")})
    scene.fake = Once({"cloud": busy}, scene.fake.scripts)
    scene.ladder.means.providers = {"openai-compatible": scene.fake, "openai": scene.fake}
    answer, passed = run_virtual(scene.climb([("cloud", model("cloud")), ("small", model("small"))], deadline=120.0))
    assert (answer.tier, scene.fake.asked) == ("cloud", ["cloud", "small", "cloud"])
    assert passed == pytest.approx(5, abs=0.1)


def test_whoever_stood_behind_one_who_was_told_to_come_later_is_not_lost() -> None:
    scene = Scene({"small": says(), "cloud": fails("broken")})
    busy = AttemptError("busy", "Not now.", retry_after=5.0)
    scene.fake = Once({"small": busy}, scene.fake.scripts, pause=1.0)
    scene.ladder.means.providers = {"openai-compatible": scene.fake, "openai": scene.fake}
    plan = [("small", model("small")), ("cloud", model("cloud"))]

    async def go() -> list[str]:
        answers = await asyncio.gather(*(scene.climb(plan, deadline=120.0) for _ in range(2)))
        return [answer.tier for answer in answers]

    assert run_virtual(go())[0] == ["small", "small"]


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


def test_where_others_were_not_admitted_nobody_is_asked_a_third_time() -> None:
    """Whoever was not asked leaves room for attempts, which is no reason to ask one model again and again."""
    busy = AttemptError("rate-limited", "Not now.", retry_after=1.0)
    plan = [("small", model("small")), *(("cloud", model(f"cloud-{number}")) for number in range(4))]

    def only_small(candidate: Candidate) -> str | None:
        return None if candidate.tier == "small" else "the budget is used up"

    scripts: tuple[list[Step], ...] = ([busy], [OPENED, 45.0, *fails("rate-limited")])
    for script in scripts:
        scene = Scene({"small": script})
        with pytest.raises(NoAnswerError):
            run_virtual(scene.climb(plan, deadline=300.0, admit=only_small))
        assert scene.fake.asked == ["small", "small"]
