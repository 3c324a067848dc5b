"""What an Ollama server says of its models, and what follows where it says less."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.providers.scripted import Script, recorded, serving

from rung.ladder.choose import best
from rung.providers.ollama_state import Installed, Loaded, installed, loaded
from rung.types.model import Model


def told(*models: dict[str, Any]) -> Script:
    return Script([json.dumps({"models": models}).encode()], chunked=True)


async def listed(script: Script) -> tuple[Installed, ...]:
    async with serving(script) as server:
        return await installed(Model("ollama", "auto", server.url, connect=5.0, local=True))


async def test_who_can_think_is_read_from_the_list() -> None:
    found = {entry.name: entry.thinks for entry in await listed(recorded("tags"))}
    assert found["said-think:tiny"] is True
    assert found["said-commit:tiny"] is False


async def test_without_capabilities_nobody_knows_who_can_think() -> None:
    (found,) = await listed(told({"name": "qwen3:8b"}))
    assert found.thinks is None


EMBEDS = [
    {"name": "bge-m3:latest"},
    {"name": "nomic-embed-text:latest"},
    {"name": "all-minilm:33m"},
    {"name": "someone/gte-large:latest"},
    {"name": "snowflake-arctic-embed2:568m"},
    {"name": "qwen3-embedding:8b"},
    {"name": "named-anyhow:7b", "details": {"family": "bert"}},
    {"name": "named-anyhow:7b", "details": {"family": "nomic-bert", "families": ["nomic-bert"]}},
    {"name": "named-anyhow:7b", "details": {"family": "", "families": ["xlm-roberta-bert"]}},
    {"name": "bge-m3:latest", "capabilities": []},
]
CHATS = [{"name": "llama3:8b"}, {"name": "gemma3:4b", "details": {"families": None}}, {"name": "gtechat:7b"}]


@pytest.mark.parametrize("entry", EMBEDS, ids=str)
async def test_auto_is_no_model_that_turns_text_to_numbers(entry: dict[str, Any]) -> None:
    large = {**entry, "details": {**entry.get("details", {}), "parameter_size": "8B"}}
    found = await listed(told(large, {"name": "qwen2.5:1.5b", "details": {"parameter_size": "1.5B"}}))
    chosen = best(found, 9e9, local_only=True)
    assert chosen is not None
    assert chosen.name == "qwen2.5:1.5b"


@pytest.mark.parametrize("entry", CHATS, ids=str)
async def test_a_model_that_chats_is_one(entry: dict[str, Any]) -> None:
    (found,) = await listed(told(entry))
    assert found.completes


async def test_what_the_server_says_it_can_counts_more_than_its_name() -> None:
    (found,) = await listed(told({"name": "bge-chat:7b", "capabilities": ["completion"]}))
    assert found.completes


async def test_a_loaded_model_without_a_name_goes_by_its_model() -> None:
    async with serving(told({"model": "small:3b", "context_length": 4096})) as server:
        found = await loaded(Model("ollama", "auto", server.url, connect=5.0, local=True))
    assert found == (Loaded("small:3b", 4096),)


async def test_a_server_that_does_not_tell_what_it_holds_holds_nothing_that_is_known() -> None:
    async with serving(Script([b"404 page not found"], status=404, headers={"content-type": "text/plain"})) as server:
        assert await loaded(Model("ollama", "m", server.url, local=True)) == ()


async def test_an_empty_list_may_be_null() -> None:
    async with serving(Script([b'{"models": null}'])) as server:
        assert await installed(Model("ollama", "m", server.url, local=True)) == ()
