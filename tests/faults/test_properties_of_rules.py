"""Any rules and any request: every pin holds, order decides only the start, and what never matches changes nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rung.routing.decide import decide
from rung.routing.plan import Known, plan
from rung.settings.values import Budget, Rule, Settings, Tier, When
from rung.types.features import Features
from rung.types.model import Model

if TYPE_CHECKING:
    from rung.types.decision import Decision

STEADY = settings(database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
NAMES = ("small", "large", "cloud")
TIERS = tuple(
    Tier(name, tuple(Model("ollama", f"{name}{n}", f"http://{name}{n}.invalid", local=name != "cloud") for n in "12"))
    for name in NAMES
)
STATES = ("unknown", "ready", "cold", "loading", "busy", "down", "missing", "no-key", "blocked")


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


mostly = st.sampled_from((True, True, True, False))
seldom = st.sampled_from((False, False, False, True))
simple = st.builds(
    When,
    action=one_of((), (), ("ask",), ("review-file", "ask")),
    language=one_of((), (), ("python",)),
    path=one_of((), (), ("**/.env*",), ("src/**", "*.md"), ("~/x/**",)),
    tokens_over=one_of(None, None, 0, 500),
    tokens_under=one_of(None, None, 500, 10_000),
    words=one_of((), (), ("prove",), ("it", "prove")),
    pattern=one_of((), (), ("pro.e",), ("^x", "z$")),
    branch=one_of((), (), ("main", "feature/*")),
    repository=one_of((), (), ("~/code/**",)),
    health=one_of((), (), (("small", "down"), ("small", "cold")), (("cloud", "ready"),)),
    budget_left_under=one_of(None, None, 0.5),
)
whens = st.recursive(
    simple,
    lambda inner: st.builds(
        lambda when, parts, how: when.replace(
            **{how: parts[0] if how == "not_of" else tuple(parts)},
        ),
        simple,
        st.lists(inner, min_size=1, max_size=2),
        one_of("all_of", "any_of", "not_of"),
    ),
    max_leaves=4,
)
a_rule = st.builds(
    Rule,
    st.just("r"),
    whens,
    tier=one_of(None, *NAMES),
    local=st.booleans(),
    ceiling=one_of(None, None, *NAMES),
    budget=one_of(None, None, 0.0, 0.1, 5.0),
    enabled=mostly,
)
rule_sets = st.lists(a_rule, max_size=6).map(
    lambda found: tuple(rule.replace(name=f"rule {number}") for number, rule in enumerate(found))
)
requests = st.builds(
    Features,
    one_of("ask", "review-file"),
    typed=one_of("", "please prove it", "x", "improve z"),
    tokens=one_of(0, 1, 499, 9000),
    paths=one_of((), (".env",), ("src/a.py", "README.md")),
    absolute=one_of((), ("/home/ada/x/y",)),
    language=one_of(None, "python"),
    branch=one_of(None, "main", "feature/a"),
    repository=one_of(None, "/home/ada/code/shop"),
    prefix=one_of(None, None, "local", "large"),
    option=one_of(None, None, None, "cloud", "small"),
    action_tier=one_of(None, "large"),
    local=seldom,
    health=one_of((), (("small", "down"), ("cloud", "ready"))),
    budget_left=one_of(None, 0.2, 3.0),
)
NEVER = (
    Rule("never", When(branch=("no branch has this name",)), tier="cloud", local=True, ceiling="small", budget=0.0),
    Rule("never", When(all_of=(When(tokens_over=10),), tokens_under=5), tier="large", local=True),
    Rule("never", When(not_of=When()), tier="cloud", ceiling="small"),
    Rule("never", When(), tier="cloud", local=True, budget=0.0, enabled=False),
)


def of(rules: tuple[Rule, ...], bound: float | None = None) -> Settings:
    return Settings(TIERS, rules, Budget(per_request=bound))


def decided(features: Features, rules: tuple[Rule, ...]) -> Decision:
    return decide(features, of(rules), "/home/ada")


def height(decision: Decision) -> int:
    """The highest tier it allows."""
    return NAMES.index(decision.ceiling) if decision.ceiling else len(NAMES)


def most(decision: Decision) -> float:
    return math.inf if decision.max_cost is None else decision.max_cost


@settings(STEADY, max_examples=120)
@given(rule_sets, requests, st.integers(0, 6), st.sampled_from(NEVER))
def test_a_rule_that_never_matches_changes_nothing(
    rules: tuple[Rule, ...], features: Features, place: int, never: Rule
) -> None:
    before = decided(features, rules)
    after = decided(features, (*rules[:place], never, *rules[place:]))
    (trace,) = [trace for trace in after.rules if trace.name == "never"]
    assert not trace.matched
    assert after.replace(rules=tuple(trace for trace in after.rules if trace.name != "never")) == before


@settings(STEADY, max_examples=120)
@given(rule_sets, requests)
def test_a_rule_that_is_switched_off_is_as_if_it_were_not_there(rules: tuple[Rule, ...], features: Features) -> None:
    with_all = decided(features, rules)
    without = decided(features, tuple(rule for rule in rules if rule.enabled))
    assert with_all.replace(rules=()) == without.replace(rules=())
    for rule, trace in zip(rules, with_all.rules, strict=True):
        assert rule.enabled or (not trace.matched and trace.why == "switched off")


@settings(STEADY, max_examples=120)
@given(rule_sets, requests, st.randoms(use_true_random=False))
def test_the_order_of_rules_decides_the_start_and_nothing_else(
    rules: tuple[Rule, ...], features: Features, chance: Any
) -> None:
    other = tuple(chance.sample(rules, len(rules)))
    first, second = decided(features, rules), decided(features, other)
    assert set(first.pins) == set(second.pins)
    assert {trace.name: trace for trace in first.rules} == {trace.name: trace for trace in second.rules}
    assert (first.local, first.ceiling, first.max_cost) == (second.local, second.ceiling, second.max_cost)
    assert (first.by, first.only_tier) == (second.by, second.only_tier)
    for found, order in ((first, rules), (second, other)):
        matched = {trace.name for trace in found.rules if trace.matched}
        if found.by == "rule":
            deciding = next(rule for rule in order if rule.name in matched and rule.tier)
            assert (found.rule, found.tier) == (deciding.name, deciding.tier)


@settings(STEADY, max_examples=120)
@given(rule_sets, requests, a_rule)
def test_one_more_rule_never_loosens_a_pin(rules: tuple[Rule, ...], features: Features, more: Rule) -> None:
    before = decided(features, rules)
    after = decided(features, (more.replace(name="more"), *rules))
    assert set(before.pins) <= set(after.pins)
    assert after.local >= before.local
    assert height(after) <= height(before)
    assert most(after) <= most(before)


def known_of(state: str, *, remote: bool) -> Known:
    return Known(state, "because", remote=remote)  # type: ignore[arg-type]  # one of STATES


known = st.lists(
    st.builds(known_of, one_of(*STATES), remote=seldom),
    min_size=6,
    max_size=6,
)


@settings(STEADY, max_examples=120)
@given(rule_sets, requests, known, one_of(None, 0.0, 0.25))
def test_no_plan_breaks_a_pin_and_none_who_is_left_out_is_left_out_without_a_reason(
    rules: tuple[Rule, ...], features: Features, states: list[Known], bound: float | None
) -> None:
    ladder = of(rules, bound)
    decision = decide(features, ladder, "/home/ada")
    by_name = dict(zip([model.model for tier in TIERS for model in tier.models], states, strict=True))
    found = plan(decision, ladder, lambda model: by_name[model.model])
    for one in found.attempts:
        state = by_name[one.model.model]
        assert not decision.local or (one.model.local and not state.remote)
        assert NAMES.index(one.tier) <= height(decision)
        assert not decision.only_tier or one.tier == decision.tier
        assert state.state not in {"missing", "no-key"}
    tried = {one.model.model for one in found.attempts}
    skipped = {one.model: one.reason for one in found.skipped}
    assert all(skipped.values())
    if not decision.only_tier:
        assert tried | set(skipped) == set(by_name)
