"""What servers of all makers say when something is wrong is called by the ladder's words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from tests.unit.providers import claude
from tests.unit.providers.scripted import Script, end_of, failure, heard, question, serving, text_of
from tests.unit.providers.test_streams import compatible, delta, ollama, sse

from rung.providers import failures
from rung.providers.ollama import Ollama
from rung.providers.openai import OpenAI
from rung.types.model import Model

MODEL = Model("openai-compatible", "m", "http://127.0.0.1:1/v1")
NONE = (None, None)
MINUTE = timedelta(minutes=1)


def word(status: int, message: str, **fields: Any) -> str:
    body = json.dumps({"error": {"message": message, **fields}})
    return failures.for_status(MODEL, status, body, {}).failure


LLAMA = "request (13594 tokens) exceeds the available context size (2048 tokens), try increasing it"
NESTED = {
    "error": {"code": 400, "message": LLAMA, "type": "exceed_context_size_error", "n_prompt_tokens": 99, "n_ctx": 20}
}
TOO_LONG = [
    pytest.param(400, json.dumps({"error": json.dumps(NESTED)}), (99, 20), id="Ollama, JSON in JSON"),
    pytest.param(400, LLAMA, (13594, 2048), id="llama.cpp"),
    pytest.param(
        400,
        "the request exceeds the available context size. try increasing the context size or enable context shift",
        NONE,
        id="llama.cpp before it counted",
    ),
    pytest.param(500, "input is too large to process. increase the physical batch size", NONE, id="llama.cpp batch"),
    pytest.param(500, "the input length exceeds the context length", NONE, id="Ollama"),
    pytest.param(500, "prompt too long; exceeded max context length by 400 tokens", NONE, id="Ollama of late"),
    pytest.param(
        400,
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages,"
        " 1000 in the completion). Please reduce the length of the messages or completion.",
        (4000, 4096),
        id="OpenAI, prompt and answer",
    ),
    pytest.param(
        400,
        "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.",
        (5000, 4096),
        id="OpenAI, the prompt alone",
    ),
    pytest.param(
        400,
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.",
        (5000, 4096),
        id="OpenAI of old",
    ),
    pytest.param(400, "Your input exceeds the context window of this model.", NONE, id="OpenAI of late"),
    pytest.param(400, '{"code": "context_length_exceeded"}', NONE, id="OpenAI, the code alone"),
    pytest.param(
        429,
        "Request too large for gpt-4o in organization o on tokens per min (TPM): Limit 30000, Requested 45000.",
        NONE,
        id="OpenAI, more than a minute allows",
    ),
    pytest.param(400, "prompt is too long: 210000 tokens > 200000 maximum", (210000, 200000), id="Anthropic"),
    pytest.param(
        400,
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length",
        (190000, 200000),
        id="Anthropic, with the answer",
    ),
    pytest.param(413, "Request exceeds the maximum size", NONE, id="Anthropic, in bytes"),
    pytest.param(413, "", NONE, id="a proxy"),
    pytest.param(
        400,
        "This model's maximum context length is 4096 tokens. However, your request has 5000 input tokens. Please reduce"
        " the length of the input messages.",
        (5000, 4096),
        id="vLLM",
    ),
    pytest.param(
        400,
        "'max_tokens' or 'max_completion_tokens' is too large: 1000. This model's maximum context length is 4096 tokens"
        " and your request has 3500 input tokens (1000 > 4096 - 3500).",
        (3500, 4096),
        id="vLLM, with the answer",
    ),
    pytest.param(
        400,
        "The decoder prompt (length 9000) is longer than the maximum model length of 4096.",
        (9000, 4096),
        id="vLLM, decoder",
    ),
    pytest.param(
        400,
        "prompt has 9000 tokens, which is more than the max_model_len 4096",
        (9000, 4096),
        id="vLLM, by its option",
    ),
    pytest.param(
        400,
        "The input (9000 tokens) is longer than the model's context length (4096 tokens).",
        (9000, 4096),
        id="SGLang",
    ),
    pytest.param(
        400,
        "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of 5000"
        " tokens: 4000 tokens from the input messages and 1000 tokens for the completion.",
        (4000, 4096),
        id="SGLang, with the answer",
    ),
    pytest.param(
        400,
        "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context"
        " length of only 4096 tokens, which is not enough.",
        (5000, 4096),
        id="LM Studio",
    ),
    pytest.param(
        400,
        "The number of tokens to keep from the initial prompt is greater than the context length.",
        NONE,
        id="LM Studio, without numbers",
    ),
    pytest.param(
        422,
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and"
        " 512 `max_new_tokens`",
        (5000, 4096),
        id="TGI, Together",
    ),
    pytest.param(
        422, "Input validation error: `inputs` must have less than 4095 tokens. Given: 5000", NONE, id="TGI, prompt"
    ),
    pytest.param(400, "Please reduce the length of the messages or completion.", NONE, id="Groq"),
    pytest.param(
        413,
        "Request too large for model `llama` on tokens per minute (TPM): Limit 6000, Requested 9000",
        NONE,
        id="Groq, more than a minute allows",
    ),
    pytest.param(
        400,
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
        (40000, 32768),
        id="Mistral",
    ),
    pytest.param(
        400,
        "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 tokens (8500 of text"
        " input, 500 in the output). Please reduce the length of either one.",
        (8500, 8192),
        id="OpenRouter",
    ),
    pytest.param(
        400,
        "The input token count (40000) exceeds the maximum number of tokens allowed (32768).",
        (40000, 32768),
        id="Gemini",
    ),
    pytest.param(
        400,
        "This model's maximum prompt length is 131072 but the request contains 200000 tokens.",
        (200000, 131072),
        id="xAI",
    ),
    pytest.param(
        400,
        "The prompt is too long: 9000, model maximum context length: 8192",
        (9000, 8192),
        id="Fireworks",
    ),
    pytest.param(400, "Input is too long for requested model.", NONE, id="Bedrock"),
    pytest.param(400, "Range of input length should be [1, 30720]", NONE, id="DashScope"),
    pytest.param(400, "Your request exceeded model token limit: 8192", NONE, id="Moonshot"),
    pytest.param(400, "Prompt exceeds max length", NONE, id="Zhipu"),
    pytest.param(413, "Request body too large for gpt-4o model. Max size: 8000 tokens.", NONE, id="GitHub Models"),
]


@pytest.mark.parametrize(("status", "body", "numbers"), TOO_LONG)
def test_a_prompt_that_is_too_long_is_called_so_with_the_numbers_the_server_names(
    status: int, body: str, numbers: tuple[int | None, int | None]
) -> None:
    error = failures.for_status(MODEL, status, body, {})
    assert (error.failure, (error.prompt_tokens, error.window), error.again) == ("too-long", numbers, False)


@pytest.mark.parametrize(
    ("status", "message", "outcome"),
    [
        (500, "option num_ctx must be of type integer", "bad-request"),
        (500, "failed to parse grammar", "bad-request"),
        (500, "llama runner: grammar parse error", "bad-request"),
        (500, "Unable to generate parser for this template. Automatic parser generation failed", "bad-request"),
        (500, "json: cannot unmarshal string into Go struct field ChatRequest.messages", "bad-request"),
        (500, "[json.exception.type_error.302] type must be string, but is null", "bad-request"),
        (500, "model 'x' not found, try pulling it first", "missing-model"),
        (400, "foo is not a valid model ID", "missing-model"),
        (400, "Model Not Exist", "missing-model"),
        (400, "invalid model ID", "missing-model"),
        (422, "The model `x` does not exist", "missing-model"),
        (500, "error loading model", "load-failed"),
        (500, "timed out waiting for llama runner to start - progress 0.00", "load-failed"),
        (402, "Insufficient Balance", "auth"),
        (402, "", "auth"),
        (403, "Insufficient credits", "auth"),
        (400, "Your credit balance is too low", "auth"),
        (429, "Rate limit reached for requests", "rate-limited"),
        (429, "You exceeded your current quota, please retry in 20 s", "rate-limited"),
        (403, "Your input was flagged by moderation", "filtered"),
        (403, "The model requires moderation", "filtered"),
        (403, "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO", "filtered"),
        (400, "The response was filtered due to Azure's content management policy", "filtered"),
        (400, "Content Exists Risk", "filtered"),
        (400, "Output blocked by content filtering policy", "filtered"),
        (400, "This violates the content moderation policy", "filtered"),
        (403, "Your account was flagged for review", "auth"),
        (403, "Country, region, or territory not supported", "auth"),
        (400, "messages: at least one is required", "bad-request"),
        (407, "Proxy Authentication Required", "unreachable"),
        (499, "client closed request", "broken"),
    ],
)
def test_a_status_is_called_by_what_its_body_means(status: int, message: str, outcome: str) -> None:
    error = failures.for_status(MODEL, status, json.dumps({"error": {"message": message}}), {})
    assert (error.failure, error.again) == (outcome, False)


KEYED = MODEL.replace(key="MY_KEY")
ACCESS = [
    (403, {"message": "Project `proj_x` does not have access to model `m`", "code": "model_not_found"}),
    (403, {"message": "You are not allowed to sample from this model", "type": "invalid_request_error"}),
    (403, {"message": "The model `m` is blocked at the project level.", "code": "model_permission_blocked_project"}),
    (403, {"message": "No access to model: m", "code": "no_access"}),
    (403, {"message": "You don't have access to the model with the specified model ID."}),
    (401, {"message": "key not allowed to access model. It can only access models=['a']", "type": "auth_error"}),
    (401, {"message": "no", "type": "key_model_access_denied"}),
]


@pytest.mark.parametrize(("status", "error"), ACCESS)
def test_a_model_that_a_key_does_not_open_is_missing_and_the_key_is_not_bad(status: int, error: object) -> None:
    found = failures.for_status(KEYED, status, json.dumps({"error": error}), {})
    assert (found.failure, found.text) == (
        "missing-model",
        f"http://127.0.0.1:1/v1 answered {status}: it has no model m for the key MY_KEY.",
    )
    assert found.hint == "Name one that the key MY_KEY may use."
    assert "this machine" in failures.for_status(MODEL, status, json.dumps({"error": error}), {}).text


@pytest.mark.parametrize(
    ("status", "body", "model_only"),
    [
        (401, {"message": "Incorrect API key provided: sk-canary"}, False),
        (401, {"message": "The model is a secret"}, False),
        (402, {"message": "pay"}, False),
        (403, {"message": "insufficient_quota"}, False),
        (403, {"message": "Country, region, or territory not supported"}, True),
        (403, {"type": "permission_error", "message": "no"}, True),
    ],
)
@pytest.mark.parametrize("model", [MODEL, KEYED], ids=["no key", "a key"])
def test_who_is_not_let_in_is_so_for_all_models_only_where_the_key_itself_is_not_taken(
    status: int,
    body: object,
    model_only: bool,  # noqa: FBT001
    model: Model,
) -> None:
    found = failures.for_status(model, status, json.dumps({"error": body}), {})
    assert (found.failure, found.model_only, "canary" in found.sentence()) == ("auth", model_only, False)


@pytest.mark.parametrize("status", [500, 502])
def test_an_error_that_says_nothing_may_be_met_no_second_time(status: int) -> None:
    assert failures.for_status(MODEL, status, "boom", {}).again


def test_a_code_says_as_much_as_a_message() -> None:
    assert word(403, "No.", code="content_policy_violation") == "filtered"
    assert word(429, "No.", code="insufficient_quota") == "auth"
    assert word(500, "No.", type="invalid_request_error") == "bad-request"
    assert word(400, "No.", code="model_not_found") == "missing-model"


@pytest.mark.parametrize(("status", "body"), [(402, ""), (429, '{"error":{"type":"insufficient_quota"}}')])
def test_an_account_without_money_is_said_to_be_one(status: int, body: str) -> None:
    error = failures.for_status(MODEL, status, body, {})
    assert error.sentence() == (
        f"http://127.0.0.1:1/v1 answered {status}: the account has no money left. Look at its billing."
    )


IN_BAND = [
    ({"code": 429, "message": "Rate limit exceeded"}, "rate-limited"),
    ({"code": "429", "message": "Rate limit exceeded"}, "rate-limited"),
    ({"type": "rate_limit_exceeded", "message": "slow down"}, "rate-limited"),
    ({"code": 401, "message": "No auth credentials found"}, "auth"),
    ({"code": 402, "message": "Insufficient credits"}, "auth"),
    ({"code": "insufficient_quota", "type": "insufficient_quota", "message": "pay"}, "auth"),
    ({"code": 404, "message": "No endpoints found"}, "missing-model"),
    ({"code": "content_filter", "message": "no"}, "filtered"),
    (
        {"code": 403, "message": "x", "metadata": {"reasons": ["y"], "flagged_input": "z"}, "type": "moderation"},
        "filtered",
    ),
    ({"code": 400, "message": "context_length_exceeded"}, "too-long"),
    ({"code": 400, "type": "BadRequestError", "message": "no"}, "bad-request"),
    ({"code": 502, "message": "Provider returned error"}, "broken"),
    ({"code": 503, "message": "No provider"}, "busy"),
    ({"type": "server_error", "message": "boom"}, "broken"),
    ({"code": True, "message": "boom"}, "broken"),
    ({"code": 7, "message": "boom"}, "broken"),
    ("boom", "broken"),
]


@pytest.mark.parametrize(("error", "outcome"), IN_BAND)
async def test_an_error_inside_a_200_is_what_its_code_or_type_would_be_as_a_status(error: object, outcome: str) -> None:
    loose = json.dumps({"error": error}, indent=1).encode()
    scripts = [
        Script([sse(delta("x"), {"error": error})]),
        Script([sse({**delta("", "error"), "error": error})]),
        Script([b"error: " + json.dumps(error).encode() + b"\n\n"]),
        Script([loose], headers={"content-type": "application/json"}),
    ]
    async with serving(*scripts) as server:
        for _ in scripts:
            assert (await failure(OpenAI(lambda _: None), question(compatible(server.url)))).failure == outcome


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        ({"object": "error", "message": "no", "type": "BadRequestError", "param": None, "code": 400}, "bad-request"),
        ({"error": "`inputs` must have less than 9 tokens. Given: 10", "error_type": "validation"}, "too-long"),
        ({"error": "Model is overloaded", "error_type": "overloaded"}, "busy"),
    ],
    ids=["vLLM", "TGI, too long", "TGI, busy"],
)
async def test_errors_of_other_shapes_inside_a_200_are_errors(event: object, outcome: str) -> None:
    async with serving(Script([sse(event)])) as server:
        assert (await failure(OpenAI(lambda _: None), question(compatible(server.url)))).failure == outcome


@pytest.mark.parametrize(
    "metadata", [{"retry_after": 30}, {"headers": {"Retry-After": "30"}}, {"retry-after-ms": "30000"}]
)
async def test_the_time_to_be_left_alone_is_read_inside_a_200_too(metadata: dict[str, object]) -> None:
    event = {"error": {"code": 429, "message": "slow down", "metadata": metadata}}
    async with serving(Script([sse(event)])) as server:
        error = await failure(OpenAI(lambda _: None), question(compatible(server.url)))
    assert (error.failure, error.retry_after) == ("rate-limited", 30.0)


async def test_a_finish_that_says_error_is_no_answer() -> None:
    async with serving(Script([sse(delta("half"), delta("", "error")) + b"data: [DONE]\n\n"])) as server:
        assert (await failure(OpenAI(lambda _: None), question(compatible(server.url)))).failure == "broken"


@pytest.mark.parametrize("empty", ["null", '""', "{}"])
async def test_an_error_with_nothing_in_it_is_none(empty: str) -> None:
    nothing = json.loads(empty)
    native = json.dumps({"message": {"content": "fine"}, "done": True, "error": nothing}).encode()
    event = sse({**delta("fine", "stop"), "error": nothing})
    async with serving(Script([native + b"\n"]), Script([event])) as server:
        for chat, asked in ((Ollama(), ollama(server.url)), (OpenAI(lambda _: None), compatible(server.url))):
            events = await heard(chat, question(asked))
            assert text_of(events) == "fine"
            assert end_of(events).stop == "stop"


@pytest.mark.parametrize("make", [ollama, compatible])
async def test_a_connection_closed_without_a_byte_may_be_tried_again(make: Any) -> None:
    async with serving(Script(silent=True)) as server:
        chat = Ollama() if make is ollama else OpenAI(lambda _: None)
        error = await failure(chat, question(make(server.url)))
    assert (error.failure, error.again) == ("broken", True)


async def test_a_connection_closed_in_the_middle_is_not_tried_again() -> None:
    async with serving(Script([b'{"message":{"content":"x"},"done":false}\n'], cut=True)) as server:
        error = await failure(Ollama(), question(ollama(server.url)))
    assert (error.failure, error.again) == ("broken", False)


@pytest.mark.parametrize("offset", [0, -3600, 3600, -40 * 365 * 86400], ids=["right", "behind", "ahead", "of 1985"])
def test_a_date_to_come_again_at_is_held_against_the_answer_s_own(offset: float) -> None:
    now = datetime.now(UTC) + timedelta(seconds=offset)
    headers = {"date": format_datetime(now, usegmt=True), "retry-after": format_datetime(now + MINUTE, usegmt=True)}
    assert failures.retry_after(headers) == 60.0


@pytest.mark.parametrize("date", ["Thu, 01 Jan 1970 00:00:00 GMT", "soon", "", "Fri, 31 Dec 2199 00:00:00 GMT"])
def test_a_date_that_is_not_of_the_same_clock_is_not_believed(date: str) -> None:
    until = datetime.now(UTC) + MINUTE
    found = failures.retry_after({"date": date, "retry-after": format_datetime(until, usegmt=True)})
    assert found == pytest.approx(60.0, abs=30.0)


def test_a_date_without_a_zone_is_one_of_greenwich() -> None:
    told = {"date": "Thu, 26 Nov 2026 01:00:00 -0000", "retry-after": "Thu, 26 Nov 2026 01:00:07 GMT"}
    assert failures.retry_after(told) == 7.0


ELSEWHERE = [
    ("http://127.0.0.1:9/v1", "https://127.0.0.1:9/v1/chat/completions", "it speaks TLS alone."),
    ("http://gateway.test/v1", "https://Gateway.test/v1/chat/completions", "it speaks TLS alone."),
    ("http://gateway.test/v1", "https://other.test:8443/v1?prompt=canary", "it points to other.test."),
    ("https://gateway.test/v1", "http://[fd00::1]/canary", "it points to fd00::1."),
    ("https://gateway.test/v1", "//login.test/canary", "it points to login.test."),
    ("https://gateway.test/v1", "/v1/canary/", "it points to another address."),
    ("https://gateway.test/v1", "https://gateway.test/canary", "it points to another address."),
    ("https://gateway.test/v1", "http://canary\N{CYRILLIC SMALL LETTER A}.test", "it points to another address."),
    ("https://gateway.test/v1", "http://canary<b>.test", "it points to another address."),
    ("https://gateway.test/v1", "http://[canary", "it points to another address."),
    ("https://gateway.test/v1", "", "it points to another address."),
]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(("url", "location", "says"), ELSEWHERE)
def test_a_server_that_points_elsewhere_is_an_address_to_be_corrected(
    status: int, url: str, location: str, says: str
) -> None:
    error = failures.for_status(MODEL.replace(url=url), status, "<html>canary</html>", {"location": location})
    assert (error.failure, error.text, error.again) == ("bad-request", f"{url} answered {status}: {says}", False)
    is_tls = "TLS" in says
    assert error.hint == ("Write https:// instead of http:// in `url`." if is_tls else "Check `url` in rung.toml.")


def test_a_maker_that_points_elsewhere_is_not_who_answers() -> None:
    error = failures.for_status(Model("openai", "m"), 302, "", {"location": "http://login.hotel.test/?from=x"})
    assert error.sentence() == (
        "api.openai.com answered 302: it points to login.hotel.test. Does a firewall or a proxy stand between?"
    )


@pytest.mark.parametrize("make", [ollama, compatible, claude.model])
async def test_nobody_is_followed_to_where_a_server_points(make: Any) -> None:
    chat: Any = {ollama: Ollama(), compatible: OpenAI(lambda _: None)}.get(make, claude.keyed())
    async with serving(Script([b"{}"])) as other:
        for status in (301, 302, 303, 307, 308):
            async with serving(Script(status=status, headers={"location": f"{other.url}/v1"})) as server:
                error = await failure(chat, question(make(server.url)))
                assert len(server.talks) == 1
            assert error.failure == "bad-request"
        assert other.talks == []


@pytest.mark.parametrize(
    "body",
    [
        "Client sent an HTTP request to an HTTPS server.\n",
        "<html><h1>400 Bad Request</h1><center>The plain HTTP request was sent to HTTPS port</center></html>",
    ],
    ids=["Go", "nginx"],
)
def test_a_server_that_speaks_tls_alone_is_said_to_do_so(body: str) -> None:
    error = failures.for_status(MODEL, 400, body, {})
    assert (error.failure, error.hint) == ("bad-request", "Write https:// instead of http:// in `url`.")
    assert error.text == "http://127.0.0.1:1/v1 answered 400: it speaks TLS alone."


GOOGLE = [
    {
        "error": {
            "code": 429,
            "message": "You exceeded your current quota. Please retry in 27.37s.",
            "status": "RESOURCE_EXHAUSTED",
            "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "27s"}],
        }
    }
]


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ("Limit 30000, Used 29000, Requested 2000. Please try again in 1.2s. Visit https://x", 1.2),
        ("Rate limit reached. Please try again in 380ms.", 0.38),
        ("Please try again in 6m0s.", 360.0),
        ("please try again in 1h2m3.5s", 3723.5),
        ("Requests have exceeded the limit. Please retry after 26 seconds.", 26.0),
        ("try again in 2 minutes", 120.0),
        ('{"details":[{"retryDelay": "17s"}]}', 17.0),
        (json.dumps(GOOGLE), 27.37),
        ("try again in 99999h", failures.LONGEST_PAUSE),
        ("Please try again later. 30 seconds is not much", None),
        ("You may try again in 5 models", None),
        ("", None),
    ],
)
def test_the_time_to_come_again_is_read_in_the_body_where_no_header_has_it(body: str, seconds: float | None) -> None:
    found = failures.for_status(MODEL, 429, body, {})
    assert (found.failure, found.retry_after) == (
        "rate-limited",
        seconds if seconds is None else pytest.approx(seconds),
    )
    assert failures.for_status(MODEL, 429, body, {"retry-after": "9"}).retry_after == 9.0
