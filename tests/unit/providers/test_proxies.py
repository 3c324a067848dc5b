"""A proxy of the environment never comes between a person and a server of their own, wherever in the house it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from tests.unit.providers import claude
from tests.unit.providers.scripted import Script, failure, heard, question, serving, text_of
from tests.unit.providers.test_loopback import ANSWERS

from rung.errors import AttemptError
from rung.ladder.health import Health
from rung.providers.ollama import Ollama
from rung.providers.openai import OpenAI
from rung.types.model import Model

VARIABLES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
LISTS = Script([b'{"models": []}'], headers={"content-type": "application/json"})
PROVIDERS: Mapping[str, tuple[Any, Script]] = {
    "ollama": (Ollama(), Script([ANSWERS["ollama"]])),
    "openai-compatible": (OpenAI(lambda _: "sk-mine"), Script([ANSWERS["openai"]])),
    "anthropic": (claude.keyed(), claude.OK),
}


class Proxy:
    """Takes connections, turns every request away, and keeps what came."""

    def __init__(self) -> None:
        self.heads: list[str] = []

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(self.heads)
        self.heads.append("")
        self.heads[number] = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.write(b"HTTP/1.1 502 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()


@pytest.fixture(params=VARIABLES)
async def proxy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    """A proxy that one of the variables names."""
    found = Proxy()
    async with await asyncio.start_server(found.take, "127.0.0.1", 0) as listening:
        monkeypatch.setenv(request.param, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
        yield found


def beside(port: int, **fields: Any) -> Model:
    """A model at an address that no rule takes for loopback, as those of other machines are."""
    made: dict[str, Any] = {"provider": "ollama", "model": "m", "key": "MY_KEY", "connect": 5.0, **fields}
    return Model(url=f"http://0.0.0.0:{port}", **made)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("whose", [{"local": True}, {"near": True}], ids=["local", "runs elsewhere behind it"])
async def test_what_is_asked_of_a_server_of_the_person_s_own_goes_past_the_proxy(
    proxy: Proxy, provider: str, whose: dict[str, bool]
) -> None:
    chat, says = PROVIDERS[provider]
    async with serving(says) as server:
        assert text_of(await heard(chat, question(beside(server.port, provider=provider, **whose))))
        assert len(server.talks) == 1
    assert proxy.heads == []


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_what_is_asked_of_anybody_else_goes_through_it(proxy: Proxy, provider: str) -> None:
    """Else nothing here would show anything."""
    chat, says = PROVIDERS[provider]
    async with serving(says) as server:
        await failure(chat, question(beside(server.port, provider=provider)))
        assert server.talks == []
        (head,) = proxy.heads
        assert head.startswith(f"POST http://0.0.0.0:{server.port}/")


async def test_who_is_not_to_be_reached_through_it_is_not(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "0.0.0.0")
    chat, says = PROVIDERS["ollama"]
    async with serving(says) as server:
        assert text_of(await heard(chat, question(beside(server.port)))) == "here"
    assert proxy.heads == []


async def test_what_a_server_of_the_person_s_own_has_is_looked_up_past_the_proxy(proxy: Proxy) -> None:
    health = Health(lambda _: "k", lambda name: f"set {name}")
    async with serving(LISTS) as server:
        model = beside(server.port, local=True)
        assert (await health.look(model)).state == "missing"
        await health.glance([model])
        assert len(server.talks) == 4
    assert proxy.heads == []
    with pytest.raises(AttemptError):
        await health.look(beside(server.port))
    assert proxy.heads
