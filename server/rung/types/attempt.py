"""An attempt: one call to one model, as it is recorded."""

from __future__ import annotations

from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Failure = Literal[
        "refused",
        "unreachable",
        "slow",
        "stalled",
        "broken",
        "busy",
        "rate-limited",
        "auth",
        "missing-model",
        "too-long",
        "bad-request",
        "filtered",
        "bad-answer",
        "trimmed",
        "cancelled",
        "load-failed",
    ]
    Outcome = Literal["ok"] | Failure


class Attempt(Value):
    """One row of the ledger and one entry of the receipt; times are milliseconds."""

    tier: str
    model: str
    provider: str
    outcome: Outcome
    reason: str | None = None
    """Why it failed, without anybody's text; None when it did not."""
    queued_ms: int = 0
    first_content_ms: int | None = None
    total_ms: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: bool = False
    """The server did not count: the tokens are an estimate."""
    cost_usd: float | None = None
    """None: unknown, not 0."""


class CallRecord(Value):
    """One question to the ladder and the attempts it took."""

    attempts: tuple[Attempt, ...] = ()
