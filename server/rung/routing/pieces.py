"""Phrases held by their pieces: what is before, between and after their gaps.

Which pieces a text has is found in one pass over it (Aho-Corasick). Nearly always there is no phrase that it has all
pieces of, and that is all; where there are some, it is looked again where theirs are, and what comes after them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from operator import itemgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol, TypeAlias, TypeVar

    from ahocorasick_rs import AhoCorasick

    T = TypeVar("T")
    Found: TypeAlias = tuple[int, int, str]
    """Where a piece begins and where it ends, and the piece."""

    Phrases: TypeAlias = "tuple[tuple[str, ...], Ends]"
    """The pieces of phrases, in their order, and what these are."""

    class Rules(Protocol):
        """What holds a phrase together.

        Attributes:
            overlap: signs that one piece and the next may share.
            longest: signs of the longest gap there may be.
        """

        overlap: int
        longest: int

        def reach(self, end: int) -> int:
            """Up to which place a next piece may begin, after one that ends at a place."""

        def is_whole(self, start: int, end: int) -> bool:
            """Whether a phrase may stand from one place to another."""


_MANY = 50
"""Pieces from which on it pays to look for all at once."""
_FEW = 2
"""Lists for which it pays to look without the others."""


class Ends:
    """The phrases that have the same pieces.

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
        after: what may follow it after a gap.
    """

    __slots__ = ("after", "ends", "lists")

    def __init__(self) -> None:
        self.lists = 0
        self.ends: Ends | None = None
        self.after: dict[str, Node] = {}


class Pieces:
    """The phrases of lists.

    Attributes:
        lists: a bit for each list that has any.
    """

    def __init__(self) -> None:
        self.lists = 0
        self._phrases: dict[tuple[str, ...], Ends] = {}
        self._by_rarest: dict[str, list[tuple[frozenset[str], Phrases]]] = {}
        """The phrases, with their pieces in any order, by that piece of them which fewest others have."""
        self._searches: dict[int, AhoCorasick] = {}
        """For the pieces of some lists, those of all among them."""

    def add(self, pieces: Iterable[str], number: int, phrase: str) -> None:
        """Take a list's phrase: one piece at least."""
        self.lists |= 1 << number
        pieces = tuple(pieces)
        ends = self._phrases.get(pieces) or self._phrases.setdefault(pieces, Ends())
        ends.add(number, phrase)
        self._searches.clear()

    def walk(self, text: str, first: int, limit: int, missing: int, rules: Rules) -> list[tuple[int, Ends]]:
        """The phrases of missing lists that begin from the first place to the limit, shorter before longer ones.

        Of a list, those at the first place where it has any.

        Args:
            text: the text.
            first: the first place that counts.
            limit: where the places end.
            missing: a bit for each list that is looked for.
            rules: what holds a phrase together.
        """
        if not self.lists & missing:
            return []
        phrases = self._said(text, missing)
        if not phrases:
            return []
        heads = _tree(phrases)
        later = {piece for pieces, _ in phrases for piece in pieces[1:]}
        pieces = _places(text, later.union(heads))
        onward = _Onward([piece for piece in pieces if piece[2] in later], rules)
        found: list[tuple[int, Ends]] = []
        ends: list[tuple[int, Ends]] = []
        last = -1
        for start, at, piece in (*pieces, (limit, limit, "")):
            if start != last and ends:
                ends.sort(key=itemgetter(0))
                found += [(last, one) for _, one in ends]
                for _, one in ends:
                    missing &= ~one.lists
                ends = []
            if start >= limit or not missing:
                break
            last = start
            head = heads.get(piece)
            if head is not None and start >= first and head.lists & missing:
                ends += onward.ends(head, start, at, missing)
        return found

    def _said(self, text: str, missing: int) -> list[Phrases]:
        """The phrases of missing lists of which the text has all pieces, somewhere."""
        present = set(_find(self._search(missing).find_matches_as_strings, text))
        return [
            phrases
            for piece in self._by_rarest.keys() & present
            for needed, phrases in self._by_rarest[piece]
            if needed <= present and phrases[1].lists & missing
        ]

    def _search(self, missing: int) -> AhoCorasick:
        """The search for all pieces of missing lists, and maybe of others."""
        if not self._searches:
            self._prepare()
        wanted = missing & self.lists
        if wanted.bit_count() > _FEW:
            return self._searches[self.lists]
        if wanted not in self._searches:
            phrases = (pieces for pieces, ends in self._phrases.items() if ends.lists & wanted)
            self._searches[wanted] = _search({piece for pieces in phrases for piece in pieces})
        return self._searches[wanted]

    def _prepare(self) -> None:
        """Make ready what is asked of all phrases."""
        uses = Counter(piece for pieces in self._phrases for piece in pieces)
        self._by_rarest.clear()
        for pieces, ends in self._phrases.items():
            rarest = min(pieces, key=uses.__getitem__)
            self._by_rarest.setdefault(rarest, []).append((frozenset(pieces), (pieces, ends)))
        self._searches[self.lists] = _search(uses)


def _search(pieces: Iterable[str]) -> AhoCorasick:
    from ahocorasick_rs import AhoCorasick  # noqa: PLC0415 - where nothing is looked for it is not needed

    return AhoCorasick(pieces, store_patterns=True)


def _find(search: Callable[..., list[T]], text: str) -> list[T]:
    """What a search finds, wherever it is."""
    try:
        return search(text, overlapping=True)
    except UnicodeEncodeError:  # halves of surrogates, which are no text
        whole = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
        return search(whole, overlapping=True)


def _tree(phrases: list[Phrases]) -> dict[str, Node]:
    """The phrases by the piece they begin with."""
    heads: dict[str, Node] = {}
    for pieces, ends in phrases:
        nodes, node = heads, Node()
        for piece in pieces:
            node = nodes.get(piece) or nodes.setdefault(piece, Node())
            node.lists |= ends.lists
            nodes = node.after
        node.ends = ends
    return heads


def _places(text: str, pieces: set[str]) -> list[Found]:
    """Where the text has the pieces, in order of where they begin, and of where they end."""
    places: list[Found] = []
    if len(pieces) > _MANY:
        names = list(pieces)
        found = _find(_search(names).find_matches_as_indexes, text)
        places = [(at, end, names[number]) for number, at, end in found]
    else:
        for piece in sorted(pieces, key=len):
            at = text.find(piece)
            while at >= 0:
                places.append((at, at + len(piece), piece))
                at = text.find(piece, at + 1)
    places.sort(key=itemgetter(0))
    return places


class _Onward:
    """The search for what comes after a piece.

    Args:
        pieces: those of the text that come after others, in order of where they begin.
        rules: what holds a phrase together.
    """

    def __init__(self, pieces: list[Found], rules: Rules) -> None:
        self._pieces = pieces
        self._starts = [start for start, _, _ in pieces]
        self._rules = rules

    def ends(self, node: Node, start: int, end: int, missing: int) -> list[tuple[int, Ends]]:
        """The phrases of missing lists that have the piece, which ends there, with the places of their own ends."""
        found: list[tuple[int, Ends]] = []
        if node.ends is not None and node.ends.lists & missing and self._rules.is_whole(start, end):
            found.append((end, node.ends))
        if node.after:
            starts, rules = self._starts, self._rules
            first = bisect_left(starts, end - rules.overlap)
            if first == len(starts) or starts[first] > end + rules.longest:
                return found
            for _, on, piece in self._pieces[first : bisect_right(starts, rules.reach(end), first)]:
                below = node.after.get(piece)
                if below is not None and below.lists & missing:
                    found += self.ends(below, start, on, missing)
        return found
