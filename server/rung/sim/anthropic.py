"""Anthropic's messages API (/anthropic/v1/messages)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rung.sim.form import Ask, Form, Outcome, Piece, Refusal, refuse
from rung.sim.openai import BAD_KEY
from rung.sim.state import Call, State, flatten, messages, stops
from rung.sim.tokens import Message

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_REASONS = {"stop": "end_turn", "length": "max_tokens"}


class MessagesForm(Form):
    """One message in Anthropic's form."""

    def __init__(self, model: str, number: int) -> None:
        self._model = model
        self._id = f"msg_sim_{number}"
        self._request = f"req_sim_{number}"
        self._block = -1
        self._thinking: bool | None = None

    def headers(self, media: str) -> dict[str, str]:
        """Headers with the id a support request would name."""
        return {"content-type": media, "request-id": self._request}

    def opening(self, outcome: Outcome) -> bytes:
        """message_start with the input's count, and a ping."""
        message = {**self._message(), "usage": self._usage(outcome.prompt_tokens, 1)}
        return self._event("message_start", {"message": message}) + self.ping()

    def role(self, outcome: Outcome) -> bytes:
        """The opening and an empty block."""
        return self.opening(outcome) + self._turn_to(thinking=False)

    def piece(self, piece: Piece) -> bytes:
        """A delta, in a block of its kind."""
        kind, name = ("thinking_delta", "thinking") if piece.thinking else ("text_delta", "text")
        delta = {"type": kind, name: piece.text}
        turn = self._turn_to(thinking=piece.thinking)
        return turn + self._event("content_block_delta", {"index": self._block, "delta": delta})

    def ending(self, outcome: Outcome) -> bytes:
        """The end of the block, the reason with the output's count, and message_stop."""
        first = self._turn_to(thinking=False) if self._block < 0 else b""
        delta = {"stop_reason": _REASONS[outcome.finish], "stop_sequence": None}
        usage = {"output_tokens": outcome.completion_tokens}
        return (
            first
            + self._event("content_block_stop", {"index": self._block})
            + self._event("message_delta", {"delta": delta, "usage": usage})
            + self._event("message_stop", {})
        )

    def whole(self, outcome: Outcome) -> bytes:
        """The whole message."""
        content: list[dict[str, Any]] = [{"type": "text", "text": outcome.text}]
        if outcome.thinking:
            content.insert(0, {"type": "thinking", "thinking": outcome.thinking, "signature": "sim"})
        usage = self._usage(outcome.prompt_tokens, outcome.completion_tokens)
        told = {**self._message(), "content": content, "stop_reason": _REASONS[outcome.finish], "usage": usage}
        return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")

    def error(self, status: int, message: str, *, late: bool = False) -> Refusal:
        """An error object with the type Anthropic gives to that status."""
        del late
        return error(status, message, self._request)

    def inband(self, message: str) -> bytes:
        """An ``error`` event: overloaded, the one that really comes so."""
        return self._event("error", {"error": {"type": "overloaded_error", "message": message}})

    def ping(self) -> bytes:
        """A ping event."""
        return self._event("ping", {})

    def _turn_to(self, *, thinking: bool) -> bytes:
        """End the open block and begin one of the other kind, where it is of the other kind."""
        if self._thinking is thinking:
            return b""
        ended = self._event("content_block_stop", {"index": self._block}) if self._block >= 0 else b""
        self._block += 1
        self._thinking = thinking
        block = {"type": "thinking", "thinking": "", "signature": ""} if thinking else {"type": "text", "text": ""}
        return ended + self._event("content_block_start", {"index": self._block, "content_block": block})

    def _message(self) -> dict[str, Any]:
        return {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
        }

    def _usage(self, given: int, said: int) -> dict[str, int]:
        return {
            "input_tokens": given,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": said,
        }

    def _event(self, kind: str, value: Mapping[str, Any]) -> bytes:
        data = json.dumps({"type": kind, **value}, ensure_ascii=False, separators=(",", ":"))
        return f"event: {kind}\ndata: {data}\n\n".encode("utf-8", "replace")


def error(status: int, message: str, request: str = "req_sim_0") -> Refusal:
    """An error in Anthropic's form."""
    body = {
        "type": "error",
        "error": {"type": _TYPES.get(status, "api_error"), "message": message},
        "request_id": request,
    }
    return Refusal(status, {"content-type": "application/json", "request-id": request}, json.dumps(body).encode())


async def chat(state: State, call: Call) -> None:
    """POST /anthropic/v1/messages."""
    body = call.body
    problem = _problem(call, body)
    name = str(body.get("model")) if isinstance(body, dict) else ""
    model = state.find(name, "anthropic")
    if problem or model is None:
        await refuse(call.wire, problem or error(404, f"model: {name}"))
        return
    system = [Message("system", flatten(body["system"]))] if body.get("system") else []
    wanted = ((body.get("output_config") or {}).get("format") or body.get("output_format") or {}).get("schema")
    ask = Ask(
        model=model,
        messages=[*system, *messages(body)],
        stream=bool(body.get("stream")),
        num_ctx=model.context,
        limit=int(body["max_tokens"]),
        stop=stops(body.get("stop_sequences")),
        wanted=wanted,
        think=(body.get("thinking") or {}).get("type") in ("enabled", "adaptive"),
    )
    if ask.asked_tokens > model.context:
        text = f"prompt is too long: {ask.asked_tokens} tokens > {model.context} maximum"
        await refuse(call.wire, error(400, text))
        return
    call.exchange.served = model.served_as or model.name
    await state.answer(call, MessagesForm(call.exchange.served, next(state.numbers)), ask)


async def models(state: State, call: Call) -> None:
    """GET /anthropic/v1/models."""
    if problem := _unauthorized(call):
        await refuse(call.wire, problem)
        return
    data = [{"type": "model", "id": model.name, "display_name": model.name} for model in state.of("anthropic")]
    body = json.dumps({"data": data, "has_more": False}).encode()
    await call.wire.respond(200, {"content-type": "application/json"}, body)


def _unauthorized(call: Call) -> Refusal | None:
    key = call.request.headers.get("x-api-key", "")
    if not key:
        return error(401, "x-api-key header is required")
    return error(401, "invalid x-api-key") if key == BAD_KEY else None


def _problem(call: Call, body: Any) -> Refusal | None:
    if refusal := _unauthorized(call):
        return refusal
    if "anthropic-version" not in call.request.headers:
        return error(400, "anthropic-version: header is required")
    if not isinstance(body, dict):
        return error(400, "The request body is not valid JSON")
    if not isinstance(body.get("max_tokens"), int):
        return error(400, "max_tokens: Field required")
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        return error(400, "messages: at least one message is required")
    if any(message.get("role") not in ("user", "assistant") for message in body["messages"]):
        return error(400, "messages: Unexpected role. The Messages API accepts a top-level `system` parameter.")
    return None
