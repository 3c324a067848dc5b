"""Regular expressions on what was typed: what they see, and that none of them holds anybody up."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rung.routing.decide import decide
from rung.routing.match import holds
from rung.settings.values import Rule, Settings, Tier, When
from rung.types.features import Features
from rung.types.model import Model

SLOW = r"(?:a|a|aa)+$"
"""Takes longer than the universe on a row of a's with another letter at its end."""
ENDLESS = "a" * 3000 + "b"

TIERS = tuple(Tier(name, (Model(provider="ollama", model=name),)) for name in ("small", "cloud"))


def asked(typed: str, *pattern: str) -> tuple[bool | None, str]:
    return holds(When(pattern=pattern), Features(action="ask", typed=typed), "")


@pytest.mark.parametrize(
    ("pattern", "typed", "is_held"),
    [
        (r"\bJIRA-\d+\b", "see JIRA-12", True),
        (r"\bJIRA-\d+\b", "see jira-12", False),
        (r"(?i)\bJIRA-\d+\b", "see jira-12", True),
        (r"^\p{Lu}", "Übung", True),
        (r"x", "", False),
        (r"^$", "", True),
    ],
)
def test_a_pattern_is_searched_in_what_was_typed(pattern: str, typed: str, *, is_held: bool) -> None:
    assert asked(typed, pattern)[0] is is_held


def test_one_pattern_of_a_list_is_enough() -> None:
    assert asked("b", "a", "b") == (True, "a pattern matches the prompt")
    assert asked("c", "a", "b") == (False, "no pattern matches the prompt")


@pytest.mark.parametrize(
    ("before", "after", "is_seen"),
    [(4000, 10_000, True), (4100, 10_000, False), (10_000, 2000, True), (10_000, 2100, False), (4100, 2000, True)],
)
def test_only_the_first_4_kb_and_the_last_2_kb_are_looked_at(before: int, after: int, *, is_seen: bool) -> None:
    typed = "x" * before + "NEEDLE" + "x" * after
    assert asked(typed, "NEEDLE")[0] is is_seen


def test_a_pattern_that_takes_too_long_is_left_without_an_answer() -> None:
    assert asked(ENDLESS, SLOW) == (None, "a pattern took longer than 50 ms")


def test_another_pattern_is_tried_after_one_that_took_too_long() -> None:
    assert asked(ENDLESS, SLOW, "b$") == (True, "a pattern matches the prompt")


def test_all_patterns_together_have_their_own_limit() -> None:
    held, why = asked(ENDLESS, *(f"{SLOW}|z{number}" for number in range(12)))
    assert (held, why) == (None, "12 patterns could not be tried within the 250 ms all have together")


def test_slow_patterns_leave_time_for_the_others() -> None:
    slow = [f"{SLOW}|z{number}" for number in range(12)]
    assert asked(ENDLESS, *slow, "b$") == (True, "a pattern matches the prompt")
    assert asked(ENDLESS, *slow, "c$")[1].startswith("12 patterns could not be tried")


def test_a_pattern_is_tried_once_however_many_rules_have_it() -> None:
    when = When(any_of=tuple(When(pattern=(SLOW,), action=("ask",)) for _ in range(12)))
    held, why = holds(when, Features(action="ask", typed=ENDLESS), "")
    assert (held, set(why.split("; "))) == (None, {"the action is ask", "a pattern took longer than 50 ms"})


def test_a_pin_whose_pattern_took_too_long_holds_and_says_so() -> None:
    settings = Settings(
        tiers=TIERS,
        default_tier="cloud",
        rules=(
            Rule("slow", When(pattern=(SLOW,)), tier="small", local=True, ceiling="small", budget=0.1),
            Rule("turned", When(not_of=When(pattern=(SLOW,))), ceiling="small"),
            Rule("start", When(pattern=(SLOW,)), tier="small"),
        ),
    )
    decision = decide(Features(action="ask", typed=ENDLESS), settings)
    assert (decision.tier, decision.by, decision.local, decision.ceiling) == ("cloud", "default", True, "small")
    assert decision.max_cost == 0.1
    assert [trace.matched for trace in decision.rules] == [False, False, False]
    held = "a pattern took longer than 50 ms; its pins hold to be safe"
    assert [trace.why for trace in decision.rules] == [held, held, "a pattern took longer than 50 ms"]


@pytest.mark.parametrize(
    ("when", "held"),
    [
        (When(all_of=(When(action=("other",)), When(pattern=(SLOW,)))), False),
        (When(all_of=(When(pattern=(SLOW,)), When(action=("other",)))), False),
        (When(all_of=(When(pattern=(SLOW,)), When(action=("ask",)))), None),
        (When(any_of=(When(pattern=(SLOW,)), When(action=("ask",)))), True),
        (When(any_of=(When(pattern=(SLOW,)), When(action=("other",)))), None),
        (When(not_of=When(pattern=(SLOW,))), None),
        (When(pattern=(SLOW,), action=("other",)), False),
    ],
)
def test_what_was_not_found_out_decides_nothing_that_is_certain(when: When, held: bool | None) -> None:  # noqa: FBT001
    assert holds(when, Features(action="ask", typed=ENDLESS), "")[0] is held


def test_regex_is_not_imported_before_a_pattern_is_asked_for() -> None:
    program = (
        "import sys\n"
        "from rung.routing.decide import decide\n"
        "from rung.settings.values import *\n"
        "from rung.types.features import Features\n"
        "from rung.types.model import Model\n"
        "tiers = (Tier('small', (Model(provider='ollama', model='m'),)),)\n"
        "rule = Rule('r', When(action=('other',), pattern=('x',)), tier='small')\n"
        "decide(Features('ask', 'x'), Settings(tiers, (rule,)))\n"
        "print('regex' in sys.modules, 'unicodedata' in sys.modules)\n"
        "decide(Features('other', 'x'), Settings(tiers, (rule,)))\n"
        "print('regex' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True"]
