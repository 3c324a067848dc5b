"""Ollama by its native API.

Its OpenAI form can set neither ``num_ctx`` nor ``keep_alive`` and hides a broken stream, so it is not used. A request
always carries the model's one fixed ``num_ctx`` (another value reloads the model) and ``truncate: false`` (else an
over-long prompt is cut in its middle without a word).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

import httpx2

from rung.providers import connections, failures
from rung.providers.events import Finished, Opened, Question, Thought, Usage
from rung.providers.thinking import ThinkTags, tags_for
from rung.providers.transport import client_for, lines, ready
from rung.types.model import Model
from rung.types.pattern import lazy

if TYPE_CHECKING:
    from rung.providers.events import StreamEvent

_THINK = lazy(r"\bthink(?:ing)?\b", re.IGNORECASE)
_TIRELESS = lazy(r"(?:^|[/_-])gpt-?oss(?![a-z])", re.IGNORECASE)


def is_tireless(name: str) -> bool:
    """Whether a name is that of a family which thinks whatever it is told."""
    return bool(_TIRELESS.search(name))


SIMULATED = "x-rung-simulated"
"""The header by which a simulator says that it is one."""


def keep_alive(value: str) -> str | int:
    """Ollama takes a duration with a unit as text, but a bare number only as a number."""
    try:
        return int(value)
    except ValueError:
        return value


def effort(name: str) -> bool | str:
    """How much a model of this name is told to think: not at all, or as little as it can be told."""
    # Of these, `false` is ignored (ollama#11751).
    return "low" if is_tireless(name) else False


def request_body(question: Question) -> dict[str, Any]:
    """The body of ``/api/chat``."""
    model = question.model
    options: dict[str, Any] = {"num_predict": question.max_output + question.headroom}
    if model.context:
        options["num_ctx"] = model.context
    body: dict[str, Any] = {
        "model": model.model,
        "messages": [{"role": m.role, "content": m.content} for m in question.messages],
        "stream": True,
        "think": effort(model.model),
        "truncate": False,
        "keep_alive": keep_alive(model.keep_alive),
        "options": options,
    }
    if question.schema is not None:
        body["format"] = question.schema
    return body


class Ollama:
    """The provider ``ollama``."""

    async def prepare(self, question: Question) -> None:
        """See :class:`rung.providers.events.Prepared`."""
        await ready(question.model, question.model.url)

    async def chat(self, question: Question) -> AsyncGenerator[StreamEvent]:
        """See :class:`rung.providers.events.Chat`."""
        model, body = question.model, request_body(question)
        with connections.mapped(model):
            async with client_for(model, model.url) as client:
                while True:
                    async with client.stream("POST", "/api/chat", json=body) as response:
                        if response.status_code == 200:
                            yield Opened(simulated=SIMULATED in response.headers)
                            async with contextlib.aclosing(_read(model, response, tags_for(question))) as events:
                                async for event in events:
                                    yield event
                            return
                        said = (await response.aread())[:65536].decode("utf-8", "replace")
                    if not (response.status_code == 400 and _THINK.search(said) and "think" in body):
                        raise failures.for_status(model, response.status_code, said, response.headers)
                    # A model that cannot think, or a server too old to be told how much, is asked without a word of it.
                    del body["think"]


async def _read(model: Model, response: httpx2.Response, tags: ThinkTags | None = None) -> AsyncGenerator[StreamEvent]:
    """The events of a streamed body, ending with Finished or an error."""
    tags = tags or ThinkTags()
    async with contextlib.aclosing(lines(response.aiter_bytes())) as found_lines:
        async for line in found_lines:
            if not line.strip():
                continue
            found = failures.parse_object(model, line)
            # Some servers name it in every object, with nothing in it.
            if found.get("error"):
                raise failures.for_server_error(model, 200, str(found["error"]))
            message = found.get("message")
            if isinstance(message, dict):
                if message.get("thinking"):
                    yield Thought()
                content = message.get("content")
                for event in tags.feed(content if isinstance(content, str) else ""):
                    yield event
            if found.get("done") is True:
                if found.get("done_reason") == "unload":  # it went while it spoke
                    raise failures.unfinished(model)
                for event in tags.end():
                    yield event
                yield _finished(found)
                return
    raise failures.unfinished(model)


def _finished(found: dict[str, Any]) -> Finished:
    load, prefill = failures.number(found.get("load_duration")), failures.number(found.get("prompt_eval_duration"))
    return Finished(
        stop="length" if found.get("done_reason") == "length" else "stop",
        usage=Usage(failures.number(found.get("prompt_eval_count")), failures.number(found.get("eval_count"))),
        model=str(found.get("model") or "") or None,
        load=load / 1e9 if load is not None else None,
        prefill=prefill / 1e9 if prefill is not None else None,
    )
