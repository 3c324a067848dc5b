"""Lists of words that nobody asks for once another one was said.

Of ``any = [{ words = "@depth" }, { words = "@depth-topics" }]`` the second is asked only where the first does not hold,
so a long prompt that asks for depth need not be searched for its topics.
"""

from __future__ import annotations

from rung.settings.values import When

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from rung.settings.values import Rule

    Words = tuple[str, ...]


def instead_of(rules: Iterable[Rule]) -> dict[Words, frozenset[Words]]:
    """By list those of which any makes it needless, for every rule that has it."""
    found: dict[Words, frozenset[Words]] = {}
    for rule in rules:
        _visit(rule.when, frozenset(), found)
    return {words: others for words, others in found.items() if others}


def _visit(when: When, unsaid: frozenset[Words], found: dict[Words, frozenset[Words]]) -> None:
    """Note what the conditions ask for.

    Args:
        when: the conditions.
        unsaid: lists of which nothing was said where these are asked.
        found: by list those that were unsaid wherever it was asked so far.
    """
    for words in filter(None, (when.words, when.before)):
        found[words] = found.get(words, unsaid) & unsaid
    for inner in (*when.all_of, *((when.not_of,) if when.not_of else ())):
        _visit(inner, unsaid, found)
    for inner in when.any_of:
        _visit(inner, unsaid, found)
        if inner.words and inner == When(words=inner.words):
            unsaid |= {inner.words}
