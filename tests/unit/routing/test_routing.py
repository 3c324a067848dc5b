"""Where a request starts, which pins hold, and in which order models may be tried."""

from __future__ import annotations

from typing import Any

import pytest

from rung.errors import UsageError
from rung.routing import prefix
from rung.routing.decide import decide
from rung.routing.explain import Explanation
from rung.routing.globs import matches
from rung.routing.plan import Known, plan
from rung.settings.values import Budget, Rule, Settings, Tier, When
from rung.types.decision import Decision
from rung.types.features import Features
from rung.types.model import Model

TIERS = ("small", "large", "cloud")


def model(name: str, **fields: Any) -> Model:
    return Model("ollama", name, f"http://{name}", local=name != "cloud").replace(**fields)


def settings(*rules: Rule, **fields: Any) -> Settings:
    return Settings(tuple(Tier(name, (model(name),)) for name in TIERS), rules, **fields)


def asked(typed: str = "", **fields: Any) -> Features:
    return Features(fields.pop("action", "ask"), typed, **fields)


def decided(features: Features, *rules: Rule, **fields: Any) -> Decision:
    return decide(features, settings(*rules, **fields), "/home/me")


PROVE = Rule("proofs", When(words=("prove", "root cause", "c++")), tier="large")


@pytest.mark.parametrize(
    ("typed", "held"),
    [
        ("prove it", True),
        ("Please PROVE, step by step", True),
        ("prove", True),
        ("prove-it", True),
        ("improve it", False),
        ("reprove him", False),
        ("proven", False),
        ("prove_all()", False),
        ("find the root cause", True),
        ("find the root\n  cause", True),
        ("the root of the cause", False),
        ("is this C++?", True),
        ("", False),
    ],
)
def test_words_are_whole_words_and_phrases(typed: str, held: bool) -> None:  # noqa: FBT001 - a column of the table
    found = decided(asked(typed), PROVE)
    assert found.rules[0].matched is held
    assert found.tier == ("large" if held else "small")
    if held:
        assert (found.by, found.rule) == ("rule", "proofs")


@pytest.mark.parametrize(
    ("prompt", "word", "rest"),
    [
        ("[local] hi", "local", "hi"),
        ("[LOCAL]hi", "local", "hi"),
        ("  [tier2]\nhi", "large", "hi"),
        ("[Tier1] hi", "small", "hi"),
        ("[heavy] hi", "large", "hi"),
        ("[cloud] hi", "cloud", "hi"),
        ("[tier3] hi", "cloud", "hi"),
        ("[small] hi", "small", "hi"),
        ("[ large ] hi", "large", "hi"),
        ("[local] [cloud] hi", "local\ncloud", "hi"),
        ("[heavy][local] secret", "local\nlarge", "secret"),
        ("[tier2] [cloud]\n[local] hi", "local\nlarge", "hi"),
        ("[local][Local] hi", "local", "hi"),
        ("[local] [WIP] [cloud] hi", "local", "[WIP] [cloud] hi"),
        ("\uff3bheavy\uff3d hi", "large", "hi"),
        ("\u3010\uff28eavy\u3011\u3000hi", "large", "hi"),
        ("[local]", "local", ""),
        ("\ufeff[cloud] hi", "cloud", "hi"),
        ("\ufeff [local]\ufeff hi", "local", "\ufeff hi"),
        ("\ufeffhi", None, "\ufeffhi"),
        ("[WIP] hi", None, "[WIP] hi"),
        ("[tier9] hi", None, "[tier9] hi"),
        ("[tier0] hi", None, "[tier0] hi"),
        ("[] hi", None, "[] hi"),
        ("hi [local]", None, "hi [local]"),
        ("[a](b) hi", None, "[a](b) hi"),
        ("", None, ""),
    ],
)
def test_a_prefix_that_names_a_tier_is_taken_out_and_any_other_bracket_stays(
    prompt: str, word: str | None, rest: str
) -> None:
    assert prefix.split(prompt, settings()) == (word, rest)


def test_option_wins_over_prefix_over_rule_over_action_over_default() -> None:
    rule = Rule("r", tier="cloud")
    every = {"option": "large", "prefix": "small", "action_tier": "large"}
    found = [decided(asked(**every), rule)]
    del every["option"]
    found.append(decided(asked(**every), rule))
    del every["prefix"]
    found.append(decided(asked(**every), rule))
    found.append(decided(asked(**every)))
    found.append(decided(asked(), default_tier="cloud"))
    found.append(decided(asked()))
    assert [(one.tier, one.by) for one in found] == [
        ("large", "option"),
        ("small", "prefix"),
        ("cloud", "rule"),
        ("large", "action"),
        ("cloud", "default"),
        ("small", "default"),
    ]
    assert [one.only_tier for one in found] == [True, False, False, False, False, False]


def test_the_first_matching_rule_with_a_tier_decides() -> None:
    rules = [
        Rule("pins", local=True),
        Rule("no", When(action=("x",)), tier="small"),
        Rule("a", tier="large"),
        Rule("b", tier="cloud"),
    ]
    found = decided(asked(), *rules)
    assert (found.tier, found.rule) == ("large", "a")
    assert [trace.matched for trace in found.rules] == [True, False, True, True]


def test_every_matching_rule_adds_its_pins_whatever_decided_the_start() -> None:
    rules = [
        Rule("one", ceiling="large", budget=0.5),
        Rule("two", ceiling="small", budget=0.1),
        Rule("three", local=True),
        Rule("other", When(action=("x",)), ceiling="small", budget=0.0),
    ]
    budget = Budget(per_request=0.25, per_day=0.05, per_month=20.0)
    found = decided(asked(option="cloud"), *rules, budget=budget, workspace_budget=("per_day",))
    assert (found.local, found.ceiling, found.max_cost) == (True, "small", 0.1)
    assert {(pin.bound, pin.source) for pin in found.pins} == {
        ("only cloud", "option"),
        ("ceiling large", 'rule "one"'),
        ("budget 0.5", 'rule "one"'),
        ("ceiling small", 'rule "two"'),
        ("budget 0.1", 'rule "two"'),
        ("local", 'rule "three"'),
        ("budget 0.25", "settings"),
        ("budget 0.05 a day", "workspace settings"),
        ("budget 20.0 a month", "settings"),
    }


def test_a_rule_that_is_switched_off_does_nothing_and_says_so() -> None:
    found = decided(asked(), Rule("off", tier="cloud", local=True, enabled=False))
    assert (found.tier, found.local) == ("small", False)
    assert (found.rules[0].matched, found.rules[0].why) == (False, "switched off")


def test_local_as_a_prefix_pins_and_starts_at_the_first_tier_of_this_machine() -> None:
    found = decided(asked(prefix="local"), Rule("r", tier="cloud"))
    assert (found.tier, found.by, found.rule, found.local) == ("small", "prefix", None, True)
    assert found.why == "a prefix of the prompt asks for this machine, and small is the first tier there"
    tiers = tuple(Tier(name, (model(name),)) for name in ("cloud", "small", "large"))
    assert decide(asked(prefix="local"), Settings(tiers, default_tier="large")).tier == "small"


def test_local_as_a_prefix_pins_where_no_tier_is_of_this_machine() -> None:
    only = Settings((Tier("cloud", (model("cloud"),)),))
    found = decide(asked(prefix="local"), only)
    assert (found.tier, found.by, found.local) == ("cloud", "default", True)
    explained = Explanation(found, plan(found, only, lambda _: Known()), 9).text()
    assert explained.startswith("starts at no tier: cloud is the default tier\n")
    assert "  not cloud: cloud: pinned to this machine by prefix\n" in explained


def test_a_prefix_may_pin_and_another_name_the_start() -> None:
    found = decided(asked(prefix="local\nlarge"), Rule("r", tier="cloud"))
    assert (found.tier, found.by, found.local) == ("large", "prefix", True)
    assert found.why == "a prefix of the prompt asks for large"
    assert [pin.source for pin in found.pins if pin.bound == "local"] == ["prefix"]


PROVEN = 'rule "depth": it always holds'


@pytest.mark.parametrize(
    ("fields", "rules", "tier", "why"),
    [
        ({"local": True}, [], "large", f"{PROVEN}; large instead of cloud: local (by the caller)"),
        ({}, [Rule("pin", local=True)], "large", f'{PROVEN}; large instead of cloud: local (by rule "pin")'),
        (
            {},
            [Rule("top", ceiling="tier1")],
            "small",
            f'{PROVEN}; small instead of cloud: ceiling small (by rule "top")',
        ),
        (
            {"prefix": "local\ncloud"},
            [],
            "large",
            "a prefix of the prompt asks for cloud; large instead of cloud: local (by prefix)",
        ),
        (
            {},
            [Rule("top", ceiling="large"), Rule("pin", local=True)],
            "large",
            f'{PROVEN}; large instead of cloud: ceiling large (by rule "top")',
        ),
        ({"model": "small"}, [], "small", f"{PROVEN}; small instead of cloud: only model small (by option)"),
        ({}, [Rule("top", ceiling="cloud"), Rule("cheap", budget=0.0)], "cloud", PROVEN),
        ({"model": "nowhere"}, [], "cloud", PROVEN),
        ({"option": "cloud"}, [Rule("pin", local=True)], "cloud", "tier cloud was asked for"),
    ],
)
def test_what_pins_forbid_is_no_start_and_the_plan_is_the_same(
    fields: dict[str, Any], rules: list[Rule], tier: str, why: str
) -> None:
    found = decided(asked(**fields), Rule("depth", tier="cloud"), *rules)
    assert (found.tier, found.why) == (tier, why)
    assert planned(found)[0] == planned(found.replace(tier="cloud"))[0]
    made = plan(found, settings(), lambda _: Known())
    said = Explanation(found, made, 9).text().partition("\n")[0]
    assert said == f"starts at {tier if made.attempts else 'no tier'}: {why}"


def test_builtin_can_be_asked_for_and_an_unknown_tier_is_named_with_the_known_ones() -> None:
    assert decided(asked(option="builtin")).tier == "builtin"
    assert decided(asked(option="tier2")).tier == "large"
    with pytest.raises(UsageError) as caught:
        decided(asked(option="huge"))
    assert caught.value.hint == "The tiers are: small, large, cloud, builtin."


@pytest.mark.parametrize(
    ("glob", "path", "held"),
    [
        ("**/.env", ".env", True),
        ("**/.env", "a/b/.env", True),
        ("**/.env", "a/.environment", False),
        ("**/.env.*", "a/.env.local", True),
        ("*.pem", "a/b/x.pem", True),
        ("**/*.pem", "C:\\Users\\me\\x.PEM", True),
        ("**/secrets/**", "/home/me/app/secrets/x/y.txt", True),
        ("**/secrets/**", "secrets", False),
        ("secrets/**", "secrets/x", True),
        ("secrets/**", "app/secrets/x", False),
        ("secrets/**", "/home/me/app/secrets/x", True),
        ("secrets/**", "C:\\work\\secrets\\x", True),
        ("secrets/**", "C:/code/secrets/x", True),
        ("secrets\\**", "secrets/x", True),
        ("secrets/", "./secrets/a/b", True),
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/a/b.py", False),
        ("src/?.py", "src/a.py", True),
        ("id_rsa*", "/home/me/.ssh/id_rsa.pub", True),
        ("[a-c].txt", "b.txt", True),
        ("[!a-c].txt", "b.txt", False),
        ("[!a-c].txt", "d.txt", True),
        ("a[!x]b", "a/b", False),
        ("[z-a].txt", "[z-a].txt", True),
        ("[[]x", "[x", True),
        ("a.b", "axb", False),
        ("(a|b)+", "(a|b)+", True),
        ("[", "[", True),
        ("", "a", False),
        ("*.{pem,key}", "a/x.key", True),
        ("*.{pem,key}", "a/x.kex", False),
        ("{src,test{s,}}/**", "tests/a.py", True),
        ("{src,test{s,}}/**", "test/a.py", True),
        ("{*.pem,secrets/**}", "a/b.pem", True),
        ("{a}.txt", "{a}.txt", True),
        ("{a,b.txt", "{a,b.txt", True),
        ("private", "private/x.txt", True),
        ("private", "a/private/x", True),
        ("private", "C:\\a\\private\\x", True),
        ("private", "privately/x", False),
        ("src/private", "src/private/a/b", True),
        ("src/private", "a/src/private/b", False),
        ("/home/me/private", "/home/me/private/x", True),
        ("priv*", "private/x", False),
    ],
)
def test_globs_mean_what_people_mean(glob: str, path: str, held: bool) -> None:  # noqa: FBT001 - a column
    assert matches(glob, path) is held


@pytest.mark.parametrize(
    ("glob", "branch", "held"),
    [
        ("main", "main", True),
        ("main", "hotfix/main", False),
        ("main", "main/x", False),
        ("*/main", "hotfix/main", True),
        ("**/main", "main", True),
        ("**/main", "a/b/main", True),
        ("{main,release/*}", "release/1", True),
        ("feature/", "feature/a/b", True),
        ("feature/*", "feature/a/b", False),
    ],
)
def test_a_branch_is_matched_by_all_of_its_name(glob: str, branch: str, held: bool) -> None:  # noqa: FBT001 - a column
    rule = Rule("r", When(branch=(glob,)), local=True)
    assert decided(asked(branch=branch), rule).local is held


def test_a_repository_is_matched_by_its_name_and_with_braces_but_not_by_a_folder_above_it() -> None:
    def is_local(glob: str) -> bool:
        return decided(asked(repository="/home/me/mine/acme"), Rule("r", When(repository=(glob,)), local=True)).local

    assert [is_local(glob) for glob in ("acme", "{x,~/mine/acme}", "{~/x,~/mine/*}", "mine", "~/mine")] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_a_pin_by_path_looks_at_every_path() -> None:
    rule = Rule("secrets", When(path=("**/*.pem", "**/secrets/**")), local=True)
    assert not decided(asked(paths=("a.py", "b.py")), rule).local
    assert decided(asked(paths=("a.py", "C:\\x\\secrets\\key")), rule).local
    assert not decided(asked("secrets/x.pem", paths=()), rule).local


def planned(
    decision: Decision, *, tokens: int = 0, answer: int = 0, **states: Known
) -> tuple[list[str], list[tuple[str, str]]]:
    found = plan(decision, settings(), lambda asked: states.get(asked.model, Known()), tokens, answer)
    return [one.tier for one in found.attempts], [(one.tier, one.reason) for one in found.skipped]


@pytest.mark.parametrize(
    ("start", "order"),
    [
        ("small", ["small", "large", "cloud"]),
        ("large", ["large", "cloud", "small"]),
        ("cloud", ["cloud", "large", "small"]),
    ],
)
def test_the_plan_goes_up_and_then_down(start: str, order: list[str]) -> None:
    assert planned(decided(asked(prefix=start))) == (order, [])


def test_a_ceiling_bounds_the_start_and_the_climb_and_says_who_set_it() -> None:
    skipped = [("cloud", 'above the ceiling large of rule "r"')]
    assert planned(decided(asked(prefix="cloud"), Rule("r", ceiling="large"))) == (["large", "small"], skipped)


def test_a_tier_that_is_asked_for_alone_does_not_break_a_ceiling() -> None:
    attempts, skipped = planned(decided(asked(option="cloud"), Rule("r", ceiling="large")))
    assert (attempts, skipped) == ([], [("cloud", 'above the ceiling large of rule "r"')])
    assert planned(decided(asked(option="large"), Rule("r", ceiling="large"))) == (["large"], [])


def test_a_local_pin_leaves_out_whatever_is_not_local_also_what_turned_out_not_to_be() -> None:
    found = decided(asked(prefix="cloud"), Rule("r", local=True))
    passed_on = 'large is passed on to another machine (remote_host), and rule "r" pins this request to this one'
    assert planned(found, large=Known(remote=True)) == (
        ["small"],
        [
            ("large", f"{passed_on}: name a model that is installed here"),
            ("cloud", 'pinned to this machine by rule "r"'),
        ],
    )


def test_who_cannot_be_asked_is_left_out_with_the_reason() -> None:
    known: dict[str, Any] = {"small": Known("missing", "pull it"), "cloud": Known("no-key", "set it")}
    assert planned(decided(asked()), **known) == (["large"], [("small", "pull it"), ("cloud", "set it")])


def test_who_rests_is_asked_only_when_nobody_else_is_left() -> None:
    down = Known("down", "it failed")
    found = decided(asked())
    assert planned(found, small=down) == (["large", "cloud"], [("small", "it failed")])
    attempts, skipped = planned(found, small=down, large=down, cloud=Known("no-key", "set it"))
    assert attempts == ["small"]
    assert ("cloud", "set it") in skipped
    assert ("large", "it failed") in skipped


def test_whoever_lets_nobody_in_is_not_asked_even_when_nobody_else_is_left() -> None:
    barred = Known("blocked", "the key was not accepted", barred=True)
    found = plan(decided(asked()), settings(), lambda _: barred)
    assert (found.attempts, found.later) == ((), ())
    assert [one.reason for one in found.skipped] == ["the key was not accepted"] * 3


def test_a_prompt_that_must_stay_whole_goes_where_it_fits_and_else_is_shortened() -> None:
    found = decided(asked())
    windows: dict[str, Any] = {"small": Known(window=1000), "large": Known(window=2000), "cloud": Known(window=9000)}
    assert planned(found, tokens=3000, **windows)[0] == ["cloud"]
    assert planned(found, tokens=99_000, **windows)[0] == ["small", "large", "cloud"]
    assert planned(found, tokens=0, **windows)[0] == ["small", "large", "cloud"]


def test_an_answer_takes_no_more_than_half_of_a_window() -> None:
    windows: dict[str, Any] = {"small": Known(window=1000), "large": Known(window=2000), "cloud": Known(window=9000)}
    assert planned(decided(asked()), tokens=900, answer=2300, **windows)[0] == ["large", "cloud"]


def test_one_model_that_is_asked_for_is_the_only_one() -> None:
    attempts, skipped = planned(decided(asked(model="large")))
    assert attempts == ["large"]
    assert [reason for _, reason in skipped] == ["only large was asked for"] * 2


def test_a_model_that_stands_in_two_tiers_is_tried_once() -> None:
    twice = Settings((Tier("a", (model("m"),)), Tier("b", (model("m"), model("n")))))
    found = plan(decide(asked(), twice), twice, lambda _: Known())
    assert [(one.tier, one.model.model) for one in found.attempts] == [("a", "m"), ("b", "n")]


def test_one_model_under_two_spellings_is_planned_once() -> None:
    here = [
        Model("ollama", name, url, local=True)
        for name, url in (
            ("llama3", "http://127.0.0.1:11434"),
            ("llama3:latest", "http://localhost:11434/"),
            ("Llama3", "http://127.0.0.1:11434"),
            ("llama3:8b", "http://127.0.0.1:11434"),
            ("llama3", "http://127.0.0.1:11435"),
        )
    ]
    tiers = tuple(Tier(f"t{number}", (one,)) for number, one in enumerate(here))
    found = plan(decide(asked(), Settings(tiers)), Settings(tiers), lambda _: Known())
    assert [one.model for one in found.attempts] == [here[0], here[3], here[4]]
    assert {one.reason for one in found.skipped} == {"it comes in an earlier tier"}
