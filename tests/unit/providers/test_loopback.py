"""``localhost`` is this machine, whatever the system would look up for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.providers.scripted import Script, Server, failure, heard, question, serving, text_of
from tests.unit.providers.test_streams import compatible, delta, ollama, openai, sse

from rung.ladder import warm_process
from rung.providers.anthropic import Anthropic
from rung.providers.loopback import ADDRESSES, is_loopback
from rung.providers.ollama import Ollama
from rung.types.model import Model

ANSWERS = {
    "ollama": b'{"model":"m","message":{"role":"assistant","content":"here"},"done":true,"done_reason":"stop"}\n',
    "openai": sse(delta("here"))
    + b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
}


def listens(address: str) -> bool:
    """Whether this machine has that address."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as trial:
            trial.bind((address, 0))
    except OSError:
        return False
    return True


HERE = [address for address in ADDRESSES if listens(address)]


@contextlib.asynccontextmanager
async def only_at(address: str, script: Script) -> AsyncIterator[Server]:
    """A server at that address or socket; nobody's at the same port of the address that is tried before it."""
    with socket.socket() as first:
        if address == "::1":
            # It is taken, and nobody listens there.
            first.bind(("127.0.0.1", 0))
        async with serving(script, host=address, port=first.getsockname()[1] if address == "::1" else 0) as server:
            yield server


@pytest.fixture
def misled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that looks ``localhost`` up and finds a machine that is another's (RFC 5737)."""
    real = socket.getaddrinfo

    def lookup(host: Any, port: Any, *rest: Any, **named: Any) -> Any:
        if "localhost" in str(host):
            raise AssertionError(f"{host} was looked up")
        return real(host, port, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)


@pytest.mark.usefixtures("misled")
@pytest.mark.parametrize("name", ["localhost", "models.localhost"])
@pytest.mark.parametrize("address", HERE)
@pytest.mark.parametrize(("make", "body"), [(ollama, "ollama"), (compatible, "openai")], ids=["ollama", "openai"])
async def test_localhost_is_whichever_loopback_address_somebody_listens_at(
    make: Any, body: str, address: str, name: str
) -> None:
    async with only_at(address, Script([ANSWERS[body]])) as server:
        chat = Ollama() if make is ollama else openai()
        assert text_of(await heard(chat, question(make(f"http://{name}:{server.port}")))) == "here"
        # The name goes along: servers turn away requests for hosts they do not know.
        assert f"host: {name}:{server.port}\r\n" in server.talks[0].head.lower()


@pytest.mark.usefixtures("misled")
@pytest.mark.parametrize("provider", ["ollama", "openai-compatible", "anthropic"])
async def test_localhost_where_nobody_listens_is_refused(provider: Any) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        model = Model(provider, "m", f"http://localhost:{held.getsockname()[1]}", connect=5.0, local=True, key="K")
        chat: Any = {"ollama": Ollama(), "anthropic": Anthropic(lambda _: "k")}.get(provider, openai())
        error = await failure(chat, question(model.replace(key="K" if provider == "anthropic" else None)))
    assert error.failure == "refused"


@pytest.mark.parametrize(
    ("provider", "body", "path"),
    [("ollama", "ollama", "/api/chat"), ("openai-compatible", "openai", "/v1/chat/completions")],
)
async def test_a_socket_in_the_file_system_is_spoken_to(provider: Any, body: str, path: str, tmp_path: Path) -> None:
    place = str(tmp_path / "model.sock")
    model = Model(provider, "m", f"unix://{place}", connect=5.0, local=True)
    chat = Ollama() if provider == "ollama" else openai()
    async with serving(Script([ANSWERS[body]]), host=place) as server:
        assert text_of(await heard(chat, question(model))) == "here"
        assert server.talks[0].head.startswith(f"POST {path} HTTP/1.1\r\n")
    gone = model.replace(url=f"unix://{tmp_path}/nobody.sock")
    error = await failure(chat, question(gone))
    assert (error.failure, error.text) == ("refused", f"Nobody listens at {gone.url}.")


@pytest.mark.parametrize(("make", "body"), [(ollama, "ollama"), (compatible, "openai")], ids=["ollama", "openai"])
async def test_a_loop_that_was_busy_does_not_take_the_server_for_unreachable(make: Any, body: str) -> None:
    chat = Ollama() if make is ollama else openai()
    async with serving(Script([ANSWERS[body]])) as server:
        model = make(server.url)
        # Once before, so that what is imported is there.
        await heard(chat, question(model))
        loop = asyncio.get_running_loop()
        for tick in range(3):
            loop.call_later(tick * 1e-4, time.sleep, 0.2)
        assert text_of(await heard(chat, question(model.replace(connect=0.1)))) == "here"


async def test_a_name_that_only_looks_like_it_is_none() -> None:
    assert [is_loopback(f"http://{name}/") for name in ("localhost", "a.localhost", "127.3.2.1", "[::1]")] == [True] * 4
    assert not any(is_loopback(f"http://{name}/") for name in ("localhost.example", "notlocalhost", "10.0.0.1", ""))


@pytest.mark.parametrize("where", [*HERE, "socket"])
async def test_a_load_finds_this_machine_too(where: str, tmp_path: Path) -> None:
    place = str(tmp_path / "model.sock")
    async with only_at(place if where == "socket" else where, Script([b"{}"])) as server:
        url = f"unix://{place}" if where == "socket" else f"http://localhost:{server.port}"
        paths = {name: str(tmp_path / name) for name in ("lock", "result")}
        job = json.dumps({"url": url, "body": {"model": "m"}, "limit": 20, **paths})
        process = await asyncio.create_subprocess_exec(sys.executable, warm_process.__file__, job)
        await server.arrived.wait()
        host = "localhost" if where == "socket" else f"localhost:{server.port}"
        assert f"host: {host}\r\n" in server.talks[0].head.lower()
        assert server.talks[0].head.startswith("POST /api/chat ")
        process.kill()
        await process.wait()
