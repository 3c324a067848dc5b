"""A decision in words: what ``rung route`` prints and what a receipt in an editor says are both made here.

Nothing of what the person typed comes in but the words that rules matched and the paths they held. It decides nothing.
"""

from __future__ import annotations

from rung.routing.plan import RESTING
from rung.routing.tokens import counted
from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rung.types.decision import Decision, RuleTrace
    from rung.types.plan import Candidate, Plan, Skipped


class Explanation(Value):
    """Where a request goes, and everything that had a say in it."""

    decision: Decision
    plan: Plan
    tokens: int
    """The estimate of the prompt."""

    def shape(self) -> dict[str, Any]:
        """DESIGN's ``route``: plain JSON."""
        decision = self.decision
        return {
            "tier": decision.tier,
            "by": decision.by,
            "rule": decision.rule,
            "pins": [{"bound": pin.bound, "from": pin.source} for pin in decision.pins],
            "tokens": self.tokens,
            "rules": [{"name": rule.name, "matched": rule.matched, "why": rule.why} for rule in decision.rules],
            "plan": [
                {
                    "tier": c.tier,
                    "model": c.model.model,
                    "provider": c.model.provider,
                    "local": c.model.local,
                    "state": c.state,
                    "window": c.window,
                }
                for c in self.plan.attempts
            ],
            "skipped": [{"tier": s.tier, "model": s.model, "reason": s.reason} for s in self._left_out()],
        }

    def text(self) -> str:
        """The same for people: start, pins and who set them, the plan, who is left out and why, and every rule."""
        decision, plan = self.decision, self.plan
        # A tier that was asked for alone may be one that a pin forbids.
        start = decision.tier if plan.attempts or decision.tier == "builtin" else "no tier"
        lines = [
            f"starts at {start}: {decision.why}",
            f"about {counted(self.tokens)}",
        ]
        lines += [f"pin: {pin.bound} (by {pin.source})" for pin in decision.pins]
        lines.append("plan:" if plan.attempts else "plan: nobody")
        lines += [_step(number, candidate) for number, candidate in enumerate(plan.attempts, 1)]
        if decision.tier == "builtin":
            lines.append("  without a model")
        lines += [f"  not {s.tier}: {s.model}: {s.reason}{self._after_all(s)}" for s in self._left_out()]
        lines.append("rules, in the order they were tried:")
        lines += [_rule(rule) for rule in decision.rules]
        return "\n".join(lines)

    def _after_all(self, skipped: Skipped) -> str:
        """What becomes of it in the end."""
        small = {(one.tier, one.model.model) for one in self.plan.later if one.state not in RESTING}
        return "; with a shorter prompt if all others fail" if (skipped.tier, skipped.model) in small else ""

    def _left_out(self) -> tuple[Skipped, ...]:
        return (*self.plan.skipped, *self.plan.unwanted)


def _step(number: int, candidate: Candidate) -> str:
    model = candidate.model
    where = "local" if model.local else "off this machine"
    # What nobody knows is not said: `rung route` alone asks no server.
    state = f", {candidate.state}" if candidate.state != "unknown" else ""
    window = f", window {candidate.window}" if candidate.window else ""
    return f"  {number}. {candidate.tier}: {model.model} ({model.provider}, {where}{state}{window})"


def _rule(rule: RuleTrace) -> str:
    return f"  [{'x' if rule.matched else ' '}] {rule.name}: {rule.why}"
