"""Which path is answered by which protocol, who may ask at all, and the faults that strike before anybody looks."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any

from rung.sim import anthropic, ollama, ollama_models, ollama_v1, openai
from rung.sim.faults import BEFORE, Fault
from rung.sim.form import Refusal, refuse
from rung.sim.http import Request, Wire
from rung.sim.state import Call, State

Route = Callable[[State, Call], Awaitable[None]]

ROUTES: dict[str, dict[str, Route]] = {
    "/": {"GET": ollama.root, "HEAD": ollama.root},
    "/api/version": {"GET": ollama.version, "HEAD": ollama.version},
    "/api/tags": {"GET": ollama_models.tags, "HEAD": ollama_models.tags},
    "/api/ps": {"GET": ollama_models.ps},
    "/api/show": {"POST": ollama_models.show},
    "/api/chat": {"POST": ollama.chat},
    "/api/generate": {"POST": ollama.chat},
    "/v1/chat/completions": {"POST": ollama_v1.chat},
    "/v1/models": {"GET": ollama_v1.models},
    "/openai/v1/chat/completions": {"POST": openai.chat},
    "/openai/v1/models": {"GET": openai.models},
    "/anthropic/v1/messages": {"POST": anthropic.chat},
    "/anthropic/v1/models": {"GET": anthropic.models},
}

_ASKING = (
    "/api/chat",
    "/api/generate",
    "/v1/chat/completions",
    "/openai/v1/chat/completions",
    "/anthropic/v1/messages",
)
_LOCAL_NAMES = ("localhost", "local", "internal", "localdomain")
_OWN_ORIGINS = ("app://", "file://", "tauri://", "vscode-webview://", "vscode-file://")


def asked_model(request: Request, body: Any) -> str | None:
    """The model a request is a question to; None for everything that is no question."""
    if request.path not in _ASKING or request.method != "POST" or not isinstance(body, dict):
        return None
    name = body.get("model")
    return name if isinstance(name, str) else None


async def route(state: State, call: Call) -> None:
    """Answer a request by its path."""
    request, wire = call.request, call.wire
    if foreign(request):
        await wire.respond(403, {}, b"")
        return
    preload = not (call.body.get("messages") or call.body.get("prompt")) if isinstance(call.body, dict) else False
    call.fault = state.faults.take(request.path, call.exchange.model, preload=preload)
    if call.fault is not None:
        call.exchange.fault = call.fault.kind
        if call.fault.kind in BEFORE and await _struck(call.fault, request, wire):
            return
    methods = ROUTES.get(request.path)
    if methods is None:
        await refuse(wire, _nowhere(request))
    elif request.method not in methods:
        allowed = {"allow": ", ".join(methods), "content-type": "text/plain"}
        await wire.respond(405, allowed, b"405 method not allowed")
    else:
        await methods[request.method](state, call)


def foreign(request: Request) -> bool:
    """Whether a request comes by a name or from a web page that is not of this machine."""
    host = re.sub(r":\d+$", "", request.headers.get("host", "")).strip("[]").lower()
    if host and not _is_local(host):
        return True
    origin = request.headers.get("origin")
    if origin is None or origin.startswith(_OWN_ORIGINS):
        return False
    match = re.fullmatch(r"https?://(\[[^]]+\]|[^:/]+)(?::\d+)?", origin)
    return match is None or match[1] not in ("localhost", "127.0.0.1", "0.0.0.0", "[::1]")


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback or ip_address(host).is_private
    except ValueError:
        return host.rsplit(".", 1)[-1] in _LOCAL_NAMES


def protocol_error(path: str, status: int, message: str) -> Refusal:
    """An error in the form of the protocol that a path belongs to."""
    if path.startswith("/anthropic/"):
        return anthropic.error(status, message)
    if path.startswith("/openai/"):
        return openai.CloudCompletions("", 0, usage=False).error(status, message)
    if path.startswith("/v1/"):
        return openai.Completions("", 0, usage=False).error(status, message)
    return ollama.Native("", chat=True).error(status, message)


def _nowhere(request: Request) -> Refusal:
    if request.path.startswith("/openai/"):
        return openai.cloud_error(404, f"Invalid URL ({request.method} {request.path})")
    if request.path.startswith("/anthropic/"):
        return anthropic.error(404, "Not Found")
    return Refusal(404, {"content-type": "text/plain"}, b"404 page not found")


async def _struck(fault: Fault, request: Request, wire: Wire) -> bool:
    """Let a fault strike that needs no model; False when the request goes on after it."""
    args = fault.args
    match fault.kind:
        case "slow-headers":
            await asyncio.sleep(float(args.get("seconds", 1.0)))
            return False
        case "no-headers":
            await wire.hang()
        case "reset-before-headers":
            wire.reset()
        case "wrong-content-type":
            page = b"<!doctype html><title>Sign in</title><p>Please sign in to the network.</p>"
            await wire.respond(200, {"content-type": "text/html; charset=utf-8"}, page)
        case _:
            status = int(args.get("status", 500))
            told = protocol_error(request.path, status, str(args.get("message", "simulated failure")))
            body = args.get("body")
            raw = told.body if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
            headers = {str(name).lower(): str(value) for name, value in (args.get("headers") or {}).items()}
            await wire.respond(status, {**told.headers, **headers}, raw, chunked=told.chunked)
    return True
