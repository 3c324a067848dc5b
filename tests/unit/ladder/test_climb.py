"""What follows a failure, what is shown, and what is recorded."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

import pytest
from tests.unit.ladder.scene import GOOD, OPENED, Fake, Scene, call, fails, model, says
from tests.virtual import run_virtual

from rung.errors import AttemptError, NoAnswerError, RungError
from rung.privacy.destination import forbidden
from rung.providers.events import Content, Finished, Question, Usage
from rung.types.call import Call
from rung.types.decision import Decision, Pin
from rung.types.part import Part

if TYPE_CHECKING:
    from tests.unit.ladder.scene import Step

    from rung.providers.events import StreamEvent

BROKEN: list[Step] = [
    OPENED,
    Content("Half of an answer that is long enough to be shown at once, yes. "),
    *fails("broken"),
]


def test_the_first_answer_that_is_good_is_the_answer() -> None:
    scene = Scene({"small": says()})
    answer, _ = run_virtual(scene.climb())
    assert (answer.text, answer.tier, answer.degraded) == (GOOD, "small", False)
    assert scene.outcomes == ["ok"]
    assert scene.shown == GOOD


OUTAGES = ("refused", "unreachable", "slow", "stalled", "broken", "busy", "rate-limited", "auth", "missing-model")


@pytest.mark.parametrize("outcome", [*OUTAGES, "load-failed", "bad-request"])
def test_a_failure_of_the_server_leads_to_whoever_comes_next_also_downwards(outcome: str) -> None:
    scene = Scene({"large": fails(outcome), "cloud": fails(outcome), "small": says()})
    models = [(tier, model(tier)) for tier in ("large", "cloud", "small")]
    answer, _ = run_virtual(scene.climb(models))
    assert answer.tier == "small"
    assert scene.outcomes == [outcome, outcome, "ok"]


@pytest.mark.parametrize("outcome", ["bad-answer", "trimmed", "too-long"])
def test_a_failure_of_the_answer_leads_upwards_first_and_down_only_for_want_of_better(outcome: str) -> None:
    scene = Scene({"large": fails(outcome), "cloud": fails("refused"), "small": says()})
    models = [(tier, model(tier)) for tier in ("large", "small", "cloud")]
    answer, _ = run_virtual(scene.climb(models))
    assert scene.fake.asked == ["large", "cloud", "small"]
    assert (answer.tier, answer.degraded) == ("small", False)


@pytest.mark.parametrize("outcome", ["bad-answer", "trimmed", "too-long"])
def test_a_failure_of_the_answer_leads_to_the_tier_s_next_model_too(outcome: str) -> None:
    scene = Scene({"one": fails(outcome), "two": says(), "small": says()})
    answer, _ = run_virtual(scene.climb([("cloud", model("one")), ("cloud", model("two")), ("small", model("small"))]))
    assert (answer.model, scene.fake.asked) == ("two", ["one", "two"])


def test_what_was_too_long_for_one_window_is_not_sent_into_one_as_small() -> None:
    too_long = AttemptError("too-long", "It is.", prompt_tokens=5000, window=4096)
    scene = Scene({"small": [too_long], "large": says(), "cloud": says(end=Finished("stop"))})
    plan = [("small", model("small", context=4096)), ("large", model("large", context=4096)), ("cloud", model("cloud"))]
    run_virtual(scene.climb(plan, asked=call(parts=(Part("instruction", "word " * 2700),))))
    assert scene.fake.asked == ["small", "cloud"]
    # It can't be shortened by as much as the server said; that is found out without asking again.
    assert scene.outcomes == ["too-long", "too-long", "ok"]


def test_a_count_that_this_prompt_cannot_have_keeps_nobody_from_being_asked() -> None:
    too_long = AttemptError("too-long", "It is.", prompt_tokens=130_000, window=128_000)
    scene = Scene({"cloud": [too_long], "small": says()})
    plan = [("cloud", model("cloud")), ("small", model("small", context=4096))]
    typed = call(parts=(Part("instruction", "Explain.", shorten="never"),))
    answer, _ = run_virtual(scene.climb(plan, asked=typed))
    assert (answer.tier, scene.outcomes) == ("small", ["too-long", "ok"])


def test_a_bad_answer_sends_one_request_up_once_and_the_better_one_is_kept_as_degraded() -> None:
    scene = Scene({"small": says("no"), "large": says("nope"), "cloud": says()})
    answer, _ = run_virtual(scene.climb(asked=call(min_chars=20)))
    assert scene.fake.asked == ["small", "large"]
    assert (answer.text, answer.tier, answer.degraded) == ("nope", "large", True)
    assert scene.shown == "nope"


@pytest.mark.parametrize(
    ("climbs", "asked"),
    [(0, ["small"]), (1, ["small", "large"]), (2, ["small", "large", "cloud"]), (9, ["small", "large", "cloud"])],
)
def test_a_question_goes_on_from_a_bad_answer_as_often_as_the_settings_say(climbs: int, asked: list[str]) -> None:
    scene = Scene({"small": says("no"), "large": says("nope"), "cloud": says("never")})
    answer, _ = run_virtual(scene.climb(asked=call(min_chars=20), quality_climbs=climbs))
    assert scene.fake.asked == asked
    assert (answer.tier, answer.degraded) == (asked[-1], True)
    assert scene.shown == answer.text


@pytest.mark.parametrize(("climbs", "tier"), [(0, "small"), (1, "large"), (2, "cloud")])
def test_the_good_answer_above_is_reached_only_by_as_many_climbs(climbs: int, tier: str) -> None:
    scene = Scene({"small": says("no"), "large": says("nope"), "cloud": says()})
    answer, _ = run_virtual(scene.climb(asked=call(min_chars=20), quality_climbs=climbs))
    assert (answer.tier, answer.degraded) == (tier, tier != "cloud")


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        (says("Half of it", Finished("length", Usage(12, 100))), {}),
        (says("garbage"), {"check": lambda _: "it is no list"}),
        (says("I'm sorry, but I can't help with that."), {}),
        (says("no"), {"min_chars": 20}),
    ],
    ids=["cut at its limit", "of the wrong form", "refused", "too short"],
)
def test_where_nobody_is_asked_for_a_better_answer_the_bad_one_is_shown_whatever_is_wrong(
    said: list[Step], fields: dict[str, object]
) -> None:
    scene = Scene({"small": said, "large": says()})
    answer, _ = run_virtual(scene.climb(asked=call(**fields), quality_climbs=0))
    assert (answer.tier, answer.degraded, scene.outcomes) == ("small", True, ["bad-answer"])
    assert scene.shown == answer.text == "".join(step.text for step in said if isinstance(step, Content))


def test_without_climbs_for_quality_an_outage_a_thought_away_budget_and_a_trimmed_prompt_still_lead_on() -> None:
    trimmed = says("It read half.", Finished("stop", Usage(500, 3)))
    thought = says("", Finished("length", Usage(9000, 100)))
    scene = Scene({"a": trimmed, "b": fails("broken"), "c": thought, "d": says(end=Finished("stop"))})
    long = call(parts=(Part("file", "word " * 4000, shorten="never"),))
    answer, _ = run_virtual(scene.climb([("small", model(name)) for name in "abcd"], asked=long, quality_climbs=0))
    assert scene.outcomes == ["trimmed", "broken", "bad-answer", "ok"]
    assert (answer.model, answer.degraded) == ("d", False)


def test_what_was_made_of_a_piece_of_the_prompt_is_not_shown_though_nobody_is_asked_for_a_better_answer() -> None:
    scene = Scene({"small": says("It read half.", Finished("stop", Usage(500, 3)))})
    long = call(parts=(Part("file", "word " * 4000, shorten="never"),))
    with pytest.raises(NoAnswerError):
        run_virtual(scene.climb([("small", model("small"))], asked=long, quality_climbs=0))
    assert scene.shown == ""


@pytest.mark.parametrize("climbs", [0, 1, 9])
def test_an_empty_answer_is_none_and_the_next_model_is_asked_as_after_any_failure(climbs: int) -> None:
    scene = Scene({"a": says(""), "b": says(" \n"), "c": says(), "d": says()})
    answer, _ = run_virtual(scene.climb([("small", model(name)) for name in "abcd"], quality_climbs=climbs))
    assert (answer.model, answer.degraded) == ("c", False)
    assert scene.outcomes == ["bad-answer", "bad-answer", "ok"]


def test_between_empty_answers_one_that_is_not_good_enough_counts_and_is_the_best_there_was() -> None:
    scene = Scene({"a": says(""), "b": says("no"), "c": says(""), "d": says("nope"), "e": says()})
    answer, _ = run_virtual(scene.climb([("small", model(name)) for name in "abcde"], asked=call(min_chars=20)))
    assert (answer.model, answer.text, answer.degraded) == ("d", "nope", True)
    assert scene.fake.asked == list("abcd")


@pytest.mark.parametrize(("climbs", "often"), [(1, "goes on once only"), (2, "goes on 2 times only")])
def test_who_is_not_asked_because_answers_were_not_good_enough_is_named(climbs: int, often: str) -> None:
    scene = Scene({name: says("Half of it", Finished("length", Usage(12, 100))) for name in "abcd"})
    with pytest.raises(NoAnswerError) as caught:
        run_virtual(scene.climb([("small", model(name)) for name in "abcd"], quality_climbs=climbs))
    why = f"a question {often} from an answer that is not good enough (`quality_climbs`)"
    named = [name for name in "abcd" if f"small ({name}) was not asked: {why}" in caught.value.text]
    assert (scene.fake.asked, named) == (list("abcd")[: climbs + 1], list("abcd")[climbs + 1 :])


def test_a_good_answer_from_higher_up_wins_over_the_kept_one() -> None:
    scene = Scene({"small": says("no"), "large": says()})
    answer, _ = run_virtual(scene.climb(asked=call(min_chars=20)))
    assert (answer.tier, answer.degraded) == ("large", False)
    assert scene.shown == GOOD


@pytest.mark.parametrize(
    "end",
    [Finished("length", Usage(12, 100)), Finished("stop", Usage(500, 3))],
    ids=["cut at its limit", "prompt was trimmed"],
)
def test_half_an_answer_is_never_given_as_the_best_there_was(end: Finished) -> None:
    scene = Scene({"small": says("Half of it", end)})
    long = call(parts=(Part("file", "word " * 4000, shorten="never"),))
    with pytest.raises(NoAnswerError):
        run_virtual(scene.climb([("small", model("small"))], asked=long))
    assert scene.shown == ""


def test_an_answer_that_cannot_be_read_is_never_given() -> None:
    scene = Scene({"small": says("garbage")})
    with pytest.raises(NoAnswerError, match="wrong form: it is no list"):
        run_virtual(scene.climb([("small", model("small"))], asked=call(check=lambda _: "it is no list")))


def test_a_filtered_question_stops_the_climb() -> None:
    scene = Scene({"small": fails("filtered"), "large": says(), "cloud": says()})
    with pytest.raises(NoAnswerError):
        run_virtual(scene.climb())
    assert scene.fake.asked == ["small"]


def test_when_all_fail_each_reason_is_listed_with_the_first_hint() -> None:
    scene = Scene({"small": fails("refused", "Start it."), "large": fails("stalled"), "cloud": fails("auth", "Key.")})
    with pytest.raises(NoAnswerError) as caught:
        run_virtual(scene.climb())
    for name, word in (("small", "refused"), ("large", "stalled"), ("cloud", "auth")):
        assert f"{name} ({name}): It is {word}." in caught.value.text
    assert caught.value.hint == "Start it."


def test_who_is_not_admitted_is_not_asked_has_no_record_and_is_named() -> None:
    scene = Scene({"small": fails("refused")})
    with pytest.raises(NoAnswerError, match=r"cloud \(cloud\) was not asked: too dear\."):
        run_virtual(
            scene.climb(
                [("small", model("small")), ("cloud", model("cloud"))],
                admit=lambda candidate: "too dear" if candidate.tier == "cloud" else None,
            )
        )
    assert scene.outcomes == ["refused"]
    assert scene.fake.asked == ["small"]


def test_text_that_was_shown_is_void_before_another_model_speaks() -> None:
    scene = Scene({"small": BROKEN, "large": says()})
    answer, _ = run_virtual(scene.climb())
    assert scene.resets == 1
    assert scene.shown == answer.text == GOOD


def test_nothing_is_void_where_nothing_was_shown() -> None:
    scene = Scene({"small": [OPENED, Content("Short"), *fails("broken")], "large": says()})
    run_virtual(scene.climb())
    assert scene.resets == 0
    assert scene.shown == GOOD


def test_a_refusal_is_not_shown_at_all() -> None:
    scene = Scene({"small": says("I'm sorry, but I can't help with that. " * 3), "large": says()})
    run_virtual(scene.climb())
    assert scene.outcomes == ["bad-answer", "ok"]
    assert scene.resets == 0
    assert scene.shown == GOOD


def test_a_whole_line_is_shown_before_the_answer_is_long() -> None:
    steps: list[Step] = [OPENED, Content("Add it\n"), 5.0, Content("\nWhy."), Finished("stop")]
    scene = Scene({"small": steps})

    async def go() -> str:
        task = asyncio.ensure_future(scene.climb([("small", model("small"))]))
        await asyncio.sleep(1)
        early = scene.shown
        await task
        return early

    early, _ = run_virtual(go())
    assert early == "Add it\n"
    assert scene.shown == "Add it\n\nWhy."


def test_what_must_be_checked_whole_is_not_shown_before() -> None:
    scene = Scene({"small": says()})
    run_virtual(scene.climb(asked=call(stream=False)))
    assert scene.events[1:] == []


def test_a_cancelled_climb_has_a_record_and_a_closed_connection() -> None:
    scene = Scene({"small": fails("refused"), "large": [OPENED, Content("It"), 500.0]})
    run_virtual(scene.cancelled(after=1.0))
    assert scene.outcomes == ["refused", "cancelled"]
    assert scene.fake.open == 0


def test_a_template_that_fails_leaves_the_server_in_good_name() -> None:
    def broken(_parts: object) -> tuple[()]:
        raise RungError("The prompt fails.")

    scene = Scene({"small": says()})

    async def go() -> None:
        for _ in range(4):
            with pytest.raises(RungError, match="The prompt fails"):
                await scene.climb(asked=call(render=broken))
        assert scene.health.known(model("small")).state == "unknown"

    run_virtual(go())


def random_script(dice: random.Random) -> list[Step]:
    text = "".join(
        dice.choice(["word ", "\n", "I cannot ", "`code` ", "x" * 70, "é "]) for _ in range(dice.randint(0, 30))
    )
    steps: list[Step] = [OPENED]
    for i in range(0, len(text), 9):
        steps.append(Content(text[i : i + 9]))
        steps.append(dice.choice([0.0, 1.0, 20.0]))
    ends: list[Step] = [Finished("stop", Usage(9, 9)), Finished("length"), AttemptError("broken", "Broke."), 99.0]
    return [dice.choice([0.0, 1.0, 40.0]), *steps[: dice.randint(1, len(steps))], dice.choice(ends)]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_the_screen_shows_the_answer_and_every_attempt_has_one_record(seed: int) -> None:
    dice = random.Random(seed)
    scene = Scene({tier: random_script(dice) for tier in ("small", "large", "cloud")})
    asked: Call = call(min_chars=dice.choice([0, 40]))
    deadline = dice.choice([30.0, 500.0])
    try:
        answer, passed = run_virtual(scene.climb(asked=asked, deadline=deadline))
    except NoAnswerError:
        pass
    else:
        assert scene.shown == answer.text
        assert passed <= deadline
        spoken = "".join(step.text for step in scene.fake.scripts[answer.tier] if isinstance(step, Content))
        assert answer.text == spoken
    assert len(scene.tried) == len(scene.fake.asked) <= 4
    assert [tried.attempt.model for tried in scene.tried] == scene.fake.asked
    assert scene.fake.open == 0


FAULTS = [fails(word) for word in ("refused", "slow", "broken", "auth", "bad-answer", "too-long", "missing-model")]


@pytest.mark.parametrize(("one", "other"), list(itertools.product(range(len(FAULTS)), repeat=2)))
def test_no_fault_lets_a_pinned_request_reach_a_model_that_is_not_local(one: int, other: int) -> None:
    decision = Decision("small", "rule", "r", "w", (Pin("local", 'rule "secrets"'),), local=True)
    scene = Scene({"small": FAULTS[one], "large": FAULTS[other], "cloud": says()})
    with pytest.raises(NoAnswerError, match=r'pinned to this machine by rule "secrets"|It is') as caught:
        run_virtual(scene.climb(admit=lambda candidate: forbidden(decision, candidate.model)))
    assert "cloud" not in scene.fake.asked
    assert caught.value.text


class Strict(Fake):
    """Counts a token for every second character, and takes 1,000 of them with the answer's."""

    async def chat(self, question: Question) -> AsyncGenerator[StreamEvent]:
        self.asked.append(question.model.model)
        counted = sum(len(message.content) for message in question.messages) // 2
        if counted + question.max_output > 1000:
            raise AttemptError("too-long", "It is too long.", prompt_tokens=counted, window=1000)
        for step in says():
            assert not isinstance(step, AttemptError | float)
            yield step


def test_a_prompt_the_server_counts_as_longer_is_shortened_by_as_much_and_asked_once_more() -> None:
    scene = Scene({})
    scene.fake = Strict({})
    scene.ladder.means.providers = {"openai-compatible": scene.fake}
    lines = "\n".join(f"{number:08x} {number * 7919:08x}" for number in range(150))
    asked = call(parts=(Part("instruction", "Explain.", shorten="never"), Part("file", lines, "dump.txt", priority=5)))
    answer, _ = run_virtual(scene.climb([("small", model("small", context=1000))], asked=asked))
    assert (answer.text, scene.outcomes) == (GOOD, ["too-long", "ok"])
    assert scene.fake.asked == ["small", "small"]
    (omission,) = scene.tried[-1].left_out
    assert omission.path == "dump.txt"
