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
from tests.unit.providers.scripted import end_of, failure, heard, question, serving, text_of

from rung.providers import sse
from rung.providers.anthropic_stream import Reader
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
        (event("message_delta", delta="odd", usage=[1]) + event("message_stop"), "broken"),
        (b"data: [1]\n\n", "broken"),
    ],
)
async def test_what_does_not_end_as_an_answer_is_none(end: bytes, outcome: str) -> None:
    async with serving(streamed(START, BLOCK, delta("text_delta", "a"), end)) as server:
        error = await failure(keyed(), question(model(server.url)))
    assert error.failure == outcome


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
async def test_the_same_is_heard_wherever_the_body_is_cut(ends: bytes) -> None:
    body = WHOLE.replace(b"\n", ends)

    async def chunks(*cut: bytes) -> AsyncGenerator[bytes]:
        for chunk in cut:
            yield chunk

    for i in range(1, len(body)):
        reader = Reader(model(""))
        events = [found async for piece in sse.events(chunks(body[:i], body[i:])) for found in reader.feed(piece)]
        assert text_of(events) == "Grüße, \u2028fine"
        assert end_of(events).usage.tokens_in == 325


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
async def test_the_same_is_heard_byte_by_byte(ends: bytes) -> None:
    body = WHOLE.replace(b"\n", ends)
    async with serving(streamed(*(body[i : i + 1] for i in range(len(body))))) as server:
        events = await heard(keyed(), question(model(server.url)))
    assert text_of(events) == "Grüße, \u2028fine"
    assert end_of(events).usage.tokens_in == 325
