"""A window that turns out too small for the whole prompt: who takes it whole comes first, a shortened prompt last."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.ladder.scene import GOOD, SMALL, Scene, call, fails, model, says, small
from tests.virtual import run_virtual

from rung.errors import AttemptError, NoAnswerError
from rung.providers.events import Finished, Question
from rung.sim import SimModel, Simulator
from rung.types.call import Call
from rung.types.model import Model
from rung.types.part import Part

if TYPE_CHECKING:
    from rung.providers.events import StreamEvent

LARGE, THINKER = "sim-large:14b", "gpt-oss:20b"
LINES = "".join(f"def function_{i}(argument): return argument * {i} + other_value\n" for i in range(430))
LONG: Call = call(parts=(Part("instruction", "Explain."), Part("attached", LINES)))
"""About 7,000 tokens."""
SAID = says(end=Finished("stop"))
"""An answer whose server counts nothing."""


@pytest.fixture
def models() -> list[SimModel]:
    return [
        SimModel(SMALL, max_context=4096, says=GOOD),
        SimModel(LARGE, parameters=14e9, max_context=6000, says=GOOD),
        SimModel(THINKER, parameters=20e9, thinking=True, ignores_think=True, says=GOOD),
    ]


@pytest.fixture
def scene(scene: Scene) -> Scene:
    scene.fake.scripts["cloud"] = SAID
    return scene


def asks_for(sim: Simulator, name: str = SMALL, context: int = 16384) -> Model:
    return small(sim, model=name, context=context, cold_patience=60.0)


def bodies(sim: Simulator) -> list[Any]:
    found = [exchange.body for exchange in sim.log if exchange.method == "POST"]
    return [body for body in found if body["messages"]]


def prompts(sim: Simulator) -> list[str]:
    return [body["messages"][-1]["content"] for body in bodies(sim)]


async def test_a_model_trained_for_less_than_is_asked_for_is_left_for_one_that_takes_the_prompt_whole(
    sim: Simulator, scene: Scene
) -> None:
    answer = await scene.climb([("small", asks_for(sim)), ("cloud", model("cloud"))], asked=LONG, whole=True)
    assert answer.tier == "cloud"
    assert scene.outcomes == ["too-long", "ok"]
    reason = scene.tried[0].attempt.reason
    assert reason is not None
    assert reason.endswith(f"tokens, and the window of {SMALL} has 4096.")
    assert scene.tried[1].left_out == ()
    # It is not even loaded for what it does not get.
    assert sim.loads == []


async def test_a_server_that_gives_less_than_is_asked_for_is_left_once_that_is_seen(
    sim: Simulator, scene: Scene
) -> None:
    gives = {"models": [{"name": THINKER, "model": THINKER, "size": 1, "context_length": 2048}]}
    sim.fail("status", path="/api/ps", status=200, body=json.dumps(gives), times=None)
    plan = [("small", asks_for(sim, THINKER)), ("cloud", model("cloud"))]
    assert (await scene.climb(plan, asked=LONG, whole=True)).tier == "cloud"
    assert scene.outcomes == ["too-long", "ok"]
    assert prompts(sim) == []


async def test_it_gets_the_prompt_shortened_when_nobody_else_answers_and_that_is_recorded(
    sim: Simulator, scene: Scene
) -> None:
    scene.fake.scripts["cloud"] = fails("refused")
    answer = await scene.climb([("small", asks_for(sim)), ("cloud", model("cloud"))], asked=LONG, whole=True)
    assert (answer.tier, answer.text) == ("small", GOOD)
    assert scene.outcomes == ["too-long", "refused", "ok"]
    (omission,) = scene.tried[-1].left_out
    assert omission.path == "attached"
    assert omission.why.startswith("the last ")
    assert "lines are left out]" in prompts(sim)[-1]


async def test_all_whose_windows_are_too_small_come_last_one_after_the_other(sim: Simulator, scene: Scene) -> None:
    scene.fake.scripts["cloud"] = fails("refused")
    sim.fail("reset", after=1, model=SMALL)
    plan = [("small", asks_for(sim)), ("large", asks_for(sim, LARGE)), ("cloud", model("cloud"))]
    answer = await scene.climb(plan, asked=LONG, whole=True)
    assert answer.tier == "large"
    assert scene.outcomes == ["too-long", "too-long", "refused", "broken", "ok"]


@pytest.mark.parametrize("others", [[], ["small"], ["broke"]])
async def test_nobody_waits_for_a_larger_window_that_is_not_there(
    sim: Simulator, scene: Scene, others: list[str]
) -> None:
    plan = [("small", asks_for(sim)), *(("cloud", model("cloud", context=6000)) for _ in others)]
    answer = await scene.climb(plan, asked=LONG, whole=True, hopeless=lambda one: "broke" in others and not one.local)
    assert answer.tier == "small"
    assert scene.outcomes == ["ok"]


async def test_a_prompt_that_may_be_shortened_is_shortened_for_the_first(sim: Simulator, scene: Scene) -> None:
    answer = await scene.climb([("small", asks_for(sim)), ("cloud", model("cloud"))], asked=LONG)
    assert answer.tier == "small"
    assert scene.tried[0].left_out


async def test_a_prompt_is_not_shortened_to_make_room_for_thoughts(sim: Simulator, scene: Scene) -> None:
    plan = [("small", asks_for(sim, THINKER, context=9000)), ("cloud", model("cloud"))]
    answer = await scene.climb(plan, asked=LONG, whole=True)
    assert answer.tier == "small"
    assert scene.tried[0].left_out == ()
    assert LINES in prompts(sim)[-1]


def test_what_a_model_was_seen_to_count_decides_too() -> None:
    scene = Scene({"small": SAID, "cloud": SAID})
    plan = [("small", model("small", context=9000)), ("cloud", model("cloud"))]
    assert run_virtual(scene.climb(plan, asked=LONG, whole=True))[0].tier == "small"
    scene.ladder.means.memory.put(model("small"), ratio=1.5)
    assert run_virtual(scene.climb(plan, asked=LONG, whole=True))[0].tier == "cloud"


class Narrow:
    """The scene's provider; the small model's server says once that the prompt is longer than its window."""

    def __init__(self, scene: Scene) -> None:
        self.prompts: list[str] = []
        self._fake = scene.fake
        self._too_long = AttemptError("too-long", "It is.", prompt_tokens=7000, window=4096)
        scene.ladder.means.providers = {"openai-compatible": self}

    async def chat(self, question: Question) -> AsyncGenerator[StreamEvent]:
        if question.model.model == "small":
            self.prompts.append(question.messages[-1].content)
            if len(self.prompts) == 1:
                raise self._too_long
        async for event in self._fake.chat(question):
            yield event


@pytest.mark.parametrize("whole", [True, False])
def test_a_server_that_says_so_itself_is_asked_again_at_once_only_where_shortening_is_fine(*, whole: bool) -> None:
    scene = Scene({"small": SAID, "cloud": SAID})
    provider = Narrow(scene)
    plan = [("small", model("small")), ("cloud", model("cloud"))]
    answer, _ = run_virtual(scene.climb(plan, asked=LONG, whole=whole))
    assert answer.tier == ("cloud" if whole else "small")
    assert scene.outcomes == ["too-long", "ok"]
    assert len(provider.prompts) == (1 if whole else 2)


def test_it_is_asked_again_at_last() -> None:
    scene = Scene({"small": SAID, "cloud": fails("refused")})
    provider = Narrow(scene)
    plan = [("small", model("small")), ("cloud", model("cloud"))]
    answer, _ = run_virtual(scene.climb(plan, asked=LONG, whole=True))
    assert (answer.tier, scene.outcomes) == ("small", ["too-long", "refused", "ok"])
    assert provider.prompts[0].endswith(LINES)
    assert provider.prompts[1].endswith("lines are left out]\n")


def test_every_reason_is_told_when_nobody_answers() -> None:
    scene = Scene({"small": fails("stalled"), "cloud": fails("refused")})
    Narrow(scene)
    plan = [("small", model("small")), ("cloud", model("cloud"))]
    with pytest.raises(NoAnswerError) as caught:
        run_virtual(scene.climb(plan, asked=LONG, whole=True))
    assert scene.outcomes == ["too-long", "refused", "stalled"]
    assert [line.split(":")[0] for line in caught.value.lines[1:]] == [
        "small (small)",
        "cloud (cloud)",
        "small (small)",
    ]


@pytest.mark.parametrize(("name", "most"), [(LARGE, 1024), (THINKER, 1024 + 512)])
async def test_a_window_hardly_larger_than_the_longest_answer_has_room_for_a_prompt_too(
    sim: Simulator, scene: Scene, name: str, most: int
) -> None:
    typed = "What is a queue, and when does a small service need one of its own? " * 10
    asked = call(parts=(Part("instruction", typed, shorten="never"),), max_output=2000)
    answer = await scene.climb([("small", asks_for(sim, name, 2048))], asked=asked)
    assert answer.tier == "small"
    assert [body["options"]["num_predict"] for body in bodies(sim)] == [most]
    assert typed in prompts(sim)[0]


@pytest.mark.parametrize(("context", "too_long"), [(1000, True), (16384, False)])
def test_what_only_the_server_calls_too_long_is_not_worth_asking_in_pieces(context: int, *, too_long: bool) -> None:
    scene = Scene({"small": fails("too-long")})
    asked = call(parts=(Part("attached", LINES, shorten="never"),))
    with pytest.raises(NoAnswerError) as caught:
        run_virtual(scene.climb([("small", model("small", context=context))], asked=asked))
    assert (caught.value.too_long, scene.outcomes) == (too_long, ["too-long"])
