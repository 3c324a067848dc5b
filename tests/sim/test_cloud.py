"""The simulated OpenAI and Anthropic, the control endpoint, and the bill."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from tests.sim.raw import ask

from rung.sim import Simulator, serve

KEY = {"authorization": "Bearer a-key"}
CLAUDE = {"x-api-key": "a-key", "anthropic-version": "2023-06-01"}
MESSAGES = [{"role": "user", "content": "Explain f."}]


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def client(sim: Simulator) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=sim.url) as http:
        yield http


def openai(**more: Any) -> dict[str, Any]:
    return {"model": "gpt-5-mini", "messages": MESSAGES, **more}


def claude(**more: Any) -> dict[str, Any]:
    return {"model": "claude-haiku-4-5", "messages": MESSAGES, "max_tokens": 500, **more}


def events(text: str) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


async def test_openai_answers_by_its_dated_name_with_usage(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/openai/v1/chat/completions", json=openai(), headers=KEY)
    told = answer.json()
    assert told["model"] == "gpt-5-mini-2025-08-07"
    assert told["system_fingerprint"] == "fp_rung_sim"
    assert told["choices"][0]["message"]["content"].startswith("Simulated answer of gpt-5-mini")
    assert told["usage"]["total_tokens"] == told["usage"]["prompt_tokens"] + told["usage"]["completion_tokens"]
    assert answer.headers["x-request-id"].startswith("req_sim_")


async def test_openai_streams_role_then_text_then_finish_then_usage_without_choices(sim: Simulator) -> None:
    body = openai(stream=True, stream_options={"include_usage": True})
    got = await ask(sim.url, "/openai/v1/chat/completions", body, headers=KEY)
    first, *middle, finish, usage = events(got.body.decode())
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert all(event["choices"][0]["delta"]["content"] for event in middle)
    assert (finish["choices"][0]["delta"], finish["choices"][0]["finish_reason"]) == ({}, "stop")
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens"] == len(middle) + 1 == sim.log[-1].completion_tokens
    assert got.body.endswith(b"data: [DONE]\n\n")


async def test_openai_sends_no_usage_unless_asked(sim: Simulator) -> None:
    got = await ask(sim.url, "/openai/v1/chat/completions", openai(stream=True), headers=KEY)
    assert not any("usage" in event for event in events(got.body.decode()))


@pytest.mark.parametrize(
    ("body", "status", "param", "code"),
    [
        (openai(max_tokens=5), 400, "max_tokens", "unsupported_parameter"),
        (openai(temperature=0.2), 400, "temperature", "unsupported_value"),
        (openai(model="gpt-9"), 404, None, "model_not_found"),
        (openai(messages=[]), 400, "messages", None),
        (openai(messages=[{"role": "user", "content": "x" * 1_200_000}]), 400, "messages", "context_length_exceeded"),
    ],
    ids=["max_tokens", "temperature", "model", "messages", "context"],
)
async def test_openai_refuses_in_its_own_form(
    client: httpx2.AsyncClient, body: dict[str, Any], status: int, param: str | None, code: str | None
) -> None:
    answer = await client.post("/openai/v1/chat/completions", json=body, headers=KEY)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (status, param, code)
    assert list(error) == ["message", "type", "param", "code"]


async def test_openai_takes_max_completion_tokens_and_the_default_temperature(client: httpx2.AsyncClient) -> None:
    body = openai(max_completion_tokens=3, temperature=1)
    told = (await client.post("/openai/v1/chat/completions", json=body, headers=KEY)).json()
    assert (told["choices"][0]["finish_reason"], told["usage"]["completion_tokens"]) == ("length", 3)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer bad-key"}], ids=["none", "bad"])
@pytest.mark.parametrize("path", ["/openai/v1/chat/completions", "/openai/v1/models"])
async def test_openai_wants_a_key(client: httpx2.AsyncClient, headers: dict[str, str], path: str) -> None:
    chat = path.endswith("completions")
    answer = await client.request("POST" if chat else "GET", path, json=openai() if chat else None, headers=headers)
    assert answer.status_code == 401
    assert "bad-key" not in answer.text


async def test_openai_lists_its_models_and_not_the_local_ones(client: httpx2.AsyncClient) -> None:
    listed = (await client.get("/openai/v1/models", headers=KEY)).json()["data"]
    assert [model["id"] for model in listed] == ["gpt-5-mini", "gpt-5"]


async def test_openai_answers_with_json_that_fits_the_schema(client: httpx2.AsyncClient) -> None:
    wanted = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 4}}, "required": ["n"]}
    body = openai(response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": wanted}})
    told = (await client.post("/openai/v1/chat/completions", json=body, headers=KEY)).json()
    assert json.loads(told["choices"][0]["message"]["content"]) == {"n": 4}


async def test_anthropic_streams_its_events_in_order(sim: Simulator) -> None:
    got = await ask(sim.url, "/anthropic/v1/messages", claude(stream=True, system="Be kind."), headers=CLAUDE)
    told = events(got.body.decode())
    kinds = [event["type"] for event in told]
    assert kinds[:3] == ["message_start", "ping", "content_block_start"]
    assert set(kinds[3:-3]) == {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert told[0]["message"]["usage"]["input_tokens"] == sim.log[-1].prompt_tokens
    assert told[-2]["delta"]["stop_reason"] == "end_turn"
    assert told[-2]["usage"]["output_tokens"] == sim.log[-1].completion_tokens


async def test_anthropic_answers_whole_with_the_limit_kept(client: httpx2.AsyncClient) -> None:
    told = (await client.post("/anthropic/v1/messages", json=claude(max_tokens=4), headers=CLAUDE)).json()
    assert (told["model"], told["stop_reason"]) == ("claude-haiku-4-5-20251001", "max_tokens")
    assert told["usage"]["output_tokens"] == 4
    assert told["content"][0]["type"] == "text"


@pytest.mark.parametrize(
    ("body", "headers", "status", "kind"),
    [
        (claude(), {}, 401, "authentication_error"),
        (claude(), {**CLAUDE, "x-api-key": "bad-key"}, 401, "authentication_error"),
        (claude(), {"x-api-key": "a-key"}, 400, "invalid_request_error"),
        (claude(model="claude-0"), CLAUDE, 404, "not_found_error"),
        (claude(max_tokens=None), CLAUDE, 400, "invalid_request_error"),
        (claude(messages=[{"role": "system", "content": "x"}]), CLAUDE, 400, "invalid_request_error"),
        (claude(messages=[{"role": "user", "content": "x" * 900_000}]), CLAUDE, 400, "invalid_request_error"),
    ],
    ids=["no key", "bad key", "no version", "model", "max_tokens", "role", "context"],
)
async def test_anthropic_refuses_in_its_own_form(
    client: httpx2.AsyncClient, body: dict[str, Any], headers: dict[str, str], status: int, kind: str
) -> None:
    answer = await client.post("/anthropic/v1/messages", json=body, headers=headers)
    assert (answer.status_code, answer.json()["type"], answer.json()["error"]["type"]) == (status, "error", kind)


async def test_anthropic_says_overloaded_as_529(sim: Simulator, client: httpx2.AsyncClient) -> None:
    sim.fail("status", status=529)
    answer = await client.post("/anthropic/v1/messages", json=claude(), headers=CLAUDE)
    assert (answer.status_code, answer.json()["error"]["type"]) == (529, "overloaded_error")


async def test_the_bill_adds_up_what_was_answered(sim: Simulator, client: httpx2.AsyncClient) -> None:
    told = (await client.post("/openai/v1/chat/completions", json=openai(), headers=KEY)).json()["usage"]
    await client.post("/openai/v1/chat/completions", json=openai(max_tokens=3), headers=KEY)
    await client.post("/api/chat", json={"model": "sim-small:3b", "messages": MESSAGES})
    expected = (told["prompt_tokens"] * 0.25 + told["completion_tokens"] * 2.0) / 1e6
    assert sim.bill({"gpt-5-mini": (0.25, 2.0)}) == pytest.approx(expected)
    assert sim.bill({"gpt-5-mini-2025-08-07": (0.25, 2.0)}) == pytest.approx(expected)


async def test_another_process_can_steer_it(sim: Simulator, client: httpx2.AsyncClient) -> None:
    chat = {"model": "sim-small:3b", "messages": MESSAGES, "stream": False}
    assert (await client.post("/sim/fail", json={"kind": "status", "status": 507, "times": None})).status_code == 200
    assert (await client.post("/api/chat", json=chat)).status_code == 507
    await client.post("/sim/heal")
    assert (await client.post("/api/chat", json=chat)).status_code == 200
    assert sim.loaded == ("sim-small:3b",)
    await client.post("/sim/unload")
    assert list(sim.loaded) == []


async def test_the_log_over_http_tells_all_but_the_keys(client: httpx2.AsyncClient) -> None:
    await client.post("/openai/v1/chat/completions", json=openai(), headers={"authorization": "Bearer s3cret-canary"})
    text = (await client.get("/sim/log")).text
    [exchange] = json.loads(text)["exchanges"]
    assert (exchange["path"], exchange["model"], exchange["status"]) == (
        "/openai/v1/chat/completions",
        "gpt-5-mini",
        200,
    )
    assert exchange["headers"]["authorization"] == "(sent)"
    assert "s3cret-canary" not in text


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/sim/fail", {"kind": "no-such-kind"}, 400),
        ("/sim/fail", {}, 400),
        ("/sim/down", {"seconds": "soon"}, 400),
        ("/sim/nothing", {}, 404),
    ],
)
async def test_mistakes_in_steering_are_told(
    client: httpx2.AsyncClient, path: str, body: dict[str, Any], status: int
) -> None:
    answer = await client.post(path, json=body)
    assert answer.status_code == status
    assert answer.json()["error"]


async def test_it_goes_down_for_a_while_when_told_to(sim: Simulator, client: httpx2.AsyncClient) -> None:
    assert (await client.post("/sim/down", json={"seconds": 0.05})).status_code == 200
    await sim.wait_for(lambda: not sim.listening)
    with pytest.raises(httpx2.ConnectError):
        await client.get("/api/version")
    await sim.wait_for(lambda: sim.listening)
    assert (await client.get("/api/version")).json() == {"version": "0.33.0-rung-sim"}


async def test_serve_tells_its_url_and_runs_until_cancelled() -> None:
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.ensure_future(serve(fail=["refusal"], ready=told.set_result))
    url = await told
    answer = await ask(url, "/api/chat", {"model": "sim-large:14b", "messages": MESSAGES, "stream": False})
    assert answer.json()["message"]["content"].startswith("I'm sorry")
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    with pytest.raises(ConnectionRefusedError):
        await ask(url, "/api/version")


async def test_connections_are_counted_and_kept_alive(sim: Simulator, client: httpx2.AsyncClient) -> None:
    for _ in range(3):
        await client.get("/api/version")
    assert sim.connections == 1
    assert [exchange.path for exchange in sim.log] == ["/api/version"] * 3


async def test_waiting_for_what_never_happens_ends_with_an_error_that_says_what_did(
    sim: Simulator, client: httpx2.AsyncClient
) -> None:
    await client.post("/api/chat", json={"model": "nobody", "messages": [{"role": "user", "content": "a secret"}]})
    with pytest.raises(TimeoutError) as caught:
        await sim.wait_for(lambda: False, limit=0.01)
    said = "POST /api/chat of nobody: status 404, 1 pieces, fault None, closed by server"
    assert str(caught.value) == f"it did not hold within 0.01 s; asked so far: {said}"


async def test_bytes_that_are_no_http_are_refused(sim: Simulator) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(sim.url.rpartition(":")[2]))
    writer.write(b"\x00\x01 nonsense\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()
