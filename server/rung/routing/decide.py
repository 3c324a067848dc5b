"""Where a request starts and which pins hold: a pure function of its features and the rules.

An explicit tier > a prefix > the first matching rule with a tier > the action's own tier > the default tier. Every
matching rule adds its pins, whatever decided the start; so does one of which it could not be found out. What pins
forbid is no start: it moves to the first tier that they allow, in the order of :mod:`rung.routing.plan`.
"""

from __future__ import annotations

from functools import lru_cache

from rung.errors import UsageError
from rung.routing import prefix
from rung.routing.match import has_pins, prepared
from rung.types.decision import Decision, Pin, RuleTrace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rung.settings.values import Rule, Settings, Tier
    from rung.types.decision import By
    from rung.types.features import Features

BUILTIN = "builtin"


def decide(features: Features, settings: Settings, home: str = "") -> Decision:
    """The decision for a request.

    Raises:
        UsageError: ``--tier`` names a tier that does not exist.
    """
    traces: list[RuleTrace] = []
    matched: list[Rule] = []
    bound: list[Rule] = []
    for rule, held, why in prepared(settings.rules).judge(features, home):
        careful = "; its pins hold to be safe" if held is None and has_pins(rule) else ""
        traces.append(_trace(rule.name, held is True, why + careful))
        if held:
            matched.append(rule)
        if held is not False:
            bound.append(rule)
    tier, by, name, why = _start(features, settings, matched, traces)
    pins = _pins(features, settings, bound, tier if by == "option" else None)
    ceiling = _lowest(settings, [pin.bound[8:] for pin in pins if pin.bound.startswith("ceiling ")])
    wanted = tier
    if by != "option":
        tier, moved = _moved(tier, pins, ceiling, settings)
        why += moved
    costs = [cost for cost in (settings.budget.per_request, *(rule.budget for rule in bound)) if cost is not None]
    return Decision(
        tier=tier,
        by=by,
        rule=name,
        why=why,
        pins=pins,
        rules=tuple(traces),
        local=any(pin.bound == "local" for pin in pins),
        ceiling=ceiling,
        only_tier=by == "option",
        only_model=features.model,
        moved_from=wanted if tier != wanted else None,
        max_cost=min(costs) if costs else None,
    )


def _start(
    features: Features, settings: Settings, matched: list[Rule], traces: list[RuleTrace]
) -> tuple[str, By, str | None, str]:
    """The tier, who said so, the rule's name, and one sentence."""
    if features.option:
        return _option(features.option, settings), "option", None, f"tier {features.option} was asked for"
    named = prefix.tier(features.prefix)
    if named:
        return named, "prefix", None, f"a prefix of the prompt asks for {named}"
    here = (tier.name for tier in settings.tiers if _has(tier, None, is_local=True))
    if prefix.pins(features.prefix) and (lowest := next(here, None)):
        why = f"a prefix of the prompt asks for this machine, and {lowest} is the first tier there"
        return lowest, "prefix", None, why
    for rule in matched:
        found = settings.tier(rule.tier) if rule.tier else None
        if found:
            why = next(trace.why for trace in traces if trace.name == rule.name)
            return found.name, "rule", rule.name, f'rule "{rule.name}": {why}'
    own = settings.tier(features.action_tier) if features.action_tier else None
    if own:
        return own.name, "action", None, f"the action {features.action} starts at {own.name}"
    default = settings.tier(settings.default_tier) if settings.default_tier else None
    tier = default or settings.tiers[0]
    return tier.name, "default", None, f"{tier.name} is the default tier"


def _moved(tier: str, pins: tuple[Pin, ...], ceiling: str | None, settings: Settings) -> tuple[str, str]:
    """The first tier that pins allow, and the words for it where that is another one; the tier itself where none is."""
    tiers = settings.tiers
    names = [one.name for one in tiers]
    start, top = names.index(tier), names.index(ceiling) if ceiling else len(tiers) - 1
    begin = min(start, top)
    order = [*tiers[begin : top + 1], *tiers[:begin][::-1]]
    bounds = {pin.bound: pin.source for pin in reversed(pins)}
    only = next((bound[11:] for bound in bounds if bound.startswith("only model ")), None)
    found = next((one.name for one in order if _has(one, only, is_local="local" in bounds)), tier)
    if found == tier:
        return tier, ""
    bound = f"ceiling {ceiling}"
    if start <= top:
        bound = f"only model {only}" if _has(tiers[start], None, is_local="local" in bounds) else "local"
    return found, f"; {found} instead of {tier}: {bound} (by {bounds[bound]})"


def _has(tier: Tier, only: str | None, *, is_local: bool) -> bool:
    """Whether it has a model that pins allow."""
    models = (model for model in tier.models if model.local or not is_local)
    return any(only in {None, model.model} or model.model == "auto" for model in models)


def _option(name: str, settings: Settings) -> str:
    if name == BUILTIN:
        return BUILTIN
    found = settings.tier(name)
    if found is None:
        names = ", ".join([tier.name for tier in settings.tiers] + [BUILTIN])
        raise UsageError(f"There is no tier {name!r}.", f"The tiers are: {names}.")
    return found.name


@lru_cache(maxsize=4096)
def _trace(name: str, matched: bool, why: str) -> RuleTrace:  # noqa: FBT001 - a trace's fields in their order
    """The trace, from an earlier decision where it is the same: most rules say nearly always that nothing matched."""
    return RuleTrace(name, matched, why)


def _pins(features: Features, settings: Settings, bound: list[Rule], option: str | None) -> tuple[Pin, ...]:
    pins: list[Pin] = []
    if features.local:
        pins.append(Pin("local", "the caller"))
    if prefix.pins(features.prefix):
        pins.append(Pin("local", "prefix"))
    if option:
        pins.append(Pin(f"only {option}", "option"))
    if features.model:
        pins.append(Pin(f"only model {features.model}", "option"))
    for rule in filter(has_pins, bound):
        source = f'rule "{rule.name}"'
        if rule.local:
            pins.append(Pin("local", source))
        if rule.ceiling and (highest := settings.tier(rule.ceiling)):
            pins.append(Pin(f"ceiling {highest.name}", source))
        if rule.budget is not None:
            pins.append(Pin(f"budget {rule.budget}", source))
    return (*pins, *_budget_pins(settings))


def _budget_pins(settings: Settings) -> list[Pin]:
    """What the settings let one request cost, and all of a day's and a month's together."""
    budget, of_workspace = settings.budget, settings.workspace_budget
    return [
        _budget_pin(amount, of, name in of_workspace)
        for name, amount, of in (
            ("per_request", budget.per_request, ""),
            ("per_day", budget.per_day, " a day"),
            ("per_month", budget.per_month, " a month"),
        )
        if amount is not None
    ]


@lru_cache(maxsize=64, typed=True)
def _budget_pin(amount: float, of: str, is_of_workspace: bool) -> Pin:  # noqa: FBT001 - see _trace
    return Pin(f"budget {amount}{of}", "workspace settings" if is_of_workspace else "settings")


def _lowest(settings: Settings, names: list[str]) -> str | None:
    order = [tier.name for tier in settings.tiers]
    known = [found.name for name in names if (found := settings.tier(name))]
    return min(known, key=order.index) if known else None
