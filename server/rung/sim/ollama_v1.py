"""The OpenAI form of Ollama (/v1): chat completions and the list of models, with what it ignores."""

from __future__ import annotations

from typing import Any

from rung.sim import golang
from rung.sim.form import Refusal, refuse
from rung.sim.openai import Completions, list_models, read_ask
from rung.sim.state import Call, State


async def chat(state: State, call: Call) -> None:
    """POST /v1/chat/completions of Ollama: ``options`` and ``keep_alive`` are ignored."""
    try:
        body = _body(call.request.body)
    except golang.GoError as error:
        problem = {"message": str(error), "type": "invalid_request_error", "param": None, "code": None}
        headers = {"content-type": "application/json; charset=utf-8"}
        await refuse(call.wire, Refusal(400, headers, golang.encode({"error": problem})))
        return
    name = body.get("model") or ""
    usage = bool((body.get("stream_options") or {}).get("include_usage"))
    form = Completions(name, next(state.numbers), usage=usage)
    model = state.find(name, "ollama")
    if not body.get("messages"):
        await refuse(call.wire, form.error(400, "[] is too short - 'messages'"))
    elif model is None:
        await refuse(call.wire, form.error(404, f"model '{name}' not found"))
    else:
        think = False if body.get("reasoning_effort") == "none" else None
        await state.answer(call, form, read_ask(model, body, body.get("max_tokens"), model.context, think=think))


def _body(raw: bytes) -> dict[str, Any]:
    """The request held to the types of Ollama's structs."""
    if not raw:
        raise golang.GoError("EOF")
    body = golang.decode(raw)
    struct = "ChatCompletionRequest"
    if not isinstance(body, dict):
        raise golang.GoError(f"json: cannot unmarshal {golang.kind(body)} into Go value of type openai.{struct}")
    golang.check(body, struct, {"messages": ("array", "[]openai.Message"), "model": ("string", "string")})
    return body


async def models(state: State, call: Call) -> None:
    """GET /v1/models of Ollama."""
    await list_models(state, call, "ollama", "library", end=b"\n")
