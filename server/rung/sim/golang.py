"""Small things the way Go's standard library does them, since Ollama is written in Go: JSON, times, durations."""

from __future__ import annotations

import json
import math
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

_FOREVER = timedelta(microseconds=(2**63 - 1) // 1000)
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)([a-zµμ]*)")


class GoError(ValueError):
    """A mistake in a request, with Go's words for it."""


def encode(value: Any) -> bytes:
    """Compact JSON with the three characters of HTML escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(character, escape)
    return text.encode("utf-8", "replace")


def decode(body: bytes) -> Any:
    """JSON of a request.

    Raises:
        GoError: it is none; says so in the words of Go's decoder.
    """
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        at = text[error.pos : error.pos + 1]
        if not at.strip() or error.msg.startswith("Unterminated"):
            raise GoError("unexpected EOF") from error
        raise GoError(f"invalid character {at!r} looking for beginning of value") from error


def now(seconds_ahead: float = 0.0) -> str:
    """The time in RFC 3339 with nanoseconds; endless waits end after 292 years."""
    nanoseconds = time.time_ns()
    ahead = timedelta(seconds=min(seconds_ahead, _FOREVER.total_seconds()))
    moment = datetime.fromtimestamp(nanoseconds // 10**9, UTC) + timedelta(microseconds=nanoseconds % 10**9 // 1000)
    moment += min(ahead, _FOREVER)
    fraction = f"{moment.microsecond:06}{nanoseconds % 1000:03}".rstrip("0")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{'.' + fraction if fraction else ''}Z"


def duration(value: Any) -> float:
    """Seconds of a ``keep_alive``: a number of seconds, or a duration such as "1h30m"; negative means for ever.

    Raises:
        GoError: it is neither.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise GoError(f"Unsupported type: '{_reflected(value)}'")
    seconds = float(value) if isinstance(value, int | float) else _parsed(value)
    return math.inf if seconds < 0 else min(seconds, _FOREVER.total_seconds())


def _parsed(text: str) -> float:
    rest = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    sign = -1.0 if text.startswith("-") else 1.0
    if rest == "0":
        return 0.0
    total, position = 0.0, 0
    while position < len(rest):
        match = _DURATION.match(rest, position)
        if match is None:
            break
        if not match[2]:
            raise GoError(f'time: missing unit in duration "{text}"')
        if match[2] not in _UNITS:
            raise GoError(f'time: unknown unit "{match[2]}" in duration "{text}"')
        total += float(match[1]) * _UNITS[match[2]]
        position = match.end()
    if not rest or position < len(rest) or total > _FOREVER.total_seconds():
        raise GoError(f'time: invalid duration "{text}"')
    return sign * total


def kind(value: Any) -> str:
    """The name of a JSON value's type in Go's messages."""
    if isinstance(value, bool):
        return "bool"
    names = {str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")


def check(body: dict[str, Any], struct: str, fields: dict[str, tuple[str, str]]) -> None:
    """Hold a request to the types of a Go struct.

    Args:
        body: the request.
        struct: the struct's name.
        fields: by field, the JSON kind it must have and the Go type named in the message.

    Raises:
        GoError: a field has another type; null fits every field.
    """
    for name, (expected, go_type) in fields.items():
        value = body.get(name)
        if value is not None and kind(value) != expected:
            raise GoError(
                f"json: cannot unmarshal {kind(value)} into Go struct field {struct}.{name} of type {go_type}"
            )


def _reflected(value: Any) -> str:
    return {"bool": "bool", "array": "[]interface {}", "object": "map[string]interface {}"}.get(kind(value), "<nil>")
