"""Each limit of an attempt by itself, on a clock that jumps."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.ladder.scene import DONE, GOOD, OPENED, THOUGHT, Fake, Scene, call, fails, model, says
from tests.virtual import run_virtual

from rung.errors import NoAnswerError
from rung.ladder.breaker import FAILURES
from rung.providers.events import Content, Finished, Question
from rung.types.part import Part

if TYPE_CHECKING:
    from tests.unit.ladder.scene import Step

LATE = 100.0


def alternating(event: Step, pause: float, times: int) -> list[Step]:
    return [event, pause] * times


def climbed(first: list[Step]) -> tuple[Scene, float]:
    """A climb whose small model plays this script and whose large one answers well; seconds until it was asked."""
    scene = Scene({"small": first, "large": says()})

    async def go() -> None:
        answer = await scene.climb([("small", model("small", thinking=60.0)), ("large", model("large"))])
        assert answer.tier == "large"

    _, seconds = run_virtual(go())
    assert scene.fake.open == 0
    return scene, seconds


@pytest.mark.parametrize(
    ("script", "outcome", "seconds"),
    [
        pytest.param([LATE], "slow", 30, id="no headers"),
        pytest.param([OPENED, LATE], "slow", 30, id="headers alone"),
        pytest.param([20.0, OPENED, LATE], "slow", 30, id="late headers do not begin the wait anew"),
        pytest.param([OPENED, 20.0, Content("\n"), LATE], "slow", 30, id="white space is no first content"),
        pytest.param([OPENED, Content("It"), LATE], "stalled", 15, id="idle"),
        pytest.param(
            [OPENED, 29.0, Content("It"), 14.0, Content(" is"), LATE], "stalled", 58, id="idle counts from each piece"
        ),
        pytest.param([OPENED, THOUGHT, LATE], "slow", 60, id="thinking has its own cap"),
        pytest.param(
            [OPENED, 20.0, *alternating(THOUGHT, 5.0, 30)], "slow", 80, id="thinking on does not extend the cap"
        ),
        pytest.param([OPENED, THOUGHT, 59.0, Content("It"), LATE], "stalled", 74, id="idle after thinking"),
        pytest.param([OPENED, Content("It"), 9.0, THOUGHT, LATE], "stalled", 24, id="idle counts from a thought too"),
        pytest.param(
            [OPENED, Content("It"), 9.0, *alternating(THOUGHT, 5.0, 30)],
            "stalled",
            69,
            id="thoughts in the middle have the same cap",
        ),
        pytest.param(
            [OPENED, Content("It"), *[THOUGHT, 9.0, Content("\n"), 9.0] * 30],
            "stalled",
            60,
            id="white space is no end of a thought",
        ),
    ],
)
def test_a_limit_that_is_over_sends_the_question_up(script: list[Step], outcome: str, seconds: float) -> None:
    scene, passed = climbed(script)
    assert passed == pytest.approx(seconds, abs=0.2)
    assert scene.outcomes == [outcome, "ok"]


def test_a_model_may_think_again_between_the_pieces_of_its_answer() -> None:
    pieces = [GOOD[:20], GOOD[20:40], GOOD[40:]]
    script: list[Step] = [OPENED]
    for piece in pieces:
        script += [*alternating(THOUGHT, 10.0, 5), Content(piece)]
    scene = Scene({"small": [*script, DONE], "large": says()})
    answer, passed = run_virtual(scene.climb([("small", model("small", thinking=60.0)), ("large", model("large"))]))
    assert (answer.tier, answer.text, passed) == ("small", GOOD, 150)
    assert scene.waits() == [("small", "asking"), ("small", "thinking")]


class Unprepared(Fake):
    """A provider that must do something for a long time before it can ask."""

    async def prepare(self, question: Question) -> None:
        assert not self.asked
        await asyncio.sleep(100.0)


def test_what_is_prepared_before_a_question_leaves_is_not_the_server_s_time() -> None:
    scene = Scene({"small": [29.0, *says()], "large": says()})
    scene.fake = Unprepared(scene.fake.scripts)
    scene.ladder.means.providers = {"openai-compatible": scene.fake}
    answer, passed = run_virtual(scene.climb([("small", model("small")), ("large", model("large"))]))
    assert (answer.tier, passed) == ("small", 129)
    assert scene.tried[0].attempt.first_content_ms == 29_000


def test_who_was_not_asked_before_the_time_was_over_is_not_to_blame() -> None:
    scene = Scene({"small": says()})
    scene.fake = Unprepared(scene.fake.scripts)
    scene.ladder.means.providers = {"openai-compatible": scene.fake}

    async def go() -> None:
        for _ in range(FAILURES):
            with pytest.raises(NoAnswerError):
                await scene.climb([("small", model("small"))], deadline=90.0)
        assert scene.health.known(model("small")).state == "unknown"

    run_virtual(go())
    assert scene.fake.asked == []


def test_reading_a_long_prompt_extends_the_wait_for_the_first_content() -> None:
    scene = Scene({"small": [OPENED, 60.0, *says(end=Finished("stop"))[1:]], "large": says()})
    long = call(parts=(Part("file", "word " * 6000, shorten="never"),))
    answer, passed = run_virtual(scene.climb([("small", model("small")), ("large", model("large"))], asked=long))
    assert answer.tier == "small"
    assert passed == pytest.approx(60, abs=0.01)


def test_the_first_content_of_the_last_attempt_has_no_limit_but_the_deadline() -> None:
    slow: list[Step] = [200.0, OPENED, 200.0, THOUGHT, 200.0, Content(GOOD), 14.0, THOUGHT, 14.0, DONE]
    answer, passed = run_virtual(Scene({"small": slow}).climb([("small", model("small"))]))
    assert answer.text == GOOD
    assert passed == 628


@pytest.mark.parametrize(
    ("script", "seconds"),
    [
        pytest.param([200.0, OPENED, Content("It"), LATE], 215, id="silent"),
        pytest.param([OPENED, Content("It"), 9.0, THOUGHT, LATE], 24, id="silent after a thought"),
    ],
)
def test_the_last_attempt_may_not_fall_silent_once_it_speaks(script: list[Step], seconds: float) -> None:
    scene = Scene({"small": script})

    async def go() -> None:
        with pytest.raises(NoAnswerError, match="small stopped in the middle of its answer"):
            await scene.climb([("small", model("small"))])

    _, passed = run_virtual(go())
    assert passed == pytest.approx(seconds)
    assert scene.outcomes == ["stalled"]
    assert scene.fake.open == 0


@pytest.mark.parametrize("wants", [{"alone": True}, {"quality_climbs": 0}])
@pytest.mark.parametrize("script", [[Content("Half of"), LATE], [Content("Half of"), *[10.0, Content("\n")] * 10]])
def test_what_a_model_said_until_it_fell_silent_is_shown_to_whoever_wants_it_all_the_same(
    wants: dict[str, Any], script: list[Step]
) -> None:
    scene = Scene({"small": [OPENED, *script]})
    answer, _ = run_virtual(scene.climb([("small", model("small"))], deadline=50.0, **wants))
    assert (answer.text.strip(), answer.degraded) == ("Half of", True)
    assert scene.shown == answer.text
    assert scene.outcomes in (["stalled"], ["slow"])


def test_half_an_answer_never_takes_the_place_of_a_whole_one_or_of_a_return() -> None:
    half: list[Step] = [OPENED, Content("Half of"), LATE]
    one, two = model("one"), model("two")
    scene = Scene({"one": says("no"), "two": half})
    answer, _ = run_virtual(scene.climb([("small", one), ("large", two)], asked=call(min_chars=20), alone=True))
    assert (answer.text, scene.outcomes) == ("no", ["bad-answer", "stalled"])
    scene = Scene({"one": [OPENED, 40.0, *says()[1:]], "two": half})
    answer, _ = run_virtual(scene.climb([("small", one), ("large", two)], alone=True))
    assert (answer.text, scene.outcomes) == (GOOD, ["slow", "stalled", "ok"])


def test_half_an_answer_of_a_connection_that_broke_is_none() -> None:
    scene = Scene({"small": [OPENED, Content("Half of"), *fails("broken")]})
    with pytest.raises(NoAnswerError):
        run_virtual(scene.climb([("small", model("small"))], alone=True))


@pytest.mark.parametrize(
    "script", [[LATE * 9], [OPENED, *alternating(Content("word "), 10.0, 90)]], ids=["silent", "talking"]
)
def test_the_deadline_ends_the_last_attempt(script: list[Step]) -> None:
    scene = Scene({"small": script})

    async def go() -> None:
        with pytest.raises(NoAnswerError):
            await scene.climb([("small", model("small"))], deadline=77.0)

    _, passed = run_virtual(go())
    assert passed == pytest.approx(77)
    assert scene.outcomes == ["slow"]
    assert scene.fake.open == 0


def test_whoever_takes_long_leaves_time_for_the_others() -> None:
    scene = Scene({"small": [LATE], "large": [LATE], "cloud": says()})
    answer, passed = run_virtual(scene.climb(deadline=40.0))
    # Of the time that is left when it begins, each keeps a quarter for those who come next.
    assert passed == pytest.approx(37.5)
    assert scene.outcomes[-1] == "ok"
    assert answer.tier == "cloud"


def test_a_slow_writer_is_left_while_there_is_time_for_another() -> None:
    slow: list[Step] = [OPENED, *(step for _ in range(100) for step in (Content("word "), 1.0))]
    scene = Scene({"small": slow, "cloud": says()})
    answer, passed = run_virtual(scene.climb([("small", model("small")), ("cloud", model("cloud"))], deadline=40.0))
    assert (answer.tier, scene.shown) == ("cloud", GOOD)
    assert passed == pytest.approx(30)


def test_the_deadline_bounds_the_whole_climb() -> None:
    scene = Scene({"small": [LATE], "large": [LATE], "cloud": [LATE]})

    async def go() -> None:
        with pytest.raises(NoAnswerError):
            await scene.climb(deadline=45.0)

    _, passed = run_virtual(go())
    assert passed == pytest.approx(45)
    assert scene.outcomes == ["slow", "slow", "slow"]
    assert scene.fake.asked == ["small", "large", "cloud"]


def test_a_model_that_says_white_space_for_ever_is_cut_off() -> None:
    scene, passed = climbed([OPENED, Content("It"), *alternating(Content("\n   "), 0.01, 5000)])
    assert scene.outcomes == ["bad-answer", "ok"]
    assert passed < 15


def test_thinking_is_told_once() -> None:
    scene, _ = climbed([OPENED, *alternating(THOUGHT, 1.0, 10), *fails("broken")])
    assert scene.waits() == [("small", "asking"), ("small", "thinking"), ("large", "asking")]
