"""One model under two spellings of its name or its address is one model: for queues, rates, failures and memory."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.unit.ladder.scene import Scene, fails
from tests.virtual import run_virtual

from rung.errors import AttemptError, NoAnswerError
from rung.ladder.breaker import FAILURES
from rung.ladder.health import Health
from rung.ladder.memory import Memory
from rung.ladder.rates import Rates
from rung.ladder.slots import Slots
from rung.ladder.warmup import Warmups
from rung.providers import ollama_state
from rung.providers.ollama import Ollama
from rung.settings import addresses
from rung.sim import SimModel, Simulator
from rung.types.model import Model

PLAIN = Model("ollama", "llama3", "http://127.0.0.1:11434", local=True)
SAME = [
    PLAIN.replace(model="llama3:latest"),
    PLAIN.replace(model="Llama3:Latest"),
    PLAIN.replace(model="library/llama3"),
    PLAIN.replace(url="http://127.0.0.1:11434/"),
    PLAIN.replace(url="http://localhost:11434"),
    PLAIN.replace(url="HTTP://LocalHost:11434/"),
    PLAIN.replace(url="http://[::1]:11434"),
    PLAIN.replace(url=""),
]
OTHER = [
    PLAIN.replace(model="llama3:8b"),
    PLAIN.replace(model="someone/llama3"),
    PLAIN.replace(url="http://127.0.0.1:11435"),
    PLAIN.replace(url="http://127.0.0.1:11434/behind"),
    PLAIN.replace(url="http://10.0.0.7:11434"),
]
SPELLED = pytest.mark.parametrize("same", SAME, ids=lambda one: f"{one.url} {one.model}")


@SPELLED
def test_another_spelling_is_the_same_spot(same: Model) -> None:
    assert addresses.spot(same) == addresses.spot(PLAIN)


@pytest.mark.parametrize("other", OTHER, ids=lambda one: f"{one.url} {one.model}")
def test_another_model_is_another_spot(other: Model) -> None:
    assert addresses.spot(other) != addresses.spot(PLAIN)


def test_only_ollama_ignores_case_and_adds_a_tag() -> None:
    gateway = Model("openai-compatible", "GPT", "https://gate.example/v1/")
    assert addresses.spot(gateway) == ("gate.example:443/v1", "GPT")
    assert addresses.spot(Model("openai", "gpt-5")) == ("openai", "gpt-5")
    assert addresses.spot(PLAIN.replace(model="auto")) == ("loopback:11434", "auto")
    assert addresses.spot(PLAIN.replace(url="unix:///run/o.sock"))[0] == "unix:/run/o.sock"


@SPELLED
async def test_it_has_one_queue(same: Model) -> None:
    slots = Slots()
    async with slots.take(PLAIN):
        assert slots.busy(same)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), slots.take(same):
                pass
    assert not slots.busy(same)


@SPELLED
def test_it_has_one_rate(same: Model) -> None:
    async def go() -> float:
        rates = Rates()
        rates.take(PLAIN.replace(per_minute=1), 0.0).used()
        return rates.take(same.replace(per_minute=1), 0.0).pause

    assert run_virtual(go())[0] == 60


@SPELLED
async def test_what_is_held_against_it_is_held_against_it(same: Model) -> None:
    found = Health(lambda _: None, str)
    for _ in range(FAILURES):
        found.began(PLAIN)
        found.failed(PLAIN, AttemptError("broken", "It broke."))
    assert found.known(same).state == "down"
    assert found.known(PLAIN.replace(model="other")).state == "unknown"
    found.began(same)
    found.failed(same, AttemptError("refused", "Nobody is there."))
    assert found.known(PLAIN.replace(model="other")).state == "down"


@SPELLED
async def test_what_is_learned_of_it_is_known_of_it(same: Model, tmp_path: Path) -> None:
    found = Memory(tmp_path / "measured.json")
    found.learn(PLAIN, total=9.0)
    await found.close()
    assert Memory(tmp_path / "measured.json").of(same).total == 9


@SPELLED
def test_it_has_one_load(same: Model, tmp_path: Path) -> None:
    warmups = Warmups(tmp_path)
    assert warmups._files(same) == warmups._files(PLAIN)
    assert warmups._turn(same) == warmups._turn(PLAIN)


def test_it_is_asked_once_by_one_request() -> None:
    gateway = Model("openai-compatible", "m", "http://127.0.0.1:8080/v1", local=True)
    again = gateway.replace(url="http://localhost:8080/v1/")
    scene = Scene({"m": fails("bad-answer")})
    with pytest.raises(NoAnswerError, match="was not asked: it was asked already"):
        run_virtual(scene.climb([("small", gateway), ("large", again)]))
    assert scene.fake.asked == ["m"]


async def test_an_ollama_asks_one_model_in_two_tiers_once(tmp_path: Path) -> None:
    async with Simulator([SimModel("llama3:latest", says="I'm sorry, but I can't help with that.")]) as sim:
        scene = Scene({}, tmp_path)
        scene.ladder.means.providers = {"ollama": Ollama()}
        small = Model("ollama", "llama3", sim.url, context=4096, connect=5.0, local=True, cold_patience=60.0)
        large = small.replace(model="LLAMA3:latest", url=f"{sim.url.replace('127.0.0.1', 'localhost')}/")
        answer = await scene.climb([("small", small), ("large", large)])
        scene.ladder.means.warmups.close()
    assert answer.degraded
    assert scene.outcomes == ["bad-answer"]


@pytest.mark.parametrize(
    ("asked", "found", "same"),
    [
        ("qwen2.5-coder:7b", "Qwen2.5-Coder:7B", True),
        ("hf.co/Someone/Model:Q4", "hf.co/someone/model:q4", True),
        ("host:5000/a/model", "host:5000/a/model:latest", True),
        ("qwen", "qwen:7b", False),
    ],
)
def test_ollama_s_names_have_no_case(asked: str, found: str, same: bool) -> None:  # noqa: FBT001
    assert ollama_state.same_name(asked, found) is same


async def test_a_name_in_another_case_is_installed() -> None:
    async with Simulator([SimModel("small:3b")]) as sim:
        found = Health(lambda _: None, str)
        known = await found.look(Model("ollama", "Small:3B", sim.url, connect=5.0, local=True))
    assert known.state == "cold"
