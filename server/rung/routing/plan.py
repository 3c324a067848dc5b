"""Which models may be tried, in which order, right now: a pure function of the decision and what memory says.

From the start tier up, then, for when everything above is gone too, from the start tier down. Whoever is left out is
listed with the reason.
"""

from __future__ import annotations

from rung.routing.tokens import for_answer
from rung.types.plan import Candidate, Plan, Skipped
from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rung.settings.values import Settings, Tier
    from rung.types.decision import Decision
    from rung.types.model import Model
    from rung.types.plan import State


class Known(Value):
    """What memory says of one model; the default is what nobody asked yet."""

    state: State = "unknown"
    reason: str | None = None
    """Why it cannot be asked now, and what to do."""
    name: str | None = None
    """The model ``auto`` stands for."""
    window: int | None = None
    remote: bool = False
    """It turned out to run on somebody else's machine."""
    barred: bool = False
    """It does not let us in: asking again is of no use before the key or the settings change."""


UNABLE = ("no-key", "missing")
RESTING = ("down", "blocked")
"""States that pass: whoever is in one is tried only when nobody else is left."""


def plan(
    decision: Decision, settings: Settings, know: Callable[[Model], Known], tokens: int = 0, answer: int = 0
) -> Plan:
    """The plan.

    Args:
        decision: start and pins.
        settings: the tiers.
        know: what memory says of a model.
        tokens: upper estimate of the prompt, when it must not be shortened; 0 when it may be.
        answer: upper estimate of the answer.
    """
    able: list[Candidate] = []
    resting: list[Candidate] = []
    small: list[Candidate] = []
    skipped: list[Skipped] = []
    seen: list[Model] = []
    tiers = _order(decision, settings, skipped)
    unwanted = _unwanted(decision, settings)
    for tier in tiers:
        for model in tier.models:
            known = know(model)
            named = _named(model, known, decision)
            reason = _forbidden(decision, named, known)
            # Two that are `auto` still may turn out to be two models, or one: the ladder sees when it finds out.
            if reason is None and named.model != "auto" and any(_is_same(named, other) for other in seen):
                reason = "it comes in an earlier tier"
            if reason:
                skipped.append(Skipped(tier.name, named.model, reason))
                continue
            seen.append(named)
            window = known.window or named.context
            is_auto = model.model == "auto" and named.model == known.name
            candidate = Candidate(tier.name, named, known.state, window, is_auto)
            if known.state in RESTING:
                resting.append(candidate)
                skipped.append(Skipped(tier.name, named.model, known.reason or known.state))
            elif tokens and window and tokens + for_answer(answer, window) > window:
                small.append(candidate)
                skipped.append(Skipped(tier.name, named.model, f"its window of {window} tokens is too small"))
            else:
                able.append(candidate)
    # When all others have failed: better a shortened prompt, or one who may have come back, than no answer at all.
    resting.reverse()
    later = (*small, *sorted(resting, key=_least_hope))
    return settled(Plan(tuple(able), tuple(skipped), later, unwanted))


def settled(plan: Plan) -> Plan:
    """The plan; where nobody is left to ask, with those who would be asked then: a shortened prompt first."""
    if plan.attempts or not plan.later:
        return plan
    last = tuple(one for one in plan.later if one.state not in RESTING) or plan.later[-1:]
    names = {(one.tier, one.model.model) for one in last}
    return plan.replace(
        attempts=last,
        skipped=tuple(one for one in plan.skipped if (one.tier, one.model) not in names),
        later=tuple(one for one in plan.later if (one.tier, one.model.model) not in names),
    )


def _is_same(one: Model, other: Model) -> bool:
    """Whether they are one model, however its name and address are spelled."""
    if _bare(one.model) != _bare(other.model):
        return False
    from rung.settings.addresses import spot  # noqa: PLC0415 - brings what reads addresses, for who has a name twice

    return spot(one) == spot(other)


def _bare(name: str) -> str:
    return name.lower().removesuffix(":latest")


def _least_hope(candidate: Candidate) -> int:
    """Whoever was told to stay away comes before whoever failed: of them all, only the last one is asked."""
    return 0 if candidate.state == "blocked" else 1


def _named(model: Model, known: Known, decision: Decision) -> Model:
    """The model with the name ``auto`` stands for: the one asked for, else the one memory found installed."""
    name = decision.only_model if model.model == "auto" and decision.only_model else known.name
    return model.replace(model=name) if name else model


def _order(decision: Decision, settings: Settings, skipped: list[Skipped]) -> list[Tier]:
    """The tiers to look at, in order; tiers above a ceiling are listed as skipped."""
    tiers = list(settings.tiers)
    names = [tier.name for tier in tiers]
    if decision.tier not in names:
        return []
    start = names.index(decision.tier)
    top = names.index(decision.ceiling) if decision.ceiling in names else len(tiers) - 1
    above = [tiers[start]] if decision.only_tier and start > top else [] if decision.only_tier else tiers[top + 1 :]
    bound = f"ceiling {decision.ceiling}"
    who = next((f" of {pin.source}" for pin in decision.pins if pin.bound == bound), "")
    skipped.extend(Skipped(t.name, m.model, f"above the {bound}{who}") for t in above for m in t.models)
    if decision.only_tier:
        return [] if above else [tiers[start]]
    start = min(start, top)
    return tiers[start : top + 1] + tiers[:start][::-1]


def _unwanted(decision: Decision, settings: Settings) -> tuple[Skipped, ...]:
    """Whom the person left out by naming a tier."""
    if not decision.only_tier:
        return ()
    others = [(tier, model) for tier in settings.tiers if tier.name != decision.tier for model in tier.models]
    return tuple(Skipped(t.name, m.model, f"only tier {decision.tier} was asked for") for t, m in others)


def _forbidden(decision: Decision, model: Model, known: Known) -> str | None:
    """Why this model may not be asked at all; None where it may."""
    if decision.local and (not model.local or known.remote):
        who = next((pin.source for pin in decision.pins if pin.bound == "local"), "a pin")
        if not model.local:
            return f"pinned to this machine by {who}"
        return (
            f"{model.model} is passed on to another machine (remote_host), and {who} pins this request to this one: "
            "name a model that is installed here"
        )
    if decision.only_model and decision.only_model != model.model:
        return f"only {decision.only_model} was asked for"
    if known.state in UNABLE or known.barred:
        return known.reason or known.state
    return None
