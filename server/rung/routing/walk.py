"""Phrases in a trie, followed from a place of a text."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    Node: TypeAlias = dict[Any, Any]
    """Words as bytes to nodes; ``END`` to ``Ends``; ``GAP`` to what follows a gap."""

END = ""


class Ends:
    """The end of a phrase in a trie.

    Attributes:
        lists: a bit for each list that has this phrase.
        phrases: those lists by number, and how it stands in them.
    """

    __slots__ = ("lists", "phrases")

    def __init__(self) -> None:
        self.lists = 0
        self.phrases: list[tuple[int, str]] = []

    def add(self, number: int, phrase: str) -> None:
        """Take a list's phrase."""
        if (number, phrase) not in self.phrases:
            self.lists |= 1 << number
            self.phrases.append((number, phrase))


def follow(
    node: Node,
    text: Sequence[Any],
    start: int,
    reach: int,
    *,
    missing: int,
    is_whole: Callable[[int, int], bool],
) -> list[Ends]:
    """The phrases of missing lists that begin at a place, shorter before longer ones.

    Args:
        node: what is below the unit at the place.
        text: the units.
        start: the place.
        reach: how many units a gap may be long.
        missing: a bit for each list that was not found yet.
        is_whole: whether a phrase may stand from one place to another.
    """
    found: list[tuple[int, Ends]] = []
    waiting = [(node, start + 1)]
    end = len(text)
    while waiting:
        below: Node | None
        below, at = waiting.pop()
        while below is not None:
            ends = below.get(END)
            if ends is not None and ends.lists & missing and is_whole(start, at):
                found.append((at, ends))
            rest = below.get("...")
            if rest is not None:
                waiting += [(rest[text[begin]], begin + 1) for begin in _after_gap(text, at, reach, rest)]
            if at == end:
                break
            below = below.get(text[at])
            at += 1
    found.sort(key=lambda one: one[0])
    return [ends for _, ends in found]


def leads_on(node: Node, text: Sequence[Any], at: int, reach: int) -> bool:
    """Whether any phrase that begins before the place could end there, or go on; nearly always none does."""
    if END in node or (at < len(text) and text[at] in node):
        return True
    rest = node.get("...")
    return rest is not None and not rest.keys().isdisjoint(text[at : at + reach + 1])


def _after_gap(text: Sequence[Any], at: int, reach: int, rest: Node) -> list[int]:
    """Where the phrase may go on."""
    ahead = text[at : at + reach + 1]
    if rest.keys().isdisjoint(ahead):
        return []
    places = []
    for begin, unit in enumerate(ahead, at):
        if unit in rest:
            places.append(begin)
    return places
