"""A receipt: what the person gets with the answer."""

from __future__ import annotations

from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rung.types.attempt import CallRecord
    from rung.types.decision import By
    from rung.types.part import Omission
    from rung.types.plan import Skipped


class Redaction(Value):
    """How many secrets of a kind were taken out before the text left the machine."""

    kind: str
    count: int


class Receipt(Value):
    """Field names and their order are DESIGN's Shapes; they are public."""

    id: str
    action: str
    tier: str | None
    model: str | None
    provider: str | None
    local: bool
    by: By
    rule: str | None
    why: str
    escalated_from: str | None = None
    """The tier that failed first (its attempt says why), or that rested when it should have begun; else None."""
    builtin: bool = False
    simulated: bool = False
    degraded: bool = False
    """The best there was, but not good enough for the gate."""
    calls: tuple[CallRecord, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = 0.0
    """Of all attempts; None as soon as one of them is unknown."""
    total_ms: int = 0
    left_out: tuple[Omission, ...] = ()
    redacted: tuple[Redaction, ...] = ()
    not_asked: tuple[Skipped, ...] = ()
    """Whom the budget kept from being asked when it was their turn."""
    skipped: tuple[Skipped, ...] = ()
    """Whom of the tier it should have begun at the plan left out, for want of a key or the model, say."""

    @property
    def who(self) -> str:
        """Who answered, in words that a line can begin with; else why nobody did."""
        if self.builtin:
            return "written without a model"
        if self.tier is not None:
            return f"{self.tier} ({self.model})"
        attempts = [attempt for call in self.calls for attempt in call.attempts]
        return "cancelled" if attempts and attempts[-1].outcome == "cancelled" else "nobody answered"

    @property
    def missed(self) -> tuple[Skipped, ...]:
        """Who would have been asked if all were well, as far as the person has a use for hearing of it.

        Whoever writes ``[cloud]`` is told that there is no key. That a rule has none for its tier is how people live
        who use no cloud.
        """
        return (*self.not_asked, *(self.skipped if self.by == "prefix" else ()))
