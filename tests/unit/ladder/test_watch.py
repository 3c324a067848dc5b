"""What a look in the background finds out of servers on this machine, and what it leaves alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import pytest
from tests.unit.ladder.test_health import attempt
from tests.unit.ladder.test_retry_half_open import health, ollama, watched
from tests.virtual import run_virtual

from rung.ladder.breaker import FAILURES
from rung.ladder.servers import EVERY
from rung.sim import SimModel, Simulator
from rung.sim.port import Port
from rung.types.model import Model


@pytest.mark.parametrize("seconds", [1.8, 8.0])
def test_a_machine_with_other_work_to_do_is_slow_to_list_and_not_down(seconds: float) -> None:
    async def go() -> None:
        async with Simulator([SimModel("small:3b")]) as sim:
            found, asked = health(), ollama(sim)
            await found.look(asked)
            sim.fail("slow-headers", path="/api/", times=None, seconds=seconds)
            await watched(found, asked, 9 * EVERY)
            assert found.known(asked).state == "cold"
            assert not found._servers.of(asked).breaker.opened

    run_virtual(go())


def test_what_comes_late_is_learned_all_the_same() -> None:
    async def go() -> None:
        async with Simulator([SimModel("small:3b")]) as sim:
            found, asked = health(), ollama(sim)
            sim.fail("slow-headers", path="/api/", times=None, seconds=5.0)
            await watched(found, asked, 7.0)
            assert found.known(asked).state == "cold"

    run_virtual(go())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "unix"])
async def test_a_server_of_another_protocol_that_is_back_is_asked_again(host: str, tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    talks: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(await reader.read())
        writer.close()

    # Kept while nobody listens there: a server of another test that was given it would count as this one.
    port = Port(0)

    async def listen() -> asyncio.Server:
        return await (asyncio.start_unix_server(hear, path) if host == "unix" else port.listen(hear))

    server = await listen()
    server.close()
    await server.wait_closed()
    if host != "unix":
        port.keep()
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 - Python 3.13 does it by itself
    url = f"unix://{path}" if host == "unix" else f"http://{host}:{port.number}/v1"
    asked = Model("openai-compatible", "m", url, local=True, connect=5.0)
    found = health()
    changes: list[str] = []
    is_back = asyncio.Event()
    found.subscribe(lambda: changes.append(found.known(asked).state))
    attempt(found, asked, "refused")
    found.subscribe(is_back.set)
    watch = asyncio.ensure_future(found.watch(lambda: [asked], every=0.02))
    await asyncio.sleep(0.1)
    assert found.known(asked).state == "down"
    async with await listen():
        async with asyncio.timeout(10):
            await is_back.wait()
        # Long enough for more looks: who is not away is not looked at.
        await asyncio.sleep(0.1)
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    assert changes == ["down", "unknown"]
    assert talks == [b""]


@pytest.mark.parametrize("limits", [{"local": False}, {"provider": "anthropic", "local": False}])
async def test_the_cloud_is_never_looked_at(limits: dict[str, object]) -> None:
    talks: list[int] = []

    def hear(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(1)
        writer.close()

    async with await asyncio.start_server(hear, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        asked = Model("openai-compatible", "m", url, connect=5.0).replace(**limits)
        found = health()
        for _ in range(FAILURES):
            attempt(found, asked, "unreachable")
        watch = asyncio.ensure_future(found.watch(lambda: [asked], every=0.01))
        await asyncio.sleep(0.1)
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
    assert talks == []
    assert found.known(asked).state == "down"
