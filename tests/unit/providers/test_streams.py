"""What comes over the wire in odd pieces and odd forms is read for what it says, or is an error."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Sequence

import pytest
from tests.unit.providers.scripted import (
    Script,
    end_of,
    failure,
    heard,
    question,
    recorded,
    serving,
    text_of,
    thoughts,
)

from rung.providers import transport
from rung.providers.events import Content, Finished
from rung.providers.ollama import Ollama
from rung.providers.openai import OpenAI
from rung.providers.thinking import ThinkTags
from rung.types.model import Model

NATIVE = (
    b'{"message":{"content":"a\\u2028b\xe2\x80\xa8c \xc3\xa9\xf0\x9f\x98\x80"},"done":false}\r\n'
    b"\n"
    b'{"message":{"content":"<thi"},"done":false}\n{"message":{"content":"ck> x"},"done":false}\n'
    b'{"model":"m","message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":4}'
)
NATIVE_TEXT = "a\u2028b\u2028c é😀<thick> x"


def sse(*events: object) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def delta(text: str, finish: str | None = None) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


USAGE = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}
EVENTS = (
    b": OPENROUTER PROCESSING\n\n"
    b'event: ping\ndata:\n\nid: 4\nretry: 10\ndata:{"choices":[{"delta":{"role":"assistant","content":""}}]}\r\n\r\n'
    b'data: {"choices":[{"delta":{"content":"a\xe2\x80\xa8b\\u2029"}}]}\n\n'
    + sse(delta("c"), delta("", "stop"), USAGE)
    + b"data: [DONE]\n\n"
)


def ollama(url: str) -> Model:
    return Model("ollama", "m", url, connect=5.0, local=True)


def compatible(url: str) -> Model:
    return Model("openai-compatible", "m", f"{url}/v1", connect=5.0, local=True)


def openai() -> OpenAI:
    return OpenAI(lambda _: None)


def pieces(body: bytes, cuts: Sequence[int]) -> list[bytes]:
    ends = [0, *sorted(set(cuts)), len(body)]
    return [body[a:b] for a, b in itertools.pairwise(ends) if b > a]


async def test_a_native_body_reads_the_same_cut_at_any_byte() -> None:
    scripts = [Script(pieces(NATIVE, [at])) for at in range(len(NATIVE))]
    async with serving(*scripts) as server:
        for _ in scripts:
            assert text_of(await heard(Ollama(), question(ollama(server.url)))) == NATIVE_TEXT


async def test_a_native_body_reads_the_same_in_single_bytes_and_without_chunks() -> None:
    bytewise = [NATIVE[i : i + 1] for i in range(len(NATIVE))]
    async with serving(Script(bytewise), Script([NATIVE], chunked=False)) as server:
        for _ in range(2):
            events = await heard(Ollama(), question(ollama(server.url)))
            assert text_of(events) == NATIVE_TEXT
            assert end_of(events).usage.tokens_out == 4


async def test_an_event_stream_reads_the_same_cut_anywhere() -> None:
    dice = random.Random(7)
    cuts = [[dice.randrange(len(EVENTS)) for _ in range(dice.randint(1, 9))] for _ in range(60)]
    async with serving(*[Script(pieces(EVENTS, cut)) for cut in cuts]) as server:
        chat = openai()
        for _ in cuts:
            events = await heard(chat, question(compatible(server.url)))
            assert text_of(events) == "a\u2028b\u2029c"
            assert (end_of(events).usage.tokens_in, end_of(events).usage.tokens_out) == (7, 2)


@pytest.mark.parametrize(
    ("body", "text", "counted"),
    [
        pytest.param(sse(delta("whole", "stop")), "whole", None, id="finish_reason without [DONE]"),
        pytest.param(sse(delta("whole")) + b"data: [DONE]\n\n", "whole", None, id="[DONE] without finish_reason"),
        pytest.param(sse(delta("whole", "stop"), USAGE), "whole", 7, id="usage after the finish, no [DONE]"),
        pytest.param(sse(USAGE, delta("whole", "stop")), "whole", 7, id="usage first, without choices"),
        pytest.param(sse({"choices": None}, {"object": "x"}, delta("whole", "stop")), "whole", None, id="no choices"),
        pytest.param(
            sse({"choices": ["x", {"delta": None}, {"delta": "y"}]}, delta("whole", "stop")), "whole", None, id="odd"
        ),
        pytest.param(
            sse({"choices": [{"delta": {"content": [{"type": "text", "text": "whole"}]}, "finish_reason": "stop"}]}),
            "whole",
            None,
            id="content in parts",
        ),
        pytest.param(sse(delta("whole", "stop")).replace(b"data: ", b"data:"), "whole", None, id="no space"),
        pytest.param(sse(delta("whole", "stop")).replace(b"\n", b"\r\n"), "whole", None, id="CRLF"),
        pytest.param(b"data: [DONE]", "", None, id="nothing said, last line without its end"),
    ],
)
async def test_every_way_servers_end_a_stream_is_an_end(body: bytes, text: str, counted: int | None) -> None:
    async with serving(Script([body])) as server:
        events = await heard(openai(), question(compatible(server.url)))
    assert text_of(events) == text
    assert end_of(events).usage.tokens_in == counted


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
async def test_reasoning_beside_the_content_is_thought(field: str) -> None:
    body = sse({"choices": [{"delta": {field: "hm", "content": ""}}]}, delta("x", "stop"))
    async with serving(Script([body])) as server:
        events = await heard(openai(), question(compatible(server.url)))
    assert thoughts(events) == 1
    assert text_of(events) == "x"


HTML = Script([b"<!doctype html><p>Log in to the hotel's network"], headers={"content-type": "text/html"})
BROKEN = {
    "a web page": HTML,
    "no object": Script([b"[1, 2]\n"]),
    "no JSON": Script([b"{half\n"]),
    "deeply nested": Script([b"[" * 100_000 + b"\n"]),
    "nothing": Script([]),
    "half an answer": Script([b'{"message":{"content":"x"},"done":false}\n']),
    "done is no bool": Script([b'{"message":{"content":"x"},"done":"true"}\n']),
    "cut transfer coding": Script([b'{"message":{"content":"x"},"done":false}\n'], cut=True),
    "a binary": Script([bytes(range(256)) + b"\n"]),
}


@pytest.mark.parametrize("what", BROKEN)
async def test_what_is_not_the_native_protocol_is_broken(what: str) -> None:
    async with serving(BROKEN[what]) as server:
        assert (await failure(Ollama(), question(ollama(server.url)))).failure == "broken"


BROKEN_EVENTS = {
    "a web page": HTML,
    "no object": Script([b"data: [1]\n\n"]),
    "no JSON": Script([b'data: {"choices": [\n\n']),
    "nothing": Script([]),
    "an answer that was not streamed": Script([b'{"choices":[{"message":{"content":"x"}}]}']),
    "half an answer": Script([sse(delta("x"))]),
    "cut transfer coding": Script([sse(delta("x"))], cut=True),
    "an error in the stream": Script([sse(delta("x"), {"error": {"message": "boom"}})]),
}


@pytest.mark.parametrize("what", BROKEN_EVENTS)
async def test_what_is_no_event_stream_is_broken(what: str) -> None:
    async with serving(BROKEN_EVENTS[what]) as server:
        assert (await failure(openai(), question(compatible(server.url)))).failure == "broken"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("server busy, please try again.  maximum pending requests exceeded", "busy"),
        ("Overloaded", "busy"),
        ("llama-server process has terminated: signal: killed", "load-failed"),
        ("model requires more system memory (9 GiB) than is available", "load-failed"),
        ("request exceeds the available context size", "too-long"),
        ("unexpected EOF", "broken"),
    ],
)
async def test_an_error_inside_a_stream_has_the_word_of_its_meaning(error: str, outcome: str) -> None:
    line = json.dumps({"error": error}).encode()
    events = b"data: " + json.dumps({"error": {"message": error}}).encode() + b"\n\n"
    async with serving(Script([line + b"\n"]), Script([events])) as server:
        assert (await failure(Ollama(), question(ollama(server.url)))).failure == outcome
        assert (await failure(openai(), question(compatible(server.url)))).failure == outcome


@pytest.mark.parametrize("make", [ollama, compatible])
async def test_a_line_that_does_not_end_is_broken_off(
    make: Callable[[str], Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LONGEST_LINE", 100_000)
    async with serving(Script([b"data: " + b"x" * 1000] * 1000, hang="body")) as server:
        chat = Ollama() if make is ollama else openai()
        error = await failure(chat, question(make(server.url)))
        await server.talks[0].left.wait()
    assert error.failure == "broken"
    assert "does not end" in error.text


async def test_a_content_filter_is_no_answer() -> None:
    async with serving(Script([sse(delta("x"), delta("", "content_filter"))])) as server:
        assert (await failure(openai(), question(compatible(server.url)))).failure == "filtered"


@pytest.mark.parametrize("name", ["chat-stream", "v1-chat-stream-usage"])
async def test_a_recorded_body_reads_the_same_in_any_pieces(name: str) -> None:
    script, dice = recorded(name), random.Random(11)
    body = b"".join(script.chunks)
    cuts = [[dice.randrange(len(body)) for _ in range(dice.randint(1, 40))] for _ in range(10)]
    native = name == "chat-stream"
    chat = Ollama() if native else openai()
    async with serving(script, *[Script(pieces(body, cut)) for cut in cuts]) as server:
        asked = question((ollama if native else compatible)(server.url))
        first = await heard(chat, asked)
        for _ in cuts:
            again = await heard(chat, asked)
            assert text_of(again) == text_of(first)
            assert end_of(again) == end_of(first)


TAGGED = [
    "<think>hm\n</think>\n\nanswer",
    "<think></think>a",
    "  <think>x</think>a <think>b</think>",
    "<think>never ends",
]


@pytest.mark.parametrize("text", [*TAGGED, "<thin", "<thinking about it", "a <think>b</think>", "", "  spaced"])
def test_think_tags_are_taken_out_however_they_are_cut(text: str) -> None:
    whole = _untagged([text])
    assert "<think>" not in whole or not text.lstrip().startswith("<think>") or text.count("<think>") > 1
    for at in range(len(text)):
        for other in range(at, len(text)):
            assert _untagged([text[:at], text[at:other], text[other:]]) == whole


def test_only_thoughts_at_the_beginning_are_taken_out() -> None:
    assert [_untagged([text]) for text in TAGGED] == ["answer", "a", "a <think>b</think>", ""]
    assert _untagged(["a <think>b</think>"]) == "a <think>b</think>"


def _untagged(parts: Sequence[str]) -> str:
    tags = ThinkTags()
    events = [event for part in parts for event in tags.feed(part)] + list(tags.end())
    assert all(event.text for event in events if isinstance(event, Content))
    assert not any(isinstance(event, Finished) for event in events)
    return "".join(event.text for event in events if isinstance(event, Content))


async def test_a_model_that_is_unloaded_while_it_speaks_gave_half_an_answer() -> None:
    lines = [b'{"message":{"content":"Half of"},"done":false}\n', b'{"done":true,"done_reason":"unload"}\n']
    async with serving(Script(lines)) as server:
        assert (await failure(Ollama(), question(ollama(server.url)))).failure == "broken"


def test_kimi_s_marks_of_a_thought_are_taken_out_however_they_are_cut() -> None:
    text = "◁think▷Hm, let me see.◁/think▷A fine answer."
    for cut in range(len(text)):
        assert _untagged([text[:cut], text[cut:]]) == "A fine answer."
