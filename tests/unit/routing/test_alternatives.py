"""Lists that nobody asks for once another was said: which these are, and that no verdict changes by it."""

from __future__ import annotations

import random

import pytest

from rung.routing import match
from rung.routing.alternatives import instead_of
from rung.routing.match import Prepared
from rung.routing.words import Table
from rung.settings import cold
from rung.settings.values import Rule, When
from rung.types.features import Features

DEPTH, TOPICS, LIGHT = ("prove", "证明"), ("trade-offs", "取舍"), ("explain this",)
BOTH = When(any_of=(When(words=DEPTH), When(words=TOPICS)))


@pytest.mark.parametrize(
    ("whens", "needless"),
    [
        ([BOTH], {TOPICS: {DEPTH}}),
        ([When(not_of=BOTH)], {TOPICS: {DEPTH}}),
        ([When(all_of=(BOTH, When(words=LIGHT)))], {TOPICS: {DEPTH}}),
        ([BOTH, When(words=LIGHT)], {TOPICS: {DEPTH}}),
        (
            [When(any_of=(When(words=DEPTH), When(words=LIGHT), When(words=TOPICS)))],
            {LIGHT: {DEPTH}, TOPICS: {DEPTH, LIGHT}},
        ),
        ([BOTH, When(words=TOPICS)], {}),  # another rule asks for it
        ([When(words=LIGHT, before=TOPICS), BOTH], {}),
        ([BOTH, When(any_of=(When(words=LIGHT), When(words=TOPICS)))], {}),
        ([When(any_of=(When(words=DEPTH, action=("ask",)), When(words=TOPICS)))], {}),  # said, and yet it may not hold
        ([When(any_of=(When(words=DEPTH, before=LIGHT), When(words=TOPICS)))], {}),
        ([When(any_of=(When(not_of=When(words=DEPTH)), When(words=TOPICS)))], {}),
        ([When(any_of=(When(), When(words=TOPICS)))], {}),
        ([When(all_of=(When(words=DEPTH), When(words=TOPICS)))], {}),
    ],
)
def test_a_list_is_needless_where_every_rule_asks_another_first(
    whens: list[When], needless: dict[tuple[str, ...], set[tuple[str, ...]]]
) -> None:
    assert instead_of(Rule(f"rule {n}", when) for n, when in enumerate(whens)) == needless


def test_a_needless_list_is_looked_for_until_the_other_one_is_found() -> None:
    table = Table([DEPTH, TOPICS], instead={TOPICS: frozenset({DEPTH})})
    padding = "the plan of the next version " * 400
    assert set(table.look(f"the trade-offs, {padding} prove it")) == {0, 1}
    assert set(table.look(f"{padding} the trade-offs")) == {1}
    assert set(table.look(f"prove it, {padding} the trade-offs")) == {0}
    assert set(table.look(f"证明这个 {padding} 取舍")) == {0}


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 4))])
def test_no_verdict_changes_by_it(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    settings = cold.read(None, None)[0]
    quick = Prepared(settings.rules)
    with monkeypatch.context() as patched:
        patched.setattr(match, "instead_of", lambda _: {})
        thorough = Prepared(settings.rules)
    said = ["prove it", "the trade-offs", "translate it", "explain this", "analyse it in depth", "the plan", "."]
    said += ["证明这个算法", "权衡利弊", "总结一下", "解释一下", "计划", "a proof of address"]
    for _ in range(40):
        typed = "\n".join(chance.choices(said[chance.randrange(len(said)) :], k=chance.choice([3, 40, 400])))
        features = Features(action="ask", typed=typed, tokens=100)
        assert [(held, why) for _, held, why in quick.judge(features, "")] == [
            (held, why) for _, held, why in thorough.judge(features, "")
        ]
