"""Receipts: the attempts of a request added up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from rung.types.attempt import Attempt, CallRecord
from rung.types.decision import Decision
from rung.types.part import Omission
from rung.types.plan import Skipped
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
    not_asked: Sequence[Skipped] = (),
    skipped: Sequence[Skipped] = (),
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
        not_asked: whom the budget kept from being asked.
        skipped: whom of all tiers the plan left out.
    """
    attempts = [attempt for call in calls for attempt in call.attempts]
    costs = [attempt.cost_usd for attempt in attempts]
    begins = {decision.tier, decision.moved_from}
    asked = {(attempt.tier, attempt.model) for attempt in attempts}
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
        escalated_from=_from(decision, attempts, shown, builtin=builtin),
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
        not_asked=tuple(not_asked),
        skipped=tuple(one for one in skipped if one.tier in begins and (one.tier, one.model) not in asked),
    )


def _from(decision: Decision, attempts: Sequence[Attempt], shown: Attempt | None, *, builtin: bool) -> str | None:
    """The tier it left behind: the first other one that failed before, else the one that rested when it should begin.

    A second try in the same tier leaves nothing behind, and what was tried after the answer that is shown came to
    nothing.
    """
    if shown is None and not builtin:
        return None
    before = takewhile(lambda attempt: attempt is not shown, attempts)
    failed = (attempt.tier for attempt in before if attempt.outcome != "ok")
    left = next((tier for tier in failed if shown is None or tier != shown.tier), None)
    return left or (decision.tier if shown and shown.tier != decision.tier else None)


def _most(redacted: Sequence[Redaction]) -> tuple[Redaction, ...]:
    """Each kind once, with the most that any one prompt had: several attempts take out the same secrets."""
    counts: dict[str, int] = {}
    for one in redacted:
        counts[one.kind] = max(one.count, counts.get(one.kind, 0))
    return tuple(Redaction(kind, count) for kind, count in counts.items())
