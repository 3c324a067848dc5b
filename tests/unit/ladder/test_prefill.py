"""How fast a model reads is learned without being fooled by prompts its server had cached, and unlearned by waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.ladder.scene import GOOD, OPENED, Scene, call, model, says
from tests.virtual import run_virtual

from rung.errors import NoAnswerError
from rung.ladder.means import BELIEVED, LOCAL_PREFILL, SLOWEST
from rung.ladder.memory import Memory
from rung.providers.events import Content, Finished, Question, Usage
from rung.types.part import Part

if TYPE_CHECKING:
    from rung.providers.events import StreamEvent

SMALL = model("small")
TWO = [("small", SMALL), ("large", model("large"))]


class Reader:
    """A model that reads 100 tokens a second, or answers at once what it has cached, and says how long it read."""

    def __init__(self) -> None:
        self.cached = False

    async def chat(self, question: Question) -> AsyncGenerator[StreamEvent]:
        tokens = sum(len(message.content) for message in question.messages) // 5
        seconds = 0.05 if self.cached else tokens / 100
        if question.model.model == "small":
            await asyncio.sleep(seconds)
        yield OPENED
        yield Content(GOOD)
        yield Finished("stop", Usage(tokens, 20), "small", None, seconds)


def reading() -> tuple[Scene, Reader]:
    scene, reader = Scene({}), Reader()
    scene.ladder.means.providers = {"openai-compatible": reader}
    return scene, reader


def prompt(tokens: int) -> Part:
    return Part("file", "word " * tokens, shorten="never")


@pytest.mark.parametrize("times", [1, 5])
@pytest.mark.parametrize("first", [True, False], ids=["it was the first of all", "after an honest one"])
def test_a_cached_prompt_does_not_make_the_next_long_one_too_slow(first: bool, times: int) -> None:  # noqa: FBT001
    scene, reader = reading()

    async def go() -> list[str]:
        if not first:
            await scene.climb(TWO, asked=call(parts=(prompt(3000),)))
        reader.cached = True
        for _ in range(times):
            await scene.climb(TWO, asked=call(parts=(prompt(3000),)))
        reader.cached = False
        return [(await scene.climb(TWO, asked=call(parts=(prompt(9000),)))).tier for _ in range(6)]

    tiers, _ = run_virtual(go())
    assert tiers[2:] == ["small"] * 4
    if not first:
        assert tiers == ["small"] * 6


def test_the_mean_is_that_of_the_seconds_a_token_takes() -> None:
    found = Memory()
    found.learn(SMALL, prefill=100.0)
    found.learn(SMALL, prefill=200.0)
    assert found.of(SMALL).prefill == pytest.approx(1 / (0.7 / 100 + 0.3 / 200))


def test_a_rate_many_times_the_known_one_hardly_counts_however_large_it_is() -> None:
    found, other = Memory(), Memory()
    for memory, value in ((found, 1e3), (other, 1e6)):
        memory.learn(SMALL, prefill=100.0)
        memory.learn(SMALL, prefill=value)
    assert found.of(SMALL) == other.of(SMALL)
    assert 100 < (found.of(SMALL).prefill or 0) < 102


def test_a_poisoned_rate_of_an_earlier_process_heals() -> None:
    scene, _ = reading()
    scene.ladder.means.memory.put(SMALL, prefill=1e6)

    async def go() -> list[str]:
        return [(await scene.climb(TWO, asked=call(parts=(prompt(9000),)))).tier for _ in range(6)]

    assert run_virtual(go())[0][2:] == ["small"] * 4


def test_waiting_in_vain_brings_the_rate_down_and_never_up() -> None:
    means = Scene({}).ladder.means
    assert means.prefill_seconds(SMALL, 9000) == 9000 / LOCAL_PREFILL
    means.waited(SMALL, 9000, 90.0)
    assert means.prefill_seconds(SMALL, 9000) == 180
    means.waited(SMALL, 9000, 60.0)
    assert means.prefill_seconds(SMALL, 9000) == 180


@pytest.mark.parametrize(("tokens", "seconds"), [(100, 1.0), (600, 40.0)], ids=["short", "one that hangs"])
def test_what_cannot_be_the_prompt_s_fault_says_nothing_of_the_rate(tokens: int, seconds: float) -> None:
    means = Scene({}).ladder.means
    means.waited(SMALL, tokens, seconds)
    assert means.memory.of(SMALL).prefill is None
    means.waited(SMALL, int(SLOWEST * 100 * 1.01), 100.0)
    assert means.memory.of(SMALL).prefill == SLOWEST


def test_the_cloud_s_limit_stays_what_the_settings_say() -> None:
    means = Scene({}).ladder.means
    means.waited(model("cloud"), 9000, 90.0)
    assert means.prefill_seconds(model("cloud"), 9000) == 0


def test_no_rate_is_believed_that_leaves_no_time_for_a_long_prompt() -> None:
    means = Scene({}).ladder.means
    means.memory.put(SMALL, prefill=1e5)
    assert means.prefill_seconds(SMALL, 10_000) == 10_000 / BELIEVED


def test_a_deadline_that_ends_the_wait_teaches_too() -> None:
    scene = Scene({"small": [1000.0, *says()]})
    with pytest.raises(NoAnswerError):
        run_virtual(scene.climb([("small", SMALL)], asked=call(parts=(prompt(9000),)), deadline=180.0))
    assert (scene.ladder.means.memory.of(SMALL).prefill or 999) < LOCAL_PREFILL / 2


def test_a_restart_keeps_no_rate_that_cannot_be(tmp_path: Path) -> None:
    async def go() -> None:
        found = Memory(tmp_path / "measured.json")
        found.learn(SMALL, prefill=120.0)
        found.learn(SMALL, prefill=90_000.0)
        await found.close()

    asyncio.run(go())
    assert (Memory(tmp_path / "measured.json").of(SMALL).prefill or 0) < 130
