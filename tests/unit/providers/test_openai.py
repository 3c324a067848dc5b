"""What goes out to OpenAI and to those who speak its protocol."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.unit.providers.scripted import Script, Talk, end_of, failure, heard, question, serving, text_of, thoughts
from tests.unit.providers.test_streams import delta, sse

from rung.providers.openai import HEADROOM, OpenAI, complained_of, request_body
from rung.sim import SimModel, Simulator
from rung.types.model import Model

OK = Script([sse(delta("fine", "stop"))])
VARIABLES = {
    "OPENAI_API_KEY": "sk-of-somebody",
    "OPENAI_ADMIN_KEY": "sk-admin",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/elsewhere",
    "OPENAI_ORG_ID": "org-x",
    "OPENAI_ORGANIZATION": "org-y",
    "OPENAI_PROJECT_ID": "proj-x",
    "OPENAI_CUSTOM_HEADERS": "X-Evil: 1\nAuthorization: Bearer other",
    "OPENAI_WEBHOOK_SECRET": "w",
    "OPENAI_API_TYPE": "azure",
    "OPENAI_API_VERSION": "1",
    "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:9",
}


def model(url: str, name: str = "gpt-5-mini", *, compatible: bool = False) -> Model:
    url = url if url.endswith("/v1") else f"{url}/v1"
    return Model("openai-compatible" if compatible else "openai", name, url, "MY_KEY", connect=5.0)


def keyed() -> OpenAI:
    return OpenAI(lambda name: "sk-mine" if name == "MY_KEY" else None)


def seen(talk: Talk) -> tuple[str, object]:
    """What was sent, without the port, which every server of a test has its own of."""
    return "\n".join(line for line in talk.head.split("\r\n") if not line.lower().startswith("host:")), talk.body


async def test_no_variable_of_the_sdk_changes_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(OK) as server:
        await heard(keyed(), question(model(server.url)))
        for name, value in VARIABLES.items():
            monkeypatch.setenv(name, value)
        await heard(keyed(), question(model(server.url)))
    assert seen(server.talks[0]) == seen(server.talks[1])
    assert "authorization: bearer sk-mine" in server.talks[1].head.lower()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"])
async def test_a_proxy_of_the_environment_does_not_catch_loopback(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(OK) as proxy, serving(OK) as server:
        monkeypatch.setenv(name, proxy.url)
        assert text_of(await heard(keyed(), question(model(server.url)))) == "fine"
        assert len(server.talks) == 1
        assert proxy.talks == []


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
async def test_a_failing_server_is_asked_once(status: int) -> None:
    async with serving(Script([b"{}"], status=status, headers={"retry-after": "1"})) as server:
        error = await failure(keyed(), question(model(server.url)))
        assert len(server.talks) == 1
    assert error.failure in {"slow", "bad-request", "rate-limited", "broken", "busy"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
async def test_the_time_to_be_left_alone_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    async with serving(Script([b"{}"], status=429, headers=headers)) as server:
        error = await failure(keyed(), question(model(server.url)))
    assert (error.failure, error.retry_after) == ("rate-limited", seconds)


async def test_without_its_key_it_fails_before_any_connection() -> None:
    async with serving(OK) as server:
        error = await failure(OpenAI(lambda _: None), question(model(server.url)))
        assert server.talks == []
    assert error.failure == "auth"
    assert "MY_KEY" in error.text


async def test_a_refused_key_is_named_and_not_shown() -> None:
    async with serving(Script([b'{"error":{"message":"sk-mine is wrong"}}'], status=401)) as server:
        error = await failure(keyed(), question(model(server.url)))
    assert error.failure == "auth"
    assert "MY_KEY" in error.sentence()
    assert "sk-mine" not in error.sentence()


def complaint(name: str) -> Script:
    text = f"Unsupported parameter: '{name}' is not supported with this model."
    return Script([b'{"error":{"message":"%s"}}' % text.encode()], status=400)


@pytest.mark.parametrize(
    ("compatible", "name", "instead"),
    [
        (True, "max_tokens", "max_completion_tokens"),
        (False, "max_completion_tokens", "max_tokens"),
        (False, "reasoning_effort", None),
        (True, "reasoning_effort", None),
        (False, "stream_options", None),
        (True, "stream_options", None),
    ],
)
async def test_a_parameter_that_is_refused_is_mended_once(*, compatible: bool, name: str, instead: str | None) -> None:
    async with serving(complaint(name), OK) as server:
        events = await heard(keyed(), question(model(server.url, compatible=compatible)))
    first, second = (talk.body for talk in server.talks)
    assert text_of(events) == "fine"
    assert name in first
    assert name not in second
    if instead:
        assert second[instead] == first[name]
    rest = {name, instead}
    assert {k: v for k, v in first.items() if k not in rest} == {k: v for k, v in second.items() if k not in rest}


REFUSALS = [
    pytest.param(400, "Unrecognized request argument supplied: reasoning_effort", id="OpenAI"),
    pytest.param(400, "Unsupported value: 'reasoning_effort' does not support 'none' with this model.", id="a value"),
    pytest.param(400, 'invalid reasoning value: "none" (must be "high", "medium", or "low")', id="Ollama of old"),
    pytest.param(400, "`reasoning_effort` is not one of: max_tokens, response_format, stream", id="a list"),
    pytest.param(422, '[{"type":"extra_forbidden","loc":["body","reasoning_effort"]}]', id="Mistral"),
    pytest.param(400, "Thinking cannot be disabled for this model.", id="a gateway"),
]


@pytest.mark.parametrize(("status", "text"), REFUSALS)
async def test_a_server_that_knows_nothing_of_thinking_is_told_once_and_for_all(status: int, text: str) -> None:
    refusal = Script([json.dumps({"error": {"message": text}}).encode()], status=status)
    async with serving(refusal, OK, OK, OK) as server:
        chat, asked = keyed(), question(model(server.url, compatible=True))
        for _ in range(2):
            assert text_of(await heard(chat, asked)) == "fine"
        other = await heard(chat, question(model(server.url, name="other", compatible=True)))
        said = [(talk.body["model"], talk.body.get("reasoning_effort")) for talk in server.talks]
    assert text_of(other) == "fine"
    assert said == [("gpt-5-mini", "none"), ("gpt-5-mini", None), ("gpt-5-mini", None), ("other", "none")]


async def test_a_server_that_refuses_several_parameters_is_asked_once_more_for_each() -> None:
    async with serving(complaint("max_tokens"), complaint("reasoning_effort"), OK, OK) as server:
        chat, asked = keyed(), question(model(server.url, compatible=True))
        for _ in range(2):
            assert text_of(await heard(chat, asked)) == "fine"
        bodies = [talk.body for talk in server.talks]
    names = [{"max_tokens", "max_completion_tokens", "reasoning_effort"} & set(body) for body in bodies]
    settled = {"max_completion_tokens"}
    assert names == [{"max_tokens", "reasoning_effort"}, settled | {"reasoning_effort"}, settled, settled]


async def test_what_did_not_help_is_not_remembered() -> None:
    broken = Script([b'{"error":{"message":"reasoning_effort: no"}}'], status=400)
    async with serving(broken, Script([b"{}"], status=400), OK) as server:
        chat, asked = keyed(), question(model(server.url, compatible=True))
        await failure(chat, asked)
        await heard(chat, asked)
        assert ["reasoning_effort" in talk.body for talk in server.talks] == [True, False, True]


async def test_a_schema_that_is_refused_once_is_sent_again_the_next_time() -> None:
    async with serving(complaint("response_format"), OK) as server:
        chat, asked = keyed(), question(model(server.url, compatible=True)).replace(schema={"type": "object"})
        for _ in range(2):
            await heard(chat, asked)
        assert ["response_format" in talk.body for talk in server.talks] == [True, False, True]


async def test_a_model_that_thinks_unless_told_otherwise_answers_in_a_few_tokens() -> None:
    thinks = SimModel("small:1b", says="A queue is a line.", thinking=True)
    async with Simulator([thinks]) as sim:
        asked = question(model(sim.url, name="small:1b", compatible=True), limit=12)
        events = await heard(keyed(), asked)
    assert text_of(events) == "A queue is a line."
    assert thoughts(events) == 0
    assert end_of(events).stop == "stop"


async def test_a_second_complaint_ends_it() -> None:
    async with serving(complaint("max_completion_tokens"), complaint("max_tokens")) as server:
        error = await failure(keyed(), question(model(server.url)))
        assert len(server.talks) == 2
    assert error.failure == "bad-request"


async def test_a_prompt_that_is_too_long_is_not_sent_again_though_max_tokens_is_named() -> None:
    text = b"'max_tokens' is too large: 2000. This model's maximum context length is 4096 tokens"
    async with serving(Script([b'{"error":{"message":"%s"}}' % text], status=400)) as server:
        error = await failure(keyed(), question(model(server.url, compatible=True)))
        assert len(server.talks) == 1
    assert error.failure == "too-long"


def test_nothing_is_mended_that_was_not_complained_of() -> None:
    body = request_body(question(model("http://127.0.0.1:1")))
    assert complained_of(body, "Invalid 'messages': empty array.") is None


def test_a_reasoning_model_gets_room_to_think_and_others_get_the_limit_alone() -> None:
    url = "http://127.0.0.1:1"
    assert request_body(question(model(url), limit=100))["max_completion_tokens"] == 100 + HEADROOM
    assert request_body(question(model(url, name="gpt-4.1"), limit=100))["max_completion_tokens"] == 100
    assert request_body(question(model(url, compatible=True), limit=100))["max_tokens"] == 100


async def test_the_simulated_cloud_is_heard_with_its_usage_and_says_that_it_is_simulated() -> None:
    async with Simulator() as sim:
        events = await heard(keyed(), question(model(f"{sim.url}/openai/v1"), limit=500))
        exchange = sim.log[0]
    end = end_of(events)
    assert events[0].simulated  # type: ignore[union-attr]
    assert (end.usage.tokens_in, end.usage.tokens_out) == (exchange.prompt_tokens, exchange.completion_tokens)
    assert end.model == "gpt-5-mini-2025-08-07"


async def test_many_answers_at_once_do_not_mix() -> None:
    async with serving(*[Script([sse(delta(str(i), "stop"))]) for i in range(8)]) as server:
        chat = keyed()
        answers = await asyncio.gather(*(heard(chat, question(model(server.url))) for _ in range(8)))
    assert sorted(text_of(events) for events in answers) == [str(i) for i in range(8)]
