"""Loading, slots, expiry and queues of the simulated models."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from tests.sim.raw import ask

from rung.sim import SimModel, Simulator
from rung.sim.golang import GoError, duration

SMALL = SimModel("sim-small:3b", load_seconds=5.0, token_delay=0.1)
LARGE = SimModel("sim-large:14b", load_seconds=20.0)
Virtual = Callable[[Coroutine[Any, Any, None]], tuple[None, float]]


def chat(model: str = "sim-small:3b", text: str = "Explain f.", **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}] if text else []
    return {"model": model, "messages": messages, "stream": False, **more}


def on_virtual(virtual: Virtual, scene: Callable[[Simulator], Coroutine[Any, Any, None]], **how: Any) -> None:
    """Play a scene with a simulator on a clock that jumps."""

    async def play() -> None:
        async with Simulator([SMALL, LARGE], **how) as sim:
            await scene(sim)

    virtual(play())


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_cold_model_answers_after_its_load_and_a_warm_one_at_once(virtual: Virtual) -> None:
    async def scene(sim: Simulator) -> None:
        cold = (await ask(sim.url, "/api/chat", chat())).json()
        warm = (await ask(sim.url, "/api/chat", chat())).json()
        assert cold["load_duration"] >= 5e9
        assert warm["load_duration"] < 1e9
        assert [exchange.loads for exchange in sim.log] == [1, 0]

    on_virtual(virtual, scene)


def test_a_load_nobody_waits_for_is_thrown_away(virtual: Virtual) -> None:
    async def scene(sim: Simulator) -> None:
        got = await ask(sim.url, "/api/chat", chat(), leave_after=3.0)
        assert got.status is None
        await sim.wait_for(lambda: sim.loads)
        assert sim.loads == [("sim-small:3b", "aborted", 8192)]
        begun = now()
        await ask(sim.url, "/api/chat", chat(text=""))
        assert now() - begun >= 5.0

    on_virtual(virtual, scene)


def test_who_waited_for_anothers_load_begins_anew_when_that_one_leaves(virtual: Virtual) -> None:
    async def scene(sim: Simulator) -> None:
        first = asyncio.ensure_future(ask(sim.url, "/api/chat", chat(), leave_after=3.0))
        await sim.wait_for(lambda: sim.loading)
        second = await ask(sim.url, "/api/chat", chat())
        assert (await first).status is None
        assert second.status == 200
        assert [load[1] for load in sim.loads] == ["aborted", "completed"]

    on_virtual(virtual, scene)


@pytest.mark.parametrize(
    ("keep_alive", "seconds"), [("10m", 600), (30, 30), ("1h30m", 5400), (1.5, 1.5), (None, 300), ("90s", 90)]
)
def test_a_model_leaves_memory_after_its_keep_alive(virtual: Virtual, keep_alive: Any, seconds: float) -> None:
    async def scene(sim: Simulator) -> None:
        await ask(sim.url, "/api/chat", chat(text="", keep_alive=keep_alive))
        await asyncio.sleep(seconds - 0.5)
        assert sim.loaded == ("sim-small:3b",)
        await asyncio.sleep(1)
        assert list(sim.loaded) == []

    on_virtual(virtual, scene)


def test_every_answer_puts_the_expiry_off(virtual: Virtual) -> None:
    async def scene(sim: Simulator) -> None:
        for _ in range(3):
            await ask(sim.url, "/api/chat", chat(keep_alive="1m"))
            await asyncio.sleep(50)
        assert sim.loaded == ("sim-small:3b",)
        assert len(sim.loads) == 1

    on_virtual(virtual, scene)


@pytest.mark.parametrize("keep_alive", [-1, "-1m"])
def test_a_negative_keep_alive_means_for_ever(virtual: Virtual, keep_alive: Any) -> None:
    async def scene(sim: Simulator) -> None:
        await ask(sim.url, "/api/chat", chat(keep_alive=keep_alive))
        await asyncio.sleep(1e6)
        told = (await ask(sim.url, "/api/ps")).json()["models"]
        assert [model["expires_at"] > "2300" for model in told] == [True]

    on_virtual(virtual, scene)


def test_keep_alive_0_answers_and_unloads(virtual: Virtual) -> None:
    async def scene(sim: Simulator) -> None:
        assert (await ask(sim.url, "/api/chat", chat(keep_alive=0))).json()["done_reason"] == "stop"
        assert sim.loaded == ()

    on_virtual(virtual, scene)


def test_the_openai_form_leaves_keep_alive_as_it_was(virtual: Virtual) -> None:
    async def scene(sim: Simulator) -> None:
        await ask(sim.url, "/api/chat", chat(keep_alive="1h"))
        await ask(sim.url, "/v1/chat/completions", chat(keep_alive="1s", options={"num_ctx": 512}))
        await asyncio.sleep(3000)
        assert sim.loaded == ("sim-small:3b",)
        assert len(sim.loads) == 1

    on_virtual(virtual, scene)


def test_another_window_waits_for_the_running_answer_and_loads_anew(virtual: Virtual) -> None:
    async def scene(sim: Simulator) -> None:
        await ask(sim.url, "/api/chat", chat(text=""))
        running = asyncio.ensure_future(ask(sim.url, "/api/chat", chat()))
        await sim.wait_for(lambda: len(sim.log) == 2 and sim.log[1].completion_tokens)
        other = await ask(sim.url, "/api/chat", chat(options={"num_ctx": 4096}))
        assert (await running).json()["done_reason"] == "stop"
        assert other.json()["load_duration"] > 5e9
        assert [load[2] for load in sim.loads] == [8192, 4096]

    on_virtual(virtual, scene)


def test_a_loaded_model_answers_while_another_loads(virtual: Virtual) -> None:
    async def scene(sim: Simulator) -> None:
        await ask(sim.url, "/api/chat", chat(text=""))
        loading = asyncio.ensure_future(ask(sim.url, "/api/chat", chat("sim-large:14b")))
        await sim.wait_for(lambda: sim.loading == "sim-large:14b")
        assert (await ask(sim.url, "/api/chat", chat())).status == 200
        assert not loading.done()
        assert (await loading).status == 200

    on_virtual(virtual, scene)


def test_two_models_that_do_not_fit_together_evict_each_other(virtual: Virtual) -> None:
    async def scene(sim: Simulator) -> None:
        for name in ("sim-small:3b", "sim-large:14b", "sim-small:3b"):
            await ask(sim.url, "/api/chat", chat(name))
            assert sim.loaded == (name,)
        assert len(sim.loads) == 3

    on_virtual(virtual, scene, max_loaded=1)


@pytest.mark.parametrize(("parallel", "longest"), [(1, 2.0), (2, 1.0)])
def test_a_model_answers_as_many_at_once_as_it_has_slots(virtual: Virtual, parallel: int, longest: float) -> None:
    async def scene() -> None:
        model = SimModel("sim-small:3b", parallel=parallel, token_delay=0.1)
        async with Simulator([model]) as sim:
            begun = now()
            limit = {"num_predict": 10}
            await asyncio.gather(*(ask(sim.url, "/api/chat", chat(options=limit)) for _ in range(2)))
            assert now() - begun == pytest.approx(longest)

    virtual(scene())


def test_who_leaves_the_line_for_a_slot_is_not_answered(virtual: Virtual) -> None:
    async def scene(sim: Simulator) -> None:
        await ask(sim.url, "/api/chat", chat(text=""))
        running = asyncio.ensure_future(ask(sim.url, "/api/chat", chat()))
        await sim.wait_for(lambda: len(sim.log) == 2 and sim.log[1].completion_tokens)
        assert (await ask(sim.url, "/api/chat", chat(), leave_after=0.5)).ended == "left"
        await running
        assert (sim.log[-1].closed_by, sim.log[-1].completion_tokens) == ("client", 0)

    on_virtual(virtual, scene)


def test_reading_the_prompt_takes_time(virtual: Virtual) -> None:
    async def scene() -> None:
        async with Simulator([SimModel("sim-small:3b", prefill_rate=100.0)]) as sim:
            begun = now()
            told = (await ask(sim.url, "/api/chat", chat(text="x" * 3976))).json()
            assert told["prompt_eval_count"] == 1000
            assert told["prompt_eval_duration"] >= 10e9
            assert now() - begun >= 10

    virtual(scene())


def test_ps_lists_the_longest_to_stay_first_and_nothing_of_the_cloud(virtual: Virtual) -> None:
    async def scene(sim: Simulator) -> None:
        await ask(sim.url, "/api/chat", chat(text="", keep_alive="5m"))
        await ask(sim.url, "/api/chat", chat("sim-large:14b", text="", keep_alive="1h"))
        headers = {"authorization": "Bearer a"}
        assert (await ask(sim.url, "/openai/v1/chat/completions", chat("gpt-5"), headers=headers)).status == 200
        told = (await ask(sim.url, "/api/ps")).json()["models"]
        assert [model["name"] for model in told] == ["sim-large:14b", "sim-small:3b"]

    on_virtual(virtual, scene)


async def test_generate_follows_the_same_rules() -> None:
    async with Simulator() as sim:
        body = {"model": "sim-small:3b", "prompt": "Explain f.", "system": "Be kind.", "stream": False}
        told = (await ask(sim.url, "/api/generate", body)).json()
        assert list(told)[:5] == ["model", "created_at", "response", "done", "done_reason"]
        assert told["response"].startswith("Simulated answer")
        empty = (await ask(sim.url, "/api/generate", {"model": "sim-small:3b"})).json()
        assert (empty["response"], empty["done_reason"]) == ("", "load")
        streamed = await ask(sim.url, "/api/generate", {"model": "sim-small:3b", "prompt": "Explain f."})
        assert streamed.headers["content-type"] == "application/x-ndjson"


async def test_stop_sequences_and_limits_end_an_answer() -> None:
    async with Simulator([SimModel("m", says="one two three four")]) as sim:
        stopped = (await ask(sim.url, "/api/chat", chat("m", options={"stop": [" three"]}))).json()
        assert (stopped["message"]["content"], stopped["done_reason"]) == ("one two", "stop")
        cut = (await ask(sim.url, "/api/chat", chat("m", options={"num_predict": 1}))).json()
        assert (cut["done_reason"], cut["eval_count"]) == ("length", 1)


async def test_a_thinking_model_that_obeys_does_not_think_when_told_not_to() -> None:
    async with Simulator([SimModel("m", thinking=True)]) as sim:
        thought = (await ask(sim.url, "/api/chat", chat("m"))).json()["message"]
        quiet = (await ask(sim.url, "/api/chat", chat("m", think=False))).json()["message"]
        assert list(thought) == ["role", "content", "thinking"]
        assert list(quiet) == ["role", "content"]
        assert "<think>" not in quiet["content"]


async def test_a_model_says_what_its_function_makes_of_the_messages() -> None:
    model = SimModel("m", says=lambda messages: f"{len(messages)} messages")
    async with Simulator([model]) as sim:
        assert (await ask(sim.url, "/api/chat", chat("m"))).json()["message"]["content"] == "1 messages"


async def test_a_model_that_is_not_local_says_where_it_runs() -> None:
    async with Simulator([SimModel("big:cloud", remote_host="https://ollama.com:443")]) as sim:
        told = (await ask(sim.url, "/api/tags")).json()["models"]
        assert [model["remote_host"] for model in told] == ["https://ollama.com:443"]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("1h", 3600), ("1h30m5s", 5405), ("1.5m", 90), ("250ms", 0.25), ("0", 0), (0, 0), (90, 90), ("+2s", 2)],
)
def test_durations_are_read_as_go_reads_them(value: Any, seconds: float) -> None:
    assert duration(value) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("soon", 'time: invalid duration "soon"'),
        ("", 'time: invalid duration ""'),
        ("99999999999999999999h", 'time: invalid duration "99999999999999999999h"'),
        ("5", 'time: missing unit in duration "5"'),
        ("5d", 'time: unknown unit "d" in duration "5d"'),
        (True, "Unsupported type: 'bool'"),
        ([1], r"Unsupported type: '\[\]interface {}'"),
    ],
)
def test_what_is_no_duration_is_refused_in_gos_words(value: Any, words: str) -> None:
    with pytest.raises(GoError, match=words):
        duration(value)


async def test_a_model_that_stays_for_centuries_is_shown_like_any_other() -> None:
    async with Simulator([SimModel("m")]) as sim:
        assert (await ask(sim.url, "/api/chat", chat("m", keep_alive=10**18))).json()["done"]
        (shown,) = (await ask(sim.url, "/api/ps")).json()["models"]
        assert shown["expires_at"] > "2200"
        assert (await ask(sim.url, "/api/chat", chat("m"))).json()["done"]
