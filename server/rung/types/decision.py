"""A decision: where a request starts, who said so, and the pins that hold whatever happens."""

from __future__ import annotations

from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    By = Literal["option", "prefix", "rule", "action", "default"]


class Pin(Value):
    """A bound no escalation breaks."""

    bound: str
    """``local``, ``ceiling TIER``, ``only TIER``, ``only model NAME``, ``budget DOLLARS`` for this request, or
    ``budget DOLLARS a day`` and ``budget DOLLARS a month`` for all together."""
    source: str
    """Who set it: a rule's name, ``prefix``, ``option``, ``settings`` ...; public name: ``from``."""


class RuleTrace(Value):
    """What became of one rule."""

    name: str
    matched: bool
    why: str


class Decision(Value):
    """Pure function of request features and rules."""

    tier: str
    """The name of the tier to start at, or ``builtin``."""
    by: By
    rule: str | None
    """The name of the rule that decided, if one did."""
    why: str
    """One sentence."""
    pins: tuple[Pin, ...] = ()
    rules: tuple[RuleTrace, ...] = ()
    local: bool = False
    """Some pin says it never leaves the machine."""
    ceiling: str | None = None
    """The highest tier any pin allows."""
    only_tier: bool = False
    """``--tier``: that tier alone."""
    only_model: str | None = None
    moved_from: str | None = None
    """The tier that was asked for, where pins moved the start to another one."""
    max_cost: float | None = None
    """US dollars for the whole request, from budget and rules; None: no bound."""
