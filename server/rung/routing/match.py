"""Whether the conditions of rules hold for a request, and why or why not, in words for the person.

Rules are prepared once per settings: what they give is turned into a row of checks, and all their words into one table,
so that a decision reads the text once, however many rules there are. A condition that could not be found out (a pattern
that took too long, a branch that could not be read) neither holds nor fails: ``all``, ``any`` and ``not`` around it
count with that.

A request may come from several places and be of several languages at once. A pin holds if it would hold for any of
them alone, so what a pin excludes with ``not`` must be true of all of them.
"""

from __future__ import annotations

from functools import lru_cache

from rung.routing.alternatives import instead_of
from rung.routing.checks import checks, judge
from rung.routing.globs import is_bound
from rung.routing.lists import Lists
from rung.routing.look import Look

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rung.routing.look import Verdict
    from rung.settings.values import Rule, When
    from rung.types.features import Features


class Prepared:
    """Rules in their order, each with its checks."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._table = Lists((words for rule in rules for words in _lists(rule.when)), instead_of(rules))
        self._rules = [(rule, checks(rule.when, self._table), has_pins(rule)) for rule in rules]
        self._careful = any(rule.enabled and has_pins(rule) and any(_lists(rule.when)) for rule in rules)

    def judge(self, features: Features, home: str) -> Iterator[tuple[Rule, bool | None, str]]:
        """Every rule with its verdict, in order."""
        look = Look(features, home, self._table, careful=self._careful)
        for rule, row, look.wide in self._rules:
            held, why = judge(row, look) if rule.enabled else (False, "switched off")
            yield rule, held, why


def has_pins(rule: Rule) -> bool:
    """Whether it binds the request, besides saying where it starts."""
    return rule.local or rule.ceiling is not None or rule.budget is not None


def asks_for_roots(rules: Iterable[Rule]) -> bool:
    """Whether a pin has a glob such as ``src/**``, which means a folder of the repository, wherever one asks from."""
    return any(rule.enabled and has_pins(rule) and _is_bound(rule.when) for rule in rules)


def _is_bound(when: When) -> bool:
    inner = (*when.all_of, *when.any_of, *((when.not_of,) if when.not_of else ()))
    return any(is_bound(glob) for glob in when.path) or any(map(_is_bound, inner))


class _Same:
    """A key for a cache that compares rules by identity: comparing a thousand of them would cost more than matching."""

    __slots__ = ("rules",)

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules

    def __hash__(self) -> int:
        return id(self.rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.rules is other.rules


@lru_cache(maxsize=16)
def _prepared(key: _Same) -> Prepared:
    return Prepared(key.rules)


def prepared(rules: tuple[Rule, ...]) -> Prepared:
    """The rules, ready to be asked; made once for each settings."""
    return _prepared(_Same(rules))


def holds(when: When, features: Features, home: str, *, wide: bool = False) -> Verdict:
    """Whether all conditions hold, and the sentence that says so; None where that could not be found out.

    Args:
        when: the conditions; none at all always hold.
        features: the request.
        home: the home folder with ``/``, for globs that begin with ``~``.
        wide: as a pin asks.
    """
    table = Lists(_lists(when))
    look = Look(features, home, table)
    look.wide = wide
    return judge(checks(when, table), look)


def _lists(when: When) -> Iterator[tuple[str, ...]]:
    """All lists of words in the conditions."""
    if when.words:
        yield when.words
    if when.before:
        yield when.before
    for inner in (*when.all_of, *when.any_of, *((when.not_of,) if when.not_of else ())):
        yield from _lists(inner)
