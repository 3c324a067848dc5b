"""The events of a running request, in the order the person would want to see them."""

from __future__ import annotations

from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from rung.types.decision import Decision
    from rung.types.outcome import Outcome
    from rung.types.plan import Plan

    Waiting = Literal["queued", "loading", "asking", "thinking"]
    """What the person waits for: a slot, the model's load, its first word, its thoughts."""


class DecidedEvent(Value):
    """Where it goes, before anybody is asked: of several questions the first one's plan."""

    decision: Decision
    plan: Plan
    tokens: int
    """The estimate of the prompt, as rules see it."""
    prompt: int = 0
    """The estimate of the first question alone."""
    max_output: int = 0
    """Tokens its answer may have."""


class TierEvent(Value):
    """An attempt at this model begins, or waits for something else than before."""

    tier: str
    model: str
    reason: str
    """Why here, one sentence."""
    waiting: Waiting = "asking"


class TextEvent(Value):
    """A piece of the answer."""

    text: str


class ResetEvent(Value):
    """What was streamed so far is void: another model starts over."""

    reason: str


class OutcomeEvent(Value):
    """The end: the whole result."""

    result: Outcome


if TYPE_CHECKING:
    Event = DecidedEvent | TierEvent | TextEvent | ResetEvent | OutcomeEvent
