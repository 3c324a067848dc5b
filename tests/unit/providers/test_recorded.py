"""The providers read what a real Ollama was recorded to say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.providers.scripted import (
    RECORDINGS,
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

from rung.providers.events import Content, Opened, Question
from rung.providers.ollama import Ollama
from rung.providers.openai import OpenAI
from rung.types.call import Message
from rung.types.model import Model

if TYPE_CHECKING:
    from rung.types.call import Role


def ollama(url: str, name: str = "said-commit:tiny") -> Model:
    return Model("ollama", name, url, connect=5.0, local=True)


def compatible(url: str, name: str = "said-commit:tiny") -> Model:
    return Model("openai-compatible", name, f"{url}/v1", connect=5.0, local=True)


def _chunks(name: str) -> list[str]:
    exchange = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))["exchanges"][0]
    return [text for _, text in exchange["response"]["chunks"]]


def _request(name: str) -> dict[str, Any]:
    """The body that was sent."""
    exchange = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))["exchanges"][0]
    body: dict[str, Any] = exchange["request"]["body"]
    return body


def _native_text(name: str) -> str:
    return "".join(
        json.loads(line)["message"]["content"] for line in "".join(_chunks(name)).splitlines() if '"message"' in line
    )


@pytest.mark.parametrize("name", ["chat-stream", "chat-system", "trimmed-stream", "format-schema", "chat-nonstream"])
async def test_a_recorded_answer_is_heard_whole_and_with_its_counts(name: str) -> None:
    async with serving(recorded(name)) as server:
        events = await heard(Ollama(), question(ollama(server.url)))
    assert isinstance(events[0], Opened)
    assert text_of(events) == _native_text(name) != ""
    last = json.loads("".join(_chunks(name)).splitlines()[-1])
    end = end_of(events)
    assert (end.usage.tokens_in, end.usage.tokens_out) == (last["prompt_eval_count"], last["eval_count"])
    assert end.stop == "stop"
    assert end.model == last["model"]
    assert end.load == pytest.approx(last["load_duration"] / 1e9)
    assert end.prefill == pytest.approx(last["prompt_eval_duration"] / 1e9)


@pytest.mark.parametrize(("name", "count"), [("trimmed", 30), ("trimmed-stream", 1026), ("trimmed-one-message", 1026)])
async def test_the_count_of_a_trimmed_prompt_comes_through(name: str, count: int) -> None:
    async with serving(recorded(name)) as server:
        events = await heard(Ollama(), question(ollama(server.url)))
    assert end_of(events).usage.tokens_in == count


async def test_an_answer_at_its_token_limit_says_length() -> None:
    async with serving(recorded("length")) as server:
        events = await heard(Ollama(), question(ollama(server.url)))
    assert end_of(events).stop == "length"
    assert end_of(events).usage.tokens_out == 5


@pytest.mark.parametrize("name", ["think-default", "think-true"])
async def test_thoughts_apart_from_the_content_are_thoughts(name: str) -> None:
    async with serving(recorded(name)) as server:
        events = await heard(Ollama(), question(ollama(server.url)))
    assert thoughts(events) > 1
    assert "The person wants" not in text_of(events)
    assert text_of(events).startswith("This function reads rows")


async def test_thoughts_inside_the_content_are_not_content() -> None:
    assert "<think>" in _native_text("think-false")
    async with serving(recorded("think-false")) as server:
        events = await heard(Ollama(), question(ollama(server.url)))
    assert thoughts(events) == 1
    assert text_of(events).startswith("This function reads rows")
    assert "think>" not in text_of(events)


@pytest.mark.parametrize(
    ("name", "outcome", "index"),
    [
        ("runner-crash-midstream", "broken", 0),
        ("runner-crash-before-content", "broken", 0),
        ("runner-crash-loading", "load-failed", 0),
        ("cancel-midstream", "broken", 0),
        ("unknown-model", "missing-model", 0),
        ("truncate-false", "too-long", 0),
        ("truncate-false-stream", "too-long", 0),
        ("queue-full-loading", "busy", 1),
        ("bad-option-type", "bad-request", 0),
        ("bad-format", "bad-request", 0),
        ("bad-json", "bad-request", 0),
        ("bad-type", "bad-request", 0),
        ("think-unsupported", "bad-request", 0),
        ("tools-unsupported", "bad-request", 0),
        ("foreign-host", "auth", 0),
        ("foreign-origin", "auth", 0),
        ("wrong-method", "bad-request", 0),
        ("unknown-path", "bad-request", 0),
    ],
)
async def test_a_recorded_failure_has_its_outcome_word(name: str, outcome: str, index: int) -> None:
    async with serving(recorded(name, index)) as server:
        error = await failure(Ollama(), question(ollama(server.url)))
    assert error.failure == outcome


async def test_a_missing_model_comes_with_the_command_that_pulls_it() -> None:
    async with serving(recorded("unknown-model")) as server:
        error = await failure(Ollama(), question(ollama(server.url, "nobody:1b")))
    assert error.hint == "Run `ollama pull nobody:1b`."
    assert "nobody:1b" in error.text


async def test_what_was_said_before_a_crash_is_heard_before_the_error() -> None:
    said = []
    async with serving(recorded("runner-crash-midstream")) as server:
        stream = Ollama().chat(question(ollama(server.url)))
        with pytest.raises(Exception, match="broke off"):  # noqa: PT012 - the pieces come before the error
            async for event in stream:
                said.append(event)  # noqa: PERF401 - a comprehension would lose what came before
    assert text_of(said) == "feat(parser)"


@pytest.mark.parametrize("name", ["v1-chat-stream", "v1-chat-stream-usage"])
async def test_a_recorded_answer_in_openais_form_is_heard_whole(name: str) -> None:
    async with serving(recorded(name)) as server:
        events = await heard(OpenAI(lambda _: None), question(compatible(server.url)))
    assert text_of(events) == _native_text("chat-stream")
    assert end_of(events).stop == "stop"
    counts = (26, 33) if name.endswith("usage") else (None, None)
    assert (end_of(events).usage.tokens_in, end_of(events).usage.tokens_out) == counts


async def test_a_stream_in_openais_form_that_ends_without_a_word_is_broken() -> None:
    async with serving(recorded("v1-runner-crash-midstream")) as server:
        error = await failure(OpenAI(lambda _: None), question(compatible(server.url)))
    assert error.failure == "broken"
    assert "before it was whole" in error.text


@pytest.mark.parametrize(
    ("name", "outcome", "index"),
    [("v1-unknown-model", "missing-model", 0), ("v1-queue-full-loading", "busy", 2), ("v1-bad-json", "bad-request", 0)],
)
async def test_a_recorded_failure_in_openais_form_has_its_outcome_word(name: str, outcome: str, index: int) -> None:
    async with serving(recorded(name, index)) as server:
        error = await failure(OpenAI(lambda _: None), question(compatible(server.url)))
        assert len(server.talks) == 1
    assert error.failure == outcome


async def test_ollama_is_asked_with_one_window_and_never_to_cut_the_prompt() -> None:
    async with serving(Script(chunks=[b'{"done":true}\n'])) as server:
        model = ollama(server.url).replace(context=4096, keep_alive="-1")
        await heard(Ollama(), question(model, limit=77))
    body = server.talks[0].body
    assert body["options"] == {"num_predict": 77, "num_ctx": 4096}
    assert body["truncate"] is False
    assert body["think"] is False
    assert body["keep_alive"] == -1


async def test_a_model_that_cannot_think_is_told_not_to_and_answers() -> None:
    name = "think-false-unsupported"
    assert _request(name)["think"] is False
    async with serving(recorded(name)) as server:
        events = await heard(Ollama(), question(ollama(server.url)))
        # It is no mistake to say so of any model, so nobody is asked twice.
        assert [talk.body["think"] for talk in server.talks] == [False]
    assert text_of(events) == _native_text(name) != ""
    assert end_of(events).stop == "stop"


OPTIONS = {"num_predict", "num_ctx"}
ROLES = {"system", "user", "assistant"}
"""Those of Ollama's own that Rung has a use for."""


@pytest.mark.parametrize("name", ["unknown-option", "bad-role"])
async def test_a_mistake_that_is_accepted_without_a_word_is_never_made(name: str) -> None:
    def mistakes(body: dict[str, Any]) -> set[str]:
        return {*body.get("options", {}), *(message["role"] for message in body["messages"])} - OPTIONS - ROLES

    assert len(mistakes(_request(name))) == 1
    roles: tuple[Role, ...] = ("system", "user", "assistant", "user")
    async with serving(recorded(name)) as server:
        model = ollama(server.url).replace(context=4096)
        messages = tuple(Message(role, f"hi from {role}") for role in roles)
        events = await heard(Ollama(), Question(model, messages, 77, {"type": "object"}, headroom=9))
        # The answer is a whole one: nothing in it tells of the mistake.
        assert text_of(events) == _native_text(name) != ""
        (talk,) = server.talks
    assert mistakes(talk.body) == set()
    assert [message["role"] for message in talk.body["messages"]] == list(roles)
    assert talk.body["options"] == {"num_predict": 86, "num_ctx": 4096}


@pytest.mark.parametrize("name", ["chat-stream", "think-default", "format-schema"])
async def test_no_piece_of_content_is_empty(name: str) -> None:
    async with serving(recorded(name)) as server:
        events = await heard(Ollama(), question(ollama(server.url)))
    assert all(event.text for event in events if isinstance(event, Content))
