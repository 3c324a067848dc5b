"""Ollama's native API: chat and generate as newline-delimited JSON, tags, ps, show, version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rung.sim import golang
from rung.sim.answer import BUSY, TERMINATED, Ask, Form, Outcome, Piece, Refusal, refuse
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
        body = _body(call, generate=generate)
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


async def tags(state: State, call: Call) -> None:
    """GET /api/tags: what is installed, the newest first."""
    listed = []
    for index, model in enumerate(state.of("ollama")):
        remote = {"remote_model": model.name, "remote_host": model.remote_host} if model.remote_host else {}
        listed.append(
            {
                "name": model.name,
                "model": model.name,
                **remote,
                "modified_at": golang.now(-3600.0 * (index + 1)),
                "size": _size(model),
                "digest": model.digest,
                "details": {**_details(model), "context_length": model.max_context, "embedding_length": 128},
                "capabilities": _capabilities(model),
            }
        )
    await _tell(call, {"models": listed})


async def ps(state: State, call: Call) -> None:
    """GET /api/ps: what is in memory, the longest to stay first."""
    runners = sorted(state.pool.loaded.values(), key=lambda runner: -runner.seconds_left)
    listed = [
        {
            "name": runner.model.name,
            "model": runner.model.name,
            "size": _size(runner.model) + 2048 * runner.num_ctx,
            "digest": runner.model.digest,
            "details": _details(runner.model),
            "expires_at": golang.now(runner.seconds_left),
            "size_vram": 0,
            "context_length": runner.num_ctx,
        }
        for runner in runners
    ]
    await _tell(call, {"models": listed})


async def show(state: State, call: Call) -> None:
    """POST /api/show: everything about one model."""
    form = Native("", chat=True)
    try:
        body = _body(call, generate=False)
    except golang.GoError as error:
        await refuse(call.wire, form.error(400, str(error)))
        return
    name = body.get("model") or body.get("name") or ""
    model = state.find(str(name), "ollama")
    if model is None:
        missing = (404, f"model '{name}' not found") if name else (400, "model is required")
        await refuse(call.wire, form.error(*missing))
        return
    await _tell(call, described(model))


async def version(state: State, call: Call) -> None:
    """GET /api/version: answers whatever the models do."""
    await _tell(call, {"version": state.version})


async def root(state: State, call: Call) -> None:
    """GET and HEAD /: a sign of life."""
    del state
    await call.wire.respond(200, {"content-type": "text/plain; charset=utf-8"}, b"Ollama is running")


async def _tell(call: Call, value: Any) -> None:
    await call.wire.respond(200, JSON, golang.encode(value))


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


def _body(call: Call, *, generate: bool) -> dict[str, Any]:
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


def _size(model: SimModel) -> int:
    return int(model.parameters * 2)


def _capabilities(model: SimModel) -> list[str]:
    return ["completion", *(["tools"] if model.tools else []), *(["thinking"] if model.thinking else [])]


def _details(model: SimModel) -> dict[str, Any]:
    billions = model.parameters / 1e9
    size = f"{billions:.1f}B" if billions >= 1 else f"{model.parameters / 1e6:.2f}M"
    return {
        "parent_model": "",
        "format": "gguf",
        "family": "llama",
        "families": ["llama"],
        "parameter_size": size,
        "quantization_level": "F16",
    }


def described(model: SimModel) -> dict[str, Any]:
    """What /api/show tells, with the keys a small model of the llama family has."""
    template = (
        "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
    )
    comment = '# Modelfile generated by "ollama show"\n# To build a new Modelfile based on this, replace FROM with:'
    modelfile = (
        f"{comment}\n# FROM {model.name}\n\nFROM /models/blobs/sha256-{model.digest}\n"
        f'TEMPLATE """{template}"""\nPARAMETER num_ctx {model.context}\nPARAMETER stop <|im_end|>\n'
    )
    names = ("attn_k", "attn_norm", "attn_output", "attn_q", "attn_v", "ffn_down", "ffn_gate", "ffn_norm", "ffn_up")
    return {
        "modelfile": modelfile,
        "parameters": f'num_ctx                        {model.context}\nstop                           "<|im_end|>"',
        "template": template,
        "details": _details(model),
        "model_info": {
            "general.architecture": "llama",
            "general.file_type": 1,
            "general.parameter_count": int(model.parameters),
            "general.quantization_version": 2,
            "llama.attention.head_count": 2,
            "llama.attention.head_count_kv": 2,
            "llama.attention.layer_norm_rms_epsilon": 0.00001,
            "llama.block_count": 1,
            "llama.context_length": model.max_context,
            "llama.embedding_length": 128,
            "llama.feed_forward_length": 64,
            "llama.rope.dimension_count": 64,
            "llama.vocab_size": 32064,
            "tokenizer.ggml.add_bos_token": False,
            "tokenizer.ggml.bos_token_id": 32034,
            "tokenizer.ggml.eos_token_id": 32033,
            "tokenizer.ggml.merges": None,
            "tokenizer.ggml.model": "gpt2",
            "tokenizer.ggml.pre": "gpt-4o",
            "tokenizer.ggml.token_type": None,
            "tokenizer.ggml.tokens": None,
        },
        "tensors": [
            {"name": "output.weight", "type": "F16", "shape": [128, 32064]},
            {"name": "output_norm.weight", "type": "F32", "shape": [128]},
            {"name": "token_embd.weight", "type": "F16", "shape": [128, 32064]},
            *(_tensor(name) for name in names),
        ],
        "capabilities": _capabilities(model),
        "modified_at": golang.now(-3600.0),
    }


def _tensor(name: str) -> dict[str, Any]:
    wide = {"ffn_down": [64, 128], "ffn_gate": [128, 64], "ffn_up": [128, 64]}
    kind, shape = ("F32", [128]) if name.endswith("norm") else ("F16", wide.get(name, [128, 128]))
    return {"name": f"blk.0.{name}.weight", "type": kind, "shape": shape}
