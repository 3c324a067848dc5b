"""Phrases held by their pieces: what is before, between and after their gaps.

All pieces of all phrases are found in one pass over a text (Aho-Corasick). Nearly always these are few, and fewer are
of a phrase that the text could have the whole of: only from those it is looked what comes after.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import itemgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Protocol, TypeAlias

    Found: TypeAlias = tuple[int, int, int]
    """The number of a piece, where it begins and where it ends."""
    Search: TypeAlias = Callable[[Any], list[Found]]
    """The places of several strings in a text, in order of their ends."""

    class Rules(Protocol):
        """What holds a phrase together.

        Attributes:
            overlap: signs that one piece and the next may share.
        """

        overlap: int

        def is_near(self, end: int, start: int) -> bool:
            """Whether, after a piece that ends at the first place, a next one may begin at the second."""

        def is_whole(self, start: int, end: int) -> bool:
            """Whether a phrase may stand from one place to another."""


_FEW = 4
"""Where the pieces of missing lists are one in so many, they are searched for by themselves."""


class Ends:
    """The phrases that end with a piece.

    Attributes:
        lists: a bit for each list that has any.
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


class Node:
    """A piece of phrases, and what may come after it.

    Attributes:
        lists: a bit for each list of the phrases that have it here.
        ends: the phrases that end with it; None: none does.
        after: what may follow it after a gap, by the number of the piece.
    """

    __slots__ = ("after", "ends", "lists")

    def __init__(self) -> None:
        self.lists = 0
        self.ends: Ends | None = None
        self.after: dict[int, Node] = {}

    def needed(self, present: set[int], missing: int) -> set[int] | None:
        """What comes after it in phrases of missing lists of which a text may have the whole; None: it can have none.

        Args:
            present: the pieces the text has.
            missing: a bit for each list that is looked for.
        """
        if not self.lists & missing:
            return None
        found = set[int]() if self.ends is not None and self.ends.lists & missing else None
        for number in self.after.keys() & present:
            further = self.after[number].needed(present, missing)
            if further is not None:
                found = (found or set()) | further
                found.add(number)
        return found


class Pieces:
    """The phrases of lists.

    Args:
        make: what makes a search of strings.

    Attributes:
        lists: a bit for each list that has any.
    """

    def __init__(self, make: Callable[[list[Any]], Search]) -> None:
        self.lists = 0
        self._make = make
        self._heads: dict[int, Node] = {}
        """By the number of a piece, the phrases that begin with it."""
        self._numbers: dict[Any, int] = {}
        self._parts: list[int] = []
        """Of each piece, a bit for each list of the phrases that have it anywhere."""
        self._searches: dict[int, tuple[Search, list[int] | None]] = {}

    def add(self, pieces: Sequence[Any], number: int, phrase: str) -> None:
        """Take a list's phrase: one piece at least, as strings of one kind."""
        bit = 1 << number
        self.lists |= bit
        nodes, node = self._heads, Node()
        for piece in pieces:
            at = self._numbers.get(piece)
            if at is None:
                at = self._numbers[piece] = len(self._parts)
                self._parts.append(0)
            self._parts[at] |= bit
            node = nodes.get(at) or nodes.setdefault(at, Node())
            node.lists |= bit
            nodes = node.after
        node.ends = node.ends or Ends()
        node.ends.add(number, phrase)
        self._searches.clear()

    def walk(self, text: Any, first: int, limit: int, missing: int, rules: Rules) -> list[tuple[int, Ends]]:
        """The phrases of missing lists that begin from the first place to the limit, shorter before longer ones.

        Of a list, those at the first place where it has any.

        Args:
            text: a string of the kind of the pieces.
            first: the first place that counts.
            limit: where the places end.
            missing: a bit for each list that is looked for.
            rules: what holds a phrase together.
        """
        if not self.lists & missing:
            return []
        pieces = self._find(text, missing)
        present = set(map(itemgetter(0), pieces))
        heads, needed = dict[int, Node](), set[int]()
        for number in self._heads.keys() & present:
            after = self._heads[number].needed(present, missing)
            if after is not None:
                heads[number] = self._heads[number]
                needed.add(number)
                needed |= after
        if not heads:
            return []
        pieces = [piece for piece in pieces if piece[0] in needed]
        pieces.sort(key=itemgetter(1))
        onward = _Onward(pieces, rules)
        found: list[tuple[int, Ends]] = []
        ends: list[tuple[int, Ends]] = []
        last = -1
        for number, start, at in (*pieces, (-1, limit, limit)):
            if start != last and ends:
                ends.sort(key=itemgetter(0))
                found += [(last, one) for _, one in ends]
                for _, one in ends:
                    missing &= ~one.lists
                ends = []
            if start >= limit or not missing:
                break
            last = start
            head = heads.get(number)
            if head is not None and start >= first and head.lists & missing:
                ends += onward.ends(head, start, at, missing)
        return found

    def _find(self, text: Any, missing: int) -> list[Found]:
        """The places of all pieces of missing lists, and maybe of others."""
        key = missing & self.lists
        if key not in self._searches:
            pieces = list(self._numbers)
            numbers = [number for number, lists in enumerate(self._parts) if lists & key]
            if len(numbers) * _FEW < len(pieces):
                self._searches[key] = self._make([pieces[number] for number in numbers]), numbers
            elif self.lists in self._searches:
                self._searches[key] = self._searches[self.lists]
            else:
                self._searches[key] = self._searches[self.lists] = self._make(pieces), None
        search, some = self._searches[key]
        found = search(text)
        return found if some is None else [(some[place], start, end) for place, start, end in found]


class _Onward:
    """The search for what comes after a piece.

    Args:
        pieces: those of the text, in order of where they begin.
        rules: what holds a phrase together.
    """

    def __init__(self, pieces: list[Found], rules: Rules) -> None:
        self._pieces = pieces
        self._starts = [start for _, start, _ in pieces]
        self._rules = rules

    def ends(self, node: Node, start: int, end: int, missing: int) -> list[tuple[int, Ends]]:
        """The phrases of missing lists that have the piece, which ends there, with the places of their own ends."""
        found: list[tuple[int, Ends]] = []
        if node.ends is not None and node.ends.lists & missing and self._rules.is_whole(start, end):
            found.append((end, node.ends))
        if node.after:
            pieces, after, is_near = self._pieces, node.after, self._rules.is_near
            for place in range(bisect_left(self._starts, end - self._rules.overlap), len(pieces)):
                number, begin, on = pieces[place]
                if not is_near(end, begin):
                    break
                below = after.get(number)
                if below is not None and below.lists & missing:
                    found += self.ends(below, start, on, missing)
        return found
