"""Anthropic's stream in pieces, and a model of Anthropic's to ask."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.providers.scripted import Script

from rung.providers.anthropic import Anthropic
from rung.types.model import Model

CLAUDE = "claude-sonnet-4-5"
DATED = "claude-sonnet-4-5-20250929"


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n".encode()


def delta(kind: str, text: str) -> bytes:
    name = kind.removesuffix("_delta")
    return event("content_block_delta", index=0, delta={"type": kind, name: text})


def ending(reason: str | None = "end_turn", **usage: int) -> bytes:
    told = {"output_tokens": 7, **usage}
    return event("message_delta", delta={"stop_reason": reason}, usage=told) + event("message_stop")


USAGE = {"input_tokens": 5, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 300, "output_tokens": 1}
START = event("message_start", message={"model": DATED, "usage": USAGE}) + event("ping")
BLOCK = event("content_block_start", index=0, content_block={"type": "text", "text": ""})
STOP = event("content_block_stop", index=0)
WHOLE = START + BLOCK + delta("text_delta", "Grüße, ") + delta("text_delta", "\u2028fine") + STOP + ending()


def streamed(*chunks: bytes, **fields: Any) -> Script:
    return Script(chunks, headers={"content-type": "text/event-stream"}, **fields)


def refused(status: int, kind: str, message: str, **headers: str) -> Script:
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "r"}
    return Script([json.dumps(body).encode()], status, {"content-type": "application/json", **headers}, chunked=False)


OK = streamed(WHOLE)


def model(url: str, **fields: Any) -> Model:
    return Model(**{"provider": "anthropic", "model": CLAUDE, "url": url, "key": "MY_KEY", "connect": 5.0, **fields})


def keyed() -> Anthropic:
    return Anthropic(lambda name: "sk-mine" if name == "MY_KEY" else None)
