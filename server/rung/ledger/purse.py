"""What one request may spend: each of its calls off this machine is held for before it is made, and settled after.

A model on this machine costs nothing and is never asked about here.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from rung.ledger import prices
from rung.ledger.budget import Budget
from rung.ledger.reservations import Reservation
from rung.providers import anthropic, openai
from rung.providers.events import Question
from rung.routing.tokens import estimate, upper
from rung.types.attempt import Attempt
from rung.types.call import Call
from rung.types.model import Model
from rung.types.value import Value

if TYPE_CHECKING:
    from rung.settings import values

SENT = ("slow", "cancelled")
"""Outcomes after which the server may have read the prompt, and charge for it, although nothing came back yet."""


class Hold(Value):
    """What one attempt holds."""

    model: Model
    prompt: int
    """Tokens of the prompt."""
    worst: float | None
    """US dollars; None: the price is not known, and no budget asks for it."""
    thinks: bool
    """Some of what the model says is thinking, which is charged and not seen."""
    reservation: Reservation | None


class Purse:
    """The money of one request.

    Args:
        budget: of all requests together.
        request: its id.
        bounds: of the settings.
        max_cost: US dollars for this request, from settings and rules; None: no bound.
    """

    def __init__(self, budget: Budget, request: str, bounds: values.Budget, max_cost: float | None) -> None:
        self._budget = budget
        self._request = request
        self._bounds = bounds
        self._max_cost = max_cost
        self._count = 0
        self._gone = 0.0
        """US dollars spent and held."""

    async def hold(self, model: Model, prompt: int, call: Call, lease: float) -> Hold | str:
        """Hold what a call may cost at most.

        Args:
            model: whom to ask; not one on this machine.
            prompt: the estimate of its tokens.
            call: for the length of the answer.
            lease: seconds after which the money is free again should this process die.

        Returns:
            What to settle, or why it may not be spent: half a sentence for the person.
        """
        worst = await asyncio.to_thread(worst_case, model, prompt, call)
        thinks = most_output(model, call.max_output) > call.max_output and model.provider == "openai"
        bounded = (self._max_cost, self._bounds.per_day, self._bounds.per_month) != (None, None, None)
        if worst is None:
            if bounded:
                return f"the price of {model.model} is not known: set `price` in rung.toml"
            return Hold(model, prompt, None, thinks, None)
        if self._max_cost is not None and worst and self._gone + worst > self._max_cost:
            left = max(0.0, self._max_cost - self._gone)
            return f"it may cost ${worst:.4f}, and of this request's ${self._max_cost:.2f} only ${left:.4f} are left"
        self._count += 1
        self._gone += worst
        got: Reservation | str | None = None
        try:
            got = await self._reserve(worst, lease)
        finally:
            if not isinstance(got, Reservation):
                self._gone -= worst
        return got if isinstance(got, str) else Hold(model, prompt, worst, thinks, got)

    async def _reserve(self, worst: float, lease: float) -> Reservation | str:
        """Ask the budget; who is cancelled meanwhile leaves nothing behind."""
        asked = asyncio.ensure_future(
            asyncio.to_thread(
                self._budget.reserve,
                self._request,
                self._count,
                worst,
                per_day=self._bounds.per_day,
                per_month=self._bounds.per_month,
                lease=lease,
            )
        )
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            got = await asked
            if isinstance(got, Reservation):
                await asyncio.to_thread(self._budget.settle, got, 0.0)
            raise

    async def settle(self, hold: Hold, attempt: Attempt | None, served: str | None = None) -> Attempt | None:
        """Put what a call did cost in the place of what it might.

        Args:
            hold: from :meth:`hold`.
            attempt: what became of it; None: nobody knows.
            served: the model the server says it served.

        Returns:
            The attempt as it has to be billed: one that ended before the server said a word may have cost its prompt.
        """
        cost: float | None = None
        if attempt is not None:
            if attempt.outcome in SENT and not attempt.tokens_in and not attempt.tokens_out:
                attempt = attempt.replace(tokens_in=hold.prompt, estimated=True)
            if not (attempt.estimated and hold.thinks):
                cost = await asyncio.to_thread(prices.cost, hold.model, served, attempt.tokens_in, attempt.tokens_out)
        if hold.reservation is not None and hold.worst is not None:
            self._gone += (hold.worst if cost is None else cost) - hold.worst
            estimated = attempt is None or attempt.estimated
            await asyncio.to_thread(self._budget.settle, hold.reservation, cost, estimated=estimated)
        return attempt


def most_output(model: Model, max_output: int) -> int:
    """Tokens a server may charge as output where so many are asked for: thinking counts."""
    if model.provider == "anthropic":
        # A model that cannot leave thinking be is asked again with so many more.
        return max_output + anthropic.HEADROOM
    if model.provider in {"openai", "openai-compatible"}:
        body = openai.request_body(Question(model, (), max_output))
        return int(body.get("max_completion_tokens") or body["max_tokens"])
    return max_output


def worst_case(model: Model, prompt: int, call: Call) -> float | None:
    """US dollars a call may cost at most; None where the price is not known.

    Args:
        model: whom to ask.
        prompt: the estimate of its tokens.
        call: for the length of the answer, and a schema that is sent along.
    """
    price = prices.price_of(model)
    if price is None:
        return None
    schema = estimate(json.dumps(call.schema)) if call.schema else 0
    tokens = most_output(model, call.max_output)
    return (upper(prompt + schema) * price.input + tokens * price.output) / 1e6
