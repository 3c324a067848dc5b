"""What Anthropic's errors inside a stream mean, and what only Anthropic says in one."""

from __future__ import annotations

from typing import Any

from rung.errors import AttemptError
from rung.providers import failures
from rung.types.model import Model
from rung.types.pattern import lazy

STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "timeout_error": 408,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "overloaded_error": 529,
}
"""The status that each type of error has where it comes before the stream."""

_MOST_OUTPUT = lazy(r"max_tokens`?: \d+ > (\d+)")


def most_output(complaint: str) -> int | None:
    """The largest ``max_tokens`` the model takes, if a 400 names it: ``max_tokens: 9000 > 8192, which is ...``."""
    found = _MOST_OUTPUT.search(complaint)
    return int(found[1]) if found else None


def in_stream(model: Model, error: object) -> AttemptError:
    """The failure behind an ``error`` event inside a 200, for example ``overloaded_error``."""
    found: dict[str, Any] = error if isinstance(error, dict) else {}
    kind = str(found.get("type") or "")
    text = f"{kind} {found.get('message') or ''}"
    if kind not in STATUSES:
        return failures.for_server_error(model, 200, text)
    return failures.for_status(model, STATUSES[kind], text, {})
