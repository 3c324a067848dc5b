"""What the attempts of a request cost: leave to spend it beforehand, and the bill afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rung.ladder.ascent import Tried
from rung.ledger import prices
from rung.ledger.forecast import is_free
from rung.ledger.purse import Hold, Purse
from rung.privacy.destination import forbidden
from rung.types.call import Call
from rung.types.decision import Decision
from rung.types.plan import Candidate, Skipped

if TYPE_CHECKING:
    from rung.providers.events import Question

SLACK = 60.0
"""Seconds beyond a request's deadline for which its money is held, should this process die."""


class Bill:
    """The attempts of one question, and the money held and spent for them.

    Args:
        purse: the request's.
        decision: whose pins hold.
        call: what is asked.
        deadline: when it must be over, on the loop's clock.
    """

    def __init__(self, purse: Purse, decision: Decision, call: Call, deadline: float) -> None:
        self._purse = purse
        self._decision = decision
        self._call = call
        self._deadline = deadline
        self._holds: dict[int, Hold] = {}
        """By the place its attempt has, or will have, in ``tried``."""
        self.tried: list[Tried] = []
        """Every attempt so far; the ladder adds to it."""
        self.unpaid: list[Skipped] = []
        """Whom the budget kept from being asked."""

    async def admit(self, candidate: Candidate, question: Question) -> str | None:
        """The last word before a connection, pins, then money: None, or why not."""
        await self.settle()
        model = candidate.model
        reason = forbidden(self._decision, model)
        if reason or is_free(model):
            return reason
        lease = self._deadline - asyncio.get_running_loop().time() + SLACK
        held = await self._purse.hold(model, question.messages, self._call, lease)
        if isinstance(held, str):
            self.unpaid.append(Skipped(candidate.tier, model.model, held))
            return held
        # The attempt that asks has the next record.
        self._holds[len(self.tried)] = held
        return None

    async def settle(self) -> None:
        """Settle what was held for attempts that are over, and bill those that ended without a word."""
        for index, hold in tuple(self._holds.items()):
            done = self.tried[index] if index < len(self.tried) else None
            attempt, served = (done.attempt, done.served) if done else (None, None)
            thought, seconds = (done.thought, done.seconds) if done else (False, None)
            billed = await self._purse.settle(hold, attempt, served, thought=thought, seconds=seconds)
            if done and billed:
                self.tried[index] = done.replace(attempt=billed)
            self._holds.pop(index, None)


async def price(tried: Tried) -> Tried:
    """The attempt with its cost; a local one is free without looking anything up."""
    attempt = tried.attempt
    if is_free(tried.model):
        cost: float | None = 0.0
    elif attempt.tokens_in == attempt.tokens_out == 0:
        cost = 0.0
    else:
        cost = await asyncio.to_thread(prices.cost, tried.model, tried.served, attempt.tokens_in, attempt.tokens_out)
    return tried.replace(attempt=attempt.replace(cost_usd=cost))
