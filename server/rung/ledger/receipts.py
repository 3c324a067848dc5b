"""Receipts: the attempts of a request added up."""

from __future__ import annotations

from collections.abc import Sequence

from rung.types.attempt import Attempt, CallRecord
from rung.types.decision import Decision
from rung.types.part import Omission
from rung.types.receipt import Receipt, Redaction
from rung.types.request import Request


def receipt(
    request: Request,
    decision: Decision,
    calls: Sequence[CallRecord],
    *,
    total_ms: int,
    answered: Attempt | None = None,
    local: bool = False,
    builtin: bool = False,
    simulated: bool = False,
    degraded: bool = False,
    left_out: Sequence[Omission] = (),
    redacted: Sequence[Redaction] = (),
) -> Receipt:
    """What the person gets with the answer, or with the error.

    Args:
        request: what was asked.
        decision: where it started, and why.
        calls: each with its attempts, priced.
        total_ms: from the request to the answer.
        answered: the attempt whose answer the person gets; None where no model's is.
        local: whether the model that answered runs on this machine.
        builtin: no model answered, Rung itself did.
        simulated: a simulator answered.
        degraded: the answer is the best there was, and not good enough.
        left_out: what the prompts lacked.
        redacted: secrets taken out before anything left the machine.
    """
    attempts = [attempt for call in calls for attempt in call.attempts]
    costs = [attempt.cost_usd for attempt in attempts]
    failed = [attempt for attempt in attempts if attempt.outcome != "ok" and attempt is not answered]
    shown = None if builtin else answered
    return Receipt(
        id=request.id,
        action=request.action,
        tier="builtin" if builtin else shown.tier if shown else None,
        model=shown.model if shown else None,
        provider=shown.provider if shown else None,
        local=builtin or local,
        by=decision.by,
        rule=decision.rule,
        why=decision.why,
        escalated_from=_from(decision, failed, shown, builtin=builtin),
        builtin=builtin,
        simulated=simulated,
        degraded=degraded,
        calls=tuple(calls),
        tokens_in=sum(attempt.tokens_in for attempt in attempts),
        tokens_out=sum(attempt.tokens_out for attempt in attempts),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        total_ms=total_ms,
        left_out=tuple(dict.fromkeys(left_out)),
        redacted=_most(redacted),
    )


def _from(decision: Decision, failed: Sequence[Attempt], shown: Attempt | None, *, builtin: bool) -> str | None:
    """The tier it left behind: the first that failed, else the one it should have started at but that was resting."""
    if shown is None and not builtin:
        return None
    if failed:
        return failed[0].tier
    return decision.tier if shown and shown.tier != decision.tier else None


def _most(redacted: Sequence[Redaction]) -> tuple[Redaction, ...]:
    """Each kind once, with the most that any one prompt had: several attempts take out the same secrets."""
    counts: dict[str, int] = {}
    for one in redacted:
        counts[one.kind] = max(one.count, counts.get(one.kind, 0))
    return tuple(Redaction(kind, count) for kind, count in counts.items())
