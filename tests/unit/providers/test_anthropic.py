"""Anthropic's native API: what goes out, what comes back, and what each way of failing is called."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.providers.claude import CLAUDE, DATED, OK, keyed, model, refused
from tests.unit.providers.scripted import (
    Script,
    Talk,
    end_of,
    failure,
    heard,
    question,
    serving,
    text_of,
    thoughts,
)

from rung.engine import Engine
from rung.providers.anthropic import Anthropic, address, request_body
from rung.providers.events import Content, Opened, Question
from rung.settings.load import load
from rung.sim import Simulator
from rung.sim.faults import KINDS
from rung.types.call import Message
from rung.types.event import OutcomeEvent
from rung.types.request import Request

VARIABLES = {
    "ANTHROPIC_API_KEY": "sk-of-somebody",
    "ANTHROPIC_AUTH_TOKEN": "token-of-somebody",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:9/elsewhere",
    "ANTHROPIC_CUSTOM_HEADERS": "X-Evil: 1\nX-Api-Key: other\nanthropic-version: 1999-01-01",
    "ANTHROPIC_PROFILE": "other",
    "ANTHROPIC_IDENTITY_TOKEN": "t",
    "ANTHROPIC_FEDERATION_RULE_ID": "f",
    "ANTHROPIC_ORGANIZATION_ID": "o",
    "ANTHROPIC_WORKSPACE_ID": "w",
    "ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE": "content",
    "ANTHROPIC_WEBHOOK_SIGNING_KEY": "w",
}


def headers_of(talk: Talk) -> dict[str, str]:
    """What was sent, without the port, which every server of a test has its own of."""
    fields = (line.partition(": ") for line in talk.head.split("\r\n")[1:] if line)
    return {name.lower(): value for name, _, value in fields if name.lower() != "host"}


async def test_no_variable_and_no_file_of_the_sdk_changes_what_is_sent(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    profiles = home / ".config" / "anthropic"
    (profiles / "configs").mkdir(parents=True)
    profile = {"base_url": "http://127.0.0.1:9", "authentication": {"type": "user_oauth"}, "workspace_id": "w"}
    for name in ("default", "other"):
        (profiles / "configs" / f"{name}.json").write_text(json.dumps(profile))
    (profiles / "active_config").write_text("other")
    async with serving(OK) as server:
        await heard(keyed(), question(model(server.url)))
        for name, value in {**VARIABLES, "ANTHROPIC_CONFIG_DIR": str(profiles)}.items():
            monkeypatch.setenv(name, value)
        await heard(keyed(), question(model(server.url)))
        await heard(keyed(), question(model(server.url, key=None)))
    first, second, keyless = server.talks
    assert (first.body, headers_of(first)) == (second.body, headers_of(second))
    assert headers_of(first)["x-api-key"] == "sk-mine"
    assert headers_of(first)["anthropic-version"] == "2023-06-01"
    assert "authorization" not in headers_of(first)
    assert {name: value for name, value in headers_of(first).items() if name != "x-api-key"} == headers_of(keyless)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"])
async def test_a_proxy_of_the_environment_does_not_catch_loopback(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(OK) as proxy, serving(OK) as server:
        monkeypatch.setenv(name, proxy.url)
        await heard(keyed(), question(model(server.url)))
        assert (len(server.talks), proxy.talks) == (1, [])


@pytest.mark.parametrize("key", [None, "sk-\u201cquoted\u201d", "sk-a\nX-Evil: 1"])
async def test_a_key_that_is_missing_or_cannot_be_sent_fails_before_any_connection(key: str | None) -> None:
    async with serving(OK) as server:
        error = await failure(Anthropic(lambda _: key), question(model(server.url)))
        assert server.talks == []
    assert (error.failure, "MY_KEY" in error.text) == ("auth", True)
    assert "sk-" not in error.sentence()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "https://api.anthropic.com"),
        ("https://gateway.example/anthropic/", "https://gateway.example/anthropic"),
        ("https://gateway.example/v1", "https://gateway.example"),
    ],
)
def test_the_address_may_be_left_out_or_end_with_the_version(url: str, expected: str) -> None:
    assert address(model(url)) == expected


def test_system_messages_become_one_text_and_nothing_sets_the_temperature() -> None:
    said = (Message("system", "A"), Message("user", "one"), Message("system", "B"), Message("user", "two"))
    body = request_body(Question(model(""), said, 100))
    assert body == {
        "model": CLAUDE,
        "max_tokens": 100,
        "system": "A\n\nB",
        "messages": [{"role": "user", "content": "one"}, {"role": "user", "content": "two"}],
        "stream": True,
        "thinking": {"type": "disabled"},
    }


async def test_the_simulated_cloud_is_heard_with_its_usage_and_says_that_it_is_simulated() -> None:
    asked = Question(model(""), (Message("system", "Be brief."), Message("user", "a"), Message("user", "b")), 500)
    async with Simulator() as sim:
        events = await heard(keyed(), asked.replace(model=model(f"{sim.url}/anthropic")))
        exchange = sim.log[0]
    assert events[0] == Opened(simulated=True)
    assert text_of(events).startswith(f"Simulated answer of {CLAUDE}")
    usage = end_of(events).usage
    assert (usage.tokens_in, usage.tokens_out) == (exchange.prompt_tokens, exchange.completion_tokens)
    assert end_of(events).model == DATED


async def test_a_schema_holds_the_simulated_cloud_to_json() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    async with Simulator() as sim:
        asked = question(model(f"{sim.url}/anthropic"), limit=500).replace(schema=schema)
        assert set(json.loads(text_of(await heard(keyed(), asked)))) == {"a"}


FAULTS = {
    "status": "broken",
    "reset-before-headers": "broken",
    "wrong-content-type": "broken",
    "reset": "broken",
    "no-end": "broken",
    "error-midstream": "busy",
    "malformed": "broken",
    "crash": "broken",
    "load-failure": "load-failed",
}
ENDS = {
    "slow-headers": "stop",
    "truncated-json": "stop",
    "empty": "stop",
    "refusal": "stop",
    "short": "stop",
    "trimmed": "stop",
    "garbage-text": "stop",
    "length": "length",
    "whitespace": "length",
    "endless-thinking": "length",
}
SILENCES = {"no-headers": 0, "no-content": 1, "pings-only": 1, "role-only": 1, "stall": 3}
"""Kinds after which nothing comes any more, and the events that come before."""


def test_every_fault_of_the_simulator_is_tried() -> None:
    assert {*FAULTS, *ENDS, *SILENCES} == set(KINDS)


@pytest.mark.parametrize(("kind", "args"), [*((kind, {}) for kind in FAULTS), ("no-end", {"clean": False})])
async def test_a_fault_is_called_by_its_name(kind: str, args: dict[str, Any]) -> None:
    async with Simulator() as sim:
        sim.fail(kind, **args)
        error = await failure(keyed(), question(model(f"{sim.url}/anthropic"), "canary"))
        assert len(sim.log) == 1
    assert error.failure == FAULTS[kind]
    assert "canary" not in error.sentence()


@pytest.mark.parametrize("kind", ENDS)
async def test_an_answer_that_is_only_bad_is_passed_on_whole(kind: str) -> None:
    async with Simulator() as sim:
        sim.fail(kind, seconds=0.0)
        events = await heard(keyed(), question(model(f"{sim.url}/anthropic"), limit=100))
    assert end_of(events).stop == ENDS[kind]
    assert bool(thoughts(events)) == (kind == "endless-thinking")
    assert bool(text_of(events)) == (kind not in {"empty", "endless-thinking"})


@pytest.mark.parametrize("kind", SILENCES)
async def test_signs_of_life_are_no_content_and_leaving_closes_the_connection(kind: str) -> None:
    events: list[object] = []
    enough = asyncio.Event()

    async def read(url: str) -> None:
        async with contextlib.aclosing(keyed().chat(question(model(url)))) as stream:
            async for found in stream:
                events.append(found)
                if len(events) == SILENCES[kind]:
                    enough.set()

    async with Simulator() as sim:
        sim.fail(kind)
        task = asyncio.create_task(read(f"{sim.url}/anthropic"))
        await sim.wait_for(lambda: len(sim.log) == 1)
        if SILENCES[kind]:
            await enough.wait()
        if kind == "pings-only":
            await sim.wait_for(lambda: sim.log[0].chunks_sent >= 3)
        task.cancel()
        await asyncio.wait({task})
        await sim.wait_for(lambda: sim.log[0].closed_by == "client")
    assert len(events) == SILENCES[kind]
    assert sum(isinstance(found, Content) for found in events) == (2 if kind == "stall" else 0)


async def test_closing_in_the_middle_closes_the_connection() -> None:
    async with Simulator() as sim:
        sim.fail("stall", after=5)
        stream = keyed().chat(question(model(f"{sim.url}/anthropic")))
        async for found in stream:
            if isinstance(found, Content):
                break
        await stream.aclose()
        await sim.wait_for(lambda: sim.log[0].closed_by == "client")


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (refused(400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"), "too-long"),
        (
            refused(400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 9 + 2 > 10"),
            "too-long",
        ),
        (refused(400, "invalid_request_error", "messages: at least one message is required"), "bad-request"),
        (refused(400, "invalid_request_error", "Your credit balance is too low to access the API"), "auth"),
        (refused(400, "invalid_request_error", "Output blocked by content filtering policy"), "filtered"),
        (refused(401, "authentication_error", "invalid x-api-key sk-mine"), "auth"),
        (refused(402, "billing_error", "pay"), "auth"),
        (refused(403, "permission_error", "no"), "auth"),
        (refused(404, "not_found_error", f"model: {CLAUDE}"), "missing-model"),
        (refused(404, "not_found_error", "Not Found"), "bad-request"),
        (refused(413, "request_too_large", "Request exceeds the maximum size"), "too-long"),
        (refused(429, "rate_limit_error", "slow down", **{"retry-after": "17"}), "rate-limited"),
        (refused(500, "api_error", "Internal server error"), "broken"),
        (refused(529, "overloaded_error", "Overloaded", **{"retry-after": "17"}), "busy"),
        (Script([b"<html>"], 502), "broken"),
        (Script([b'{"type":"message","content":[]}'], headers={"content-type": "application/json"}), "broken"),
    ],
)
async def test_a_status_is_read_once_and_its_message_is_not_passed_on(script: Script, outcome: str) -> None:
    async with serving(script) as server:
        error = await failure(keyed(), question(model(server.url)))
        assert len(server.talks) == 1
    assert error.failure == outcome
    assert error.retry_after == (17.0 if "retry-after" in script.headers else None)
    assert "sk-mine" not in error.sentence()


async def test_nobody_there_is_refused() -> None:
    async with serving(OK) as server:
        url = server.url
    assert (await failure(keyed(), question(model(url)))).failure == "refused"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "nonsense", "http://127.0.0.1:x"])
async def test_an_address_that_is_none_is_the_settings_mistake(url: str) -> None:
    assert (await failure(keyed(), question(model(url)))).failure == "bad-request"


async def test_a_whole_request_is_answered_and_priced_by_the_list(
    monkeypatch: pytest.MonkeyPatch, home: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-mine")
    async with Simulator() as sim:
        folder = home / ".config" / "rung"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rung.toml").write_text(
            f'[[tier]]\nname = "cloud"\n[[tier.model]]\nprovider = "anthropic"\nmodel = "{CLAUDE}"\n'
            f'url = "{sim.url}/anthropic"\nkey = "ANTHROPIC_API_KEY"\nlocal = false\n'
        )
        engine = Engine(state=tmp_path)
        request = Request("r1", "ask", "here", instruction="Explain what a ladder is.")
        events = [found async for found in engine.run(request, load(None).settings, {})]
        await engine.close()
        (exchange,) = sim.log
    (outcome,) = [found.result for found in events if isinstance(found, OutcomeEvent)]
    receipt = outcome.receipt
    assert (outcome.text or "").startswith("Simulated answer")
    assert (receipt.tier, receipt.model, receipt.provider, receipt.local) == ("cloud", CLAUDE, "anthropic", False)
    assert (receipt.simulated, receipt.tokens_in, receipt.tokens_out) == (
        True,
        exchange.prompt_tokens,
        exchange.completion_tokens,
    )
    dollars = (3.0 * exchange.prompt_tokens + 15.0 * exchange.completion_tokens) / 1e6
    assert receipt.cost_usd == pytest.approx(dollars)
