"""What one request may spend: each of its calls off this machine is held for before it is made, and settled after.

A model on this machine costs nothing and is never asked about here.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rung.ledger import prices, refusal
from rung.ledger.budget import Budget
from rung.ledger.reservations import Reservation
from rung.ledger.rows import reason_code
from rung.ledger.weight import Count, Weight, uncounted, weigh
from rung.providers import anthropic, openai
from rung.providers.events import Question
from rung.types.attempt import Attempt
from rung.types.call import Call, Message
from rung.types.model import Model
from rung.types.value import Value

if TYPE_CHECKING:
    from rung.settings import values

SENT = ("slow", "cancelled", "filtered")
"""Outcomes after which the server may have read the prompt, and charge for it, although nothing came back."""
FASTEST = 3000.0
"""Tokens a second that no server anybody can rent writes more of."""


class Hold(Value):
    """What one attempt holds."""

    model: Model
    weight: Weight
    """The prompt's."""
    most: int
    """Tokens the server may charge as output."""
    worst: float | None
    """US dollars; None: the price is not known, and no budget asks for it."""
    reservation: Reservation | None


class Purse:
    """The money of one request.

    Args:
        budget: of all requests together.
        request: its id.
        bounds: of the settings.
        max_cost: US dollars for this request, from settings and rules; None: no bound.
        count: counts tokens, where the estimate will not do.
    """

    def __init__(
        self,
        budget: Budget,
        request: str,
        bounds: values.Budget,
        max_cost: float | None,
        count: Count = uncounted,
    ) -> None:
        self._budget = budget
        self._request = request
        self._bounds = bounds
        self._max_cost = max_cost
        self._tokens = count
        self._count = 0
        self._gone = 0.0
        """US dollars spent and held."""

    async def hold(self, model: Model, prompt: Sequence[Message], call: Call, lease: float) -> Hold | str:
        """Hold what a call may cost at most.

        Args:
            model: whom to ask; not one on this machine.
            prompt: what is to be sent.
            call: for the length of the answer, and its schema.
            lease: seconds after which the money is free again should this process die.

        Returns:
            What to settle, or why it may not be spent: half a sentence for the person.
        """
        most, weight = most_output(model, call.max_output), weigh(prompt, call.schema)
        # Whoever looks at a plan is told of the likely worst, and what that does not allow is not asked.
        worst = await asyncio.to_thread(prices.worst, model, weight.likely, most)
        if worst is None:
            bounded = (self._max_cost, self._bounds.per_day, self._bounds.per_month) != (None, None, None)
            if bounded:
                return refusal.unpriced(model.model)
            return Hold(model, weight, most, None, None)
        if refused := self._refusal(worst):
            return refused
        got = await self._hold(model, weight, most, weight.most, lease)
        if isinstance(got, str):
            # There may be a quarter as many tokens in it as bytes, which takes a moment to find out.
            exact = await asyncio.to_thread(weight.counted, model, self._tokens)
            got = await self._hold(model, weight, most, exact, lease) if exact < weight.most else got
        return got

    async def _hold(self, model: Model, weight: Weight, most: int, tokens: int, lease: float) -> Hold | str:
        """Hold what so many tokens cost."""
        worst = await asyncio.to_thread(prices.worst, model, tokens, most) or 0.0
        if refused := self._refusal(worst):
            return refused
        self._count += 1
        self._gone += worst
        got: Reservation | str | None = None
        try:
            got = await self._reserve(worst, lease)
        finally:
            if not isinstance(got, Reservation):
                self._gone -= worst
        return got if isinstance(got, str) else Hold(model, weight, most, worst, got)

    def _refusal(self, worst: float) -> str | None:
        """Why this request may not spend so much."""
        return refusal.of_request(worst, self._gone, self._max_cost)

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

    async def settle(
        self,
        hold: Hold,
        attempt: Attempt | None,
        served: str | None = None,
        *,
        thought: bool = False,
        seconds: float | None = None,
    ) -> Attempt | None:
        """Put what a call did cost in the place of what it might.

        Args:
            hold: from :meth:`hold`.
            attempt: what became of it; None: nobody knows.
            served: the model the server says it served.
            thought: the model was seen to think.
            seconds: it may have been at work; None: all of the attempt but its wait in a queue.

        Returns:
            The attempt as it has to be billed, whose tokens make the very amount that is counted here.
        """
        cost: float | None = None
        if attempt is not None:
            attempt = await self._billed(attempt, hold, thought=thought, seconds=seconds)
            cost = await asyncio.to_thread(prices.cost, hold.model, served, attempt.tokens_in, attempt.tokens_out)
        if hold.reservation is not None and hold.worst is not None:
            self._gone += (hold.worst if cost is None else cost) - hold.worst
            estimated = attempt is None or attempt.estimated
            await asyncio.to_thread(self._budget.settle, hold.reservation, cost, estimated=estimated)
        return attempt

    async def _billed(self, attempt: Attempt, hold: Hold, *, thought: bool, seconds: float | None) -> Attempt:
        """The attempt as it has to be billed; where nobody counted, its prompt is counted here, if that can be done."""
        uncounted = attempt.estimated or not (attempt.tokens_in or attempt.tokens_out)
        tokens = await asyncio.to_thread(self._tokens, hold.weight.texts) if uncounted else None
        tokens = hold.weight.about if tokens is None else tokens
        return as_billed(attempt, hold, tokens, thought=thought, seconds=seconds)


def as_billed(attempt: Attempt, hold: Hold, prompt: int, *, thought: bool, seconds: float | None = None) -> Attempt:
    """The attempt with the tokens it may be charged for, an estimate where the server did not count them.

    One that ended before the server said a word may have cost its prompt. What a model thought nobody saw: it may be
    all that can be written in the time it took, up to what was asked for.
    """
    if not attempt.tokens_in and not attempt.tokens_out and _was_sent(attempt):
        attempt = attempt.replace(tokens_in=prompt, estimated=True)
    elif attempt.estimated and attempt.tokens_in:
        attempt = attempt.replace(tokens_in=max(attempt.tokens_in, prompt))
    if attempt.estimated and (thought or thinks(hold.model)):
        at_work = max(0, attempt.total_ms - attempt.queued_ms) / 1000 if seconds is None else seconds
        unseen = math.ceil(at_work * FASTEST)
        attempt = attempt.replace(tokens_out=max(attempt.tokens_out, min(attempt.tokens_out + unseen, hold.most)))
    return attempt


def _was_sent(attempt: Attempt) -> bool:
    """Whether the server may have worked on it: an error status says that it did not, a broken connection nothing."""
    return attempt.outcome in SENT or (attempt.outcome == "broken" and reason_code(attempt.reason) is None)


def thinks(model: Model) -> bool:
    """Whether a model is one that thinks without showing it, by its name; a gateway's may have a maker before it."""
    name = model.model.rpartition("/")[2]
    return model.provider in {"openai", "openai-compatible"} and name.startswith(openai.REASONING)


def most_output(model: Model, max_output: int) -> int:
    """Tokens a server may charge as output where so many are asked for: thinking counts."""
    if model.provider == "anthropic":
        # A model that cannot leave thinking be is asked again with so many more.
        return max_output + anthropic.HEADROOM
    if model.provider in {"openai", "openai-compatible"}:
        body = openai.request_body(Question(model, (), max_output))
        return int(body.get("max_completion_tokens") or body["max_tokens"])
    return max_output
