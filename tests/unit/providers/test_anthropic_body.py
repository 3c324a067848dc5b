"""What a model of Anthropic's does not take is asked for otherwise, within the attempt, and remembered."""

from __future__ import annotations

import pytest
from tests.unit.providers.claude import CLAUDE, OK, keyed, model, refused
from tests.unit.providers.scripted import Script, failure, heard, question, serving, text_of

from rung.providers.anthropic import HEADROOM


def invalid(message: str) -> Script:
    return refused(400, "invalid_request_error", message)


TOO_MUCH = f"max_tokens: 100 > 64, which is the maximum allowed number of output tokens for {CLAUDE}"


async def test_more_output_than_a_model_has_is_asked_again_with_the_number_it_names() -> None:
    async with serving(refused(400, "invalid_request_error", TOO_MUCH), OK) as server:
        await heard(keyed(), question(model(server.url), limit=100))
    first, second = (talk.body for talk in server.talks)
    assert second == {**first, "max_tokens": 64}


async def test_a_parameter_is_not_mended_twice() -> None:
    async with serving(refused(400, "invalid_request_error", TOO_MUCH)) as server:
        error = await failure(keyed(), question(model(server.url), limit=100))
        assert len(server.talks) == 2
    assert error.failure == "bad-request"


async def test_a_model_that_must_think_is_given_room_for_it() -> None:
    must = refused(400, "invalid_request_error", '"thinking.type.disabled" is not supported for this model.')
    async with serving(must, OK) as server:
        await heard(keyed(), question(model(server.url), limit=100))
    body = server.talks[1].body
    assert "thinking" not in body
    assert (body["max_tokens"], body["output_config"]) == (100 + HEADROOM, {"effort": "low"})


@pytest.mark.parametrize(
    "message",
    ["output_config: Extra inputs are not permitted", "This model does not support structured outputs."],
)
async def test_a_schema_that_is_refused_is_left_out(message: str) -> None:
    async with serving(refused(400, "invalid_request_error", message), OK) as server:
        await heard(keyed(), question(model(server.url)).replace(schema={"type": "object"}))
    first, second = (talk.body for talk in server.talks)
    assert first["output_config"] == {"format": {"type": "json_schema", "schema": {"type": "object"}}}
    assert {**second, "output_config": first["output_config"]} == first


SCHEMA = {"type": "object"}
FORMAT = {"format": {"type": "json_schema", "schema": SCHEMA}}
MUST = invalid('"thinking.type.disabled" is not supported for this model.')
NO_EFFORT = invalid("This model does not support the effort parameter.")


@pytest.mark.parametrize(
    "message",
    ["This model does not support the effort parameter.", "output_config.effort: Extra inputs are not permitted"],
)
async def test_a_model_that_knows_no_effort_keeps_its_schema_and_is_asked_right_from_then_on(message: str) -> None:
    async with serving(MUST, invalid(message), OK) as server:
        chat, asked = keyed(), question(model(server.url), limit=100).replace(schema=SCHEMA)
        for _ in range(2):
            assert text_of(await heard(chat, asked))
        bodies = [talk.body for talk in server.talks]
    assert [body.get("output_config") for body in bodies] == [FORMAT, {**FORMAT, "effort": "low"}, FORMAT, FORMAT]
    assert ["thinking" in body for body in bodies] == [True, False, False, False]
    assert [body["max_tokens"] for body in bodies] == [100, *[100 + HEADROOM] * 3]


async def test_each_model_is_asked_in_its_own_way() -> None:
    async with serving(MUST, OK) as server:
        chat = keyed()
        await heard(chat, question(model(server.url)))
        await heard(chat, question(model(server.url, model="claude-other")))
        assert ["thinking" in talk.body for talk in server.talks] == [True, False, True]


@pytest.mark.parametrize(
    "message",
    [
        "thinking: Extra inputs are not permitted",
        '[{"type":"extra_forbidden","loc":["body","thinking"],"input":{"type":"disabled"}}]',
        "This model does not support thinking.",
    ],
)
async def test_a_model_that_knows_nothing_of_thinking_is_given_no_room_for_it(message: str) -> None:
    async with serving(invalid(message), OK) as server:
        await heard(keyed(), question(model(server.url), limit=100))
    first, second = (talk.body for talk in server.talks)
    assert {**second, "thinking": {"type": "disabled"}} == first


async def test_a_limit_that_was_named_is_kept_to() -> None:
    async with serving(invalid(TOO_MUCH), OK) as server:
        chat = keyed()
        for limit in (100, 100, 50):
            await heard(chat, question(model(server.url), limit=limit))
        assert [talk.body["max_tokens"] for talk in server.talks] == [100, 64, 64, 50]


@pytest.mark.parametrize(
    ("message", "again"),
    [
        ("output_config: Extra inputs are not permitted", False),
        ("This model does not support structured outputs.", False),
        ("output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set", True),
    ],
)
async def test_a_schema_is_sent_again_unless_none_is_taken(message: str, *, again: bool) -> None:
    async with serving(invalid(message), OK) as server:
        chat, asked = keyed(), question(model(server.url)).replace(schema=SCHEMA)
        for _ in range(2):
            await heard(chat, asked)
        assert ["output_config" in talk.body for talk in server.talks] == [True, False, again]


async def test_nobody_is_asked_more_than_three_times_and_what_helped_is_known_the_next_time() -> None:
    no_schema = invalid("This model does not support structured outputs.")
    async with serving(MUST, NO_EFFORT, no_schema, no_schema, OK) as server:
        chat, asked = keyed(), question(model(server.url)).replace(schema=SCHEMA)
        assert (await failure(chat, asked)).failure == "bad-request"
        assert len(server.talks) == 3
        assert text_of(await heard(chat, asked))
        assert len(server.talks) == 5


async def test_what_did_not_help_is_not_remembered() -> None:
    async with serving(MUST, invalid("messages: roles must alternate"), OK) as server:
        chat, asked = keyed(), question(model(server.url))
        assert (await failure(chat, asked)).failure == "bad-request"
        await heard(chat, asked)
        assert ["thinking" in talk.body for talk in server.talks] == [True, False, True]


async def test_a_prompt_that_is_too_long_is_not_asked_again_though_it_names_thinking() -> None:
    async with serving(invalid("prompt is too long: 9 tokens > 8 maximum (thinking disabled)")) as server:
        assert (await failure(keyed(), question(model(server.url)))).failure == "too-long"
        assert len(server.talks) == 1
