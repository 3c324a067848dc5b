"""What errors in OpenAI's form mean that come inside a 200, from gateways above all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rung.errors import AttemptError
from rung.providers import failures
from rung.types.model import Model

STATUSES = {
    "invalid_request_error": 400,
    "badrequesterror": 400,
    "validation": 422,
    "context_length_exceeded": 400,
    "exceed_context_size_error": 400,
    "content_filter": 400,
    "content_policy_violation": 400,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "unauthenticated": 401,
    "unauthorized": 401,
    "insufficient_quota": 402,
    "insufficient_credits": 402,
    "billing_error": 402,
    "permission_error": 403,
    "permission_denied": 403,
    "model_not_found": 404,
    "not_found_error": 404,
    "notfounderror": 404,
    "timeout": 408,
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "rate_limited": 429,
    "too_many_requests": 429,
    "resource_exhausted": 429,
    "requests": 429,
    "tokens": 429,
    "server_error": 500,
    "internal_server_error": 500,
    "service_unavailable": 503,
    "overloaded": 503,
    "overloaded_error": 529,
}
"""The status of each code and type of error, where it comes inside a stream."""


def in_band(model: Model, found: Mapping[str, Any]) -> AttemptError | None:
    """The failure behind an error in OpenAI's form inside a 200; None where the object is no error.

    What was an error's status before it was put into the stream is its ``code`` or its ``type``.
    """
    error = _error(found)
    if not error:
        return None
    told = error if isinstance(error, dict) else {}
    names = (told.get("code"), told.get("status"), told.get("type"), found.get("code"), found.get("error_type"))
    status = next((status for status in map(_status, names) if status), 200)
    # Some have only a sign in `error`, and beside it what it is.
    whole = found if isinstance(error, bool | int) else error
    text = error if isinstance(error, str) else json.dumps(whole, ensure_ascii=False)
    if status == 404:
        # Its protocol it does speak.
        return failures.no_model(model)
    if status == 200:
        return failures.for_server_error(model, 200, text)
    return failures.for_status(model, status, text, _headers(told.get("metadata")))


def _error(found: Mapping[str, Any]) -> object:
    """What an object tells of an error, wherever it does; falsy where it is none."""
    error = found.get("error")
    if not error and not found.get("choices"):
        # FastAPI has `detail`, Cloudflare `errors`, others the fields of an error at the top.
        is_bare = "error" in (found.get("object"), found.get("type"))
        is_bare = is_bare or bool(found.get("message") and _status(found.get("code")))
        error = found if is_bare else found.get("detail") or found.get("errors")
    if isinstance(error, list):
        return next((item for item in error if isinstance(item, dict)), error)
    return error


def _status(name: object) -> int | None:
    """The status that an error's code or type stands for."""
    if isinstance(name, str) and not name.isdecimal():
        return STATUSES.get(name.lower())
    text = str(name)
    return int(text) if len(text) == 3 and text.isdecimal() and text[0] in "45" else None


def _headers(metadata: object) -> dict[str, str]:
    """What a gateway keeps of the headers of the server behind it."""
    if not isinstance(metadata, dict):
        return {}
    inner = metadata.get("headers")
    fields = {**metadata, **(inner if isinstance(inner, dict) else {})}
    return {str(name).lower().replace("_", "-"): str(value) for name, value in fields.items()}
