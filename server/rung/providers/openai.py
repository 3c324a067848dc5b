"""OpenAI, and every server that speaks its chat completions, through the ``openai`` package.

The package does the request, the credentials and the errors. Its retries are off (the ladder alone retries), the
variables it would read (``OPENAI_BASE_URL`` and such) are overridden, and the stream is read by ``openai_stream``: its
typed event objects cost 25 times the CPU (facts 9). The import takes 0.7 s, so it happens in a thread, before the first
question.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

import httpx2

from rung.errors import AttemptError
from rung.providers import connections, failures, overflow, rehearsal
from rung.providers.events import Opened, Question
from rung.providers.key import Keys, key_of
from rung.providers.loopback import over_http
from rung.providers.ollama import SIMULATED
from rung.providers.openai_stream import read
from rung.providers.package import Package
from rung.providers.thinking import tags_for
from rung.providers.transport import client_for, ready
from rung.types.model import Model
from rung.types.pattern import lazy

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from rung.providers.events import StreamEvent

OFFICIAL = "https://api.openai.com/v1"
REASONING = ("gpt-5", "o1", "o3", "o4")
"""Names that begin so think before they speak, and count it as output."""
LIMITS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""The two names of the limit of an answer."""
PARAMETERS = (
    ("reasoning_effort", lazy(r"reasoning_effort")),
    ("max_tokens", lazy(r"max_tokens")),
    ("max_completion_tokens", lazy(r"max_completion_tokens")),
    ("stream_options", lazy(r"stream_options")),
    ("response_format", lazy(r"response_format|json_schema")),
    ("reasoning_effort", lazy(r"reasoning|thinking", re.IGNORECASE)),
)
"""What may be left out of a request where a server does not know it, and how its refusal names it, plainest first."""
LASTING = {"max_tokens", "max_completion_tokens", "reasoning_effort", "stream_options"}
"""What a server that refused it refuses each time; a schema may be refused for what is in it."""
MENDED = {400, 422}
"""The statuses that may complain of a parameter."""
HEADROOM = 4000
"""Tokens a reasoning model may think on top of the answer; without them short answers come back empty (facts 8)."""


def address(model: Model) -> str:
    """The base url of a model, the provider's own where the settings name none."""
    return model.url or OFFICIAL


def request_body(question: Question) -> dict[str, Any]:
    """The body of ``/chat/completions``."""
    model = question.model
    body: dict[str, Any] = {
        "model": model.model,
        "messages": [{"role": m.role, "content": m.content} for m in question.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if model.provider == "openai":
        reasons = model.model.startswith(REASONING)
        body["max_completion_tokens"] = question.max_output + (HEADROOM if reasons else 0)
        if reasons:
            body["reasoning_effort"] = "low"
    else:
        body["max_tokens"] = question.max_output
        # Some models think unless told otherwise, and would spend a short answer's tokens on it.
        body["reasoning_effort"] = "none"
    if question.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": question.schema},
        }
    return body


def complained_of(body: dict[str, Any], complaint: str) -> str | None:
    """The parameter a refusal complains of; None where it complains of something else."""
    if overflow.names_the_window(complaint):
        # Some servers name max_tokens in the same breath as the window that is too small.
        return None
    return next((name for name, words in PARAMETERS if name in body and words.search(complaint)), None)


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    """The body without a parameter; a limit goes by its other name instead."""
    rest = {key: value for key, value in body.items() if key != name}
    return {**rest, LIMITS[name]: body[name]} if name in LIMITS else rest


class OpenAI:
    """The providers ``openai`` and ``openai-compatible``."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._package = Package(
            "openai",
            "openai.resources.chat.chat",
            "openai.resources.chat.completions.completions",
            rehearse=_rehearse,
        )
        self._refused: dict[tuple[str, str], tuple[str, ...]] = {}
        """What each model's server refused, by address and name, so that it is refused once and not each time."""

    async def prepare(self, question: Question) -> None:
        """See :class:`rung.providers.events.Prepared`."""
        key_of(self._keys, question.model)
        await ready(question.model, address(question.model))
        await self._package.load()

    async def chat(self, question: Question) -> AsyncGenerator[StreamEvent]:
        """See :class:`rung.providers.events.Chat`."""
        model = question.model
        key = key_of(self._keys, model)
        sdk = await self._package.load()
        async with client_for(model, address(model)) as http:
            base = over_http(address(model), "/v1")
            client = _made(sdk, http, base, key)
            async with contextlib.aclosing(self._mended(sdk, client, question)) as events:
                async for event in events:
                    yield event

    async def _mended(self, sdk: Any, client: AsyncOpenAI, question: Question) -> AsyncGenerator[StreamEvent]:
        """The answer, asked for once more after each refusal that names a parameter; each is mended once."""
        model, body = question.model, request_body(question)
        mended: list[str] = []
        for name in self._refused.get((model.url, model.model), ()):
            if name in body:
                body = without(body, name)
        while True:
            complaint: list[str] = []
            async with contextlib.aclosing(
                _stream(sdk, client, question, body, tuple(mended), complaint=complaint)
            ) as events:
                async for event in events:
                    if isinstance(event, Opened):
                        self._remember(model, mended)
                    yield event
            if not complaint:
                return
            mended.append(complaint[0])
            body = without(body, complaint[0])

    def _remember(self, model: Model, mended: list[str]) -> None:
        """Without these it was taken."""
        place = (model.url, model.model)
        lasting = [name for name in mended if name in LASTING]
        if lasting:
            self._refused[place] = tuple(dict.fromkeys((*self._refused.get(place, ()), *lasting)))


def _made(sdk: Any, http: httpx2.AsyncClient, base: str, key: str | None) -> AsyncOpenAI:
    """The package's client."""
    client: AsyncOpenAI = sdk.AsyncOpenAI(
        api_key=key or "none", base_url=base, max_retries=0, http_client=http, timeout=http.timeout
    )
    # The SDK fills these from variables that are not Rung's to use, and has no argument that says "none".
    client.organization = client.project = None
    client._custom_headers = {}  # noqa: SLF001
    return client


async def _rehearse(sdk: Any) -> None:
    """Ask nobody."""
    asked = Question(Model("openai", "m"), (), 1)
    async with rehearsal.client(b"data: [DONE]\n\n") as http:
        client = _made(sdk, http, rehearsal.NOBODY, None)
        async with contextlib.aclosing(_stream(sdk, client, asked, request_body(asked), (), complaint=[])) as events:
            async for _ in events:
                pass


async def _stream(
    sdk: Any,
    client: AsyncOpenAI,
    question: Question,
    body: dict[str, Any],
    mended: tuple[str, ...],
    *,
    complaint: list[str],
) -> AsyncGenerator[StreamEvent]:
    """One request; the parameter a refusal names goes into ``complaint`` instead of being raised, unless ``mended``."""
    model = question.model
    try:
        async with client.chat.completions.with_streaming_response.create(**body) as response:
            yield Opened(simulated=SIMULATED in response.headers)
            if "text/html" in response.headers.get("content-type", ""):
                raise AttemptError("broken", f"{failures.host_of(model)} sent a web page, not an answer.")
            async with contextlib.aclosing(
                read(model, response.http_response.aiter_bytes(), tags_for(question))
            ) as events:
                async for event in events:
                    yield event
    except sdk.APIStatusError as error:
        text = error.response.text[:65536]
        name = complained_of(body, text) if error.status_code in MENDED else None
        # A server that refuses both names of the limit is not asked for ever.
        if name and name not in mended and LIMITS.get(name) not in mended:
            complaint.append(name)
            return
        raise failures.for_status(model, error.status_code, text, error.response.headers) from None
    except sdk.APIConnectionError as error:
        cause = error.__cause__
        with connections.mapped(model):
            raise cause if isinstance(cause, Exception) else error  # noqa: B904
    except sdk.OpenAIError:
        raise AttemptError("broken", f"{failures.host_of(model)} sent something unreadable.") from None
    except httpx2.HTTPError:
        with connections.mapped(model):
            raise
