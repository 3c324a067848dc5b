"""How a routing decision grows with the prompt and with the rules, beside a fixed piece of Python's work."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from rung.routing.decide import decide
from rung.routing.features import size
from rung.settings.load import load
from rung.settings.values import Rule, Settings, When
from rung.types.features import Features

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

ROUNDS = 30
SLACK = 2.0
"""What growth may be above proportional: the machine is shared, and small times have a floor."""


def best(work: Callable[[], object], beside: Callable[[], object]) -> tuple[float, float]:
    """The least seconds of both, taken by turns."""
    mine: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        for each, times in ((work, mine), (beside, theirs)):
            begun = time.perf_counter()
            each()
            times.append(time.perf_counter() - begun)
    return min(mine), min(theirs)


def workload() -> int:
    """A fixed piece of work."""
    total = 0
    for number in range(100_000):
        total += number & 7
    return total


def prompt(characters: int) -> str:
    """Text of distinct words, so that nothing is found early."""
    return " ".join(f"word{number}" for number in range(characters // 5))[:characters]


def decision(settings: Settings, text: str) -> Callable[[], object]:
    """One decision from scratch: the size of the prompt, then every rule."""

    def decided() -> object:
        tokens = size("ask", [text])
        return decide(Features(action="ask", typed=text, tokens=tokens, paths=("src/area.py",)), settings)

    return decided


@pytest.fixture
def shipped() -> Settings:
    return load(None).settings


def with_rules(settings: Settings, count: int) -> Settings:
    rules = tuple(
        Rule(name=f"rule {number}", when=When(words=(f"absent{number}", f"missing {number}")), tier="cloud")
        for number in range(count)
    )
    return settings.replace(rules=(*rules, *settings.rules))


def test_a_decision_grows_no_faster_than_prompt_and_rules(shipped: Settings, figure: Callable[[str], None]) -> None:
    measured: dict[str, float] = {}
    for name, characters, rules in (
        ("8 KB", 8_000, 0),
        ("100 KB", 100_000, 0),
        ("100 KB, 100 word rules", 100_000, 100),
        ("100 KB, 1,000 word rules", 100_000, 1_000),
        ("10 KB, 1,000 word rules", 10_000, 1_000),
    ):
        decided = decision(with_rules(shipped, rules), prompt(characters))
        decided()  # patterns are compiled once in the life of a process
        mine, theirs = best(decided, workload)
        measured[name] = mine / theirs
        figure(f"routing, {name}: {mine * 1e3:.3f} ms, {mine / theirs:.3f} x the fixed work")
    floor = 0.005  # of the fixed work: below that only the clock is measured
    assert measured["100 KB"] <= SLACK * 12.5 * max(measured["8 KB"], floor)
    assert measured["100 KB, 1,000 word rules"] <= SLACK * 10 * max(measured["100 KB, 100 word rules"], floor)
    assert measured["100 KB, 1,000 word rules"] <= SLACK * 10 * max(measured["10 KB, 1,000 word rules"], floor)
