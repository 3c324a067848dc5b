"""Why the budget keeps a model from being asked: the same words before a request, in its receipt, and in an error.

Each is half a sentence for the person, to stand after "was not asked: ". Nothing is looked up here.
"""

from __future__ import annotations

import math

from rung.ledger.reservations import Used, bound_in_billionths


def unpriced(model: str) -> str:
    """Under a budget nobody is asked whose price nobody knows."""
    return f"the price of {model} is not known: set `price` in rung.toml"


def unknown(why: str) -> str:
    """The ledger cannot be read or written."""
    return f"{why}, so that nobody knows what is left of the budget"


def of_request(worst: float, gone: float, bound: float | None) -> str | None:
    """Why one request may not spend so much; None where it may.

    Args:
        worst: US dollars a call may cost.
        gone: those the request has spent and holds.
        bound: what it may cost altogether; None: no bound.
    """
    if bound is None or not worst or gone + worst <= bound:
        return None
    left = max(0.0, bound - gone)
    return f"it may cost {about(worst)}, and of this request's {dollars(bound)} only {about(left)} are left"


def of_all(found: Used, amount: int, per_day: float | None, per_month: float | None) -> str | None:
    """Why all requests together may not spend so much; None where they may.

    Args:
        found: what is spent and held.
        amount: billionths of a US dollar a call may cost.
        per_day: US dollars a day may cost; None: no bound.
        per_month: the same for a month.
    """
    for name, used, bound in (("today's", found.day, per_day), ("this month's", found.month, per_month)):
        # What costs nothing is in no budget's way.
        if bound is None or not amount or used + amount <= bound_in_billionths(bound):
            continue
        cost, left = about(amount / 1e9), bound - used / 1e9
        if left <= 0:
            return f"{name} {dollars(bound)} are used up"
        if not used:
            return f"it may cost {cost}, more than all of {name} {dollars(bound, 4)}"
        return f"{name} {dollars(bound)} are used up but for {about(left)}, and it may cost {cost}"
    return None


def dollars(amount: float, least: int = 2) -> str:
    """An amount with so many decimals; one too small for them has as many as it needs, down to a billionth."""
    digits = least if amount >= 10**-least else next((n for n in range(least, 9) if round(amount, n) == amount), 9)
    return f"${amount:.{digits}f}"


def about(amount: float) -> str:
    """A cost with four decimals; one too small for them has its first three digits."""
    digits = 4 if amount >= 0.0001 or amount <= 0 else min(9, 2 - math.floor(math.log10(amount)))
    return f"${amount:.{digits}f}"
