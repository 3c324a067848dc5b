"""Every condition of a rule, alone and inside ``all``, ``any`` and ``not``: whether it holds, and the words for it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from rung.errors import SettingsError, UsageError
from rung.routing.decide import decide
from rung.routing.features import Place, Placed, language_of
from rung.routing.match import holds, prepared
from rung.settings.check import check
from rung.settings.values import Rule, Settings, Tier, When
from rung.types.features import Features
from rung.types.model import Model

PYTHON = When(language=("python",))
GO = When(language=("go",))
FEATURES = Features(
    action="explain-selection",
    typed="Please prove that this terminates, then translate it",
    tokens=500,
    paths=("src/app.py", "db/schema.sql"),
    language="python",
    branch="feature/login",
    repository="/home/ada/code/shop",
    health=(("small", "down"), ("large", "ready")),
    budget_left=0.4,
)

CONDITIONS = [
    (When(), True, "it always holds"),
    (When(action=("EXPLAIN-selection",)), True, "the action is explain-selection"),
    (When(action=("ask",)), False, "the action is explain-selection"),
    (When(language=("go", "Python")), True, "the language is python"),
    (GO, False, "the language is python"),
    (When(path=("**/*.sql",)), True, "db/schema.sql is in it"),
    (When(path=("**/*.rs",)), False, "no path in it matches"),
    (When(tokens_over=499), True, "about 500 tokens, over 499"),
    (When(tokens_over=500), False, "about 500 tokens, not over 500"),
    (When(tokens_under=501), True, "about 500 tokens, under 501"),
    (When(tokens_under=500), False, "about 500 tokens, not under 500"),
    (When(words=("Prove",)), True, 'the prompt says "prove"'),
    (When(words=("improve",)), False, "none of its words was typed"),
    (When(words=("prove",), before=("translate",)), True, 'the prompt says "prove"'),
    (When(words=("translate",), before=("prove",)), False, 'the prompt says "prove" before "translate"'),
    (When(words=("translate",), before=("design",)), True, 'the prompt says "translate"'),
    (When(pattern=("terminat(es|ed)",)), True, "a pattern matches the prompt"),
    (When(pattern=("^terminat",)), False, "no pattern matches the prompt"),
    (When(branch=("feature/*",)), True, "the branch is feature/login"),
    (When(branch=("main",)), False, "the branch is feature/login"),
    (When(repository=("~/code/*",)), True, "the repository matches"),
    (When(repository=("~/play/*",)), False, "another repository"),
    (When(health=(("small", "down"),)), True, "small is down"),
    (When(health=(("small", "busy"), ("small", "down"))), True, "small is down"),
    (When(health=(("large", "down"),)), False, "large is ready"),
    (When(health=(("small", "down"), ("large", "ready"))), True, "small is down; large is ready"),
    (When(health=(("small", "down"), ("large", "cold"))), False, "large is ready"),
    (When(health=(("cloud", "unknown"),)), True, "the state of cloud is not known"),
    (When(budget_left_under=0.5), True, "$0.40 left today, under $0.50"),
    (When(budget_left_under=0.4), False, "$0.40 left today, not under $0.40"),
    (When(all_of=(PYTHON, When(tokens_over=1))), True, "the language is python; about 500 tokens, over 1"),
    (When(all_of=(PYTHON, GO)), False, "the language is python"),
    (When(all_of=(PYTHON, PYTHON)), True, "the language is python"),
    (When(any_of=(GO, PYTHON)), True, "the language is python"),
    (When(any_of=(GO, When(words=("nope",)))), False, "none of: the language is python; none of its words was typed"),
    (
        When(any_of=(GO, When(words=("nope",)), When(words=("never",)))),
        False,
        "none of: the language is python; none of its words was typed",
    ),
    (When(any_of=(When(words=("nope",)), When(words=("never",)))), False, "none of its words was typed"),
    (When(any_of=(When(words=("nope",)),)), False, "none of its words was typed"),
    (When(not_of=GO), True, "not (the language is go)"),
    (When(not_of=PYTHON), False, "`not` rules it out: the language is python"),
    (When(not_of=When(not_of=PYTHON)), True, "not (not (the language is python))"),
    (
        When(not_of=When(any_of=(GO, When(all_of=(PYTHON, When(tokens_over=900)))))),
        True,
        "not ((the language is go) or (the language is python and over 900 tokens))",
    ),
    (When(language=("python",), not_of=When(branch=("main",))), True, "the language is python; not (branch matches)"),
]


@pytest.mark.parametrize(("when", "held", "why"), CONDITIONS)
def test_a_condition_holds_or_not_and_says_why(when: When, *, held: bool, why: str) -> None:
    assert holds(when, FEATURES, "/home/ada") == (held, why)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (When(words=("a", "b")), 'the prompt says "a" or "b"'),
        (When(words=tuple("abcde")), 'the prompt says "a", "b" or one of 3 more'),
        (When(health=(("small", "down"), ("small", "busy"))), "small is down or busy"),
        (When(budget_left_under=0.5), "under $0.5 left today"),
        (When(tokens_under=5, action=("fix",)), "the action is fix and under 5 tokens"),
        (When(tokens_under=1), "under 1 token"),
        (When(repository=("/elsewhere",)), "repository matches"),
        (When(pattern=("zzz",)), "a pattern matches"),
    ],
)
def test_not_says_what_is_not_the_case(when: When, said: str) -> None:
    features = Features(action="ask", tokens=9)
    assert holds(When(not_of=when), features, "") == (True, f"not ({said})")


def test_one_token_is_counted_as_one() -> None:
    assert holds(When(tokens_over=8), Features(action="ask", tokens=1), "") == (False, "about 1 token, not over 8")
    assert holds(When(tokens_under=8), Features(action="ask", tokens=1), "") == (True, "about 1 token, under 8")


@pytest.mark.parametrize(
    ("when", "why"),
    [
        (When(language=("go",)), "the language is not known"),
        (When(branch=("main",)), "the branch is not known"),
        (When(health=(("small", "down"),)), "the state of small is not known"),
        (When(budget_left_under=5.0), "no daily budget is known"),
        (When(words=("prove",)), "none of its words was typed"),
        (When(path=("**",)), "no path in it matches"),
    ],
)
def test_what_nobody_knows_does_not_hold(when: When, why: str) -> None:
    assert holds(when, Features(action="ask"), "") == (False, why)


OPEN, SECRET = Place(("/code/open",), "main"), Place(("/code/secret", "/trees/secret"), "dev")
UNREAD = Place(("/code/unread",), None)
NOWHERE = Place(("/tmp",), "")
MAIN, NOT_MAIN = When(branch=("main",)), When(not_of=When(branch=("main",)))
ONLY_OPEN = When(not_of=When(repository=("/code/open",)))


@pytest.mark.parametrize(
    ("when", "places", "pin"),
    [
        (MAIN, (OPEN,), True),
        (MAIN, (SECRET, OPEN), True),
        (MAIN, (SECRET,), False),
        (MAIN, (NOWHERE,), False),
        (MAIN, (), False),
        (MAIN, (UNREAD,), None),
        (MAIN, (UNREAD, SECRET), None),
        (MAIN, (UNREAD, OPEN), True),
        (NOT_MAIN, (OPEN,), False),
        (NOT_MAIN, (OPEN, SECRET), True),
        (NOT_MAIN, (NOWHERE,), True),
        (NOT_MAIN, (UNREAD,), None),
        (NOT_MAIN, (UNREAD, OPEN), None),
        (NOT_MAIN, (UNREAD, SECRET), True),
        (When(not_of=NOT_MAIN), (SECRET, OPEN), True),
        (When(not_of=NOT_MAIN), (UNREAD,), None),
        (When(all_of=(MAIN, When(tokens_over=1))), (UNREAD,), False),
        (When(any_of=(MAIN, When(action=("ask",)))), (UNREAD,), True),
        (When(repository=("/trees/*",)), (OPEN, SECRET), True),
        (ONLY_OPEN, (OPEN,), False),
        (ONLY_OPEN, (OPEN, SECRET), True),
    ],
)
def test_a_pin_holds_if_it_would_for_any_place_and_a_branch_that_cannot_be_read_stays_unknown(
    when: When, places: tuple[Place, ...], *, pin: bool | None
) -> None:
    features = Placed(action="ask", places=places)
    held, why = holds(when, features, "", wide=True)
    assert held is pin
    assert why
    settings = Settings(tiers=TIERS, rules=(Rule("pin", when, local=True), Rule("tier", when, tier="large")))
    decision = decide(features, settings)
    assert decision.local is (pin is not False)
    assert decision.tier == "small" or pin
    assert ("to be safe" in decision.rules[0].why) is (pin is None)


LANGUAGES = [
    (PYTHON, None, ("a.py",), True, True),
    (PYTHON, None, ("x/B.PYI", "a.go"), True, True),
    (PYTHON, None, ("notes", "a.go"), False, False),
    (PYTHON, "go", ("a.py",), True, False),
    (GO, "go", ("a.py",), True, True),
    (When(not_of=PYTHON), None, ("a.py",), False, False),
    (When(not_of=PYTHON), None, ("a.py", "a.go"), True, False),
    (When(not_of=PYTHON), "python", ("template.txt",), False, False),
    (When(language=("dockerfile",)), None, ("build/Dockerfile",), True, True),
]


@pytest.mark.parametrize(("when", "own", "paths", "pin", "start"), LANGUAGES)
def test_a_pin_by_language_reaches_every_file_and_a_start_goes_by_the_document(
    when: When, own: str | None, paths: tuple[str, ...], *, pin: bool, start: bool
) -> None:
    features = Features(action="ask", language=own, paths=paths)
    settings = Settings(tiers=TIERS, rules=(Rule("pin", when, local=True), Rule("tier", when, tier="large")))
    decision = decide(features, settings)
    assert (decision.local, decision.tier == "large") == (pin, start)


def test_a_rule_that_is_switched_off_is_named_and_has_no_effect() -> None:
    settings = Settings(tiers=TIERS, rules=(Rule("off", When(), tier="cloud", local=True, enabled=False),))
    decision = decide(FEATURES, settings)
    assert (decision.rules[0].matched, decision.rules[0].why) == (False, "switched off")
    assert (decision.tier, decision.local) == ("small", False)


def test_rules_are_prepared_once_for_the_same_settings() -> None:
    rules = (Rule("r", PYTHON, tier="small"),)
    assert prepared(rules) is prepared(rules)
    assert prepared(rules) is not prepared((Rule("r", PYTHON, tier="small"),))


TIERS = tuple(Tier(name, (Model(provider="ollama", model=name),)) for name in ("small", "large", "cloud"))
STATES = ("unknown", "ready", "cold", "loading", "busy", "down", "missing", "no-key", "blocked")
TYPED = ("", "prove it", "please translate\nthis", "总结", "x" * 9000, "improve; JSON", "a (b", "\ud800 prove")


def some(chance: random.Random, *values: Any) -> Any:
    return chance.choice(values)


def random_when(chance: random.Random, depth: int = 0) -> When:
    """Up to three conditions, now and then with conditions inside."""
    pool: dict[str, Any] = {
        "action": some(chance, ("ask",), ("commit-message", "ask")),
        "language": some(chance, ("python",), ("go",)),
        "path": some(chance, ("**/*.py",), ("[z-a",), ("~",)),
        "tokens_over": chance.randrange(1000),
        "tokens_under": chance.randrange(1000),
        "words": some(chance, ("prove",), ("transl(ate|ated)", "总结"), ("(", "...", "-")),
        "pattern": some(chance, ("x+y",), (r"\bprove\b", "z")),
        "branch": some(chance, ("main",), ("feature/**",)),
        "repository": some(chance, ("~/code/**",), ("/srv/*",)),
        "health": some(chance, (("small", "down"),), (("cloud", "no-key"), ("large", "ready"))),
        "budget_left_under": chance.random(),
    }
    given = {name: pool[name] for name in chance.sample(sorted(pool), chance.randrange(4))}
    if "words" in given and chance.random() < 0.3:
        given["before"] = ("it",)
    if depth < 3 and chance.random() < 0.5:
        parts = tuple(random_when(chance, depth + 1) for _ in range(chance.randrange(1, 3)))
        given.update(some(chance, {"all_of": parts}, {"any_of": parts}, {"not_of": parts[0]}))
    return When(**given)


def random_settings(chance: random.Random) -> Settings:
    rules = tuple(
        Rule(
            f"rule {number}",
            random_when(chance),
            tier=some(chance, None, "small", "large", "cloud", "gone", "tier2"),
            local=chance.random() < 0.3,
            ceiling=some(chance, None, None, "small", "large", "gone"),
            budget=some(chance, None, None, 0.0, 0.25),
            enabled=chance.random() < 0.9,
        )
        for number in range(chance.randrange(8))
    )
    return Settings(tiers=TIERS, rules=rules, default_tier=some(chance, None, "large", "gone"))


def random_features(chance: random.Random) -> Features:
    return Features(
        action=some(chance, "ask", "commit-message"),
        typed=some(chance, *TYPED),
        tokens=chance.randrange(1200),
        paths=some(chance, (), ("src/a.py",), ("C:\\x\\b.py", "/etc/passwd")),
        language=some(chance, None, "python"),
        branch=some(chance, None, "main", "feature/a/b"),
        repository=some(chance, None, "/home/ada/code/shop"),
        prefix=some(chance, None, None, "large", "local"),
        option=some(chance, None, None, None, "cloud", "builtin", "gone"),
        action_tier=some(chance, None, "large", "gone"),
        local=chance.random() < 0.1,
        model=some(chance, None, "m"),
        health=tuple((tier, some(chance, *STATES)) for tier in ("small", "cloud")),
        budget_left=some(chance, None, 0.0, 0.5),
    )


@pytest.mark.parametrize("seed", range(10))
def test_any_decision_is_made_the_same_again_with_the_pins_of_every_matching_rule(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(150):
        settings, features = random_settings(chance), random_features(chance)
        if features.option == "gone":
            with pytest.raises(UsageError):
                decide(features, settings, "/home/ada")
            continue
        decision = decide(features, settings, "/home/ada")
        assert decision == decide(features, settings.replace(rules=(*settings.rules,)), "/home/ada")
        assert [trace.name for trace in decision.rules] == [rule.name for rule in settings.rules]
        assert all(trace.why for trace in decision.rules)
        matched = [rule for rule, trace in zip(settings.rules, decision.rules, strict=True) if trace.matched]
        assert all(rule.enabled for rule in matched)
        assert decision.local == (features.local or features.prefix == "local" or any(rule.local for rule in matched))
        bounds = {(pin.bound, pin.source) for pin in decision.pins}
        for rule in matched:
            source = f'rule "{rule.name}"'
            assert not rule.local or ("local", source) in bounds
            assert rule.ceiling in (None, "gone") or (f"ceiling {rule.ceiling}", source) in bounds
            assert rule.budget is None or (f"budget {rule.budget}", source) in bounds
        budgets = [rule.budget for rule in matched if rule.budget is not None]
        assert decision.max_cost == (min(budgets) if budgets else None)
        assert decision.tier in {"small", "large", "cloud", "builtin"}


@pytest.mark.parametrize("seed", range(5))
def test_not_turns_every_answer_round(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(200):
        when, features = random_when(chance), random_features(chance)
        held = holds(when, features, "/home/ada")[0]
        assert holds(When(not_of=when), features, "/home/ada")[0] is (not held)
        assert holds(When(all_of=(when, when)), features, "/home/ada")[0] is held
        assert holds(When(any_of=(when, when)), features, "/home/ada")[0] is held


@pytest.mark.parametrize(
    ("paths", "is_local"),
    [(("docs/a.md",), False), (("docs/a.md", "docs/b.md"), False), (("docs/a.md", "src/key.py"), True), ((), True)],
)
def test_what_a_pin_excludes_by_path_takes_no_other_file_with_it(paths: tuple[str, ...], *, is_local: bool) -> None:
    rule = Rule("only the docs may leave", When(not_of=When(path=("docs/**",))), local=True)
    found = decide(Features(action="ask", typed="x", paths=paths), Settings((Tier("small", ()),), (rule,)))
    assert found.local is is_local


PINNED = [
    ("**/private/**", "mods/private", "/w/mods/private", True),  # a submodule that moved
    ("**/private/**", "inner/a.py", "/w/private/inner/a.py", True),
    ("**/private/**", "a.py", "/w/private/a.py", True),
    ("**/private/**", "a.py", "/w/privateer/a.py", False),
    ("**/private", "a.py", "/w/private/a.py", True),
    ("private", "a.py", "/w/private/inner/a.py", True),
    ("private/", "a.py", "/w/private/a.py", True),
    ("private/**", "private", "/w/private", True),
    ("private/**", "a.py", "/w/private/a.py", False),  # bound to the workspace
    ("private/**", "deep/private/a.py", "/w/deep/private/a.py", False),
    ("private/*", "inner/a.py", "/w/private/inner/a.py", False),
    ("**/*.pem/x", "x", "/w/a.pem/x", True),
    ("~/keep/**", "a.py", "/home/ada/keep/a.py", True),
    ("~/keep/**", "keep", "/home/ada/keep", True),
    ("~/keep/**", "keep/a.py", "/w/keep/a.py", False),
    ("/**", "a.py", "/w/a.py", True),
]


@pytest.mark.parametrize(("glob", "path", "absolute", "held"), PINNED)
def test_a_pin_by_a_folder_holds_wherever_the_workspace_begins(
    glob: str, path: str, absolute: str, *, held: bool
) -> None:
    features = Features(action="ask", paths=(path,), absolute=(absolute,))
    assert holds(When(path=(glob,)), features, "/home/ada", wide=True)[0] is held
    start = holds(When(path=(glob,)), features, "/home/ada")[0]
    assert start is (held and glob[0] in "/~" and path != "keep"), "a rule that only says where to start is as before"


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("path", ["src/a.py", "/home/ada/src/w/a.py"])
def test_a_glob_that_begins_with_a_folder_is_bound_to_the_workspace(path: str, *, wide: bool) -> None:
    when = When(path=("src/**",))
    named = Features(action="ask", paths=(path,))  # the second one was opened from outside its workspace
    assert holds(when, named, "/home/ada", wide=wide)[0]
    other = Features(action="ask", paths=("a.py",), absolute=("/home/ada/src/w/a.py",))
    assert holds(when, other, "/home/ada", wide=wide)[0] is False


def test_a_pin_that_begins_with_a_folder_holds_for_a_file_of_a_repository_one_asks_from_outside_of() -> None:
    inside = Features(action="ask", paths=("w/src/a.py",), absolute=("/home/ada/w/src/a.py",), rooted=("src/a.py",))
    for glob, held in (("src/**", True), ("src/*.py", True), ("w/**", True), ("lib/**", False)):
        assert holds(When(path=(glob,)), inside, "/home/ada", wide=True)[0] is held
    assert holds(When(path=("src/**",)), inside, "/home/ada")[0] is False, "where it starts is as before"


@pytest.mark.parametrize(
    ("glob", "path", "absolute", "excluded"),
    [
        ("**/public/**", "public/a.md", "/w/public/a.md", True),
        ("**/public", "public/a.md", "/w/public/a.md", True),
        ("**/public/**", "secret/a.md", "/home/public/w/secret/a.md", False),
        ("public/**", "a.md", "/w/public/a.md", False),
        ("/w/public/**", "a.md", "/w/public/a.md", True),
        ("**/public/**", "public", "/w/public", False),
    ],
)
def test_folders_above_the_workspace_never_take_anything_out_of_a_pin(
    glob: str, path: str, absolute: str, *, excluded: bool
) -> None:
    features = Features(action="ask", paths=(path,), absolute=(absolute,))
    assert holds(When(not_of=When(path=(glob,))), features, "", wide=True)[0] is not excluded


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ('{ path = "!docs/**" }', "A glob with `!` before it excludes nothing: write `not = { path = ... }`."),
        ('{ branch = ["x", "!main"] }', "A glob with `!` before it excludes nothing: write `not = { branch = ... }`."),
        ('{ path = "%s" }' % ("{a,b}" * 10), "The braces of this glob stand for more than 1000: make it several."),
        ('{ path = "%s" }' % ("{a,b{c,d}}" * 5), "The braces of this glob stand for more than 1000: make it several."),
    ],
)
def test_a_glob_that_could_not_mean_what_it_says_is_refused(condition: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check(f'[[rule]]\nname = "r"\nlocal = true\nwhen = {condition}\n', Path("rung.toml"), "user", {})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("src/app.PY", "python"),
        ("infra/main.tf", "terraform"),
        ("x.hcl", "hcl"),
        ("build.zig", "zig"),
        ("deploy.ps1", "powershell"),
        ("a.fsx", "fsharp"),
        ("a.erl", "erlang"),
        ("App.svelte", "svelte"),
        ("Dockerfile", "dockerfile"),
        ("docker/Dockerfile.dev", "dockerfile"),
        ("web.dockerfile", "dockerfile"),
        ("GNUmakefile", "makefile"),
        ("CMakeLists.txt", "cmake"),
        ("Jenkinsfile", "groovy"),
        ("x.mm", "objective-cpp"),
        ("go.mod", "go.mod"),
        (".bashrc", "shellscript"),
        ("a\\b.less", "less"),
        ("notes.txt", "plaintext"),
        ("LICENSE", "plaintext"),
        ("py/", "plaintext"),
        ("r", "plaintext"),
    ],
)
def test_a_language_is_told_by_the_name_of_a_file(path: str, language: str) -> None:
    assert language_of(path) == language


@pytest.mark.parametrize("place", [0, 20_000, 60_000, 99_000])
def test_words_are_looked_for_at_both_ends_of_a_long_text_and_for_a_pin_in_all_of_it(place: int) -> None:
    filler = "reprove it, improve it. " * 5_000
    typed = f"{filler[:place]} prove {filler[place:100_000]}"
    depth = Rule("depth", When(words=("prove",)), tier="cloud")
    secret = Rule("secret", When(words=("prove",)), local=True)
    asked = FEATURES.replace(typed=typed)
    start = decide(asked, Settings(tiers=TIERS, rules=(depth,)))
    assert (start.tier == "cloud") == (place != 60_000)
    assert decide(asked, Settings(tiers=TIERS, rules=(depth, secret))).local
    # No word is cut in two where the ends are.
    without = FEATURES.replace(typed=filler)
    assert decide(without, Settings(tiers=TIERS, rules=(depth,))).tier != "cloud"


@pytest.mark.parametrize("between", ["\n", "\t", ",", "()", "\r\n"])
def test_no_word_is_cut_where_the_ends_of_a_long_text_are_whatever_is_between_its_words(between: str) -> None:
    depth = Rule("depth", When(words=("prove",)), tier="cloud")
    for more in range(16):
        typed = f"improve{between}" * 6_000 + "y" * more
        assert decide(FEATURES.replace(typed=typed), Settings(tiers=TIERS, rules=(depth,))).tier != "cloud"
