"""What all requests of an engine share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rung.ladder.climb import Ladder
from rung.ledger.budget import Budget
from rung.ledger.ledger import Ledger
from rung.ledger.weight import Count
from rung.types.value import Value

if TYPE_CHECKING:
    from rung.ledger.rows import Source


class Shared(Value):
    """One per engine."""

    ladder: Ladder
    ledger: Ledger
    budget: Budget
    env: Mapping[str, str]
    count: Count
    """Of tokens, exact where the estimate will not do."""
    source: Source
