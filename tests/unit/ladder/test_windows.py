"""The window that counts is the one a server really gives; one that somebody else chose makes a model load again."""

from __future__ import annotations

import logging

import pytest
from tests.unit.ladder.test_retry_half_open import health, ollama
from tests.virtual import run_virtual

from rung.ladder.breaker import Breaker
from rung.ladder.server import Server
from rung.providers.events import Question
from rung.providers.ollama import Ollama
from rung.providers.ollama_state import Installed, Loaded
from rung.sim import SimModel, Simulator
from rung.types.call import Message
from rung.types.model import Model

ASKED = Model("ollama", "m:1b", "http://127.0.0.1:1", context=16384, local=True)
HAS = (Installed("m:1b"),)


def server() -> Server:
    return Server(Breaker(3, lambda: 1.0))


def shows(found: Server, window: int | None, *, loading: bool = False) -> tuple[str, int | None]:
    """State and window once its list shows the model with this window."""
    found.lists(HAS, (Loaded("m:1b", window),), loading=loading)
    known = found.known(ASKED)
    return known.state, known.window


@pytest.mark.parametrize("window", [16384, None])
def test_a_model_with_our_window_or_one_that_is_not_said_is_ready(window: int | None) -> None:
    assert shows(server(), window) == ("ready", 16384)


@pytest.mark.parametrize("window", [2048, 32768])
def test_another_window_is_somebody_else_s_and_is_said_so(window: int) -> None:
    found = server()
    assert shows(found, window) == ("cold", 16384)
    assert found.known(ASKED).reason == f"loaded by somebody else with a window of {window}: it has to load again"


@pytest.mark.parametrize("window", [4096, 32768])
def test_the_window_after_a_load_of_ours_is_what_the_server_gives(window: int) -> None:
    found = server()
    shows(found, window)
    found.orders(ASKED)
    assert shows(found, window, loading=True) == ("cold", 16384)
    assert shows(found, window) == ("ready", min(window, 16384))
    assert shows(found, window) == ("ready", min(window, 16384))
    assert found.known(ASKED).reason is None
    assert shows(found, None)[0] == "ready"


def test_a_server_that_never_gives_what_is_asked_for_is_found_out_by_its_first_answer() -> None:
    found = server()
    shows(found, 4096)
    found.answers(ASKED)
    assert shows(found, 4096) == ("ready", 4096)
    found.answers(ASKED)
    assert found.known(ASKED).window == 4096


def test_a_window_that_was_ours_and_is_another_one_now_is_somebody_else_s() -> None:
    found = server()
    found.orders(ASKED)
    assert shows(found, 16384) == ("ready", 16384)
    for _ in range(2):
        found.answers(ASKED)
        assert shows(found, 4096) == ("cold", 16384)


def test_what_was_taken_for_the_server_s_doing_is_forgotten_once_it_gives_what_is_asked_for() -> None:
    found = server()
    found.answers(ASKED)
    found.orders(ASKED)
    assert shows(found, 4096) == ("ready", 4096)
    assert shows(found, 16384) == ("ready", 16384)
    assert shows(found, 4096) == ("cold", 16384)


def test_a_model_that_left_memory_is_planned_with_the_window_it_will_get() -> None:
    found = server()
    found.orders(ASKED)
    shows(found, 4096)
    found.lists(HAS, (), loading=False)
    assert (found.known(ASKED).state, found.known(ASKED).window) == ("cold", 4096)


def test_without_a_window_of_our_own_the_one_in_memory_counts() -> None:
    found, free = server(), ASKED.replace(context=None)
    assert found.known(free).window is None
    shows(found, 8192)
    assert (found.known(free).state, found.known(free).window) == ("ready", 8192)


def test_never_more_is_asked_for_than_the_model_was_trained_for() -> None:
    found = server()
    found.lists((Installed("m:1b", context=8192),), (Loaded("m:1b", 8192),), loading=False)
    assert (found.known(ASKED).state, found.known(ASKED).window) == ("ready", 8192)


def test_each_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    found = server()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            shows(found, 4096)
        found.orders(ASKED)
        for _ in range(3):
            shows(found, 4096)
    assert [record.getMessage() for record in caplog.records] == [
        "m:1b is in memory with a window of 4096 instead of 16384: somebody else loaded it so",
        "m:1b is in memory with a window of 4096 instead of 16384: that is what the server gives",
    ]


async def load(asked: Model) -> None:
    question = Question(asked, (Message("user", "What?"),), 10, None)
    async for _ in Ollama().chat(question):
        pass


def test_another_client_that_loads_it_with_its_own_window_is_seen_and_so_is_ours_again() -> None:
    async def go() -> None:
        async with Simulator([SimModel("small:3b")]) as sim:
            found, asked = health(), ollama(sim)
            await load(asked)
            assert (await found.look(asked)).state == "ready"
            await load(asked.replace(context=2048))
            known = await found.look(asked)
            assert (known.state, known.window) == ("cold", 4096)
            assert known.reason == "loaded by somebody else with a window of 2048: it has to load again"
            await load(asked)
            assert (await found.look(asked)).state == "ready"

    run_virtual(go())


@pytest.mark.parametrize("loaded", [True, False])
def test_only_a_list_after_the_load_is_over_shows_what_the_server_gives(*, loaded: bool) -> None:
    """The process that loaded it may still be about to end."""

    async def go() -> None:
        async with Simulator([SimModel("small:3b")]) as sim:
            found, asked = health(loading=True), ollama(sim)
            await load(asked.replace(context=2048))
            known = await found.look(asked, loaded=loaded)
            assert (known.state, known.window) == (("ready", 2048) if loaded else ("cold", 4096))

    run_virtual(go())
