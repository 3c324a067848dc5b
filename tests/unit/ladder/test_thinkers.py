"""A model that thinks although it is told not to gets room for it, and its answer is judged by its own limit."""

from __future__ import annotations

import pytest
from tests.unit.ladder.scene import GOOD, Scene, call, fails, model

from rung.errors import AttemptError, NoAnswerError
from rung.ladder.gate import judge
from rung.ladder.memory import Figures
from rung.ladder.thinkers import HEADROOM, headroom
from rung.providers.events import Finished, Question
from rung.providers.ollama import request_body
from rung.sim import SimModel, Simulator
from rung.types.model import Model

OSS, STUBBORN, QUIET = "gpt-oss:20b", "stubborn:8b", "quiet:8b"
THOUGHTS = "hm " * 400


@pytest.fixture
def models() -> list[SimModel]:
    return [
        SimModel(OSS, thinking=True, ignores_think=True, thinks=THOUGHTS, says=GOOD),
        SimModel(STUBBORN, thinking=True, always_thinks=True, thinks=THOUGHTS, says=GOOD),
        SimModel(QUIET, thinking=True, thinks=THOUGHTS, says=GOOD),
    ]


def ollama(sim: Simulator, name: str, **limits: object) -> Model:
    found = Model(
        "ollama", name, sim.url, context=8192, connect=5.0, local=True, first_content=60.0, cold_patience=60.0
    )
    return found.replace(**limits)


def asked(sim: Simulator) -> list[tuple[object, int]]:
    """What each question said of thinking, and its limit."""
    bodies = [exchange.body for exchange in sim.log if exchange.method == "POST"]
    return [(body["think"], body["options"]["num_predict"]) for body in bodies if body.get("messages")]


async def test_one_that_can_t_be_silenced_answers_at_once_with_room_to_think(sim: Simulator, scene: Scene) -> None:
    answer = await scene.climb([("small", ollama(sim, OSS)), ("cloud", model("cloud"))])
    assert (answer.tier, answer.text) == ("small", GOOD)
    assert scene.outcomes == ["ok"]
    assert asked(sim) == [("low", 100 + 2048)]


async def test_one_that_is_found_out_is_asked_once_more_with_room_and_from_then_on(
    sim: Simulator, scene: Scene
) -> None:
    models = [("small", ollama(sim, STUBBORN)), ("cloud", model("cloud"))]
    assert (await scene.climb(models)).text == GOOD
    assert scene.outcomes == ["bad-answer", "ok"]
    assert scene.tried[0].attempt.reason == "It only thought."
    assert asked(sim) == [(False, 100), (False, 100 + 2048)]
    assert (await scene.climb(models)).tier == "small"
    assert asked(sim)[2:] == [(False, 100 + 2048)]


async def test_one_that_can_be_silenced_gets_the_limit_alone(sim: Simulator, scene: Scene) -> None:
    await scene.climb([("small", ollama(sim, QUIET))])
    assert asked(sim) == [(False, 100)]
    assert scene.ladder.means.memory.of(ollama(sim, QUIET)).thinks is None


async def test_one_that_thinks_no_more_loses_its_room_again(sim: Simulator, scene: Scene) -> None:
    quiet = ollama(sim, QUIET)
    scene.ladder.means.memory.put(quiet, thinks=1.0)
    for _ in range(5):
        await scene.climb([("small", quiet)])
    assert [limit for _, limit in asked(sim)] == [2148] * 4 + [100]


async def test_a_budget_that_was_thought_away_is_no_climb_for_quality(sim: Simulator, scene: Scene) -> None:
    sim.fail("endless-thinking", times=None)
    scene.fake.scripts["large"] = fails("bad-answer")
    answer = await scene.climb([("small", ollama(sim, QUIET)), ("large", model("large")), ("cloud", model("cloud"))])
    assert answer.tier == "cloud"
    assert scene.outcomes == ["bad-answer", "bad-answer", "bad-answer", "ok"]
    assert [limit for _, limit in asked(sim)] == [100, 2148]


async def test_one_that_thinks_without_end_is_not_asked_a_third_time(sim: Simulator, scene: Scene) -> None:
    sim.fail("endless-thinking", times=None)
    with pytest.raises(NoAnswerError, match="only thought"):
        await scene.climb([("small", ollama(sim, QUIET))])
    assert len(asked(sim)) == 2


def test_room_is_a_share_of_the_window_at_most() -> None:
    oss = Model("ollama", OSS)
    assert [headroom(oss, Figures(), window) for window in (None, 4096, 16384, 131072)] == [4096, 1024, 4096, HEADROOM]
    assert headroom(oss.replace(provider="openai-compatible"), Figures(thinks=1.0), None) == 0


@pytest.mark.parametrize(
    ("name", "think"),
    [
        ("gpt-oss", "low"),
        ("gpt-oss:20b", "low"),
        ("GPT-OSS:120b-cloud", "low"),
        ("hf.co/unsloth/gpt-oss-20b-GGUF:Q4", "low"),
        ("qwen3:8b", False),
        ("notgpt-oss:7b", False),
    ],
)
def test_who_can_t_be_told_not_to_think_is_told_to_think_little(name: str, think: object) -> None:
    assert request_body(Question(Model("ollama", name), (), 50))["think"] == think


def judged(text: str, room: int, stop: str = "stop") -> AttemptError | None:
    question = Question(Model("ollama", OSS), (), 100, None, room)
    return judge(call(), text, Finished(stop), 30, None, question=question)  # type: ignore[arg-type]  # a word of Stop


def test_an_answer_that_used_the_room_of_the_thoughts_is_too_long() -> None:
    long = " ".join(f"word{i}" for i in range(200))
    assert judged(long, 0) is None
    fault = judged(long, 2048)
    assert fault is not None
    assert fault.text == "The answer was cut off at its token limit."
    assert judged(GOOD, 2048) is None
