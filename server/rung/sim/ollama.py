"""Ollama's native API: chat and generate as newline-delimited JSON; what is installed is told elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rung.sim import golang
from rung.sim.form import BUSY, TERMINATED, Ask, Form, Outcome, Piece, Refusal, refuse
from rung.sim.models import DEFAULT_KEEP_ALIVE, LoadFailedError, QueueFullError, SimModel
from rung.sim.state import Call, State, messages, stops
from rung.sim.tokens import Message

JSON = {"content-type": "application/json; charset=utf-8"}

_CHAT = {
    "model": ("string", "string"),
    "messages": ("array", "[]api.Message"),
    "stream": ("bool", "bool"),
    "options": ("object", "map[string]interface {}"),
    "tools": ("array", "api.Tools"),
    "truncate": ("bool", "bool"),
}
_GENERATE = {
    "model": ("string", "string"),
    "prompt": ("string", "string"),
    "system": ("string", "string"),
    "stream": ("bool", "bool"),
    "options": ("object", "map[string]interface {}"),
    "truncate": ("bool", "bool"),
}
_OPTIONS = {
    **dict.fromkeys(("num_ctx", "num_predict", "num_keep", "seed", "top_k", "num_gpu", "num_batch"), "integer"),
    **dict.fromkeys(("temperature", "top_p", "min_p", "repeat_penalty", "presence_penalty"), "float32"),
    "stop": "of strings",
}


class Native(Form):
    """Chat or generate in Ollama's own form."""

    media = "application/x-ndjson"
    whole_media = "application/json; charset=utf-8"
    eager = False

    def __init__(self, model: str, *, chat: bool) -> None:
        self._model = model
        self._chat = chat

    def _object(self, text: str, thinking: str = "", more: Mapping[str, Any] | None = None) -> dict[str, Any]:
        thought = {"thinking": thinking} if thinking else {}
        said: dict[str, Any] = (
            {"message": {"role": "assistant", "content": text, **thought}}
            if self._chat
            else {"response": text, **thought}
        )
        return {"model": self._model, "created_at": golang.now(), **said, **(more or {"done": False})}

    def role(self, outcome: Outcome) -> bytes:
        """One object without text."""
        del outcome
        return self.piece(Piece(""))

    def ping(self) -> bytes:
        """Objects without text are all the life this protocol can show."""
        return self.piece(Piece(""))

    def piece(self, piece: Piece) -> bytes:
        """One line."""
        told = self._object("", piece.text) if piece.thinking else self._object(piece.text)
        return golang.encode(told) + b"\n"

    def ending(self, outcome: Outcome) -> bytes:
        """The line with ``done`` and the counts."""
        return golang.encode(self._object("", more=self._counts(outcome))) + b"\n"

    def whole(self, outcome: Outcome) -> bytes:
        """The same, with all the text."""
        return golang.encode(self._object(outcome.text, outcome.thinking, self._counts(outcome)))

    def done(self, reason: str) -> bytes:
        """The answer to a request without a prompt."""
        return golang.encode(self._object("", more={"done": True, "done_reason": reason}))

    def error(self, status: int, message: str, *, late: bool = False) -> Refusal:
        """An object with ``error``; found late, it comes in chunks and without a charset."""
        headers = {"content-type": "application/json"} if late else JSON
        return Refusal(status, headers, golang.encode({"error": message}), chunked=late)

    def inband(self, message: str) -> bytes:
        """A line with ``error``."""
        return golang.encode({"error": message}) + b"\n"

    def _counts(self, outcome: Outcome) -> dict[str, Any]:
        return {
            "done": True,
            "done_reason": outcome.finish,
            **({} if self._chat else {"context": list(range(1, 4))}),
            "total_duration": outcome.total_ns,
            "load_duration": outcome.load_ns,
            "prompt_eval_count": outcome.prompt_tokens,
            "prompt_eval_duration": outcome.prompt_ns,
            "eval_count": outcome.completion_tokens,
            "eval_duration": outcome.eval_ns,
        }


async def chat(state: State, call: Call) -> None:
    """POST /api/chat and /api/generate."""
    generate = call.request.path.endswith("/generate")
    form = Native("", chat=not generate)
    try:
        body = read_body(call, generate=generate)
        keep_alive = None if body.get("keep_alive") is None else golang.duration(body["keep_alive"])
    except golang.GoError as error:
        await refuse(call.wire, form.error(400, str(error)))
        return
    name = body.get("model") or ""
    model = state.find(name, "ollama")
    problem = _problem(name, model, body)
    if model is None or problem:
        await refuse(call.wire, form.error(*(problem or (404, ""))))
        return
    form = Native(name, chat=not generate)
    options = body.get("options") or {}
    num_ctx = min(options.get("num_ctx") or model.context, model.max_context)
    given = _generated(body) if generate else messages(body)
    if not given:
        await _preload(state, call, form, model=model, num_ctx=int(num_ctx), keep_alive=keep_alive)
        return
    limit = options.get("num_predict")
    ask = Ask(
        model=model,
        messages=given,
        stream=body.get("stream") is not False,
        num_ctx=int(num_ctx),
        limit=int(limit) if limit is not None and limit >= 0 else None,
        stop=stops(options.get("stop")),
        wanted=body.get("format") or None,
        think=None if body.get("think") is None else bool(body["think"]),
        keep_alive=DEFAULT_KEEP_ALIVE if keep_alive is None else keep_alive,
        truncate=body.get("truncate") is not False,
    )
    await state.answer(call, form, ask)


async def version(state: State, call: Call) -> None:
    """GET /api/version: answers whatever the models do."""
    await call.wire.respond(200, JSON, golang.encode({"version": state.version}))


async def root(state: State, call: Call) -> None:
    """GET and HEAD /: a sign of life."""
    del state
    await call.wire.respond(200, {"content-type": "text/plain; charset=utf-8"}, b"Ollama is running")


async def _preload(
    state: State, call: Call, form: Native, *, model: SimModel, num_ctx: int, keep_alive: float | None
) -> None:
    """A request without a prompt loads the model, or with ``keep_alive`` 0 unloads it."""
    if keep_alive == 0:
        state.pool.drop(model.name)
        await call.wire.respond(200, JSON, form.done("unload"))
        return
    stay = DEFAULT_KEEP_ALIVE if keep_alive is None else keep_alive
    doomed = call.fault is not None and call.fault.kind == "load-failure"
    try:
        async with state.pool.hold(model, num_ctx, stay, doomed=doomed) as runner:
            call.exchange.loads += runner.fresh
            runner.fresh = False
    except QueueFullError:
        await refuse(call.wire, form.error(503, BUSY))
    except LoadFailedError:
        await refuse(call.wire, form.error(500, TERMINATED))
    else:
        await call.wire.respond(200, JSON, form.done("load"))


def read_body(call: Call, *, generate: bool) -> dict[str, Any]:
    """The request held to the types of Ollama's structs."""
    if not call.request.body:
        raise golang.GoError("missing request body")
    body = golang.decode(call.request.body)
    struct = "GenerateRequest" if generate else "ChatRequest"
    if not isinstance(body, dict):
        raise golang.GoError(f"json: cannot unmarshal {golang.kind(body)} into Go value of type api.{struct}")
    golang.check(body, struct, _GENERATE if generate else _CHAT)
    return body


def _problem(name: str, model: SimModel | None, body: Mapping[str, Any]) -> tuple[int, str] | None:
    """Status and words of what is wrong with a request, in the order Ollama looks."""
    if not name:
        return 400, "model is required"
    if model is None:
        return 404, f"model '{name}' not found"
    if body.get("think") and not model.thinking:
        return 400, f'"{name}" does not support thinking'
    if body.get("tools") and not model.tools:
        return 400, f"registry.ollama.ai/library/{name} does not support tools"
    for option, value in (body.get("options") or {}).items():
        if value is None:
            continue
        wanted = _OPTIONS.get(option)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if (wanted in ("integer", "float32") and not number) or (
            wanted == "of strings" and not isinstance(value, list)
        ):
            kind = "an array" if wanted == "of strings" else wanted
            return 500, f'option "{option}" must be of type {kind}'
    wanted_format = body.get("format")
    if wanted_format and wanted_format != "json" and not isinstance(wanted_format, dict):
        quoted = golang.encode(golang.encode(wanted_format).decode()).decode()
        return 500, f'invalid format: {quoted}; expected "json" or a valid JSON Schema object'
    return None


def _generated(body: Mapping[str, Any]) -> list[Message]:
    """The prompt of a generate request as messages."""
    if not body.get("prompt"):
        return []
    system = [Message("system", body["system"])] if body.get("system") else []
    return [*system, Message("user", body["prompt"])]
