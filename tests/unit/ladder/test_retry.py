"""A second try on the same model: at most one, only where it is likely to help, and before anything came back."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.ladder.scene import GOOD, OPENED, Scene, fails, model, says
from tests.virtual import run_virtual

from rung.errors import AttemptError, NoAnswerError
from rung.providers.events import Content, Question
from rung.providers.ollama import Ollama
from rung.providers.openai import OpenAI
from rung.sim import SimModel, Simulator
from rung.types.event import TierEvent
from rung.types.model import Model

if TYPE_CHECKING:
    from tests.unit.ladder.scene import Step

    from rung.providers.events import StreamEvent

RESET = AttemptError("broken", "It was reset.", again=True)


class Turns:
    """The scene's provider, with scripts that come first for the small model."""

    def __init__(self, scene: Scene, *scripts: list[Step]) -> None:
        self._fake = scene.fake
        self._left = [*scripts, scene.fake.scripts["small"]]
        scene.ladder.means.providers = {"openai-compatible": self}

    def chat(self, question: Question) -> AsyncGenerator[StreamEvent]:
        if question.model.model == "small" and self._left:
            self._fake.scripts["small"] = self._left.pop(0)
        return self._fake.chat(question)


def test_what_is_likely_to_pass_is_tried_once_more_on_the_same_model_and_both_tries_are_recorded() -> None:
    scene = Scene({"small": says(), "large": says()})
    Turns(scene, [RESET])
    answer, _ = run_virtual(scene.climb())
    assert (answer.text, answer.tier) == (GOOD, "small")
    assert scene.outcomes == ["broken", "ok"]
    assert scene.fake.most == 1
    assert [event.reason for event in scene.events if isinstance(event, TierEvent)][1:] == [
        "it is asked once more: It was reset."
    ]


def test_there_is_no_third_try_and_no_second_one_for_another_model() -> None:
    scene = Scene({"small": [RESET], "large": [RESET], "cloud": says()})
    answer, _ = run_virtual(scene.climb())
    assert answer.tier == "cloud"
    assert scene.fake.asked == ["small", "small", "large", "cloud"]
    assert scene.outcomes == ["broken", "broken", "broken", "ok"]


def test_the_last_of_a_plan_gets_its_second_try_too() -> None:
    scene = Scene({"small": [RESET]})
    with pytest.raises(NoAnswerError):
        run_virtual(scene.climb([("small", model("small"))]))
    assert scene.outcomes == ["broken", "broken"]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([OPENED, RESET], id="headers came"),
        pytest.param([OPENED, Content(GOOD * 3), RESET], id="text was shown"),
        pytest.param(fails("broken"), id="unlikely to pass"),
        *(
            pytest.param(fails(word), id=word)
            for word in ("bad-request", "load-failed", "auth", "refused", "slow", "busy", "rate-limited", "bad-answer")
        ),
    ],
)
def test_anything_else_goes_on_to_the_next_at_once(script: list[Step]) -> None:
    scene = Scene({"small": script, "large": says()})
    run_virtual(scene.climb())
    assert scene.fake.asked == ["small", "large"]


def test_a_second_try_is_made_inside_the_deadline_only() -> None:
    scene = Scene({"small": [29.0, RESET]})
    with pytest.raises(NoAnswerError):
        run_virtual(scene.climb([("small", model("small"))], deadline=29.0))
    assert scene.fake.asked == ["small"]
    with pytest.raises(NoAnswerError):
        run_virtual(scene.climb([("small", model("small"))], deadline=40.0))
    assert scene.fake.times == [0, 0, 29]


def test_a_server_that_the_first_try_showed_to_be_down_gets_no_second_one() -> None:
    scene = Scene({"small": [RESET], "large": says()})

    async def go() -> None:
        for _ in range(2):
            await scene.climb()

    run_virtual(go())
    # Two tries of the first request, and one of the second: the third failure in a row opens the breaker.
    assert scene.fake.asked == ["small", "small", "large", "small", "large"]


def test_a_cancelled_second_try_has_its_record_and_a_closed_connection() -> None:
    scene = Scene({"small": [50.0]})
    Turns(scene, [RESET])
    run_virtual(scene.cancelled(after=1.0))
    assert scene.outcomes == ["broken", "cancelled"]
    assert scene.fake.open == 0


@pytest.fixture
def models() -> list[SimModel]:
    return [SimModel("small:3b", says=GOOD), SimModel("gpt", provider="openai", says=GOOD)]


@pytest.fixture
def scene(scene: Scene) -> Scene:
    scene.ladder.means.providers = {"ollama": Ollama(), "openai-compatible": OpenAI(lambda _: "key")}
    return scene


async def asked(sim: Simulator, provider: str, scene: Scene) -> list[tuple[str, Model]]:
    """The plan of one model, which is in memory and was asked before."""
    found = Model("ollama", "small:3b", sim.url, context=4096, connect=5.0, local=True)
    if provider != "ollama":
        found = found.replace(provider=provider, model="gpt", url=f"{sim.url}/openai/v1", context=None)
    await scene.climb([("small", found)])
    scene.tried.clear()
    return [("small", found)]


PROVIDERS = pytest.mark.parametrize("provider", ["ollama", "openai-compatible"])


@PROVIDERS
@pytest.mark.parametrize(
    "fault", [{"kind": "reset-before-headers"}, {"kind": "status", "status": 500}, {"kind": "status", "status": 502}]
)
async def test_a_real_server_that_fails_once_is_asked_again_and_both_connections_are_closed(
    sim: Simulator, scene: Scene, provider: str, fault: dict[str, Any]
) -> None:
    plan = await asked(sim, provider, scene)
    sim.fail(**fault)
    assert (await scene.climb(plan)).text == GOOD
    assert scene.outcomes == ["broken", "ok"]
    one, other = [exchange for exchange in sim.log if "/chat" in exchange.path][-2:]
    assert one.closed_by
    assert other.closed_by


@PROVIDERS
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"kind": "status", "status": 400}, "bad-request"),
        ({"kind": "status", "status": 500, "body": '{"error":"invalid format"}'}, "bad-request"),
        ({"kind": "status", "status": 500, "body": '{"error":"llama runner process has terminated"}'}, "load-failed"),
        ({"kind": "status", "status": 504}, "broken"),
        ({"kind": "reset", "after": 1}, "broken"),
        ({"kind": "no-end", "after": 1}, "broken"),
    ],
)
async def test_a_real_failure_that_would_come_again_is_not_tried_again(
    sim: Simulator, scene: Scene, provider: str, fault: dict[str, Any], outcome: str
) -> None:
    plan = await asked(sim, provider, scene)
    sim.fail(**fault)
    with pytest.raises(NoAnswerError):
        await scene.climb(plan)
    assert scene.outcomes == [outcome]
