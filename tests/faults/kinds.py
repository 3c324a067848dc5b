"""Every fault of the matrix: how the victim is made to fail, and which outcome words DESIGN has for it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

PROVIDERS = ("ollama", "openai-compatible", "openai", "anthropic")

NOTHING: Mapping[str, Any] = MappingProxyType({})
SLOW = frozenset({"slow"})
BROKEN = frozenset({"broken"})


class Fault(NamedTuple):
    """One way to fail."""

    name: str
    outcomes: frozenset[str]
    """What the victim's attempt may end with; ``ok`` among them where the fault is one a request survives."""
    kind: str | None = None
    """The simulator's word for it; None: a socket of our own, see :mod:`tests.faults.victims`."""
    args: Mapping[str, Any] = NOTHING
    times: int | None = None
    providers: tuple[str, ...] = PROVIDERS
    actions: tuple[str, ...] = ("ask", "review-file")
    delay: float = 0.0
    """Seconds (of the jumping clock) before each piece."""
    waits: bool = False
    """It is silence: bound by the limits, and by the deadline alone where nobody is left to climb to."""


def status(name: str, number: int, outcome: str, *, times: int | None = None, **args: Any) -> Fault:
    """An HTTP status instead of an answer."""
    return Fault(name, frozenset({outcome}), "status", {"status": number, **args}, times)


def one(outcome: str) -> frozenset[str]:
    return frozenset({outcome})


PARAMETER = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
PARAMETERS = {
    "ollama": '"victim:1b" does not support thinking',
    "openai": "Unknown parameter: 'stream_options'.",
    "openai-compatible": PARAMETER,
    "anthropic": "thinking: this model cannot be told not to think",
}
"""What each server complains of; a 400 is mended once, within the attempt."""

RAW = (
    Fault("refused", one("refused")),
    Fault("no answer to connect", one("unreachable")),
    Fault("https to a plain server", one("unreachable")),
    Fault("self-signed certificate", one("unreachable")),
    Fault("slow accept", frozenset({"slow", "unreachable", "broken"}), waits=True),
    Fault("dripping headers", SLOW, waits=True),
    Fault("no http", BROKEN),
    Fault("malformed chunk", BROKEN),
    Fault("short of its length", BROKEN),
    Fault("bad gzip", BROKEN),
    Fault("endless line", BROKEN),
    Fault("endless error page", frozenset({"broken", "busy"})),
    Fault("redirect", one("bad-request")),
)
"""Played on bare sockets."""

SIMULATED = (
    Fault("reset before headers", BROKEN, "reset-before-headers"),
    Fault("reset before headers once", BROKEN | {"ok"}, "reset-before-headers", times=1),
    Fault("no headers", SLOW, "no-headers", waits=True),
    Fault("slow headers", frozenset({"slow", "ok"}), "slow-headers", {"seconds": 50.0}, waits=True),
    Fault("no first content", SLOW, "no-content", waits=True),
    Fault("role only", SLOW, "role-only", waits=True),
    Fault("pings only", SLOW, "pings-only", {"every": 2.0}, waits=True),
    Fault("stall", frozenset({"stalled", "slow"}), "stall", {"after": 30}, waits=True),
    Fault("reset mid-stream", BROKEN, "reset", {"after": 30}),
    Fault("end without end marker", BROKEN, "no-end", {"after": 30}),
    Fault("end of the connection", BROKEN, "no-end", {"after": 30, "clean": False}),
    Fault("malformed event", BROKEN, "malformed", {"after": 30}),
    Fault("crash", frozenset({"broken", "busy"}), "crash", {"after": 3}),
    Fault("crash at once", frozenset({"broken", "busy"}), "crash"),
    Fault("truncated JSON", one("bad-answer"), "truncated-json", actions=("review-file",)),
    Fault("wrong content type", BROKEN, "wrong-content-type"),
    Fault("error under 200", frozenset({"broken", "busy"}), "error-midstream", {"after": 0}),
    Fault("error mid-stream", frozenset({"broken", "busy"}), "error-midstream", {"after": 30}),
    Fault("overloaded mid-stream", one("busy"), "error-midstream", {"after": 30, "message": "Overloaded: overloaded"}),
    status("400 context length", 400, "too-long", message="this model's maximum context length is 8 tokens"),
    status("400 content filter", 400, "filtered", message="the response was filtered: content management policy"),
    status("400 of another kind", 400, "bad-request", message="what is that"),
    status("401", 401, "auth"),
    status("403", 403, "auth"),
    status("404 model", 404, "missing-model", message="model 'victim' not found"),
    status("404", 404, "bad-request", body="<html>nothing here</html>"),
    status("408", 408, "slow"),
    status("413", 413, "too-long"),
    status("429", 429, "rate-limited"),
    status("429 with a short Retry-After", 429, "rate-limited", headers={"retry-after": "2"}),
    status("429 with a short Retry-After once", 429, "rate-limited", headers={"retry-after": "2"}, times=1)._replace(
        outcomes=frozenset({"rate-limited", "ok"})
    ),
    status("429 with Retry-After", 429, "rate-limited", headers={"retry-after": "7"}),
    status("429 until a date", 429, "rate-limited", headers={"retry-after": "Wed, 21 Oct 2099 07:28:00 GMT"}),
    status("429 with a mad Retry-After", 429, "rate-limited", headers={"retry-after": "9" * 400}),
    status("500 once", 500, "broken", times=1)._replace(outcomes=frozenset({"broken", "ok"})),
    status("500 always", 500, "broken"),
    status("502", 502, "broken", body="<html>bad gateway</html>"),
    status("503", 503, "busy"),
    status("529", 529, "busy"),
    Fault("empty answer", one("bad-answer"), "empty"),
    Fault("refusal", one("bad-answer"), "refusal"),
    Fault("garbage", one("bad-answer"), "garbage-text", actions=("review-file",)),
    Fault("cut by length", one("bad-answer"), "length"),
    Fault("endless white space", one("bad-answer"), "whitespace", delay=0.1),
    Fault("endless thinking", frozenset({"slow", "bad-answer"}), "endless-thinking", delay=0.5, waits=True),
    Fault("trimmed prompt", one("trimmed"), "trimmed"),
    Fault("load failure", frozenset({"load-failed"}), "load-failure"),
)
"""Played by the simulator."""

PARAMETER_FAULTS = tuple(
    status(f"400 parameter of {provider}", 400, "ok", times=1, message=message)._replace(providers=(provider,))
    for provider, message in PARAMETERS.items()
)

FAULTS = (*RAW, *SIMULATED, *PARAMETER_FAULTS)
