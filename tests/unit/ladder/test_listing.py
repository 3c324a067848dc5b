"""A server that is slow to say what it has is asked all the same; one that is not there is not."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from tests.conftest import REPOSITORY
from tests.unit.ladder.test_retry_half_open import health, ollama, watched
from tests.virtual import run_virtual

from rung.errors import AttemptError
from rung.ladder.breaker import FAILURES
from rung.sim import SimModel, Simulator


@pytest.mark.parametrize("fault", ["no-headers", "slow-headers"])
@pytest.mark.parametrize("path", ["/api/tags", "/api/ps"])
def test_a_slow_list_leaves_what_is_known_as_it_is_and_speaks_against_nobody(fault: str, path: str) -> None:
    async def go() -> None:
        async with Simulator([SimModel("small:3b")]) as sim:
            found, asked = health(), ollama(sim)
            before = await found.look(asked)
            assert before.state == "cold"
            sim.fail(fault, path=path, times=None, seconds=30.0)
            for _ in range(2 * FAILURES):
                assert await found.look(asked) == before
            assert found.known(asked) == before

    run_virtual(go())


def test_of_a_server_that_never_said_anything_the_state_is_unknown_and_why_is_said() -> None:
    async def go() -> None:
        async with Simulator([SimModel("small:3b")]) as sim:
            found, asked = health(), ollama(sim)
            sim.fail("no-headers", path="/api/", times=None)
            for _ in range(2 * FAILURES):
                known = await found.look(asked)
                assert known.state == "unknown"
                assert known.reason == f"{sim.url} takes connections but does not list its models."
            sim.heal()
            known = await found.look(asked)
            assert (known.state, known.reason) == ("cold", None)

    run_virtual(go())


def test_an_answer_shows_that_a_silent_server_is_well() -> None:
    async def go() -> None:
        async with Simulator([SimModel("small:3b")]) as sim:
            found, asked = health(), ollama(sim)
            sim.fail("no-headers", path="/api/", times=None)
            await found.look(asked)
            found.began(asked)
            found.succeeded(asked)
            assert found.known(asked).reason is None

    run_virtual(go())


def test_nobody_knows_whom_auto_stands_for_without_a_list_and_any_older_one_will_do() -> None:
    async def go() -> None:
        async with Simulator([SimModel("small:3b")]) as sim:
            found, asked = health(), ollama(sim).replace(model="auto")
            sim.fail("no-headers", path="/api/", times=None)
            with pytest.raises(AttemptError, match="does not list its models"):
                await found.look(asked)
            sim.heal()
            await found.look(asked)
            sim.fail("no-headers", path="/api/", times=None)
            assert (await found.look(asked)).name == "small:3b"

    run_virtual(go())


def test_attempts_that_do_not_find_out_whom_auto_stands_for_are_held_against_nobody() -> None:
    async def go() -> None:
        async with Simulator([SimModel("small:3b")]) as sim:
            found, asked = health(), ollama(sim).replace(model="auto")
            for _ in range(2 * FAILURES):
                found.began(asked)
                found.failed(asked, AttemptError("slow", "It does not list its models."))
            assert found.known(asked).state == "unknown"
            assert (await found.look(asked)).state == "cold"

    run_virtual(go())


def test_what_is_held_against_a_model_is_held_against_auto_that_stands_for_it() -> None:
    async def go() -> None:
        async with Simulator([SimModel("small:3b")]) as sim:
            found, asked = health(), ollama(sim)
            await found.look(asked)
            for _ in range(FAILURES):
                found.began(asked.replace(model="auto"))
                found.failed(asked, AttemptError("slow", "It is slow."))
            assert found.known(asked).state == found.known(asked.replace(model="auto")).state == "down"

    run_virtual(go())


def test_a_server_that_is_not_there_is_a_failure_also_where_it_was_known() -> None:
    async def go() -> None:
        async with Simulator([SimModel("small:3b")]) as sim:
            found, asked = health(), ollama(sim)
            await found.look(asked)
            sim.down()
            with pytest.raises(AttemptError) as caught:
                await found.look(asked)
            assert caught.value.failure == "refused"

    run_virtual(go())


def test_a_server_that_says_it_is_busy_when_it_is_looked_at_is_not_dead() -> None:
    async def go() -> None:
        async with Simulator([SimModel("small:3b")]) as sim:
            found, asked = health(), ollama(sim)
            sim.fail("status", path="/api/", status=503, times=None)
            for _ in range(2 * FAILURES):
                await watched(found, asked, 1.0)
                assert found.known(asked).state == "unknown"

    run_virtual(go())


def test_a_list_says_nothing_of_a_model_that_breaks() -> None:
    async def go() -> None:
        async with Simulator([SimModel("small:3b")]) as sim:
            found, asked = health(), ollama(sim)
            for _ in range(FAILURES):
                found.began(asked)
                found.failed(asked, AttemptError("broken", "It broke."), trial=False)
            await asyncio.sleep(1.0)
            assert (await found.look(asked)).state == "down"

    run_virtual(go())


FIRST = """
import asyncio, importlib.abc, sys, threading
from tests.virtual import run_virtual
from rung.ladder.health import Health
from rung.sim import Simulator
from rung.types.model import Model

class Busy(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "httpcore2" and threading.current_thread() is threading.main_thread():
            asyncio.get_running_loop().jump(60.0)

async def look():
    async with Simulator() as sim:
        print(await Health(lambda _: None, str).look(Model("ollama", "auto", sim.url, local=True)))

sys.meta_path.insert(0, Busy())
run_virtual(look())
"""
"""The first look of a process, on a machine with so much other work that an import takes a minute."""


def test_what_a_first_request_imports_is_not_counted_as_the_server_s_time() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FIRST], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )
    assert "state='cold'" in ran.stdout, ran.stderr
