"""OpenAI's chat completions, as the cloud speaks them (/openai/v1).

Ollama speaks them too (/v1); the class :class:`Completions` is its form, and :class:`CloudCompletions` what the cloud
does otherwise.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from rung.sim import golang
from rung.sim.form import Ask, Form, Outcome, Piece, Refusal, refuse
from rung.sim.models import SimModel
from rung.sim.state import Call, State, messages, stops

BAD_KEY = "bad-key"
_JSON = {"content-type": "application/json"}
_TYPES = {400: "invalid_request_error", 404: "not_found_error"}
_CLOUD_TYPES = {429: "requests"}


class Completions(Form):
    """What both servers' chat completions have in common: Ollama's, to be exact."""

    eager = False
    fingerprint = "fp_ollama"

    def __init__(self, model: str, number: int, *, usage: bool) -> None:
        self._model = model
        self._id = f"chatcmpl-{number}"
        self._created = int(time.time())
        self._usage = usage
        self._spoke = False

    def role(self, outcome: Outcome) -> bytes:
        """A delta that names the speaker."""
        del outcome
        self._spoke = True
        return self._chunk({"role": "assistant", "content": ""})

    def piece(self, piece: Piece) -> bytes:
        """A delta; the first one also names the speaker."""
        told = {"content": "", "reasoning": piece.text} if piece.thinking else {"content": piece.text}
        delta = told if self._spoke else {"role": "assistant", **told}
        self._spoke = True
        return self._chunk(delta)

    def ending(self, outcome: Outcome) -> bytes:
        """The finish reason, the usage where asked for, and the end marker."""
        usage = self._event({**self._head(self._model), "choices": [], "usage": self.usage(outcome)})
        return self._chunk({}, outcome.finish) + (usage if self._usage else b"") + b"data: [DONE]\n\n"

    def whole(self, outcome: Outcome) -> bytes:
        """The whole completion."""
        thought = {"reasoning": outcome.thinking} if outcome.thinking else {}
        message = {"role": "assistant", "content": outcome.text, **thought}
        choice = {"index": 0, "message": message, "finish_reason": outcome.finish}
        head = {**self._head(self._model), "object": "chat.completion"}
        return golang.encode({**head, "choices": [choice], "usage": self.usage(outcome)}) + b"\n"

    def usage(self, outcome: Outcome) -> dict[str, Any]:
        """The counts."""
        both = outcome.prompt_tokens + outcome.completion_tokens
        return {
            "prompt_tokens": outcome.prompt_tokens,
            "completion_tokens": outcome.completion_tokens,
            "total_tokens": both,
        }

    def error(self, status: int, message: str, *, late: bool = False) -> Refusal:
        """An error object, with nothing in param and code."""
        del late
        body = {"message": message, "type": _TYPES.get(status, "api_error"), "param": None, "code": None}
        return Refusal(status, _JSON, golang.encode({"error": body}) + b"\n")

    def inband(self, message: str) -> bytes:
        """An event that is an error."""
        return self._event({"error": {"message": message, "type": "server_error", "param": None, "code": None}})

    def crashed(self) -> bytes:
        """As recorded: an empty delta of a model without a name, and no error at all."""
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": None}
        return self._event({**self._head(""), "choices": [choice]})

    def _chunk(self, delta: Mapping[str, Any], finish: str | None = None) -> bytes:
        return self._event(
            {**self._head(self._model), "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        )

    def _head(self, model: str) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": model,
            "system_fingerprint": self.fingerprint,
        }

    def _event(self, value: Any) -> bytes:
        return b"data: " + golang.encode(value) + b"\n\n"


class CloudCompletions(Completions):
    """Chat completions the way api.openai.com has them."""

    eager = True
    fingerprint = "fp_rung_sim"

    def headers(self, media: str) -> dict[str, str]:
        """Headers with the id a support request would name."""
        return {"content-type": media, "x-request-id": self._id.replace("chatcmpl-", "req_sim_")}

    def opening(self, outcome: Outcome) -> bytes:
        """The role comes on its own, before any text."""
        return self.role(outcome)

    def role(self, outcome: Outcome) -> bytes:
        """A delta that names the speaker."""
        del outcome
        self._spoke = True
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def piece(self, piece: Piece) -> bytes:
        """A delta; thinking as compatible servers send it, since OpenAI keeps its own to itself."""
        return self._chunk({"reasoning_content" if piece.thinking else "content": piece.text})

    def whole(self, outcome: Outcome) -> bytes:
        """The whole completion."""
        message: dict[str, Any] = {"role": "assistant", "content": outcome.text, "refusal": None, "annotations": []}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": outcome.finish}
        head = self._head(self._model)
        fingerprint = head.pop("system_fingerprint")
        body = {**head, "object": "chat.completion", "choices": [choice], "usage": self.usage(outcome)}
        return _encode({**body, "service_tier": "default", "system_fingerprint": fingerprint})

    def usage(self, outcome: Outcome) -> dict[str, Any]:
        """The counts with their details."""
        return {
            **super().usage(outcome),
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }

    def error(self, status: int, message: str, *, late: bool = False) -> Refusal:
        """An error object with the type OpenAI gives to that status."""
        del late
        kind = "server_error" if status >= 500 else _CLOUD_TYPES.get(status, "invalid_request_error")
        return cloud_error(status, message, kind=kind)

    def crashed(self) -> bytes:
        """A crash shows as an error event."""
        return self.inband("The server had an error while processing your request. Sorry about that!")

    def _chunk(self, delta: Mapping[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage = {"usage": None} if self._usage else {}
        return self._event({**self._head(self._model), "choices": [choice], **usage})

    def _event(self, value: Any) -> bytes:
        return b"data: " + _encode(value) + b"\n\n"


async def chat(state: State, call: Call) -> None:
    """POST /openai/v1/chat/completions."""
    if not await _authorized(call):
        return
    body = call.body
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list) or not body["messages"]:
        text = (
            "We could not parse the JSON body of your request." if body is None else "Invalid 'messages': empty array."
        )
        await refuse(call.wire, cloud_error(400, text, param=None if body is None else "messages"))
        return
    name = str(body.get("model"))
    model = state.find(name, "openai")
    if model is None:
        text = f"The model `{name}` does not exist or you do not have access to it."
        await refuse(call.wire, cloud_error(404, text, code="model_not_found"))
        return
    if problem := _unsupported(name, body):
        await refuse(call.wire, problem)
        return
    call.exchange.served = model.served_as or model.name
    usage = bool((body.get("stream_options") or {}).get("include_usage"))
    form = CloudCompletions(call.exchange.served, next(state.numbers), usage=usage)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    think = False if body.get("reasoning_effort") == "none" else None
    ask = read_ask(model, body, limit, model.context, think=think)
    if problem := _overlong(ask):
        await refuse(call.wire, problem)
        return
    await state.answer(call, form, ask)


async def models(state: State, call: Call) -> None:
    """GET /openai/v1/models."""
    if await _authorized(call):
        await list_models(state, call, "openai", "system")


def cloud_error(
    status: int, message: str, *, kind: str = "invalid_request_error", param: str | None = None, code: str | None = None
) -> Refusal:
    """An error in OpenAI's form."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return Refusal(status, _JSON, json.dumps(body, indent=2).encode())


def _unsupported(name: str, body: Mapping[str, Any]) -> Refusal | None:
    """What the reasoning models refuse: ``max_tokens``, and any temperature but 1."""
    if not name.startswith(("gpt-5", "o1", "o3", "o4")):
        return None
    if body.get("max_tokens") is not None:
        text = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        return cloud_error(400, text, param="max_tokens", code="unsupported_parameter")
    if body.get("temperature") not in (None, 1):
        text = (
            f"Unsupported value: 'temperature' does not support {body['temperature']} with this model. "
            "Only the default (1) value is supported."
        )
        return cloud_error(400, text, param="temperature", code="unsupported_value")
    return None


def _overlong(ask: Ask) -> Refusal | None:
    asked = ask.asked_tokens
    if asked <= ask.num_ctx:
        return None
    text = (
        f"This model's maximum context length is {ask.num_ctx} tokens. However, your messages resulted in {asked} "
        "tokens. Please reduce the length of the messages."
    )
    return cloud_error(400, text, param="messages", code="context_length_exceeded")


def read_ask(model: SimModel, body: Mapping[str, Any], limit: Any, num_ctx: int, *, think: bool | None = None) -> Ask:
    """A chat completion request as a question; ``limit`` by whichever name the server knows it."""
    wanted = body.get("response_format") or {}
    schema = (wanted.get("json_schema") or {}).get("schema") if wanted.get("type") == "json_schema" else None
    return Ask(
        model=model,
        messages=messages(body),
        stream=bool(body.get("stream")),
        num_ctx=num_ctx,
        limit=int(limit) if limit else None,
        stop=stops(body.get("stop")),
        wanted=schema or ("json" if wanted.get("type") == "json_object" else None),
        think=think,
    )


async def _authorized(call: Call) -> bool:
    given = call.request.headers.get("authorization", "")
    key = given.removeprefix("Bearer ").strip()
    if key and key != BAD_KEY:
        return True
    if key:
        text, code = "Incorrect API key provided. You can find your API key in your account.", "invalid_api_key"
        await refuse(call.wire, cloud_error(401, text, code=code))
    else:
        await refuse(call.wire, cloud_error(401, "You didn't provide an API key."))
    return False


async def list_models(state: State, call: Call, provider: str, owner: str, end: bytes = b"") -> None:
    """The models of one provider as OpenAI lists them."""
    data = [
        {"id": model.name, "object": "model", "created": int(state.started), "owned_by": owner}
        for model in state.of(provider)
    ]
    await call.wire.respond(200, _JSON, golang.encode({"object": "list", "data": data}) + end)


def _encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
