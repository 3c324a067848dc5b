"""The typed settings: what rung.toml means once it is read, checked and merged.

Invariants: every value is frozen; ``Settings.tiers`` has at least one tier, every tier at least one model; rule and
tier names are unique; a rule's ``tier`` and ``ceiling`` exist, or the rule came from the shipped defaults and is
ignored there. Times are seconds, money is US dollars.
"""

from __future__ import annotations

from rung.types.model import Model
from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Layer = Literal["shipped", "user", "editor", "workspace", "untrusted"]


class Tier(Value):
    """A rung of the ladder."""

    name: str
    models: tuple[Model, ...]
    """Tried in order. In the file: ``[[tier.model]]``."""
    deadline: float = 120.0
    """Bounds a whole request that starts here; alone bounds the last attempt."""
    prewarm: bool = False
    """Whether opening a commit buffer loads the model that would write its message, where it is of this tier."""


class When(Value):
    """Conditions of a rule; all that are given must hold. A list means any of its entries."""

    action: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    """Globs with ``**``, against every path in the request's context, relative to the workspace or repository."""
    tokens_over: int | None = None
    tokens_under: int | None = None
    words: tuple[str, ...] = ()
    """Whole words or phrases of what the person typed; `...` in one: up to six words in between; `@name`: a list."""
    before: tuple[str, ...] = ()
    """Words of which none may stand in what the person typed before those of `words`."""
    pattern: tuple[str, ...] = ()
    """Regular expressions on the first 4 KB and the last 2 KB of what the person typed."""
    branch: tuple[str, ...] = ()
    """Globs."""
    repository: tuple[str, ...] = ()
    """Globs against the repository's absolute folder; ``~`` is the home folder."""
    health: tuple[tuple[str, str], ...] = ()
    """Tiers and states (:data:`rung.types.plan.State`): each tier must be in one of the states it is named with."""
    budget_left_under: float | None = None
    """Holds when less than so many US dollars are left of today's budget."""
    all_of: tuple[When, ...] = ()
    """Every one of them must hold. In the file: ``all``."""
    any_of: tuple[When, ...] = ()
    """One of them must hold. In the file: ``any``."""
    not_of: When | None = None
    """It must not hold. In the file: ``not``."""


class Rule(Value):
    """When the request looks so, start at that tier and hold these bounds."""

    name: str
    when: When = When()
    """Empty: always."""
    tier: str | None = None
    local: bool = False
    """A pin: never leaves the machine."""
    ceiling: str | None = None
    """A pin: never above this tier."""
    budget: float | None = None
    """A pin: US dollars this request may cost."""
    enabled: bool = True
    layer: Layer = "user"
    """Which file it came from; not written in files."""


class Budget(Value):
    """US dollars; None: no bound."""

    per_request: float | None = None
    per_day: float | None = None
    per_month: float | None = None


class Settings(Value):
    """Everything in force for one workspace, numbered so that a request can say which it began with."""

    tiers: tuple[Tier, ...]
    rules: tuple[Rule, ...] = ()
    """In the order they are tried: the latest layer's first, the shipped ones last."""
    budget: Budget = Budget()
    default_tier: str | None = None
    """None: the first tier."""
    quality_climbs: int = 1
    """How often one question may go on to another model because an answer was not good enough; 0: never."""
    actions: tuple[str, ...] | None = None
    """The ids offered in editors; None: all."""
    sources: tuple[str, ...] = ()
    """The files these came from, in layer order."""
    workspace_budget: tuple[str, ...] = ()
    """Which bounds of the budget are the workspace's; the others are the person's own, or shipped."""

    def tier(self, name: str) -> Tier | None:
        """The tier of that name, or of that number (``tier1`` is the first); None where there is none."""
        for tier in self.tiers:
            if tier.name == name:
                return tier
        if name.startswith("tier") and name[4:].isdecimal() and 0 < int(name[4:]) <= len(self.tiers):
            return self.tiers[int(name[4:]) - 1]
        return None
