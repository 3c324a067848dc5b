"""OpenAI, and every server that speaks its chat completions, through the ``openai`` package.

The package does the request, the credentials and the errors. Its retries are off (the ladder alone retries), the
variables it would read (``OPENAI_BASE_URL`` and such) are overridden, and the stream's ``data:`` lines are read here:
its typed event objects cost 25 times the CPU (facts 9). The import takes 0.7 s, so it happens in a thread, at the first
question.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any

import httpx2

from rung.errors import AttemptError
from rung.providers import failures, openai_failures, overflow
from rung.providers.events import Finished, Opened, Question, Thought, Usage
from rung.providers.loopback import over_http
from rung.providers.ollama import SIMULATED
from rung.providers.thinking import ThinkTags
from rung.providers.transport import LONGEST_ERROR, client_for, lines
from rung.types.model import Model

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from rung.providers.events import StreamEvent

OFFICIAL = "https://api.openai.com/v1"
REASONING = ("gpt-5", "o1", "o3", "o4")
"""Names that begin so think before they speak, and count it as output."""
HEADROOM = 4000
"""Tokens a reasoning model may think on top of the answer; without them short answers come back empty (facts 8)."""

Keys = Callable[[str], str | None]
"""Finds a key by its name; None where there is none."""


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
    if question.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": question.schema},
        }
    return body


def repaired(body: dict[str, Any], complaint: str) -> dict[str, Any] | None:
    """The body without the parameter a 400 complains of; None where it complains of something else."""
    if overflow.names_the_window(complaint):
        # Some servers name max_tokens in the same breath as the window that is too small.
        return None
    if "max_tokens" in complaint and "max_tokens" in body:
        rest = {name: value for name, value in body.items() if name != "max_tokens"}
        return {**rest, "max_completion_tokens": body["max_tokens"]}
    if "max_completion_tokens" in complaint and "max_completion_tokens" in body:
        rest = {name: value for name, value in body.items() if name != "max_completion_tokens"}
        return {**rest, "max_tokens": body["max_completion_tokens"]}
    for name in ("reasoning_effort", "stream_options", "response_format"):
        if name in body and (name in complaint or (name == "response_format" and "json_schema" in complaint)):
            return {key: value for key, value in body.items() if key != name}
    return None


class OpenAI:
    """The providers ``openai`` and ``openai-compatible``."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    async def chat(self, question: Question) -> AsyncGenerator[StreamEvent]:
        """See :class:`rung.providers.events.Chat`."""
        model = question.model
        key = self._keys(model.key) if model.key else None
        if model.key and not key:
            raise AttemptError("auth", f"The key {model.key} is not set.", f"Set {model.key} in your environment.")
        sdk = await asyncio.to_thread(importlib.import_module, "openai")
        logging.getLogger("openai").setLevel(logging.WARNING)
        async with client_for(address(model), model.connect) as http:
            base = over_http(address(model), "/v1")
            client: AsyncOpenAI = sdk.AsyncOpenAI(
                api_key=key or "none", base_url=base, max_retries=0, http_client=http, timeout=http.timeout
            )
            # The SDK fills these from variables that are not Rung's to use, and has no argument that says "none".
            client.organization = client.project = None
            client._custom_headers = {}  # noqa: SLF001
            body = request_body(question)
            complaint: list[str] = []
            async with contextlib.aclosing(_stream(sdk, client, model, body, complaint)) as first:
                async for event in first:
                    yield event
            second = repaired(body, complaint[0]) if complaint else None
            if second is not None:
                async with contextlib.aclosing(_stream(sdk, client, model, second, None)) as again:
                    async for event in again:
                        yield event


async def _stream(
    sdk: Any, client: AsyncOpenAI, model: Model, body: dict[str, Any], complaint: list[str] | None
) -> AsyncGenerator[StreamEvent]:
    """One request. A 400 that can be repaired goes into ``complaint`` instead of being raised, where that is a list."""
    try:
        async with client.chat.completions.with_streaming_response.create(**body) as response:
            yield Opened(simulated=SIMULATED in response.headers)
            if "text/html" in response.headers.get("content-type", ""):
                raise AttemptError("broken", f"{failures.host_of(model)} sent a web page, not an answer.")
            async with contextlib.aclosing(_read(model, response.http_response.aiter_bytes())) as events:
                async for event in events:
                    yield event
    except sdk.APIStatusError as error:
        text = error.response.text[:65536]
        if complaint is not None and error.status_code == 400 and repaired(body, text) is not None:
            complaint.append(text)
            return
        raise failures.for_status(model, error.status_code, text, error.response.headers) from None
    except sdk.APIConnectionError as error:
        cause = error.__cause__
        with failures.mapped(model):
            raise cause if isinstance(cause, Exception) else error  # noqa: B904
    except sdk.OpenAIError:
        raise AttemptError("broken", f"{failures.host_of(model)} sent something unreadable.") from None
    except httpx2.HTTPError:
        with failures.mapped(model):
            raise


async def _read(model: Model, chunks: AsyncGenerator[bytes]) -> AsyncGenerator[StreamEvent]:
    """The events of a streamed body.

    The end marker is a finish_reason or ``[DONE]``: usage comes after the one and before the other, and some servers
    send only one of them.
    """
    tags, usage, stop, served, ended = ThinkTags(), Usage(), None, None, False
    loose = b""
    async with contextlib.aclosing(lines(chunks)) as found_lines:
        async for line in found_lines:
            name, _, data = line.partition(b":")
            data = data.strip()
            # llama.cpp puts an error into a field of that name.
            if name not in {b"data", b"error"} or not data:
                # A gateway may answer 200 and one object that is an error.
                if (loose or line.startswith(b"{")) and len(loose) < LONGEST_ERROR:
                    loose += line
                continue
            if data == b"[DONE]":
                ended = True
                break
            found = failures.parse_object(model, data)
            error = openai_failures.in_band(model, {"error": found} if name == b"error" else found)
            if error:
                raise error
            served = str(found.get("model") or "") or served
            usage = _usage(found) or usage
            for choice in _dicts(found.get("choices")):
                stop = choice.get("finish_reason") or stop
                for delta in _dicts([choice.get("delta")]):
                    if delta.get("reasoning") or delta.get("reasoning_content"):
                        yield Thought()
                    for event in tags.feed(_text(delta.get("content"))):
                        yield event
    if stop == "error" or (stop is None and not ended):
        raise openai_failures.in_loose(model, loose) or failures.unfinished(model)
    if stop == "content_filter":
        raise AttemptError("filtered", f"{failures.host_of(model)} refused the content.")
    for event in tags.end():
        yield event
    yield Finished(stop="length" if stop == "length" else "stop", usage=usage, model=served)


def _dicts(value: object) -> list[dict[str, Any]]:
    """The objects in a list; none where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(content: object) -> str:
    """The text of a delta: a string, or as some servers have it a list of parts with texts."""
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in _dicts(content) if isinstance(part.get("text"), str))


def _usage(found: dict[str, Any]) -> Usage | None:
    usage = found.get("usage")
    if not isinstance(usage, dict):
        return None
    # Neither a prompt nor an answer is empty: a server that says 0 did not count.
    given = failures.number(usage.get("prompt_tokens")) or None
    said = failures.number(usage.get("completion_tokens")) or None
    total = failures.number(usage.get("total_tokens"))
    if given and said and total is not None:
        # Some count thinking, which they charge as output, in the total alone.
        said = max(said, total - given)
    return Usage(given, said)
