"""Whom the budget would turn away, for somebody who only wants to know: nothing is held, and nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.ledger import prices, refusal
from rung.ledger.budget import Budget
from rung.ledger.purse import most_output
from rung.ledger.weight import FRAME
from rung.routing.plan import settled
from rung.routing.tokens import DENSE
from rung.types.model import Model
from rung.types.plan import Candidate, Plan, Skipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from rung.settings import values

    Asked: TypeAlias = frozenset[tuple[str, str]]


def is_free(model: Model) -> bool:
    """Whether it costs nothing: it runs here, and the person gave it no price, as they do for a gateway on loopback."""
    return model.local and model.price is None


def within(
    plan: Plan,
    budget: Budget,
    bounds: values.Budget,
    max_cost: float | None,
    *,
    prompt: int,
    max_output: int,
    asked: Asked = frozenset(),
) -> Plan:
    """The plan as the budget leaves it now.

    Args:
        plan: whom one question may go to.
        budget: of all requests together.
        bounds: of the settings.
        max_cost: US dollars for this request, from settings and rules; None: no bound.
        prompt: the estimate of its tokens.
        max_output: tokens the answer may have.
        asked: tiers and names of models that were asked: what is left now says nothing of them.
    """
    if (max_cost, bounds.per_day, bounds.per_month) == (None, None, None):
        return plan
    if all(is_free(candidate.model) for candidate in plan.attempts):
        return plan
    judge = budget.judge(bounds.per_day, bounds.per_month)

    def reason(candidate: Candidate) -> str | None:
        could = is_free(candidate.model) or (candidate.tier, candidate.model.model) in asked
        return None if could else _reason(candidate.model, max_cost, judge, prompt, max_output)

    reasons = [(candidate, reason(candidate)) for candidate in plan.attempts]
    skipped = [Skipped(one.tier, one.model.model, why) for one, why in reasons if why]
    kept = tuple(one for one, why in reasons if not why)
    # Whoever comes at last is asked where nobody else is left.
    later = plan.later if kept else tuple(one for one in plan.later if not reason(one))
    return settled(plan.replace(attempts=kept, skipped=(*plan.skipped, *skipped), later=later))


def _reason(
    model: Model, max_cost: float | None, judge: Callable[[float], str | None], prompt: int, max_output: int
) -> str | None:
    """Why a model may not be asked; None where it may."""
    # As it is weighed before it is asked: a system message and a prompt.
    worst = prices.worst(model, round(prompt * DENSE) + 2 * FRAME, most_output(model, max_output))
    if worst is None:
        return refusal.unpriced(model.model)
    return refusal.of_request(worst, 0.0, max_cost) or judge(worst)
