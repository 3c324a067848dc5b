"""What is heard in Anthropic's stream, wherever it is cut and however it ends."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.unit.providers.claude import (
    BLOCK,
    DATED,
    OK,
    START,
    STOP,
    WHOLE,
    delta,
    ending,
    event,
    keyed,
    model,
    streamed,
)
from tests.unit.providers.scripted import Script, end_of, failure, heard, question, serving, text_of, thoughts

from rung.providers.anthropic_stream import read
from rung.providers.events import Content, Finished, Opened, Thought

FILTERED = "Output blocked by content filtering policy"
"""Anthropic's own words."""


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, "busy"),
        ({"type": "rate_limit_error", "message": "canary"}, "rate-limited"),
        ({"type": "api_error", "message": "canary"}, "broken"),
        ({"type": "timeout_error", "message": "canary"}, "slow"),
        ({"type": "authentication_error", "message": "canary"}, "auth"),
        ({"type": "invalid_request_error", "message": "prompt is too long"}, "too-long"),
        ({"type": "invalid_request_error", "message": FILTERED}, "filtered"),
        ({"type": "brand_new_error", "message": "canary"}, "broken"),
        ("overloaded", "broken"),
        (None, "broken"),
    ],
)
@pytest.mark.parametrize("typed", [True, False])
async def test_an_error_inside_a_200_means_what_its_status_would(error: Any, outcome: str, typed: bool) -> None:  # noqa: FBT001
    told = event("error", error=error) if typed else f"event: error\ndata: {json.dumps({'error': error})}\n\n".encode()
    async with serving(streamed(START, BLOCK, delta("text_delta", "Half"), told)) as server:
        found = await failure(keyed(), question(model(server.url)))
    assert found.failure == outcome
    assert "canary" not in found.sentence()


async def test_the_prompt_counts_with_what_was_in_the_cache_and_output_is_the_last_sum() -> None:
    async with serving(OK) as server:
        events = await heard(keyed(), question(model(server.url)))
    assert events == [
        Opened(),
        Content("Grüße, "),
        Content("\u2028fine"),
        Finished("stop", end_of(events).usage.replace(tokens_in=325, tokens_out=7), DATED),
    ]


async def test_later_counts_replace_earlier_ones_and_nothing_is_not_a_count() -> None:
    start = event("message_start", message={"model": DATED, "usage": {"input_tokens": 0, "output_tokens": 1}})
    counted = streamed(start, BLOCK, delta("text_delta", "a"), ending(input_tokens=42))
    uncounted = streamed(start, BLOCK, delta("text_delta", "a"), ending())
    async with serving(counted, uncounted) as server:
        first = end_of(await heard(keyed(), question(model(server.url)))).usage
        second = end_of(await heard(keyed(), question(model(server.url)))).usage
    assert (first.tokens_in, second.tokens_in) == (42, None)


async def test_thinking_is_a_sign_of_life_and_not_text() -> None:
    blocks = [
        event("content_block_start", index=0, content_block={"type": "thinking", "thinking": ""}),
        delta("thinking_delta", "hm"),
        delta("signature_delta", "abc"),
        STOP,
        event("content_block_start", index=1, content_block={"type": "redacted_thinking", "data": "x"}),
        event("content_block_start", index=2, content_block={"type": "text", "text": "At once"}),
        delta("text_delta", "."),
        event("something_new", of="tomorrow"),
    ]
    async with serving(streamed(START, *blocks, ending())) as server:
        events = await heard(keyed(), question(model(server.url)))
    assert events[:-1] == [Opened(), Thought(), Thought(), Thought(), Content("At once"), Content(".")]


@pytest.mark.parametrize("reason", ["end_turn", "stop_sequence", "max_tokens", "model_context_window_exceeded"])
async def test_an_answer_that_ends_says_whether_it_ran_out_of_room(reason: str) -> None:
    async with serving(streamed(START, BLOCK, delta("text_delta", "a"), ending(reason))) as server:
        events = await heard(keyed(), question(model(server.url)))
    assert end_of(events).stop == ("stop" if reason in {"end_turn", "stop_sequence"} else "length")


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (ending("refusal"), "filtered"),
        (ending("tool_use"), "bad-answer"),
        (ending("pause_turn"), "bad-answer"),
        (ending("brand_new"), "bad-answer"),
        (ending(None), "broken"),
        (event("message_delta", delta={"stop_reason": "end_turn"}), "broken"),
        (STOP, "broken"),
        (STOP + b"data: [DONE]\n\n", "broken"),
        (event("message_delta", delta="odd", usage=[1]) + event("message_stop"), "broken"),
        (b"data: [1]\n\n", "broken"),
    ],
)
async def test_what_does_not_end_as_an_answer_is_none(end: bytes, outcome: str) -> None:
    async with serving(streamed(START, BLOCK, delta("text_delta", "a"), end)) as server:
        error = await failure(keyed(), question(model(server.url)))
    assert error.failure == outcome


@pytest.mark.parametrize("done", ["before", "instead"])
async def test_a_gateway_may_say_done_after_the_reason_to_stop(done: str) -> None:
    told = event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 7})
    end = event("message_stop") if done == "before" else b""
    async with serving(
        streamed(START, BLOCK, delta("text_delta", "fine"), STOP, told, b"data: [DONE]\n\n", end)
    ) as server:
        events = await heard(keyed(), question(model(server.url)))
    assert text_of(events) == "fine"
    assert end_of(events).usage.tokens_out == 7


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
async def test_the_same_is_heard_wherever_the_body_is_cut(ends: bytes) -> None:
    body = WHOLE.replace(b"\n", ends)

    async def chunks(*cut: bytes) -> AsyncGenerator[bytes]:
        for chunk in cut:
            yield chunk

    for i in range(1, len(body)):
        events = [found async for found in read(model(""), chunks(body[:i], body[i:]))]
        assert text_of(events) == "Grüße, \u2028fine"
        assert end_of(events).usage.tokens_in == 325


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
async def test_the_same_is_heard_byte_by_byte(ends: bytes) -> None:
    body = WHOLE.replace(b"\n", ends)
    async with serving(streamed(*(body[i : i + 1] for i in range(len(body))))) as server:
        events = await heard(keyed(), question(model(server.url)))
    assert text_of(events) == "Grüße, \u2028fine"
    assert end_of(events).usage.tokens_in == 325


def message(**fields: Any) -> dict[str, Any]:
    blocks = [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "A fine "},
        {"type": "text", "text": "one."},
    ]
    told = {"type": "message", "role": "assistant", "model": DATED, "content": blocks, "stop_reason": "end_turn"}
    return {**told, "stop_sequence": None, "usage": {"input_tokens": 5, "output_tokens": 7}, **fields}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("streamed", [True, False])
async def test_a_server_that_does_not_stream_is_heard_whole(indent: int | None, *, streamed: bool) -> None:
    body = json.dumps(message(), indent=indent).encode()
    if streamed:
        body = b"".join(b"data: " + line + b"\n" for line in body.splitlines())
    script = Script([body[:40], body[40:]], headers={"content-type": "application/json"})
    async with serving(script) as server:
        events = await heard(keyed(), question(model(server.url)))
    assert (text_of(events), thoughts(events)) == ("A fine one.", 1)
    end = end_of(events)
    assert (end.stop, end.model, end.usage.tokens_in, end.usage.tokens_out) == ("stop", DATED, 5, 7)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (message(stop_reason="refusal"), "filtered"),
        (message(stop_reason="tool_use"), "bad-answer"),
        (message(stop_reason=None), "broken"),
        (message(content="odd", usage=[1], stop_reason=2), "bad-answer"),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "busy"),
        ({"type": "error", "error": {"type": "invalid_request_error", "message": FILTERED}}, "filtered"),
        ([{"type": "error", "error": {"type": "api_error", "message": "x"}}], "broken"),
        ({"answer": 42}, "broken"),
        ([], "broken"),
        ("message", "broken"),
    ],
)
async def test_a_whole_that_is_no_answer_is_none(body: object, outcome: str) -> None:
    script = Script([json.dumps(body).encode()], headers={"content-type": "application/json"})
    async with serving(script) as server:
        assert (await failure(keyed(), question(model(server.url)))).failure == outcome
