"""Anthropic by its native messages API, through the ``anthropic`` package.

Anthropic's OpenAI form is, in its own words, not for production, so it is not used. The package does the request and
the errors. Its retries, its telemetry and every variable and file it would read (``ANTHROPIC_BASE_URL``, profiles and
such) are off, and the stream is read by ``anthropic_stream``, for its typed events cost 25 times the CPU (facts 9).
The import takes 1.5 s, so it happens in a thread, at the first question.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import warnings
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any

import httpx2

from rung.errors import AttemptError
from rung.providers import anthropic_failures, failures, sse
from rung.providers.anthropic_stream import Reader
from rung.providers.events import Opened, Question
from rung.providers.ollama import SIMULATED
from rung.providers.thinking import tags_for
from rung.providers.transport import client_for
from rung.types.model import Model

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

    from rung.providers.events import StreamEvent

OFFICIAL = "https://api.anthropic.com"
VERSION = "2023-06-01"
"""Of the API: the one whose stream is read here, and which everybody who offers this protocol speaks. A newer package
would ask for a newer one by itself."""
HEADROOM = 4000
"""Tokens a model that cannot leave thinking be may think on top of the answer; they count as output."""
REPAIRS = 3
"""How many parameters of one question may be mended, each after a 400 that names it."""

Keys = Callable[[str], str | None]
"""Finds a key by its name; None where there is none."""


def address(model: Model) -> str:
    """The base url of a model without the ``/v1`` that the package adds itself; Anthropic's where there is none."""
    return (model.url or OFFICIAL).rstrip("/").removesuffix("/v1")


def request_body(question: Question) -> dict[str, Any]:
    """The body of ``/v1/messages``."""
    body: dict[str, Any] = {
        "model": question.model.model,
        "max_tokens": question.max_output,
        "messages": [{"role": m.role, "content": m.content} for m in question.messages if m.role != "system"],
        "stream": True,
        # Some models think unless told otherwise, and would spend a short answer's tokens on it.
        "thinking": {"type": "disabled"},
    }
    system = "\n\n".join(m.content for m in question.messages if m.role == "system" and m.content)
    if system:
        body["system"] = system
    if question.schema is not None:
        body["output_config"] = {"format": {"type": "json_schema", "schema": question.schema}}
    return body


def repaired(body: dict[str, Any], complaint: str) -> dict[str, Any] | None:
    """The body without what a 400 complains of; None where it complains of something else."""
    most = anthropic_failures.most_output(complaint)
    if most is not None:
        return {**body, "max_tokens": most} if 0 < most < body["max_tokens"] else None
    names = []
    if "thinking" in complaint:
        names.append("thinking")
    if any(word in complaint for word in ("output_config", "output_format", "json_schema", "structured output")):
        names.append("output_config")
    gone = next((name for name in names if name in body), None)
    if gone is None:
        return None
    rest = {name: value for name, value in body.items() if name != gone}
    if gone == "thinking":
        rest["max_tokens"] += HEADROOM
        rest["output_config"] = {**rest.get("output_config", {}), "effort": "low"}
    return rest


class Anthropic:
    """The provider ``anthropic``."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    async def chat(self, question: Question) -> AsyncGenerator[StreamEvent]:
        """See :class:`rung.providers.events.Chat`."""
        model = question.model
        key = self._key(model)
        sdk = await asyncio.to_thread(importlib.import_module, "anthropic")
        logging.getLogger("anthropic").setLevel(logging.WARNING)
        # Whether a model still answers is the server's to say; under `-W error` the package's opinion would be raised.
        warnings.filterwarnings("ignore", r"The model '.*' is deprecated", DeprecationWarning)
        with failures.mapped(model):
            async with client_for(address(model), model.connect) as http:
                client: AsyncAnthropic = sdk.AsyncAnthropic(
                    # Any key at all keeps it from looking for one in variables and files.
                    api_key="none",
                    base_url=str(http.base_url),
                    max_retries=0,
                    http_client=http,
                    timeout=http.timeout,
                    open_telemetry={"traces": False, "propagation": False},
                )
                # Instead of the headers of a variable. The version and the way to show the key belong together.
                client._custom_headers = {  # noqa: SLF001
                    "anthropic-version": VERSION,
                    "X-Api-Key": key or sdk.omit,
                    "Authorization": sdk.omit,
                }
                async with contextlib.aclosing(_mended(sdk, client, question)) as events:
                    async for event in events:
                        yield event

    def _key(self, model: Model) -> str | None:
        if not model.key:
            return None
        key = self._keys(model.key)
        if not key:
            raise AttemptError("auth", f"The key {model.key} is not set.", f"Set {model.key} in your environment.")
        if not (key.isascii() and key.isprintable()):
            # It could not be sent, and the error that says so would quote it.
            raise AttemptError("auth", f"The key {model.key} has characters no key has.", f"Check {model.key}.")
        return key


async def _mended(sdk: Any, client: AsyncAnthropic, question: Question) -> AsyncGenerator[StreamEvent]:
    """The answer, the request mended after each 400 that says how."""
    body = request_body(question)
    for left in range(REPAIRS, -1, -1):
        complaint: list[str] = []
        async with contextlib.aclosing(_stream(sdk, client, question, body, complaint if left else None)) as events:
            async for event in events:
                yield event
        better = repaired(body, complaint[0]) if complaint else None
        if better is None:
            return
        body = better


async def _stream(
    sdk: Any, client: AsyncAnthropic, question: Question, body: dict[str, Any], complaint: list[str] | None
) -> AsyncGenerator[StreamEvent]:
    """One request. A 400 that can be mended goes into ``complaint`` instead of being raised, where that is a list."""
    model = question.model
    try:
        async with client.messages.with_streaming_response.create(**body) as response:
            yield Opened(simulated=SIMULATED in response.headers)
            if "text/html" in response.headers.get("content-type", ""):
                raise AttemptError("broken", f"{failures.host_of(model)} sent a web page, not an answer.")
            reader = Reader(model, tags_for(question))
            async with contextlib.aclosing(sse.events(response.http_response.aiter_bytes())) as said:
                async for piece in said:
                    for event in reader.feed(piece):
                        yield event
                    if reader.ended:
                        return
            raise failures.unfinished(model)
    except sdk.APIStatusError as error:
        text = error.response.text[:65536]
        if complaint is not None and error.status_code == 400 and repaired(body, text) is not None:
            complaint.append(text)
            return
        raise failures.for_status(model, error.status_code, text, error.response.headers) from None
    except sdk.APIConnectionError as error:
        if isinstance(error.__cause__, httpx2.HTTPError):
            raise error.__cause__  # noqa: B904 - "from" would cut off the cause that tells why
        raise AttemptError("broken", f"The connection to {failures.host_of(model)} broke.") from None
    except sdk.AnthropicError:
        raise AttemptError("broken", f"{failures.host_of(model)} sent something unreadable.") from None
