"""Loading a model before anybody asks it: a courtesy, which never fails and never reaches beyond this machine."""

from __future__ import annotations

from rung.errors import AttemptError
from rung.ladder.means import Means
from rung.types.plan import Candidate

SLEEPING = ("unknown", "cold")
"""States in which a model may have to be loaded."""


async def prewarm(means: Means, candidate: Candidate) -> bool:
    """Begin to load this model where it is a local Ollama's and not in memory; gives whether that was begun.

    The load is a process of its own: whoever called may leave, and nobody ends it.
    """
    model = candidate.model
    if model.provider != "ollama" or not model.local or candidate.state not in SLEEPING:
        return False
    try:
        known = await means.health.look(model)
    except AttemptError:
        return False
    if known.state != "cold" or known.remote:
        return False
    named = model.replace(model=known.name) if known.name else model
    if means.warmups.loads_instead_of(named):
        # Two loads at a time may throw each other out of memory.
        return False
    means.warmups.start(named)
    means.health.ordered(named)
    return True
