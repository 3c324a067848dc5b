"""What the attempts of a request cost."""

from __future__ import annotations

import asyncio

from rung.ladder.ascent import Tried
from rung.ledger import prices
from rung.ledger.forecast import is_free
from rung.ledger.purse import Hold, Purse


async def settle(purse: Purse, holds: dict[int, Hold], tried: list[Tried]) -> None:
    """Settle what was held for attempts that are over, and bill those that ended without a word."""
    for index, hold in tuple(holds.items()):
        done = tried[index] if index < len(tried) else None
        attempt, served = (done.attempt, done.served) if done else (None, None)
        thought, seconds = (done.thought, done.seconds) if done else (False, None)
        billed = await purse.settle(hold, attempt, served, thought=thought, seconds=seconds)
        if done and billed:
            tried[index] = done.replace(attempt=billed)
        holds.pop(index, None)


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
