"""A plan: the ordered attempts a decision allows right now, and each skipped model with its reason."""

from __future__ import annotations

from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from rung.types.model import Model

    State = Literal["unknown", "ready", "cold", "loading", "busy", "down", "missing", "no-key", "blocked"]
    """What memory says of a model; ``unknown`` counts as able."""


class Candidate(Value):
    """One model in its tier, as the plan may try it."""

    tier: str
    model: Model
    state: State = "unknown"
    window: int | None = None
    """Tokens of prompt and answer together; None: nobody knows."""
    is_auto: bool = False
    """The settings say ``auto``, and it stood for this model when it was last seen."""


class Skipped(Value):
    """A model the plan leaves out, or that was kept from being asked."""

    tier: str
    model: str
    reason: str

    def sentence(self) -> str:
        """That it was not asked, and why; without the full stop."""
        return f"{self.tier} ({self.model}) was not asked: {self.reason.rstrip('.')}"


class Plan(Value):
    """Attempts in order; ``builtin`` may follow when nobody is left."""

    attempts: tuple[Candidate, ...]
    skipped: tuple[Skipped, ...] = ()
    later: tuple[Candidate, ...] = ()
    """Of the skipped those who may be tried all the same when every attempt has failed."""
    unwanted: tuple[Skipped, ...] = ()
    """Whom the person left out by naming a tier: no failure has to list them."""
