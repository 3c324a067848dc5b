"""What is heard in the streams of OpenAI and of those who speak its protocol more or less."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.providers.scripted import Script, end_of, failure, heard, question, serving, text_of, thoughts
from tests.unit.providers.test_streams import USAGE, compatible, delta, openai, sse
from tests.virtual import run_virtual

from rung.errors import AttemptError
from rung.providers.openai_stream import LINGER

if TYPE_CHECKING:
    from rung.providers.events import StreamEvent

WHOLE = sse(delta("A fine answer."), delta("", "stop"))


def timed(script: Script) -> tuple[list[StreamEvent] | AttemptError, float]:
    """What is heard of a script, and the seconds it takes on a clock that jumps."""

    async def listen() -> list[StreamEvent] | AttemptError:
        async with serving(script) as server:
            try:
                return await heard(openai(), question(compatible(server.url)))
            except AttemptError as error:
                return error
            finally:
                if script.hang:
                    await server.talks[0].left.wait()

    return run_virtual(listen())


@pytest.mark.parametrize("usage", [b"", sse(USAGE)], ids=["alone", "with usage"])
@pytest.mark.parametrize(
    ("fields", "seconds"),
    [({"hang": "body"}, LINGER), ({"cut": True}, 0.0), ({}, 0.0)],
    ids=["silence", "a broken connection", "the end"],
)
def test_a_finish_reason_is_an_end_whatever_comes_after_it(fields: Any, seconds: float, usage: bytes) -> None:
    events, passed = timed(Script([WHOLE, *([usage] if usage else [])], **fields))
    assert isinstance(events, list)
    assert text_of(events) == "A fine answer."
    assert end_of(events).usage.tokens_in == (7 if usage else None)
    assert passed == pytest.approx(seconds, abs=0.1)


def test_signs_of_life_after_a_finish_reason_do_not_put_off_the_end() -> None:
    async def listen() -> list[StreamEvent]:
        async with serving(Script([WHOLE, *[b": ping\n\n"] * 100], hang="body")) as server:
            server.next_chunk = asyncio.Event()

            async def ping() -> None:
                while server.next_chunk is not None:
                    await asyncio.sleep(0.4)
                    server.next_chunk.set()
                    server.next_chunk.clear()

            pings = asyncio.ensure_future(ping())
            try:
                return await heard(openai(), question(compatible(server.url)))
            finally:
                pings.cancel()

    events, passed = run_virtual(listen())
    assert text_of(events) == "A fine answer."
    assert passed < 2 * LINGER


def test_usage_that_is_cut_in_two_does_not_cost_the_answer() -> None:
    events, _ = timed(Script([WHOLE, sse(USAGE)[:20]], cut=True))
    assert isinstance(events, list)
    assert text_of(events) == "A fine answer."


def test_a_finish_reason_in_every_piece_marks_no_end() -> None:
    pieces = [sse(delta("A fine ", "stop")), sse(delta("answer.", "stop"))]
    broken, _ = timed(Script(pieces, cut=True))
    assert isinstance(broken, AttemptError)
    assert broken.failure == "broken"
    events, _ = timed(Script([*pieces, b"data: [DONE]\n\n"]))
    assert isinstance(events, list)
    assert text_of(events) == "A fine answer."


def test_without_a_finish_reason_a_broken_connection_is_no_end() -> None:
    error, _ = timed(Script([sse(delta("A fine answer."))], cut=True))
    assert isinstance(error, AttemptError)
    assert error.failure == "broken"


async def of(*events: object, headers: dict[str, str] | None = None) -> list[StreamEvent]:
    async with serving(Script([sse(*events)], headers=headers or {})) as server:
        return await heard(openai(), question(compatible(server.url)))


def choice(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


MISTRAL = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}


@pytest.mark.parametrize(
    "fields",
    [
        {"content": [MISTRAL]},
        {"reasoning": "hm"},
        {"reasoning_content": "hm", "content": None},
        {"reasoning_details": [{"type": "reasoning.text", "text": "hm"}], "content": ""},
    ],
    ids=["Mistral", "OpenRouter and Ollama", "DeepSeek and vLLM", "OpenRouter's details"],
)
async def test_thoughts_are_heard_wherever_a_server_puts_them(fields: dict[str, Any]) -> None:
    events = await of(choice(**fields), choice(**fields), delta("x"), choice(**fields), delta("y", "stop"))
    assert (thoughts(events), text_of(events)) == (3, "xy")


async def test_a_thought_and_text_in_one_piece_are_both_heard() -> None:
    events = await of(choice(content=[MISTRAL, {"type": "text", "text": "It adds."}]), choice("stop"))
    assert (thoughts(events), text_of(events)) == (1, "It adds.")


@pytest.mark.parametrize(
    "fields", [{"refusal": "I can't help."}, {"content": [{"type": "refusal", "refusal": "I can't help."}]}]
)
async def test_a_refusal_in_a_field_of_its_own_is_what_the_model_says(fields: dict[str, Any]) -> None:
    assert text_of(await of(choice(**{"content": None, **fields}), choice("stop"))) == "I can't help."


CALL = [{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}]


@pytest.mark.parametrize(
    "events",
    [
        [choice(tool_calls=CALL, content=None)],
        [choice(function_call={"name": "f", "arguments": ""})],
        [choice("tool_calls")],
        [delta("I will look."), choice(tool_calls=CALL), choice("tool_calls")],
    ],
    ids=["tools", "functions", "the reason alone", "after a text"],
)
async def test_a_model_that_would_rather_use_a_tool_has_not_answered(events: list[object]) -> None:
    async with serving(Script([sse(*events)], hang="body")) as server:
        assert (await failure(openai(), question(compatible(server.url)))).failure == "bad-answer"


async def test_tools_that_are_named_and_not_used_are_nothing() -> None:
    assert text_of(await of(choice(content="x", tool_calls=[], function_call=None), choice("stop"))) == "x"


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [("content_filter", "filtered"), ("SAFETY", "filtered"), ("error", "broken"), ("abort", "broken")],
)
async def test_a_reason_to_stop_that_leaves_no_answer_is_no_end(reason: str, outcome: str) -> None:
    async with serving(Script([sse(delta("x"), choice(reason))])) as server:
        assert (await failure(openai(), question(compatible(server.url)))).failure == outcome


async def test_azure_s_first_piece_without_choices_is_nothing() -> None:
    first = {"choices": [], "id": "", "model": "", "prompt_filter_results": [{"content_filter_results": {"hate": {}}}]}
    late = {"choices": [{"index": 0, "finish_reason": None, "content_filter_offsets": {"check_offset": 1}}]}
    events = await of(first, delta("x"), late, {**delta("", "stop"), "model": "gpt-4.1"}, USAGE)
    assert (text_of(events), end_of(events).model, end_of(events).usage.tokens_out) == ("x", "gpt-4.1", 2)


ERRORS = [
    pytest.param({"error": "Overloaded"}, "busy", id="a text"),
    pytest.param({"error": {"message": "Overloaded"}}, "busy", id="a message"),
    pytest.param([{"error": {"code": 429, "message": "x"}}], "rate-limited", id="in a list"),
    pytest.param({"error": {"code": 503, "message": "x"}}, "busy", id="a status"),
    pytest.param({"error": True, "message": "Overloaded"}, "busy", id="a sign"),
    pytest.param({"object": "error", "message": "x", "code": 503}, "busy", id="vLLM"),
    pytest.param({"detail": "Model not found"}, "missing-model", id="FastAPI"),
    pytest.param({"detail": [{"loc": ["body"], "msg": "Overloaded"}]}, "busy", id="FastAPI's list"),
    pytest.param({"errors": [{"code": 429, "message": "x"}], "success": False}, "rate-limited", id="Cloudflare"),
    pytest.param({"code": "rate_limit_exceeded", "message": "x"}, "rate-limited", id="at the top"),
    pytest.param({"type": "error", "error": {"type": "overloaded_error"}}, "busy", id="Anthropic's form"),
    pytest.param({"choices": [], "error": {"message": "Overloaded"}}, "busy", id="with choices"),
]


@pytest.mark.parametrize(("error", "outcome"), ERRORS)
async def test_an_error_is_one_in_the_stream_and_instead_of_it(error: Any, outcome: str) -> None:
    alone = Script([json.dumps(error, indent=1).encode()], headers={"content-type": "application/json"})
    inside = sse(delta("x"), error[0] if isinstance(error, list) else error)
    named = b"event: error\n" + inside.rpartition(b"data: ")[1] + inside.rpartition(b"data: ")[2]
    scripts = [alone, Script([inside]), Script([named], hang="body")]
    async with serving(*scripts) as server:
        for _ in scripts:
            assert (await failure(openai(), question(compatible(server.url)))).failure == outcome


async def test_an_error_that_is_no_json_is_one_where_the_event_says_so() -> None:
    async with serving(Script([b"event: error\ndata: Overloaded\n\n"], hang="body")) as server:
        assert (await failure(openai(), question(compatible(server.url)))).failure == "busy"


def completion(**fields: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "A fine answer.", "refusal": None, **fields}
    counted = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
    end = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"object": "chat.completion", "model": "m-1", "choices": [end], "usage": counted}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("streamed", [True, False])
async def test_a_server_that_does_not_stream_is_heard_whole(indent: int | None, *, streamed: bool) -> None:
    body = json.dumps(completion(reasoning_content="hm"), indent=indent).encode()
    if streamed:
        body = b"".join(b"data: " + line + b"\n" for line in body.splitlines())
    async with serving(Script([body[:40], body[40:]], headers={"content-type": "application/json"})) as server:
        events = await heard(openai(), question(compatible(server.url)))
    assert (text_of(events), thoughts(events)) == ("A fine answer.", 1)
    end = end_of(events)
    assert (end.stop, end.model, end.usage.tokens_in, end.usage.tokens_out) == ("stop", "m-1", 7, 2)


async def test_a_message_beside_a_delta_is_not_heard_twice() -> None:
    told = {"index": 0, "delta": {"content": "b"}, "message": {"content": "ab"}, "finish_reason": "stop"}
    assert text_of(await of(delta("a"), {"choices": [told]})) == "ab"


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
async def test_an_answer_in_pretty_print_is_heard_with_any_line_ends(ends: bytes) -> None:
    lines = [f"data: {line}" for event in (delta("A fine "), delta("answer.", "stop")) for line in
             [*json.dumps(event, indent=1).split("\n"), ""]]  # fmt: skip
    body = b"\xef\xbb\xbf" + ends.join(
        line.removesuffix("data: ").encode() for line in [*lines, "data: [DONE]", "", ""]
    )
    async with serving(Script([body[i : i + 7] for i in range(0, len(body), 7)])) as server:
        assert text_of(await heard(openai(), question(compatible(server.url)))) == "A fine answer."


HALF = delta("The answer is forty two a")


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("content_filter: RECITATION", "filtered"),
        ("content_filter: PROHIBITED_CONTENT", "filtered"),
        ("SAFETY", "filtered"),
        ("function_call_filter: MALFORMED_FUNCTION_CALL", "broken"),
        ("repetition", "broken"),
        ("internal_error", "broken"),
        ("timeout", "broken"),
        ("cancelled", "broken"),
        ("abort", "broken"),
        ("tool_calls", "bad-answer"),
    ],
)
async def test_a_reason_that_is_no_whole_answer_s_makes_none(reason: str, outcome: str) -> None:
    async with serving(Script([sse(HALF, delta("", reason)) + b"data: [DONE]\n\n"])) as server:
        assert (await failure(openai(), question(compatible(server.url)))).failure == outcome


@pytest.mark.parametrize("reason", ["stop", "eos", "eos_token", "STOP", "end_turn", "stop_sequence", "COMPLETE"])
async def test_a_reason_of_a_whole_answer_is_one_however_it_is_spelled(reason: str) -> None:
    async with serving(Script([sse(delta("A fine answer."), delta("", reason))])) as server:
        assert text_of(await heard(openai(), question(compatible(server.url)))) == "A fine answer."


@pytest.mark.parametrize("reason", ["null", "none", "", "stop"])
def test_a_reason_on_every_piece_marks_no_end_and_a_break_after_the_first_is_one(reason: str) -> None:
    broken, _ = timed(Script([sse(delta("The answer is", reason))], cut=True))
    assert isinstance(broken, AttemptError)
    assert broken.failure == "broken"


@pytest.mark.parametrize("reason", ["null", "stop"])
def test_a_pause_after_a_first_piece_with_a_reason_ends_nothing(reason: str) -> None:
    async def listen() -> list[StreamEvent]:
        pieces = [sse(delta(piece, reason)) for piece in ("The answer", " is forty", " two.")]
        async with serving(Script([*pieces, b"data: [DONE]\n\n"])) as server:
            server.next_chunk = asyncio.Event()

            async def go_on() -> None:
                for _ in range(3):
                    await asyncio.sleep(2.5 * LINGER)
                    assert server.next_chunk is not None
                    server.next_chunk.set()
                    await asyncio.sleep(0)
                    server.next_chunk.clear()

            going = asyncio.create_task(go_on())
            events = await heard(openai(), question(compatible(server.url)))
            going.cancel()
            return events

    events, _ = run_virtual(listen())
    assert text_of(events) == "The answer is forty two."


async def test_one_piece_with_its_reason_is_a_whole_answer_where_the_stream_ends() -> None:
    async with serving(Script([sse(delta("A fine answer.", "stop"))])) as server:
        assert text_of(await heard(openai(), question(compatible(server.url)))) == "A fine answer."


async def test_an_error_in_a_choice_is_one() -> None:
    choice = {
        "index": 0,
        "delta": {"content": ""},
        "finish_reason": None,
        "error": {"code": 502, "message": "Upstream"},
    }
    async with serving(Script([sse(HALF, {"choices": [choice]}) + b"data: [DONE]\n\n"])) as server:
        assert (await failure(openai(), question(compatible(server.url)))).failure in {"broken", "busy", "unreachable"}


async def test_what_is_said_before_a_tool_is_called_is_no_answer() -> None:
    call = {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"name": "f"}}]}}]}
    async with serving(Script([sse(delta("Let me look that up:"), call, delta("", "stop"))])) as server:
        assert (await failure(openai(), question(compatible(server.url)))).failure == "bad-answer"


async def test_an_answer_that_is_told_once_more_in_the_end_and_one_beside_it_are_heard_once() -> None:
    again = {"choices": [{"index": 0, "message": {"content": "A fine answer."}, "finish_reason": "stop"}]}
    other = {"choices": [{"index": 1, "delta": {"content": "Another one."}, "finish_reason": None}]}
    async with serving(Script([sse(delta("A fine "), other, delta("answer."), again)])) as server:
        assert text_of(await heard(openai(), question(compatible(server.url)))) == "A fine answer."


@pytest.mark.parametrize("index", [{}, [1], "0"])
async def test_an_index_that_is_no_number_is_like_any_other(index: object) -> None:
    said = [{"choices": [{"index": index, "delta": {"content": text}}]} for text in ("A fine ", "answer.")]
    end = {"choices": [{"index": index, "delta": {}, "finish_reason": "stop"}]}
    async with serving(Script([sse(*said, end)])) as server:
        assert text_of(await heard(openai(), question(compatible(server.url)))) == "A fine answer."


async def test_parts_of_the_content_that_reason_are_thought() -> None:
    parts = [{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": "A fine answer."}]
    said = {"choices": [{"index": 0, "delta": {"content": parts}, "finish_reason": None}]}
    async with serving(Script([sse(said, delta("", "stop"))])) as server:
        events = await heard(openai(), question(compatible(server.url)))
        assert text_of(events) == "A fine answer."
        assert thoughts(events)
